//! Lists: what rules look into, and what is on them.

mod add_items;
mod create;
mod delete;
mod get;
mod items;
mod list;
mod remove_items;
mod schema;
mod update;

use crate::body::BodyRule;
use crate::limits::JSON_BODY_BYTES_MAX;
use crate::routes::{Route, Scope};

pub(crate) use schema::{LIST, LIST_ITEM};

const COLLECTION: &str = "/v3/lists";
const ONE: &str = "/v3/lists/{list_id}";
const ITEMS: &str = "/v3/lists/{list_id}/items";

/// Returns the routes of this folder.
pub fn routes() -> Vec<Route> {
    let application = Scope::Application;
    // The one deletion that says in its body what is to go.
    let with_body = BodyRule::Json {
        bytes_max: JSON_BODY_BYTES_MAX,
    };
    let mut table = vec![
        Route::get(COLLECTION, application, list::list).described(list::operation),
        Route::post(COLLECTION, application, create::create).described(create::operation),
        Route::get(ONE, application, get::get).described(get::operation),
        Route::delete(ONE, application, delete::delete).described(delete::operation),
        Route::get(ITEMS, application, items::items).described(items::operation),
        Route::post(ITEMS, application, add_items::add_items).described(add_items::operation),
        Route::delete(ITEMS, application, remove_items::remove_items)
            .body(with_body)
            .described(remove_items::operation),
    ];
    let update = Route::update(ONE, application, update::update);
    table.extend(update.map(|route| route.described(update::operation)));
    table
}
