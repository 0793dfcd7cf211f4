//! `POST /v3/rules/dry-run`

use http::StatusCode;
use posthouse_mailroom::rules::{
    DryRun, OPERATORS, OUTCOMES, Subject, TRIGGERS, TrialMessage, Tried,
};
use posthouse_types::address::DisplayAddress;
use serde_json::Value;

use super::schema::body as rule_body;
use crate::body::Fields;
use crate::call::Call;
use crate::error::ApiError;
use crate::openapi::Operation;
use crate::openapi::schema::{
    Schema, any, count, either, email, flag, list, map, number, object, one_of, optional, required,
    text, uuid,
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
            list(object([required("name", text()), required("value", text())])),
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
        optional("spam_score", number()),
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
        rules: tried(&mut body, grant_id.as_ref())?,
        grant_id,
        message: subject(&mut body)?,
    };
    let warnings = body.unknown();
    let outcome = call.mailroom.dry_run_rules(call.actor()?, wanted).await?;
    Ok(call.object(&outcome).status(StatusCode::OK).warnings(&warnings))
}

fn tried(body: &mut Fields<'_>, grant_id: Option<&String>) -> Result<Tried, ApiError> {
    let ids: Option<Vec<String>> = body.optional("rule_ids")?;
    let inline: Option<Vec<Value>> = body.optional("rules")?;
    let workspace: Option<String> = body.optional("workspace_id")?;
    let named: Vec<Tried> = [
        ids.map(Tried::Ids),
        inline.map(Tried::Inline),
        workspace.map(Tried::Workspace),
    ]
    .into_iter()
    .flatten()
    .collect();
    match (<[Tried; 1]>::try_from(named), grant_id) {
        (Ok([tried]), _) => Ok(tried),
        (Err(none), Some(grant)) if none.is_empty() => Ok(Tried::Grant(grant.clone())),
        _ => Err(ApiError::invalid(
            "rules",
            "expected one of rule_ids, rules, workspace_id or grant_id",
        )),
    }
}

fn subject(body: &mut Fields<'_>) -> Result<Subject, ApiError> {
    let stored: Option<String> = body.optional("message_id")?;
    match (body.object("message")?, stored) {
        (Some(fields), None) => Ok(Subject::Given(Box::new(given(fields)?))),
        (None, Some(id)) => Ok(Subject::Stored(id)),
        _ => Err(ApiError::invalid(
            "message",
            "expected either message or message_id",
        )),
    }
}

fn given(mut fields: Fields<'_>) -> Result<TrialMessage, ApiError> {
    fields.ignore(&["body"]);
    let envelope_to = match fields.optional::<Value>("envelope_to")? {
        Some(Value::String(one)) => vec![one],
        Some(_) => fields.optional("envelope_to")?.unwrap_or_default(),
        None => Vec::new(),
    };
    let mut headers = Vec::new();
    for mut one in fields.objects("headers")?.unwrap_or_default() {
        headers.push((one.required("name")?, one.required("value")?));
    }
    let mut attachments = Vec::new();
    for mut one in fields.objects("attachments")?.unwrap_or_default() {
        let filename: Option<String> = one.optional("filename")?;
        let size: Option<i64> = one.optional("size")?;
        attachments.push((
            filename.unwrap_or_default(),
            one.required("content_type")?,
            size.unwrap_or_default().unsigned_abs(),
        ));
    }
    Ok(TrialMessage {
        from: people(&mut fields, "from")?,
        to: people(&mut fields, "to")?,
        cc: people(&mut fields, "cc")?,
        bcc: people(&mut fields, "bcc")?,
        subject: fields.optional("subject")?.unwrap_or_default(),
        headers,
        attachments,
        reply_to_message_id: fields.optional("reply_to_message_id")?,
        spam_score: fields.optional("spam_score")?,
        envelope_from: fields.optional("envelope_from")?,
        envelope_to,
    })
}

/// Reads addresses: an array of texts or objects, or one of them alone.
fn people(
    fields: &mut Fields<'_>,
    name: &'static str,
) -> Result<Vec<DisplayAddress>, ApiError> {
    let given = match fields.optional::<Value>(name)? {
        None => return Ok(Vec::new()),
        Some(Value::Array(entries)) => entries,
        Some(one) => vec![one],
    };
    let mut people = Vec::with_capacity(given.len());
    for (place, one) in given.iter().enumerate() {
        let (shown, address) = match one {
            Value::String(address) => ("", address.as_str()),
            Value::Object(members) => (
                members.get("name").and_then(Value::as_str).unwrap_or(""),
                members.get("email").and_then(Value::as_str).unwrap_or(""),
            ),
            _ => {
                let path = format!("message.{name}[{place}]");
                let message = "expected an address, or an object with email";
                return Err(ApiError::invalid(&path, message));
            }
        };
        people.push(DisplayAddress {
            name: shown.to_owned(),
            email: address.to_owned(),
        });
    }
    Ok(people)
}
