//! `POST /v3/rules/dry-run`

use posthouse_mailroom::rules::{
    DryRun, OPERATORS, OUTCOMES, Subject, TRIGGERS, TrialMessage, Tried,
};
use posthouse_types::address::DisplayAddress;
use serde_json::{Map, Value};

use super::schema::body as rule_body;
use crate::body::Fields;
use crate::call::Call;
use crate::error::ApiError;
use crate::openapi::Operation;
use crate::openapi::schema::{
    Schema, any, count, either, email, flag, list, map, object, one_of, optional, required, text,
    uuid,
};
use crate::routes::Answer;

/// Describes the trial.
pub fn operation() -> Operation {
    let body = object([
        required("trigger", one_of(&TRIGGERS)),
        optional("rule_ids", list(uuid()).about("Try these.")),
        optional(
            "rules",
            list(rule_body(true)).about("Try these, which are written here; named by their place."),
        ),
        optional("workspace_id", text().about("Try those that a workspace lists.")),
        optional(
            "grant_id",
            text().about(
                "Try those of an account's workspace. Beside other rules it says whose mailbox is asked whether a \
                 recipient is known and whether a message is a reply; a stored message needs it.",
            ),
        ),
        optional("message", message()),
        optional("message_id", uuid().about("Try them on this stored message.")),
    ]);
    Operation::new("dryRunRules", "Try rules on a message")
        .about("Tells what would become of it, and which condition saw what. Nothing is stored or sent.")
        .body(body)
        .one(outcome())
        .fails([404])
}

fn message() -> Schema {
    let person = || {
        either([
            text(),
            object([optional("name", text()), required("email", email())]),
        ])
    };
    let people = || list(person());
    object([
        optional("from", either([person(), people()])),
        optional("to", people()),
        optional("cc", people()),
        optional("bcc", people()),
        optional("subject", text()),
        optional("body", text().about("No rule looks at it.")),
        optional(
            "headers",
            list(object([
                required("name", text()),
                required("value", text()),
            ])),
        ),
        optional(
            "attachments",
            list(object([
                optional("filename", text()),
                required("content_type", text()),
                optional("size", count()),
            ])),
        ),
        optional("reply_to_message_id", text()),
        optional("spam_score", any().about("A number.")),
        optional("envelope_from", text()),
        optional("envelope_to", either([text(), list(text())])),
    ])
}

fn outcome() -> Schema {
    let condition = object([
        ("field", text()),
        ("operator", one_of(&OPERATORS)),
        ("value", any()),
        ("actual", any()),
        ("matched", flag()),
    ]);
    let trace = object([
        ("rule_id", text()),
        ("name", text()),
        ("matched", flag()),
        ("conditions", list(condition)),
    ]);
    object([
        ("outcome", one_of(&OUTCOMES)),
        (
            "folder",
            text()
                .nullable()
                .about("Where the message, or the copy of a sent one, would be; `null` for none."),
        ),
        ("applied_actions", map(any())),
        ("matched_rule_ids", list(text())),
        ("trace", list(trace).about("Up to the rule that blocks.")),
    ])
}

/// Tries rules on a message.
pub async fn dry_run(call: Call) -> Answer {
    let mut body = call.body.fields();
    let trigger: String = body.required("trigger")?;
    let grant_id: Option<String> = body.optional("grant_id")?;
    let wanted = DryRun {
        trigger,
        rules: tried(call.body.object(), &mut body, grant_id.as_ref())?,
        grant_id,
        message: subject(call.body.object(), &mut body)?,
    };
    let warnings = body.unknown();
    let outcome = call.mailroom.dry_run_rules(call.actor()?, wanted).await?;
    Ok(call.object(&outcome).warnings(&warnings))
}

