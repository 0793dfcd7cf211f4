//! `tracking_options`: checked; nothing is tracked, and the answer says so.

use crate::body::Fields;
use crate::error::ApiError;

/// Characters of a label.
const LABEL_CHARACTERS_MAX: usize = 2_048;

/// Reads the options; returns what to warn about.
pub(super) fn read(fields: &mut Fields<'_>) -> Result<Vec<String>, ApiError> {
    let Some(mut options) = fields.object("tracking_options")? else {
        return Ok(Vec::new());
    };
    let mut wanted = Vec::new();
    for name in ["opens", "links", "thread_replies"] {
        if options.optional::<bool>(name)? == Some(true) {
            wanted.push(name);
        }
    }
    let label: String = options.optional("label")?.unwrap_or_default();
    if label.chars().count() > LABEL_CHARACTERS_MAX {
        let message = format!("at most {LABEL_CHARACTERS_MAX} characters");
        return Err(options.wrong("label", message));
    }
    let host: String = options.optional("domain_name")?.unwrap_or_default();
    if !host.is_empty() {
        return Err(options.wrong("domain_name", "not a tracking host of this server"));
    }
    let mut warnings = options.unknown();
    if !wanted.is_empty() {
        let names = wanted.join(", ");
        warnings.push(format!(
            "tracking is disabled on this server, nothing is tracked: {names}"
        ));
    }
    Ok(warnings)
}
