//! What the clinician rules for a call while it lasts: whether anybody new may come in, whether there is chat, whether the patient may
//! show their screen, whether it goes through a relay alone. Both pages are told and keep to it.
//!
//! A rule counts while the visit is admitted, and each admission begins without any. Leave to show a screen is for one time: the start of
//! it uses it up.

use super::store::{self, Standing};
use super::{Confirmed, about, clinicians_step, confirmed, finish};
use crate::app::App;
use crate::audit::{self, Context, Event, Fact, Kind, Object, Outcome};
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
    /// The call goes through a relay and no other way.
    relay: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Sharing {
    No,
    Allowed,
    On,
}

impl Rules {
    /// The rules of a visit. Before an admission there are none. `relay`: see [`relay_only`].
    pub fn of(standing: &Standing, relay: bool) -> Self {
        if !standing.admitted() {
            return Self { locked: false, chat: true, sharing: Sharing::No, relay: false };
        }
        let sharing = match (standing.sharing_since, standing.sharing_allowed_at) {
            (Some(_), _) => Sharing::On,
            (None, Some(_)) => Sharing::Allowed,
            (None, None) => Sharing::No,
        };
        Self { locked: standing.locked_at.is_some(), chat: standing.chat_closed_at.is_none(), sharing, relay }
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
            return store::begin_anew(tx, visit, clinician).await;
        }
        let Some(Confirmed { standing, .. }) = confirmed(tx, visit, clinician).await? else { return Ok(None) };
        match rule {
            Rule::Sharing => store::allow_sharing(tx, standing.id, on).await,
            _ => store::close_chat(tx, standing.id, off).await,
        }
    };
    let detail = |event: Event| event.with("rule", Fact::Word(rule.word())).with("to", Fact::Word(to.word()));
    clinicians_step(app, context, clinician, visit, Kind::CallRuleSet, step, detail).await
}

/// Whether the clinician ruled that this call goes through a relay and no other way. The log says so: the newest word since the admission that
/// stands. A call in which nobody ruled it costs one look into an index.
pub async fn relay_only(app: &App, tx: &mut db::Tx, standing: &Standing) -> sqlx::Result<bool> {
    if !standing.admitted() || app.config.relay.is_none() {
        return Ok(false);
    }
    let kinds = [Kind::CallRuleSet, Kind::VisitAdmitted];
    let newest = audit::newest_about(tx, standing.patient_id, kinds, RULES_MAX).await?;
    let ruled = newest.iter().filter_map(|event| serde_json::from_str::<Ruled>(&app.log.payload(event)?).ok());
    let of_visit = ruled.filter(|ruled| ruled.outcome == Outcome::Success.word() && ruled.object.id == standing.id);
    // An admission begins without rules.
    let last = of_visit.map(|ruled| ruled.details).find(|said| said.rule.is_none() || said.rule.as_deref() == Some(Rule::Relay.word()));
    Ok(last.and_then(|said| said.to).as_deref() == Some(Switch::On.word()))
}

/// As many words of one patient's calls are looked through. Higher: a clinician who plays with the switches of one call is still heard right.
const RULES_MAX: i64 = 500;

/// What an event of the log says of a rule. Of an admission, nothing.
#[derive(Deserialize)]
struct Ruled {
    outcome: String,
    object: RuledObject,
    #[serde(default)]
    details: Said,
}

#[derive(Deserialize)]
struct RuledObject {
    id: VisitId,
}

#[derive(Default, Deserialize)]
struct Said {
    rule: Option<String>,
    to: Option<String>,
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
