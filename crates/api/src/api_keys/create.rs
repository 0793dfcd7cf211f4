//! `POST /v3/admin/applications/{application_id}/api-keys`

use posthouse_mailroom::api_keys::{NewApiKey, NewScope};

use super::render;
use super::schema::{API_KEY, body};
use crate::call::Call;
use crate::openapi::Operation;
use crate::openapi::schema::{all, object, text};
use crate::routes::Answer;

/// Describes the creation.
pub fn operation() -> Operation {
    let key = [("api_key", text().about("The key itself."))];
    Operation::new("createApiKey", "Create an API key")
        .about("This answer is the only one that shows the key itself.")
        .body(body())
        .one(all([API_KEY.reference(), object(key)]))
}

/// Makes a key. This answer is the only one that has it.
pub async fn create(call: Call) -> Answer {
    let mut body = call.body.fields();
    let scope = match body.object("scope")? {
        Some(mut scope) => Some(NewScope {
            kind: scope.required("type")?,
            id: scope.optional("id")?,
        }),
        None => None,
    };
    let new = NewApiKey {
        name: body.required("name")?,
        expires_in_days: body.optional("expires_in")?,
        scope,
        read_only: body.optional("read_only")?.unwrap_or(false),
        admin: body.optional("admin")?.unwrap_or(false),
    };
    let warnings = body.unknown();
    let application = call.parameter("application_id");
    let created = call.mailroom.create_api_key(application, new).await?;
    let mut object = render(&created.key);
    object["api_key"] = created.text.into();
    Ok(call.object(&object).warnings(&warnings))
}
