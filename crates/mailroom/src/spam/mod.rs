//! Spam: what arriving mail is worth, and what workspaces learn of it.
//!
//! - [`Mailroom::filter_spam_with`]: what the operator decided; without it mail is still scored, by what it shows
//! - `letter`: a parsed message as [`posthouse_rules::spam`] looks at it
//! - `weigh`: one score for each recipient, from what the message shows, what his workspace learned and what others say
//! - `outside`: block lists and scanners, asked while the sender is checked
//! - `teach`, `learn`: moves to and from Junk, noted with the move and learned a moment later, each once
//! - `forget`: what was learned does not grow without end
//!
//! Scoring fails open: a store or a scanner that cannot be asked costs no mail and no sorting into Junk.

mod arrive;
mod corpora;
mod forget;
mod learn;
mod letter;
pub(crate) mod limits;
mod outgoing;
mod outside;
mod teach;
mod weigh;

#[cfg(test)]
mod ordinary_tests;
#[cfg(test)]
mod trial_tests;

use std::sync::OnceLock;

use posthouse_rules::spam::THRESHOLD;

use crate::Mailroom;

pub(crate) use arrive::Evidence;
pub(crate) use corpora::{Corpora, corpora};
pub(crate) use letter::authentication;
pub(crate) use outside::Heard;
pub use outside::{Infected, Outside, VirusTrouble};
pub(crate) use teach::{Taught, teach};
pub(crate) use weigh::{Weighed, with_member};

/// What the operator decided about spam.
#[derive(Debug, Clone)]
pub struct SpamSettings {
    /// The score above which mail goes to Junk, before a policy's sensitivity divides it.
    pub threshold: f64,
    /// Who else is asked.
    pub outside: Outside,
}

impl Default for SpamSettings {
    fn default() -> Self {
        Self {
            threshold: THRESHOLD,
            outside: Outside::default(),
        }
    }
}

/// What was decided, once it was.
pub(crate) type Chosen = OnceLock<SpamSettings>;

impl Mailroom {
    /// Tells how spam is found. To be called once, before doors are opened.
    pub fn filter_spam_with(&self, settings: SpamSettings) {
        if self.inner.spam.set(settings).is_err() {
            tracing::warn!("the mailroom was told twice how spam is found, and keeps to the first");
        }
    }

    pub(crate) fn spam_settings(&self) -> &SpamSettings {
        self.inner.spam.get_or_init(SpamSettings::default)
    }

    /// Keys the features that are learned: one key for all workspaces, which keep theirs apart.
    fn feature_seed(&self) -> u64 {
        self.store().ids().authenticate("features of spam", b"")
    }
}
