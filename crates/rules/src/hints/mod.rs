//! Inbound hints: what a reader of arriving mail should know, and a model that reads it even more.
//!
//! Hints are facts with places and positions, not verdicts: hidden text, letters that show nothing, domains that look like
//! others, and words that address a model. Nothing is filtered by them. What readers see and what they do not is told
//! apart.
//!
//! | module | tells |
//! |---|---|
//! | `characters` | letters that show nothing or change the order of others |
//! | `domains`, `skeleton` | domains and names that look like others |
//! | `instructions` | words that address a model |

mod characters;
mod domains;
mod instructions;
mod skeleton;

use crate::limits::{HINT_EXCERPT_CHARACTERS_MAX, HINTED_BYTES_MAX, HINTS_MAX};

/// Where a hint stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum HintPlace {
    /// An author's name or address.
    From,
    /// Where answers go.
    ReplyTo,
    /// The subject.
    Subject,
    /// What a reader sees of the body.
    Body,
    /// What no reader sees of the body.
    Hidden,
    /// What an image shows instead, and other texts of attributes.
    Attributes,
    /// A link.
    Link,
    /// The name of a file.
    AttachmentName,
}

impl HintPlace {
    /// Returns the name that the API uses.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::From => "from",
            Self::ReplyTo => "reply_to",
            Self::Subject => "subject",
            Self::Body => "body",
            Self::Hidden => "hidden",
            Self::Attributes => "attributes",
            Self::Link => "link",
            Self::AttachmentName => "attachment_name",
        }
    }
}

/// A fact about a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint {
    /// What it is, for machines.
    pub code: &'static str,
    /// Where it is.
    pub place: HintPlace,
    /// Which of several places of this kind, from 0.
    pub number: usize,
    /// Characters of the place before it.
    pub position: usize,
    /// What is there, with nothing in it that shows nothing.
    pub excerpt: String,
    /// What it means, in words.
    pub detail: String,
}

/// Everything of an arriving message that is looked at.
#[derive(Debug, Clone, Default)]
pub struct Arriving<'a> {
    /// Names and addresses of the authors.
    pub from: Vec<(&'a str, &'a str)>,
    /// Names and addresses that answers go to.
    pub reply_to: Vec<(&'a str, &'a str)>,
    /// The subject.
    pub subject: &'a str,
    /// What a reader sees of the body.
    pub body: &'a str,
    /// What no reader sees of it, piece by piece.
    pub hidden: &'a [String],
    /// Texts of attributes.
    pub attributes: &'a str,
    /// Where links lead, and their texts.
    pub links: Vec<(&'a str, &'a str)>,
    /// Names of files.
    pub attachment_names: Vec<&'a str>,
    /// Domains of the account and of those it knows, as A-labels.
    pub known_domains: &'a [String],
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Hints {
    /// In the order of the places.
    pub hints: Vec<Hint>,
    /// How sure it is that somebody addresses a model, from 0 to 1.
    pub injection_score: f64,
    /// There is more than was read, or than is told.
    pub is_cut: bool,
}

impl Hints {
    /// Tells whether words address a model: a hint, never a filter by itself.
    #[must_use]
    pub fn suspects_injection(&self) -> bool {
        self.injection_score >= instructions::SUSPECT_SCORE_MIN
    }

    /// Returns the hints about words that address a model.
    pub fn indicators(&self) -> impl Iterator<Item = &Hint> {
        let indicators = self.hints.iter();
        indicators.filter(|hint| instructions::is_code(hint.code))
    }
}

/// Looks at a message, in time linear in its length.
#[must_use]
pub fn inspect(message: &Arriving<'_>) -> Hints {
    let mut found = Hints::default();
    let authors = [
        (HintPlace::From, &message.from),
        (HintPlace::ReplyTo, &message.reply_to),
    ];
    for (place, mailboxes) in authors {
        for (number, (name, address)) in mailboxes.iter().enumerate() {
            found.read(place, number, name);
            let hints = domains::of_mailbox(name, address, message.known_domains);
            found.take(place, number, hints);
        }
    }
    found.read(HintPlace::Subject, 0, message.subject);
    found.read(HintPlace::Body, 0, message.body);
    for (number, hidden) in message.hidden.iter().enumerate() {
        found.hints.push(Hint {
            code: "hidden_text",
            place: HintPlace::Hidden,
            number,
            position: 0,
            excerpt: excerpt(hidden),
            detail: "no reader sees this text".to_owned(),
        });
        found.read(HintPlace::Hidden, number, hidden);
    }
    found.read(HintPlace::Attributes, 0, message.attributes);
    for (number, (url, text)) in message.links.iter().enumerate() {
        let hints = domains::of_link(url, text, message.known_domains);
        found.take(HintPlace::Link, number, hints);
    }
    for (number, name) in message.attachment_names.iter().enumerate() {
        found.read(HintPlace::AttachmentName, number, name);
    }
    found.injection_score = instructions::score(&found.hints);
    found
        .hints
        .sort_by_key(|hint| (hint.place, hint.number, hint.position));
    found.is_cut |= found.hints.len() > HINTS_MAX;
    found.hints.truncate(HINTS_MAX);
    found
}

impl Hints {
    /// Looks through a text.
    fn read(&mut self, place: HintPlace, number: usize, text: &str) {
        let read = &text[..text.floor_char_boundary(HINTED_BYTES_MAX)];
        self.is_cut |= read.len() < text.len();
        self.take(place, number, characters::of(read));
        self.take(place, number, instructions::of(read));
    }

    fn take(&mut self, place: HintPlace, number: usize, hints: Vec<Found>) {
        self.hints.extend(hints.into_iter().map(|found| Hint {
            code: found.code,
            place,
            number,
            position: found.position,
            excerpt: excerpt(&found.excerpt),
            detail: found.detail,
        }));
    }
}

/// A fact about one text.
struct Found {
    code: &'static str,
    position: usize,
    excerpt: String,
    detail: String,
}

/// Returns what is shown of a text: one line, cut.
fn excerpt(text: &str) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let shown = words
        .chars()
        .filter(|c| !c.is_control() && !characters::shows_nothing(*c));
    shown.take(HINT_EXCERPT_CHARACTERS_MAX).collect()
}

#[cfg(test)]
mod tests;
