//! `PUT /v3/admin/domains/{domain_id}`

use posthouse_mailroom::domains::DomainChanges;
use posthouse_mailroom::domains::limits::{SOURCE_ADDRESSES_MAX, WARM_UP_DAYS_MAX};

use super::render;
use super::schema::{DOMAIN, name};
use crate::body::Change;
use crate::call::Call;
use crate::openapi::Operation;
use crate::openapi::schema::{flag, integer, list, object, optional, replacement, text};
use crate::routes::Answer;

/// Describes the change.
pub fn operation() -> Operation {
    let catch_all = text().about("The account that gets mail for addresses that nobody has.");
    Operation::new("updateDomain", "Change a domain")
        .body(object([
            replacement("name", name()),
            optional("catch_all_grant_id", catch_all),
            replacement("include_subdomains", flag()),
            replacement(
                "source_addresses",
                list(text().example("192.0.2.11"))
                    .at_most(SOURCE_ADDRESSES_MAX)
                    .about("Addresses of this host that the domain's mail leaves from; none: whatever the host chooses."),
            ),
            optional(
                "warm_up",
                object([optional("per_day", list(integer()).at_most(WARM_UP_DAYS_MAX))])
                    .nullable()
                    .about("Recipients of other servers on each day, the usual ones where they are left out; `null` ends it."),
            ),
        ]))
        .one(DOMAIN.reference())
}

/// Changes a domain, by id or address. Whatever cannot be changed is ignored with a warning.
pub async fn update(call: Call) -> Answer {
    let mut body = call.body.fields();
    let warm_up = match body.object("warm_up")? {
        Some(mut fields) => Some(Some(fields.optional("per_day")?.unwrap_or_default())),
        None if body.has("warm_up") => Some(None),
        None => None,
    };
    let changes = DomainChanges {
        name: body.replacement("name")?,
        catch_all_grant_id: match body.change("catch_all_grant_id")? {
            Change::Keep => None,
            Change::Clear => Some(None),
            Change::Set(id) => Some(Some(id)),
        },
        include_subdomains: body.replacement("include_subdomains")?,
        source_addresses: body.replacement("source_addresses")?,
        warm_up,
    };
    let warnings = body.unknown();
    let view = call
        .mailroom
        .update_domain(call.parameter("domain_id"), changes)
        .await?;
    Ok(call.object(&render(&view)).warnings(&warnings))
}
