//! What is on which list: asked for once, answered at once.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::condition::parties;
use crate::facts::{Facts, Party};
use crate::list::ListKey;
use crate::rule::{Field, Part, Rule};

/// Returns every value that the rules want to know of a list, each once, by list.
#[must_use]
pub fn questions(rules: &[Rule], facts: &Facts) -> Vec<(ListKey, String)> {
    let mut asked: BTreeSet<(ListKey, &str)> = BTreeSet::new();
    for rule in rules.iter().filter(|rule| facts.stage.asks(rule)) {
        for condition in &rule.matching.conditions {
            for list in condition.lists() {
                for party in parties(&condition.field, facts) {
                    asked.extend(spellings(&condition.field, party).map(|value| (*list, value)));
                }
            }
        }
    }
    let owned = asked.into_iter();
    owned
        .map(|(list, value)| (list, value.to_owned()))
        .collect()
}

/// Returns the values under which a list may have somebody.
pub(super) fn spellings<'a>(
    field: &Field,
    party: &'a Party,
) -> Box<dyn Iterator<Item = &'a str> + 'a> {
    let part = match field {
        Field::From(part) | Field::Recipient(part) => *part,
        _ => Part::Address,
    };
    match part {
        Part::Address => Box::new(party.address().map(|_| party.folded()).into_iter()),
        Part::Domain => Box::new(party.domain().into_iter()),
        Part::Tld => Box::new(party.endings()),
    }
}

/// The values that are on lists, of those that were asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListAnswers {
    found: HashMap<ListKey, HashSet<String>>,
}

impl ListAnswers {
    /// Tells whether a list has a value.
    #[must_use]
    pub fn has(&self, list: ListKey, value: &str) -> bool {
        let values = self.found.get(&list);
        values.is_some_and(|values| values.contains(value))
    }
}

impl FromIterator<(ListKey, String)> for ListAnswers {
    fn from_iter<T: IntoIterator<Item = (ListKey, String)>>(found: T) -> Self {
        let mut answers = Self::default();
        for (list, value) in found {
            answers.found.entry(list).or_default().insert(value);
        }
        answers
    }
}
