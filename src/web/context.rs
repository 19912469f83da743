//! Where a request comes from, as the access log keeps it.

use crate::app::App;
use crate::audit::{Actor, AgentClass, Context, Purpose};
use crate::ids::RequestId;
use actix_web::HttpMessage;
use actix_web::HttpRequest;
use actix_web::http::header;
use std::net::IpAddr;

/// The context of a request before anybody is known. The same request keeps the same id however often it is asked.
pub fn of(app: &App, request: &HttpRequest) -> Context {
    if let Some(context) = request.extensions().get::<Context>() {
        return context.clone();
    }
    let context = Context {
        actor: Actor::NOBODY,
        request: RequestId::new(app.now(), &app.rng),
        source: source(app, request),
        agent: agent_class(request),
        session: None,
        purpose: Purpose::Operations,
    };
    request.extensions_mut().insert(context.clone());
    context
}

fn source(app: &App, request: &HttpRequest) -> Option<IpAddr> {
    let forwarded: Vec<&str> = request.headers().get_all(header::X_FORWARDED_FOR).filter_map(|value| value.to_str().ok()).collect();
    Some(super::source::client(request.peer_addr()?.ip(), forwarded.into_iter(), &app.config.proxy.trusted))
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
