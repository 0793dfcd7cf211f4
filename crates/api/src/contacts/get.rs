//! `GET /v3/grants/{grant_id}/contacts/{contact_id}`

use crate::call::Call;
use crate::openapi::Operation;
use crate::routes::Answer;

use super::CONTACT;

/// Describes the answer.
pub fn operation() -> Operation {
    Operation::new("findContact", "Get a contact")
        .select()
        .one(CONTACT.reference())
}

/// Answers one contact. `profile_picture` has no effect: pictures are not stored.
pub async fn get(call: Call) -> Answer {
    let grant = call.grant().await?;
    let id = call.parameter("contact_id");
    let contact = call.mailroom.get_contact(&grant, id).await?;
    Ok(call.object(&call.select().reduce(contact)))
}
