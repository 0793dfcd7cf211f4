//! From the fields of a body to the message that the mailroom sends.

use posthouse_mailroom::send::Outgoing;
use posthouse_types::address::DisplayAddress;
use serde_json::{Map, Value};

use super::{files, tracking};
use crate::body::{Fields, JsonBody};
use crate::error::ApiError;

/// Reads a message; the second value is what to warn about.
pub(crate) fn outgoing(body: &JsonBody) -> Result<(Outgoing, Vec<String>), ApiError> {
    let (mut fields, mut warnings) = (body.fields(), Vec::new());
    check_not_offered(&mut fields)?;
    let mut outgoing = Outgoing {
        from: from(body, &mut fields, &mut warnings)?,
        to: mailboxes(&mut fields, "to", &mut warnings)?,
        cc: mailboxes(&mut fields, "cc", &mut warnings)?,
        bcc: mailboxes(&mut fields, "bcc", &mut warnings)?,
        reply_to: mailboxes(&mut fields, "reply_to", &mut warnings)?,
        subject: fields.optional("subject")?.unwrap_or_default(),
        body: fields.optional("body")?.unwrap_or_default(),
        is_plaintext: fields.optional("is_plaintext")?.unwrap_or_default(),
        custom_headers: custom_headers(&mut fields, &mut warnings)?,
        reply_to_message_id: fields
            .optional::<String>("reply_to_message_id")?
            .filter(|id| !id.is_empty()),
        metadata: fields.optional("metadata")?.unwrap_or_default(),
        starred: fields.optional("starred")?.unwrap_or_default(),
        files: Vec::new(),
        tracking: None,
        skip_suppressed: false,
        require_tls: false,
        list_unsubscribe: fields.optional("list_unsubscribe")?.unwrap_or_default(),
    };
    outgoing.files = files::of_json(&mut fields, &mut warnings)?;
    if let Some(parts) = body.form() {
        outgoing.files.extend(files::of_form(parts, &outgoing.body));
    }
    let (tracking, not_tracked) = tracking::read(&mut fields)?;
    outgoing.tracking = tracking;
    warnings.extend(not_tracked);
    fields.unused::<bool>("use_draft")?;
    // Whoever sends later reads it by itself.
    fields.ignore(&["send_at"]);
    fields.warn_of_unknown(&mut warnings);
    Ok((outgoing, warnings))
}

/// Refuses what agent accounts do not have; empty, as some clients send every field they know, it asks for nothing.
pub(crate) fn check_not_offered(fields: &mut Fields<'_>) -> Result<(), ApiError> {
    let template: Option<Map<String, Value>> = fields.optional("template")?;
    let signature: Option<String> = fields.optional("signature_id")?;
    let feature = match (template, signature) {
        (Some(template), _) if !template.is_empty() => "templates",
        (_, Some(signature)) if !signature.is_empty() => "signatures",
        _ => return Ok(()),
    };
    let message = format!("{feature} are not supported for agent accounts");
    Err(ApiError::not_supported(message))
}

/// Reads the author: an array of exactly one; a single object is the same.
pub(crate) fn from(
    body: &JsonBody,
    fields: &mut Fields<'_>,
    warnings: &mut Vec<String>,
) -> Result<Option<DisplayAddress>, ApiError> {
    if body.object().get("from").is_some_and(Value::is_object) {
        let object = fields.object("from")?;
        return object.map(|one| mailbox(one, warnings)).transpose();
    }
    match mailboxes(fields, "from", warnings)?.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(one.clone())),
        _ => Err(fields.wrong("from", "expected exactly one")),
    }
}

/// Reads a list of addresses, empty where there is none.
pub(crate) fn mailboxes(
    fields: &mut Fields<'_>,
    name: &'static str,
    warnings: &mut Vec<String>,
) -> Result<Vec<DisplayAddress>, ApiError> {
    let objects = fields.objects(name)?.unwrap_or_default();
    objects
        .into_iter()
        .map(|one| mailbox(one, warnings))
        .collect()
}

fn mailbox(mut fields: Fields<'_>, warnings: &mut Vec<String>) -> Result<DisplayAddress, ApiError> {
    let address = DisplayAddress {
        name: fields.optional("name")?.unwrap_or_default(),
        email: fields.required("email")?,
    };
    fields.warn_of_unknown(warnings);
    Ok(address)
}

/// Reads names and values of further headers.
pub(crate) fn custom_headers(
    fields: &mut Fields<'_>,
    warnings: &mut Vec<String>,
) -> Result<Vec<(String, String)>, ApiError> {
    let objects = fields.objects("custom_headers")?.unwrap_or_default();
    let header = |mut one: Fields<'_>| {
        let header = (one.required("name")?, one.required("value")?);
        one.warn_of_unknown(warnings);
        Ok(header)
    };
    objects.into_iter().map(header).collect()
}
