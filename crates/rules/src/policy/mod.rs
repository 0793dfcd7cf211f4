//! Policies: what the accounts of a workspace may send, receive and keep.
//!
//! - [`limit`]: the numbers a policy may set, and what holds without one
//! - [`plan`]: what the operator caps
//! - [`document`]: a policy as JSON, read, merged and checked
//! - [`effective`]: what holds in the end, policy and plan together
//! - [`types`]: which attachments are let in, judged by everything that a reader could take them for
//! - [`guard`]: what is looked for in outgoing mail, and what follows
//!
//! ```
//! use posthouse_rules::policy::{Effective, Limit, Plan, Policy};
//! use serde_json::json;
//!
//! let plan = Plan::unlimited();
//! let (policy, unknown) = Policy::from_json(
//!     &json!({"name": "Trial tenants", "limits": {"limit_count_daily_email_sent": 120}}),
//!     &plan,
//! )
//! .unwrap();
//! assert!(unknown.is_empty());
//! let effective = Effective::of(Some(&policy), &plan);
//! assert_eq!(effective.limit(Limit::SentPerDay), Some(120));
//! assert_eq!(effective.limit(Limit::ReceivedPerDay), None);
//! ```

pub mod document;
pub mod effective;
mod fields;
pub mod guard;
pub mod limit;
pub mod plan;
pub mod sniff;
pub mod types;

pub use document::{Fault, Policy};
pub use effective::Effective;
pub use guard::{Guard, GuardAction, GuardPattern, REGEX_COMPILED_BYTES_MAX};
pub use limit::Limit;
pub use plan::{Cap, Plan};
pub use types::{AttachmentReadings, TypePattern};
