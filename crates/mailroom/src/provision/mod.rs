//! Accounts: made, found, listed, changed, deleted.
//!
//! An address has one owner on the whole server. Every look-up is confined to the application of the key that asks,
//! and to the part of it that the key reaches: what is outside looks exactly like what does not exist.

mod account;
mod aliases;
mod changes;
mod create;
mod delete;
mod find;
mod list;
mod spelling;
mod suspend;
mod sweep;
mod update;

pub use account::{AccountStatus, AccountView};
pub use aliases::AliasView;
pub use create::NewAccount;
pub use list::{AccountPage, AccountQuery};
pub use suspend::{NewSuspension, SUSPENDED_INBOUND, SUSPENSION_REASON_CHARACTERS_MAX};
pub use update::AccountChanges;

pub(crate) use account::domain_of;
pub(crate) use changes::note_updated;
