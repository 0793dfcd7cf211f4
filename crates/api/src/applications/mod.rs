//! Applications: the key's own, and all of them for operators.

mod create;
mod delete;
mod get;
mod list;
mod render;
mod update;

use crate::routes::{Route, Scope};

const OWN: &str = "/v3/applications";
const ONE: &str = "/v3/applications/{application_id}";

/// Returns the routes of this folder.
pub fn routes() -> Vec<Route> {
    let mut table = vec![
        Route::get(OWN, Scope::Application, get::own),
        Route::post(OWN, Scope::Organization, create::create).admin(),
        Route::get(ONE, Scope::Organization, get::one).admin(),
        Route::delete(ONE, Scope::Organization, delete::delete).admin(),
        Route::get("/v3/admin/applications", Scope::Organization, list::list).admin(),
    ];
    table.extend(Route::update(OWN, Scope::Application, update::own));
    let one = Route::update(ONE, Scope::Organization, update::one);
    table.extend(one.map(Route::admin));
    table
}
