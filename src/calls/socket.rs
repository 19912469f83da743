//! `GET /visits/{id}/socket`: the one socket of a visit's page, patient's or clinician's, while waiting and in the call.

use super::proof::{self, Outcome, Proof};
use super::session::{self, Act, CANDIDATES_MAX, Frame};
use super::{Way, candidates, relaying};
use crate::app::App;
use crate::audit::Context;
use crate::config::CallPath;
use crate::ids::{PatientId, VisitId};
use crate::links::PatientVisit;
use crate::relay::{Offer, Relays, SIGNALLED_MAX};
use crate::staff::{self, Clinician, Sight};
use crate::waiting_room::rules::Rules;
use crate::waiting_room::{self, GoneWhy, Hub, Outgoing, Seat, SocketId, Standing, Taken};
use crate::web::live::{self, BEAT, End, Live};
use crate::web::{Error, Result};
use actix_web::web::{Data, Path, Payload};
use actix_web::{FromRequest, HttpRequest, HttpResponse, rt};
use std::collections::HashSet;
use std::net::IpAddr;
use std::time::Duration;
use tokio::sync::mpsc::Receiver;

/// How often a clinician's session is touched while a call is on: a call counts as activity (SES-06).
const TOUCH: Duration = Duration::from_secs(60);
/// How often a page in a call gets a new credential of the relays, so that it always has one that opens. Lower than half of its life.
const RENEW: Duration = Duration::from_secs(240);
/// Ways that one socket may report. Higher: a longer drive through more networks stands in the log whole.
const WAYS_MAX: u32 = 200;
/// Addresses of one page and one call that the relay is told: no more than it keeps.
const TOLD_MAX: usize = SIGNALLED_MAX;

pub(super) async fn visit(
    app: App,
    hub: Data<Hub>,
    relays: Data<Relays>,
    id: Path<VisitId>,
    request: HttpRequest,
    body: Payload,
) -> Result<HttpResponse> {
    // Before anything is looked up: all pages ask at once while the server stops.
    if hub.has_released() {
        return Err(Error::TooMany { retry_after_s: 1 });
    }
    let (seat, context) = seat(&app, &request, *id).await?;
    let mut tx = app.db.reading().await?;
    let standing = waiting_room::standing(&mut tx, *id).await?.ok_or(Error::NotFound)?;
    drop(tx);
    let (response, page) = live::accept(&app, &request, body).await?;
    let Some((socket, told)) = hub.enter(&standing, seat).await else { return Err(Error::TooMany { retry_after_s: 10 }) };
    let (hub, relays) = (hub.get_ref().clone(), relays.get_ref().clone());
    let visitor = Visitor { app, hub, relays, seat, context, visit: *id, patient: standing.patient_id, socket };
    rt::spawn(visitor.serve(page, told));
    Ok(response)
}

/// Who opens the socket: the patient whose device redeemed the visit, or its clinician. Anybody else finds nothing here.
async fn seat(app: &App, request: &HttpRequest, visit: VisitId) -> Result<(Seat, Context)> {
    match PatientVisit::extract(request).await {
        Ok(patient) => return Ok((Seat::Patient { device: patient.device }, patient.context)),
        Err(Error::NotOpenHere) => {}
        Err(error) => return Err(error),
    }
    let clinician = Clinician::extract(request).await?;
    let mut tx = app.db.reading().await?;
    let mine = waiting_room::standing(&mut tx, visit).await?.is_some_and(|standing| standing.clinician_id == clinician.member.id);
    drop(tx);
    if mine {
        let seat = Seat::Clinician { staff: clinician.member.id, session: clinician.session };
        return Ok((seat, clinician.context.clone()));
    }
    super::pages::foreign(app, &clinician, visit).await
}

/// One open socket and whose it is.
struct Visitor {
    app: App,
    hub: Hub,
    relays: Relays,
    seat: Seat,
    context: Context,
    visit: VisitId,
    patient: PatientId,
    socket: SocketId,
}

/// What a socket remembers of its page.
#[derive(Default)]
struct Heard {
    /// Candidates for the last description.
    candidates: u32,
    /// The way that was reported last, and how often there was another.
    way: Option<Way>,
    ways: u32,
    /// The page joined, and the call that it has a credential for, held to listed relays or not.
    joined: bool,
    call: Option<(String, bool)>,
    /// What the relay was told of this page, and for which call.
    told: (String, HashSet<IpAddr>),
}

