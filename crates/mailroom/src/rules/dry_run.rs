//! Rules are tried on a message: what would become of it, and why. Nothing is stored or sent.

use std::sync::Arc;

use posthouse_mime::build::Mailbox;
use posthouse_rules::evaluate::{Evaluation, Outcome, RuleTrace, evaluate, trace};
use posthouse_rules::facts::{Facts, Needs, Party, Stage};
use posthouse_rules::rule::{self, Action, Rule, Trigger};
use posthouse_rules::spam::{THRESHOLD, threshold};
use posthouse_store::tables::terms::{Field, Term};
use posthouse_store::tables::{folders, grants, messages, rules};
use posthouse_store::{StoreError, Tx};
use posthouse_types::address::EmailAddress;
use posthouse_types::folders::SystemFolder;
use posthouse_types::ids::{Key, Kind};
use serde_json::{Value, json};

use super::check::refused;
use super::trial_message::TrialMessage;
use super::trial_source::{Thread, Writer};
use super::view::read;
use crate::actor::{Actor, GrantRef, Scope};
use crate::govern::outbound::outbound_type;
use crate::govern::{Standing, answers, known, named_folder};
use crate::limits::WORKSPACE_RULES_MAX;
use crate::read::{Detail, HeaderDetail, away_from_async_threads, blob_source};
use crate::workspaces::find_workspace;
use crate::{Mailroom, Refusal};

/// Which rules are tried.
#[derive(Debug, Clone)]
pub enum Tried {
    /// These, by public id.
    Ids(Vec<String>),
    /// These, as they would be written.
    Inline(Vec<Value>),
    /// Those of a workspace, by public id.
    Workspace(String),
    /// Those of an account's workspace.
    Grant(String),
}

/// What they are tried on.
#[derive(Debug, Clone)]
pub enum Subject {
    /// A message in its parts.
    Given(Box<TrialMessage>),
    /// A stored message, by public id.
    Stored(String),
}

/// A trial.
#[derive(Debug, Clone)]
pub struct DryRun {
    /// `inbound` or `outbound`.
    pub trigger: String,
    /// Which rules.
    pub rules: Tried,
    /// The account whose mailbox is asked whether somebody is known and whether a message is a reply; needed for a stored
    /// message.
    pub grant_id: Option<String>,
    /// On what.
    pub message: Subject,
}

/// The rules of a trial, and where they come from.
struct Bench {
    rules: Vec<Rule>,
    /// Inline rules have a place instead of an id.
    inline: Vec<Key>,
    standing: Option<Arc<Standing>>,
}

impl Mailroom {
    /// Tries rules on a message; returns what would become of it, with every condition that was looked at.
    ///
    /// # Errors
    /// [`Refusal::Invalid`], [`Refusal::InvalidReference`] for a rule that is not there, [`Refusal::NotFound`] for an
    /// account, a workspace or a message that is not; [`Refusal::Unavailable`] when it cannot be evaluated.
    pub async fn dry_run_rules(&self, actor: &Actor, wanted: DryRun) -> Result<Value, Refusal> {
        if let Scope::Grant(_) = actor.scope {
            return Err(Refusal::Forbidden {
                message: "this API key reaches one account only, and no rules".to_owned(),
            });
        }
        let Some(trigger) = Trigger::from_name(&wanted.trigger) else {
            return Err(Refusal::invalid(
                "trigger",
                "expected \"inbound\" or \"outbound\"",
            ));
        };
        let stage = match trigger {
            Trigger::Inbound => Stage::InboxProcessing,
            Trigger::Outbound => Stage::OutboundSend,
        };
        let named = match &wanted.rules {
            Tried::Grant(id) => Some(id),
            _ => wanted.grant_id.as_ref(),
        };
        let grant = match named {
            Some(id) => Some(self.grant_for(actor, id).await?),
            None => None,
        };
        let bench = self.bench(actor, &wanted.rules, grant.as_ref()).await?;
        let message = self.tried_message(wanted.message, grant.as_ref()).await?;
        let writer = self.writer_of(&message, grant.as_ref()).await?;
        let needs = Needs::of(&bench.rules, stage);
        let look =
            move || -> Result<_, Refusal> { Ok((message.facts(stage, &needs, &writer)?, message)) };
        let (facts, message) = away_from_async_threads(look).await??;
        let (mailroom, account) = (self.clone(), grant.clone());
        let asked = bench.rules.clone();
        let read = self
            .store()
            .read(move |tx: &mut dyn Tx| -> Result<_, Refusal> {
                let facts = mailroom.with_mailbox(tx, facts, &message, account.as_ref())?;
                let answers = answers(tx, &asked, [&facts])?;
                Ok((facts, answers))
            });
        let (facts, answers) = read.await?;
        let compare = move || {
            let evaluation = evaluate(&bench.rules, &facts, &answers);
            let traces = trace(&bench.rules, &facts, &answers);
            (bench, facts, evaluation, traces)
        };
        let (bench, facts, evaluation, traces) = away_from_async_threads(compare).await?;
        let (mailroom, account) = (self.clone(), grant.clone());
        self.store()
            .read(move |tx: &mut dyn Tx| {
                let place = mailroom.place_of(tx, &bench, &facts, &evaluation, account.as_ref())?;
                Ok(mailroom.shown_trial(&bench, &evaluation, &traces, &place))
            })
            .await
    }

