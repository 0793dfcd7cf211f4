//! Rules as operators write them: read from JSON, checked, and shown again.

mod action;
mod condition;
mod fault;
mod field;
mod needle;
mod operator;
mod promise;

pub use action::Action;
pub use condition::{Condition, NamedList, Wanted};
pub use fault::Fault;
pub use field::{Field, Part};
pub use needle::Needle;
pub use operator::Operator;

use condition::Strictness;
use posthouse_types::ids::{IdCodec, Key};
use serde_json::{Map, Value, json};

use crate::limits::{
    ACTIONS_MAX, CONDITIONS_MAX, DESCRIPTION_CHARACTERS_MAX, NAME_CHARACTERS_MAX, PRIORITY_DEFAULT,
    PRIORITY_MAX,
};

/// The members of a rule that clients write, in the order in which they are shown.
pub const WRITABLE: [&str; 7] = [
    "name",
    "description",
    "priority",
    "enabled",
    "trigger",
    "match",
    "actions",
];

/// Which way a message goes when a rule looks at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Trigger {
    /// It arrives.
    Inbound,
    /// It is sent.
    Outbound,
}

impl Trigger {
    /// Returns the name that the API uses.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Inbound => "inbound",
            Self::Outbound => "outbound",
        }
    }

    /// Returns what a name stands for.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Inbound, Self::Outbound]
            .into_iter()
            .find(|one| one.name() == name)
    }
}

/// Which messages a rule is about.
#[derive(Debug, Clone, PartialEq)]
pub struct Matching {
    /// One condition is enough; otherwise all are needed.
    pub any: bool,
    /// At least one.
    pub conditions: Vec<Condition>,
}

/// A rule that has been checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Its key.
    pub id: Key,
    /// Unix seconds.
    pub created_at: i64,
    /// A name for people; refusals quote it.
    pub name: String,
    /// A text for people.
    pub description: Option<String>,
    /// 0 is first.
    pub priority: i64,
    /// Otherwise it is never looked at.
    pub enabled: bool,
    /// Which way messages go that it looks at.
    pub trigger: Trigger,
    /// Which messages it is about.
    pub matching: Matching,
    /// What becomes of them; at least one.
    pub actions: Vec<Action>,
}

impl Rule {
    /// Reads a rule as clients write it; members that are not of [`WRITABLE`] are passed over.
    ///
    /// Whether the lists it names exist is not looked at: see [`Rule::named_lists`].
    ///
    /// # Errors
    /// The first thing that is wrong with it; a value that no message can ever have is wrong.
    pub fn from_json(
        id: Key,
        created_at: i64,
        value: &Value,
        codec: &IdCodec,
    ) -> Result<Self, Fault> {
        Self::read(id, created_at, value, codec, Strictness::Written)
    }

    /// Reads a rule that was taken before, also where it would not be taken today for never matching anything: a rule that
    /// cannot be read stops all mail.
    ///
    /// # Errors
    /// As [`Rule::from_json`].
    pub fn from_stored(
        id: Key,
        created_at: i64,
        value: &Value,
        codec: &IdCodec,
    ) -> Result<Self, Fault> {
        Self::read(id, created_at, value, codec, Strictness::Stored)
    }

    fn read(
        id: Key,
        created_at: i64,
        value: &Value,
        codec: &IdCodec,
        strictness: Strictness,
    ) -> Result<Self, Fault> {
        let Value::Object(members) = value else {
            return Err(Fault::new("", "expected an object"));
        };
        let trigger = trigger(members)?;
        let actions = actions(members, trigger)?;
        Ok(Self {
            id,
            created_at,
            name: name(members)?,
            description: description(members)?,
            priority: priority(members)?,
            enabled: enabled(members)?,
            trigger,
            matching: matching(members, trigger, codec, strictness)?,
            actions,
        })
    }

