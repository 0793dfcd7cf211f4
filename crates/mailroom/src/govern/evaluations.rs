//! What is written down of an evaluation, in the transaction of its message.

use posthouse_rules::evaluate::{Evaluation, Outcome};
use posthouse_rules::facts::{Facts, OutboundType, Party, Stage};
use posthouse_rules::rule::Action;
use posthouse_store::tables::rule_evaluations::{self, StoredEvaluation};
use posthouse_store::{StoreError, Tx};
use posthouse_types::ids::{Key, Kind};
use serde_json::{Map, Value, json};

use crate::Mailroom;
use crate::audit::{AuditEntry, Object, Outcome as Audited};

/// Number of the outcome of what could not be evaluated.
pub(crate) const FAILED: i64 = 3;
/// The member that names what was taken out of a message, where evaluations and messages tell it.
pub(crate) const DROPPED_MEMBER: &str = "dropped_attachments";
/// Addresses of each kind that are written down.
const ADDRESSES_MAX: usize = 100;

/// An evaluation that is to be written down.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) application: Key,
    /// The account; a domain that sends has none, and what was decided is in the audit log alone.
    pub(crate) grant: Option<Key>,
    pub(crate) stage: Stage,
    /// What was looked at.
    input: Value,
    /// What followed; `None`: it could not be evaluated, and the message was refused for that.
    pub(crate) evaluation: Option<Evaluation>,
    /// What the guard made of it; it stops what rules let go.
    guarded: Outcome,
    /// Files that were thrown out, each as it is shown.
    pub(crate) dropped: Vec<Value>,
}

/// Where a message went that rules moved.
#[derive(Debug, Clone)]
pub(crate) struct Moved {
    pub(crate) by: Action,
    pub(crate) folder: Key,
}

impl Moved {
    /// Tells whether it is in Trash or Junk, from where it goes for good after a while.
    pub(crate) fn is_set_aside(&self) -> bool {
        matches!(self.by, Action::Trash | Action::MarkAsSpam)
    }
}

impl Record {
    pub(crate) fn new(
        application: Key,
        grant: impl Into<Option<Key>>,
        facts: &Facts,
        evaluation: Option<Evaluation>,
    ) -> Self {
        Self {
            application,
            grant: grant.into(),
            stage: facts.stage,
            input: input(facts),
            evaluation,
            guarded: Outcome::Deliver,
            dropped: Vec::new(),
        }
    }

    /// Notes what the guard made of the message.
    pub(super) fn guarded(mut self, outcome: Outcome) -> Self {
        self.guarded = outcome;
        self
    }

    /// Takes note that somebody approved the message: it is not held any more.
    pub(super) fn approved(mut self) -> Self {
        self.guarded = Outcome::Deliver;
        if let Some(evaluation) = &mut self.evaluation {
            evaluation.held_by.clear();
        }
        self
    }

    /// Returns what became of it; `None`: it could not be evaluated.
    fn decided(&self) -> Option<Outcome> {
        let by_rules = self.evaluation.as_ref()?.outcome();
        let is = |outcome| by_rules == outcome || self.guarded == outcome;
        Some(match () {
            () if is(Outcome::Block) => Outcome::Block,
            () if is(Outcome::Hold) => Outcome::Hold,
            () => Outcome::Deliver,
        })
    }

    fn outcome(&self) -> i64 {
        self.decided().map_or(FAILED, |outcome| outcome as i64)
    }

    /// Writes it, for the message that was stored, if one was.
    pub(crate) fn write(
        &self,
        tx: &mut dyn Tx,
        mailroom: &Mailroom,
        message: Option<Key>,
        moved: Option<&Moved>,
    ) -> Result<(), StoreError> {
        let matched = self.evaluation.as_ref().map(|one| one.matched.iter());
        let matched = matched.into_iter().flatten();
        let document = json!({
            "evaluation_input": self.input,
            "applied_actions": self.applied(mailroom, moved),
            "matched_rule_ids": matched.map(|rule| mailroom.public_id(Kind::Rule, *rule)).collect::<Vec<_>>(),
            DROPPED_MEMBER: self.dropped,
        });
        let moved_by = moved.map(|moved| &moved.by);
        if let (Stage::InboxProcessing, Some(Action::MarkAsSpam), Some(message)) =
            (self.stage, moved_by, message)
        {
            self.audit_junked(tx, mailroom, message)?;
        }
        let Some(grant) = self.grant else {
            return Ok(());
        };
        rule_evaluations::insert(
            tx,
            &StoredEvaluation {
                id: mailroom.store().new_key(),
                application: self.application,
                grant,
                message,
                stage: self.stage as i64,
                outcome: self.outcome(),
                document: document.to_string(),
            },
        )
    }

    /// Writes into the audit log that a rule stored a message in Junk.
    fn audit_junked(
        &self,
        tx: &mut dyn Tx,
        mailroom: &Mailroom,
        message: Key,
    ) -> Result<(), StoreError> {
        let matched = self.evaluation.as_ref().map(|one| one.matched.as_slice());
        mailroom.audit(
            tx,
            &AuditEntry {
                grant: self.grant,
                rules: matched.unwrap_or_default(),
                outcome: Audited::Junked,
                reason: "marked as spam by a rule",
                ..AuditEntry::done(
                    self.application,
                    "message.receive",
                    Object::Row(Kind::Message, message),
                )
            },
        )
    }

