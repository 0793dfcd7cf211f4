//! Parameters of the query and of the head of a request, in the words of their readers.

use serde_json::{Value, json};

use super::schema::{Schema, any_count, count, email, flag, list, one_of, text, time};
use crate::limits::{
    IDEMPOTENCY_KEY_CHARACTERS_MAX, METADATA_PAIRS_MAX, OFFSET_MAX, TIME_SECONDS_MAX,
};
use crate::query::PageSize;

/// Where a parameter is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Query,
    Header,
}

/// One parameter.
#[derive(Debug, Clone)]
pub struct Parameter {
    name: &'static str,
    place: Place,
    schema: Schema,
    about: String,
    is_required: bool,
}

impl Parameter {
    fn query(name: &'static str, schema: Schema, about: &str) -> Self {
        Self {
            name,
            place: Place::Query,
            schema,
            about: about.to_owned(),
            is_required: false,
        }
    }

    /// A text.
    #[must_use]
    pub fn text(name: &'static str, about: &str) -> Self {
        Self::query(name, text(), about)
    }

    /// A parameter of some other form.
    #[must_use]
    pub fn of(name: &'static str, schema: Schema, about: &str) -> Self {
        Self::query(name, schema, about)
    }

    /// `true` or `false`.
    #[must_use]
    pub fn flag(name: &'static str, about: &str) -> Self {
        Self::query(name, flag(), about)
    }

    /// Unix seconds.
    #[must_use]
    pub fn time(name: &'static str, about: &str) -> Self {
        let latest = usize::try_from(TIME_SECONDS_MAX).expect("a time after 1970");
        Self::query(name, time().at_most(latest), about)
    }

    /// One word of a closed set.
    #[must_use]
    pub fn choice(name: &'static str, words: &[&str], about: &str) -> Self {
        Self::query(name, one_of(words), about)
    }

    /// Addresses, repeated or comma-joined.
    #[must_use]
    pub fn emails(name: &'static str, most: usize, about: &str) -> Self {
        Self::query(name, list(email()).at_most(most), about)
    }

    /// Words, repeated or comma-joined.
    #[must_use]
    pub fn list(name: &'static str, items: Schema, about: &str) -> Self {
        Self::query(name, list(items), about)
    }

    /// A header field.
    #[must_use]
    pub fn header(name: &'static str, schema: Schema, about: &str) -> Self {
        Self {
            place: Place::Header,
            ..Self::query(name, schema, about)
        }
    }

    /// Refuses requests without it.
    #[must_use]
    pub fn required(mut self) -> Self {
        self.is_required = true;
        self
    }

    /// Says that it is read and has no effect.
    #[must_use]
    pub fn without_effect(mut self) -> Self {
        self.about = "Has no effect here.".to_owned();
        self
    }

    /// `limit` and `page_token`.
    #[must_use]
    pub fn paging(size: PageSize) -> [Self; 2] {
        [
            Self::limit(size),
            Self::text("page_token", "The `next_cursor` of the page before."),
        ]
    }

    /// `limit` alone.
    #[must_use]
    pub fn limit(size: PageSize) -> Self {
        let schema = any_count().at_least(1).default_is(size.default);
        let about = format!(
            "Entries of a page; above {} counts as {}.",
            size.max, size.max
        );
        Self::query("limit", schema, &about)
    }

    /// `offset`, beside [`Parameter::paging`].
    #[must_use]
    pub fn offset() -> Self {
        let about = "Entries to skip; has no effect beside `page_token`.";
        Self::query("offset", count().at_most(OFFSET_MAX as usize), about)
    }

    /// `select`.
    #[must_use]
    pub(super) fn select() -> Self {
        let about = "The members that the answer's objects shall have; `id`, `grant_id` and `object` always stay.";
        Self::list("select", text(), about)
    }

    /// `metadata_pair`.
    #[must_use]
    pub fn metadata_pair() -> Self {
        let pair = text().with("pattern", "^key[1-5]:").example("key1:vip");
        let about = "Only what has this metadata: `key1:value` to `key5:value`.";
        Self::query(
            "metadata_pair",
            list(pair).at_most(METADATA_PAIRS_MAX),
            about,
        )
    }

    /// `Idempotency-Key`.
    #[must_use]
    pub(super) fn idempotency_key() -> Self {
        let key = text().at_least(1).at_most(IDEMPOTENCY_KEY_CHARACTERS_MAX);
        let about = "A repeated request with the same key and payload gets the first answer again.";
        Self::header("Idempotency-Key", key, about)
    }

    /// Returns the name if it is one of the query.
    pub(super) fn query_name(&self) -> Option<&'static str> {
        (self.place == Place::Query).then_some(self.name)
    }

    pub(super) fn into_json(self) -> Value {
        let place = match self.place {
            Place::Query => "query",
            Place::Header => "header",
        };
        let mut json = json!({ "name": self.name, "in": place, "description": self.about });
        if self.is_required {
            json["required"] = true.into();
        } else if self.place == Place::Query {
            // An empty value equals an absent one.
            json["allowEmptyValue"] = true.into();
        }
        json["schema"] = self.schema.into_json();
        json
    }
}

/// Describes a parameter of the path.
pub(super) fn of_path(name: &str) -> Value {
    let about = match name {
        "grant_id" => {
            "Id or e-mail address of the account; `me` for a key that is for one account."
                .to_owned()
        }
        "folder_id" => "Id, system name, path, or unique leaf name of the folder.".to_owned(),
        "domain_id" => "Id or address of the domain.".to_owned(),
        "domain_name" => "The registered domain.".to_owned(),
        "workspace_id" => "Id or domain of the workspace.".to_owned(),
        "provider" => "Name of the provider.".to_owned(),
        "below" => "Whatever is below.".to_owned(),
        _ => format!(
            "Id of the {}.",
            name.trim_end_matches("_id").replace('_', " ")
        ),
    };
    json!({ "name": name, "in": "path", "required": true, "description": about, "schema": {"type": "string", "minLength": 1} })
}
