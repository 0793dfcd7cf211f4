//! The copies of a message that arrives are looked at, each with the rules of its recipient's workspace.
//!
//! Workspaces are looked at apart: what one of them asks too much of concerns its own copies alone.

use std::sync::Arc;

use posthouse_mime::ParsedMessage;
use posthouse_rules::evaluate::{Evaluation, ListAnswers, Looking, questions};
use posthouse_rules::facts::{Facts, Needs, Party, Stage};
use posthouse_rules::list::ListKey;
use posthouse_store::{StoreError, Tx};

use super::facts;
use super::rules::{answered, is_little_work};
use super::standing::Standing;
use crate::limits::{COMPARED_INLINE_BYTES_MAX, LIST_QUESTIONS_MAX};
use crate::read::away_from_async_threads;
use crate::receive::InboundDelivery;
use crate::spam::Weighed;
use crate::{Mailroom, Refusal};

const STAGE: Stage = Stage::InboxProcessing;

/// The copies that go to one workspace.
struct Group {
    standing: Arc<Standing>,
    /// Their places among the recipients.
    places: Vec<usize>,
    /// What its rules ask; `None`: too much.
    asked: Option<Vec<(ListKey, String)>>,
}

/// What rules are told of a message that arrives, and who asks.
pub(super) struct Copies {
    groups: Vec<Group>,
    /// For each recipient, in order.
    pub(super) facts: Vec<Facts>,
    is_little: bool,
}

impl Copies {
    /// Takes down what there is to know of each copy.
    pub(super) async fn of(
        delivery: &InboundDelivery,
        message: &Arc<ParsedMessage>,
        standings: &[Arc<Standing>],
        weighed: &[Weighed],
    ) -> Result<Self, Refusal> {
        let mut groups: Vec<Group> = Vec::new();
        for (place, standing) in standings.iter().enumerate() {
            if !standing.has_rules_at(STAGE) {
                continue;
            }
            let alike = |group: &&mut Group| Arc::ptr_eq(&group.standing, standing);
            match groups.iter_mut().find(alike) {
                Some(group) => group.places.push(place),
                None => groups.push(Group {
                    standing: Arc::clone(standing),
                    places: vec![place],
                    asked: None,
                }),
            }
        }
        let each = delivery.recipients.iter().zip(weighed);
        let own = each.map(|(recipient, weighed)| {
            let parties = recipient.addresses().cloned().map(Party::new);
            (parties.collect(), weighed.score.score)
        });
        let own: Vec<(Vec<Party>, f64)> = own.collect();
        let bytes = delivery.raw.len();
        let is_little = bytes <= COMPARED_INLINE_BYTES_MAX
            && groups
                .iter()
                .all(|group| is_little_work(&group.standing.rules, STAGE, bytes));
        let (raw, message) = (delivery.raw.clone(), Arc::clone(message));
        let envelope_from = delivery.envelope_from.clone();
        let take_down = move || {
            let mut needs = Needs::default();
            for group in &groups {
                needs.add(&group.standing.rules, STAGE);
            }
            let shared = Facts {
                from: facts::senders(message.from_all(), envelope_from.as_ref()).into(),
                ..facts::of_message(STAGE, &needs, &raw, &message)
            };
            let each = own.into_iter();
            let facts: Vec<Facts> = each
                .map(|(envelope_recipients, score)| Facts {
                    envelope_recipients,
                    spam_score: Some(score),
                    ..shared.clone()
                })
                .collect();
            for group in &mut groups {
                let copies = group.places.iter().map(|place| &facts[*place]);
                group.asked = questions(&group.standing.rules, copies, LIST_QUESTIONS_MAX);
            }
            Self {
                groups,
                facts,
                is_little,
            }
        };
        match is_little {
            true => Ok(take_down()),
            false => away_from_async_threads(take_down).await,
        }
    }

    /// Looks whatever is asked up in one read, and decides for each recipient, in order; `None` for those that have no rules
    /// or whose rules ask too much.
    pub(super) async fn look(
        self,
        mailroom: &Mailroom,
    ) -> Result<(Vec<Facts>, Vec<Option<Evaluation>>), (Vec<Facts>, Refusal)> {
        let asked: Vec<_> = self
            .groups
            .iter()
            .map(|group| group.asked.clone().unwrap_or_default())
            .collect();
        let answers = match asked.iter().all(Vec::is_empty) {
            true => Ok(vec![ListAnswers::default(); asked.len()]),
            false => {
                let read = mailroom.store().read(
                    move |tx: &mut dyn Tx| -> Result<Vec<ListAnswers>, StoreError> {
                        asked.iter().map(|asked| answered(tx, asked)).collect()
                    },
                );
                read.await
            }
        };
        let answers = match answers {
            Ok(answers) => answers,
            Err(error) => return Err((self.facts, error.into())),
        };
        let is_little = self.is_little;
        let decide = move || {
            let evaluations = self.decide(&answers);
            (self.facts, evaluations)
        };
        match is_little {
            true => Ok(decide()),
            false => away_from_async_threads(decide)
                .await
                .map_err(|error| (Vec::new(), error)),
        }
    }

    fn decide(&self, answers: &[ListAnswers]) -> Vec<Option<Evaluation>> {
        let mut evaluations = vec![None; self.facts.len()];
        for (group, answers) in self.groups.iter().zip(answers) {
            if group.asked.is_none() {
                tracing::warn!("the rules of a workspace ask too much of lists about a message");
                continue;
            }
            let mut looking = Looking::new(&group.standing.rules);
            for place in &group.places {
                evaluations[*place] = Some(looking.at(&self.facts[*place], answers));
            }
        }
        evaluations
    }
}
