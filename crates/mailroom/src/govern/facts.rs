//! What rules are told of a message. Addresses come as the door parsed them and are never read again.

use posthouse_mime::ParsedMessage;
use posthouse_rules::facts::{AttachmentFact, Facts, Needs, Party, Stage};
use posthouse_rules::folded;
use posthouse_types::address::{DisplayAddress, EmailAddress};

/// Returns what a message says of itself, whoever it is for.
pub(super) fn of_message(stage: Stage, needs: Needs, raw: &[u8], message: &ParsedMessage) -> Facts {
    let headers = match needs.headers {
        true => posthouse_mime::headers(raw),
        false => Vec::new(),
    };
    let headers = headers.into_iter();
    let attachments = message.attachments.iter().map(|file| AttachmentFact {
        filename: file.filename.clone(),
        content_type: folded(&file.content_type),
        size: file.size,
    });
    Facts {
        subject: Some(folded(&message.subject)),
        headers: headers
            .map(|(name, value)| (folded(&name), folded(&value)))
            .collect(),
        attachments: Some(attachments.collect()),
        ..Facts::at(stage)
    }
}

/// Returns who a received message is from: its authors, then the envelope sender. Where nobody can be made out, there is
/// somebody unknown instead of nobody.
pub(crate) fn senders(
    authors: &[DisplayAddress],
    envelope_from: Option<&EmailAddress>,
) -> Vec<Party> {
    let authors =
        authors.iter().map(
            |author| match EmailAddress::parse_envelope(author.email.trim()) {
                Ok(address) => Party::new(address),
                Err(_) => Party::unreadable(&author.email),
            },
        );
    let mut senders: Vec<Party> = Vec::new();
    for party in authors.chain(envelope_from.cloned().map(Party::new)) {
        if !senders.contains(&party) {
            senders.push(party);
        }
    }
    if senders.is_empty() {
        senders.push(Party::unreadable(""));
    }
    senders
}

/// Returns everybody a message goes to, each once: those that it names and those of the envelope.
pub(crate) fn recipients<'a>(addresses: impl Iterator<Item = &'a EmailAddress>) -> Vec<Party> {
    let mut recipients: Vec<Party> = Vec::new();
    for address in addresses {
        let party = Party::new(address.clone());
        if !recipients.contains(&party) {
            recipients.push(party);
        }
    }
    recipients
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(email: &str) -> DisplayAddress {
        DisplayAddress {
            name: "Ann".to_owned(),
            email: email.to_owned(),
        }
    }

    #[test]
    fn authors_come_before_the_envelope_and_each_counts_once() {
        let envelope = EmailAddress::parse_strict("b@x.example").unwrap();
        let senders = senders(
            &[shown("a@x.example"), shown("b@X.example")],
            Some(&envelope),
        );
        let shown: Vec<&str> = senders.iter().map(Party::as_str).collect();
        assert_eq!(shown, ["a@x.example", "b@x.example"]);
    }

    #[test]
    fn who_cannot_be_made_out_is_unknown_and_not_nobody() {
        for authors in [vec![], vec![shown("")], vec![shown("no address")]] {
            let senders = senders(&authors, None);
            assert_eq!(senders.len(), 1);
            assert!(senders[0].address().is_none());
        }
    }
}
