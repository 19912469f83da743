//! What anybody may read.

use super::Sends::{Form, Nothing};
use super::{Row, plain};
use crate::every_route::visitors::Visitor::Nobody;

pub fn rows() -> Vec<Row> {
    let why = "holds nothing of anybody";
    vec![
        plain("GET /static/{hash}/{path:.*}", Nobody, Nothing).at("{static}").open(why).to("no such file", "/static/0/nothing.js"),
        plain("GET /privacy", Nobody, Nothing).open(why),
        plain("GET /encryption", Nobody, Nothing).open(why),
        plain("GET /help", Nobody, Nothing).open(why),
        plain("GET /about", Nobody, Nothing).open(why),
        plain("GET /third-person", Nobody, Nothing).open(why),
        plain("GET /visit-over", Nobody, Nothing).open(why),
        plain("POST /language", Nobody, Form(&[("language", "es"), ("to", "/help")]))
            .before_session()
            .keeps_stage()
            .open(why)
            .sending("a language that we lack", Form(&[("language", "xx"), ("to", "/help")]))
            .sending("another host", Form(&[("language", "es"), ("to", "//elsewhere.example")])),
    ]
}
