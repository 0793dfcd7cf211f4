//! `GET /v3/grants/{grant_id}`, also as `/v3/grants/me`

use super::GRANT;
use super::render;
use crate::call::Call;
use crate::openapi::{Operation, Parameter};
use crate::routes::Answer;

/// Describes the answer.
pub fn operation() -> Operation {
    Operation::new("findGrant", "Get an account")
        .query([
            Parameter::flag("expose_aliases", "Adds `email_aliases`."),
            Parameter::flag(
                "effective_policy",
                "Adds `effective_policy`: the limits and settings in force, and what is used up.",
            ),
        ])
        .select()
        .one(GRANT.reference())
}

/// Answers an account, in any spelling of its id.
pub async fn get(call: Call) -> Answer {
    let shows_aliases = call.query.flag("expose_aliases")?.unwrap_or(false);
    let shows_policy = call.query.flag("effective_policy")?.unwrap_or(false);
    let view = call
        .mailroom
        .get_account(call.actor()?, call.parameter("grant_id"))
        .await?;
    let mut object = render(&view);
    if shows_aliases {
        let aliases = call.mailroom.list_aliases(&call.grant().await?).await?;
        let addresses = aliases.into_iter().map(|alias| alias.address);
        object["email_aliases"] = addresses.collect();
    }
    if shows_policy {
        object["effective_policy"] = call.mailroom.policy_in_force(&call.grant().await?).await?;
    }
    Ok(call.object(&call.select().reduce(object)))
}
