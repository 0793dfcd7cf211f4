//! Mail that arrives is looked at: at RCPT by what the envelope says, and again when all of it is here.

use std::sync::Arc;

use posthouse_mime::ParsedMessage;
use posthouse_rules::evaluate::{Evaluation, Outcome};
use posthouse_rules::facts::{Facts, Party, Stage};
use posthouse_rules::policy::{Effective, Limit};
use posthouse_rules::rule::Action;
use posthouse_store::{StoreError, Tx};
use posthouse_types::address::EmailAddress;
use posthouse_types::ids::Key;
use serde_json::Value;

use super::arrival::Copies;
use super::evaluations::{DROPPED_MEMBER, Record};
use super::facts;
use super::quota::{Charge, Unpaid, counts_received, may_receive};
use super::rules::look;
use super::standing::Standing;
use crate::receive::{InboundDelivery, ReceiveRefusal, Recipient, RecipientRefusal};
use crate::spam::{Evidence, Weighed, with_member};
use crate::{Mailroom, Refusal};

/// Why an account's mail waits at its senders. At RCPT, because there each recipient is answered alone.
const TOO_MUCH_ASKED: &str = "rules ask more of lists than can be looked up for one message";

/// What was decided about one recipient's copy.
#[derive(Debug, Clone, Default)]
pub(crate) struct InboundVerdict {
    /// Where rules move it, in order.
    pub(crate) moves: Vec<Action>,
    /// It is stored as read.
    pub(crate) is_read: bool,
    /// It is stored with a star.
    pub(crate) is_starred: bool,
    /// To be written down with it.
    pub(crate) record: Option<Record>,
    /// What holds for the account; `None` where nobody asked.
    pub(crate) standing: Option<Arc<Standing>>,
    /// How much it looks like spam there; `None` where nobody asked.
    pub(crate) weighed: Option<Weighed>,
}

impl InboundVerdict {
    /// Notes what was taken out of the copy, also where no rule was asked.
    pub(super) fn note_dropped(
        &mut self,
        delivery: &InboundDelivery,
        message: &ParsedMessage,
        recipient: &Recipient,
        dropped: Vec<Value>,
    ) {
        let record = self.record.get_or_insert_with(|| {
            let facts = Facts {
                from: facts::senders(message.from_all(), delivery.envelope_from.as_ref()).into(),
                envelope_recipients: recipient.addresses().cloned().map(Party::new).collect(),
                ..Facts::at(Stage::InboxProcessing)
            };
            let (application, grant) = (recipient.application, recipient.grant);
            Record::new(application, grant, &facts, Some(Evaluation::default()))
        });
        record.dropped = dropped;
    }

    /// Returns what was found out about a message as the recipient's row keeps it: the verdicts on its sender, and beside
    /// them how much it looks like spam and what was taken out of his copy.
    pub(crate) fn beside(&self, verdicts: Option<&str>) -> Option<String> {
        let weighed = self.weighed.as_ref().map(|one| one.beside(verdicts));
        let dropped = self.record.as_ref().map(|record| &record.dropped);
        match dropped.filter(|dropped| !dropped.is_empty()) {
            Some(dropped) => {
                let known = weighed.as_deref().or(verdicts);
                let dropped = Value::Array(dropped.clone());
                Some(with_member(known, DROPPED_MEMBER, &dropped))
            }
            None => weighed.or_else(|| verdicts.map(str::to_owned)),
        }
    }
}

/// What was decided about a message that arrives.
#[derive(Debug, Default)]
pub(crate) struct Governed {
    /// For each recipient of the delivery that is left, in order.
    pub(crate) verdicts: Vec<InboundVerdict>,
    /// For recipients who do not get it.
    pub(crate) refused: Vec<Refused>,
}

/// A copy that is not stored.
#[derive(Debug, Clone)]
pub(crate) struct Refused {
    pub(crate) record: Record,
    pub(crate) policy: Option<Key>,
}

impl Refused {
    /// Writes down why.
    pub(crate) fn write(&self, tx: &mut dyn Tx, mailroom: &Mailroom) -> Result<(), StoreError> {
        self.record.write(tx, mailroom, None, None)?;
        self.record.audit_refusal(tx, mailroom, self.policy)
    }
}

