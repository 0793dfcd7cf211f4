//! `POST /v3/applications`

use posthouse_mailroom::applications::{Branding, NewApplication};

use super::render::application;
use crate::call::Call;
use crate::routes::Answer;

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
