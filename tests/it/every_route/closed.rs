//! Fail closed: what cannot be recorded is not done and not shown (AUD-02).

use super::rows::rows;
use super::seen::read;
use super::stage::Stage;
use super::visitors::From;
use super::world::World;
use crate::on_db;
use crate::support::TestApp;
use crate::support::form::without_what_was_typed;
use anteroom::db::Db;
use anteroom::text::Text;
use reqwest::{Response, StatusCode};
use sqlx::AssertSqlSafe;

/// Every row, with a log that cannot be written, with a database that refuses, and afterwards.
pub async fn every_row(test: &TestApp) {
    let world = World::new(test).await;
    for row in rows() {
        let case = &row.case;
        let stage = world.stage(case).await;
        let before = contents(test).await;
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
        let after = contents(test).await;
        assert_eq!(after.difference(&before), Vec::<&str>::new(), "{}: it changed these tables though nothing was recorded", case.route);
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

/// Every table, and how to write one of its rows.
const SQLITE_TABLES: &str = "select m.name, group_concat('quote(' || c.name || ')', ' || '','' || ') from sqlite_master m
    join pragma_table_info(m.name) c where m.type = 'table' and m.name not like 'sqlite\\_%' escape '\\' group by m.name order by m.name";
const POSTGRES_TABLES: &str = "select table_name::text, '' from information_schema.tables where table_schema = 'public' order by 1";

/// Every table and what is in it, without `throttle`: a try counts, whether or not it can be recorded.
struct Contents(Vec<(String, String)>);

impl Contents {
    fn difference<'a>(&'a self, other: &Self) -> Vec<&'a str> {
        let pairs = self.0.iter().zip(&other.0);
        pairs.filter(|(now, before)| now != before).map(|(now, _)| now.0.as_str()).collect()
    }
}

async fn contents(test: &TestApp) -> Contents {
    let sqlite = matches!(test.app.db, Db::Sqlite { .. });
    let list = if sqlite { SQLITE_TABLES } else { POSTGRES_TABLES };
    let tables: Vec<(String, String)> = on_db!(test, pool => sqlx::query_as(AssertSqlSafe(list)).fetch_all(pool).await).unwrap();
    let rows = |(table, columns): &(String, String)| match sqlite {
        true => {
            format!("select '{table}', coalesce(group_concat(line, char(10)), '') from (select {columns} as line from {table} order by 1)")
        }
        false => format!("select '{table}', coalesce(string_agg(t::text, chr(10) order by t::text), '') from {table} t"),
    };
    assert!(tables.len() > 15, "the tables were read");
    let questions: Vec<String> = tables.iter().filter(|(table, _)| table != "throttle").map(rows).collect();
    let all = questions.join(" union all ");
    Contents(on_db!(test, pool => sqlx::query_as(AssertSqlSafe(all)).fetch_all(pool).await).unwrap())
}
