//! Mail that an account sends is looked at: after it was written down, before anything of it is stored.

use std::sync::Arc;

use posthouse_mime::ParsedMessage;
use posthouse_rules::evaluate::{Evaluation, ListAnswers, Matched, Outcome};
use posthouse_rules::facts::{Facts, Needs, OutboundType, Party, Stage};
use posthouse_rules::rule::Action;
use posthouse_store::tables::messages;
use posthouse_store::tables::terms::Term;
use posthouse_store::{StoreError, Tx};
use posthouse_types::address::EmailAddress;
use posthouse_types::ids::Key;

use super::evaluations::{Record, blocked_text};
use super::guard::{self, Verdict};
use super::inbound::Refused;
use super::rules::{answers, decide};
use super::standing::Standing;
use super::{facts, known};
use crate::actor::GrantRef;
use crate::receive::threading::ThreadKeys;
use crate::send::HoldCause;
use crate::{Mailroom, Refusal};

/// Who sends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mailer {
    pub(crate) application: Key,
    /// The account; a domain that sends for itself has none, so that it knows nobody and answers nothing.
    pub(crate) grant: Option<Key>,
}

impl From<&GrantRef> for Mailer {
    fn from(grant: &GrantRef) -> Self {
        Self {
            application: grant.application,
            grant: Some(grant.grant),
        }
    }
}

/// What a written message is looked at by.
#[derive(Debug)]
pub(crate) struct Seen {
    facts: Facts,
    /// Everybody it names, as the door parsed them.
    named: Vec<EmailAddress>,
    /// The ids that its header answers.
    references: Vec<Term>,
    /// It answers a message of the mailbox, which was looked up.
    is_answer: bool,
    /// Octets of the message.
    bytes: usize,
    /// What the guard found in it.
    guard: Verdict,
}

impl Seen {
    /// Takes down what there is to know; to be called where the message is read anyway.
    pub(crate) fn of(
        author: &EmailAddress,
        named: Vec<EmailAddress>,
        raw: &[u8],
        message: &ParsedMessage,
        keys: &ThreadKeys,
        is_answer: bool,
        standing: &Standing,
    ) -> Self {
        Self {
            references: keys.references().to_vec(),
            is_answer,
            ..Self::of_no_mailbox(author, named, raw, message, standing)
        }
    }

    /// As [`Seen::of`], for a message that can answer nothing.
    pub(crate) fn of_no_mailbox(
        author: &EmailAddress,
        named: Vec<EmailAddress>,
        raw: &[u8],
        message: &ParsedMessage,
        standing: &Standing,
    ) -> Self {
        let stage = Stage::OutboundSend;
        let needs = Needs::of(&standing.rules, stage);
        let mut facts = facts::of_message(stage, &needs, raw, message);
        facts.from = [Party::new(author.clone())].into();
        Self {
            facts,
            named,
            references: Vec::new(),
            is_answer: false,
            bytes: raw.len(),
            guard: guard::inspect(raw, message, &standing.guard, &standing.policy),
        }
    }
}

/// What was decided about a message that may go.
#[derive(Debug, Clone)]
pub(crate) struct OutboundVerdict {
    /// What holds for the account.
    pub(crate) standing: Arc<Standing>,
    /// Where rules move the copy, in order; it is in Sent otherwise.
    pub(crate) moves: Vec<Action>,
    /// The copy gets a star.
    pub(crate) is_starred: bool,
    /// The rules that want somebody to approve it; empty: it goes.
    pub(crate) holds: Vec<Matched>,
    /// Whether it answers a message of the mailbox, where somebody asked.
    pub(crate) outbound_type: Option<OutboundType>,
    /// To be written down with the copy.
    pub(crate) record: Option<Record>,
    /// What the guard found: what asks for approval, and what the sender is told.
    pub(crate) guard: Verdict,
}

impl OutboundVerdict {
    /// Takes note that somebody approved the message.
    pub(crate) fn approved(mut self) -> Self {
        self.record = self.record.map(Record::approved);
        self
    }

