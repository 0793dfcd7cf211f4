//! `POST /v3/applications/redirect-uris`

use super::{read, render};
use crate::call::Call;
use crate::routes::Answer;

/// Adds a callback URI; the same one again answers the one that is there.
pub async fn create(call: Call) -> Answer {
    let mut body = call.body.fields();
    let new = read(&mut body)?;
    let warnings = body.unknown();
    let view = call
        .mailroom
        .create_callback_uri(call.actor()?, new)
        .await?;
    Ok(call.object(&render(&view)).warnings(&warnings))
}
