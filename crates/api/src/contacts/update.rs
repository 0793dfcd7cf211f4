//! `PUT /v3/grants/{grant_id}/contacts/{contact_id}`

use super::read::read;
use crate::call::Call;
use crate::routes::Answer;

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
