//! `PUT /v3/admin/domains/{domain_id}`

use posthouse_mailroom::domains::DomainChanges;

use super::render;
use super::schema::{DOMAIN, name};
use crate::body::Change;
use crate::call::Call;
use crate::openapi::Operation;
use crate::openapi::schema::{flag, object, optional, replacement, text};
use crate::routes::Answer;

/// Describes the change.
pub fn operation() -> Operation {
    let catch_all = text().about("The account that gets mail for addresses that nobody has.");
    Operation::new("updateDomain", "Change a domain")
        .body(object([
            replacement("name", name()),
            optional("catch_all_grant_id", catch_all),
            replacement("include_subdomains", flag()),
        ]))
        .one(DOMAIN.reference())
}

/// Changes a domain, by id or address. Whatever cannot be changed is ignored with a warning.
pub async fn update(call: Call) -> Answer {
    let mut body = call.body.fields();
    let changes = DomainChanges {
        name: body.replacement("name")?,
        catch_all_grant_id: match body.change("catch_all_grant_id")? {
            Change::Keep => None,
            Change::Clear => Some(None),
            Change::Set(id) => Some(Some(id)),
        },
        include_subdomains: body.replacement("include_subdomains")?,
    };
    let warnings = body.unknown();
    let view = call
        .mailroom
        .update_domain(call.parameter("domain_id"), changes)
        .await?;
    Ok(call.object(&render(&view)).warnings(&warnings))
}
