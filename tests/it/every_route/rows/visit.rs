//! The visit itself: the waiting room, the call, the note.

use super::Sends::{Form, Json, Nothing, Upgrade};
use super::{Case, Row, plain, row};
use crate::every_route::stage::With;
use crate::every_route::visitors::Visitor::{Clinician, Device, Scheduler};
use anteroom::appointments::VisitState::{Checking, Ended, InCall, Redeemed, Sent, Waiting};

pub fn rows() -> Vec<Row> {
    [today(), patients_side(), steps(), call(), emergency()].into_iter().flatten().collect()
}

fn today() -> Vec<Row> {
    vec![
        plain("GET /today", Clinician, Nothing),
        plain("GET /today/list", Clinician, Nothing),
        plain("GET /today/socket", Clinician, Upgrade).open("says that something changed, with ids and states and never a name"),
        plain("POST /today/delay", Clinician, Form(&[("minutes", "10")]))
            .keeps_stage()
            .sending("on time again", Form(&[("minutes", "0")]))
            .sending("not on the list", Form(&[("minutes", "7")])),
    ]
}

fn patients_side() -> Vec<Row> {
    let agreed = Form(&[("consent", "1")]);
    let sharing = row("POST /visits/{id}/sharing", Device, InCall, Nothing).case;
    let offer = Json(include_str!("offer.json"));
    vec![
        row("GET /visits/{id}", Device, Waiting, Nothing)
            .open("the patient's own page: it opens nothing that is sealed, and a call goes on through an outage (AUD-03)")
            .when("over", Ended, &[]),
        row("GET /visits/{id}/socket", Clinician, Waiting, Upgrade)
            .open("a call goes on through an outage (AUD-03); it says states, and nothing that is sealed without its event"),
        row("POST /visits/{id}/arrival", Device, Redeemed, agreed)
            .sending("with somebody", Form(&[("consent", "1"), ("companion", "Ana Canary"), ("relation", "child")]))
            .sending("without consent", Form(&[("consent", "0")]))
            .when("waits already", Waiting, &[])
            .when("over", Ended, &[]),
        row("POST /visits/{id}/sharing", Device, InCall, Form(&[("to", "on")]))
            .with(&[With::Sharing])
            .when("without leave", InCall, &[])
            .sending("nothing was shown", Form(&[("to", "off")]))
            .also(Case { ends: "stopped", with: &[With::Shown], sends: Form(&[("to", "off")]), ..sharing }),
        row("POST /visits/{id}/network-check", Device, Redeemed, offer)
            .open("it says how the device's own connection is, opens nothing and writes nothing")
            .sending("names an address", Json(r#"{"offer":"v=0\r\na=candidate:1 1 udp 1 10.0.0.1 9 typ host"}"#))
            .sending("unreadable", Json(r#"{"offer":"v=0"}"#))
            .sending("more than is asked", Json(r#"{"offer":"v=0","candidate":"x"}"#)),
        row("POST /visits/{id}/network-check/result", Device, Redeemed, Json(r#"{"verdict":"good","round_trip_ms":45}"#))
            .open("numbers about the device's own connection, kept in memory")
            .sending("no number", Json(r#"{"verdict":"good","round_trip_ms":"here"}"#))
            .sending("more than numbers", Json(r#"{"verdict":"good","address":"192.0.2.1"}"#)),
        plain("POST /network-check", Scheduler, offer)
            .open("it says how the own connection is, opens nothing and writes nothing")
            .sending("names an address", Json(r#"{"offer":"v=0\r\na=candidate:1 1 udp 1 10.0.0.1 9 typ host"}"#)),
        row("POST /visits/{id}/departure", Device, Waiting, Form(&[])).when("was not there", Redeemed, &[]),
    ]
}

/// The clinician's buttons.
fn steps() -> Vec<Row> {
    let step = |route, state, sends| row(route, Clinician, state, sends).when("not at this point", Ended, &[]);
    vec![
        step("POST /visits/{id}/admission", Waiting, Form(&[]))
            .when("pressed twice", Checking, &[])
            .to("unknown visit", "/visits/{unknown}/admission"),
        step("POST /visits/{id}/hold", Waiting, Form(&[])),
        step("POST /visits/{id}/message", Waiting, Form(&[("message", "We are running late.")]))
            .sending("nothing typed", Form(&[("message", " ")])),
        step("POST /visits/{id}/removal", Waiting, Form(&[])),
        step("POST /visits/{id}/incident", InCall, Form(&[])),
        step("POST /visits/{id}/waiting", InCall, Form(&[])),
        step("POST /visits/{id}/identity", Checking, Form(&[("answer", "confirmed")]))
            .sending("not this person", Form(&[("answer", "not_this_person")]))
            .sending("no such answer", Form(&[("answer", "maybe")])),
        step("POST /visits/{id}/rules", InCall, Form(&[("rule", "lock"), ("to", "on")]))
            .sending("the patient's screen", Form(&[("rule", "sharing"), ("to", "on")]))
            .sending("no chat", Form(&[("rule", "chat"), ("to", "off")]))
            .sending("no such rule", Form(&[("rule", "camera"), ("to", "on")]))
            .when("identity not recorded", Checking, &[]),
        step("POST /visits/{id}/end", InCall, Form(&[])),
        step("POST /visits/{id}/absence", Sent, Form(&[])),
        row("POST /visits/{id}/device-move", Clinician, Waiting, Form(&[("device", "{asking}"), ("answer", "yes")]))
            .with(&[With::Asking])
            .sending("asks no more", Form(&[("device", "{unknown}"), ("answer", "yes")]))
            .sending("refused by the clinician", Form(&[("device", "{asking}"), ("answer", "no")])),
        step("POST /visits/{id}/links", Sent, Form(&[])),
    ]
}

fn call() -> Vec<Row> {
    let note = r#"{"text":"Rest, and fluids.","version":0}"#;
    let page = row("GET /visits/{id}/call", Clinician, InCall, Nothing).when("nobody was admitted", Waiting, &[]);
    vec![
        page.when("with somebody", InCall, &[With::Companion]),
        row("GET /visits/{id}/reason", Clinician, InCall, Nothing)
            .when("identity not recorded", Checking, &[])
            .to("unknown visit", "/visits/{unknown}/reason"),
        row("GET /visits/{id}/note", Clinician, InCall, Nothing)
            .when("identity not recorded", Checking, &[])
            .to("unknown visit", "/visits/{unknown}/note"),
        row("PUT /visits/{id}/note", Clinician, InCall, Json(note))
            .sending("somebody saved first", Json(r#"{"text":"Rest.","version":7}"#))
            .sending("unreadable", Json("{}"))
            .when("identity not recorded", Checking, &[]),
    ]
}

fn emergency() -> Vec<Row> {
    let asked = |patient| match patient {
        "somebody" => Form(&[("request_key", "{key}"), ("patient", "{taken}"), ("why", "Collapsed at home")]),
        "nobody" => Form(&[("request_key", "{key}"), ("patient", "{new}"), ("why", "Collapsed at home")]),
        _ => Form(&[("request_key", "{key}"), ("patient", "{taken}"), ("why", "")]),
    };
    vec![
        plain("GET /emergency", Clinician, Nothing).open("a form without anybody in it"),
        plain("POST /emergency", Clinician, asked("somebody"))
            .keeps_stage()
            .sending("nobody found", asked("nobody"))
            .sending("no reason", asked("")),
        plain("GET /emergency/{id}", Clinician, Nothing).to("unknown", "/emergency/{unknown}"),
        plain("POST /emergency/{id}/end", Clinician, Form(&[])).to("unknown", "/emergency/{unknown}/end"),
    ]
}
