//! A letter that came back. The mail system hands us every report that it gets for our address; we look for the Message-ID of
//! a letter of ours in it, which nobody can guess, and write down that this letter never arrived.
//!
//! What follows from it for the links in the letter is decided by [`links`](crate::links), in the running server.

use super::dsn;
use super::{message, outbox};
use crate::app::App;
use crate::audit::{Context, Event, Fact, Kind, Object};
use crate::crypto::sha256;

/// What came of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// A letter of ours will never arrive, and that is written down now.
    CameBack,
    /// It was written down before, or it is about a letter that has not left.
    Known,
    /// A delay, or a success.
    NotFinal,
    /// It names no letter of ours.
    NotOurs,
    /// It is no report, for this reason.
    Unread(dsn::NoReport),
}

/// Read one mail and write down what it says of a letter of ours. Reports that name none leave no trace: anybody can send them.
pub async fn take(app: &App, context: &Context, mail: &[u8]) -> sqlx::Result<Taken> {
    let report = match dsn::read(mail) {
        Ok(report) => report,
        Err(why) => return Ok(Taken::Unread(why)),
    };
    let Some(token) = token(&report.message_id, message::domain(&app.config)) else { return Ok(Taken::NotOurs) };
    let hash = sha256(&token);
    let mut reading = app.db.reading().await?;
    let ours = outbox::is_ours(&mut reading, &hash).await?;
    drop(reading);
    match (ours, report.is_final) {
        (false, _) => return Ok(Taken::NotOurs),
        (true, false) => return Ok(Taken::NotFinal),
        (true, true) => {}
    }
    let mut tx = app.log.begin(context).await?;
    let Some(letter) = outbox::came_back(&mut tx, &hash, app.now()).await? else { return Ok(Taken::Known) };
    let event = Event::done(Kind::MailBounced).on(Object::Mail, letter.id.0).about(letter.patient_id);
    tx.commit(event.with("visit", Fact::Id(letter.visit_id.0)).with("letter", Fact::Word(letter.kind().word()))).await?;
    Ok(Taken::CameBack)
}

/// The unguessable part of a Message-ID of ours.
fn token(message_id: &str, domain: &str) -> Option<[u8; 16]> {
    let (token, of) = message_id.split_once('@')?;
    let mut bytes = [0; 16];
    hex::decode_to_slice(token, &mut bytes).ok()?;
    of.eq_ignore_ascii_case(domain).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_message_id_of_our_domain_is_one() {
        let id = "0123456789abcdef0123456789abcdef";
        assert!(token(&format!("{id}@clinic.example"), "clinic.example").is_some());
        for other in [format!("{id}@elsewhere.example"), format!("{id}00@clinic.example"), id.to_owned(), "x@clinic.example".to_owned()] {
            assert_eq!(token(&other, "clinic.example"), None, "{other}");
        }
    }
}
