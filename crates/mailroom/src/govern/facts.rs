//! What rules are told of a message. Addresses come as the door parsed them and are never read again.

use std::collections::HashSet;
use std::sync::Arc;

use posthouse_mime::ParsedMessage;
use posthouse_rules::facts::{AttachmentFact, Facts, Needs, Party, Stage};
use posthouse_rules::folded;
use posthouse_rules::headers::Headers;
use posthouse_types::address::{DisplayAddress, EmailAddress};

/// Returns what a message says of itself, whoever it is for. Takes time with its header where that is asked for.
pub(crate) fn of_message(
    stage: Stage,
    needs: &Needs,
    raw: &[u8],
    message: &ParsedMessage,
) -> Facts {
    let headers = match needs.headers.is_empty() {
        true => Headers::default(),
        false => Headers::gather(&needs.headers, posthouse_mime::headers(raw)),
    };
    let attachments = message.attachments.iter().map(|file| AttachmentFact {
        filename: file.filename.clone(),
        content_type: folded(&file.content_type),
        size: file.size,
    });
    Facts {
        subject: Some(folded(&message.subject).into()),
        headers: Arc::new(headers),
        attachments: Some(attachments.collect()),
        ..Facts::at(stage)
    }
}

/// Returns who a received message is from: its authors, then the envelope sender. Where nobody can be made out, there is
/// somebody unknown instead of nobody.
pub(crate) fn senders<'a>(
    authors: impl Iterator<Item = &'a DisplayAddress>,
    envelope_from: Option<&EmailAddress>,
) -> Vec<Party> {
    let authors = authors.map(
        |author| match EmailAddress::parse_envelope(author.email.trim()) {
            Ok(address) => Party::new(address),
            Err(_) => Party::unreadable(&author.email),
        },
    );
    let mut senders = distinct(authors.chain(envelope_from.cloned().map(Party::new)));
    if senders.is_empty() {
        senders.push(Party::unreadable(""));
    }
    senders
}

/// Returns everybody a message goes to, each once: those that it names and those of the envelope.
pub(crate) fn recipients<'a>(addresses: impl Iterator<Item = &'a EmailAddress>) -> Vec<Party> {
    distinct(addresses.cloned().map(Party::new))
}

/// Returns each once, in order.
fn distinct(parties: impl Iterator<Item = Party>) -> Vec<Party> {
    let mut seen = HashSet::new();
    parties
        .filter(|party| seen.insert(party.folded().to_owned()))
        .collect()
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
            [shown("a@x.example"), shown("b@X.example")].iter(),
            Some(&envelope),
        );
        let shown: Vec<&str> = senders.iter().map(Party::as_str).collect();
        assert_eq!(shown, ["a@x.example", "b@x.example"]);
    }

    #[test]
    fn who_cannot_be_made_out_is_unknown_and_not_nobody() {
        for authors in [vec![], vec![shown("")], vec![shown("no address")]] {
            let senders = senders(authors.iter(), None);
            assert_eq!(senders.len(), 1);
            assert!(senders[0].address().is_none());
        }
    }
}
