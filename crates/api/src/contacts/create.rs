//! `POST /v3/grants/{grant_id}/contacts`

use super::read::read;
use crate::call::Call;
use crate::routes::Answer;

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