impl Visitor {
    async fn serve(self, mut page: Live, mut told: Receiver<Outgoing>) {
        let mut relays_change = self.relays.changes();
        let (mut beat, mut touch, mut renew) = (tokio::time::interval(BEAT), tokio::time::interval(TOUCH), tokio::time::interval(RENEW));
        let mut heard = Heard::default();
        let end = loop {
            let step = tokio::select! {
                said = page.next() => match said {
                    // Boxed: a page that waits says nothing, and should not hold the room that an answer takes.
                    Ok(text) => Box::pin(self.hear(text, &mut heard, &mut page)).await,
                    Err(end) => Err(end),
                },
                news = told.recv() => match news {
                    // A state may tell of another call of this visit: its relays come first.
                    Some(Outgoing::Text(text)) if text.starts_with(r#"{"type":"state""#) => {
                        Box::pin(self.offer_relays(&mut heard, &mut page)).await.and(page.send(text).await)
                    }
                    Some(Outgoing::Text(text)) => page.send(text).await,
                    Some(Outgoing::Superseded) => page.send(r#"{"type":"superseded"}"#).await.and(Err(End::Dismissed)),
                    Some(Outgoing::Gone(why)) => page.send(why.message()).await.and(Err(End::Dismissed)),
                    None => Err(End::TryAgain),
                },
                _ = beat.tick() => page.send(r#"{"type":"beat"}"#).await,
                _ = renew.tick() => {
                    heard.call = None;
                    Box::pin(self.offer_relays(&mut heard, &mut page)).await
                }
                // Never the end of it: the relays live as long as this visitor.
                Ok(()) = relays_change.changed() => {
                    heard.call = None;
                    Box::pin(self.offer_relays(&mut heard, &mut page)).await
                }
                _ = touch.tick() => Box::pin(self.touch(&mut page)).await,
            };
            if let Err(end) = step {
                break end;
            }
        };
        Box::pin(self.hub.leave(self.visit, self.socket, matches!(end, End::Left | End::Dismissed))).await;
        page.close(end).await;
    }

    async fn hear(&self, text: String, heard: &mut Heard, page: &mut Live) -> std::result::Result<(), End> {
        let act = session::read(self.seat.party(), &text).map_err(|_| End::NotAllowed)?;
        let done = match act {
            Act::Beat => Ok(()),
            Act::Join { holding } => {
                heard.joined = true;
                heard.call = None;
                self.offer_relays(heard, page).await?;
                self.join(holding).await
            }
            Act::Pass { epoch, frame } => {
                heard.candidates = if matches!(frame, Frame::Candidate { .. }) { heard.candidates + 1 } else { 0 };
                if heard.candidates > CANDIDATES_MAX {
                    return Err(End::NotAllowed);
                }
                self.pass(epoch, frame, heard).await
            }
            Act::Connected { epoch, path, region } => {
                // A region of our own: no other can be where this call goes, and the log takes nobody's word for a name.
                if region.as_ref().is_some_and(|region| !self.relays.regions().contains(region)) {
                    return Err(End::NotAllowed);
                }
                self.goes(Way { epoch, path, region }, heard).await
            }
            Act::NoRelay { epoch } => {
                self.when_admitted(epoch, super::without_relay(&self.app, &self.context, self.visit, self.patient, epoch)).await
            }
            Act::Chatted { epoch } => {
                self.when_admitted(epoch, super::chatted(&self.app, &self.context, self.visit, self.patient, epoch)).await
            }
            Act::Proof { epoch, proof, frame } => self.proved(epoch, proof, frame, heard).await,
        };
        done.map_err(|error| {
            tracing::warn!(?error, visit.id = %self.visit, "Could not serve a socket of visit `{}`", self.visit);
            End::TryAgain
        })
    }

    /// A page that says the same again adds nothing to the log, nor one whose path changes without end.
    async fn goes(&self, way: Way, heard: &mut Heard) -> Result<()> {
        if heard.way.as_ref() == Some(&way) || heard.ways >= WAYS_MAX {
            return Ok(());
        }
        heard.ways += 1;
        heard.way = Some(way.clone());
        self.hub.connected(self.visit, self.socket, way.epoch);
        self.when_admitted(way.epoch, super::connected(&self.app, &self.context, self.visit, self.patient, &way)).await
    }

    async fn join(&self, holding: Option<i64>) -> Result<()> {
        // A page that stayed away too long left by the log's account, so it begins anew.
        let holding = holding.filter(|epoch| !self.hub.has_left(self.visit, self.seat.party(), *epoch));
        if let Some(taken) = waiting_room::take(&self.app, &self.context, &self.seat, self.visit, holding).await? {
            self.hub.took(self.visit, self.socket, &self.context, taken == Taken::Resumed).await;
        }
        Ok(())
    }

    async fn proved(&self, epoch: i64, proof: Proof, frame: Frame, heard: &mut Heard) -> Result<()> {
        let call = proof::Call { visit: self.visit, patient: self.patient, epoch };
        if proof.outcome == Outcome::Differ {
            return proof::differ(&self.app, &self.hub, &self.context, (&self.seat, self.socket), call, proof).await;
        }
        self.when_admitted(epoch, proof::record(&self.app, &self.context, call, proof)).await?;
        // The patient's page shows what the patient should have heard.
        if proof.outcome == Outcome::Matched { self.pass(epoch, frame, heard).await } else { Ok(()) }
    }

    /// Give a page that joined what it needs to reach the relays, once for each call: after admission, and no sooner (RTC-14).
    async fn offer_relays(&self, heard: &mut Heard, page: &mut Live) -> std::result::Result<(), End> {
        if !heard.joined || !self.relays.exist() {
            return Ok(());
        }
        let call = async {
            let mut tx = self.app.db.reading().await?;
            let proof = waiting_room::admitted(&mut tx, self.visit, &self.seat).await?;
            Ok::<_, sqlx::Error>(proof.map(|proof| (relaying::name(&self.app, &proof), self.listed_only(&proof.standing))))
        };
        // Without the database nobody is admitted to anything. The page asks again when it comes back.
        let Some(call) = call.await.unwrap_or(None).filter(|call| heard.call.as_ref() != Some(call)) else { return Ok(()) };
        let side = relaying::side(self.seat.party());
        let Offer { servers, listed } = self.relays.for_call(&call.0, side, call.1, self.app.now()).await;
        heard.call = Some(call);
        page.send(serde_json::json!({ "type": "relays", "servers": servers, "listed": listed }).to_string()).await
    }

    /// The call goes through relays of the deployment's regions and no other way: so this deployment has it, or one of the two. A rule that is set
    /// after this look raises the epoch, and what belongs to the one before passes no more.
    fn listed_only(&self, standing: &Standing) -> bool {
        self.app.config.calls.path == CallPath::Relay || Rules::of(standing).relay_only()
    }

    async fn pass(&self, epoch: i64, frame: Frame, heard: &mut Heard) -> Result<()> {
        if !self.hub.holds(self.visit, self.socket) {
            return Ok(());
        }
        self.tell_relay(epoch, &frame, heard).await?;
        let mut tx = self.app.db.reading().await?;
        let Some(proof) = waiting_room::admitted(&mut tx, self.visit, &self.seat).await? else { return Ok(()) };
        let Some(frame) = self.as_it_may_pass(&proof.standing, frame) else { return Ok(()) };
        let text = serde_json::to_string(&frame).map_err(|error| Error::Internal(error.into()))?;
        super::forward(&self.hub, &proof, self.socket, epoch, text);
        Ok(())
    }

    /// Tell the relay where the page may be reached, before the other page hears of it. The database is let go first: it has few readers, and a relay
    /// that hangs would keep them from everybody.
    async fn tell_relay(&self, epoch: i64, frame: &Frame, heard: &mut Heard) -> Result<()> {
        if !self.relays.exist() || candidates::addresses(frame).is_empty() {
            return Ok(());
        }
        let mut tx = self.app.db.reading().await?;
        let proof = waiting_room::admitted(&mut tx, self.visit, &self.seat).await?.filter(|proof| proof.epoch == epoch);
        let Some(proof) = proof else { return Ok(()) };
        let Some(frame) = self.as_it_may_pass(&proof.standing, frame.clone()) else { return Ok(()) };
        let call = relaying::name(&self.app, &proof);
        drop(tx);
        if heard.told.0 != call {
            heard.told = (call.clone(), HashSet::new());
        }
        for address in candidates::addresses(&frame) {
            if heard.told.1.len() < TOLD_MAX && heard.told.1.insert(address) {
                self.relays.signalled(&call, relaying::side(self.seat.party()), address).await;
            }
        }
        Ok(())
    }

    /// Without what may not be named, where calls go through listed relays alone.
    fn as_it_may_pass(&self, standing: &Standing, frame: Frame) -> Option<Frame> {
        if !self.listed_only(standing) {
            return Some(frame);
        }
        let listed: Vec<IpAddr> = self.relays.listed().into_iter().map(|relay| relay.address).collect();
        candidates::only_listed(frame, &listed)
    }

    /// Record something about the call, if there is one of that epoch for this seat, and this page holds it.
    async fn when_admitted(&self, epoch: i64, record: impl Future<Output = sqlx::Result<()>>) -> Result<()> {
        if !self.hub.holds(self.visit, self.socket) {
            return Ok(());
        }
        let mut tx = self.app.db.reading().await?;
        let now = waiting_room::admitted(&mut tx, self.visit, &self.seat).await?.is_some_and(|proof| proof.epoch == epoch);
        drop(tx);
        if now {
            record.await?;
        }
        Ok(())
    }

    /// A clinician in a call is not idle; one whose session ended otherwise is sent to sign in.
    async fn touch(&self, page: &mut Live) -> std::result::Result<(), End> {
        let Seat::Clinician { session, .. } = self.seat else { return Ok(()) };
        let in_call = async {
            let mut tx = self.app.db.reading().await?;
            waiting_room::admitted(&mut tx, self.visit, &self.seat).await.map(|proof| proof.is_some())
        };
        let sight = if in_call.await.unwrap_or(false) { Sight::Touch } else { Sight::Look };
        match staff::resume_id(&self.app, session, sight).await {
            Ok(Some(_)) => Ok(()),
            Ok(None) => Err(page.send(GoneWhy::SignedOut.message()).await.err().unwrap_or(End::Dismissed)),
            Err(error) => {
                // The call goes on without us, and each frame is checked when it passes: looked at again in a minute.
                tracing::warn!(%error, visit.id = %self.visit, "Could not look at a session in a call");
                Ok(())
            }
        }
    }
}