    /// Returns who would write the message, and what it answers.
    async fn writer_of(
        &self,
        message: &TrialMessage,
        grant: Option<&GrantRef>,
    ) -> Result<Writer, Refusal> {
        let mut writer = Writer {
            own: None,
            thread: Thread::default(),
            now: self.now_seconds(),
            secret: "dry-run".to_owned(),
        };
        let Some(grant) = grant else {
            return Ok(writer);
        };
        let (application, id) = (grant.application, grant.grant);
        let account = self
            .store()
            .read(move |tx: &mut dyn Tx| grants::find(tx, application, id))
            .await;
        let account = account.map_err(|error: StoreError| Refusal::from(error))?;
        let address = EmailAddress::parse_strict(&grant.email).ok();
        writer.own = address.map(|address| Mailbox {
            name: account.map(|account| account.name).unwrap_or_default(),
            address,
        });
        // A reply to nothing that is here is tried as one all the same.
        if let Some(id) = &message.reply_to_message_id
            && let Ok((message_id, references)) = self.answered_ids(grant, id).await
        {
            writer.thread = Thread {
                message_id,
                references,
            };
        }
        Ok(writer)
    }

    /// Gathers the rules.
    async fn bench(
        &self,
        actor: &Actor,
        tried: &Tried,
        grant: Option<&GrantRef>,
    ) -> Result<Bench, Refusal> {
        match tried {
            Tried::Inline(bodies) => self.inline_rules(actor, bodies).await,
            Tried::Ids(ids) => self.rules_by_id(actor, ids).await,
            Tried::Workspace(id) => {
                let name = self.open_workspace(id)?;
                let (asking, mailroom) = (actor.clone(), self.clone());
                let standing = self.store().read(move |tx: &mut dyn Tx| {
                    let workspace = find_workspace(tx, &asking, &name)?;
                    mailroom.standing_in(tx, asking.application, workspace.id)
                });
                Ok(Bench::of(standing.await?))
            }
            Tried::Grant(_) => {
                let grant = grant.cloned().ok_or(Refusal::NotFound)?;
                let mailroom = self.clone();
                let standing = self.store().read(move |tx: &mut dyn Tx| {
                    mailroom.standing_of_account(tx, (grant.application, grant.grant))
                });
                Ok(Bench::of(standing.await?))
            }
        }
    }

    async fn inline_rules(&self, actor: &Actor, bodies: &[Value]) -> Result<Bench, Refusal> {
        check_count("rules", bodies.len())?;
        let mut rules = Vec::with_capacity(bodies.len());
        for (place, body) in bodies.iter().enumerate() {
            let key = self.store().new_key();
            let rule = Rule::from_json(key, 0, body, self.store().ids()).map_err(|mut fault| {
                let dot = if fault.field.is_empty() { "" } else { "." };
                fault.field = format!("rules[{place}]{dot}{}", fault.field);
                refused(fault)
            })?;
            rules.push(rule);
        }
        let (mailroom, application) = (self.clone(), actor.application);
        let rules = self
            .store()
            .read(move |tx: &mut dyn Tx| -> Result<_, Refusal> {
                for rule in &rules {
                    mailroom.check_lists(tx, application, rule, &[])?;
                }
                Ok(rules)
            })
            .await?;
        let inline = rules.iter().map(|rule| rule.id).collect();
        Ok(Bench {
            rules: sorted(rules),
            inline,
            standing: None,
        })
    }