    /// Returns this rule with what a client sent; `match` and `actions` are replaced whole, `null` means the default.
    ///
    /// # Errors
    /// As [`Rule::from_json`].
    pub fn updated(&self, changes: &Value, codec: &IdCodec) -> Result<Self, Fault> {
        let Value::Object(changes) = changes else {
            return Err(Fault::new("", "expected an object"));
        };
        let mut members = self.to_json(codec);
        for name in WRITABLE {
            if let Some(value) = changes.get(name) {
                members.insert(name.to_owned(), value.clone());
            }
        }
        Self::from_json(self.id, self.created_at, &Value::Object(members), codec)
    }

    /// Returns what clients write, as it is shown and stored.
    #[must_use]
    pub fn to_json(&self, codec: &IdCodec) -> Map<String, Value> {
        let conditions = self.matching.conditions.iter();
        let operator = if self.matching.any { "any" } else { "all" };
        let shown = json!({
            "name": self.name,
            "description": self.description,
            "priority": self.priority,
            "enabled": self.enabled,
            "trigger": self.trigger.name(),
            "match": {
                "operator": operator,
                "conditions": conditions.map(|one| one.to_json(codec)).collect::<Vec<_>>(),
            },
            "actions": self.actions.iter().map(Action::to_json).collect::<Vec<_>>(),
        });
        match shown {
            Value::Object(members) => members,
            _ => Map::new(),
        }
    }

    /// Returns the lists that its conditions name, in order, for whoever can tell whether they exist.
    pub fn named_lists(&self) -> impl Iterator<Item = NamedList> {
        let conditions = self.matching.conditions.iter().enumerate();
        conditions.flat_map(|(place, condition)| {
            let wanted = condition.field.list_type();
            condition.lists().iter().filter_map(move |list| {
                Some(NamedList {
                    list: *list,
                    wanted: wanted?,
                    path: format!("match.conditions[{place}].value"),
                })
            })
        })
    }

    /// Tells whether the envelope alone decides, and the message is refused if so: such rules are asked before the
    /// message is taken in.
    #[must_use]
    pub fn is_for_the_envelope(&self) -> bool {
        self.trigger == Trigger::Inbound
            && self.actions == [Action::Block]
            && self
                .matching
                .conditions
                .iter()
                .all(|condition| condition.field.is_of_envelope())
    }
}

/// Brings rules into the order in which they are looked at: by priority, then age.
pub fn sort(rules: &mut [Rule]) {
    rules.sort_by_key(|rule| (rule.priority, rule.created_at, rule.id));
}

fn name(members: &Map<String, Value>) -> Result<String, Fault> {
    match members.get("name") {
        Some(Value::String(name)) => {
            let characters = name.chars().count();
            if name.trim().is_empty() || characters > NAME_CHARACTERS_MAX {
                let message = format!("expected 1 to {NAME_CHARACTERS_MAX} characters");
                return Err(Fault::new("name", message));
            }
            if name.chars().any(char::is_control) {
                return Err(Fault::new("name", "control characters are not accepted"));
            }
            Ok(name.clone())
        }
        Some(Value::Null) | None => Err(Fault::new("name", "is required")),
        Some(_) => Err(Fault::new("name", "expected a string")),
    }
}

fn description(members: &Map<String, Value>) -> Result<Option<String>, Fault> {
    match members.get("description") {
        Some(Value::String(text)) if text.chars().count() > DESCRIPTION_CHARACTERS_MAX => {
            let message = format!("expected at most {DESCRIPTION_CHARACTERS_MAX} characters");
            Err(Fault::new("description", message))
        }
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(Value::Null) | None => Ok(None),
        Some(_) => Err(Fault::new("description", "expected a string")),
    }
}

fn priority(members: &Map<String, Value>) -> Result<i64, Fault> {
    let given = match members.get("priority") {
        Some(Value::Null) | None => return Ok(PRIORITY_DEFAULT),
        Some(given) => given,
    };
    let whole = given.as_i64().or_else(|| {
        let number = given.as_f64().filter(|number| number.fract() == 0.0)?;
        // Whatever does not fit is far outside of what is accepted.
        Some(number as i64)
    });
    whole
        .filter(|number| (0..=PRIORITY_MAX).contains(number))
        .ok_or_else(|| {
            let message = format!("expected an integer from 0 to {PRIORITY_MAX}");
            Fault::new("priority", message)
        })
}

