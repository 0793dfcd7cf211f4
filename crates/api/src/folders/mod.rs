//! The folders of an account.

mod get;
mod list;

use posthouse_mailroom::actor::GrantRef;
use posthouse_mailroom::read::FolderView;
use serde_json::{Value, json};

use crate::call::Call;
use crate::routes::{Route, Scope};

/// Returns the routes of this folder.
pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/v3/grants/{grant_id}/folders", Scope::Grant, list::list),
        Route::get(
            "/v3/grants/{grant_id}/folders/{folder_id}",
            Scope::Grant,
            get::get,
        ),
    ]
}

fn render(call: &Call, grant: &GrantRef, folder: &FolderView) -> Value {
    let attributes: Vec<&str> = folder
        .system
        .iter()
        .map(|system| system.attribute())
        .collect();
    call.select().reduce(json!({
        "id": folder.id,
        "grant_id": call.grant_id(grant),
        "object": "folder",
        "name": folder.name,
        "path": folder.path,
        "parent_id": folder.parent_id,
        "child_count": folder.child_count,
        "total_count": folder.total_count,
        "unread_count": folder.unread_count,
        "system_folder": folder.system.is_some(),
        "attributes": attributes,
    }))
}
