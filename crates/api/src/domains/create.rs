//! `POST /v3/admin/domains`

use posthouse_mailroom::domains::{DomainOwner, NewDomain};

use super::render;
use crate::body::Change;
use crate::call::Call;
use crate::routes::Answer;

/// Registers a domain for the key's application, another one, or (`null`) all of them.
pub async fn create(call: Call) -> Answer {
    let mut body = call.body.fields();
    let new = NewDomain {
        name: body.required("name")?,
        domain_address: body.required("domain_address")?,
        owner: match body.change("application_id")? {
            Change::Keep => DomainOwner::Own,
            Change::Clear => DomainOwner::Everyone,
            Change::Set(id) => DomainOwner::Application(id),
        },
        include_subdomains: body.optional("include_subdomains")?.unwrap_or(false),
    };
    let warnings = body.unknown();
    let view = call.mailroom.register_domain(call.actor()?, new).await?;
    Ok(call.object(&render(&view)).warnings(&warnings))
}
