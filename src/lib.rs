//! Anteroom: appointments, single-use visit links, a waiting room, calls encrypted from browser to browser, sealed records,
//! and an access log.
//!
//! # Where things are
//!
//! Ground, which knows no feature, each standing on those above it:
//!
//! - [`ids`], [`time`], [`secret`]: names of rows, instants, values that do not print themselves.
//! - [`db`]: SQLite or PostgreSQL behind one text of SQL.
//! - [`crypto`]: sealing, keys, tokens, blind indexes.
//! - [`audit`]: the access log, and through it every commit and every opening of sealed data.
//! - [`bus`], [`text`], [`config`]: hints between sockets; every sentence a person reads; the configuration.
//! - [`app`]: what every handler and job receives.
//! - [`web`]: errors, the page frame, the language of an answer, form tokens, headers, limits, sockets, static files.
//! - [`mail`]: the outbox, what a mail says, how it leaves.
//! - [`relay`]: STUN and TURN for calls that find no direct way, as a process of its own.
//!
//! Features, which stand on the ground and on those above them:
//!
//! - [`witness`]: who remembers how a log stood, and how our server asks such a one.
//! - [`clinic`]: what anybody may read about the clinic and its encryption.
//! - [`staff`]: accounts, roles, sign-in, sessions.
//! - [`patients`]: who they are, how they may be contacted.
//! - [`links`]: mint, show, redeem, withdraw. Knows a visit, a patient and a window, never an appointment.
//! - [`appointments`]: book, move, cancel, remind.
//! - [`waiting_room`]: who is here, who may enter.
//! - [`calls`]: two pages, what may pass between them, and what came of the words that their people compare.
//! - [`echo`]: a person's connection checked before the visit, against a process of its own.
//! - [`records`]: the sealed note of a visit; a patient's record opened in an emergency.
//! - [`compliance`]: reading, verifying and exporting the access log, who opened a record, what should be reviewed, that accounts were.
//! - [`rights`]: whose data a break-in touched, who must be told of it, to whom data went, what patients ask for, how long things are kept.
//! - [`jobs`], [`server`]: what happens by itself; the HTTP server.
//! - [`operations`]: health and figures for those who run it, on an address of their own.
//! - [`production`], [`init`], [`demo`]: what a clinic's start refuses; how a clinic begins; a whole one to try.
//! - [`terminal`]: the commands that are given beside a server.
//!
//! In a feature, `mod.rs` tells the story and holds the verbs; `model.rs`, `room.rs`, `session.rs`, `event.rs` are pure;
//! `store.rs` is its SQL; `pages.rs` is HTTP; `socket.rs` is WebSocket; `extract.rs` says who may call.
//!
//! # Invariants
//!
//! Each is a test of the same name in `tests/it/architecture.rs`, unless another place is given.
//!
//! - **imports point downwards only**: the order is the one above.
//! - **only db names a driver**, and **sql is written only in stores**; **no statement is built from text**.
//! - **only pages sockets and web know actix**.
//! - **pure files hold no async no clock and no randomness**.
//! - **no locked dependency is a known bad one**: `Cargo.lock` holds no OpenSSL and no aws-lc.
//! - **one crate one door**: `aes_gcm` in `crypto/envelope.rs`, `getrandom` in `crypto/random.rs`, `lettre` in `mail/transport/`,
//!   `argon2` in `staff/password.rs`, `ed25519_dalek`, `signed_note` and `tlog_tiles` in `audit/tree/`, `zip` in `compliance/archive.rs`,
//!   `qrcodegen` in `links/phone_link/qr.rs`, `actix_ws` in `web/live.rs`, `rustls` in `web/tls.rs`, `webrtc` in `echo/peer`.
//! - **calls never imports records**: the code that handles hostile network input has no path to clinical text.
//! - **nothing opens sealed data without an audit access**, and **only the log commits**: no event, no access.
//! - **the servers role can add to the log and change nothing in it**, on PostgreSQL with two roles (`tests/it/log_roles.rs`).
//! - **bookkeeping touches its tables only**: the writes without an event are a closed list.
//! - **every route has a row** in the reviewed tables of who gets what and what is written about it (`tests/it/every_route`).
//! - **no template turns escaping off**; **every text that is named exists**.
//! - **every language has every text of a patient's pages** and mails, with the same places for values (`text.rs`); staff read
//!   English.
//! - **sqlite and postgres have the same tables and columns** (`tests/it/schema.rs`).
//! - **not one packet goes to a relay of another region** (`tests/it/region_faults.rs`).
//! - **nothing passes but between the two holders of an admitted visit** (`waiting_room/room/tests.rs`).
//! - **nothing is signed that does not go on from the last head**, which is kept outside the database (`tests/it/log_tree.rs`).
//! - **no witness cosigns what does not go on from what it cosigned** (`tests/it/witness.rs`), and **one key of the log follows another
//!   by the word of the one before** (`tests/it/log_keys.rs`).
//! - **behind a veil the camera's own picture is in no stream**: who blurs or hides their room shows it again by their own choice alone
//!   (`tests/js/background.test.js`), and **compiled code may run in the worker that blurs a background and nowhere else** (`tests/it/code_served.rs`).
//! - **both sides hold the same schema** of signalling (`calls/session.rs` and `tests/js/`).
//! - **the peer and the page agree on every vector** of the spoken proof (`tests/it/proof.rs` and `tests/js/`), and **no attack of the
//!   signalling server gives both the same words** (`tests/js/proof_attack.test.js`).

pub mod app;
pub mod appointments;
pub mod audit;
pub mod bus;
pub mod calls;
pub mod clinic;
pub mod compliance;
pub mod config;
pub mod crypto;
pub mod db;
pub mod demo;
pub mod echo;
pub mod ids;
pub mod init;
pub mod jobs;
pub mod links;
pub mod mail;
pub mod operations;
pub mod patients;
pub mod production;
pub mod records;
pub mod relay;
pub mod rights;
pub mod secret;
pub mod server;
pub mod staff;
pub mod terminal;
pub mod text;
pub mod time;
pub mod waiting_room;
pub mod web;
pub mod witness;
