//! `PUT /v3/grants/{grant_id}/contacts/{contact_id}`

use super::read::read;
use crate::call::Call;
use crate::openapi::Operation;
use crate::routes::Answer;

use super::schema::{CONTACT, body};

/// Describes the change.
pub fn operation() -> Operation {
    Operation::new("updateContact", "Change a contact")
        .about("What is not sent stays, `null` clears, and a list replaces the one that was there.")
        .select()
        .body(body())
        .one(CONTACT.reference())
}

/// Changes a contact: what is not sent stays, lists that are sent replace the stored ones.
pub async fn update(call: Call) -> Answer {
    let grant = call.grant().await?;
    let mut body = call.body.fields();
    let (change, warnings) = read(&mut body)?;
    let id = call.parameter("contact_id");
    let contact = call.mailroom.update_contact(&grant, id, change).await?;
    Ok(call
        .object(&call.select().reduce(contact))
        .warnings(&warnings))
}
