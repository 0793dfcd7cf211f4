//! A message is looked at with the rules of a workspace, and whatever they ask of lists is looked up at once.

use std::collections::BTreeSet;

use posthouse_rules::evaluate::{Evaluation, ListAnswers, evaluate, questions};
use posthouse_rules::facts::Facts;
use posthouse_rules::rule::Rule;
use posthouse_store::tables::lists;
use posthouse_store::{StoreError, Tx};

/// Different values that rules ask of lists for one message at most; beyond it nothing can be decided.
pub(crate) const QUESTIONS_MAX: usize = 20_000;

/// Returns what the lists say of everything that rules want to know about messages.
pub(crate) fn answers<'a>(
    tx: &mut dyn Tx,
    asked: impl Iterator<Item = (&'a [Rule], &'a Facts)>,
) -> Result<ListAnswers, StoreError> {
    // Each once: what many recipients of one workspace ask is one question.
    let mut all = BTreeSet::new();
    for (rules, facts) in asked {
        all.extend(questions(rules, facts));
        if all.len() > QUESTIONS_MAX {
            return Err(StoreError::Fault(format!(
                "rules ask more than {QUESTIONS_MAX} questions about one message"
            )));
        }
    }
    if all.is_empty() {
        return Ok(ListAnswers::default());
    }
    let all: Vec<_> = all.into_iter().collect();
    Ok(lists::holding(tx, &all)?.into_iter().collect())
}

/// Looks at one message.
pub(crate) fn look(
    tx: &mut dyn Tx,
    rules: &[Rule],
    facts: &Facts,
) -> Result<Evaluation, StoreError> {
    let answers = answers(tx, std::iter::once((rules, facts)))?;
    Ok(evaluate(rules, facts, &answers))
}
