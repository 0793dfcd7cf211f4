//! `POST /v3/webhooks/send-test-event`

use crate::call::Call;
use crate::routes::Answer;

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
