//! The use cases of Posthouse: every rule of the product, once, with no protocol.
//!
//! A door (SMTP, HTTP) parses its protocol and calls one function here; a worker is handed work from here and reports
//! back. Nothing here knows a status code, a header of HTTP or an SMTP reply; nothing but this crate talks to the store.
//!
//! - [`Mailroom`]: the handle all use cases hang on
//! - [`actor`]: who asks, and what they may reach
//! - [`receive`]: a message arrives
//! - [`read`]: mailboxes are read
//! - [`clean`]: messages as the words of their authors
//! - [`drafts`]: an account writes, and sends later
//! - [`send`]: an account sends
//! - [`outbound`]: what was sent goes out
//! - [`spam`]: what arriving mail is worth, and what is learned of it
//! - [`suppressions`], [`pauses`]: whom nothing is sent to, and who may not send
//! - [`reports`]: what other servers tell of sent mail
//! - [`organise`]: mailboxes are kept in order
//! - [`threads`]: conversations, each as one object
//! - [`search`]: mail is found by its words
//! - [`refusal`]: why a use case was refused
//! - [`provision`]: accounts are made, found, listed, changed and deleted
//! - [`applications`], [`api_keys`], [`connectors`], [`workspaces`], [`domains`]: what accounts belong to
//! - [`service_accounts`]: programs of the operator that sign their requests
//! - `dmarc_reports`: domains are told how their mail was judged
//! - `operator`: whom this server writes to, and who gets mail to `postmaster@`
//! - [`certificates`]: ordered and renewed for this server's names; [`kept_policies`]: what other domains say of their servers
//! - [`contacts`]: the address book of an account
//! - [`rules`], [`lists`]: what becomes of messages, and what is looked into for it, as operators write it
//! - [`rule_evaluations`]: what was decided by them, message by message
//! - [`audit`]: what was decided, by whom and why
//! - [`wait`]: requests wait for the next message
//! - [`webhooks`]: applications are notified of what happened
//! - [`idempotency`]: repeated requests are answered once
//! - [`passwords`]: the rules of app passwords, and where they are hashed

pub mod actor;
pub mod api_keys;
pub mod applications;
pub mod audit;
pub mod certificates;
pub mod clean;
pub mod connectors;
pub mod contacts;
pub mod domains;
pub mod drafts;
pub mod idempotency;
pub mod kept_policies;
pub mod limits;
pub mod lists;
pub mod organise;
pub mod outbound;
pub mod passwords;
pub mod pauses;
pub mod policies;
pub mod provision;
pub mod read;
pub mod receive;
pub mod refusal;
pub mod reports;
pub mod rule_evaluations;
pub mod rules;
pub mod search;
pub mod send;
pub mod service_accounts;
pub mod spam;
pub mod suppressions;
pub mod threads;
pub mod wait;
pub mod webhooks;
pub mod workspaces;

mod bootstrap;
mod dmarc_reports;
mod govern;
mod housekeeping;
mod log_reader;
mod mailroom;
mod names;
mod operator;
mod recent;
mod secrets;
mod tenancy;

pub use bootstrap::Bootstrap;
pub use mailroom::{Mailroom, MailroomConfig};
pub use refusal::Refusal;
