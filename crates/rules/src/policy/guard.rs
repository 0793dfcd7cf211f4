//! What a policy wants looked for in outgoing mail, and what follows when it is found.

use serde_json::{Map, Value, json};

use super::document::Fault;
use super::fields::Fields;

/// Patterns of one policy.
pub const PATTERNS_MAX: usize = 50;
/// Characters of a pattern's name.
pub const PATTERN_NAME_CHARACTERS_MAX: usize = 256;
/// Characters of a regular expression.
pub const REGEX_CHARACTERS_MAX: usize = 1_000;
/// Bytes that one compiled expression may take.
pub const REGEX_COMPILED_BYTES_MAX: usize = 256 * 1_024;

/// What follows a finding; a later one outweighs an earlier one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GuardAction {
    /// It is not looked for.
    #[default]
    Off,
    /// The message leaves; the answer and the audit log tell.
    Warn,
    /// The message waits for somebody's approval.
    Hold,
    /// The message does not leave.
    Block,
}

/// How policies spell what follows a finding.
pub const GUARD_ACTIONS: [&str; 4] = ["off", "warn", "hold", "block"];

impl GuardAction {
    const ALL: [Self; 4] = [Self::Off, Self::Warn, Self::Hold, Self::Block];

    /// How policies spell it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Warn => "warn",
            Self::Hold => "hold",
            Self::Block => "block",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.name() == text)
    }
}

/// A pattern of the operator's own.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct GuardPattern {
    /// Names the finding.
    pub name: String,
    /// A regular expression in the syntax of the `regex` crate, which takes linear time.
    pub regex: String,
    /// What follows a match.
    pub action: GuardAction,
}

/// What is looked for in outgoing mail.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Guard {
    /// Keys, tokens and passwords.
    pub secrets: GuardAction,
    /// Numbers of payment cards.
    pub payment_cards: GuardAction,
    /// Recipients that the account never wrote to or heard from.
    pub first_time_recipients: GuardAction,
    /// Attachments of types that are dangerous to open.
    pub attachment_types: GuardAction,
    /// The operator's own patterns.
    pub patterns: Vec<GuardPattern>,
}

impl Guard {
    /// Tells whether nothing is looked for.
    #[must_use]
    pub fn is_off(&self) -> bool {
        let named = [
            self.secrets,
            self.payment_cards,
            self.first_time_recipients,
            self.attachment_types,
        ];
        named.iter().all(|action| *action == GuardAction::Off)
            && self
                .patterns
                .iter()
                .all(|pattern| pattern.action == GuardAction::Off)
    }

    pub(super) fn read(mut fields: Fields<'_>, unknown: &mut Vec<String>) -> Result<Self, Fault> {
        let mut guard = Self {
            secrets: action(&mut fields, "secrets")?,
            payment_cards: action(&mut fields, "payment_cards")?,
            first_time_recipients: action(&mut fields, "first_time_recipients")?,
            attachment_types: action(&mut fields, "attachment_types")?,
            patterns: Vec::new(),
        };
        let path = fields.path_of("patterns");
        let patterns = fields.array("patterns")?.unwrap_or_default();
        if patterns.len() > PATTERNS_MAX {
            let message = format!("expected at most {PATTERNS_MAX} patterns");
            return Err(Fault::invalid(&path, message));
        }
        for (place, value) in patterns.iter().enumerate() {
            let mut pattern = Fields::of(value, &format!("{path}[{place}]"))?;
            guard.patterns.push(read_pattern(&mut pattern)?);
            unknown.extend(pattern.unknown());
        }
        unknown.extend(fields.unknown());
        Ok(guard)
    }

    /// Writes the members of `outbound_guard`.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut members = Map::new();
        for (name, action) in [
            ("secrets", self.secrets),
            ("payment_cards", self.payment_cards),
            ("first_time_recipients", self.first_time_recipients),
            ("attachment_types", self.attachment_types),
        ] {
            members.insert(name.to_owned(), json!(action.name()));
        }
        let patterns: Vec<Value> = self
            .patterns
            .iter()
            .map(|pattern| {
                json!({
                    "name": pattern.name,
                    "regex": pattern.regex,
                    "action": pattern.action.name(),
                })
            })
            .collect();
        members.insert("patterns".to_owned(), json!(patterns));
        Value::Object(members)
    }
}

fn action(fields: &mut Fields<'_>, name: &'static str) -> Result<GuardAction, Fault> {
    match fields.text(name)? {
        None => Ok(GuardAction::Off),
        Some(text) => GuardAction::parse(text).ok_or_else(|| {
            Fault::invalid(&fields.path_of(name), "expected off, warn, hold or block")
        }),
    }
}

fn read_pattern(fields: &mut Fields<'_>) -> Result<GuardPattern, Fault> {
    let name = required(fields, "name", PATTERN_NAME_CHARACTERS_MAX)?;
    let regex = required(fields, "regex", REGEX_CHARACTERS_MAX)?;
    let compiled = regex::RegexBuilder::new(&regex)
        .size_limit(REGEX_COMPILED_BYTES_MAX)
        .build();
    if compiled.is_err() {
        let path = fields.path_of("regex");
        let message = "expected a regular expression without look-around and back-references, and not a huge one";
        return Err(Fault::invalid(&path, message));
    }
    if fields.value("action").is_none() {
        return Err(Fault::invalid(&fields.path_of("action"), "is required"));
    }
    Ok(GuardPattern {
        name,
        regex,
        action: action(fields, "action")?,
    })
}

fn required(
    fields: &mut Fields<'_>,
    name: &'static str,
    characters_max: usize,
) -> Result<String, Fault> {
    let path = fields.path_of(name);
    let text = fields
        .text(name)?
        .ok_or_else(|| Fault::invalid(&path, "is required"))?;
    if !(1..=characters_max).contains(&text.chars().count()) {
        let message = format!("expected 1 to {characters_max} characters");
        return Err(Fault::invalid(&path, message));
    }
    Ok(text.to_owned())
}