    /// Returns what was done; what was not is left out.
    fn applied(&self, mailroom: &Mailroom, moved: Option<&Moved>) -> Value {
        let mut applied = Map::new();
        let mut did = |name: &str, is_done: bool| {
            if is_done {
                applied.insert(name.to_owned(), json!(true));
            }
        };
        let Some(evaluation) = &self.evaluation else {
            did("blocked_by_evaluation_error", true);
            return Value::Object(applied);
        };
        let by = |action: &Action| moved.is_some_and(|moved| moved.by == *action);
        let decided = self.decided();
        did("blocked", decided == Some(Outcome::Block));
        did("held", decided == Some(Outcome::Hold));
        did("marked_as_spam", by(&Action::MarkAsSpam));
        did("marked_as_read", evaluation.is_read);
        did("marked_starred", evaluation.is_starred);
        did("archived", by(&Action::Archive));
        did("trashed", by(&Action::Trash));
        did("attachments_dropped", !self.dropped.is_empty());
        if let Some(moved) = moved.filter(|moved| matches!(moved.by, Action::AssignToFolder(_))) {
            let folder = mailroom.public_id(Kind::Folder, moved.folder);
            applied.insert("folder_ids".to_owned(), json!([folder]));
        }
        Value::Object(applied)
    }

    /// Writes into the audit log that attachments were taken out of a message that was stored, if any were.
    pub(crate) fn audit_dropped(
        &self,
        tx: &mut dyn Tx,
        mailroom: &Mailroom,
        message: Key,
        policy: Option<Key>,
    ) -> Result<(), StoreError> {
        if self.dropped.is_empty() {
            return Ok(());
        }
        let reason = format!("{} attachments removed", self.dropped.len());
        mailroom.audit(
            tx,
            &AuditEntry {
                grant: self.grant,
                policy,
                outcome: Audited::Dropped,
                reason: &reason,
                ..AuditEntry::done(
                    self.application,
                    "message.receive",
                    Object::Row(Kind::Message, message),
                )
            },
        )
    }

    /// Writes into the audit log that a message was refused, or that it could not be decided.
    pub(crate) fn audit_refusal(
        &self,
        tx: &mut dyn Tx,
        mailroom: &Mailroom,
        policy: Option<Key>,
    ) -> Result<(), StoreError> {
        let (outcome, reason) = match &self.evaluation {
            Some(evaluation) => (Audited::Blocked, blocked_text(mailroom, evaluation)),
            None => (Audited::Failed, "blocked_by_evaluation_error".to_owned()),
        };
        self.audit_stop(tx, mailroom, policy, outcome, &reason)
    }

    /// Writes into the audit log that the guard refused a message.
    pub(super) fn audit_guarded(
        &self,
        tx: &mut dyn Tx,
        mailroom: &Mailroom,
        policy: Option<Key>,
        reason: &str,
    ) -> Result<(), StoreError> {
        self.audit_stop(tx, mailroom, policy, Audited::Blocked, reason)
    }

    fn audit_stop(
        &self,
        tx: &mut dyn Tx,
        mailroom: &Mailroom,
        policy: Option<Key>,
        outcome: Audited,
        reason: &str,
    ) -> Result<(), StoreError> {
        let recipients = self.input["recipient_addresses"].as_array();
        let recipients: Vec<&str> = recipients
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let matched = self.evaluation.as_ref().map(|one| one.matched.as_slice());
        mailroom.audit(
            tx,
            &AuditEntry {
                grant: self.grant,
                recipients: &recipients,
                policy,
                rules: matched.unwrap_or_default(),
                outcome,
                reason,
                ..AuditEntry::done(
                    self.application,
                    match self.stage {
                        Stage::OutboundSend => "message.send",
                        Stage::SmtpRcpt | Stage::InboxProcessing => "message.receive",
                    },
                    Object::None,
                )
            },
        )
    }
}

/// Returns the words in which a sender learns which rule refused a message.
pub(crate) fn blocked_text(mailroom: &Mailroom, evaluation: &Evaluation) -> String {
    let Some(rule) = &evaluation.blocked_by else {
        return String::new();
    };
    let id = mailroom.public_id(Kind::Rule, rule.id);
    format!("Blocked by rule \"{}\" ({id})", rule.name)
}

fn input(facts: &Facts) -> Value {
    let from = facts.from.first();
    let delivered = &facts.envelope_recipients;
    let recipients = || facts.recipients.iter().chain(delivered).take(ADDRESSES_MAX);
    let distinct = |part: fn(&Party) -> Option<&str>| {
        let mut parts: Vec<&str> = Vec::new();
        for text in recipients().filter_map(part) {
            if !parts.contains(&text) {
                parts.push(text);
            }
        }
        parts
    };
    json!({
        "from_address": from.map(Party::as_str),
        "from_domain": from.and_then(Party::domain),
        "from_tld": from.and_then(Party::tld),
        "recipient_addresses": distinct(|party| Some(party.as_str())),
        "recipient_domains": distinct(Party::domain),
        "recipient_tlds": distinct(Party::tld),
        "outbound_type": facts.outbound_type.map(OutboundType::name),
    })
}
