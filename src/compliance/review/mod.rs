//! What in the log somebody should look at, found by rules, and that somebody did (HIP-05, AUD-12).
//!
//! A job follows the log in the order of its places, so that nothing is missed, whatever was committed late, and nothing is found twice. What a
//! rule found is said in the log and mailed to the address for compliance, without a name. An officer writes what they found and
//! that stands: once, with name and time. The comment may name somebody, so it is sealed. `activity` holds that somebody looked by themselves.

pub(super) mod activity;
pub(super) mod model;
pub(super) mod pages;
mod store;

use super::entry::Payload;
use super::store::Person;
use crate::app::App;
use crate::audit::tree;
use crate::audit::{ActorKind, Bookkeeping, Context, Event, Fact, Kind, Object, Outcome, Purpose, Recorded};
use crate::crypto::sha256;
use crate::db::Tx;
use crate::ids::{EventId, StaffId};
use crate::mail::notices::{self, Notice, NoticeKind, Part, Said};
use crate::patients::shares_family_name;
use crate::records::emergency::{self, Told};
use crate::text::Text;
use crate::time::{Millis, Timestamp};
use model::{Limits, Raised, Rule, Seen};
use std::collections::{BTreeMap, BTreeSet};
use store::Item;
use uuid::Uuid;

/// Places looked at in one transaction.
const LOT: i64 = 1_000;
/// Events of the hour before that new ones are weighed with, of each sort. Lower: less memory. Higher: a busy hour is seen whole.
const HOUR_MAX: i64 = 20_000;
/// One letter for all that is found within so long. Lower: a later finding is mailed sooner. Higher: fewer letters.
const LETTER_EVERY: Millis = Millis::minutes(10);
/// Items on a page.
const OPEN_SHOWN: i64 = 100;
const REVIEWED_SHOWN: i64 = 20;

/// Look at what is new in the log. How many things were found.
pub async fn look_for(app: &App) -> anyhow::Result<usize> {
    let mut found = 0;
    loop {
        let mut tx = app.db.reading().await?;
        let from = store::place(&mut tx).await?;
        let lot = tree::placed(&mut tx, from, LOT).await?;
        let Some(last) = lot.last().map(|placed| placed.leaf.n) else { return Ok(found) };
        let full = lot.len() as i64 == LOT;
        let new: Vec<Recorded> = lot.into_iter().filter_map(|placed| placed.event).filter(|event| model::looks_at(&event.kind)).collect();
        let raised = if new.is_empty() { Vec::new() } else { raised(app, &mut tx, new).await? };
        drop(tx);
        found += keep(app, from, last + 1, &raised).await?;
        if !full {
            return Ok(found);
        }
    }
}

async fn raised(app: &App, tx: &mut Tx, new: Vec<Recorded>) -> sqlx::Result<Vec<Raised>> {
    let mut events = weighed_with(tx, &new).await?;
    let before = events.len();
    events.extend(new);
    let mut tags = BTreeMap::<EventId, Vec<Vec<u8>>>::new();
    let of_one = |event: &&Recorded| staff_opened(event) || event.kind == model::EMERGENCY;
    let opening = events.iter().filter(of_one).map(|event| event.id);
    for (event, tag) in store::tags(tx, opening).await? {
        tags.entry(event).or_default().push(tag);
    }
    let seen: Vec<Seen> = events.iter().map(|event| seen(app, event, tags.remove(&event.id).unwrap_or_default())).collect();
    let mut raised = Vec::new();
    for one in model::raised(&seen, before, &limits(app)) {
        let is_so = match (one.rule, one.account, &one.tag) {
            (Rule::NoAppointment, Some(clinician), Some(tag)) => !store::has_appointment(tx, clinician, tag).await?,
            (Rule::WatchedRecord, Some(account), Some(tag)) => is_watched(app, tx, account, tag).await?,
            _ => true,
        };
        if is_so {
            raised.push(one);
        }
    }
    Ok(raised)
}

/// Whether a record is marked, or of a patient who has a family name of whoever opened it and no appointment with them.
async fn is_watched(app: &App, tx: &mut Tx, account: Uuid, tag: &[u8]) -> sqlx::Result<bool> {
    let Some(opened) = store::record_opened(tx, account, tag).await? else { return Ok(false) };
    let related =
        opened.family_marks.as_ref().is_some_and(|marks| shares_family_name(&app.keys, opened.patient_id, &opened.staff_name, marks));
    Ok(opened.marked == 1 || related && !store::has_appointment(tx, account, tag).await?)
}

