//! The SMTP door: MX sessions, one file per verb.
