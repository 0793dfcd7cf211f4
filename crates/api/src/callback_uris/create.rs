//! `POST /v3/applications/redirect-uris`

use super::schema::{CALLBACK_URI, body};
use super::{read, render};
use crate::call::Call;
use crate::openapi::Operation;
use crate::routes::Answer;

/// Describes it for one of the two names that these objects have.
pub fn operation(word: &str) -> Operation {
    Operation::new(format!("create{word}"), "Add a callback URI")
        .about("The same one again is answered as it is there.")
        .body(body())
        .one(CALLBACK_URI.reference())
}

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
