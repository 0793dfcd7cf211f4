//! `POST /v3/connect/custom`

use posthouse_mailroom::passwords::AppPassword;
use posthouse_mailroom::provision::NewAccount;

use crate::body::Fields;
use crate::call::Call;
use crate::error::ApiError;
use crate::grants;
use crate::grants::schema::{GRANT, app_password, name};
use crate::idempotency::idempotent;
use crate::openapi::Operation;
use crate::openapi::schema::{email, flag, ignored, list, object, optional, required, text};
use crate::routes::Answer;

/// Describes the creation.
pub fn operation() -> Operation {
    let settings = object([
        optional("email", email().example("triage@agents.example")),
        optional("app_password", app_password()),
        optional("plus_addressing", flag()),
        optional(
            "aliases",
            list(email()).about("Further addresses, at most 50."),
        ),
        ignored("policy_id"),
        ignored("credential_id"),
    ]);
    Operation::new("createCustomAuthentication", "Create an account")
        .about(
            "The one that the application has at the address already is answered like a new one.",
        )
        .idempotent()
        .body(object([
            required("provider", text().example("nylas")),
            optional("settings", settings),
            optional("name", name()),
            optional("workspace_id", text()),
            ignored("state"),
            ignored("scope"),
        ]))
        .fails([404])
        .created(GRANT.reference())
}

/// Makes an account, or answers the one that the application has at the address.
pub async fn custom(call: Call) -> Answer {
    idempotent(&call, None, create(&call)).await
}

async fn create(call: &Call) -> Answer {
    let mut body = call.body.fields();
    let (new, warnings) = read(&mut body)?;
    let view = call.mailroom.create_account(call.actor()?, new).await?;
    Ok(call.created(&grants::render(&view)).warnings(&warnings))
}

fn read(body: &mut Fields<'_>) -> Result<(NewAccount, Vec<String>), ApiError> {
    let mut new = NewAccount {
        provider: body.required("provider")?,
        name: body.optional("name")?,
        workspace_id: body.optional("workspace_id")?,
        ..NewAccount::default()
    };
    body.ignore(&["state", "scope"]);
    let settings = body.object("settings")?;
    let mut warnings = body.unknown();
    // Other providers need other settings, so that theirs are refused by the provider and not by a missing address.
    if let Some(mut settings) = settings {
        new.email = settings.optional("email")?.unwrap_or_default();
        new.app_password = settings.optional("app_password")?.map(AppPassword::new);
        new.plus_addressing = settings.optional("plus_addressing")?;
        new.aliases = settings.optional("aliases")?.unwrap_or_default();
        settings.ignore(&["policy_id", "credential_id"]);
        warnings.extend(settings.unknown());
    }
    Ok((new, warnings))
}
