//! (mail)
