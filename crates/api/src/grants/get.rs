//! `GET /v3/grants/{grant_id}`, also as `/v3/grants/me`

use super::GRANT;
use super::render;
use crate::call::Call;
use crate::openapi::{Operation, Parameter};
use crate::routes::Answer;

/// Describes the answer.
pub fn operation() -> Operation {
    Operation::new("findGrant", "Get an account")
        .query([Parameter::flag("expose_aliases", "Adds `email_aliases`.")])
        .select()
        .one(GRANT.reference())
}

/// Answers an account, in any spelling of its id.
pub async fn get(call: Call) -> Answer {
    let aliases = call.query.flag("expose_aliases")?.unwrap_or(false);
    let view = call
        .mailroom
        .get_account(call.actor()?, call.parameter("grant_id"))
        .await?;
    let mut object = render(&view);
    if aliases {
        // Accounts have no aliases yet.
        object["email_aliases"] = serde_json::json!([]);
    }
    Ok(call.object(&call.select().reduce(object)))
}
