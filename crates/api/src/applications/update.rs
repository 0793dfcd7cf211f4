//! `PATCH /v3/applications` and `PATCH /v3/applications/{application_id}`

use posthouse_mailroom::applications::{
    ApplicationChanges, ApplicationName, Branding, NewCallbackUri,
};
use serde_json::Map;

use super::render::application;
use super::schema::{APPLICATION, change};
use crate::body::{Change, Fields};
use crate::call::Call;
use crate::callback_uris;
use crate::error::ApiError;
use crate::openapi::Operation;
use crate::routes::Answer;

/// Describes the change of the key's application.
pub fn own_operation() -> Operation {
    Operation::new(
        "updateApplicationDetails",
        "Change the application of the API key",
    )
    .body(change())
    .one(APPLICATION.reference())
}

/// Describes the change of any application.
pub fn one_operation() -> Operation {
    Operation::new("updateApplication", "Change an application")
        .body(change())
        .one(APPLICATION.reference())
}

/// Changes the application of the key.
pub async fn own(call: Call) -> Answer {
    let name = ApplicationName::Own(call.actor()?);
    update(&call, name).await
}

/// Changes any application, for operators.
pub async fn one(call: Call) -> Answer {
    update(&call, ApplicationName::Id(call.parameter("application_id"))).await
}

async fn update(call: &Call, name: ApplicationName<'_>) -> Answer {
    let mut body = call.body.fields();
    let changes = ApplicationChanges {
        branding: object(&mut body, "branding")?.map(Branding),
        hosted_authentication: object(&mut body, "hosted_authentication")?,
        idp_settings: object(&mut body, "idp_settings")?,
        callback_uris: uris(&mut body)?,
    };
    let warnings = body.unknown();
    let view = call.mailroom.update_application(name, changes).await?;
    Ok(call.object(&application(&view)).warnings(&warnings))
}

/// Reads an object that `null` empties.
fn object(
    body: &mut Fields<'_>,
    name: &'static str,
) -> Result<Option<Map<String, serde_json::Value>>, ApiError> {
    Ok(match body.change(name)? {
        Change::Keep => None,
        Change::Clear => Some(Map::new()),
        Change::Set(object) => Some(object),
    })
}

fn uris(body: &mut Fields<'_>) -> Result<Option<Vec<NewCallbackUri>>, ApiError> {
    if !body.has("callback_uris") {
        return Ok(None);
    }
    let items = body.objects("callback_uris")?.unwrap_or_default();
    let mut uris = Vec::with_capacity(items.len());
    for mut item in items {
        uris.push(callback_uris::read(&mut item)?);
    }
    Ok(Some(uris))
}
