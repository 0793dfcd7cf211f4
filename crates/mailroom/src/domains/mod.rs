//! Registered domains: where accounts can be, and for which application.

mod create;
mod delete;
mod update;
mod view;

pub use create::{DomainOwner, NewDomain};
pub use update::DomainChanges;
pub(crate) use view::{DomainName, find_domain};
pub use view::{DomainPage, DomainView};
