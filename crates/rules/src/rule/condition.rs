//! One condition: a field, an operator, and what is wanted, brought into the spelling that is compared.

use posthouse_types::address::EmailAddress;
use posthouse_types::ids::{IdCodec, Kind};
use serde_json::{Map, Value, json};

use super::fault::{Fault, shown};
use super::needle::Needle;
use super::{Field, Operator, Part, Trigger, promise};
use crate::facts::OutboundType;
use crate::fold::folded;
use crate::limits::{CONDITION_LISTS_MAX, VALUE_CHARACTERS_MAX};
use crate::list::{ListKey, ListType};

/// One condition of a rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// What it looks at.
    pub field: Field,
    /// How it compares.
    pub operator: Operator,
    /// What it compares with.
    pub wanted: Wanted,
    /// The value as its author wrote it; lists are shown by their ids.
    given: Value,
}

/// What a condition compares with, in the spelling that is compared.
#[derive(Debug, Clone, PartialEq)]
pub enum Wanted {
    /// A whole text in lower case; addresses, domains and endings in their canonical form.
    Text(String),
    /// A part of a text.
    Part(Needle),
    /// Lists to look in, each once.
    Lists(Vec<ListKey>),
    /// A number.
    Number(f64),
    /// Yes or no.
    Flag(bool),
    /// A new message, or a reply.
    OutboundType(OutboundType),
}

/// How a condition is held against what can match at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Strictness {
    /// Somebody writes it: what can never match is a mistake.
    Written,
    /// It was written before: what can never match does so for ever, and stops no mail.
    Stored,
}

impl Condition {
    pub(super) fn from_json(
        value: &Value,
        trigger: Trigger,
        path: &str,
        codec: &IdCodec,
        strictness: Strictness,
    ) -> Result<Self, Fault> {
        let Value::Object(members) = value else {
            let message = "expected an object with field, operator and value";
            return Err(Fault::new(path, message));
        };
        let (of_field, name) = text_member(members, path, "field")?;
        let Some(field) = Field::from_name(name) else {
            let message = format!("unknown field \"{}\"", shown(name));
            return Err(Fault::new(of_field, message));
        };
        if let Some(only) = field.trigger().filter(|only| *only != trigger) {
            let message = format!("field \"{name}\" needs trigger \"{}\"", only.name());
            return Err(Fault::new(of_field, message));
        }
        let (of_operator, word) = text_member(members, path, "operator")?;
        let Some(operator) = Operator::from_name(word) else {
            let message = format!("unknown operator \"{}\"", shown(word));
            return Err(Fault::new(of_operator, message));
        };
        if !field.operators().contains(&operator) {
            let message = format!("operator \"{word}\" does not apply to field \"{name}\"");
            return Err(Fault::new(of_operator, message));
        }
        let of_value = format!("{path}.value");
        let Some(given) = members.get("value") else {
            return Err(Fault::new(of_value, "is required"));
        };
        let wanted = wanted(&field, operator, given, &of_value, codec)?;
        if strictness == Strictness::Written
            && let Some(why) = promise::broken(&field, operator, given)
        {
            return Err(Fault::new(of_value, why));
        }
        Ok(Self {
            field,
            operator,
            wanted,
            given: given.clone(),
        })
    }

    /// Returns the condition as the API shows it.
    #[must_use]
    pub fn to_json(&self, codec: &IdCodec) -> Value {
        json!({
            "field": self.field.name(),
            "operator": self.operator.name(),
            "value": self.shown_value(codec),
        })
    }

    /// Returns the value as the API shows it.
    #[must_use]
    pub fn shown_value(&self, codec: &IdCodec) -> Value {
        let Wanted::Lists(lists) = &self.wanted else {
            return self.given.clone();
        };
        lists
            .iter()
            .map(|list| Value::String(codec.seal(Kind::List, *list).to_string()))
            .collect()
    }

    /// Returns the lists it looks in.
    #[must_use]
    pub fn lists(&self) -> &[ListKey] {
        match &self.wanted {
            Wanted::Lists(lists) => lists,
            _ => &[],
        }
    }
}

fn text_member<'a>(
    members: &'a Map<String, Value>,
    path: &str,
    name: &str,
) -> Result<(String, &'a str), Fault> {
    let path = format!("{path}.{name}");
    match members.get(name) {
        Some(Value::String(text)) => Ok((path, text)),
        Some(Value::Null) | None => Err(Fault::new(path, "is required")),
        Some(_) => Err(Fault::new(path, "expected a string")),
    }
}

