//! Which calls there are: their two parties' credentials and where each may be reached. `serve` says; nobody else can.

use super::super::credential;
use crate::secret::Secret;
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::Arc;

/// Addresses that one party may name. Higher: more networks changed in one call.
pub const SIGNALLED_MAX: usize = 256;

/// One of the two parties of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    Patient,
    Clinician,
}

impl Side {
    pub fn other(self) -> Self {
        match self {
            Side::Patient => Side::Clinician,
            Side::Clinician => Side::Patient,
        }
    }
}

/// A credential that `serve` gave out.
#[derive(Debug, Clone)]
pub(super) struct Grant {
    pub(super) call: Arc<str>,
    pub(super) side: Side,
    pub(super) key: [u8; 16],
}

#[derive(Debug, Default)]
pub(super) struct Calls {
    signalled: HashMap<Arc<str>, [HashSet<IpAddr>; 2]>,
    /// Those that go through listed relays alone.
    listed_only: HashSet<Arc<str>>,
    grants: HashMap<String, Grant>,
}

impl Calls {
    pub(super) fn len(&self) -> usize {
        self.signalled.len()
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.signalled.keys().map(|call| call.to_string()).collect()
    }

    pub(super) fn grant(&mut self, call: &str, side: Side, username: &str, secret: &Secret<String>, realm: &str) {
        let key = credential::key(username, realm, &credential::password(secret, username));
        let call = self.call(call);
        self.grants.insert(username.to_owned(), Grant { call, side, key });
    }

    pub(super) fn signalled(&mut self, call: &str, side: Side, ip: IpAddr) {
        let call = self.call(call);
        let named = self.signalled.get_mut(&call).map(|sides| &mut sides[side as usize]);
        if let Some(named) = named.filter(|named| named.len() < SIGNALLED_MAX) {
            named.insert(ip);
        }
    }

    pub(super) fn has_signalled(&self, call: &Arc<str>, side: Side, ip: IpAddr) -> bool {
        self.signalled.get(call).is_some_and(|sides| sides[side as usize].contains(&ip))
    }

    pub(super) fn hold_to_list(&mut self, call: &str, listed_only: bool) {
        let call = self.call(call);
        if listed_only {
            self.listed_only.insert(call)
        } else {
            self.listed_only.remove(&call)
        };
    }

    pub(super) fn is_held_to_list(&self, call: &Arc<str>) -> bool {
        self.listed_only.contains(call)
    }

    pub(super) fn granted(&self, username: &str) -> Option<&Grant> {
        self.grants.get(username)
    }

    pub(super) fn forget(&mut self, call: &str) {
        self.signalled.remove(call);
        self.listed_only.remove(call);
        self.grants.retain(|_, grant| &*grant.call != call);
    }

    /// Forget names that open nothing any more, and calls without name and allocation.
    pub(super) fn forget_ended(&mut self, unix: i64, used: &HashSet<Arc<str>>) {
        self.grants.retain(|username, _| credential::is_open(username, unix, credential::CALL_SECONDS));
        let named: HashSet<&Arc<str>> = self.grants.values().map(|grant| &grant.call).collect();
        self.signalled.retain(|call, _| used.contains(call) || named.contains(call));
        self.listed_only.retain(|call| self.signalled.contains_key(call));
    }

    fn call(&mut self, name: &str) -> Arc<str> {
        if let Some((known, _)) = self.signalled.get_key_value(name) {
            return known.clone();
        }
        let call: Arc<str> = name.into();
        self.signalled.insert(call.clone(), Default::default());
        call
    }
}
