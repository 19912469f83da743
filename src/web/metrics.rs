//! How many requests of which route were answered how, and how fast. Routes are patterns and never addresses, so no label tells one person
//! from another (OPS-05).

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::web::Data;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use std::time::Instant;

/// Upper ends of the histogram, in seconds. A page takes a few milliseconds; a sign-in hashes a password for half a second.
const SECONDS: [f64; 9] = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0];

/// The counts of this node since its start. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Requests(Family<Labels, Histogram>);

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    method: &'static str,
    /// `/visits/{id}/note`, or nothing for an address that is no route.
    route: String,
    status: u16,
}

impl Requests {
    pub fn new() -> Self {
        Self(Family::new_with_constructor(|| Histogram::new(SECONDS)))
    }

    pub fn register(&self, registry: &mut Registry) {
        registry.register_with_unit("http_request_duration", "How long requests took to answer", Unit::Seconds, self.0.clone());
    }
}

impl Default for Requests {
    fn default() -> Self {
        Self::new()
    }
}

/// Count a request once it is answered.
pub async fn count(request: ServiceRequest, next: Next<impl MessageBody>) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let (began, method) = (Instant::now(), method(request.method().as_str()));
    let requests = request.app_data::<Data<Requests>>().cloned();
    let response = next.call(request).await?;
    if let Some(requests) = requests {
        let route = response.request().match_pattern().unwrap_or_default();
        let labels = Labels { method, route, status: response.status().as_u16() };
        requests.0.get_or_create(&labels).observe(began.elapsed().as_secs_f64());
    }
    Ok(response)
}

/// The methods that there are. Whatever else somebody sends is one label and not a new one each time.
fn method(sent: &str) -> &'static str {
    ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"].into_iter().find(|known| *known == sent).unwrap_or("other")
}
