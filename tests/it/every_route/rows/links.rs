//! Links, and the move of a visit to another device.

use super::Sends::{Form, Json, Nothing};
use super::{Row, plain, row};
use crate::every_route::stage::With;
use crate::every_route::visitors::Visitor::{AskingDevice, Device, Nobody};
use anteroom::appointments::VisitState::{Cancelled, Ended, Redeemed, Sent, Waiting};

pub fn rows() -> Vec<Row> {
    let same = "the same page for everybody";
    let right = Json(r#"{"token":"{token}","check":"{born}"}"#);
    let typed = Form(&[("code", "{code}"), ("check", "{born}")]);
    vec![
        plain("GET /v", Nobody, Nothing).open(same),
        row("POST /v/redemption", Nobody, Sent, right)
            .before_session()
            .sending("wrong value", Json(r#"{"token":"{token}","check":"1999-09-09"}"#))
            .sending_with("the wrong value that locks", &[With::AlmostLocked], Json(r#"{"token":"{token}","check":"1999-09-09"}"#))
            .sending("unknown link", Json(r#"{"token":"{new}","check":"{born}"}"#))
            .sending("unreadable", Json(r#"{"token":"{token}","check":"yes"}"#))
            .when("locked", Sent, &[With::Locked])
            .when("a code is asked for", Sent, &[With::Code])
            .when("open on another device", Waiting, &[])
            .when("cancelled", Cancelled, &[])
            .when("over", Ended, &[]),
        plain("GET /join", Nobody, Nothing).open(same),
        row("POST /join", Nobody, Sent, typed)
            .before_session()
            .sending("wrong value", Form(&[("code", "{code}"), ("check", "1999-09-09")]))
            .sending("unreadable code", Form(&[("code", "0"), ("check", "{born}")]))
            .when("open on another device", Waiting, &[]),
        plain("POST /v/links", Nobody, Json(r#"{"token":"{token}"}"#))
            .before_session()
            .sending("unknown link", Json(r#"{"token":"{new}"}"#))
            .sending("by code", Form(&[("code", "{code}")]))
            .when("over", Ended, &[]),
        plain("POST /v/reports", Nobody, Json(r#"{"token":"{token}","words":"not for me"}"#))
            .before_session()
            .sending("unknown link", Json(r#"{"token":"{new}","words":"not for me"}"#))
            .sending("nothing typed", Json(r#"{"token":"{token}","words":""}"#))
            .when("over", Ended, &[]),
        row("GET /v/device-move", AskingDevice, Redeemed, Nothing).with(&[With::Asking]).open("a word for how the own request stands"),
        row("POST /v/device-move", Nobody, Waiting, right)
            .before_session()
            .sending("wrong value", Json(r#"{"token":"{token}","check":"1999-09-09"}"#))
            .when("over", Ended, &[]),
        row("POST /v/device-move/pickup", AskingDevice, Waiting, Form(&[])).before_session().with(&[With::Allowed]).when(
            "not answered",
            Waiting,
            &[With::Asking],
        ),
        row("POST /visits/{id}/handover", Device, Waiting, Form(&[("device", "{asking}"), ("answer", "yes")]))
            .with(&[With::Asking])
            .sending("refused by the patient", Form(&[("device", "{asking}"), ("answer", "no")]))
            .sending("asks no more", Form(&[("device", "{unknown}"), ("answer", "yes")]))
            .sending("refused too late", Form(&[("device", "{unknown}"), ("answer", "no")])),
        row("POST /visits/{id}/phone-link", Device, Waiting, Form(&[])).when("does not wait", Redeemed, &[]),
    ]
}
