//! What a body says about a draft.

use posthouse_mailroom::drafts::DraftChange;
use posthouse_mailroom::organise::Metadata;
use posthouse_types::address::DisplayAddress;

use crate::body::{Change, FieldValue, Fields, JsonBody};
use crate::error::ApiError;
use crate::messages::send::{check_not_offered, custom_headers, files, from, mailboxes, tracking};

/// Reads a new draft or a change of one, and the warnings about what is unknown or will have no effect.
///
/// `null` takes away what there is.
pub(super) fn change(body: &JsonBody) -> Result<(DraftChange, Vec<String>), ApiError> {
    let (mut fields, mut warnings) = (body.fields(), Vec::new());
    check_not_offered(&mut fields)?;
    let mut change = DraftChange {
        from: fields
            .has("from")
            .then_some(from(body, &mut fields, &mut warnings)?),
        to: addresses(&mut fields, "to", &mut warnings)?,
        cc: addresses(&mut fields, "cc", &mut warnings)?,
        bcc: addresses(&mut fields, "bcc", &mut warnings)?,
        reply_to: addresses(&mut fields, "reply_to", &mut warnings)?,
        subject: cleared_by_null(&mut fields, "subject")?,
        body: cleared_by_null(&mut fields, "body")?,
        is_plaintext: cleared_by_null(&mut fields, "is_plaintext")?,
        custom_headers: fields
            .has("custom_headers")
            .then_some(custom_headers(&mut fields, &mut warnings)?),
        reply_to_message_id: reference(&mut fields, "reply_to_message_id")?,
        thread_id: reference(&mut fields, "thread_id")?,
        metadata: match fields.change("metadata")? {
            Change::Keep => None,
            Change::Clear => Some(Metadata::default()),
            Change::Set(metadata) => Some(metadata),
        },
        unread: cleared_by_null(&mut fields, "unread")?,
        starred: cleared_by_null(&mut fields, "starred")?,
        ..DraftChange::default()
    };
    let mut files = files::of_json(&mut fields, &mut warnings)?;
    let parts = body.form().unwrap_or_default();
    if fields.has("attachments") || !parts.is_empty() {
        let text = change.body.as_deref().unwrap_or_default();
        files.extend(files::of_form(parts, text));
        change.files = Some(files);
    }
    let (options, not_tracked) = tracking::read(&mut fields)?;
    change.tracking = fields.has("tracking_options").then_some(options);
    warnings.extend(not_tracked);
    // Only sending has them.
    fields.unused::<bool>("use_draft")?;
    fields.unused::<u64>("send_at")?;
    fields.warn_of_unknown(&mut warnings);
    Ok((change, warnings))
}

fn addresses(
    fields: &mut Fields<'_>,
    name: &'static str,
    warnings: &mut Vec<String>,
) -> Result<Option<Vec<DisplayAddress>>, ApiError> {
    let is_said = fields.has(name);
    let list = mailboxes(fields, name, warnings)?;
    Ok(is_said.then_some(list))
}

fn cleared_by_null<T: FieldValue + Default>(
    fields: &mut Fields<'_>,
    name: &'static str,
) -> Result<Option<T>, ApiError> {
    Ok(match fields.change(name)? {
        Change::Keep => None,
        Change::Clear => Some(T::default()),
        Change::Set(value) => Some(value),
    })
}

/// An id, which the empty text clears as `null` does.
fn reference(
    fields: &mut Fields<'_>,
    name: &'static str,
) -> Result<Option<Option<String>>, ApiError> {
    Ok(match fields.change::<String>(name)? {
        Change::Keep => None,
        Change::Clear => Some(None),
        Change::Set(id) => Some(Some(id).filter(|id| !id.is_empty())),
    })
}
