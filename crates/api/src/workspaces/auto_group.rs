//! `POST /v3/workspaces/auto-group`

use posthouse_mailroom::workspaces::AutoGroup;
use serde_json::json;

use crate::call::Call;
use crate::routes::Answer;

/// Groups the accounts of the default workspace by their domains. The work is done when the answer comes.
pub async fn auto_group(call: Call) -> Answer {
    let mut body = call.body.fields();
    let wish = AutoGroup {
        after_created_at: body.optional("after_created_at")?,
        invalid_also: body.optional("invalid_also")?.unwrap_or(false),
        specific_domain: body.optional("specific_domain")?,
    };
    let warnings = body.unknown();
    let done = call.mailroom.auto_group(call.actor()?, wish).await?;
    let message = format!("{} grants moved", done.moved);
    let object = json!({ "job_id": done.job_id, "message": message });
    Ok(call.object(&object).warnings(&warnings))
}
