//! `POST /v3/admin/domains`

use posthouse_mailroom::domains::{DomainOwner, NewDomain};

use super::render;
use super::schema::{DOMAIN, name};
use crate::body::Change;
use crate::call::Call;
use crate::openapi::Operation;
use crate::openapi::schema::{flag, object, optional, required, text};
use crate::routes::Answer;

/// Describes the registration.
pub fn operation() -> Operation {
    let owner =
        text().about("The application that it is for: the key's own by default, `null` for all.");
    Operation::new("createDomain", "Register a domain")
        .body(object([
            required("name", name()),
            required("domain_address", text().example("agents.example")),
            optional("application_id", owner),
            optional("include_subdomains", flag().default_is(false)),
        ]))
        .one(DOMAIN.reference())
}

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
