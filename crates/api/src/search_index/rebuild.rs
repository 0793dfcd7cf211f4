//! `POST /v3/admin/search-index/rebuild`

use super::render::{SEARCH_INDEX, render};
use crate::call::Call;
use crate::openapi::Operation;
use crate::routes::Answer;

/// Describes the beginning of a rebuild.
pub fn operation() -> Operation {
    Operation::new("rebuildSearchIndex", "Index all messages anew")
        .about(
            "The answer comes at once; the work goes on in the server, also after a restart, and searches go on meanwhile. \
             Does nothing while it is under way.",
        )
        .one(SEARCH_INDEX.reference())
}

/// Has every message indexed anew.
pub async fn rebuild(call: Call) -> Answer {
    let report = call.mailroom.rebuild_search_index(call.actor()?).await?;
    Ok(call.object(&render(&report)))
}
