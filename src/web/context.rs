//! Where a request comes from, as the access log keeps it.

use crate::app::App;
use crate::audit::{Actor, AgentClass, Context, Purpose};
use crate::ids::RequestId;
use actix_web::HttpMessage;
use actix_web::HttpRequest;
use actix_web::http::header;

/// The context of a request before anybody is known. The same request keeps the same id however often it is asked.
pub fn of(app: &App, request: &HttpRequest) -> Context {
    if let Some(context) = request.extensions().get::<Context>() {
        return context.clone();
    }
    let context = Context {
        actor: Actor::NOBODY,
        request: RequestId::new(app.now(), &app.rng),
        source: request.peer_addr().map(|address| address.ip().to_canonical()),
        agent: agent_class(request),
        session: None,
        purpose: Purpose::Operations,
    };
    request.extensions_mut().insert(context.clone());
    context
}

fn agent_class(request: &HttpRequest) -> AgentClass {
    let agent = request.headers().get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
    if agent.contains("Mobile") || agent.contains("Android") || agent.contains("iPhone") {
        AgentClass::Phone
    } else if agent.contains("Mozilla") {
        AgentClass::Computer
    } else {
        AgentClass::Other
    }
}