fn tried(
    sent: &Map<String, Value>,
    body: &mut Fields<'_>,
    grant_id: Option<&String>,
) -> Result<Tried, ApiError> {
    let ids: Option<Vec<String>> = body.optional("rule_ids")?;
    let workspace: Option<String> = body.optional("workspace_id")?;
    body.ignore(&["rules"]);
    let inline = match sent.get("rules") {
        None | Some(Value::Null) => None,
        Some(Value::Array(rules)) => Some(rules.clone()),
        Some(_) => return Err(ApiError::invalid("rules", "expected an array of rules")),
    };
    let mut named = [
        ids.map(Tried::Ids),
        inline.map(Tried::Inline),
        workspace.map(Tried::Workspace),
    ]
    .into_iter()
    .flatten();
    match (named.next(), named.next(), grant_id) {
        (Some(tried), None, _) => Ok(tried),
        (None, None, Some(grant)) => Ok(Tried::Grant(grant.clone())),
        _ => Err(ApiError::invalid(
            "rules",
            "expected one of rule_ids, rules, workspace_id or grant_id",
        )),
    }
}

fn subject(sent: &Map<String, Value>, body: &mut Fields<'_>) -> Result<Subject, ApiError> {
    let stored: Option<String> = body.optional("message_id")?;
    match (body.object("message")?, stored) {
        (Some(fields), None) => {
            let empty = Map::new();
            let raw = sent.get("message").and_then(Value::as_object);
            let message = given(raw.unwrap_or(&empty), fields)?;
            Ok(Subject::Given(Box::new(message)))
        }
        (None, Some(id)) => Ok(Subject::Stored(id)),
        _ => Err(ApiError::invalid(
            "message",
            "expected either message or message_id",
        )),
    }
}

fn given(raw: &Map<String, Value>, mut fields: Fields<'_>) -> Result<TrialMessage, ApiError> {
    fields.ignore(&[
        "from",
        "to",
        "cc",
        "bcc",
        "body",
        "spam_score",
        "envelope_to",
    ]);
    let mut headers = Vec::new();
    for mut one in fields.objects("headers")?.unwrap_or_default() {
        headers.push((one.required("name")?, one.required("value")?));
    }
    let mut attachments = Vec::new();
    for mut one in fields.objects("attachments")?.unwrap_or_default() {
        let filename: Option<String> = one.optional("filename")?;
        let size: Option<u64> = one.optional("size")?;
        let content_type = one.required("content_type")?;
        attachments.push((
            filename.unwrap_or_default(),
            content_type,
            size.unwrap_or_default(),
        ));
    }
    let spam_score = match raw.get("spam_score") {
        None | Some(Value::Null) => None,
        Some(number) => Some(
            number
                .as_f64()
                .ok_or_else(|| ApiError::invalid("message.spam_score", "expected a number"))?,
        ),
    };
    Ok(TrialMessage {
        from: people(raw, "from")?,
        to: people(raw, "to")?,
        cc: people(raw, "cc")?,
        bcc: people(raw, "bcc")?,
        subject: fields.optional("subject")?.unwrap_or_default(),
        headers,
        attachments,
        reply_to_message_id: fields.optional("reply_to_message_id")?,
        spam_score,
        envelope_from: fields.optional("envelope_from")?,
        envelope_to: people(raw, "envelope_to")?
            .into_iter()
            .map(|one| one.email)
            .collect(),
        ..TrialMessage::default()
    })
}

/// Reads addresses: an array of texts or objects, or one of them alone.
fn people(raw: &Map<String, Value>, name: &str) -> Result<Vec<DisplayAddress>, ApiError> {
    let given = match raw.get(name) {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(entries)) => entries.as_slice(),
        Some(one) => std::slice::from_ref(one),
    };
    let mut people = Vec::with_capacity(given.len());
    for (place, one) in given.iter().enumerate() {
        let (shown, address) = match one {
            Value::String(address) => (None, Some(address.as_str())),
            one => (one["name"].as_str(), one["email"].as_str()),
        };
        let Some(address) = address else {
            let path = format!("message.{name}[{place}]");
            let message = "expected an address, or an object with email";
            return Err(ApiError::invalid(path, message));
        };
        people.push(DisplayAddress {
            name: shown.unwrap_or_default().to_owned(),
            email: address.to_owned(),
        });
    }
    Ok(people)
}
