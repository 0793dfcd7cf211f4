//! One score for each recipient of a message.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use posthouse_rules::spam::bayes::{self, Corpus, Count};
use posthouse_rules::spam::history::{self, History};
use posthouse_rules::spam::{Authentication, Findings, Score, Signal, Token, threshold};
use posthouse_store::tables::spam;
use posthouse_store::tables::terms::{Field, Term};
use posthouse_store::{StoreError, Tx};
use posthouse_types::folders::SystemFolder;
use posthouse_types::ids::Key;
use serde_json::{Value, json};

use super::limits::HISTORY_SHARE_MIN;
use super::outside::Heard;
use crate::Mailroom;

/// What a recipient's policy says about spam.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Steering {
    /// The account.
    pub(crate) grant: Key,
    /// Where mail is learned from.
    pub(crate) workspace: Key,
    /// Odd headers count.
    pub(crate) header_anomalies: bool,
    /// Listings in block lists count.
    pub(crate) block_lists: bool,
    /// What divides the threshold.
    pub(crate) sensitivity: f64,
}

/// What a message comes to for one recipient.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Weighed {
    /// The score and why.
    pub(crate) score: Score,
}

impl Weighed {
    /// Tells whether the message goes to Junk.
    pub(crate) fn is_spam(&self) -> bool {
        self.score.is_spam()
    }

    /// Returns in words why it goes to Junk: the score and the heaviest signals.
    pub(crate) fn reason(&self) -> String {
        let names: Vec<&str> = self
            .score
            .signals
            .iter()
            .map(|one| one.name)
            .take(5)
            .collect();
        let (score, threshold) = (self.score.score, self.score.threshold);
        format!("spam score {score} above {threshold}: {}", names.join(", "))
    }

    /// Returns what was found out about a message as its row keeps it: the verdicts on its sender with this beside them.
    pub(crate) fn beside(&self, verdicts: Option<&str>) -> String {
        with_member(verdicts, "spam", &self.json())
    }

    /// Returns what `security.spam` shows.
    pub(crate) fn json(&self) -> Value {
        let reasons: Vec<Value> = self
            .score
            .signals
            .iter()
            .map(|signal| {
                json!({
                    "code": signal.name,
                    "score": signal.score,
                    "description": signal.detail,
                })
            })
            .collect();
        json!({
            "score": self.score.score,
            "threshold": self.score.threshold,
            "verdict": if self.is_spam() { "spam" } else { "ham" },
            "reasons": reasons,
        })
    }
}

/// What is asked of the store for one recipient.
struct Question {
    grant: Key,
    workspace: Key,
    features: Vec<i64>,
    sender: Option<(Term, Term)>,
}

#[derive(Clone, Default)]
struct Answer {
    counts: Vec<Count>,
    history: History,
}

impl Mailroom {
    /// Weighs a message for each of its recipients, in their order.
    ///
    /// The store is asked only where it can tell something: about features where the workspace has learned enough, about the
    /// sender where it has learned anything or the message is doubtful by itself; and once, however many recipients there are.
    pub(crate) async fn weigh(
        &self,
        findings: &Findings,
        author: &str,
        checks: Option<&Authentication>,
        heard: &Heard,
        recipients: &[Steering],
    ) -> Vec<Weighed> {
        let workspaces = recipients.iter().map(|recipient| recipient.workspace);
        let corpora = self.corpora_of(workspaces).await;
        let learned = |workspace| corpora.get(&workspace).copied().unwrap_or_default();
        let mut questions = Vec::with_capacity(recipients.len());
        let mut own: Vec<Vec<Signal>> = Vec::with_capacity(recipients.len());
        for recipient in recipients {
            let signals = heard.signals_for(recipient.block_lists);
            let outside: f64 = signals.iter().map(|signal| signal.score).sum();
            let so_far = findings.shared_score() + outside;
            let is_doubtful = so_far >= self.spam_settings().threshold * HISTORY_SHARE_MIN;
            let corpus = learned(recipient.workspace);
            questions.push(self.question(findings, author, recipient, corpus, is_doubtful));
            own.push(signals);
        }
        let answers = self.learned_of(questions).await;
        let each = recipients.iter().zip(own).zip(answers);
        let weigh = |((recipient, mut own), answer): ((&Steering, Vec<Signal>), Option<Answer>)| {
            if let Some(answer) = answer {
                own.extend(history::signal(answer.history, checks));
                let opinion = bayes::opinion(learned(recipient.workspace), &answer.counts);
                own.extend(opinion.and_then(|opinion| opinion.signal()));
            }
            let threshold = threshold(self.spam_settings().threshold, recipient.sensitivity);
            Weighed {
                score: findings.score(recipient.header_anomalies, &own, threshold),
            }
        };
        each.map(weigh).collect()
    }

