//! The folders of an account.

mod create;
mod delete;
mod get;
mod list;
mod schema;
mod update;

use posthouse_mailroom::actor::GrantRef;
use posthouse_mailroom::read::FolderView;
use serde_json::{Value, json};

use crate::call::Call;
use crate::routes::{Route, Scope};

pub(crate) use schema::FOLDER;

const COLLECTION: &str = "/v3/grants/{grant_id}/folders";
const ONE: &str = "/v3/grants/{grant_id}/folders/{folder_id}";

/// Returns the routes of this folder.
pub fn routes() -> Vec<Route> {
    let mut table = vec![
        Route::get(COLLECTION, Scope::Grant, list::list).described(list::operation),
        Route::post(COLLECTION, Scope::Grant, create::create).described(create::operation),
        Route::get(ONE, Scope::Grant, get::get).described(get::operation),
        Route::delete(ONE, Scope::Grant, delete::delete).described(delete::operation),
    ];
    let update = Route::update(ONE, Scope::Grant, update::update);
    table.extend(update.map(|route| route.described(update::operation)));
    table
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
        "text_color": folder.text_color,
        "background_color": folder.background_color,
    }))
}
