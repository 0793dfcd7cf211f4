//! What `contains` looks for, made ready once for all messages.

use memchr::memmem::Finder;
use posthouse_types::domain::Domain;

use crate::fold::folded;
use crate::limits::{COMPARED_BYTES_MAX, COMPARED_VALUE_BYTES_MIN, TLD_LABELS_MAX};

/// A part of a text, in every spelling under which it may be there.
#[derive(Debug, Clone)]
pub struct Needle {
    spellings: Vec<Finder<'static>>,
    /// Labels that an ending of a domain must have to be looked at.
    labels: usize,
}

impl PartialEq for Needle {
    fn eq(&self, other: &Self) -> bool {
        let texts = self.spellings.iter().map(Finder::needle);
        texts.eq(other.spellings.iter().map(Finder::needle))
    }
}

impl Needle {
    /// Takes over a text that is compared as it is.
    pub(super) fn of_text(text: &str) -> Self {
        Self::of(vec![folded(text.trim())])
    }

    /// Takes over a part of an address: what stands behind an `@` is a domain, and anything may be a part of one.
    pub(super) fn of_address(text: &str) -> Self {
        let text = folded(text.trim());
        let (local, domain) = text
            .rsplit_once('@')
            .map_or(("", text.as_str()), |(_, domain)| {
                (&text[..text.len() - domain.len()], domain)
            });
        let in_letters = spelt(domain).map(|domain| format!("{local}{domain}"));
        Self::of(std::iter::once(text.clone()).chain(in_letters).collect())
    }

    /// Takes over a part of a domain.
    pub(super) fn of_domain(text: &str) -> Self {
        let text = folded(text.trim());
        let in_letters = spelt(&text);
        Self::of(std::iter::once(text).chain(in_letters).collect())
    }

    /// Takes over a part of an ending, which is looked for in endings of as many labels.
    pub(super) fn of_ending(text: &str) -> Self {
        let text = text.trim();
        // Dots alone stay, and are in no ending.
        let text = Some(text.trim_matches('.'))
            .filter(|core| !core.is_empty())
            .unwrap_or(text);
        let mut needle = Self::of_domain(text);
        needle.labels = folded(text).split('.').count().min(TLD_LABELS_MAX);
        needle
    }

    fn of(mut texts: Vec<String>) -> Self {
        texts.dedup();
        let finders = texts.iter().map(|text| Finder::new(text).into_owned());
        Self {
            spellings: finders.collect(),
            labels: 1,
        }
    }

    /// Returns how many labels an ending has that is looked at.
    pub(crate) fn labels(&self) -> usize {
        self.labels
    }

    /// Tells whether a text has it.
    pub(crate) fn is_in(&self, text: &str) -> bool {
        let mut spellings = self.spellings.iter();
        spellings.any(|one| one.find(text.as_bytes()).is_some())
    }

    /// Tells whether one of several texts has it, as far as they are looked at.
    pub(crate) fn is_in_any<'a>(&self, texts: impl IntoIterator<Item = &'a str>) -> bool {
        let mut left = COMPARED_BYTES_MAX;
        for text in texts {
            if left == 0 {
                break;
            }
            if self.is_in(&text[..text.floor_char_boundary(left)]) {
                return true;
            }
            left = left.saturating_sub(text.len().max(COMPARED_VALUE_BYTES_MIN));
        }
        false
    }
}

/// Returns a part of a domain in the letters in which domains are shown, where it is one by itself; dots and hyphens at its
/// ends stay.
pub(super) fn spelt(part: &str) -> Option<String> {
    let edges = ['.', '-', '。', '．', '｡'];
    let core = part.trim_matches(edges);
    let domain = Domain::parse(core).ok()?;
    let begin = part.find(core)?;
    let dots = |text: &str| text.replace(['。', '．', '｡'], ".");
    let (before, after) = (dots(&part[..begin]), dots(&part[begin + core.len()..]));
    Some(format!("{before}{}{after}", folded(&domain.to_unicode())))
}
