//! What the official command line's decoder insists on (C-10): a field of another JSON type fails the whole command. A missing field, or null, is
//! always fine, and so are fields that it does not know.

use serde_json::Value;

/// The JSON types that the decoder tells apart.
#[derive(Clone, Copy, Debug)]
pub enum Type {
    /// A string.
    Text,
    /// A number without a fraction.
    Integer,
    /// A boolean.
    Flag,
    /// A boolean or a string.
    FlagOrText,
    /// Any object.
    Object,
    /// Strings.
    Texts,
    /// Objects.
    Objects,
    /// `{name, email}`, both strings.
    People,
    /// `{name, value}`, both strings.
    Headers,
    /// An object whose values are strings.
    TextMap,
    /// Attachments of a message.
    Attachments,
    /// `{code, description}`, both strings.
    Status,
}

/// The fields of one resource.
pub type Fields = &'static [(&'static str, Type)];

/// A message.
pub const MESSAGE: Fields = &[
    ("id", Type::Text),
    ("grant_id", Type::Text),
    ("thread_id", Type::Text),
    ("subject", Type::Text),
    ("body", Type::Text),
    ("snippet", Type::Text),
    ("raw_mime", Type::Text),
    ("object", Type::Text),
    ("from", Type::People),
    ("to", Type::People),
    ("cc", Type::People),
    ("bcc", Type::People),
    ("reply_to", Type::People),
    ("date", Type::Integer),
    ("created_at", Type::Integer),
    ("unread", Type::Flag),
    ("starred", Type::Flag),
    ("folders", Type::Texts),
    ("attachments", Type::Attachments),
    ("headers", Type::Headers),
    ("metadata", Type::TextMap),
    ("reply_to_message_id", Type::Text),
    ("conversation", Type::Text),
];

/// A thread.
pub const THREAD: Fields = &[
    ("id", Type::Text),
    ("grant_id", Type::Text),
    ("snippet", Type::Text),
    ("subject", Type::Text),
    ("has_attachments", Type::Flag),
    ("has_drafts", Type::Flag),
    ("starred", Type::Flag),
    ("unread", Type::Flag),
    ("earliest_message_date", Type::Integer),
    ("latest_message_received_date", Type::Integer),
    ("latest_message_sent_date", Type::Integer),
    ("participants", Type::People),
    ("message_ids", Type::Texts),
    ("draft_ids", Type::Texts),
    ("folders", Type::Texts),
];

/// A folder.
pub const FOLDER: Fields = &[
    ("id", Type::Text),
    ("grant_id", Type::Text),
    ("name", Type::Text),
    ("parent_id", Type::Text),
    ("background_color", Type::Text),
    ("text_color", Type::Text),
    ("system_folder", Type::FlagOrText),
    ("total_count", Type::Integer),
    ("unread_count", Type::Integer),
    ("child_ids", Type::Texts),
    ("attributes", Type::Texts),
];

/// An attachment by itself.
pub const ATTACHMENT: Fields = &[
    ("id", Type::Text),
    ("grant_id", Type::Text),
    ("filename", Type::Text),
    ("content_type", Type::Text),
    ("content_id", Type::Text),
    ("content_disposition", Type::Text),
    ("size", Type::Integer),
    ("is_inline", Type::Flag),
];

/// A scheduled message.
pub const SCHEDULE: Fields = &[
    ("schedule_id", Type::Text),
    ("status", Type::Status),
    ("close_time", Type::Integer),
];

/// A contact.
pub const CONTACT: Fields = &[
    ("id", Type::Text),
    ("grant_id", Type::Text),
    ("given_name", Type::Text),
    ("surname", Type::Text),
    ("company_name", Type::Text),
    ("notes", Type::Text),
    ("birthday", Type::Text),
    ("source", Type::Text),
    ("updated_at", Type::Integer),
    ("emails", Type::Objects),
    ("phone_numbers", Type::Objects),
    ("im_addresses", Type::Objects),
    ("physical_addresses", Type::Objects),
    ("web_pages", Type::Objects),
    ("groups", Type::Objects),
];

/// A webhook.
pub const WEBHOOK: Fields = &[
    ("id", Type::Text),
    ("description", Type::Text),
    ("webhook_url", Type::Text),
    ("webhook_secret", Type::Text),
    ("status", Type::Text),
    ("trigger_types", Type::Texts),
    ("notification_email_addresses", Type::Texts),
    ("status_updated_at", Type::Integer),
    ("created_at", Type::Integer),
    ("updated_at", Type::Integer),
];

