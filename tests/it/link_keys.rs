//! Link keys: they rotate under load, an old one goes when it is spent, and all links can be revoked at once (LNK-14).

use crate::on_both;
use crate::support::guest::{BORN, Invitation};
use crate::support::{Browser, TestApp};
use anteroom::links::keys::{self, Revoked};
use anteroom::staff::Role;
use anteroom::time::Millis;
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::process::{Command, Output, Stdio};

async fn tries(device: &Browser, link: &Invitation) -> Value {
    device.json("/v/redemption", &json!({ "token": link.token, "check": BORN })).await.json().await.unwrap()
}

async fn opens(app: &TestApp, link: &Invitation) -> bool {
    tries(&app.browser(), link).await["result"] == "open"
}

impl TestApp {
    /// Run a command beside the server.
    fn command(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_anteroom"));
        command.args(arguments).arg("--config").arg(self.folder.path().join("clinic.toml"));
        command.stdin(Stdio::null()).output().unwrap()
    }
}

on_both! {
    async fn no_valid_link_fails_while_keys_rotate(app: TestApp) {
        let mut links = Vec::new();
        for _ in 0..16 {
            links.push(app.guest_with_link().await.1);
        }
        let rotating = async {
            for _ in 0..8 {
                keys::rotate(&app.app, &app.app.system()).await.unwrap();
            }
        };
        let redeeming = join_all(links.iter().map(|link| opens(&app, link)));
        let (opened, ()) = tokio::join!(redeeming, rotating);
        assert_eq!(opened, [true; 16]);
        assert_eq!(app.app.keys.link_kids().len(), 9);
        assert!(opens(&app, &app.guest_with_link().await.1).await, "and under the newest");
        app.finish().await;
    }
}

on_both! {
    async fn a_key_that_another_process_makes_is_used_at_once(app: TestApp) {
        let (_, before) = app.guest_with_link().await;
        let output = app.command(&["links", "rotate-key"]);
        assert!(output.status.success(), "{output:?}");
        let (_, after) = app.guest_with_link().await;
        assert_eq!(app.app.keys.link_kids().len(), 2);
        assert!(opens(&app, &before).await && opens(&app, &after).await);
        assert_eq!(app.events("link.key_rotated").await.len(), 1);
        app.finish().await;
    }
}

on_both! {
    async fn an_old_key_is_given_up_when_nothing_under_it_can_open_and_not_before(app: TestApp) {
        let mut app = app;
        let guest = app.guest_at(app.app.now() + Millis::days(70), true).await;
        let link = app.invitation().await;
        let old = app.app.keys.link_kids()[0];
        keys::look_after(&app.app).await.unwrap();
        assert_eq!(app.app.keys.link_kids(), [old], "young");
        app.clock.advance(Millis::days(60));
        keys::look_after(&app.app).await.unwrap();
        assert_eq!(app.app.keys.link_kids().len(), 2, "after 60 days there is a new one");
        app.clock.set(guest.starts_at);
        keys::look_after(&app.app).await.unwrap();
        app.restart().await;
        assert!(app.app.keys.link_kids().contains(&old) && opens(&app, &link).await, "the visit is still to come");

        app.clock.advance(Millis::minutes(89));
        keys::look_after(&app.app).await.unwrap();
        assert!(app.app.keys.link_kids().contains(&old), "it could open until an hour after its end");
        app.clock.advance(Millis::minutes(1));
        keys::look_after(&app.app).await.unwrap();
        assert!(!app.app.keys.link_kids().contains(&old));
        assert_eq!(tries(&app.browser(), &link).await["result"], "no", "nobody opens what was sealed under it");
        assert_eq!(app.number("select count(*) from wrapped_key where purpose = 'link'").await, 1);
        assert_eq!(app.events("link.key_retired").await.len(), 1);
        app.finish().await;
    }
}

on_both! {
    async fn all_links_are_revoked_in_one_command_and_the_desk_sees_who_needs_one(app: TestApp) {
        let (first, link) = app.guest_with_link().await;
        let (inside, used) = app.guest_with_link().await;
        let device = app.browser();
        assert_eq!(tries(&device, &used).await["result"], "open");
        let waiting = app.guest_at(app.app.now() + Millis::days(1), true).await;
        let refused = app.command(&["links", "revoke-all"]);
        assert!(!refused.status.success() && String::from_utf8_lossy(&refused.stderr).contains("2 visits"), "{refused:?}");
        assert_eq!(app.number("select count(*) from visit_link where voided_why = 'revoked'").await, 0, "it asks first");

        let output = app.command(&["links", "revoke-all", "--yes"]);
        assert!(output.status.success() && String::from_utf8_lossy(&output.stdout).contains("2 links of 2 visits"), "{output:?}");
        assert_eq!(tries(&app.browser(), &link).await["reason"], "withdrawn");
        assert_eq!(app.send_mails().await, 0, "a letter with a void link stays here");
        let voided = app.events("link.voided").await;
        assert_eq!(voided.iter().filter(|event| event["details"]["why"] == "revoked").count(), 2, "each with its event");
        let desk = app.staff(Role::Scheduler).await;
        for (visit, flagged) in [(first.visit, true), (waiting.visit, true), (inside.visit, false)] {
            assert_eq!(desk.text(&format!("/appointments/{visit}")).await.contains("Needs a new link"), flagged);
        }
        assert_eq!(device.get(&format!("/visits/{}", inside.visit)).await.status(), 200, "who is in stays in");

        assert_eq!(keys::revoke_all(&app.app, &app.app.system()).await.unwrap(), Revoked { visits: 0, links: 0 });
        let new = app.new_link(&first).await;
        assert!(opens(&app, &new).await);
        app.finish().await;
    }
}
