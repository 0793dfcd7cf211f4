//! `PUT /v3/admin/domains/{domain_id}`

use posthouse_mailroom::domains::DomainChanges;

use super::render;
use crate::body::Change;
use crate::call::Call;
use crate::routes::Answer;

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
