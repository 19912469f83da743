//! What every visitor got on every route, and which events it left: one run, of which the tables are made.

use super::rows::{Case, Row, Sends, rows};
use super::stage::Stage;
use super::visitors::{From, Visitor};
use super::world::World;
use crate::support::TestApp;
use anteroom::db::Db;
use anteroom::web::assets::Manifest;
use anteroom::{mail, server};
use reqwest::{Response, StatusCode};
use serde_json::Value;
use tokio::sync::OnceCell;
use uuid::Uuid;

/// One request and what came of it.
pub struct Seen {
    pub route: &'static str,
    /// How the case ends, in words; "" for the one that succeeds for whoever it is meant for.
    pub ends: &'static str,
    pub visitor: Visitor,
    pub from: From,
    pub answer: Answer,
    /// The payloads of the events that were written meanwhile.
    pub events: Vec<Value>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: StatusCode,
    /// The status, where it leads, what a script is told; `*` if the patient's name, date of birth or reason is in it.
    pub text: String,
}

impl Seen {
    /// Whether something is other than before. Whatever changes has an event.
    fn changed(&self) -> bool {
        self.events.iter().any(|event| event["outcome"] == "success")
    }
}

/// All that was seen.
pub struct Run {
    pub seen: Vec<Seen>,
    /// The payloads of all events of the clinic, oldest first.
    pub log: Vec<Value>,
}

/// The run on this kind of database: made by whichever test comes first.
pub async fn run(test: &TestApp) -> &'static Run {
    static SQLITE: OnceCell<Run> = OnceCell::const_new();
    static POSTGRES: OnceCell<Run> = OnceCell::const_new();
    let cell = if matches!(test.app.db, Db::Sqlite { .. }) { &SQLITE } else { &POSTGRES };
    cell.get_or_init(|| look(test)).await
}

async fn look(test: &TestApp) -> Run {
    server::record_start(&test.app).await.unwrap();
    server::record_code(&test.app, Manifest::compiled_in()).await.unwrap();
    let world = World::new(test).await;
    let mut all = Vec::new();
    for row in rows() {
        look_at_row(&world, &row, &mut all).await;
        for case in &row.others {
            let stage = world.stage(case).await;
            all.push(look_once(&world, case, &stage, case.by, From::OurPage).await);
            world.renew().await;
        }
    }
    while mail::job::run_due(&test.app).await.unwrap() > 0 {}
    server::record_stop(&test.app).await.unwrap();
    Run { seen: all, log: test.log().await }
}

/// Every visitor, from every place. A request that was turned away leaves the stage as it was for the next; after one that
/// was not, there is a new stage.
async fn look_at_row(world: &World<'_>, row: &Row, all: &mut Vec<Seen>) {
    let case = &row.case;
    let mut stage = world.stage(case).await;
    for from in From::ALL.into_iter().filter(|from| asks(case, *from)) {
        for visitor in Visitor::ALL {
            if !world.is_there(visitor, &stage) {
                continue;
            }
            let seen = look_once(world, case, &stage, visitor, from).await;
            if case.is_unsafe() && seen.changed() {
                world.renew().await;
                if !case.keeps_stage {
                    stage = world.stage(case).await;
                }
            }
            all.push(seen);
        }
    }
}

/// A form token stands in what changes something; whose page it is, in a socket's handshake too.
fn asks(case: &Case, from: From) -> bool {
    match from {
        From::OurPage => true,
        From::WithoutToken => case.is_unsafe() && !case.before_session,
        From::Elsewhere => case.is_unsafe() || matches!(case.sends, Sends::Upgrade),
    }
}

async fn look_once(world: &World<'_>, case: &Case, stage: &Stage, visitor: Visitor, from: From) -> Seen {
    let answer = read(world.send(case, stage, visitor, from).await, stage).await;
    let events = world.new_events().await;
    Seen { route: case.route, ends: case.ends, visitor, from, answer, events }
}

/// The answer as the tables have it.
pub async fn read(response: Response, stage: &Stage) -> Answer {
    let status = response.status();
    let location = response.headers().get("location").map(|to| without_ids(to.to_str().unwrap()));
    let body = if status == StatusCode::SWITCHING_PROTOCOLS { String::new() } else { response.text().await.unwrap() };
    let said = serde_json::from_str::<Value>(&body).ok().and_then(|json| {
        let word = json.get("reason").or(json.get("result"))?.as_str()?;
        (!word.contains(' ')).then(|| format!("({word})"))
    });
    let shown = stage.canaries.iter().any(|canary| body.contains(canary)).then(|| "\\*".to_owned());
    let parts = [Some(status.as_u16().to_string()), location, said, shown];
    Answer { status, text: parts.into_iter().flatten().collect::<Vec<_>>().join(" ") }
}

fn without_ids(address: &str) -> String {
    let part = |part: &str| if part.parse::<Uuid>().is_ok() { "{id}".to_owned() } else { part.to_owned() };
    let (path, query) = address.split_once('?').map_or((address, None), |(path, query)| (path, Some(query)));
    let path: Vec<String> = path.split('/').map(part).collect();
    query.iter().fold(path.join("/"), |path, query| format!("{path}?{query}"))
}
