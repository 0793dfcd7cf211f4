//! `POST /v3/applications`

use posthouse_mailroom::applications::{Branding, NewApplication};

use super::render::application;
use super::schema::{APPLICATION, body};
use crate::call::Call;
use crate::openapi::Operation;
use crate::routes::Answer;

/// Describes the creation.
pub fn operation() -> Operation {
    Operation::new("createApplication", "Create an application")
        .body(body())
        .created(APPLICATION.reference())
}

/// Makes an application, for operators.
pub async fn create(call: Call) -> Answer {
    let mut body = call.body.fields();
    let new = NewApplication {
        name: body.required("name")?,
        region: body.optional("region")?,
        branding: body.optional("branding")?.map(Branding),
    };
    let warnings = body.unknown();
    let view = call.mailroom.create_application(new).await?;
    Ok(call.created(&application(&view)).warnings(&warnings))
}