    /// Asks all questions in one read; where it fails, the message is weighed without what was learned.
    async fn learned_of(&self, questions: Vec<Option<Question>>) -> Vec<Option<Answer>> {
        let count = questions.len();
        if questions.iter().all(Option::is_none) {
            return vec![None; count];
        }
        let asked = self.store().read(move |tx| answers(tx, &questions)).await;
        asked.unwrap_or_else(|error: StoreError| {
            tracing::warn!("a message is weighed without what was learned: {error}");
            vec![None; count]
        })
    }

    fn question(
        &self,
        findings: &Findings,
        author: &str,
        recipient: &Steering,
        corpus: Corpus,
        is_doubtful: bool,
    ) -> Option<Question> {
        let features: Vec<i64> = if corpus.is_heard() {
            let asked = findings.tokens.asked();
            asked.into_iter().map(|Token(token)| token).collect()
        } else {
            Vec::new()
        };
        let ids = self.store().ids();
        let is_worth_it = is_doubtful || corpus.spam > 0;
        let sender = (is_worth_it && !author.is_empty())
            .then(|| (Field::From.term(ids, author), Field::To.term(ids, author)));
        (sender.is_some() || !features.is_empty()).then_some(Question {
            grant: recipient.grant,
            workspace: recipient.workspace,
            features,
            sender,
        })
    }
}

/// Answers questions about one message: what recipients of a workspace share is looked up once.
fn answers(
    tx: &mut dyn Tx,
    questions: &[Option<Question>],
) -> Result<Vec<Option<Answer>>, StoreError> {
    let asking = || questions.iter().flatten();
    let mut counts: HashMap<Key, Vec<Count>> = HashMap::new();
    for question in asking() {
        if let Entry::Vacant(unknown) = counts.entry(question.workspace) {
            let found = spam::counts(tx, question.workspace, &question.features)?;
            unknown.insert(found.into_iter().map(count).collect());
        }
    }
    let curious = asking().filter(|question| question.sender.is_some());
    let grants: Vec<Key> = curious.map(|question| question.grant).collect();
    let mut histories: HashMap<Key, History> = HashMap::new();
    if let Some((from, to)) = asking().find_map(|question| question.sender) {
        for (grant, role) in spam::roles_by_term(tx, &grants, from)? {
            let history = histories.entry(grant).or_default();
            match SystemFolder::from_role(role) {
                Some(SystemFolder::Junk) => history.junked += 1,
                Some(SystemFolder::Trash | SystemFolder::Sent | SystemFolder::Drafts) => {}
                _ => history.kept += 1,
            }
        }
        for (grant, role) in spam::roles_by_term(tx, &grants, to)? {
            if SystemFolder::from_role(role) == Some(SystemFolder::Sent) {
                histories.entry(grant).or_default().written_to += 1;
            }
        }
    }
    let answer = |question: &Question| Answer {
        counts: counts.get(&question.workspace).cloned().unwrap_or_default(),
        history: histories.get(&question.grant).copied().unwrap_or_default(),
    };
    let each = questions.iter();
    Ok(each.map(|one| one.as_ref().map(answer)).collect())
}

fn count((spam, ham): (i64, i64)) -> Count {
    Count {
        spam: spam.max(0).unsigned_abs(),
        ham: ham.max(0).unsigned_abs(),
    }
}

/// Adds a member to an object that is JSON already, or begins one.
pub(crate) fn with_member(object: Option<&str>, name: &str, value: &Value) -> String {
    match object.and_then(|json| json.strip_suffix('}')) {
        Some("{") | None => format!("{{\"{name}\":{value}}}"),
        Some(open) => format!("{open},\"{name}\":{value}}}"),
    }
}
