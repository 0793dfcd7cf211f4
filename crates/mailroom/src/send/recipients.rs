//! Whom a message goes to: typed once, counted once, and never found anywhere else.

use std::collections::HashSet;

use posthouse_mime::build::Mailbox;
use posthouse_types::address::{DisplayAddress, EmailAddress};

use super::limits::{ADDRESSES_PER_FIELD_MAX, DISPLAY_NAME_CHARACTERS_MAX, RECIPIENTS_MAX};
use crate::Refusal;

/// The recipients of one message, and each address that is to get it once.
#[derive(Debug, Default)]
pub(super) struct Recipients {
    pub(super) to: Vec<Mailbox>,
    pub(super) cc: Vec<Mailbox>,
    pub(super) bcc: Vec<Mailbox>,
    pub(super) envelope: Vec<EmailAddress>,
}

impl Recipients {
    /// Reads the three fields.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] that names the address, or for none or too many.
    pub(super) fn read(
        to: &[DisplayAddress],
        cc: &[DisplayAddress],
        bcc: &[DisplayAddress],
    ) -> Result<Self, Refusal> {
        let read = Self::read_any(to, cc, bcc)?;
        if read.envelope.is_empty() {
            let message = "'to' must contain at least one recipient";
            return Err(Refusal::invalid("to", message).with_fix("Add to: [{\"email\":\"...\"}]"));
        }
        Ok(read)
    }

    /// Reads the three fields, which may be empty.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] that names the address, or for too many.
    pub(super) fn read_any(
        to: &[DisplayAddress],
        cc: &[DisplayAddress],
        bcc: &[DisplayAddress],
    ) -> Result<Self, Refusal> {
        let (to, cc, bcc) = (
            mailboxes(to, "to")?,
            mailboxes(cc, "cc")?,
            mailboxes(bcc, "bcc")?,
        );
        let mut seen = HashSet::new();
        let all = to.iter().chain(&cc).chain(&bcc);
        let envelope: Vec<EmailAddress> = all
            .filter(|mailbox| seen.insert(mailbox.address.folded()))
            .map(|mailbox| mailbox.address.clone())
            .collect();
        if envelope.len() > RECIPIENTS_MAX {
            let message = format!(
                "'to', 'cc' and 'bcc' may name at most {RECIPIENTS_MAX} recipients together, not {}",
                envelope.len()
            );
            return Err(Refusal::invalid("to", message));
        }
        Ok(Self {
            to,
            cc,
            bcc,
            envelope,
        })
    }
}

impl Recipients {
    /// Returns everybody that the three fields name, as they were read.
    pub(super) fn named(&self) -> Vec<EmailAddress> {
        let all = self.to.iter().chain(&self.cc).chain(&self.bcc);
        all.map(|mailbox| mailbox.address.clone()).collect()
    }
}

/// Reads the mailboxes of one field.
pub(super) fn mailboxes(list: &[DisplayAddress], field: &str) -> Result<Vec<Mailbox>, Refusal> {
    if list.len() > ADDRESSES_PER_FIELD_MAX {
        let message = format!("{field}: at most {ADDRESSES_PER_FIELD_MAX} addresses");
        return Err(Refusal::invalid(field, message));
    }
    list.iter()
        .enumerate()
        .map(|(place, one)| mailbox(one, &format!("{field}[{place}]")))
        .collect()
}

/// Reads one mailbox; `place` names it in errors.
pub(super) fn mailbox(one: &DisplayAddress, place: &str) -> Result<Mailbox, Refusal> {
    let wrong = |member: &str, message: String| {
        let field = format!("{place}.{member}");
        let message = format!("{field}: {message}");
        Refusal::invalid(field, message)
    };
    let address = one
        .to_strict()
        .map_err(|error| wrong("email", error.to_string()))?;
    if one.name.chars().count() > DISPLAY_NAME_CHARACTERS_MAX {
        let message = format!("at most {DISPLAY_NAME_CHARACTERS_MAX} characters");
        return Err(wrong("name", message));
    }
    // SMTP-08: also where the name never reaches a header, as that of a hidden recipient
    if one.name.chars().any(char::is_control) {
        let message = "line breaks and control characters are not allowed";
        return Err(wrong("name", message.to_owned()));
    }
    Ok(Mailbox {
        name: one.name.clone(),
        address,
    })
}
