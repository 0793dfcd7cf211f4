//! Registered domains, for operators.

mod create;
mod delete;
mod get;
mod info;
mod list;
mod rotate;
mod schema;
mod update;
mod verification;
mod verify;
mod zone_file;

use posthouse_mailroom::domains::DomainView;
use serde_json::{Value, json};

use crate::routes::{Route, Scope};

pub(crate) use schema::DOMAIN;
pub(crate) use verification::VERIFICATION;

const COLLECTION: &str = "/v3/admin/domains";
const ONE: &str = "/v3/admin/domains/{domain_id}";
const INFO: &str = "/v3/admin/domains/{domain_id}/info";
const VERIFY: &str = "/v3/admin/domains/{domain_id}/verify";
const ZONE_FILE: &str = "/v3/admin/domains/{domain_id}/zone-file";
const ROTATE: &str = "/v3/admin/domains/{domain_id}/dkim/rotate";

/// Returns the routes of this folder.
pub fn routes() -> Vec<Route> {
    let mut table = vec![
        Route::get(COLLECTION, Scope::Organization, list::list)
            .described(list::operation)
            .admin(),
        Route::post(COLLECTION, Scope::Organization, create::create)
            .described(create::operation)
            .admin(),
        Route::get(ONE, Scope::Organization, get::get)
            .described(get::operation)
            .admin(),
        Route::delete(ONE, Scope::Organization, delete::delete)
            .described(delete::operation)
            .admin(),
        Route::post(INFO, Scope::Organization, info::info)
            .described(info::operation)
            .admin(),
        Route::post(VERIFY, Scope::Organization, verify::verify)
            .described(verify::operation)
            .admin(),
        Route::get(ZONE_FILE, Scope::Organization, zone_file::zone_file)
            .described(zone_file::operation)
            .admin(),
        Route::post(ROTATE, Scope::Organization, rotate::rotate)
            .described(rotate::operation)
            .admin(),
    ];
    let update = Route::update(ONE, Scope::Organization, update::update);
    table.extend(update.map(|route| route.admin().described(update::operation)));
    table
}

/// Returns a domain as JSON: every key is always there.
fn render(view: &DomainView) -> Value {
    json!({
        "id": view.id,
        "name": view.name,
        "branded": view.branded,
        "domain_address": view.domain_address,
        "organization_id": view.organization_id,
        "application_id": view.application_id,
        "region": view.region,
        "verified_ownership": view.verified_ownership,
        "verified_mx": view.verified_mx,
        "verified_spf": view.verified_spf,
        "verified_dkim": view.verified_dkim,
        "verified_feedback": view.verified_feedback,
        "verified_dmarc": view.verified_dmarc,
        "verified_arc": view.verified_arc,
        "sending_ready": view.sending_ready,
        "source_addresses": view.source_addresses,
        "warm_up": view.warm_up.as_ref().map(|warm_up| json!({
            "per_day": warm_up.per_day,
            "started_at": warm_up.started_at,
        })),
        "catch_all_grant_id": view.catch_all_grant_id,
        "include_subdomains": view.include_subdomains,
        "last_checked_at": view.last_checked_at,
        "created_at": view.created_at,
        "updated_at": view.updated_at,
    })
}
