//! The draft object: the one JSON shape in which a draft is shown.

use std::collections::HashMap;

use posthouse_store::tables::drafts::files::{self, DraftFile};
use posthouse_store::tables::drafts::{self, Draft};
use posthouse_store::tables::grants;
use posthouse_store::tables::messages::{StoredBody, text_of};
use posthouse_store::{StoreError, Tx};
use posthouse_types::address::DisplayAddress;
use posthouse_types::ids::{IdCodec, Key, Kind};

use super::fields::DraftFields;
use crate::read::{MessagePage, PAGE_BYTES_MAX};
use crate::receive::document::{Json, StoredAttachment, attachment_object};

/// Drafts whose bodies are in memory at once beside the page.
const DRAFTS_PER_STATEMENT: usize = 10;

/// Renders the objects of drafts in the order of `ids`, up to [`PAGE_BYTES_MAX`] and at least one; missing ones are left
/// out.
pub(crate) fn load(
    tx: &mut dyn Tx,
    codec: &IdCodec,
    application: Key,
    grant: Key,
    ids: &[Key],
) -> Result<MessagePage, StoreError> {
    let mut page = MessagePage::default();
    let Some(account) = grants::find(tx, application, grant)? else {
        return Ok(page);
    };
    let author = DisplayAddress {
        name: account.name,
        email: account.email,
    };
    let writer = DraftWriter::new(codec, grant, author);
    for chunk in ids.chunks(DRAFTS_PER_STATEMENT) {
        let mut rows: HashMap<Key, (Draft, StoredBody)> = HashMap::with_capacity(chunk.len());
        drafts::show(tx, grant, chunk, &mut |draft, body| {
            rows.insert(draft.id, (draft, body));
            Ok(())
        })?;
        let mut of_drafts: HashMap<Key, Vec<DraftFile>> = HashMap::new();
        for (draft, file) in files::of_drafts(tx, chunk)? {
            of_drafts.entry(draft).or_default().push(file);
        }
        for id in chunk {
            let Some((draft, body)) = rows.remove(id) else {
                continue;
            };
            if page.json.len() >= PAGE_BYTES_MAX {
                return Ok(page);
            }
            if !page.json.is_empty() {
                page.json.push(b',');
            }
            let fields = DraftFields::read(&draft.fields)?;
            let files = of_drafts.remove(id).unwrap_or_default();
            let object = writer.object(&draft, &fields, &body, &files)?;
            page.json.extend_from_slice(object.as_bytes());
            page.ends.push(page.json.len());
        }
    }
    Ok(page)
}

/// Renders draft objects of one account.
pub(super) struct DraftWriter<'a> {
    codec: &'a IdCodec,
    grant_id: String,
    /// Whom drafts are from that say nothing else.
    author: DisplayAddress,
}

impl<'a> DraftWriter<'a> {
    /// Makes a writer for the drafts of `grant`, whose mail is from `author`.
    pub(super) fn new(codec: &'a IdCodec, grant: Key, author: DisplayAddress) -> Self {
        Self {
            codec,
            grant_id: codec.seal(Kind::Grant, grant).to_string(),
            author,
        }
    }

