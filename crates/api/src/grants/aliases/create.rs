//! `POST /v3/grants/{grant_id}/aliases`

use super::{ALIAS, render};
use crate::call::Call;
use crate::openapi::Operation;
use crate::openapi::schema::{email, object, required};
use crate::routes::Answer;

/// Describes the addition.
pub fn operation() -> Operation {
    Operation::new("createAlias", "Give an account a further address")
        .about("On any registered domain. Mail to it is stored in the account, which may send as it once the domain may.")
        .body(object([required("address", email())]))
        .fails([403, 409])
        .created(ALIAS.reference())
}

/// Gives an account a further address.
pub async fn create(call: Call) -> Answer {
    let grant = call.grant().await?;
    let mut body = call.body.fields();
    let address: String = body.required("address")?;
    let warnings = body.unknown();
    let alias = call
        .mailroom
        .add_alias(call.actor()?, &grant, &address)
        .await?;
    Ok(call.created(&render(&alias)).warnings(&warnings))
}