    async fn rules_by_id(&self, actor: &Actor, ids: &[String]) -> Result<Bench, Refusal> {
        check_count("rule_ids", ids.len())?;
        let unknown = |id: &str| Refusal::InvalidReference {
            field: "rule_ids".to_owned(),
            message: format!(
                "invalid rule ID \"{}\"",
                id.chars()
                    .filter(|c| !c.is_control())
                    .take(64)
                    .collect::<String>()
            ),
        };
        let mut keys = Vec::with_capacity(ids.len());
        for id in ids {
            keys.push(self.open_id(Kind::Rule, id).map_err(|_| unknown(id))?);
        }
        let (application, wanted) = (actor.application, keys.clone());
        let rows = self
            .store()
            .read(move |tx: &mut dyn Tx| rules::of_keys(tx, application, &wanted))
            .await
            .map_err(Refusal::from)?;
        for (key, id) in keys.iter().zip(ids) {
            if !rows.iter().any(|row| row.id == *key) {
                return Err(unknown(id));
            }
        }
        let codec = self.store().ids();
        let rules: Result<Vec<Rule>, StoreError> =
            rows.iter().map(|row| read(row, codec)).collect();
        Ok(Bench {
            rules: sorted(rules?),
            inline: Vec::new(),
            standing: None,
        })
    }

    async fn tried_message(
        &self,
        subject: Subject,
        grant: Option<&GrantRef>,
    ) -> Result<TrialMessage, Refusal> {
        let id = match subject {
            Subject::Given(message) => return Ok(*message),
            Subject::Stored(id) => id,
        };
        let Some(grant) = grant else {
            return Err(Refusal::invalid(
                "grant_id",
                "a stored message needs the account that has it",
            ));
        };
        let key = self.open_id(Kind::Message, &id)?;
        let detail = Detail::With {
            headers: Some(HeaderDetail::All),
            tracking: false,
            extracted: false,
            security: true,
        };
        let object = self.message_object(grant.grant, key, detail).await?;
        let object = object.ok_or(Refusal::NotFound)?;
        let object: Value = serde_json::from_slice(&object).map_err(|error| Refusal::Internal {
            message: format!("a message object is damaged: {error}"),
        })?;
        let owner = grant.grant;
        let rows = self
            .store()
            .read(move |tx: &mut dyn Tx| messages::sources(tx, owner, &[key]))
            .await;
        let rows = rows.map_err(|error: StoreError| Refusal::from(error))?;
        let row = rows.into_iter().next().ok_or(Refusal::NotFound)?;
        // Without the lines that this server wrote in front: rules never saw them.
        let source = blob_source(self.store().blobs(), row.blob).await?;
        Ok(TrialMessage {
            source: Some(source.to_vec()),
            ..TrialMessage::of_object(&object)
        })
    }

    /// Adds what only the account's mailbox can tell.
    fn with_mailbox(
        &self,
        tx: &mut dyn Tx,
        mut facts: Facts,
        message: &TrialMessage,
        grant: Option<&GrantRef>,
    ) -> Result<Facts, Refusal> {
        let Some(grant) = grant.filter(|_| facts.stage == Stage::OutboundSend) else {
            return Ok(facts);
        };
        let codec = self.store().ids();
        let addresses: Vec<&str> = facts.recipients.iter().map(Party::folded).collect();
        facts.recipient_known = Some(known::all(tx, codec, grant.grant, &addresses)?);
        let is_answer = message.reply_to_message_id.is_some();
        let terms: Vec<Term> = message
            .answered_ids()
            .map(|id| Field::HeaderId.term(codec, &id))
            .collect();
        facts.outbound_type = Some(outbound_type(tx, grant.grant, is_answer, &terms)?);
        Ok(facts)
    }

    fn shown_trial(
        &self,
        bench: &Bench,
        evaluation: &Evaluation,
        traces: &[RuleTrace],
        place: &Place,
    ) -> Value {
        let matched = evaluation.matched.iter();
        json!({
            "outcome": evaluation.outcome().name(),
            "folder": place.folder,
            "applied_actions": applied(evaluation, place),
            "matched_rule_ids": matched.map(|id| bench.shown_id(self, *id)).collect::<Vec<_>>(),
            "trace": traces.iter().map(|one| self.shown_trace(bench, one)).collect::<Vec<_>>(),
        })
    }