fn enabled(members: &Map<String, Value>) -> Result<bool, Fault> {
    match members.get("enabled") {
        Some(Value::Bool(flag)) => Ok(*flag),
        Some(Value::Null) | None => Ok(true),
        Some(_) => Err(Fault::new("enabled", "expected true or false")),
    }
}

fn trigger(members: &Map<String, Value>) -> Result<Trigger, Fault> {
    match members.get("trigger") {
        Some(Value::Null) | None => Ok(Trigger::Inbound),
        Some(value) => value
            .as_str()
            .and_then(Trigger::from_name)
            .ok_or_else(|| Fault::new("trigger", "expected \"inbound\" or \"outbound\"")),
    }
}

fn matching(
    members: &Map<String, Value>,
    trigger: Trigger,
    codec: &IdCodec,
    strictness: Strictness,
) -> Result<Matching, Fault> {
    let members = match members.get("match") {
        Some(Value::Object(members)) => members,
        Some(Value::Null) | None => return Err(Fault::new("match", "is required")),
        Some(_) => return Err(Fault::new("match", "expected an object with conditions")),
    };
    let any = match members.get("operator") {
        Some(Value::Null) | None => false,
        Some(Value::String(word)) if word == "all" => false,
        Some(Value::String(word)) if word == "any" => true,
        Some(_) => return Err(Fault::new("match.operator", "expected \"all\" or \"any\"")),
    };
    let path = "match.conditions";
    let given = array(members.get("conditions"), path, CONDITIONS_MAX)?;
    let conditions = given.iter().enumerate().map(|(place, condition)| {
        let path = format!("{path}[{place}]");
        Condition::from_json(condition, trigger, &path, codec, strictness)
    });
    Ok(Matching {
        any,
        conditions: conditions.collect::<Result<_, _>>()?,
    })
}

fn actions(members: &Map<String, Value>, trigger: Trigger) -> Result<Vec<Action>, Fault> {
    let given = array(members.get("actions"), "actions", ACTIONS_MAX)?;
    let mut actions = Vec::with_capacity(given.len());
    for (place, action) in given.iter().enumerate() {
        let path = format!("actions[{place}]");
        let action = Action::from_json(action, &path)?;
        if let Some(only) = action.trigger().filter(|only| *only != trigger) {
            let message = format!(
                "action \"{}\" needs trigger \"{}\"",
                action.name(),
                only.name()
            );
            return Err(Fault::new(format!("{path}.type"), message));
        }
        actions.push(action);
    }
    if actions.len() > 1 && actions.contains(&Action::Block) {
        return Err(Fault::new("actions", "\"block\" must be the only action"));
    }
    Ok(actions)
}

fn array<'a>(given: Option<&'a Value>, path: &str, most: usize) -> Result<&'a [Value], Fault> {
    match given {
        Some(Value::Array(entries)) if !entries.is_empty() && entries.len() <= most => Ok(entries),
        Some(Value::Array(_)) => Err(Fault::new(path, format!("expected 1 to {most} entries"))),
        Some(Value::Null) | None => Err(Fault::new(path, "is required")),
        Some(_) => Err(Fault::new(path, "expected an array")),
    }
}

/// Every field, for tests that go over all of them.
#[cfg(test)]
pub(crate) const TESTED_FIELDS: [&str; 14] = [
    "from.address",
    "from.domain",
    "from.tld",
    "recipient.address",
    "recipient.domain",
    "recipient.tld",
    "outbound.type",
    "recipient.known",
    "envelope.recipient",
    "subject",
    "header.x-own",
    "spam.score",
    "has_attachment",
    "attachment.type",
];

#[cfg(test)]
mod promise_tests;
#[cfg(test)]
mod tests;
