//! Mail: letters about a visit that wait in the database until a mail server has taken them.
//!
//! A letter is queued in the transaction of what it tells, with its recipient and values sealed (EML-07). The job opens,
//! renders and sends it, and blanks the values once it has left. What may stand in a letter is a closed list: no name, no
//! clinician, no reason (EML-01).

mod ics;
pub mod job;
pub mod message;
pub mod outbox;
pub mod transport;
