//! The SMTP door against a recording intake: every session runs over an in-memory stream or a loopback socket.

mod chunks;
mod client;
mod hostile;
mod limits;
mod listener;
mod messages;
mod recorder;
mod smuggling;
mod starttls;
mod verbs;
