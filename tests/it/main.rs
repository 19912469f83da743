//! Integration tests: the product through its front door, on SQLite and on PostgreSQL.
#![expect(clippy::unwrap_used, reason = "a test that unwraps a failure has failed, with a line number")]

mod support;

mod abuse;
mod appointments;
mod architecture;
mod bad_input;
mod calls;
mod clock_steps;
mod compliance;
mod crash_loop;
mod device_move;
mod every_route;
mod faults;
mod full_disk;
mod fuzz;
mod heads_by_mail;
mod integrity_page;
mod inventory;
mod languages;
mod letters;
mod link_keys;
mod links;
mod log_order;
mod log_tree;
mod log_verify;
mod mail;
mod no_phi;
mod opened;
mod overload;
mod patients;
mod production;
mod records;
mod restarts;
mod review;
mod scanners;
mod schema;
mod sealing;
mod smtp;
mod staff;
mod throttles;
mod undelivered;
mod visit_model;
mod waiting_room;
