//! The harness of the end-to-end tests: it spawns the real binary and looks at it from outside only.
//!
//! It knows the published contract (flags, ready file, API, SMTP) and nothing of the product's insides. A test reads as a story:
//!
//! ```no_run
//! # async fn story() {
//! use posthouse_tests::letter::Letter;
//! use posthouse_tests::server::Posthouse;
//!
//! let server = Posthouse::start().await;
//! let account = server.create_account("triage").await;
//! server.deliver(&Letter::to(&account.email).subject("Order 42")).await;
//! let messages = server.api().get(&format!("/v3/grants/{}/messages", account.id)).await.expect(200);
//! assert_eq!(messages.data()[0]["subject"], "Order 42");
//! # }
//! ```
//!
//! - [`server`] starts, stops, restarts and kills the binary; [`cli`] runs its client commands.
//! - [`api`] speaks HTTP, [`smtp`] speaks SMTP and can send what no mail program would; [`webhook`] receives.
//! - [`dns`] answers for names, [`sink`] is a far mail server that misbehaves as it is told.
//! - [`letter`] writes messages; [`eventually`](eventually()) waits for a condition, with one deadline for everything.
//! - [`database`] and [`tools`] find what `cargo xtask test` started and installed.

pub mod api;
pub mod cli;
pub mod database;
pub mod dns;
mod eventually;
pub mod letter;
pub mod server;
pub mod sink;
pub mod smtp;
pub mod tools;
pub mod webhook;

pub use eventually::{deadline, eventually, eventually_within};
