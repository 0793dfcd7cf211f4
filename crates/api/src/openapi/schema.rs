//! JSON Schema 2020-12, as much of it as the objects of this API need, in words that read like the readers of bodies.
//!
//! ```text
//! object([
//!     ("id", uuid()),                             // always there
//!     ("parent_id", text().nullable()),           // always there, perhaps null
//!     optional("security", any()),                // may be absent or null
//! ])
//! ```

use posthouse_mailroom::organise::{
    METADATA_KEY_CHARACTERS_MAX, METADATA_PAIRS_MAX, METADATA_VALUE_CHARACTERS_MAX,
};
use serde_json::{Map, Value, json};

/// A schema, and whether the member it belongs to may be absent.
#[derive(Debug, Clone)]
pub struct Schema {
    json: Map<String, Value>,
    may_be_absent: bool,
}

/// A member of an object.
pub type Member = (&'static str, Schema);

/// A schema that has a name: the objects that users know by one.
#[derive(Debug, Clone, Copy)]
pub struct Component {
    /// The name below `#/components/schemas/`.
    pub name: &'static str,
    /// What it is.
    pub schema: fn() -> Schema,
}

impl Component {
    /// Gives a schema a name.
    #[must_use]
    pub const fn new(name: &'static str, schema: fn() -> Schema) -> Self {
        Self { name, schema }
    }

    /// Returns a schema that stands for this one.
    #[must_use]
    pub fn reference(&self) -> Schema {
        reference(self.name)
    }
}

/// Refers to a component by its name.
pub(super) fn reference(name: &str) -> Schema {
    Schema::of(json!({ "$ref": format!("#/components/schemas/{name}") }))
}

/// Any text.
#[must_use]
pub fn text() -> Schema {
    Schema::of(json!({ "type": "string" }))
}

/// The id of an object of ours.
#[must_use]
pub fn uuid() -> Schema {
    Schema::of(json!({ "type": "string", "format": "uuid" }))
}

/// An address of a mailbox. Without `format`: what others wrote into their mail need not be one.
#[must_use]
pub fn email() -> Schema {
    Schema::of(json!({ "type": "string", "examples": ["bo@shop.example"] }))
}

/// An absolute URL.
#[must_use]
pub fn url() -> Schema {
    Schema::of(json!({ "type": "string", "format": "uri" }))
}

/// One of these words.
#[must_use]
pub fn one_of(words: &[&str]) -> Schema {
    Schema::of(json!({ "type": "string", "enum": words }))
}

/// Exactly this.
#[must_use]
pub fn constant(value: impl Into<Value>) -> Schema {
    Schema::of(json!({ "const": value.into() }))
}

/// `true` or `false`.
#[must_use]
pub fn flag() -> Schema {
    Schema::of(json!({ "type": "boolean" }))
}

/// A whole number of at least 0.
#[must_use]
pub fn count() -> Schema {
    Schema::of(json!({ "type": "integer", "format": "int64", "minimum": 0 }))
}

/// A whole number of at least 0 and any length: what is too large is clamped, not refused.
#[must_use]
pub fn any_count() -> Schema {
    Schema::of(json!({ "type": "integer", "minimum": 0 }))
}

/// Any whole number.
#[must_use]
pub fn integer() -> Schema {
    Schema::of(json!({ "type": "integer", "format": "int64" }))
}

/// Unix seconds.
#[must_use]
pub fn time() -> Schema {
    count().about("Unix seconds.")
}

/// Pairs of text that callers keep with their objects.
#[must_use]
pub fn metadata() -> Schema {
    let names = json!({ "minLength": 1, "maxLength": METADATA_KEY_CHARACTERS_MAX });
    map(text().at_most(METADATA_VALUE_CHARACTERS_MAX))
        .at_most(METADATA_PAIRS_MAX)
        .with("propertyNames", names)
        .example(json!({ "key1": "vip" }))
}

/// A list.
#[must_use]
pub fn list(items: Schema) -> Schema {
    Schema::of(json!({ "type": "array", "items": items.json }))
}

/// An object with these members, and with others that nobody promised.
#[must_use]
pub fn object(members: impl IntoIterator<Item = Member>) -> Schema {
    Schema::of(json!({ "type": "object", "properties": {} })).and(members)
}

/// An object of any members, each of this kind.
#[must_use]
pub fn map(values: Schema) -> Schema {
    Schema::of(json!({ "type": "object", "additionalProperties": values.json }))
}

/// Whatever it is.
#[must_use]
pub fn any() -> Schema {
    Schema::of(json!({}))
}

/// One of several forms.
#[must_use]
pub fn either<const N: usize>(forms: [Schema; N]) -> Schema {
    let forms: Vec<Value> = forms.into_iter().map(Schema::into_json).collect();
    Schema::of(json!({ "anyOf": forms }))
}

/// Several at once: an object of a name with more members.
#[must_use]
pub fn all<const N: usize>(parts: [Schema; N]) -> Schema {
    let parts: Vec<Value> = parts.into_iter().map(Schema::into_json).collect();
    Schema::of(json!({ "allOf": parts }))
}

/// A member that must be there: what `Fields::required` reads.
#[must_use]
pub fn required(name: &'static str, schema: Schema) -> Member {
    (name, schema)
}

/// A member that may be absent or `null`: what `Fields::optional`, `change`, `object` and `objects` read.
#[must_use]
pub fn optional(name: &'static str, schema: Schema) -> Member {
    (name, schema.nullable().absent())
}

/// A member that may be absent and is never `null`: what `Fields::replacement` reads.
#[must_use]
pub fn replacement(name: &'static str, schema: Schema) -> Member {
    (name, schema.absent())
}

/// A member of any kind that is accepted and has no effect: what `Fields::ignore` names.
#[must_use]
pub fn ignored(name: &'static str) -> Member {
    (name, any().about("Has no effect.").absent())
}

impl Schema {
    fn of(json: Value) -> Self {
        match json {
            Value::Object(json) => Self {
                json,
                may_be_absent: false,
            },
            _ => unreachable!("schemas are made of objects"),
        }
    }

    fn absent(mut self) -> Self {
        self.may_be_absent = true;
        self
    }

    /// Says what it is, in a sentence.
    #[must_use]
    pub fn about(self, text: &str) -> Self {
        self.with("description", text)
    }

    /// Allows `null` too.
    #[must_use]
    pub fn nullable(mut self) -> Self {
        if self.json.is_empty() {
            return self;
        }
        let Some(Value::String(kind)) = self.json.get("type") else {
            let about = self.json.remove("description");
            let mut either = either([self.clone(), Self::of(json!({ "type": "null" }))]);
            either
                .json
                .extend(about.map(|text| ("description".to_owned(), text)));
            either.may_be_absent = self.may_be_absent;
            return either;
        };
        let kinds = json!([kind, "null"]);
        self.json.insert("type".to_owned(), kinds);
        if let Some(Value::Array(words)) = self.json.get_mut("enum") {
            words.push(Value::Null);
        }
        self
    }

    /// Bounds a number, the length of a text in characters, or the entries of a list.
    #[must_use]
    pub fn at_most(self, most: usize) -> Self {
        let keyword = match self.kind() {
            "string" => "maxLength",
            "array" => "maxItems",
            "object" => "maxProperties",
            _ => "maximum",
        };
        self.with(keyword, most)
    }

    /// Bounds a number, the length of a text in characters, or the entries of a list.
    #[must_use]
    pub fn at_least(self, least: usize) -> Self {
        let keyword = match self.kind() {
            "string" => "minLength",
            "array" => "minItems",
            "object" => "minProperties",
            _ => "minimum",
        };
        self.with(keyword, least)
    }

    /// Says what it is when nothing is sent.
    #[must_use]
    pub fn default_is(self, value: impl Into<Value>) -> Self {
        self.with("default", value)
    }

    /// Gives an example.
    #[must_use]
    pub fn example(self, value: impl Into<Value>) -> Self {
        self.with("examples", vec![value.into()])
    }

    /// Adds members to an object.
    #[must_use]
    pub fn and(mut self, members: impl IntoIterator<Item = Member>) -> Self {
        for (name, schema) in members {
            if !schema.may_be_absent {
                let names = self.json.entry("required").or_insert_with(|| json!([]));
                names.as_array_mut().expect("made here").push(name.into());
            }
            let members = self.json.entry("properties").or_insert_with(|| json!({}));
            let members = members.as_object_mut().expect("made here");
            members.insert(name.to_owned(), schema.into_json());
        }
        self
    }

    /// Sets a keyword that has no word of its own here.
    #[must_use]
    pub fn with(mut self, keyword: &str, value: impl Into<Value>) -> Self {
        self.json.insert(keyword.to_owned(), value.into());
        self
    }

    /// Returns whether an object has a member that must be there.
    pub(super) fn asks_for_something(&self) -> bool {
        self.json.contains_key("required")
    }

    /// Returns the same object with everything optional that `select` may leave out.
    pub(super) fn selection(mut self) -> Self {
        if let Some(Value::Array(names)) = self.json.get_mut("required") {
            names.retain(|name| matches!(name.as_str(), Some("id" | "grant_id" | "object")));
        }
        self
    }

    /// Returns the forms of [`either`] and the parts of [`all`].
    pub(super) fn forms(&self) -> Option<Vec<Self>> {
        let (_, forms) = self
            .json
            .iter()
            .find(|(keyword, _)| is_combination(keyword))?;
        let forms = forms.as_array()?.iter().cloned();
        Some(forms.map(Self::of).collect())
    }

    /// Replaces what [`Schema::forms`] returned.
    pub(super) fn with_forms(mut self, forms: impl Iterator<Item = Self>) -> Self {
        let forms: Vec<Value> = forms.map(Self::into_json).collect();
        if let Some((_, place)) = self
            .json
            .iter_mut()
            .find(|(keyword, _)| is_combination(keyword))
        {
            *place = forms.into();
        }
        self
    }

    pub(super) fn into_json(self) -> Value {
        Value::Object(self.json)
    }

    pub(super) fn as_json(&self) -> &Map<String, Value> {
        &self.json
    }

    fn kind(&self) -> &str {
        match self.json.get("type") {
            Some(Value::String(kind)) => kind,
            Some(Value::Array(kinds)) => kinds.first().and_then(Value::as_str).unwrap_or_default(),
            _ => "",
        }
    }
}

fn is_combination(keyword: &str) -> bool {
    matches!(keyword, "anyOf" | "allOf")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_required_unless_they_may_be_absent() {
        let schema = object([
            ("id", uuid()),
            optional("name", text().at_most(5)),
            replacement("unread", flag()),
        ]);
        let expected = json!({
            "type": "object",
            "properties": {
                "id": {"type": "string", "format": "uuid"},
                "name": {"type": ["string", "null"], "maxLength": 5},
                "unread": {"type": "boolean"},
            },
            "required": ["id"],
        });
        assert_eq!(schema.into_json(), expected);
    }

    #[test]
    fn null_is_added_to_words_and_to_references() {
        assert_eq!(
            one_of(&["a"]).nullable().into_json(),
            json!({"type": ["string", "null"], "enum": ["a", null]})
        );
        assert_eq!(
            reference("Folder")
                .about("Its folder.")
                .nullable()
                .into_json(),
            json!({"anyOf": [{"$ref": "#/components/schemas/Folder"}, {"type": "null"}], "description": "Its folder."})
        );
    }

    #[test]
    fn a_selection_keeps_identity_alone() {
        let schema = object([("id", uuid()), ("name", text())]).selection();
        assert_eq!(schema.as_json()["required"], json!(["id"]));
    }
}