    /// Returns the object of a draft.
    pub(super) fn object(
        &self,
        draft: &Draft,
        fields: &DraftFields,
        body: &StoredBody,
        files: &[DraftFile],
    ) -> Result<String, StoreError> {
        let mut json = Json::with_capacity(1_024 + body.len());
        self.put_state(&mut json, draft);
        self.put_addresses(&mut json, fields);
        json.raw(",\"subject\":").string(&fields.subject);
        json.raw(",\"snippet\":").string(&fields.snippet);
        json.raw(",\"attachments\":[");
        for (place, file) in files.iter().enumerate() {
            if place > 0 {
                json.raw(",");
            }
            let shown = shown_file(place + 1, file);
            attachment_object(&mut json, &shown, &self.grant_id, self.codec);
        }
        json.raw("],\"metadata\":")
            .raw(draft.metadata.as_deref().unwrap_or("{}"));
        let answers = draft.answers.map(|key| self.id(Kind::Message, key));
        json.raw(",\"reply_to_message_id\":")
            .string(answers.as_deref().unwrap_or_default());
        let tracking = fields.tracking.clone().unwrap_or_default();
        let tracking = serde_json::to_string(&tracking).expect("flags and texts serialise");
        json.raw(",\"tracking_options\":").raw(&tracking);
        json.raw(",\"is_plaintext\":")
            .raw(flag(fields.is_plaintext));
        json.raw(",\"custom_headers\":[");
        for (place, (name, value)) in fields.custom_headers.iter().enumerate() {
            json.raw(if place > 0 {
                ",{\"name\":"
            } else {
                "{\"name\":"
            });
            json.string(name).raw(",\"value\":").string(value).raw("}");
        }
        json.raw("],\"rfc822_message_id\":\"\",\"size\":")
            .raw(&draft.size_bytes.to_string());
        json.raw(",\"body\":");
        match body {
            StoredBody::Plain(text) => json.raw(text),
            StoredBody::Frame(frame) => json.string(&text_of(frame)?),
        };
        json.raw("}");
        Ok(json.finish())
    }

    fn put_state(&self, json: &mut Json, draft: &Draft) {
        let thread = draft.thread.map(|key| self.id(Kind::Thread, key));
        let changed = (draft.changed_us / 1_000_000).to_string();
        json.raw("{\"id\":")
            .string(&self.id(Kind::Draft, draft.id))
            .raw(",\"object\":\"draft\",\"grant_id\":")
            .string(&self.grant_id)
            .raw(",\"thread_id\":")
            .opt_string(thread.as_deref())
            .raw(",\"folders\":[")
            .string(&self.id(Kind::Folder, draft.folder))
            .raw("],\"date\":")
            .raw(&changed)
            .raw(",\"created_at\":")
            .raw(&draft.created_at.to_string())
            .raw(",\"updated_at\":")
            .raw(&changed)
            .raw(",\"unread\":")
            .raw(flag(draft.unread))
            .raw(",\"starred\":")
            .raw(flag(draft.starred))
            .raw(",\"answered\":false");
    }

    fn put_addresses(&self, json: &mut Json, fields: &DraftFields) {
        let mut from = fields.from.clone().unwrap_or_else(|| self.author.clone());
        if from.name.trim().is_empty() {
            from.name.clone_from(&self.author.name);
        }
        let lists = [
            ("from", std::slice::from_ref(&from)),
            ("to", &fields.to),
            ("cc", &fields.cc),
            ("bcc", &fields.bcc),
            ("reply_to", &fields.reply_to),
        ];
        for (name, list) in lists {
            let list = serde_json::to_string(list).expect("addresses serialise");
            json.raw(",\"").raw(name).raw("\":").raw(&list);
        }
    }

    fn id(&self, kind: Kind, key: Key) -> String {
        self.codec.seal(kind, key).to_string()
    }
}

fn flag(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}

/// Returns a file as an attachment; `number` is its place, counted from 1.
pub(crate) fn shown_file(number: usize, file: &DraftFile) -> StoredAttachment {
    let content_type = posthouse_mime::build::media_type_of_file(&file.content_type);
    let filename = if file.filename.trim().is_empty() {
        posthouse_mime::name_of_unnamed(number, &content_type)
    } else {
        file.filename.clone()
    };
    let disposition = if file.is_inline || file.says_inline {
        "inline"
    } else {
        "attachment"
    };
    StoredAttachment {
        id: file.id.0,
        part: 0,
        filename,
        content_type,
        size: file.size_bytes.unsigned_abs(),
        content_id: file.content_id.clone(),
        content_disposition: Some(disposition.to_owned()),
        is_inline: file.is_inline,
    }
}