/// What the rules weigh new events with: the records that the same accounts opened in the hour before them, and all that was refused in it.
/// Nothing else of the hour is read: a busy clinic writes much more in one than is new since the last look.
async fn weighed_with(tx: &mut Tx, new: &[Recorded]) -> sqlx::Result<Vec<Recorded>> {
    let news: BTreeSet<EventId> = new.iter().map(|event| event.id).collect();
    let (Some(last), Some(first_at)) = (news.last(), new.iter().map(|event| event.recorded_at).min()) else { return Ok(Vec::new()) };
    let hour_before = u64::try_from((first_at - model::HOUR).0).unwrap_or(0);
    let after = EventId(uuid::Builder::from_unix_timestamp_millis(hour_before, &[0; 10]).into_uuid());
    let accounts: BTreeSet<Uuid> = new.iter().filter(|event| staff_opened(event)).filter_map(|event| event.actor_id).collect();
    let mut events = store::opened(tx, &accounts, after, *last, HOUR_MAX).await?;
    if new.iter().any(is_refusal) {
        events.extend(store::refused(tx, after, *last, HOUR_MAX).await?);
    }
    events.retain(|event| !news.contains(&event.id));
    events.sort_by_key(|event| event.id);
    Ok(events)
}

/// By what its columns say. The rules go by [`Seen`], which knows what it says.
fn staff_opened(event: &Recorded) -> bool {
    event.actor_kind == ActorKind::Staff.word() && event.outcome == Outcome::Success.word() && model::OPENING.contains(&event.kind.as_str())
}

fn is_refusal(event: &Recorded) -> bool {
    event.outcome != Outcome::Success.word() && model::REFUSING.contains(&event.kind.as_str())
}

fn seen(app: &App, event: &Recorded, tags: Vec<Vec<u8>>) -> Seen {
    // One that does not open is altered, which a verification says; the rules know of it what its columns say.
    let payload = Payload::read(event, app.log.disclose(event).as_ref());
    let staff = event.actor_kind == ActorKind::Staff.word();
    Seen {
        event: event.id.0,
        at: event.recorded_at,
        kind: event.kind.clone(),
        done: event.outcome == Outcome::Success.word(),
        account: event.actor_id.filter(|_| staff),
        clinician: payload.as_ref().is_some_and(|payload| payload.actor.role == "clinician"),
        in_emergency: payload.as_ref().is_some_and(|payload| payload.purpose == Purpose::BreakGlass.word()),
        tags,
        object: payload.and_then(|payload| payload.object.id.parse().ok()),
        source: event.source_index.as_ref().map(|index| index.0.clone()),
    }
}

fn limits(app: &App) -> Limits {
    let config = &app.config.compliance;
    Limits {
        records_per_hour: config.records_per_hour as usize,
        failed_sign_ins_per_hour: config.failed_sign_ins_per_hour as usize,
        wrong_links_per_hour: config.wrong_links_per_hour as usize,
        office_hours: config.office_hours,
        zone: app.config.clinic.zone,
    }
}

/// Keep what was found and how far the rules have looked. How much of it is new.
async fn keep(app: &App, from: i64, to: i64, raised: &[Raised]) -> sqlx::Result<usize> {
    if raised.is_empty() {
        return go_on(app, from, to).await;
    }
    let mut tx = app.log.begin(&app.system()).await?;
    if !store::advance(&mut tx, from, to).await? {
        return Ok(0);
    }
    let mut events = Vec::new();
    for one in raised {
        let id = Uuid::from_bytes(app.rng.bytes());
        if store::insert(&mut tx, id, one, app.now()).await? {
            events.push(event(id, one));
        }
    }
    let found = events.len();
    let Some(last) = events.pop() else {
        drop(tx);
        return go_on(app, from, to).await;
    };
    // Of an emergency a letter of its own has left already, at once.
    if raised.iter().any(|one| one.rule != Rule::Emergency) {
        notices::queue(&mut tx, app, &notice(app)).await?;
    }
    events.into_iter().for_each(|event| tx.also(event));
    tx.commit(last).await?;
    Ok(found)
}

/// Nothing new was found: keep how far the rules have looked.
async fn go_on(app: &App, from: i64, to: i64) -> sqlx::Result<usize> {
    let mut tx = app.log.begin(&app.system()).await?;
    store::advance(&mut tx, from, to).await?;
    tx.commit_bookkeeping(Bookkeeping::Review).await?;
    Ok(0)
}