fn wanted(
    field: &Field,
    operator: Operator,
    given: &Value,
    path: &str,
    codec: &IdCodec,
) -> Result<Wanted, Fault> {
    if operator.takes_lists() {
        return lists(given, path, codec).map(Wanted::Lists);
    }
    match field {
        Field::SpamScore => match given.as_f64() {
            Some(number) => Ok(Wanted::Number(number)),
            None => Err(Fault::new(path, "expected a number")),
        },
        Field::HasAttachment | Field::RecipientKnown => flag(given, path).map(Wanted::Flag),
        Field::OutboundType => {
            let named = given.as_str().and_then(OutboundType::from_name);
            let message = "expected \"compose\" or \"reply\"";
            named
                .map(Wanted::OutboundType)
                .ok_or_else(|| Fault::new(path, message))
        }
        field => text(field, operator, given, path),
    }
}

fn lists(given: &Value, path: &str, codec: &IdCodec) -> Result<Vec<ListKey>, Fault> {
    let wrapped = std::slice::from_ref(given);
    let ids = match given {
        Value::Array(ids) => ids.as_slice(),
        Value::String(_) => wrapped,
        _ => return Err(Fault::new(path, "expected an array of list ids")),
    };
    if ids.is_empty() || ids.len() > CONDITION_LISTS_MAX {
        let message = format!("expected 1 to {CONDITION_LISTS_MAX} list ids");
        return Err(Fault::new(path, message));
    }
    let mut lists = Vec::with_capacity(ids.len());
    for id in ids {
        let Value::String(id) = id else {
            return Err(Fault::new(path, "expected an array of list ids"));
        };
        let opened = codec.open(Kind::List, id);
        let list = opened.ok_or_else(|| Fault::list(path, id, ""))?;
        if !lists.contains(&list) {
            lists.push(list);
        }
    }
    Ok(lists)
}

fn flag(given: &Value, path: &str) -> Result<bool, Fault> {
    match given {
        Value::Bool(flag) => Ok(*flag),
        Value::String(text) if text == "true" => Ok(true),
        Value::String(text) if text == "false" => Ok(false),
        _ => Err(Fault::new(path, "expected true or false")),
    }
}

fn text(field: &Field, operator: Operator, given: &Value, path: &str) -> Result<Wanted, Fault> {
    let Value::String(text) = given else {
        return Err(Fault::new(path, "expected a string"));
    };
    if text.chars().count() > VALUE_CHARACTERS_MAX {
        let message = format!("expected at most {VALUE_CHARACTERS_MAX} characters");
        return Err(Fault::new(path, message));
    }
    let part = field.part();
    if operator == Operator::Contains {
        if text.trim().is_empty() {
            return Err(Fault::new(path, "expected at least one character"));
        }
        return Ok(Wanted::Part(match part {
            Some(Part::Address) => Needle::of_address(text),
            Some(Part::Domain) => Needle::of_domain(text),
            Some(Part::Tld) => Needle::of_ending(text),
            None => Needle::of_text(text),
        }));
    }
    let whole = match (part, field) {
        (Some(Part::Address), _) => match EmailAddress::parse_envelope(text.trim()) {
            Ok(address) => address.folded(),
            Err(error) => return Err(Fault::new(path, format!("not an address: {error}"))),
        },
        (Some(part), _) => {
            let spelt = part.list_type().canonical(text);
            spelt.map_err(|why| Fault::new(path, why))?
        }
        (None, Field::AttachmentType) => media_type(text, path)?,
        (None, _) => folded(text.trim()),
    };
    Ok(Wanted::Text(whole))
}

fn media_type(text: &str, path: &str) -> Result<String, Fault> {
    let text = folded(text.trim());
    let is_whole = text.split_once('/').is_some_and(|(main, sub)| {
        let is_token = |word: &str| !word.is_empty() && !word.contains(['/', ' ', ';']);
        is_token(main) && is_token(sub) && !main.contains('*')
    });
    match is_whole {
        true => Ok(text),
        false => Err(Fault::new(
            path,
            "expected a MIME type such as \"application/pdf\" or \"image/*\"",
        )),
    }
}

/// A list that a rule names, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedList {
    /// The list.
    pub list: ListKey,
    /// The type it must have.
    pub wanted: ListType,
    /// Path of the condition's value.
    pub path: String,
}
