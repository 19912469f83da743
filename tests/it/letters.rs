//! What stands in a letter, read back by no code of the product.

use crate::on_both;
use crate::support::TestApp;
use crate::support::guest::{NAME, REASON, slot};
use crate::support::mime::{Letter, calendar};
use anteroom::appointments::{self, reminders};
use anteroom::links;
use anteroom::time::{Millis, Timestamp};
use std::collections::BTreeMap;

/// One of each kind, about one visit.
struct Letters {
    booked: Letter,
    moved: Letter,
    day_before: Letter,
    hour_before: Letter,
    new_link: Letter,
    cancelled: Letter,
}

impl Letters {
    fn all(&self) -> [&Letter; 6] {
        [&self.booked, &self.moved, &self.day_before, &self.hour_before, &self.new_link, &self.cancelled]
    }
}

impl TestApp {
    async fn letters(&self, times_agreed: bool) -> Letters {
        let guest = self.guest_at(self.app.now() + Millis::hours(50), times_agreed).await;
        let booked = self.next_letter().await;
        let starts_at = guest.starts_at + Millis::hours(1);
        appointments::move_to(&self.app, &guest.desk, guest.visit, guest.starts_at, slot(starts_at)).await.unwrap();
        let moved = self.next_letter().await;
        let day_before = self.reminder(starts_at - Millis::days(1)).await;
        let hour_before = self.reminder(starts_at - Millis::hours(1)).await;
        links::resend(&self.app, &guest.desk, guest.visit).await.unwrap();
        let new_link = self.next_letter().await;
        appointments::cancel(&self.app, &guest.desk, guest.visit, starts_at).await.unwrap();
        let cancelled = self.next_letter().await;
        Letters { booked, moved, day_before, hour_before, new_link, cancelled }
    }

    async fn next_letter(&self) -> Letter {
        Letter::read(&self.next_mail().await)
    }

    async fn reminder(&self, at: Timestamp) -> Letter {
        self.clock.set(at);
        assert_eq!(reminders::queue_due(&self.app).await.unwrap(), 1);
        self.next_letter().await
    }
}

