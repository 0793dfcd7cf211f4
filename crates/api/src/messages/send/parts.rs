//! From the fields of a body to the message that the mailroom sends.

use posthouse_mailroom::send::Outgoing;
use posthouse_types::address::DisplayAddress;
use serde_json::Value;

use super::{files, tracking};
use crate::body::{Fields, JsonBody};
use crate::error::ApiError;

/// Fields that ask for something which agent accounts do not have.
const NOT_OFFERED: [(&str, &str); 2] = [("template", "templates"), ("signature_id", "signatures")];

/// Reads a message; the second value is what to warn about.
pub(crate) fn outgoing(body: &JsonBody) -> Result<(Outgoing, Vec<String>), ApiError> {
    let mut fields = body.fields();
    check_not_offered(body)?;
    let mut outgoing = Outgoing {
        from: from(body, &mut fields)?,
        to: mailboxes(&mut fields, "to")?,
        cc: mailboxes(&mut fields, "cc")?,
        bcc: mailboxes(&mut fields, "bcc")?,
        reply_to: mailboxes(&mut fields, "reply_to")?,
        subject: fields.optional("subject")?.unwrap_or_default(),
        body: fields.optional("body")?.unwrap_or_default(),
        is_plaintext: fields.optional("is_plaintext")?.unwrap_or_default(),
        custom_headers: custom_headers(&mut fields)?,
        reply_to_message_id: fields
            .optional::<String>("reply_to_message_id")?
            .filter(|id| !id.is_empty()),
        metadata: fields.optional("metadata")?.unwrap_or_default(),
        starred: fields.optional("starred")?.unwrap_or_default(),
        files: Vec::new(),
        tracking: None,
        skip_suppressed: false,
    };
    outgoing.files = files::of_json(&mut fields)?;
    if let Some(parts) = body.form() {
        outgoing.files.extend(files::of_form(parts, &outgoing.body));
    }
    let (tracking, mut warnings) = tracking::read(&mut fields)?;
    outgoing.tracking = tracking;
    fields.ignore(&["use_draft", "template", "signature_id", "send_at"]);
    warnings.extend(fields.unknown());
    Ok((outgoing, warnings))
}

/// Refuses what agent accounts do not have.
pub(crate) fn check_not_offered(body: &JsonBody) -> Result<(), ApiError> {
    let is_empty = |value: &Value| match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Object(object) => object.is_empty(),
        Value::Array(array) => array.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    };
    let asks_for = |name: &str| {
        body.object()
            .get(name)
            .is_some_and(|value| !is_empty(value))
    };
    for (name, feature) in NOT_OFFERED {
        if asks_for(name) {
            let message = format!("{feature} are not supported for agent accounts");
            return Err(ApiError::not_supported(message));
        }
    }
    Ok(())
}

/// Reads the author: an array of exactly one; a single object is the same.
pub(crate) fn from(
    body: &JsonBody,
    fields: &mut Fields<'_>,
) -> Result<Option<DisplayAddress>, ApiError> {
    if body.object().get("from").is_some_and(Value::is_object) {
        let object = fields.object("from")?;
        return object.map(|mut object| mailbox(&mut object)).transpose();
    }
    match mailboxes(fields, "from")?.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(one.clone())),
        _ => Err(fields.wrong("from", "expected exactly one")),
    }
}

/// Reads a list of addresses, empty where there is none.
pub(crate) fn mailboxes(
    fields: &mut Fields<'_>,
    name: &'static str,
) -> Result<Vec<DisplayAddress>, ApiError> {
    let objects = fields.objects(name)?.unwrap_or_default();
    objects
        .into_iter()
        .map(|mut one| mailbox(&mut one))
        .collect()
}

fn mailbox(fields: &mut Fields<'_>) -> Result<DisplayAddress, ApiError> {
    Ok(DisplayAddress {
        name: fields.optional("name")?.unwrap_or_default(),
        email: fields.required("email")?,
    })
}

/// Reads names and values of further headers.
pub(crate) fn custom_headers(fields: &mut Fields<'_>) -> Result<Vec<(String, String)>, ApiError> {
    let objects = fields.objects("custom_headers")?.unwrap_or_default();
    let header = |mut one: Fields<'_>| Ok((one.required("name")?, one.required("value")?));
    objects.into_iter().map(header).collect()
}
