//! Which rules match a message, and what follows.
//!
//! What has to be looked up is asked for first: [`questions`] names every value that a condition wants to know of a list,
//! the store answers all of them at once, and [`evaluate`] decides. The same message and the same rules always come to
//! the same end.

mod answers;
mod condition;
mod trace;

pub use answers::{ListAnswers, questions, questions_per_address};
pub use trace::{ConditionTrace, RuleTrace, trace};

use posthouse_types::ids::Key;

use crate::facts::Facts;
use crate::rule::{Action, Condition, Rule};

/// What rules make of a message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Evaluation {
    /// The rules that matched, in order.
    pub matched: Vec<Key>,
    /// The rule that refuses the message; it was the last one that was looked at, and nothing below counts then.
    pub blocked_by: Option<Matched>,
    /// The rules that want somebody to approve the message.
    pub held_by: Vec<Matched>,
    /// Where it is to be moved, in order: the first that can be done is.
    pub moves: Vec<Action>,
    /// It is to be marked as read.
    pub is_read: bool,
    /// It is to be starred.
    pub is_starred: bool,
}

/// A rule that matched, as it is told to people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matched {
    /// Its key.
    pub id: Key,
    /// Its name.
    pub name: String,
}

/// What becomes of a message in the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i64)]
pub enum Outcome {
    /// It goes on.
    Deliver = 0,
    /// It is refused.
    Block = 1,
    /// It waits for approval.
    Hold = 2,
}

impl Outcome {
    /// Returns the name that the API uses.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Deliver => "deliver",
            Self::Block => "block",
            Self::Hold => "hold",
        }
    }

    /// Returns what a name stands for.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Deliver, Self::Block, Self::Hold]
            .into_iter()
            .find(|one| one.name() == name)
    }
}

impl Evaluation {
    /// Returns what becomes of the message.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        if self.blocked_by.is_some() {
            return Outcome::Block;
        }
        match self.held_by.is_empty() {
            true => Outcome::Deliver,
            false => Outcome::Hold,
        }
    }

    /// Adds what a rule does that matched; tells whether that was the end.
    fn apply(&mut self, rule: &Rule) -> bool {
        let as_matched = || Matched {
            id: rule.id,
            name: rule.name.clone(),
        };
        self.matched.push(rule.id);
        for action in &rule.actions {
            match action {
                Action::Block => {
                    *self = Self {
                        matched: std::mem::take(&mut self.matched),
                        blocked_by: Some(as_matched()),
                        ..Self::default()
                    };
                    return true;
                }
                Action::Hold => {
                    // Once for a rule, however often it says so.
                    if self.held_by.last().is_none_or(|last| last.id != rule.id) {
                        self.held_by.push(as_matched());
                    }
                }
                Action::MarkAsRead => self.is_read = true,
                Action::MarkAsStarred => self.is_starred = true,
                Action::MarkAsSpam
                | Action::AssignToFolder(_)
                | Action::Archive
                | Action::Trash => self.moves.push(action.clone()),
            }
        }
        false
    }
}

/// Looks at a message with rules that are in order (see [`crate::rule::sort`]).
#[must_use]
pub fn evaluate(rules: &[Rule], facts: &Facts, answers: &ListAnswers) -> Evaluation {
    Looking::new(rules).at(facts, answers)
}

/// Looks at the copies of one message, which differ in the mailbox that they are for: what is the same for all of them is
/// compared once.
#[derive(Debug)]
pub struct Looking<'r> {
    rules: &'r [Rule],
    /// For each condition of each rule, in order, whether it holds; `None`: not looked at, or not the same for all.
    known: Vec<Vec<Option<bool>>>,
}

impl<'r> Looking<'r> {
    /// Begins with rules that are in order.
    #[must_use]
    pub fn new(rules: &'r [Rule]) -> Self {
        let each = rules.iter();
        let known = each.map(|rule| vec![None; rule.matching.conditions.len()]);
        Self {
            rules,
            known: known.collect(),
        }
    }

    /// Looks at one copy. The facts of all copies differ in fields of [`crate::rule::Field::is_of_copy`] alone.
    pub fn at(&mut self, facts: &Facts, answers: &ListAnswers) -> Evaluation {
        let mut evaluation = Evaluation::default();
        for (rule, known) in self.rules.iter().zip(&mut self.known) {
            if facts.stage.asks(rule)
                && matches(rule, facts, answers, known)
                && evaluation.apply(rule)
            {
                break;
            }
        }
        evaluation
    }
}

fn matches(rule: &Rule, facts: &Facts, answers: &ListAnswers, known: &mut [Option<bool>]) -> bool {
    let mut conditions = rule.matching.conditions.iter().zip(known);
    let mut holds = |(condition, known): (&Condition, &mut Option<bool>)| {
        if let Some(known) = *known {
            return known;
        }
        let holds = condition::holds(condition, facts, answers);
        *known = (!condition.field.is_of_copy()).then_some(holds);
        holds
    };
    match rule.matching.any {
        true => conditions.any(&mut holds),
        false => conditions.all(&mut holds),
    }
}

#[cfg(test)]
mod table_tests;
#[cfg(test)]
mod tests;
