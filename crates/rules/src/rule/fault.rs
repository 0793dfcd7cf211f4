//! What is wrong with a rule.

/// What is wrong with a rule, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Path of the offending field, such as `match.conditions[2].operator`.
    pub field: String,
    /// What was expected, in lower case.
    pub message: String,
    /// It names something that does not exist, rather than being malformed.
    pub is_reference: bool,
}

impl Fault {
    pub(crate) fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            message: message.into(),
            is_reference: false,
        }
    }

    /// Makes the fault of an id that names no list, or none of the wanted type.
    #[must_use]
    pub fn list(field: impl Into<String>, id: &str, why: &str) -> Self {
        Self {
            field: field.into(),
            message: format!("invalid list ID \"{}\"{why}", shown(id)),
            is_reference: true,
        }
    }
}

/// Returns what a client sent as far as it may be repeated.
pub(crate) fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(64).collect()
}
