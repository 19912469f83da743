//! Calls.
use crate::support::peer::{Event, Peer};

#[actix_web::test]
async fn two_peers_without_a_screen_talk() {
    let ((clinician, mut from_clinician), (patient, mut from_patient)) = (Peer::open().await, Peer::open().await);
    let offer = clinician.offer(false).await;
    println!("{offer}");
    let answer = patient.answer(&offer).await;
    println!("{answer}");
    clinician.apply(&answer).await;
    for _ in 0..2 {
        while let Ok(Some(Event::Candidate { candidate, mid, line })) =
            tokio::time::timeout(std::time::Duration::from_millis(300), from_clinician.recv()).await
        {
            println!("{candidate} {mid} {line}");
            patient.candidate(&candidate, &mid, line).await;
        }
        while let Ok(Some(Event::Candidate { candidate, mid, line })) =
            tokio::time::timeout(std::time::Duration::from_millis(300), from_patient.recv()).await
        {
            println!("{candidate} {mid} {line}");
            clinician.candidate(&candidate, &mid, line).await;
        }
    }
    clinician.connected().await;
    patient.connected().await;
    clinician.say("Good morning").await;
    patient.hears("Good morning").await;
    patient.say("Hi").await;
    clinician.hears("Hi").await;
    patient.receives(20).await;
    clinician.receives(20).await;
}
