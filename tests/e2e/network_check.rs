//! The network check as people meet it: it runs while they wait, sends nothing of them, and their clinician reads what came of it.

use crate::support::browser::View;
use crate::support::clinic::WAITING;
use crate::support::server::Demo;
use serde_json::json;

/// Ids and labels of tracks.
type Tracks = Vec<(String, String)>;

#[tokio::test]
async fn who_waits_is_checked_without_camera_and_the_clinician_reads_how_it_went() {
    let demo = Demo::start();
    let (clinician, patient) = tokio::join!(demo.signed_in("clinician"), demo.browser("patient"));
    patient.open_visit(demo.visit_now()).await;
    patient.look_at(View::Phone).await;
    patient.ask::<()>("keepConnections", json!([])).await.unwrap();
    patient.click("Join visit").await;
    patient.sees(WAITING).await;
    let sent = patient.wait_for("send a card and a tone", async || {
        let sent: Tracks = patient.ask("sentTracks", json!([])).await?;
        Ok((sent.len() == 2).then_some(sent))
    });
    let sent = sent.await;
    let own: Tracks = patient.ask("ownTracks", json!([])).await.unwrap();
    assert_eq!(own.len(), 2, "camera and microphone are open beside it: {own:?}");
    assert!(sent.iter().all(|(id, label)| own.iter().all(|(own, named)| id != own && label != named)), "{sent:?} beside {own:?}");
    patient.sees("You need not wait for that.").await;
    patient.shot("network-1-checking-phone").await;

    let word = patient.network_verdict().await;
    assert!(["good", "poor"].contains(&word.as_str()), "the echo answered: {word}");
    patient.shot("network-2-checked-phone").await;
    patient.look_at(View::Desktop).await;
    patient.shot("network-3-checked").await;
    clinician.sees(&format!("Connection {word}")).await;
    clinician.sees("ms round trip").await;
    clinician.sees("relay reached by UDP, TCP").await;
    clinician.shot("network-4-today").await;
    clinician.finish().await;
    patient.finish().await;
}
