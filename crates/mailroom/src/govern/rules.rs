//! A message is looked at with the rules of a workspace, and whatever they ask of lists is looked up at once.

use std::sync::Arc;

use posthouse_rules::evaluate::{Evaluation, ListAnswers, evaluate, questions};
use posthouse_rules::facts::{Facts, Stage};
use posthouse_rules::limits::COMPARED_BYTES_MAX;
use posthouse_rules::list::ListKey;
use posthouse_rules::rule::Rule;
use posthouse_store::tables::lists;
use posthouse_store::{StoreError, Tx};

use crate::Refusal;
use crate::limits::{COMPARED_INLINE_BYTES_MAX, LIST_QUESTIONS_MAX};
use crate::read::away_from_async_threads;

/// Returns what the lists say of everything that rules want to know about copies of a message.
pub(crate) fn answers<'a>(
    tx: &mut dyn Tx,
    rules: &[Rule],
    copies: impl IntoIterator<Item = &'a Facts>,
) -> Result<ListAnswers, StoreError> {
    match questions(rules, copies, LIST_QUESTIONS_MAX) {
        Some(asked) => answered(tx, &asked),
        None => Err(StoreError::Fault(format!(
            "rules ask more than {LIST_QUESTIONS_MAX} questions about one message"
        ))),
    }
}

/// Asks the lists; questions come in the order of the lists, each once.
pub(super) fn answered(
    tx: &mut dyn Tx,
    asked: &[(ListKey, String)],
) -> Result<ListAnswers, StoreError> {
    if asked.is_empty() {
        return Ok(ListAnswers::default());
    }
    Ok(lists::holding(tx, asked)?.into_iter().collect())
}

/// Looks at an envelope: that is little work.
pub(crate) fn look(
    tx: &mut dyn Tx,
    rules: &[Rule],
    facts: &Facts,
) -> Result<Evaluation, StoreError> {
    let answers = answers(tx, rules, [facts])?;
    Ok(evaluate(rules, facts, &answers))
}

/// Looks at a whole message, away from the async threads where there is much to compare.
pub(super) async fn decide(
    rules: &Arc<[Rule]>,
    facts: Facts,
    answers: ListAnswers,
    message_bytes: usize,
) -> Result<(Facts, Evaluation), Refusal> {
    let is_little = is_little_work(rules, facts.stage, message_bytes);
    let rules = Arc::clone(rules);
    let compare = move || {
        let evaluation = evaluate(&rules, &facts, &answers);
        (facts, evaluation)
    };
    match is_little {
        true => Ok(compare()),
        false => away_from_async_threads(compare).await,
    }
}

/// Tells whether rules compare so little of a message that it is done at once.
pub(super) fn is_little_work(rules: &[Rule], stage: Stage, message_bytes: usize) -> bool {
    let asking = rules.iter().filter(|rule| stage.asks(rule));
    let conditions: usize = asking.map(|rule| rule.matching.conditions.len()).sum();
    let compared = message_bytes.min(COMPARED_BYTES_MAX);
    conditions.saturating_mul(compared) <= COMPARED_INLINE_BYTES_MAX
}
