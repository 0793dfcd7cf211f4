//! Applications: the key's own, and all of them for operators.

mod create;
mod delete;
mod get;
mod list;
mod render;
mod schema;
mod update;

use crate::routes::{Route, Scope};

pub(crate) use schema::APPLICATION;

const OWN: &str = "/v3/applications";
const ONE: &str = "/v3/applications/{application_id}";

/// Returns the routes of this folder.
pub fn routes() -> Vec<Route> {
    let mut table = vec![
        Route::get(OWN, Scope::Application, get::own).described(get::own_operation),
        Route::post(OWN, Scope::Organization, create::create)
            .admin()
            .described(create::operation),
        Route::get(ONE, Scope::Organization, get::one)
            .admin()
            .described(get::one_operation),
        Route::delete(ONE, Scope::Organization, delete::delete)
            .admin()
            .described(delete::operation),
        Route::get("/v3/admin/applications", Scope::Organization, list::list)
            .admin()
            .described(list::operation),
    ];
    let own = Route::update(OWN, Scope::Application, update::own);
    table.extend(own.map(|route| route.described(update::own_operation)));
    let one = Route::update(ONE, Scope::Organization, update::one);
    table.extend(one.map(|route| route.admin().described(update::one_operation)));
    table
}
