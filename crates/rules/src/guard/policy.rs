//! What an operator wants done about what leaves: the member `outbound_guard` of a policy.

use regex::{Regex, RegexBuilder};
use serde_json::{Map, Value};

use super::limits::{
    PATTERN_CACHE_BYTES_MAX, PATTERN_CHARACTERS_MAX, PATTERN_NAME_CHARACTERS_MAX,
    PATTERN_PROGRAM_BYTES_MAX, PATTERNS_MAX,
};

/// What is to be done about a finding, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Response {
    /// Nothing; it is not looked for.
    #[default]
    Off,
    /// The message goes, and the sender is told.
    Warn,
    /// Somebody has to approve the message.
    Hold,
    /// The message is refused.
    Block,
}

impl Response {
    /// Returns the name as the API spells it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Warn => "warn",
            Self::Hold => "hold",
            Self::Block => "block",
        }
    }

    fn of(name: &str) -> Option<Self> {
        [Self::Off, Self::Warn, Self::Hold, Self::Block]
            .into_iter()
            .find(|response| response.name() == name)
    }
}

/// A text that an operator does not want to leave.
#[derive(Debug, Clone)]
pub struct Pattern {
    /// What answers call it.
    pub name: String,
    /// Matched in linear time.
    pub regex: Regex,
    /// What is done about a match.
    pub response: Response,
}

/// A policy's wishes, read once and used for every message.
#[derive(Debug, Clone, Default)]
pub struct GuardPolicy {
    /// About keys, tokens and passwords.
    pub secrets: Response,
    /// About numbers of payment cards.
    pub payment_cards: Response,
    /// About recipients who have never written to the account.
    pub first_time_recipients: Response,
    /// About files that run, or whose type is not allowed.
    pub attachment_types: Response,
    /// About texts of the operator's own.
    pub patterns: Vec<Pattern>,
    /// Media types that may leave, `image/*` for all of a kind; empty: all but those that run.
    pub allowed_types: Vec<String>,
}

/// Why a policy's `outbound_guard` is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuardFault {
    /// The path of the offending member, from `outbound_guard` on.
    pub field: String,
    /// What is wrong with it, in lower case.
    pub message: String,
}

impl GuardFault {
    fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            message: message.into(),
        }
    }
}

const ROOT: &str = "outbound_guard";

impl GuardPolicy {
    /// Reads the member `outbound_guard` of a policy. `null` and missing members are off.
    ///
    /// # Errors
    /// The first member that is wrong.
    pub fn from_json(value: &Value) -> Result<Self, GuardFault> {
        let members = match value {
            Value::Null => return Ok(Self::default()),
            Value::Object(members) => members,
            _ => return Err(GuardFault::new(ROOT, "expected an object")),
        };
        const KNOWN: [&str; 5] = [
            "secrets",
            "payment_cards",
            "first_time_recipients",
            "attachment_types",
            "patterns",
        ];
        if let Some(unknown) = members.keys().find(|name| !KNOWN.contains(&name.as_str())) {
            let message = format!("unknown, expected one of {}", KNOWN.join(", "));
            return Err(GuardFault::new(format!("{ROOT}.{unknown}"), message));
        }
        Ok(Self {
            secrets: response(members, "secrets", ROOT)?,
            payment_cards: response(members, "payment_cards", ROOT)?,
            first_time_recipients: response(members, "first_time_recipients", ROOT)?,
            attachment_types: response(members, "attachment_types", ROOT)?,
            patterns: patterns(members.get("patterns"))?,
            allowed_types: Vec::new(),
        })
    }

    /// Lets only files of these media types leave, where files are looked at.
    #[must_use]
    pub fn with_allowed_types(mut self, types: Vec<String>) -> Self {
        self.allowed_types = types;
        self
    }

    /// Tells whether nothing is looked for.
    #[must_use]
    pub fn is_off(&self) -> bool {
        !self.reads_text() && self.first_time_recipients.max(self.attachment_types) == Response::Off
    }

    /// Tells whether anything is looked for in texts.
    #[must_use]
    pub fn reads_text(&self) -> bool {
        self.strongest_of_text() > Response::Off
    }

    /// Returns the strongest response that something in a text may have.
    pub(super) fn strongest_of_text(&self) -> Response {
        let patterns = self.patterns.iter().map(|pattern| pattern.response);
        patterns.fold(self.secrets.max(self.payment_cards), Response::max)
    }
}

fn response(members: &Map<String, Value>, name: &str, at: &str) -> Result<Response, GuardFault> {
    let named = match members.get(name) {
        None | Some(Value::Null) => return Ok(Response::Off),
        Some(value) => value.as_str().and_then(Response::of),
    };
    named
        .ok_or_else(|| GuardFault::new(format!("{at}.{name}"), "expected off, warn, hold or block"))
}

fn patterns(value: Option<&Value>) -> Result<Vec<Pattern>, GuardFault> {
    let field = format!("{ROOT}.patterns");
    let list = match value {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(list)) => list,
        Some(_) => return Err(GuardFault::new(field, "expected an array")),
    };
    if list.len() > PATTERNS_MAX {
        return Err(GuardFault::new(
            field,
            format!("at most {PATTERNS_MAX} patterns"),
        ));
    }
    list.iter()
        .enumerate()
        .map(|(number, value)| pattern(value, &format!("{field}[{number}]")))
        .collect()
}

fn pattern(value: &Value, at: &str) -> Result<Pattern, GuardFault> {
    let Value::Object(members) = value else {
        return Err(GuardFault::new(at, "expected an object"));
    };
    let text = |name: &str, characters_max: usize| {
        let text = members
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default();
        if text.is_empty() || text.chars().count() > characters_max {
            let message = format!("expected 1 to {characters_max} characters");
            return Err(GuardFault::new(format!("{at}.{name}"), message));
        }
        Ok(text)
    };
    let known = ["name", "regex", "action"];
    if let Some(unknown) = members.keys().find(|name| !known.contains(&name.as_str())) {
        let message = "unknown, expected name, regex or action";
        return Err(GuardFault::new(format!("{at}.{unknown}"), message));
    }
    let name = text("name", PATTERN_NAME_CHARACTERS_MAX)?;
    let written = text("regex", PATTERN_CHARACTERS_MAX)?;
    let regex = RegexBuilder::new(written)
        .size_limit(PATTERN_PROGRAM_BYTES_MAX)
        .dfa_size_limit(PATTERN_CACHE_BYTES_MAX)
        .build();
    let field = format!("{at}.regex");
    let regex = regex.map_err(|error| GuardFault::new(&field, fault_of(&error)))?;
    if regex.is_match("") {
        return Err(GuardFault::new(field, "it also matches nothing at all"));
    }
    Ok(Pattern {
        name: name.to_owned(),
        regex,
        response: response(members, "action", at)?,
    })
}

/// Returns the last line of what the reader of patterns says: those before it draw where it is.
fn fault_of(error: &regex::Error) -> String {
    match error {
        regex::Error::CompiledTooBig(_) => "it is too large when written out".to_owned(),
        error => {
            let text = error.to_string();
            let last = text.lines().next_back().unwrap_or_default();
            last.trim_start_matches("error: ").to_owned()
        }
    }
}
