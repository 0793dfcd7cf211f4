//! One score for each recipient of a message.

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
        let spam = self.json();
        match verdicts.and_then(|json| json.strip_suffix('}')) {
            Some("{") | None => format!("{{\"spam\":{spam}}}"),
            Some(open) => format!("{open},\"spam\":{spam}}}"),
        }
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

struct Answer {
    counts: Vec<Count>,
    history: History,
}

impl Mailroom {
    /// Weighs a message for each of its recipients, in their order.
    ///
    /// The store is asked only where it can tell something: about features where the workspace has learned enough, about the
    /// sender where it has learned anything or the message is doubtful by itself.
    pub(crate) async fn weigh(
        &self,
        findings: &Findings,
        author: &str,
        checks: Option<&Authentication>,
        heard: &Heard,
        recipients: &[Steering],
    ) -> Vec<Weighed> {
        let mut weighed: Vec<Weighed> = Vec::with_capacity(recipients.len());
        for recipient in recipients {
            let own = self
                .own_signals(findings, author, checks, heard, recipient)
                .await;
            let threshold = threshold(self.spam_settings().threshold, recipient.sensitivity);
            weighed.push(Weighed {
                score: findings.score(recipient.header_anomalies, &own, threshold),
            });
        }
        weighed
    }

    async fn own_signals(
        &self,
        findings: &Findings,
        author: &str,
        checks: Option<&Authentication>,
        heard: &Heard,
        recipient: &Steering,
    ) -> Vec<Signal> {
        let mut own = heard.signals_for(recipient.block_lists);
        let corpus = self.corpus_of(recipient.workspace).await;
        let so_far = findings.shared_score() + own.iter().map(|signal| signal.score).sum::<f64>();
        let is_doubtful = so_far >= self.spam_settings().threshold * HISTORY_SHARE_MIN;
        let question = self.question(findings, author, recipient, corpus, is_doubtful);
        let Some(question) = question else {
            return own;
        };
        match self.store().read(move |tx| answer(tx, &question)).await {
            Ok(answer) => {
                own.extend(history::signal(answer.history, checks));
                let opinion = bayes::opinion(corpus, &answer.counts);
                own.extend(opinion.and_then(|opinion| opinion.signal()));
            }
            Err(error) => tracing::warn!("a message is weighed without what was learned: {error}"),
        }
        own
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

fn answer(tx: &mut dyn Tx, question: &Question) -> Result<Answer, StoreError> {
    let counts = spam::counts(tx, question.workspace, &question.features)?;
    let mut history = History::default();
    if let Some((from, to)) = question.sender {
        for role in spam::roles_by_term(tx, question.grant, from)? {
            match SystemFolder::from_role(role) {
                Some(SystemFolder::Junk) => history.junked += 1,
                Some(SystemFolder::Trash | SystemFolder::Sent | SystemFolder::Drafts) => {}
                _ => history.kept += 1,
            }
        }
        let roles = spam::roles_by_term(tx, question.grant, to)?;
        history.written_to = roles
            .into_iter()
            .filter(|role| SystemFolder::from_role(*role) == Some(SystemFolder::Sent))
            .count() as u32;
    }
    let count = |(spam, ham): (i64, i64)| Count {
        spam: spam.max(0).unsigned_abs(),
        ham: ham.max(0).unsigned_abs(),
    };
    Ok(Answer {
        counts: counts.into_iter().map(count).collect(),
        history,
    })
}
