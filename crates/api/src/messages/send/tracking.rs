//! `tracking_options`: checked; replies are announced, opens and links are not counted here, and the answer says so.

use posthouse_mailroom::send::{TRACKING_LABEL_CHARACTERS_MAX, TrackingOptions};

use crate::body::Fields;
use crate::error::ApiError;

/// Reads the options; also returns what to warn about.
pub(crate) fn read(
    fields: &mut Fields<'_>,
) -> Result<(Option<TrackingOptions>, Vec<String>), ApiError> {
    let Some(mut options) = fields.object("tracking_options")? else {
        return Ok((None, Vec::new()));
    };
    let mut flag = |name| Ok::<_, ApiError>(options.optional(name)?.unwrap_or_default());
    let read = TrackingOptions {
        opens: flag("opens")?,
        links: flag("links")?,
        thread_replies: flag("thread_replies")?,
        label: options.optional("label")?.unwrap_or_default(),
        domain_name: options.optional("domain_name")?.unwrap_or_default(),
    };
    if read.label.chars().count() > TRACKING_LABEL_CHARACTERS_MAX {
        let message = format!("at most {TRACKING_LABEL_CHARACTERS_MAX} characters");
        return Err(options.wrong("label", message));
    }
    if !read.domain_name.is_empty() {
        return Err(options.wrong("domain_name", "not a tracking host of this server"));
    }
    let mut warnings = options.unknown();
    warnings.extend(not_counted(&read));
    Ok((Some(read), warnings))
}

/// Returns what to warn about when a message with these options goes.
pub(crate) fn not_counted(options: &TrackingOptions) -> Option<String> {
    let names = options.not_counted().join(", ");
    (!names.is_empty())
        .then(|| format!("tracking is disabled on this server, nothing is counted: {names}"))
}
