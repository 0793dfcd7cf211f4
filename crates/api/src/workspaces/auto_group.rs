//! `POST /v3/workspaces/auto-group`

use posthouse_mailroom::workspaces::AutoGroup;
use serde_json::json;

use crate::call::Call;
use crate::openapi::Operation;
use crate::openapi::schema::{flag, integer, object, optional, text, uuid};
use crate::routes::Answer;

/// Describes it.
pub fn operation() -> Operation {
    Operation::new("autoGroupWorkspaces", "Group accounts by their domains")
        .about("Accounts of the default workspace go to the workspace of their domain. Of large applications the first accounts when the answer comes, the others in the background.")
        .body(object([
            optional("after_created_at", integer().about("Only accounts made after these Unix seconds.")),
            optional("invalid_also", flag().default_is(false)),
            optional("specific_domain", text().at_least(1)),
        ]))
        .one(object([("job_id", uuid()), ("message", text())]))
}

/// Groups the accounts of the default workspace by their domains.
pub async fn auto_group(call: Call) -> Answer {
    let mut body = call.body.fields();
    let wish = AutoGroup {
        after_created_at: body.optional("after_created_at")?,
        invalid_also: body.optional("invalid_also")?.unwrap_or(false),
        specific_domain: body.optional("specific_domain")?,
    };
    let warnings = body.unknown();
    let done = call.mailroom.auto_group(call.actor()?, wish).await?;
    let message = match done.goes_on {
        false => format!("{} grants moved", done.moved),
        true => format!(
            "{} grants moved, the others follow in the background",
            done.moved
        ),
    };
    let object = json!({ "job_id": done.job_id, "message": message });
    Ok(call.object(&object).warnings(&warnings))
}
