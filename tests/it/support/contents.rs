//! Everything in the database, to see that something changed nothing.

use super::TestApp;
use crate::on_db;
use anteroom::db::Db;
use sqlx::AssertSqlSafe;

/// Every table, and how to write one of its rows.
const SQLITE_TABLES: &str = "select m.name, group_concat('quote(' || c.name || ')', ' || '','' || ') from sqlite_master m
    join pragma_table_info(m.name) c where m.type = 'table' and m.name not like 'sqlite\\_%' escape '\\' group by m.name order by m.name";
const POSTGRES_TABLES: &str = "select table_name::text, '' from information_schema.tables where table_schema = 'public' order by 1";

/// Every table and what is in it.
pub struct Contents(Vec<(String, String)>);

impl Contents {
    /// The tables that are not as they were.
    pub fn difference<'a>(&'a self, other: &Self) -> Vec<&'a str> {
        let pairs = self.0.iter().zip(&other.0);
        pairs.filter(|(now, before)| now != before).map(|(now, _)| now.0.as_str()).collect()
    }
}

impl TestApp {
    /// The whole database as it stands.
    pub async fn contents(&self) -> Contents {
        let sqlite = matches!(self.app.db, Db::Sqlite { .. });
        let list = if sqlite { SQLITE_TABLES } else { POSTGRES_TABLES };
        let tables: Vec<(String, String)> = on_db!(self, pool => sqlx::query_as(AssertSqlSafe(list)).fetch_all(pool).await).unwrap();
        let rows = |(table, columns): &(String, String)| match sqlite {
            true => {
                format!(
                    "select '{table}', coalesce(group_concat(line, char(10)), '') from (select {columns} as line from {table} order by 1)"
                )
            }
            false => format!("select '{table}', coalesce(string_agg(t::text, chr(10) order by t::text), '') from {table} t"),
        };
        assert!(tables.len() > 15, "the tables were read");
        let questions: Vec<String> = tables.iter().map(rows).collect();
        let all = questions.join(" union all ");
        Contents(on_db!(self, pool => sqlx::query_as(AssertSqlSafe(all)).fetch_all(pool).await).unwrap())
    }
}
