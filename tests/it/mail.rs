//! mail
use crate::support::TestApp;
#[actix_web::test]
async fn look() {
    let app = TestApp::sqlite().await;
    let g = app.guest().await;
    println!("{}", app.next_mail().await);
    let _ = g.visit;
    app.finish().await;
}