    /// Returns what asks for approval; `None`: nothing does.
    pub(crate) fn cause(&self) -> Option<HoldCause> {
        let named = |rule: &Matched| format!("rule \"{}\"", rule.name);
        let reasons = self.holds.iter().map(named);
        let reasons: Vec<String> = reasons.chain(self.guard.held.iter().cloned()).collect();
        (!reasons.is_empty()).then(|| HoldCause {
            rules: self.holds.iter().map(|rule| rule.id.0).collect(),
            reasons,
        })
    }
}

impl Mailroom {
    /// Returns what holds for an account that sends.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`] when it cannot be read: nothing may be sent then.
    pub(crate) async fn standing_of_sender(
        &self,
        mailer: impl Into<Mailer>,
        workspace: Key,
    ) -> Result<Arc<Standing>, Refusal> {
        let mailer = mailer.into();
        match self.standing_of(mailer.application, workspace).await {
            Ok(standing) => Ok(standing),
            Err(error) => {
                tracing::error!("cannot read what governs an account: {error}");
                let facts = Facts::at(Stage::OutboundSend);
                Err(self.not_evaluated(mailer, &facts, None).await)
            }
        }
    }

    /// Looks at a message that is about to be sent to an envelope.
    ///
    /// # Errors
    /// [`Refusal::Forbidden`] that names the rule; [`Refusal::Unavailable`] when it cannot be decided. Nothing was sent.
    pub(crate) async fn govern_outbound(
        &self,
        mailer: impl Into<Mailer>,
        standing: &Arc<Standing>,
        seen: Seen,
        envelope: &[EmailAddress],
    ) -> Result<OutboundVerdict, Refusal> {
        let mailer = mailer.into();
        let policy = standing.policy_id;
        let mut facts = seen.facts;
        facts.recipients = facts::recipients(seen.named.iter().chain(envelope));
        let guard = self
            .guard_outbound(mailer, standing, seen.guard, envelope)
            .await;
        let guard = match guard {
            Ok(guard) => guard,
            Err(error) => {
                tracing::error!("cannot look for strangers: {error}");
                return Err(self.not_evaluated(mailer, &facts, policy).await);
            }
        };
        if !standing.has_rules_at(Stage::OutboundSend) {
            return self.guarded_alone(mailer, standing, &facts, guard).await;
        }
        let asked = Asked {
            facts: facts.clone(),
            references: seen.references,
            is_answer: seen.is_answer,
            grant: mailer.grant,
        };
        let (mailroom, of_sender) = (self.clone(), Arc::clone(standing));
        let looked = self
            .store()
            .read(move |tx: &mut dyn Tx| asked.look(tx, &mailroom, &of_sender))
            .await;
        let looked = match looked {
            Ok((facts, answers)) => decide(&standing.rules, facts, answers, seen.bytes).await,
            Err(error) => Err(error.into()),
        };
        let (facts, evaluation) = match looked {
            Ok(looked) => looked,
            Err(error) => {
                tracing::error!("cannot evaluate rules: {error}");
                return Err(self.not_evaluated(mailer, &facts, policy).await);
            }
        };
        let record = Record::new(
            mailer.application,
            mailer.grant,
            &facts,
            Some(evaluation.clone()),
        );
        if evaluation.outcome() == Outcome::Block {
            let message = blocked_text(self, &evaluation);
            self.note_refused(vec![Refused { record, policy }]).await;
            return Err(Refusal::Forbidden { message });
        }
        let record = record.guarded(outcome_of(&guard));
        self.stop_guarded(&record, policy, &guard).await?;
        Ok(OutboundVerdict {
            standing: Arc::clone(standing),
            moves: evaluation.moves,
            is_starred: evaluation.is_starred,
            holds: evaluation.held_by,
            outbound_type: facts.outbound_type,
            record: Some(record),
            guard,
        })
    }

    /// Decides where no rule is asked: only what the guard stops is written down.
    async fn guarded_alone(
        &self,
        mailer: Mailer,
        standing: &Arc<Standing>,
        facts: &Facts,
        guard: Verdict,
    ) -> Result<OutboundVerdict, Refusal> {
        let outcome = outcome_of(&guard);
        let record = (outcome != Outcome::Deliver).then(|| {
            let nothing = Some(Evaluation::default());
            Record::new(mailer.application, mailer.grant, facts, nothing).guarded(outcome)
        });
        if let Some(record) = &record {
            self.stop_guarded(record, standing.policy_id, &guard)
                .await?;
        }
        Ok(OutboundVerdict {
            standing: Arc::clone(standing),
            moves: Vec::new(),
            is_starred: false,
            holds: Vec::new(),
            outbound_type: None,
            record,
            guard,
        })
    }

