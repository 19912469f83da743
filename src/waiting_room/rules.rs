//! What the clinician rules for a call while it lasts: whether anybody new may come in, whether there is chat, whether the patient may
//! show their screen, whether it goes through a relay alone. Both pages are told and keep to it.
//!
//! A rule counts while the visit is admitted, and each admission begins without any. Leave to show a screen is for one time: the start of
//! it uses it up. **What the patient chose before joining no rule takes back**: a call that they want through a relay alone goes so (RTC-11).

use super::store::{self, Standing};
use super::{Confirmed, about, clinicians_step, confirmed, finish};
use crate::app::App;
use crate::audit::{Context, Event, Fact, Kind, Object};
use crate::db;
use crate::ids::{StaffId, VisitId};
use crate::links::PatientVisit;
use crate::web::{Error, Result};
use serde::{Deserialize, Serialize};

/// The rules as both pages hear them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Rules {
    /// No other device comes in.
    locked: bool,
    chat: bool,
    sharing: Sharing,
    relay: RelayOnly,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Sharing {
    No,
    Allowed,
    On,
}

/// Whether the call goes through a relay and no other way, and whose word that is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum RelayOnly {
    No,
    Clinician,
    Patient,
}

impl RelayOnly {
    fn of(standing: &Standing) -> Self {
        match (standing.relay_wished_at, standing.relay_ruled_at) {
            (Some(_), _) => RelayOnly::Patient,
            (None, Some(_)) => RelayOnly::Clinician,
            (None, None) => RelayOnly::No,
        }
    }
}

impl Rules {
    /// The rules of a visit. Before an admission there are none.
    pub fn of(standing: &Standing) -> Self {
        if !standing.admitted() {
            return Self { locked: false, chat: true, sharing: Sharing::No, relay: RelayOnly::No };
        }
        let sharing = match (standing.sharing_since, standing.sharing_allowed_at) {
            (Some(_), _) => Sharing::On,
            (None, Some(_)) => Sharing::Allowed,
            (None, None) => Sharing::No,
        };
        Self { locked: standing.locked_at.is_some(), chat: standing.chat_closed_at.is_none(), sharing, relay: RelayOnly::of(standing) }
    }

    /// The call goes through a relay and no other way.
    pub fn relay_only(self) -> bool {
        self.relay != RelayOnly::No
    }
}

/// One rule, set by the clinician.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    Lock,
    Chat,
    /// On: the patient may show their screen once. Off: they may not, and stop if they do.
    Sharing,
    /// On: the call goes through a relay and no other way. Either way it begins anew, so that nothing of the way before is left.
    Relay,
}

impl Rule {
    fn word(self) -> &'static str {
        match self {
            Rule::Lock => "lock",
            Rule::Chat => "chat",
            Rule::Sharing => "sharing",
            Rule::Relay => "relay",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Switch {
    On,
    Off,
}

impl Switch {
    fn word(self) -> &'static str {
        match self {
            Switch::On => "on",
            Switch::Off => "off",
        }
    }
}

/// Set a rule of the call that is on. Chat and screen need to know who is there ([`Confirmed`]).
pub async fn set(app: &App, context: &Context, clinician: StaffId, visit: VisitId, rule: Rule, to: Switch) -> Result<()> {
    if rule == Rule::Relay && app.config.relay.is_none() {
        let refused = Event::refused(Kind::CallRuleSet, "no_relay").on(Object::Visit, visit.0);
        app.log.refused(context, refused).await?;
        return Err(Error::Conflict);
    }
    let (on, off) = ((to == Switch::On).then_some(app.now()), (to == Switch::Off).then_some(app.now()));
    let step = async |tx: &mut db::Tx| {
        if rule == Rule::Lock {
            return store::lock(tx, visit, clinician, on).await;
        }
        if rule == Rule::Relay {
            return store::rule_relay(tx, visit, clinician, on).await;
        }
        let Some(Confirmed { standing, .. }) = confirmed(tx, visit, clinician).await? else { return Ok(None) };
        match rule {
            Rule::Sharing => store::allow_sharing(tx, standing.id, on).await,
            _ => store::close_chat(tx, standing.id, off).await,
        }
    };
    clinicians_step(app, context, clinician, visit, Kind::CallRuleSet, step, |event| of_rule(event, rule, to)).await
}

/// The patient's choice before joining: their call goes through a relay alone, whoever admits them and as often as it happens. The event, if it
/// is news. Where the clinic has no relay there is nothing to choose.
pub(super) async fn wish_relay(app: &App, tx: &mut db::Tx, standing: &Standing, to: Switch) -> Result<Option<Event>> {
    if to == Switch::On && app.config.relay.is_none() {
        return Err(Error::Invalid);
    }
    let new = store::wish_relay(tx, standing.id, (to == Switch::On).then_some(app.now())).await?;
    Ok(new.then(|| of_rule(about(Kind::CallRuleSet, standing), Rule::Relay, to)))
}

fn of_rule(event: Event, rule: Rule, to: Switch) -> Event {
    event.with("rule", Fact::Word(rule.word())).with("to", Fact::Word(to.word()))
}

/// The patient's page begins to show its screen, or stopped. It begins only with the clinician's leave.
///
/// Errors: [`Error::Conflict`] without it, or when nothing was shown.
pub async fn share(app: &App, patient: &PatientVisit, to: Switch) -> Result<()> {
    let mut tx = app.log.begin(&patient.context).await?;
    let (kind, done) = match to {
        Switch::On => (Kind::CallSharingStarted, store::start_sharing(&mut tx, patient.visit, patient.device, app.now()).await?),
        Switch::Off => (Kind::CallSharingEnded, store::end_sharing(&mut tx, patient.visit, patient.device).await?),
    };
    if let Some(standing) = done {
        let event = about(kind, &standing).with("epoch", Fact::Number(standing.call_epoch));
        return finish(app, tx, &standing, event).await;
    }
    drop(tx);
    let refused = Event::refused(kind, "not_allowed").on(Object::Visit, patient.visit.0).about(patient.patient);
    app.log.refused(&patient.context, refused).await?;
    Err(Error::Conflict)
}
