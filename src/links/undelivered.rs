//! A link that did not reach its patient: its mail came back, whoever got it says that it is not for them (EML-08), or the
//! clinician found somebody else behind it.
//!
//! Its links are void, and the front desk sees it on the visit until it sends a new link. Until then nothing is mailed to that
//! address about the visit by itself: it would reach nobody, or the wrong person again.

use super::redeem::{self, link_holder};
use super::{VoidedWhy, store, void_all, voided};
use crate::app::App;
use crate::audit::{self, Context, Event, Fact, Kind, Object};
use crate::bus::Hint;
use crate::ids::{PatientId, VisitId};
use crate::mail::outbox::{self, CameBack};
use crate::text::{LANGUAGES, Text};
use crate::web;

/// How many letters one run looks after. Lower: other jobs wait less. Higher: a dead mail domain is done with sooner.
const RUN_MAX: usize = 50;

/// The words on a visit whose patient was not reached.
pub const TROUBLES: [&str; 2] = ["undelivered", "wrong_person"];

/// True if nothing goes out by itself about a visit with this trouble.
pub fn holds_mails(trouble: &str) -> bool {
    TROUBLES.contains(&trouble)
}

/// Withdraw the links of the letters that came back since the last run, and flag their visits. How many letters.
pub async fn follow_up(app: &App) -> anyhow::Result<usize> {
    for done in 0..RUN_MAX {
        let mut reading = app.db.reading().await?;
        let letter = outbox::to_follow_up(&mut reading).await?;
        drop(reading);
        let Some(letter) = letter else { return Ok(done) };
        withdraw(app, &letter).await?;
    }
    Ok(RUN_MAX)
}

/// The links that were outstanding when the letter was queued are void. Newer ones were sent since, perhaps to another address:
/// their own letters tell.
async fn withdraw(app: &App, letter: &CameBack) -> sqlx::Result<()> {
    let (visit, patient, now) = (letter.visit_id, letter.patient_id, app.now());
    let mut tx = app.log.begin(&app.system()).await?;
    if !outbox::follow_up(&mut tx, letter.id, now).await? {
        return Ok(());
    }
    let links = store::void_links_until(&mut tx, visit, letter.created_at, VoidedWhy::Undelivered, now).await?;
    let flagged = store::flag_undelivered(&mut tx, visit, now).await?;
    if let Some(event) = voided(visit, patient, VoidedWhy::Undelivered, links) {
        tx.also(event);
    }
    let event = Event::done(Kind::LinkUndelivered).on(Object::Visit, visit.0).about(patient).with("mail", Fact::Id(letter.id.0));
    tx.commit(event.with("flagged", Fact::Word(if flagged.is_some() { "yes" } else { "no" }))).await?;
    if let Some(clinician) = flagged {
        app.bus.tell(Hint::Visit { id: visit, clinician });
    }
    Ok(())
}

/// True if somebody typed the words that the page shows, in any language of ours. A scanner presses buttons; it types nothing.
pub fn is_confirmed(typed: &str) -> bool {
    let typed = plain(typed);
    !typed.is_empty() && LANGUAGES.iter().any(|code| plain(&Text::of(code).say("links-not-me-words")) == typed)
}

/// Letters and digits in lower case, accents left out, one space between words.
fn plain(text: &str) -> String {
    use unicode_normalization::UnicodeNormalization;
    let letters = text.nfd().filter(|letter| !unicode_normalization::char::is_combining_mark(*letter)).flat_map(char::to_lowercase);
    let spaced: String = letters.map(|letter| if letter.is_alphanumeric() { letter } else { ' ' }).collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whoever holds this link says that it is not for them. The answer is the same whatever it did.
pub async fn report(app: &App, context: &Context, key: &[u8]) -> web::Result<()> {
    let context = link_holder(context);
    let mut tx = app.log.begin(&context).await?;
    let Some(link) = store::link(&mut tx, key).await? else {
        drop(tx);
        app.log.refused(&context, Event::refused(Kind::LinkReported, "unknown")).await?;
        return Ok(());
    };
    if store::flag_wrong_person(&mut tx, link.visit_id, key, app.now()).await?.is_none() {
        drop(tx);
        app.log.refused(&context, redeem::about(&link, Event::refused(Kind::LinkReported, "void"))).await?;
        return Ok(());
    }
    void_all(&mut tx, app, link.visit_id, link.patient_id, VoidedWhy::WrongPerson).await?;
    tx.commit(redeem::about(&link, Event::done(Kind::LinkReported))).await?;
    app.bus.tell(redeem::hint(&link));
    Ok(())
}

/// The wrong person was let in, so they read the patient's mail (AB-14): as if they had said themselves that it is not theirs.
pub async fn wrong_person_let_in(tx: &mut audit::Tx, app: &App, visit: VisitId, patient: PatientId) -> sqlx::Result<()> {
    store::flag_wrong_person_let_in(tx, visit, app.now()).await?;
    void_all(tx, app, visit, patient, VoidedWhy::WrongPerson).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_taken_as_people_type_them_and_nothing_else_is() {
        for typed in ["not for me", " Not for me. ", "NO ES PARA MÍ", "no es para mi", "\u{201c}not  for me\u{201d}"] {
            assert!(is_confirmed(typed), "{typed}");
        }
        for typed in ["", " ", "not", "not for me too", "for me", "yes", "continue", "test@example.com"] {
            assert!(!is_confirmed(typed), "{typed}");
        }
    }
}
