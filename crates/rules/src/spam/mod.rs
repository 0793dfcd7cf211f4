//! How much a message looks like spam: named signals that add up, each with its reason.
//!
//! [`examine`] looks at a message once and finds what all of its recipients share; [`Findings::score`] adds what is one
//! recipient's own: whether his policy asks for odd headers, what the classifier learned in his workspace ([`bayes`]),
//! what his mailbox knows of the sender ([`history`]), and what others said (block lists, scanners).
//!
//! Nothing here knows words of a language by itself: words count only as far as a workspace has taught them by moving
//! messages to and from Junk. All work is bounded by [`limits`].

mod authentication;
pub mod bayes;
mod files;
mod headers;
pub mod history;
mod hosts;
mod letter;
pub mod limits;
mod links;
mod sender;
pub mod signal;
mod text;
mod tokens;

#[cfg(test)]
mod tests;

pub use letter::{Asked, Attached, Authentication, Letter, Outcome};
pub use signal::Signal;
pub use tokens::{Token, Tokens};

/// The score above which a message goes to Junk, at a sensitivity of 1.
pub const THRESHOLD: f64 = 5.0;

/// What was found in a message, the same for all its recipients.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Findings {
    signals: Vec<Signal>,
    header_signals: Vec<Signal>,
    /// The features for the classifier.
    pub tokens: Tokens,
    /// The hosts that links lead to, by their owners' domains, each once.
    pub link_domains: Vec<String>,
}

/// What a message comes to for one recipient.
#[derive(Debug, Clone, PartialEq)]
pub struct Score {
    /// All signals added up.
    pub score: f64,
    /// The score above which it goes to Junk.
    pub threshold: f64,
    /// Why, the heaviest first.
    pub signals: Vec<Signal>,
}

/// Looks at a message. `seed` keys the features, and must be the same for what is learned and what is judged; without one
/// there are none, which saves most of the work.
#[must_use]
pub fn examine(letter: &Letter<'_>, seed: Option<u64>) -> Findings {
    let links = links::find(letter);
    let mut signals: Vec<Signal> = letter
        .authentication
        .as_ref()
        .map(authentication::signals)
        .unwrap_or_default();
    // What a forger's servers look like says nothing of the next letter: only what the letter shows is a feature.
    let first_of_letter = signals.len();
    signals.extend(sender::signals(letter));
    signals.extend(text::signals(letter));
    signals.extend(links::signals(letter, &links));
    signals.extend(files::signals(letter));
    let mut link_domains: Vec<String> = links
        .iter()
        .filter(|link| link.host.is_ascii() && link.host.contains('.'))
        .map(|link| hosts::registered(&link.host).to_owned())
        .collect();
    link_domains.sort_unstable();
    link_domains.dedup();
    Findings {
        tokens: seed
            .map(|seed| tokens::of(letter, &links, &signals[first_of_letter..], seed))
            .unwrap_or_default(),
        header_signals: headers::signals(letter),
        signals,
        link_domains,
    }
}

impl Findings {
    /// Adds up what was found and what is the recipient's own.
    #[must_use]
    pub fn score(&self, with_header_anomalies: bool, own: &[Signal], threshold: f64) -> Score {
        let mut signals = self.signals.clone();
        if with_header_anomalies {
            signals.extend_from_slice(&self.header_signals);
        }
        signals.extend_from_slice(own);
        signals.sort_by(|a, b| {
            b.score
                .abs()
                .total_cmp(&a.score.abs())
                .then(a.name.cmp(b.name))
        });
        let sum = sum_of(&signals);
        Score {
            score: (sum * 100.0).round() / 100.0,
            threshold,
            signals,
        }
    }

    /// What the signals that all recipients share come to.
    #[must_use]
    pub fn shared_score(&self) -> f64 {
        sum_of(&self.signals)
    }
}

impl Score {
    /// Tells whether the message goes to Junk.
    #[must_use]
    pub fn is_spam(&self) -> bool {
        self.score > self.threshold
    }
}

/// Adds up; an empty sum of floating-point numbers would be a negative zero otherwise, and be shown as one.
fn sum_of(signals: &[Signal]) -> f64 {
    signals.iter().fold(0.0, |sum, signal| sum + signal.score)
}

/// Returns the score above which mail goes to Junk: the server's divided by how strict the policy is.
#[must_use]
pub fn threshold(server: f64, sensitivity: f64) -> f64 {
    let divided = server / sensitivity.clamp(0.1, 5.0);
    (divided * 100.0).round() / 100.0
}
