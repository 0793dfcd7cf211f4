//! Provider detection.

mod detect;

use crate::body::BodyRule;
use crate::routes::{Route, Scope};

/// Returns the routes of this folder.
pub fn routes() -> Vec<Route> {
    // The address comes in the query; whatever is in the body is ignored.
    let detect = Route::post("/v3/providers/detect", Scope::Server, detect::detect)
        .body(BodyRule::Ignored)
        .reads()
        .described(detect::operation);
    vec![detect]
}
