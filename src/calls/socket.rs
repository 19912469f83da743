//! `GET /visits/{id}/socket`: the one socket of a visit's page, patient's or clinician's, while waiting and in the call.

use super::proof::{self, Outcome, Proof};
use super::session::{self, Act, CANDIDATES_MAX};
use crate::app::App;
use crate::audit::Context;
use crate::ids::{PatientId, VisitId};
use crate::links::PatientVisit;
use crate::staff::{self, Clinician, Sight};
use crate::waiting_room::{self, GoneWhy, Hub, Outgoing, Seat, SocketId, Taken};
use crate::web::live::{self, BEAT, End, Live};
use crate::web::{Error, Result};
use actix_web::web::{Data, Path, Payload};
use actix_web::{FromRequest, HttpRequest, HttpResponse, rt};
use std::time::Duration;
use tokio::sync::mpsc::Receiver;

/// How often a clinician's session is touched while a call is on: a call counts as activity (SES-06).
const TOUCH: Duration = Duration::from_secs(60);

pub(super) async fn visit(app: App, hub: Data<Hub>, id: Path<VisitId>, request: HttpRequest, body: Payload) -> Result<HttpResponse> {
    let (seat, context) = seat(&app, &request, *id).await?;
    let mut tx = app.db.reading().await?;
    let standing = waiting_room::standing(&mut tx, *id).await?.ok_or(Error::NotFound)?;
    drop(tx);
    let (response, page) = live::accept(&app, &request, body).await?;
    let Some((socket, told)) = hub.enter(&standing, seat).await else { return Err(Error::TooMany { retry_after_s: 10 }) };
    let visitor = Visitor { app, hub: hub.get_ref().clone(), seat, context, visit: *id, patient: standing.patient_id, socket };
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
    seat: Seat,
    context: Context,
    visit: VisitId,
    patient: PatientId,
    socket: SocketId,
}

impl Visitor {
    async fn serve(self, mut page: Live, mut told: Receiver<Outgoing>) {
        let (mut beat, mut touch) = (tokio::time::interval(BEAT), tokio::time::interval(TOUCH));
        let mut candidates = 0;
        let mut connected = None;
        let end = loop {
            let step = tokio::select! {
                said = page.next() => match said {
                    // Boxed: a page that waits says nothing, and should not hold the room that an answer takes.
                    Ok(text) => Box::pin(self.hear(text, &mut candidates, &mut connected)).await,
                    Err(end) => Err(end),
                },
                news = told.recv() => match news {
                    Some(Outgoing::Text(text)) => page.send(text).await,
                    Some(Outgoing::Superseded) => page.send(r#"{"type":"superseded"}"#).await.and(Err(End::Dismissed)),
                    Some(Outgoing::Gone(why)) => page.send(why.message()).await.and(Err(End::Dismissed)),
                    None => Err(End::TryAgain),
                },
                _ = beat.tick() => page.send(r#"{"type":"beat"}"#).await,
                _ = touch.tick() => Box::pin(self.touch(&mut page)).await,
            };
            if let Err(end) = step {
                break end;
            }
        };
        Box::pin(self.hub.leave(self.visit, self.socket, matches!(end, End::Left | End::Dismissed))).await;
        page.close(end).await;
    }

    async fn hear(&self, text: String, candidates: &mut u32, connected: &mut Option<i64>) -> std::result::Result<(), End> {
        let act = session::read(self.seat.party(), &text).map_err(|_| End::NotAllowed)?;
        let done = match act {
            Act::Beat => Ok(()),
            Act::Join { holding } => self.join(holding).await,
            Act::Pass { epoch, candidate } => {
                *candidates = if candidate { *candidates + 1 } else { 0 };
                if *candidates > CANDIDATES_MAX {
                    return Err(End::NotAllowed);
                }
                self.pass(epoch, text).await
            }
            // Once for each epoch: a page that says it again adds nothing to the log.
            Act::Connected { epoch, .. } if *connected == Some(epoch) => Ok(()),
            Act::Connected { epoch, path } => {
                *connected = Some(epoch);
                self.hub.connected(self.visit, self.socket, epoch);
                self.when_admitted(epoch, super::connected(&self.app, &self.context, self.visit, self.patient, epoch, path)).await
            }
            Act::Chatted { epoch } => {
                self.when_admitted(epoch, super::chatted(&self.app, &self.context, self.visit, self.patient, epoch)).await
            }
            Act::Proof { epoch, proof } => self.proved(epoch, proof, text).await,
        };
        done.map_err(|error| {
            tracing::warn!(?error, visit.id = %self.visit, "Could not serve a socket of visit `{}`", self.visit);
            End::TryAgain
        })
    }

    async fn join(&self, holding: Option<i64>) -> Result<()> {
        // A page that stayed away too long left by the log's account, so it begins anew.
        let holding = holding.filter(|epoch| !self.hub.has_left(self.visit, self.seat.party(), *epoch));
        if let Some(taken) = waiting_room::take(&self.app, &self.context, &self.seat, self.visit, holding).await? {
            self.hub.took(self.visit, self.socket, &self.context, taken == Taken::Resumed).await;
        }
        Ok(())
    }

    async fn proved(&self, epoch: i64, proof: Proof, frame: String) -> Result<()> {
        let call = proof::Call { visit: self.visit, patient: self.patient, epoch };
        if proof.outcome == Outcome::Differ {
            return proof::differ(&self.app, &self.hub, &self.context, (&self.seat, self.socket), call, proof).await;
        }
        self.when_admitted(epoch, proof::record(&self.app, &self.context, call, proof)).await?;
        // The patient's page shows what the patient should have heard.
        if proof.outcome == Outcome::Matched { self.pass(epoch, frame).await } else { Ok(()) }
    }

    async fn pass(&self, epoch: i64, frame: String) -> Result<()> {
        let mut tx = self.app.db.reading().await?;
        if let Some(proof) = waiting_room::admitted(&mut tx, self.visit, &self.seat).await? {
            super::forward(&self.hub, &proof, self.socket, epoch, frame);
        }
        Ok(())
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
