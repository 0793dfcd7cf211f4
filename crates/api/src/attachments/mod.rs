//! The attachments of an account.

use crate::routes::Route;

/// Returns the routes of this folder.
pub fn routes() -> Vec<Route> {
    Vec::new()
}
