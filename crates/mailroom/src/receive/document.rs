//! What a message shows: read from its source once, at receipt, in the form in which listings send it.

use posthouse_mime::ParsedMessage;
use posthouse_store::StoreError;
use posthouse_store::tables::terms::{Field, Term};
use posthouse_types::address::DisplayAddress;
use posthouse_types::ids::{IdCodec, Key, Kind};
use serde::{Deserialize, Serialize};

/// Addresses of one role that a message is found by at most; all are shown.
const ADDRESS_TERMS_PER_ROLE_MAX: usize = 100;

/// Where a message's attachments are, as the store keeps it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Parts {
    v: u32,
    pub(crate) attachments: Vec<StoredAttachment>,
}

/// One attachment of a stored message.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct StoredAttachment {
    pub(crate) id: i64,
    pub(crate) part: u32,
    pub(crate) filename: String,
    pub(crate) content_type: String,
    pub(crate) size: u64,
    pub(crate) content_id: Option<String>,
    pub(crate) content_disposition: Option<String>,
    pub(crate) is_inline: bool,
}

/// Reads the stored form of [`Parts`].
pub(crate) fn read_parts(json: &str) -> Result<Parts, serde_json::Error> {
    serde_json::from_str(json)
}

/// Returns a message's attachments under new keys, or `None` when it has none.
pub(crate) fn parts(message: &ParsedMessage, mut new_key: impl FnMut() -> Key) -> Option<Parts> {
    if message.attachments.is_empty() {
        return None;
    }
    let stored = message
        .attachments
        .iter()
        .map(|attachment| StoredAttachment {
            id: new_key().0,
            part: attachment.part,
            filename: attachment.filename.clone(),
            content_type: attachment.content_type.clone(),
            size: attachment.size,
            content_id: attachment.content_id.clone(),
            content_disposition: attachment.content_disposition.clone(),
            is_inline: attachment.is_inline,
        });
    Some(Parts {
        v: 1,
        attachments: stored.collect(),
    })
}

/// Returns the JSON members that every listing shows and that never change, without braces.
pub(crate) fn members(
    message: &ParsedMessage,
    parts: Option<&Parts>,
    grant: &str,
    ids: &IdCodec,
    size_bytes: i64,
) -> String {
    let mut json = Json::with_capacity(512);
    json.raw("\"subject\":").string(&message.subject);
    for (name, addresses) in [
        ("from", &message.from),
        ("to", &message.to),
        ("cc", &message.cc),
        ("bcc", &message.bcc),
        ("reply_to", &message.reply_to),
    ] {
        json.raw(",\"").raw(name).raw("\":[");
        for (place, address) in addresses.iter().enumerate() {
            json.raw(if place > 0 {
                ",{\"name\":"
            } else {
                "{\"name\":"
            })
            .string(&address.name);
            json.raw(",\"email\":").string(&address.email).raw("}");
        }
        json.raw("]");
    }
    json.raw(",\"snippet\":")
        .string(&message.snippet)
        .raw(",\"attachments\":[");
    for (place, attachment) in parts
        .iter()
        .flat_map(|parts| &parts.attachments)
        .enumerate()
    {
        if place > 0 {
            json.raw(",");
        }
        attachment_object(&mut json, attachment, grant, ids);
    }
    json.raw("],\"rfc822_message_id\":")
        .string(message.message_id.as_deref().unwrap_or(""));
    json.raw(",\"size\":").raw(&size_bytes.to_string());
    json.finish()
}

/// Appends an attachment as the API shows it.
pub(crate) fn attachment_object(
    json: &mut Json,
    attachment: &StoredAttachment,
    grant: &str,
    ids: &IdCodec,
) {
    let id = ids.seal(Kind::Attachment, Key(attachment.id)).to_string();
    json.raw("{\"id\":")
        .string(&id)
        .raw(",\"grant_id\":")
        .string(grant);
    json.raw(",\"filename\":").string(&attachment.filename);
    json.raw(",\"content_type\":")
        .string(&attachment.content_type);
    json.raw(",\"size\":").raw(&attachment.size.to_string());
    json.raw(",\"content_id\":")
        .opt_string(attachment.content_id.as_deref());
    json.raw(",\"content_disposition\":")
        .opt_string(attachment.content_disposition.as_deref());
    json.raw(",\"is_inline\":").raw(if attachment.is_inline {
        "true}"
    } else {
        "false}"
    });
}

