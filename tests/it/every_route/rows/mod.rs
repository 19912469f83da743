//! The rows: for each route a request that succeeds for whoever it is meant for, what it does when the log is full, and
//! requests that end otherwise.

mod desk;
mod links;
mod open;
mod rights;
mod staff;
mod visit;

use super::stage::With;
use super::visitors::Visitor;
use anteroom::appointments::VisitState;

/// One route.
pub struct Row {
    /// The request that succeeds.
    pub case: Case,
    /// Why it answers as usual when no event can be written; nothing for all that shows or changes something of a patient, or an
    /// account.
    pub open: Option<&'static str>,
    /// How else it ends.
    pub others: Vec<Case>,
}

/// One request.
#[derive(Clone)]
pub struct Case {
    pub route: &'static str,
    /// How it ends, in words; "" for the one that succeeds.
    pub ends: &'static str,
    pub by: Visitor,
    pub state: VisitState,
    pub with: &'static [With],
    /// With `{id}` and the other facts of a stage.
    pub address: &'static str,
    pub sends: Sends,
    /// It carries no form token: there is no session yet to tie one to, and the browser says whose page asks.
    pub before_session: bool,
    /// Whoever asks after somebody who got through needs no new stage.
    pub keeps_stage: bool,
}

#[derive(Debug, Clone, Copy)]
pub enum Sends {
    Nothing,
    Form(&'static [(&'static str, &'static str)]),
    Json(&'static str),
    /// A browser that opens a WebSocket.
    Upgrade,
}

/// All rows, in the order of the reviewed table.
pub fn rows() -> Vec<Row> {
    [open::rows(), staff::rows(), rights::rows(), desk::rows(), links::rows(), visit::rows()].into_iter().flatten().collect()
}

fn row(route: &'static str, by: Visitor, state: VisitState, sends: Sends) -> Row {
    let address = route.split_once(' ').expect("a method and a path").1;
    let keeps_stage = route.starts_with("GET ");
    let case = Case { route, ends: "", by, state, with: &[], address, sends, before_session: false, keeps_stage };
    Row { case, open: None, others: Vec::new() }
}

/// A route that needs no visit in any state.
fn plain(route: &'static str, by: Visitor, sends: Sends) -> Row {
    row(route, by, VisitState::Sent, sends)
}

impl Case {
    /// Whether it may change something.
    pub fn is_unsafe(&self) -> bool {
        !self.route.starts_with("GET ")
    }
}

impl Row {
    fn with(mut self, with: &'static [With]) -> Self {
        self.case.with = with;
        self
    }

    fn at(mut self, address: &'static str) -> Self {
        self.case.address = address;
        self
    }

    fn before_session(mut self) -> Self {
        self.case.before_session = true;
        self
    }

    fn keeps_stage(mut self) -> Self {
        self.case.keeps_stage = true;
        self
    }

    fn open(mut self, why: &'static str) -> Self {
        self.open = Some(why);
        self
    }

    /// The same request where the visit stands elsewhere.
    fn when(self, ends: &'static str, state: VisitState, with: &'static [With]) -> Self {
        let case = Case { ends, state, with, ..self.case.clone() };
        self.also(case)
    }

    /// Another request at the same stage.
    fn sending(self, ends: &'static str, sends: Sends) -> Self {
        let case = Case { ends, sends, ..self.case.clone() };
        self.also(case)
    }

    fn sending_with(self, ends: &'static str, with: &'static [With], sends: Sends) -> Self {
        let case = Case { ends, with, sends, ..self.case.clone() };
        self.also(case)
    }

    /// The same request at another address.
    fn to(self, ends: &'static str, address: &'static str) -> Self {
        let case = Case { ends, address, ..self.case.clone() };
        self.also(case)
    }

    fn also(mut self, case: Case) -> Self {
        self.others.push(case);
        self
    }
}
