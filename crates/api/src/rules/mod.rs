//! Rules: what becomes of messages.

mod create;
mod delete;
mod dry_run;
mod get;
mod list;
mod schema;
mod update;

use crate::routes::{Route, Scope};

pub(crate) use schema::RULE;

const COLLECTION: &str = "/v3/rules";
const DRY_RUN: &str = "/v3/rules/dry-run";
const ONE: &str = "/v3/rules/{rule_id}";

/// Returns the routes of this folder.
pub fn routes() -> Vec<Route> {
    let application = Scope::Application;
    let mut table = vec![
        Route::post(DRY_RUN, application, dry_run::dry_run)
            .reads()
            .described(dry_run::operation),
        Route::get(COLLECTION, application, list::list).described(list::operation),
        Route::post(COLLECTION, application, create::create).described(create::operation),
        Route::get(ONE, application, get::get).described(get::operation),
        Route::delete(ONE, application, delete::delete).described(delete::operation),
    ];
    let update = Route::update(ONE, application, update::update);
    table.extend(update.map(|route| route.described(update::operation)));
    table
}
