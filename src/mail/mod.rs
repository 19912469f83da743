//! Mail: letters about a visit that wait in the database until a mail server has taken them.
//!
//! A letter is queued in the transaction of what it tells, with its recipient and values sealed (EML-07). The job opens,
//! renders and sends it, and blanks the values once it has left. What may stand in a letter is a closed list: no name, no
//! clinician, no reason (EML-01). A report that a letter came back is taken by `bounce` (EML-08). `notices` are letters to the clinic's own
//! address for compliance.

pub mod bounce;
mod dsn;
mod ics;
pub mod job;
pub mod message;
pub mod notices;
pub mod outbox;
pub mod transport;

pub use dsn::REPORT_BYTES_MAX;