    /// Returns where the message would be.
    fn place_of(
        &self,
        tx: &mut dyn Tx,
        bench: &Bench,
        facts: &Facts,
        evaluation: &Evaluation,
        grant: Option<&GrantRef>,
    ) -> Result<Place, Refusal> {
        if evaluation.outcome() != Outcome::Deliver {
            return Ok(Place::default());
        }
        let all = match grant {
            Some(grant) => Some(folders::of_grant(tx, grant.grant)?),
            None => None,
        };
        for action in &evaluation.moves {
            let name = match action {
                Action::MarkAsSpam => SystemFolder::Junk.name().to_owned(),
                Action::Archive => SystemFolder::Archive.name().to_owned(),
                Action::Trash => SystemFolder::Trash.name().to_owned(),
                Action::AssignToFolder(name) => match &all {
                    Some(all) if named_folder(all, self.store().ids(), name).is_none() => continue,
                    _ => name.trim_start_matches('/').to_owned(),
                },
                _ => continue,
            };
            return Ok(Place {
                folder: Some(name),
                by: Some(action.clone()),
            });
        }
        let sensitivity = bench
            .standing
            .as_ref()
            .map(|one| one.policy.spam.sensitivity);
        let limit = threshold(THRESHOLD, sensitivity.unwrap_or(1.0));
        let folder = match facts.stage {
            Stage::OutboundSend => SystemFolder::Sent,
            _ if facts.spam_score.is_some_and(|score| score > limit) => SystemFolder::Junk,
            _ => SystemFolder::Inbox,
        };
        Ok(Place {
            folder: Some(folder.name().to_owned()),
            by: None,
        })
    }

    fn shown_trace(&self, bench: &Bench, trace: &RuleTrace) -> Value {
        let conditions = trace.conditions.iter().map(|one| {
            json!({
                "field": one.condition.field.name(),
                "operator": one.condition.operator.name(),
                "value": one.condition.shown_value(self.store().ids()),
                "actual": one.actual,
                "matched": one.matched,
            })
        });
        json!({
            "rule_id": bench.shown_id(self, trace.id),
            "name": trace.name,
            "matched": trace.matched,
            "conditions": conditions.collect::<Vec<_>>(),
        })
    }
}

impl Bench {
    fn of(standing: Arc<Standing>) -> Self {
        Self {
            rules: standing.rules.to_vec(),
            inline: Vec::new(),
            standing: Some(standing),
        }
    }

    /// Returns the public id of a rule; one that was written in the request is named by its place there.
    fn shown_id(&self, mailroom: &Mailroom, id: Key) -> String {
        match self.inline.iter().position(|inline| *inline == id) {
            Some(place) => format!("rules[{place}]"),
            None => mailroom.public_id(Kind::Rule, id),
        }
    }
}

/// Where a message would be, and by which action.
#[derive(Default)]
struct Place {
    folder: Option<String>,
    by: Option<Action>,
}

fn applied(evaluation: &Evaluation, place: &Place) -> Value {
    let mut applied = serde_json::Map::new();
    let is_moved = |action: &Action| place.by.as_ref() == Some(action);
    for (name, is_done) in [
        ("blocked", evaluation.outcome() == Outcome::Block),
        ("held", evaluation.outcome() == Outcome::Hold),
        ("marked_as_spam", is_moved(&Action::MarkAsSpam)),
        ("marked_as_read", evaluation.is_read),
        ("marked_starred", evaluation.is_starred),
        ("archived", is_moved(&Action::Archive)),
        ("trashed", is_moved(&Action::Trash)),
    ] {
        if is_done {
            applied.insert(name.to_owned(), json!(true));
        }
    }
    if let Some(Action::AssignToFolder(name)) = &place.by {
        applied.insert("folders".to_owned(), json!([name]));
    }
    Value::Object(applied)
}

fn sorted(mut rules: Vec<Rule>) -> Vec<Rule> {
    rule::sort(&mut rules);
    rules
}

fn check_count(field: &str, count: usize) -> Result<(), Refusal> {
    if (1..=WORKSPACE_RULES_MAX).contains(&count) {
        return Ok(());
    }
    // In words: the official command line takes some digits for a failure of ours.
    Err(Refusal::invalid(
        field,
        format!("expected 1 to {WORKSPACE_RULES_MAX} rules"),
    ))
}