/// Returns a text as a JSON string.
pub(crate) fn json_string(text: &str) -> String {
    let mut json = Json::with_capacity(text.len() + text.len() / 16 + 2);
    json.string(text);
    json.finish()
}

/// Returns what a message can be found by, each term once.
pub(crate) fn terms(message: &ParsedMessage, subject_base: &str, codec: &IdCodec) -> Vec<Term> {
    let addresses = [
        (Field::From, message.from.as_slice()),
        (Field::To, &message.to),
        (Field::Cc, &message.cc),
        (Field::Bcc, &message.bcc),
        (Field::ReplyTo, &message.reply_to),
    ];
    terms_of(
        &addresses,
        message.message_id.as_deref(),
        subject_base,
        codec,
    )
}

/// What [`members`] wrote and [`terms`] came from.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Findable {
    subject: String,
    from: Vec<DisplayAddress>,
    to: Vec<DisplayAddress>,
    cc: Vec<DisplayAddress>,
    bcc: Vec<DisplayAddress>,
    reply_to: Vec<DisplayAddress>,
    rfc822_message_id: String,
}

/// Returns the same as [`terms`] for a message that is stored, from its [`members`].
pub(crate) fn terms_of_members(members: &str, codec: &IdCodec) -> Result<Vec<Term>, StoreError> {
    let found: Findable = serde_json::from_str(&format!("{{{members}}}"))
        .map_err(|error| StoreError::Fault(format!("a message's document is damaged: {error}")))?;
    let addresses = [
        (Field::From, found.from.as_slice()),
        (Field::To, &found.to),
        (Field::Cc, &found.cc),
        (Field::Bcc, &found.bcc),
        (Field::ReplyTo, &found.reply_to),
    ];
    let id = Some(found.rfc822_message_id.as_str()).filter(|id| !id.is_empty());
    let subject = posthouse_mime::subject::normalise(&found.subject);
    Ok(terms_of(
        &addresses,
        id,
        &subject.base.to_lowercase(),
        codec,
    ))
}

fn terms_of(
    addresses: &[(Field, &[DisplayAddress]); 5],
    message_id: Option<&str>,
    subject_base: &str,
    codec: &IdCodec,
) -> Vec<Term> {
    let mut terms = Vec::with_capacity(8);
    for (field, of_role) in addresses {
        for address in of_role.iter().take(ADDRESS_TERMS_PER_ROLE_MAX) {
            terms.push(field.term(codec, &folded(address)));
        }
    }
    if let Some(id) = message_id {
        terms.push(Field::HeaderId.term(codec, id));
    }
    if !subject_base.is_empty() {
        terms.push(Field::Subject.term(codec, subject_base));
    }
    terms.sort_unstable();
    terms.dedup();
    terms
}

/// Returns an address as it is compared: strictly parsed where that is possible, lower case otherwise.
pub(crate) fn folded(address: &DisplayAddress) -> String {
    address
        .to_strict()
        .map_or_else(|_| address.email.to_lowercase(), |strict| strict.folded())
}

/// Tells whether a person would see an attachment: inline images alone are none.
pub(crate) fn has_attachment(message: &ParsedMessage) -> bool {
    message
        .attachments
        .iter()
        .any(|attachment| !attachment.is_inline)
}

/// Writes JSON text.
pub(crate) struct Json {
    text: Vec<u8>,
}

impl Json {
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        Self {
            text: Vec::with_capacity(bytes),
        }
    }

    /// Appends text that is JSON already.
    pub(crate) fn raw(&mut self, json: &str) -> &mut Self {
        self.text.extend_from_slice(json.as_bytes());
        self
    }

    /// Appends a string, quoted and escaped.
    pub(crate) fn string(&mut self, text: &str) -> &mut Self {
        serde_json::to_writer(&mut self.text, text).expect("writing to memory cannot fail");
        self
    }

    /// Appends a string, or `null`.
    pub(crate) fn opt_string(&mut self, text: Option<&str>) -> &mut Self {
        match text {
            Some(text) => self.string(text),
            None => self.raw("null"),
        }
    }

    pub(crate) fn finish(self) -> String {
        String::from_utf8(self.text).expect("JSON is made of strings")
    }
}
