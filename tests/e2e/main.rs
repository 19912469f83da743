//! The product as people meet it: the binary, real browsers, a camera that Chromium makes up.
//!
//! Everything goes through the front door. A person is a browser of their own, finds things by the names that a screen reader would say,
//! and clicks for real, because a click is what lets a page start sound and picture.
//!
//! `E2E_SHOTS=FOLDER` leaves a picture of every page, `E2E_PAGES=FOLDER` the HTML that the server sent. `E2E_FIREFOX=NAME` gives whoever has that
//! name in a test a Firefox.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where the product is not as it should be")]

mod support;

mod abuse;
mod access;
mod auditor;
mod background;
mod desk;
mod device_move;
mod idle;
mod installed;
mod keyboard;
mod languages;
mod letters;
mod line;
mod links;
mod network_check;
mod notes;
mod pages;
mod pairings;
mod presence;
mod proof;
mod regions;
mod relay;
mod restarts;
mod rights;
mod security;
mod spanish;
mod speech;
mod visits;
