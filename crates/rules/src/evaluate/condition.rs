//! Whether one condition holds.
//!
//! Of several values, one that equals is enough for a positive operator, and `is_not` wants none that does; `not_in_list`
//! wants one that is in none of the lists, so that one stranger among known recipients is caught.

use super::answers::{ListAnswers, spellings};
use crate::facts::{Facts, Party};
use crate::rule::{Condition, Field, Operator, Part, Wanted};

pub(super) fn holds(condition: &Condition, facts: &Facts, answers: &ListAnswers) -> bool {
    match &condition.wanted {
        Wanted::Text(text) => match of_text(condition, facts, text) {
            Some(any) if condition.operator == Operator::IsNot => !any,
            Some(any) => any,
            // What is not known matches nothing.
            None => false,
        },
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
        Field::EnvelopeRecipient => facts.envelope_recipient.as_slice(),
        _ => &[],
    }
}

/// Tells whether any value equals a text, or has it in it; `None`: nothing is known of the field.
fn of_text(condition: &Condition, facts: &Facts, text: &str) -> Option<bool> {
    let contains = condition.operator == Operator::Contains;
    let fits = |actual: &str| match contains {
        true => actual.contains(text),
        false => actual == text,
    };
    let among = |part: Part| {
        let parties = parties(&condition.field, facts);
        (!parties.is_empty()).then(|| {
            parties
                .iter()
                .any(|party| of_part(party, part, contains, text, &fits))
        })
    };
    match &condition.field {
        Field::From(part) | Field::Recipient(part) => among(*part),
        Field::EnvelopeRecipient => among(Part::Address),
        Field::Subject => facts.subject.as_deref().map(|subject| match contains {
            true => fits(subject),
            false => subject.trim() == text,
        }),
        Field::Header(name) => {
            // At the envelope there is no header yet; later a field that is absent equals nothing.
            let values = facts.headers.iter().filter(|(other, _)| other == name);
            Some(values.map(|(_, value)| value.trim()).any(fits))
        }
        Field::AttachmentType => facts.attachments.as_ref().map(|attachments| {
            let mut types = attachments.iter().map(|one| one.content_type.as_str());
            match text.strip_suffix("/*").filter(|_| !contains) {
                Some(main) => types.any(|actual| {
                    let rest = actual.strip_prefix(main);
                    rest.is_some_and(|rest| rest.starts_with('/'))
                }),
                None => types.any(fits),
            }
        }),
        _ => None,
    }
}

fn of_part(
    party: &Party,
    part: Part,
    contains: bool,
    text: &str,
    fits: &impl Fn(&str) -> bool,
) -> bool {
    match part {
        Part::Address => fits(party.folded()),
        Part::Domain => party.domain().is_some_and(fits),
        Part::Tld if contains => party.tld().is_some_and(fits),
        // A value with dots is an ending: `co.uk`.
        Part::Tld => party.endings().any(|ending| ending == text),
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
