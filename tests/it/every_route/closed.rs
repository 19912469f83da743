//! Fail closed: what cannot be recorded is not done and not shown (AUD-02).

use super::rows::rows;
use super::seen::read;
use super::stage::Stage;
use super::visitors::From;
use super::world::World;
use crate::support::TestApp;
use crate::support::form::without_what_was_typed;
use anteroom::text::Text;
use reqwest::{Response, StatusCode};

/// Every row, with a log that cannot be written, with a database that refuses, and afterwards.
pub async fn every_row(test: &TestApp) {
    let world = World::new(test).await;
    for row in rows() {
        let case = &row.case;
        let stage = world.stage(case).await;
        let before = test.contents().await;
        test.log_is_full(true).await;
        let answer = world.send(case, &stage, case.by, From::OurPage).await;
        test.log_is_full(false).await;
        match row.open {
            Some(why) => goes_on(answer, &stage, case.route, why).await,
            None => {
                is_closed(answer, &stage, case.route).await;
                test.database_refuses(true).await;
                let answer = world.send(case, &stage, case.by, From::OurPage).await;
                test.database_refuses(false).await;
                is_closed(answer, &stage, case.route).await;
            }
        }
        let after = test.contents().await;
        // A try counts, whether or not it can be recorded.
        let changed: Vec<&str> = after.difference(&before).into_iter().filter(|table| *table != "throttle").collect();
        assert_eq!(changed, Vec::<&str>::new(), "{}: it changed these tables though nothing was recorded", case.route);
        let again = read(world.send(case, &stage, case.by, From::OurPage).await, &stage).await;
        assert!(again.status.as_u16() < 400, "{} works again: {}", case.route, again.text);
        world.renew().await;
    }
}

async fn is_closed(answer: Response, stage: &Stage, route: &str) {
    let status = answer.status();
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{route} without a log: if it shows and changes nothing, say so in its row");
    let page = answer.text().await.unwrap();
    let t = Text::of("en");
    for sentence in ["error-unavailable-title", "error-unavailable-next"] {
        assert!(page.contains(&t.say(sentence)), "{route}: {page}");
    }
    assert_eq!(shown(&without_what_was_typed(&page), stage), None, "{route}");
}

async fn goes_on(answer: Response, stage: &Stage, route: &str, why: &str) {
    let status = answer.status();
    assert!(status.as_u16() < 400, "{route} goes on without a log ({why}): {status}");
    if status != StatusCode::SWITCHING_PROTOCOLS {
        assert_eq!(shown(&answer.text().await.unwrap(), stage), None, "{route} shows something of the patient without an event");
    }
}

fn shown<'a>(page: &str, stage: &'a Stage) -> Option<&'a String> {
    stage.canaries.iter().find(|canary| page.contains(*canary))
}
