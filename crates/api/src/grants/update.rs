//! `PATCH /v3/grants/{grant_id}`

use posthouse_mailroom::passwords::AppPassword;
use posthouse_mailroom::provision::AccountChanges;

use super::render;
use crate::body::{Change, Fields};
use crate::call::Call;
use crate::error::ApiError;
use crate::routes::Answer;

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
        name: optional(body.change("name")?),
        // `null` keeps the workspace: an account is never without one.
        workspace_id: body.optional("workspace_id")?,
        ..AccountChanges::default()
    };
    body.ignore(&["scope", "provider"]);
    let settings = body.object("settings")?;
    let mut warnings = body.unknown();
    if let Some(mut settings) = settings {
        changes.email = settings.optional("email")?;
        changes.app_password = optional(settings.change("app_password")?)
            .map(|password| password.map(AppPassword::new));
        changes.plus_addressing = settings.replacement("plus_addressing")?;
        warnings.extend(settings.unknown());
    }
    Ok((changes, warnings))
}

fn optional(change: Change<String>) -> Option<Option<String>> {
    match change {
        Change::Keep => None,
        Change::Clear => Some(None),
        Change::Set(text) => Some(Some(text)),
    }
}
