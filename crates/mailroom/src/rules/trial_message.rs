//! The message that rules are tried on: one that is given in its parts, or one that is stored.

use posthouse_rules::facts::{Facts, Needs, OutboundType, Party, Stage};
use posthouse_rules::folded;
use posthouse_types::address::{DisplayAddress, EmailAddress};
use serde_json::Value;

use super::trial_source::{Writer, write};
use crate::Refusal;
use crate::govern::{of_message, recipients, senders};

/// Ids of messages in its header that are looked up.
const ANSWERED_IDS_MAX: usize = 50;
/// Addresses of a message that is given.
const ADDRESSES_MAX: usize = 1_000;
/// Fields of the header of a message that is given.
const HEADERS_MAX: usize = 2_000;
/// Files of a message that is given.
const ATTACHMENTS_MAX: usize = 1_000;

/// A message as far as rules look at it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TrialMessage {
    /// Its authors.
    pub from: Vec<DisplayAddress>,
    /// Whom it is for.
    pub to: Vec<DisplayAddress>,
    /// Who gets a copy.
    pub cc: Vec<DisplayAddress>,
    /// Who gets a hidden copy.
    pub bcc: Vec<DisplayAddress>,
    /// Its subject.
    pub subject: String,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// Name, type and size of each file.
    pub attachments: Vec<(String, String, u64)>,
    /// Public id of the message that it answers.
    pub reply_to_message_id: Option<String>,
    /// What arriving mail was judged at.
    pub spam_score: Option<f64>,
    /// The sender in the envelope.
    pub envelope_from: Option<String>,
    /// The recipients in the envelope.
    pub envelope_to: Vec<String>,
    /// The message as it is kept, where it is.
    pub source: Option<Vec<u8>>,
}

impl TrialMessage {
    /// Returns what rules are told of it, as of a message on its way: it is written down and read again. A message that
    /// arrives is looked at for the first recipient of its envelope, else for the account.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] that names an address that is none, or what there is too much of.
    pub(super) fn facts(
        &self,
        stage: Stage,
        needs: &Needs,
        writer: &Writer,
    ) -> Result<Facts, Refusal> {
        self.check_bounds()?;
        let written;
        let raw = match &self.source {
            Some(raw) => raw.as_slice(),
            None => {
                written = write(self, stage, writer)?;
                &written
            }
        };
        let message = posthouse_mime::parse(raw);
        let mut facts = of_message(stage, needs, raw, &message);
        let envelope_from = match self.envelope_from.as_deref().map(str::trim) {
            None | Some("" | "<>") => None,
            Some(text) => Some(envelope_address(text, "message.envelope_from")?),
        };
        if stage == Stage::OutboundSend {
            facts.from = match (self.from.is_empty(), &writer.own) {
                (true, Some(own)) => [Party::new(own.address.clone())].into(),
                _ => senders(self.from.iter(), None).into(),
            };
            let named = self.named()?;
            facts.recipients = recipients(named.iter());
            facts.outbound_type = Some(match self.reply_to_message_id {
                Some(_) => OutboundType::Reply,
                None => OutboundType::Compose,
            });
            return Ok(facts);
        }
        facts.from = senders(message.from_all(), envelope_from.as_ref()).into();
        facts.spam_score = self.spam_score;
        let own = writer.own.as_ref().map(|own| own.address.clone());
        facts.envelope_recipients = match self.envelope_to.first() {
            Some(text) => vec![Party::new(envelope_address(text, "message.envelope_to")?)],
            None => own.into_iter().map(Party::new).collect(),
        };
        Ok(facts)
    }

    /// Returns everybody it goes to, in the type that goes on the wire.
    fn named(&self) -> Result<Vec<EmailAddress>, Refusal> {
        let mut named = Vec::new();
        for (field, list) in [("to", &self.to), ("cc", &self.cc), ("bcc", &self.bcc)] {
            for (place, one) in list.iter().enumerate() {
                let path = format!("message.{field}[{place}].email");
                named.push(strict(&one.email, &path)?);
            }
        }
        for (place, text) in self.envelope_to.iter().enumerate() {
            named.push(strict(text, &format!("message.envelope_to[{place}]"))?);
        }
        Ok(named)
    }

    /// Returns the ids that its header answers, with their brackets.
    pub(super) fn answered_ids(&self) -> impl Iterator<Item = String> {
        let fields = self.headers.iter().filter(|(name, _)| {
            ["in-reply-to", "references"].contains(&folded(name.trim()).as_str())
        });
        let ids = fields.flat_map(|(_, value)| value.split('<').skip(1));
        ids.filter_map(|rest| Some(format!("<{}>", rest.split_once('>')?.0)))
            .take(ANSWERED_IDS_MAX)
    }

    fn check_bounds(&self) -> Result<(), Refusal> {
        let addresses = self.from.len() + self.to.len() + self.cc.len() + self.bcc.len();
        for (field, count, most) in [
            (
                "message.to",
                addresses + self.envelope_to.len(),
                ADDRESSES_MAX,
            ),
            ("message.headers", self.headers.len(), HEADERS_MAX),
            (
                "message.attachments",
                self.attachments.len(),
                ATTACHMENTS_MAX,
            ),
        ] {
            if count > most {
                return Err(Refusal::invalid(field, format!("expected at most {most}")));
            }
        }
        Ok(())
    }

    /// Reads a message object of ours.
    pub(super) fn of_object(object: &Value) -> Self {
        let people = |field: &str| -> Vec<DisplayAddress> {
            let list = object[field].as_array();
            let list = list.into_iter().flatten();
            list.map(|one| DisplayAddress {
                name: text(&one["name"]),
                email: text(&one["email"]),
            })
            .collect()
        };
        let rows = |field: &str| object[field].as_array().into_iter().flatten();
        let headers: Vec<(String, String)> = rows("headers")
            .map(|one| (text(&one["name"]), text(&one["value"])))
            .collect();
        // What this server wrote in front when the message arrived.
        let trace = |name: &str| {
            let field = headers
                .iter()
                .find(|(other, _)| other.eq_ignore_ascii_case(name));
            field.map(|(_, value)| value.trim().trim_matches(['<', '>']).to_owned())
        };
        let (envelope_from, delivered) = (trace("Return-Path"), trace("Delivered-To"));
        Self {
            from: people("from"),
            to: people("to"),
            cc: people("cc"),
            bcc: people("bcc"),
            subject: text(&object["subject"]),
            attachments: rows("attachments")
                .map(|one| {
                    let size = one["size"].as_u64().unwrap_or_default();
                    (text(&one["filename"]), text(&one["content_type"]), size)
                })
                .collect(),
            reply_to_message_id: object["reply_to_message_id"].as_str().map(str::to_owned),
            spam_score: object["security"]["spam"]["score"].as_f64(),
            envelope_from,
            envelope_to: delivered.into_iter().collect(),
            headers,
            source: None,
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn strict(text: &str, path: &str) -> Result<EmailAddress, Refusal> {
    EmailAddress::parse_strict(text.trim())
        .map_err(|error| Refusal::invalid(path, format!("{path}: {error}")))
}

fn envelope_address(text: &str, path: &str) -> Result<EmailAddress, Refusal> {
    EmailAddress::parse_envelope(text)
        .map_err(|error| Refusal::invalid(path, format!("{path}: {error}")))
}
