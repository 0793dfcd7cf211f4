//! Contacts: the address book of an account.
//!
//! A contact leaves this module as finished JSON, because the API and webhooks show the same object.

mod check;
mod create;
mod delete;
mod fields;
mod find;
mod index;
mod list;
mod object;
mod update;

pub use fields::{ContactChange, ContactEntry, ContactList, ContactText};
pub use list::{ContactPage, ContactQuery};

pub(crate) use object::object;

/// Characters of a text field.
pub const TEXT_CHARACTERS_MAX: usize = 255;
/// Characters of the notes.
pub const NOTES_CHARACTERS_MAX: usize = 65_536;
/// Entries of each list.
pub const ENTRIES_MAX: usize = 50;
/// The `source` of contacts that were made here.
pub const ADDRESS_BOOK: &str = "address_book";
/// Every `source` there is.
pub const SOURCES: [&str; 3] = [ADDRESS_BOOK, "inbox", "domain"];
