//! `PATCH /v3/grants/{grant_id}`

use posthouse_mailroom::passwords::AppPassword;
use posthouse_mailroom::provision::AccountChanges;

use super::render;
use super::schema::{GRANT, app_password, name};
use crate::body::{Change, Fields};
use crate::call::Call;
use crate::error::ApiError;
use crate::openapi::Operation;
use crate::openapi::schema::{email, flag, ignored, object, optional, replacement, text};
use crate::routes::Answer;

/// Describes the change.
pub fn operation() -> Operation {
    let settings = object([
        optional(
            "email",
            email().about("An account keeps its address: only that one is taken."),
        ),
        optional("app_password", app_password()),
        replacement("plus_addressing", flag()),
    ]);
    Operation::new("updateGrant", "Change an account")
        .about("What is not sent stays, also inside `settings`.")
        .body(object([
            optional("name", name()),
            optional("workspace_id", text()),
            optional("settings", settings),
            ignored("scope"),
            ignored("provider"),
        ]))
        .one(GRANT.reference())
}

/// Changes an account: what is not sent stays, also inside `settings`.
pub async fn update(call: Call) -> Answer {
    let mut body = call.body.fields();
    let (changes, warnings) = read(&mut body)?;
    let view = call
        .mailroom
        .update_account(call.actor()?, call.parameter("grant_id"), changes)
        .await?;
    Ok(call.object(&render(&view)).warnings(&warnings))
}

fn read(body: &mut Fields<'_>) -> Result<(AccountChanges, Vec<String>), ApiError> {
    let mut changes = AccountChanges {
        name: cleared_or_set(body.change("name")?),
        // `null` keeps the workspace: an account is never without one.
        workspace_id: body.optional("workspace_id")?,
        ..AccountChanges::default()
    };
    body.ignore(&["scope", "provider"]);
    let settings = body.object("settings")?;
    let mut warnings = body.unknown();
    if let Some(mut settings) = settings {
        changes.email = settings.optional("email")?;
        changes.app_password = cleared_or_set(settings.change("app_password")?)
            .map(|password| password.map(AppPassword::new));
        changes.plus_addressing = settings.replacement("plus_addressing")?;
        warnings.extend(settings.unknown());
    }
    Ok((changes, warnings))
}

fn cleared_or_set(change: Change<String>) -> Option<Option<String>> {
    match change {
        Change::Keep => None,
        Change::Clear => Some(None),
        Change::Set(text) => Some(Some(text)),
    }
}