impl Mailroom {
    /// Asks the rules that the envelope decides whether a recipient takes mail from a sender.
    ///
    /// # Errors
    /// [`RecipientRefusal::Blocked`]; [`RecipientRefusal::Unavailable`] when it cannot be told.
    pub async fn admit(
        &self,
        envelope_from: Option<&EmailAddress>,
        announced_bytes: Option<u64>,
        recipient: &Recipient,
    ) -> Result<(), RecipientRefusal> {
        if !recipient.has_mailbox() {
            return Ok(());
        }
        if let Some(standing) = self.remembered_standing(recipient.grant)
            && self.asks_nothing_at_rcpt(&standing, announced_bytes)
        {
            recipient.standing.note(&standing);
            return Ok(());
        }
        let facts = Facts {
            from: envelope_from.cloned().map(Party::new).into_iter().collect(),
            envelope_recipients: vec![Party::new(recipient.delivered_to.clone())],
            ..Facts::at(Stage::SmtpRcpt)
        };
        let epoch = self.store().governance_epoch();
        let (mailroom, account) = (self.clone(), (recipient.application, recipient.grant));
        let (asked, noted) = (facts.clone(), recipient.standing.clone());
        let looked = self
            .store()
            .read(move |tx: &mut dyn Tx| -> Result<_, Refusal> {
                let standing = mailroom.standing_of_account(tx, account)?;
                mailroom.remember_standing(account.1, epoch, &standing);
                noted.note(&standing);
                let room = mailroom.has_room(tx, account, &standing, announced_bytes)?;
                if room.is_ok() && standing.asks_too_much {
                    return Err(StoreError::Fault(TOO_MUCH_ASKED.to_owned()).into());
                }
                if room.is_err() || !standing.has_rules_at(Stage::SmtpRcpt) {
                    return Ok((None, room));
                }
                let evaluation = look(tx, &standing.rules, &asked)?;
                Ok((Some((evaluation, standing.policy_id)), room))
            })
            .await;
        let (evaluation, policy) = match looked {
            Ok((_, Err(refusal))) => {
                let standing = recipient.standing.get();
                let policy = standing.and_then(|standing| standing.policy_id);
                let noted = self.note_no_room(recipient, policy, &refusal).await;
                return Err(noted.map_or(RecipientRefusal::Unavailable, |()| refusal));
            }
            Ok((None, Ok(()))) => return Ok(()),
            Ok((Some((evaluation, _)), _)) if evaluation.outcome() != Outcome::Block => {
                return Ok(());
            }
            Ok((Some((evaluation, policy)), _)) => (Some(evaluation), policy),
            Err(error) => {
                tracing::error!("cannot evaluate rules at RCPT: {error}");
                (None, None)
            }
        };
        let is_decided = evaluation.is_some();
        let record = Record::new(account.0, account.1, &facts, evaluation);
        self.note_refused(vec![Refused { record, policy }]).await;
        Err(match is_decided {
            true => RecipientRefusal::Blocked,
            false => RecipientRefusal::Unavailable,
        })
    }

    /// Tells whether mail is let on to the end of its data without a look at the store, whatever its envelope says.
    fn asks_nothing_at_rcpt(&self, standing: &Standing, announced_bytes: Option<u64>) -> bool {
        !standing.has_rules_at(Stage::SmtpRcpt)
            && !standing.asks_too_much
            && !is_too_large(&standing.policy, announced_bytes)
            && !counts_received(self.operator_plan(), &standing.policy)
    }

    /// Tells whether an account may receive another message, of a size if one was announced.
    fn has_room(
        &self,
        tx: &mut dyn Tx,
        account: (Key, Key),
        standing: &Standing,
        announced_bytes: Option<u64>,
    ) -> Result<Result<(), RecipientRefusal>, Refusal> {
        let (plan, effective) = (self.operator_plan(), &standing.policy);
        if is_too_large(effective, announced_bytes) {
            return Ok(Err(RecipientRefusal::TooLarge));
        }
        if !counts_received(plan, effective) {
            return Ok(Ok(()));
        }
        let charge = Charge {
            application: account.0,
            grant: Some(account.1),
            bytes: announced_bytes.unwrap_or_default(),
            now: self.now_seconds(),
        };
        Ok(match may_receive(tx, plan, standing, &charge) {
            Ok(()) => Ok(()),
            Err(Unpaid::Short(shortage, _)) => Err(shortage.into()),
            Err(Unpaid::Store(error)) => return Err(error.into()),
        })
    }

    pub(crate) fn standing_of_account(
        &self,
        tx: &mut dyn Tx,
        account: (Key, Key),
    ) -> Result<Arc<Standing>, Refusal> {
        let mut standings = self.standings_in(tx, &[account])?;
        standings.pop().ok_or(Refusal::NotFound)
    }

    /// Looks at a message that has arrived, for each of its recipients; those that refuse it are taken out of the delivery.
    ///
    /// # Errors
    /// [`ReceiveRefusal::Blocked`] when nobody is left; [`ReceiveRefusal::Unavailable`] when it cannot be told.
    pub(crate) async fn govern_inbound(
        &self,
        delivery: &mut InboundDelivery,
        message: &Arc<ParsedMessage>,
        evidence: Evidence,
    ) -> Result<Governed, ReceiveRefusal> {
        let standings = self.standings_of(&delivery.recipients).await?;
        let weighed = self.weigh_arrival(delivery, evidence, &standings).await;
        let stage = Stage::InboxProcessing;
        if !standings
            .iter()
            .any(|standing| standing.has_rules_at(stage))
        {
            let each = standings.into_iter().zip(weighed);
            let verdicts = each.map(|(standing, weighed)| verdict_without_rules(standing, weighed));
            return Ok(Governed {
                verdicts: verdicts.collect(),
                refused: Vec::new(),
            });
        }
        let looked = match Copies::of(delivery, message, &standings, &weighed).await {
            Ok(copies) => copies.look(self).await,
            Err(error) => Err((Vec::new(), error)),
        };
        let (facts, evaluations) = match looked {
            Ok(looked) => looked,
            Err((facts, error)) => {
                tracing::error!("cannot evaluate rules: {error}");
                self.note_undecided(delivery, &facts, &standings).await;
                return Err(ReceiveRefusal::Unavailable);
            }
        };
        let is_undecided = standings
            .iter()
            .zip(&evaluations)
            .any(|(standing, evaluation)| standing.has_rules_at(stage) && evaluation.is_none());
        let governed = part(delivery, &facts, &standings, evaluations, weighed);
        if !delivery.recipients.is_empty() {
            return Ok(governed);
        }
        self.note_refused(governed.refused).await;
        // Those whose rules refuse it refuse it again.
        Err(match is_undecided {
            true => ReceiveRefusal::Unavailable,
            false => ReceiveRefusal::Blocked,
        })
    }