/// A grant.
pub const GRANT: Fields = &[
    ("id", Type::Text),
    ("provider", Type::Text),
    ("grant_status", Type::Text),
    ("email", Type::Text),
    ("name", Type::Text),
    ("workspace_id", Type::Text),
    ("scope", Type::Texts),
    ("blocked", Type::Flag),
    ("settings", Type::Object),
    ("created_at", Type::Integer),
    ("updated_at", Type::Integer),
];

/// A rule.
pub const RULE: Fields = &[
    ("id", Type::Text),
    ("name", Type::Text),
    ("description", Type::Text),
    ("trigger", Type::Text),
    ("priority", Type::Integer),
    ("enabled", Type::Flag),
    ("match", Type::Object),
    ("actions", Type::Objects),
    ("created_at", Type::Integer),
    ("updated_at", Type::Integer),
];

/// A policy.
pub const POLICY: Fields = &[
    ("id", Type::Text),
    ("name", Type::Text),
    ("limits", Type::Object),
    ("spam_detection", Type::Object),
    ("created_at", Type::Integer),
    ("updated_at", Type::Integer),
];

/// What a policy says of attachments, mail, storage and retention.
pub const POLICY_LIMITS: Fields = &[
    ("limit_attachment_size_limit", Type::Integer),
    ("limit_attachment_count_limit", Type::Integer),
    ("limit_attachment_allowed_types", Type::Texts),
    ("limit_size_total_mime", Type::Integer),
    ("limit_storage_total", Type::Integer),
    ("limit_count_daily_message_received", Type::Integer),
    ("limit_count_daily_email_sent", Type::Integer),
    ("limit_inbox_retention_period", Type::Integer),
    ("limit_spam_retention_period", Type::Integer),
];

/// A list that rules look into.
pub const LIST: Fields = &[
    ("id", Type::Text),
    ("name", Type::Text),
    ("description", Type::Text),
    ("type", Type::Text),
    ("items_count", Type::Integer),
    ("created_at", Type::Integer),
    ("updated_at", Type::Integer),
];

/// What is on a list.
pub const LIST_ITEM: Fields = &[("value", Type::Text)];

/// A workspace.
pub const WORKSPACE: Fields = &[
    ("workspace_id", Type::Text),
    ("application_id", Type::Text),
    ("name", Type::Text),
    ("domain", Type::Text),
    ("auto_group", Type::Flag),
    ("default", Type::Flag),
    ("policy_id", Type::Text),
    ("rule_ids", Type::Texts),
    ("created_at", Type::Integer),
    ("updated_at", Type::Integer),
];

impl Type {
    fn admits(self, value: &Value) -> bool {
        let each = |is_one: fn(&Value) -> bool| {
            value.as_array().is_some_and(|rows| rows.iter().all(is_one))
        };
        match self {
            Self::Text => value.is_string(),
            // Neither a fraction nor a number in quotes.
            Self::Integer => value.is_i64() || value.is_u64(),
            Self::Flag => value.is_boolean(),
            Self::FlagOrText => value.is_boolean() || value.is_string(),
            Self::Object => value.is_object(),
            Self::Texts => each(Value::is_string),
            Self::Objects => each(Value::is_object),
            Self::People => each(|person| are_texts(person, &["name", "email"])),
            Self::Headers => each(|header| are_texts(header, &["name", "value"])),
            Self::Status => are_texts(value, &["code", "description"]),
            Self::TextMap => value
                .as_object()
                .is_some_and(|map| map.values().all(Value::is_string)),
            Self::Attachments => each(|one| {
                let content_id = one["content_id"].is_string() || one["content_id"].is_null();
                are_texts(one, &["id", "filename", "content_type"])
                    && content_id
                    && one["size"].is_u64()
                    && one["is_inline"].is_boolean()
            }),
        }
    }
}

fn are_texts(object: &Value, fields: &[&str]) -> bool {
    fields.iter().all(|field| object[*field].is_string())
}

/// Checks every field of an object that the decoder knows.
#[track_caller]
pub fn assert_decodes(object: &Value, fields: Fields) {
    assert!(object.is_object(), "no object: {object}");
    for (field, expected) in fields {
        let value = &object[field];
        assert!(
            value.is_null() || expected.admits(value),
            "{field} is no {expected:?}: {object}"
        );
    }
}

/// Checks that fields are there and not null.
#[track_caller]
pub fn assert_present(object: &Value, fields: &[&str]) {
    for field in fields {
        assert!(
            object.get(field).is_some_and(|value| !value.is_null()),
            "{field} is missing: {object}"
        );
    }
}
