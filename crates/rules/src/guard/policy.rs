//! What an operator wants done about what leaves, made ready for looking.

use regex::{Regex, RegexBuilder};

use super::limits::PATTERN_CACHE_BYTES_MAX;
use crate::policy::guard::REGEX_COMPILED_BYTES_MAX;
use crate::policy::{Guard, GuardAction, GuardPattern};

/// A text that an operator does not want to leave.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    /// What answers call it.
    pub(super) name: String,
    /// Matched in linear time.
    pub(super) regex: Regex,
    /// What is done about a match.
    pub(super) response: GuardAction,
}

/// A policy's wishes, compiled once and used for every message.
#[derive(Debug, Clone, Default)]
pub struct GuardPolicy {
    pub(super) secrets: GuardAction,
    pub(super) payment_cards: GuardAction,
    pub(super) first_time_recipients: GuardAction,
    pub(super) attachment_types: GuardAction,
    pub(super) patterns: Vec<Pattern>,
}

impl GuardPolicy {
    /// Compiles what a policy asks for.
    ///
    /// # Errors
    /// The name of a pattern that is none: policies are checked when they are written, so the row is damaged, and nothing
    /// may leave.
    pub fn compile(guard: &Guard) -> Result<Self, String> {
        let compiled = |pattern: &GuardPattern| -> Result<Pattern, String> {
            let regex = RegexBuilder::new(&pattern.regex)
                .size_limit(REGEX_COMPILED_BYTES_MAX)
                .dfa_size_limit(PATTERN_CACHE_BYTES_MAX)
                .build();
            Ok(Pattern {
                name: pattern.name.clone(),
                regex: regex.map_err(|_| pattern.name.clone())?,
                response: pattern.action,
            })
        };
        let patterns = guard.patterns.iter().map(compiled);
        Ok(Self {
            secrets: guard.secrets,
            payment_cards: guard.payment_cards,
            first_time_recipients: guard.first_time_recipients,
            attachment_types: guard.attachment_types,
            patterns: patterns.collect::<Result<_, _>>()?,
        })
    }

    /// Tells whether nothing is looked for.
    #[must_use]
    pub fn is_off(&self) -> bool {
        !self.reads_text()
            && !self.asks_for_strangers()
            && self.attachment_types == GuardAction::Off
    }

    /// Tells whether anything is looked for in texts.
    #[must_use]
    pub fn reads_text(&self) -> bool {
        self.strongest_of_text() > GuardAction::Off
    }

    /// Tells whether recipients matter who have never written to the account.
    #[must_use]
    pub fn asks_for_strangers(&self) -> bool {
        self.first_time_recipients > GuardAction::Off
    }

    /// Tells whether a message may have to be approved.
    #[must_use]
    pub fn may_hold(&self) -> bool {
        let patterns = self.patterns.iter().map(|pattern| pattern.response);
        let named = [
            self.secrets,
            self.payment_cards,
            self.first_time_recipients,
            self.attachment_types,
        ];
        named
            .into_iter()
            .chain(patterns)
            .any(|one| one == GuardAction::Hold)
    }

    /// Returns the strongest response that something in a text may have.
    pub(super) fn strongest_of_text(&self) -> GuardAction {
        let patterns = self.patterns.iter().map(|pattern| pattern.response);
        patterns.fold(self.secrets.max(self.payment_cards), GuardAction::max)
    }
}
