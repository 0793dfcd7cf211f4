//! `POST /v3/webhooks/send-test-event`

use super::schema::destination;
use crate::call::Call;
use crate::openapi::Operation;
use crate::openapi::schema::{constant, object, optional, required, text};
use crate::routes::Answer;

/// Describes the test.
pub fn operation() -> Operation {
    Operation::new("sendTestEvent", "Send a sample notification to a URL")
        .about("Succeeds when that answers 200.")
        .body(object([
            required("webhook_url", destination()),
            optional("trigger_type", text().example("message.created")),
        ]))
        .one(constant("success"))
}

/// Sends one sample notification to a URL; succeeds when that answers 200.
pub async fn send_test_event(call: Call) -> Answer {
    let mut body = call.body.fields();
    let url: String = body.required("webhook_url")?;
    let trigger: Option<String> = body.optional("trigger_type")?;
    let warnings = body.unknown();
    call.mailroom
        .send_test_event(call.actor()?, &url, trigger.as_deref())
        .await?;
    Ok(call.object(&"success").warnings(&warnings))
}
