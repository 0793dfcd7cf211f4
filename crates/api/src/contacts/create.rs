//! `POST /v3/grants/{grant_id}/contacts`

use super::read::read;
use crate::call::Call;
use crate::openapi::Operation;
use crate::routes::Answer;

use super::schema::{CONTACT, body};

/// Describes the creation.
pub fn operation() -> Operation {
    Operation::new("createContact", "Create a contact")
        .about("A contact needs a name or an address.")
        .select()
        .body(body())
        .one(CONTACT.reference())
}

/// Makes a contact.
pub async fn create(call: Call) -> Answer {
    let grant = call.grant().await?;
    let mut body = call.body.fields();
    let (new, warnings) = read(&mut body)?;
    let contact = call.mailroom.create_contact(&grant, new).await?;
    Ok(call
        .object(&call.select().reduce(contact))
        .warnings(&warnings))
}