/// What a person sees of a page, one space between words.
fn visible(html: &str) -> String {
    let body = html.split_once("<body>").unwrap().1;
    let mut text = String::new();
    for part in body.split('<') {
        let (tag, after) = part.split_once('>').unwrap_or(("", part));
        text.push_str(if ["a", "/a", "strong", "/strong"].contains(&tag.split(' ').next().unwrap()) { "" } else { " " });
        text.push_str(after);
    }
    words(&text.replace("&#39;", "'").replace("&amp;", "&"))
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn addresses(html: &str) -> Vec<&str> {
    html.split("href=\"").skip(1).map(|after| after.split('"').next().unwrap()).collect()
}

on_both! {
    async fn text_and_html_of_every_letter_say_the_same(app: TestApp) {
        for times_agreed in [true, false] {
            for letter in app.letters(times_agreed).await.all() {
                let link = letter.text.lines().find(|line| line.contains("/v#")).unwrap_or("no link");
                let said = words(&letter.text.replace(link, "Open your appointment"));
                let shown = visible(&letter.html);
                let subject = letter.header("Subject");
                assert_eq!(shown.strip_prefix(&format!("{subject} ")), Some(said.as_str()), "the heading is the subject, and all else is equal");
            }
        }
        app.finish().await;
    }
}

on_both! {
    async fn every_letter_has_one_link_to_our_own_host_and_nothing_from_elsewhere(app: TestApp) {
        for times_agreed in [true, false] {
            let letters = app.letters(times_agreed).await;
            for letter in letters.all() {
                let links = usize::from(!std::ptr::eq(letter, &raw const letters.cancelled));
                let (web, phones): (Vec<&str>, Vec<&str>) = addresses(&letter.html).into_iter().partition(|address| !address.starts_with("tel:"));
                assert_eq!(web.len(), links, "{}", letter.html);
                assert!(web.iter().all(|address| address.starts_with(&format!("{}/v#", app.base_url))));
                assert!(phones.iter().all(|number| ["tel:5550100", "tel:911"].contains(number)), "{phones:?}");
                assert_eq!(letter.text.matches("://").count(), links, "{}", letter.text);
                assert_eq!(letter.html.matches("://").count(), links);
                for elsewhere in ["<img", "<link", "<script", "<iframe", "<object", "<form", "<svg", "@import", "@font-face", "url(", "src=", "srcset", "background="] {
                    assert!(!letter.html.contains(elsewhere), "{elsewhere} in {}", letter.html);
                }
                let kinds = match &letter.calendar {
                    Some(_) => vec!["multipart/mixed", "multipart/alternative", "text/plain", "text/html", "text/calendar"],
                    None => vec!["multipart/alternative", "text/plain", "text/html"],
                };
                assert_eq!(letter.types, kinds);
            }
        }
        app.finish().await;
    }
}

on_both! {
    async fn no_letter_says_who_why_or_with_whom(app: TestApp) {
        for times_agreed in [true, false] {
            for letter in app.letters(times_agreed).await.all() {
                let everything = letter.everything();
                for canary in [NAME, "Zinnia", "Quill", REASON, "rash", "1948-03-14", "03/14/1948", "March 14", "clinician", "Dr. "] {
                    assert!(!everything.contains(canary), "{canary} in {everything}");
                }
                let names: Vec<&str> = letter.headers.iter().map(|(name, _)| name.as_str()).collect();
                assert_eq!(names, ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"]);
                assert_eq!(letter.header("To"), "guest@example.test", "an address without a name");
            }
        }
        app.finish().await;
    }
}

on_both! {
    async fn every_letter_says_what_to_do_in_an_emergency_and_how_to_stop_the_mails(app: TestApp) {
        for times_agreed in [true, false] {
            let letters = app.letters(times_agreed).await;
            for letter in letters.all() {
                for said in ["In an emergency call 911.", "Call Riverside Clinic at 555 0100.", "To change or stop these mails, call 555 0100."] {
                    assert!(words(&letter.text).contains(said), "{said} in {}", letter.text);
                }
                let invites = !std::ptr::eq(letter, &raw const letters.cancelled);
                assert_eq!(letter.text.contains("This link is for you. Please do not forward it."), invites);
                assert_eq!(letter.text.contains("Chicago"), times_agreed, "{}", letter.text);
            }
        }
        app.finish().await;
    }
}

/// The one event in a letter's calendar file, name by name.
fn event(letter: &Letter) -> BTreeMap<String, String> {
    let (kind, file) = letter.calendar.as_ref().expect("a calendar file");
    assert!(file.replace("\r\n", "\n").lines().all(|line| line.len() <= 75), "RFC 5545, 3.1");
    let lines = calendar(file);
    let names: Vec<&str> = lines.iter().map(|(name, ..)| name.as_str()).collect();
    let value = |name: &str| lines.iter().find(|(known, ..)| known == name).map(|(.., value)| value.as_str());
    assert_eq!((names[0], value("BEGIN"), names[names.len() - 1]), ("BEGIN", Some("VCALENDAR"), "END"));
    assert_eq!(value("METHOD").map(|method| kind.ends_with(&format!("method={method}"))), Some(true), "{kind}");
    lines.into_iter().filter(|(name, ..)| !["BEGIN", "END"].contains(&name.as_str())).map(|(name, _, value)| (name, value)).collect()
}

on_both! {
    async fn a_calendar_file_says_when_and_keeps_its_name_over_a_move_and_a_cancellation(app: TestApp) {
        let letters = app.letters(true).await;
        let [booked, moved, cancelled] = [&letters.booked, &letters.moved, &letters.cancelled].map(event);
        for event in [&booked, &moved, &cancelled] {
            let names: Vec<&str> = event.keys().map(String::as_str).collect();
            let known = ["CLASS", "DTEND", "DTSTAMP", "DTSTART", "METHOD", "ORGANIZER", "PRODID", "SEQUENCE", "STATUS", "SUMMARY", "UID", "VERSION"];
            assert_eq!(names, known, "no attendee, no place, no link, no words");
            assert_eq!((event["SUMMARY"].as_str(), event["CLASS"].as_str()), ("Appointment", "PRIVATE"));
            assert_eq!(event["UID"], booked["UID"]);
            assert!(event.values().all(|value| !value.contains("://") && !value.contains("guest")));
        }
        let sequences = [&booked, &moved, &cancelled].map(|event| event["SEQUENCE"].parse::<i64>().unwrap());
        assert!(sequences.is_sorted_by(|earlier, later| earlier < later), "{sequences:?}");
        assert_eq!((booked["METHOD"].as_str(), moved["METHOD"].as_str(), cancelled["METHOD"].as_str()), ("PUBLISH", "PUBLISH", "CANCEL"));
        assert_eq!((moved["STATUS"].as_str(), cancelled["STATUS"].as_str()), ("CONFIRMED", "CANCELLED"));
        assert_eq!(moved["DTSTART"], cancelled["DTSTART"]);
        assert!(letters.day_before.calendar.is_none() && letters.hour_before.calendar.is_none() && letters.new_link.calendar.is_none());
        app.finish().await;
    }
}

on_both! {
    async fn calendar_text_and_screen_name_one_instant_on_both_sides_of_both_clock_changes(app: TestApp) {
        // In Chicago clocks go from 02:00 to 03:00 at 08:00 UTC on March 14, 2027, and from 02:00 back to 01:00 at 07:00 UTC on
        // November 7. An hour before the latter New York is back already, so that the two name the same hour: the desk sees it once.
        for (utc, wall, at_the_desk) in [
            ("20270314T073000Z", "Sunday, March 14, 2027, 1:30 AM Chicago time (GMT-6)", "1:30 AM Chicago time (GMT-6)"),
            ("20270314T080000Z", "Sunday, March 14, 2027, 3:00 AM Chicago time (GMT-5)", "3:00 AM Chicago time (GMT-5)"),
            ("20271107T063000Z", "Sunday, November 7, 2027, 1:30 AM Chicago time (GMT-5)", "1:30 AM New York time (GMT-5)"),
            ("20271107T073000Z", "Sunday, November 7, 2027, 1:30 AM Chicago time (GMT-6)", "1:30 AM Chicago time (GMT-6)"),
        ] {
            let starts_at = chrono::NaiveDateTime::parse_from_str(utc, "%Y%m%dT%H%M%SZ").unwrap().and_utc().timestamp_millis();
            let guest = app.guest_at(Timestamp(starts_at), true).await;
            let letter = app.next_letter().await;
            assert_eq!(event(&letter)["DTSTART"], utc);
            assert!(words(&letter.text).contains(wall), "{wall} in {}", letter.text);
            assert!(visible(&letter.html).contains(wall));
            let page = words(&app.desk_page(guest.visit).await);
            assert!(page.contains(at_the_desk), "{at_the_desk} on {page}");
        }
        app.finish().await;
    }
}
