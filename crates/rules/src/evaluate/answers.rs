//! What is on which list: asked for once, answered at once.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::condition::parties;
use crate::facts::{Facts, Party, Stage};
use crate::limits::TLD_LABELS_MAX;
use crate::list::ListKey;
use crate::rule::{Field, Part, Rule};

/// Returns every value that the rules want to know of a list, each once, by list; `None`: those are more than `most`.
#[must_use]
pub fn questions<'a>(
    rules: &[Rule],
    copies: impl IntoIterator<Item = &'a Facts>,
    most: usize,
) -> Option<Vec<(ListKey, String)>> {
    let mut asked: BTreeSet<(ListKey, &str)> = BTreeSet::new();
    let mut looked_up: Option<Vec<(ListKey, &Field)>> = None;
    for facts in copies {
        let pairs = looked_up.get_or_insert_with(|| look_ups(rules, facts.stage));
        for (list, field) in pairs {
            for party in parties(field, facts) {
                asked.extend(spellings(field, party).map(|value| (*list, value)));
                if asked.len() > most {
                    return None;
                }
            }
        }
    }
    let owned = asked.into_iter();
    Some(
        owned
            .map(|(list, value)| (list, value.to_owned()))
            .collect(),
    )
}

/// Returns which fields are looked up in which lists, each pair once, however many conditions say so.
fn look_ups(rules: &[Rule], stage: Stage) -> Vec<(ListKey, &Field)> {
    let mut pairs = BTreeMap::new();
    for rule in rules.iter().filter(|rule| stage.asks(rule)) {
        for condition in &rule.matching.conditions {
            let field = &condition.field;
            let role = (field.part(), std::mem::discriminant(field));
            let alike = |other: &(ListKey, &Field)| {
                (other.1.part(), std::mem::discriminant(other.1)) == role
            };
            for list in condition.lists() {
                let known: &mut Vec<(ListKey, &Field)> = pairs.entry(*list).or_default();
                if !known.iter().any(alike) {
                    known.push((*list, field));
                }
            }
        }
    }
    pairs.into_values().flatten().collect()
}

/// Returns how many values rules ask of lists for each address of a message that they look at, at most.
#[must_use]
pub fn questions_per_address(rules: &[Rule], stage: Stage) -> usize {
    let mut asked: BTreeSet<(ListKey, Part)> = BTreeSet::new();
    for rule in rules.iter().filter(|rule| stage.asks(rule)) {
        for condition in &rule.matching.conditions {
            let part = condition.field.part().unwrap_or(Part::Address);
            asked.extend(condition.lists().iter().map(|list| (*list, part)));
        }
    }
    let values = asked.iter().map(|(_, part)| match part {
        Part::Tld => TLD_LABELS_MAX,
        Part::Address | Part::Domain => 1,
    });
    values.sum()
}

/// Returns the values under which a list may have somebody.
pub(super) fn spellings<'a>(
    field: &Field,
    party: &'a Party,
) -> Box<dyn Iterator<Item = &'a str> + 'a> {
    match field.part().unwrap_or(Part::Address) {
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
