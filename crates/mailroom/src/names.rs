//! The rule for names that people give to things.

use crate::Refusal;
use crate::limits::NAME_CHARACTERS_MAX;

/// Checks a name: 1 to 256 characters, none of them a control character.
pub(crate) fn check_name(field: &str, name: &str) -> Result<(), Refusal> {
    let characters = name.chars().count();
    if characters == 0 || characters > NAME_CHARACTERS_MAX {
        return Err(Refusal::invalid(
            field,
            format!("expected 1 to {NAME_CHARACTERS_MAX} characters"),
        ));
    }
    if name.chars().any(char::is_control) {
        return Err(Refusal::invalid(
            field,
            "must not contain control characters",
        ));
    }
    Ok(())
}
