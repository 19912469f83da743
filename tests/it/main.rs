//! Integration tests: the product through its front door, on SQLite and on PostgreSQL.
#![expect(clippy::unwrap_used, reason = "a test that unwraps a failure has failed, with a line number")]

mod support;

mod appointments;
mod architecture;
mod calls;
mod clock_steps;
mod compliance;
mod crash_loop;
mod device_move;
mod every_route;
mod faults;
mod inventory;
mod languages;
mod letters;
mod link_keys;
mod links;
mod mail;
mod no_phi;
mod patients;
mod production;
mod records;
mod restarts;
mod scanners;
mod schema;
mod sealing;
mod smtp;
mod staff;
mod undelivered;
mod visit_model;
mod waiting_room;
