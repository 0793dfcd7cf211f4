//! The HTTP client of the API, and the profile it connects with.

mod api;
mod failure;
mod pages;
mod profile;
mod warnings;

pub use api::{Answer, Api, segment};
pub use failure::{EXIT_USAGE, Failure};
pub use pages::{all_grants, all_items, all_rows};
pub use profile::{Origin, Profile};
pub use warnings::warnings;