fn event(id: Uuid, raised: &Raised) -> Event {
    let event = Event::done(Kind::ReviewRaised)
        .on(Object::Log, id)
        .with("rule", Fact::Word(raised.rule.word()))
        .with("event", Fact::Id(raised.event))
        .with("number", Fact::Number(raised.number));
    match raised.account {
        Some(account) => event.with("account", Fact::Id(account)),
        None => event,
    }
}

/// "There is something to review", and where. Names nobody.
fn notice(app: &App) -> Notice {
    let t = Text::of("en");
    let parts = vec![
        Part::Said(t.with("review-mail-what", "clinic", app.config.clinic.mail_name())),
        Part::Lines(format!("{}/review\n", app.config.base_url)),
        Part::Said(t.say("review-mail-why")),
    ];
    Notice {
        kind: NoticeKind::Review,
        once_key: format!("review/{}", app.now().0.div_euclid(LETTER_EVERY.0)),
        log_size: None,
        said: Said { subject: t.say("review-mail-subject"), parts },
    }
}

/// How many things nobody reviewed, and how many of them are overdue.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bell {
    pub open: i64,
    pub overdue: i64,
}

pub async fn bell(app: &App) -> sqlx::Result<Bell> {
    let mut tx = app.db.reading().await?;
    let (open, overdue) = store::count(&mut tx, overdue_before(app)).await?;
    Ok(Bell { open, overdue })
}

fn overdue_before(app: &App) -> Timestamp {
    app.now() - Millis::days(app.config.compliance.review_days.into())
}

/// What the page shows.
#[derive(Debug)]
struct Queue {
    open: Vec<Item>,
    reviewed: Vec<Item>,
    bell: Bell,
    /// When somebody last looked through the log by themselves.
    looked: activity::Standing,
    people: Vec<Person>,
    /// Of items about an emergency, by item.
    emergencies: BTreeMap<Uuid, Told>,
}

/// Look at the queue. The look is an event.
async fn look(app: &App, context: &Context) -> sqlx::Result<Queue> {
    app.log.record(context, Event::done(Kind::LogViewed).with("page", Fact::Word("review"))).await?;
    let (bell, looked) = (bell(app).await?, activity::standing(app).await?);
    let mut tx = app.db.reading().await?;
    let (open, reviewed) = (store::open(&mut tx, OPEN_SHOWN).await?, store::reviewed(&mut tx, REVIEWED_SHOWN).await?);
    let mut emergencies = BTreeMap::new();
    for (item, access) in open.iter().chain(&reviewed).filter_map(|item| Some((item.id, item.emergency()?))) {
        emergencies.extend(emergency::told(app, &mut tx, access).await?.map(|told| (item, told)));
    }
    Ok(Queue { open, reviewed, bell, looked, people: super::store::people(&mut tx).await?, emergencies })
}

/// What came of a review.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Review {
    Recorded,
    /// Somebody did before, or there is no such thing.
    Stale,
    /// It is about an emergency that is not over. What was done in one can be told afterwards.
    TooEarly,
}

/// Record that somebody looked at something, and what they say about it.
async fn record(app: &App, context: &Context, by: StaffId, id: Uuid, comment: &str) -> sqlx::Result<Review> {
    let refused = async |why| app.log.refused(context, Event::refused(Kind::ReviewRecorded, why).on(Object::Log, id)).await;
    let mut tx = app.db.reading().await?;
    if let Some(access) = store::item(&mut tx, id).await?.and_then(|item| item.emergency())
        && emergency::told(app, &mut tx, access).await?.is_some_and(|told| !told.over)
    {
        drop(tx);
        refused("not_over").await?;
        return Ok(Review::TooEarly);
    }
    drop(tx);
    let sealed = app.log.seal_remark(id, comment);
    let mut tx = app.log.begin(context).await?;
    let Some((rule, happened_at)) = store::review(&mut tx, id, by, &sealed, app.now()).await? else {
        drop(tx);
        refused("stale").await?;
        return Ok(Review::Stale);
    };
    let event = Event::done(Kind::ReviewRecorded)
        .on(Object::Log, id)
        .with("happened_at", Fact::At(happened_at))
        .with("sha256", Fact::Bytes(sha256(&sealed.0).to_vec()));
    let event = Rule::from_word(&rule).into_iter().fold(event, |event, rule| event.with("rule", Fact::Word(rule.word())));
    tx.commit(event).await?;
    Ok(Review::Recorded)
}
