//! Typed lists that rules look into: domains, endings of domains, addresses.
//!
//! | module | what it is for |
//! |---|---|
//! | `create`, `find`, `update`, `delete` | lists |
//! | `items` | what they hold, up to a million each |
//! | `view` | how a list is shown |

mod create;
mod delete;
mod find;
mod items;
mod update;
mod view;

pub use create::NewList;
pub use find::ListPage;
pub use items::{ItemPage, ItemView};
pub use posthouse_rules::limits::{DESCRIPTION_CHARACTERS_MAX, ITEM_CHARACTERS_MAX};
pub use update::ListChanges;
pub use view::{ListView, TYPES};
