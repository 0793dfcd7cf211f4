//! Which conditions matched and why, for people who try a rule.

use posthouse_types::ids::Key;
use serde_json::{Value, json};

use super::answers::ListAnswers;
use super::condition::{holds, parties};
use super::matches;
use crate::facts::{Facts, OutboundType, Party};
use crate::rule::{Action, Condition, Field, Part, Rule};

/// What one rule made of a message.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleTrace {
    /// Its key.
    pub id: Key,
    /// Its name.
    pub name: String,
    /// Whether it matched.
    pub matched: bool,
    /// Its conditions, all of them, in order.
    pub conditions: Vec<ConditionTrace>,
}

/// What one condition made of a message.
#[derive(Debug, Clone, PartialEq)]
pub struct ConditionTrace {
    /// The condition.
    pub condition: Condition,
    /// What the message has; `null` where nothing is known.
    pub actual: Value,
    /// Whether it holds.
    pub matched: bool,
}

/// Looks at a message as [`super::evaluate`] does, up to the rule that ends it, and tells what each rule saw.
#[must_use]
pub fn trace(rules: &[Rule], facts: &Facts, answers: &ListAnswers) -> Vec<RuleTrace> {
    let mut traces = Vec::new();
    for rule in rules.iter().filter(|rule| facts.stage.asks(rule)) {
        let mut unknown = vec![None; rule.matching.conditions.len()];
        let matched = matches(rule, facts, answers, &mut unknown);
        let conditions = rule.matching.conditions.iter();
        traces.push(RuleTrace {
            id: rule.id,
            name: rule.name.clone(),
            matched,
            conditions: conditions
                .map(|condition| ConditionTrace {
                    condition: condition.clone(),
                    actual: actual(&condition.field, facts),
                    matched: holds(condition, facts, answers),
                })
                .collect(),
        });
        if matched && rule.actions.contains(&Action::Block) {
            break;
        }
    }
    traces
}

fn actual(field: &Field, facts: &Facts) -> Value {
    let people = |part: Part| -> Value {
        let parties = parties(field, facts).iter();
        parties.map(|party| json!(shown(party, part))).collect()
    };
    match field {
        Field::From(part) | Field::Recipient(part) => people(*part),
        Field::EnvelopeRecipient => match facts.envelope_recipients.as_slice() {
            [] => Value::Null,
            [party] => json!(party.folded()),
            _ => people(Part::Address),
        },
        Field::OutboundType => json!(facts.outbound_type.map(OutboundType::name)),
        Field::RecipientKnown => json!(facts.recipient_known),
        Field::Subject => json!(facts.subject.as_deref()),
        Field::Header(name) => json!(facts.headers.values(name)),
        Field::SpamScore => json!(facts.spam_score),
        Field::HasAttachment => {
            json!(
                facts
                    .attachments
                    .as_ref()
                    .map(|attachments| !attachments.is_empty())
            )
        }
        Field::AttachmentType => match &facts.attachments {
            Some(attachments) => attachments
                .iter()
                .map(|one| json!(one.content_type))
                .collect(),
            None => Value::Null,
        },
    }
}

fn shown(party: &Party, part: Part) -> Option<&str> {
    match part {
        Part::Address => Some(party.folded()),
        Part::Domain => party.domain(),
        Part::Tld => party.tld(),
    }
}
