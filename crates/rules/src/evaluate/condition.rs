//! Whether one condition holds.
//!
//! Of several values, one that equals is enough for a positive operator, and `is_not` wants none that does; `not_in_list`
//! wants one that is in none of the lists, so that one stranger among known recipients is caught.

use super::answers::{ListAnswers, spellings};
use crate::facts::{Facts, Party};
use crate::rule::{Condition, Field, Needle, Operator, Part, Wanted};

pub(super) fn holds(condition: &Condition, facts: &Facts, answers: &ListAnswers) -> bool {
    match &condition.wanted {
        Wanted::Text(text) => match equals(condition, facts, text) {
            Some(any) if condition.operator == Operator::IsNot => !any,
            Some(any) => any,
            // What is not known matches nothing.
            None => false,
        },
        Wanted::Part(needle) => has(condition, facts, needle),
        Wanted::Lists(_) => of_lists(condition, facts, answers),
        Wanted::Number(number) => facts
            .spam_score
            .is_some_and(|score| match condition.operator {
                Operator::Gte => score >= *number,
                _ => score <= *number,
            }),
        Wanted::Flag(flag) => match condition.field {
            Field::RecipientKnown => facts.recipient_known == Some(*flag),
            _ => {
                let attachments = facts.attachments.as_ref();
                attachments.is_some_and(|attachments| attachments.is_empty() != *flag)
            }
        },
        Wanted::OutboundType(kind) => facts
            .outbound_type
            .is_some_and(|actual| (actual == *kind) == (condition.operator == Operator::Is)),
    }
}

/// Returns the people that a field is about.
pub(super) fn parties<'a>(field: &Field, facts: &'a Facts) -> &'a [Party] {
    match field {
        Field::From(_) => &facts.from,
        Field::Recipient(_) => &facts.recipients,
        Field::EnvelopeRecipient => &facts.envelope_recipients,
        _ => &[],
    }
}

/// Tells whether any value equals a text; `None`: nothing is known of the field.
fn equals(condition: &Condition, facts: &Facts, text: &str) -> Option<bool> {
    if let Some(part) = condition.field.part() {
        let parties = parties(&condition.field, facts);
        let mut each = parties.iter();
        return (!parties.is_empty()).then(|| {
            each.any(|party| match part {
                Part::Address => party.folded() == text,
                Part::Domain => party.domain() == Some(text),
                // A value with dots is an ending: `co.uk`.
                Part::Tld => party.endings().any(|ending| ending == text),
            })
        });
    }
    match &condition.field {
        Field::Subject => facts
            .subject
            .as_deref()
            .map(|subject| subject.trim() == text),
        // At the envelope there is no header yet; later a field that is absent equals nothing.
        Field::Header(name) => Some(facts.headers.values(name).iter().any(|value| value == text)),
        Field::AttachmentType => facts.attachments.as_ref().map(|attachments| {
            let mut types = attachments.iter().map(|one| one.content_type.as_str());
            match text.strip_suffix("/*") {
                Some(main) => types.any(|actual| {
                    let rest = actual.strip_prefix(main);
                    rest.is_some_and(|rest| rest.starts_with('/'))
                }),
                None => types.any(|actual| actual == text),
            }
        }),
        _ => None,
    }
}

/// Tells whether any value has a text in it, as far as values are looked at.
fn has(condition: &Condition, facts: &Facts, needle: &Needle) -> bool {
    let parties = || parties(&condition.field, facts).iter();
    match (condition.field.part(), &condition.field) {
        (Some(Part::Address), _) => needle.is_in_any(parties().flat_map(Party::spellings)),
        (Some(Part::Domain), _) => needle.is_in_any(parties().flat_map(Party::domain_spellings)),
        (Some(Part::Tld), _) => {
            let domains = parties().flat_map(Party::domain_spellings);
            needle.is_in_any(domains.filter_map(|domain| ending(domain, needle.labels())))
        }
        (None, Field::Subject) => needle.is_in_any(facts.subject.as_deref()),
        (None, Field::Header(name)) => {
            needle.is_in_any(facts.headers.values(name).iter().map(String::as_str))
        }
        (None, Field::AttachmentType) => {
            let attachments = facts.attachments.as_deref().unwrap_or_default();
            needle.is_in_any(attachments.iter().map(|one| one.content_type.as_str()))
        }
        _ => false,
    }
}

/// Returns the last labels of a domain, so many of them.
fn ending(domain: &str, labels: usize) -> Option<&str> {
    let mut dots = domain.rmatch_indices('.');
    match dots.nth(labels - 1) {
        Some((at, _)) => Some(&domain[at + 1..]),
        None => (domain.split('.').count() == labels).then_some(domain),
    }
}

fn of_lists(condition: &Condition, facts: &Facts, answers: &ListAnswers) -> bool {
    let lists = condition.lists();
    let is_listed = |party: &Party| {
        let mut values = spellings(&condition.field, party);
        values.any(|value| lists.iter().any(|list| answers.has(*list, value)))
    };
    let mut parties = parties(&condition.field, facts).iter();
    match condition.operator {
        Operator::NotInList => parties.any(|party| !is_listed(party)),
        _ => parties.any(is_listed),
    }
}