    /// Returns what holds for each recipient: as it was read at RCPT, or as it is written now.
    async fn standings_of(
        &self,
        recipients: &[Recipient],
    ) -> Result<Vec<Arc<Standing>>, ReceiveRefusal> {
        let asked = recipients.iter().map(|recipient| recipient.standing.get());
        if let Some(standings) = asked.collect::<Option<Vec<_>>>() {
            return Ok(standings);
        }
        let accounts: Vec<(Key, Key)> = recipients
            .iter()
            .map(|recipient| (recipient.application, recipient.grant))
            .collect();
        let mailroom = self.clone();
        let read = self
            .store()
            .read(move |tx: &mut dyn Tx| mailroom.standings_in(tx, &accounts));
        read.await.map_err(|error| {
            tracing::error!("cannot read what governs an account: {error}");
            ReceiveRefusal::Unavailable
        })
    }

    /// Writes down that a message could not be looked at, as far as that is possible.
    async fn note_undecided(
        &self,
        delivery: &InboundDelivery,
        facts: &[Facts],
        standings: &[Arc<Standing>],
    ) {
        let each = delivery.recipients.iter().zip(facts).zip(standings);
        let refused = each
            .filter(|(_, standing)| standing.has_rules_at(Stage::InboxProcessing))
            .map(|((recipient, facts), standing)| Refused {
                record: Record::new(recipient.application, recipient.grant, facts, None),
                policy: standing.policy_id,
            });
        self.note_refused(refused.collect()).await;
    }

    /// Writes down what was not stored for anybody. The refusal stands, whether that succeeds or not.
    pub(crate) async fn note_refused(&self, refused: Vec<Refused>) {
        let mailroom = self.clone();
        let written = self
            .store()
            .write(move |tx: &mut dyn Tx| {
                refused.iter().try_for_each(|one| one.write(tx, &mailroom))
            })
            .await;
        if let Err(error) = written {
            tracing::error!("cannot write down that a message was refused: {error}");
        }
    }
}

fn is_too_large(policy: &Effective, announced_bytes: Option<u64>) -> bool {
    let limit = policy.limit(Limit::MessageBytes);
    limit.is_some_and(|limit| announced_bytes.is_some_and(|bytes| bytes > limit))
}

fn verdict_without_rules(standing: Arc<Standing>, weighed: Weighed) -> InboundVerdict {
    InboundVerdict {
        standing: Some(standing),
        weighed: Some(weighed),
        ..InboundVerdict::default()
    }
}

/// Takes recipients whose rules refuse the message out of the delivery.
fn part(
    delivery: &mut InboundDelivery,
    facts: &[Facts],
    standings: &[Arc<Standing>],
    evaluations: Vec<Option<Evaluation>>,
    weighed: Vec<Weighed>,
) -> Governed {
    let mut governed = Governed::default();
    let recipients = std::mem::take(&mut delivery.recipients);
    let each = recipients
        .into_iter()
        .zip(evaluations)
        .zip(facts)
        .zip(standings)
        .zip(weighed);
    for ((((recipient, evaluation), facts), standing), weighed) in each {
        if !standing.has_rules_at(Stage::InboxProcessing) {
            governed
                .verdicts
                .push(verdict_without_rules(Arc::clone(standing), weighed));
            delivery.recipients.push(recipient);
            continue;
        }
        let (application, grant) = (recipient.application, recipient.grant);
        let record = Record::new(application, grant, facts, evaluation.clone());
        // What cannot be decided is not let in; nobody else waits for it.
        let Some(evaluation) = evaluation.filter(|one| one.outcome() != Outcome::Block) else {
            governed.refused.push(Refused {
                record,
                policy: standing.policy_id,
            });
            continue;
        };
        governed.verdicts.push(InboundVerdict {
            moves: evaluation.moves,
            is_read: evaluation.is_read,
            is_starred: evaluation.is_starred,
            record: Some(record),
            standing: Some(Arc::clone(standing)),
            weighed: Some(weighed),
        });
        delivery.recipients.push(recipient);
    }
    governed
}
