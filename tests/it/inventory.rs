//! What `compliance/` says about the product is what the product is (CMP-07, CMP-08).

use crate::support::TestApp;
use anteroom::audit::Kind;
use anteroom::db::Db;
use anteroom::text::Text;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

const INVENTORY: &str = include_str!("../../compliance/data-inventory.md");
const CATALOG: &str = include_str!("../../compliance/audit/event-catalog.md");
const PROTECTIONS: [&str; 5] = ["sealed", "wrapped", "index", "hash", "clear"];

/// The cells of a table's line.
fn cells(line: &str) -> Option<Vec<&str>> {
    let inside = line.strip_prefix('|')?.strip_suffix('|')?;
    Some(inside.split('|').map(str::trim).collect())
}

fn code(cell: &str) -> Option<&str> {
    cell.strip_prefix('`')?.strip_suffix('`')
}

/// `(table, column, protection)` as the inventory names them.
pub fn inventory() -> Vec<(String, String, String)> {
    let mut table = String::new();
    let mut rows = Vec::new();
    for line in INVENTORY.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            table = code(heading).unwrap_or_default().to_owned();
        } else if let Some([column, protection, _]) = cells(line).as_deref()
            && let Some(column) = code(column)
        {
            rows.push((table.clone(), column.to_owned(), (*protection).to_owned()));
        }
    }
    rows
}

async fn live_columns(app: &TestApp) -> BTreeSet<(String, String)> {
    let Db::Sqlite { read, .. } = &app.app.db else { unreachable!("the test begins on SQLite") };
    let rows: Vec<(String, String)> = sqlx::query_as(
        "select m.name, c.name from sqlite_master m join pragma_table_info(m.name) c
         where m.type = 'table' and m.name not like 'sqlite\\_%' escape '\\' and m.name not like '\\_sqlx%' escape '\\'",
    )
    .fetch_all(read)
    .await
    .unwrap();
    rows.into_iter().collect()
}

#[actix_web::test]
async fn the_data_inventory_is_the_live_schema() {
    let app = TestApp::sqlite().await;
    let said: BTreeSet<(String, String)> = inventory().into_iter().map(|(table, column, _)| (table, column)).collect();
    let live = live_columns(&app).await;
    assert_eq!(live.difference(&said).collect::<Vec<_>>(), Vec::<&(String, String)>::new(), "missing in compliance/data-inventory.md");
    assert_eq!(said.difference(&live).collect::<Vec<_>>(), Vec::<&(String, String)>::new(), "in compliance/data-inventory.md alone");
    assert!(said.len() > 100, "the inventory was read");
    app.finish().await;
}

#[test]
fn every_column_is_said_to_be_sealed_or_why_not() {
    for (table, column, protection) in inventory() {
        assert!(PROTECTIONS.contains(&protection.as_str()), "{table}.{column}: {protection}");
    }
}

#[test]
fn the_event_catalog_is_the_list_of_kinds() {
    let said: Vec<&str> = CATALOG.lines().filter_map(cells).filter_map(|cells| code(cells[0])).collect();
    let known: BTreeSet<&str> = Kind::ALL.iter().map(|kind| kind.word()).collect();
    assert_eq!(said.iter().copied().collect::<BTreeSet<_>>(), known);
    assert_eq!(said.len(), known.len(), "each stands there once");
}

#[test]
fn every_kind_of_event_has_plain_words() {
    let text = Text::of("en");
    for kind in Kind::ALL {
        let name = format!("compliance-kind-{}", kind.word().replace('.', "-"));
        assert!(text.has(&name), "templates/text/en/compliance.ftl has no {name}");
    }
}

/// Every file under a folder with one of these endings.
fn texts(folder: &Path, endings: &[&str], found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            texts(&path, endings, found);
        } else if path.extension().is_some_and(|ending| endings.iter().any(|known| ending == *known)) {
            found.push(path);
        }
    }
}

/// What no text may claim of the product (PRV-15).
fn claims(text: &str) -> Vec<&'static str> {
    const NEVER: [&str; 6] =
        ["hipaa compliant", "hipaa-compliant", "hipaa certified", "hipaa-certified", "certified for hipaa", "compliant with hipaa"];
    let text = text.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ");
    NEVER.into_iter().filter(|claim| text.contains(claim)).collect()
}

#[test]
fn nothing_claims_that_the_product_makes_anybody_compliant() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = vec![root.join("README.md"), root.join("Cargo.toml")];
    for folder in ["compliance", "templates", "static", "migrations"] {
        texts(&root.join(folder), &["md", "txt", "html", "ftl", "js", "css", "sql"], &mut files);
    }
    assert!(files.len() > 100, "the texts were found: {}", files.len());
    for file in &files {
        assert_eq!(claims(&std::fs::read_to_string(file).unwrap()), Vec::<&str>::new(), "{}", file.display());
    }
    assert_eq!(claims("Our HIPAA\ncompliant software"), ["hipaa compliant"], "a planted claim is found");
    for (file, words) in [
        ("README.md", "No program makes a clinic compliant, and no certification for it exists"),
        ("compliance/README.md", "No software makes an organisation compliant with a law, and none is certified for it"),
        ("compliance/README.md", "A call without pictures is within all of this"),
    ] {
        assert!(std::fs::read_to_string(root.join(file)).unwrap().contains(words), "{file} says: {words}");
    }
}