    /// Adds recipients who have never written to the account to what the guard found, where the policy asks for them.
    async fn guard_outbound(
        &self,
        mailer: Mailer,
        standing: &Standing,
        found: Verdict,
        envelope: &[EmailAddress],
    ) -> Result<Verdict, StoreError> {
        if !standing.guard.asks_for_strangers() {
            return Ok(found);
        }
        let folded: Vec<String> = envelope.iter().map(EmailAddress::folded).collect();
        let Some(owner) = mailer.grant else {
            return Ok(found.with_strangers(&folded, &standing.guard));
        };
        let codec = self.store().ids().clone();
        let strangers = self
            .store()
            .read(move |tx: &mut dyn Tx| known::strangers(tx, &codec, owner, &folded))
            .await?;
        Ok(found.with_strangers(&strangers, &standing.guard))
    }

    /// Refuses what the guard does not let leave, and writes that down.
    async fn stop_guarded(
        &self,
        record: &Record,
        policy: Option<Key>,
        guard: &Verdict,
    ) -> Result<(), Refusal> {
        let Some(finding) = &guard.blocked else {
            return Ok(());
        };
        let message = format!("Blocked by the outbound guard: {finding}");
        let (mailroom, record, reason) = (self.clone(), record.clone(), message.clone());
        self.store()
            .write(move |tx: &mut dyn Tx| -> Result<(), StoreError> {
                record.write(tx, &mailroom, None, None)?;
                record.audit_guarded(tx, &mailroom, policy, &reason)
            })
            .await?;
        Err(Refusal::Forbidden { message })
    }

    /// Writes down that a message could not be decided about, as far as that is possible.
    async fn not_evaluated(&self, mailer: Mailer, facts: &Facts, policy: Option<Key>) -> Refusal {
        let record = Record::new(mailer.application, mailer.grant, facts, None);
        self.note_refused(vec![Refused { record, policy }]).await;
        Refusal::Unavailable {
            message: "outbound rules could not be evaluated, nothing was sent".to_owned(),
        }
    }
}

/// What is to be looked up and decided in one transaction.
struct Asked {
    facts: Facts,
    references: Vec<Term>,
    is_answer: bool,
    grant: Option<Key>,
}

impl Asked {
    fn look(
        self,
        tx: &mut dyn Tx,
        mailroom: &Mailroom,
        standing: &Standing,
    ) -> Result<(Facts, ListAnswers), StoreError> {
        let mut facts = self.facts;
        let kind = match self.grant {
            Some(grant) => outbound_type(tx, grant, self.is_answer, &self.references)?,
            None => OutboundType::Compose,
        };
        facts.outbound_type = Some(kind);
        if Needs::of(&standing.rules, facts.stage).recipient_known {
            let recipients: Vec<&str> = facts.recipients.iter().map(Party::folded).collect();
            let codec = mailroom.store().ids();
            facts.recipient_known = Some(match self.grant {
                Some(grant) => known::all(tx, codec, grant, &recipients)?,
                None => false,
            });
        }
        let answers = answers(tx, &standing.rules, [&facts])?;
        Ok((facts, answers))
    }
}

/// Returns what the guard makes of a message.
fn outcome_of(guard: &Verdict) -> Outcome {
    match (&guard.blocked, guard.held.is_empty()) {
        (Some(_), _) => Outcome::Block,
        (None, false) => Outcome::Hold,
        (None, true) => Outcome::Deliver,
    }
}

/// Tells whether a message answers one that is in the mailbox: a made-up header is no reply.
pub(crate) fn outbound_type(
    tx: &mut dyn Tx,
    grant: Key,
    is_answer: bool,
    references: &[Term],
) -> Result<OutboundType, StoreError> {
    if is_answer {
        return Ok(OutboundType::Reply);
    }
    for term in references {
        if messages::thread_by_term(tx, grant, *term)?.is_some() {
            return Ok(OutboundType::Reply);
        }
    }
    Ok(OutboundType::Compose)
}
