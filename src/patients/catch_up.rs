//! Marks of the family names of patients who were added before there were such marks.
//!
//! Their names are opened once for it, by the program itself, and the log says of whom.

use super::{family, names, store};
use crate::app::App;
use crate::audit::{Event, Fact, Kind};

/// Patients in one event. Lower: shorter transactions. Higher: fewer events.
const LOT: i64 = 100;

/// Make the marks that are missing. For how many patients.
pub async fn make_family_marks(app: &App) -> anyhow::Result<i64> {
    let (itself, mut made) = (app.system(), 0);
    loop {
        let mut tx = app.db.reading().await?;
        let ids = store::without_family_marks(&mut tx, LOT).await?;
        drop(tx);
        if ids.is_empty() {
            return Ok(made);
        }
        let event = Event::done(Kind::PatientRead).about_all(ids.iter().copied()).with("fields", Fact::Words(vec!["name"]));
        let access = app.log.access(&itself, event).await?;
        let names = names(app, &access, &ids).await.map_err(|error| anyhow::anyhow!("open the names of patients: {error:?}"))?;
        let (mut tx, mut lot) = (app.log.begin(&itself).await?, 0);
        for (id, name) in names {
            lot += i64::from(store::set_family_marks(&mut tx, id, &family::marks(&app.keys, id, name.reveal())).await?);
        }
        tx.commit(Event::done(Kind::PatientIndexed).with("patients", Fact::Number(lot))).await?;
        made += lot;
    }
}
