//! What became of mail: written down, told and taken off the queue in one transaction.

use std::time::Duration;

use posthouse_store::tables::outbound::{
    self,
    remote::{self, Deferral},
};
use posthouse_store::tables::sendings;
use posthouse_store::tables::usage::{self, AccountDay};
use posthouse_store::{StoreError, Tx};
use posthouse_types::ids::Key;

use super::bounce::Bounce;
use super::claim::{ClaimedMail, ClaimedRecipient};
use super::consequences::{self, Leaving};
use super::event::{self, Bounced, Delivered, Sent};
use super::limits::REPLY_CHARACTERS_MAX;
use super::schedule;
use crate::{Mailroom, Refusal};

/// What became of a message for one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The other server took responsibility.
    Delivered,
    /// It may be taken later.
    Deferred {
        /// Why, as the other server put it, or as we do where it said nothing: `421 4.4.2 ...`.
        reply: String,
    },
    /// It may have been taken, but that was not said: it is tried again, and may arrive twice.
    Uncertain {
        /// How it ended, likewise.
        reply: String,
    },
    /// It never will.
    Failed {
        /// Why, likewise.
        reply: String,
    },
    /// It never will, because the other server wants nothing from this sender (its answer to MAIL).
    SenderRefused {
        /// Why, likewise.
        reply: String,
    },
    /// Nothing was tried.
    Untried,
}

/// An attempt to deliver a message.
#[derive(Debug, Clone)]
pub struct AttemptReport {
    /// What was to be delivered.
    pub mail: ClaimedMail,
    /// One for each of its recipients, in their order; those that are missing count as untried.
    pub outcomes: Vec<Outcome>,
}

/// A row of the queue that somebody holds, and what became of it.
#[derive(Debug, Clone)]
pub(crate) struct RowOutcome {
    pub(crate) id: Key,
    pub(crate) token: i64,
    pub(crate) address: String,
    /// Attempts made before this one.
    pub(crate) attempts: i64,
    /// Unix seconds from which on passing failures are tried again; `None`: from now on.
    pub(crate) tried_from: Option<i64>,
    /// Whether an attempt before this one may have delivered it.
    pub(crate) is_uncertain: bool,
    pub(crate) outcome: Outcome,
}

impl RowOutcome {
    fn of(recipient: &ClaimedRecipient, outcome: Outcome) -> Self {
        Self {
            id: recipient.id,
            token: recipient.token,
            address: recipient.address.clone(),
            attempts: recipient.attempts,
            tried_from: recipient.tried_from,
            is_uncertain: recipient.is_uncertain,
            outcome,
        }
    }
}

/// What a settlement did.
#[derive(Debug, Default)]
struct Ends {
    counts: Counts,
    /// Messages, and how many of their recipients will not get them.
    lost: Vec<(Key, i64)>,
}

/// What a settlement did, for metrics.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Counts {
    delivered: u64,
    deferred: u64,
    bounced: u64,
    late: u64,
}

impl Mailroom {
    /// Writes down what became of mail: outcomes, events and the rows' leaving of the queue are one transaction.
    ///
    /// An attempt whose claim had ended and was taken by another process changes nothing.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`] when the store is; the mail is then attempted again after the end of its claims, and what
    /// was delivered arrives twice.
    pub async fn record_outcome(&self, reports: &[AttemptReport]) -> Result<(), Refusal> {
        let settlements: Vec<(Sent, String, Vec<RowOutcome>)> = reports.iter().map(rows).collect();
        let (mailroom, now_us) = (self.clone(), self.clock().unix_us());
        let recording = self.store().write(move |tx: &mut dyn Tx| {
            let mut ends = Ends::default();
            for (sent, author, rows) in &settlements {
                let author = Some(author.as_str());
                settle_counted(tx, &mailroom, sent, author, rows, now_us, &mut ends)?;
            }
            give_back(tx, ends.lost)?;
            Ok::<_, StoreError>(ends.counts)
        });
        let counts = recording.await?;
        observe(&counts);
        Ok(())
    }

    /// Returns how long passing failures are tried again.
    #[must_use]
    pub fn retry_period(&self) -> Duration {
        self.inner.outgate.retry_period()
    }
}

fn rows(report: &AttemptReport) -> (Sent, String, Vec<RowOutcome>) {
    let mail = &report.mail;
    let sent = Sent {
        application: mail.application,
        grant: mail.grant,
        message: mail.message,
    };
    let mut outcomes = report.outcomes.iter().cloned();
    let rows = mail
        .recipients
        .iter()
        .map(|recipient| RowOutcome::of(recipient, outcomes.next().unwrap_or(Outcome::Untried)));
    (sent, mail.author.clone(), rows.collect())
}

/// Writes down what became of rows of one message for mailboxes of this server.
pub(crate) fn settle(
    tx: &mut dyn Tx,
    mailroom: &Mailroom,
    sent: &Sent,
    rows: &[RowOutcome],
    now_us: i64,
) -> Result<(), StoreError> {
    let mut ends = Ends::default();
    settle_counted(tx, mailroom, sent, None, rows, now_us, &mut ends)?;
    give_back(tx, ends.lost)
}

/// Gives messages back to the days of their accounts of which nobody got anything. Comes last in a transaction, and in the
/// order of keys, so that two of them never wait for each other in a circle.
pub(super) fn give_back(tx: &mut dyn Tx, mut lost: Vec<(Key, i64)>) -> Result<(), StoreError> {
    lost.sort_unstable();
    let mut days: Vec<AccountDay> = Vec::new();
    for (message, recipients) in lost {
        days.extend(sendings::lose(tx, message, recipients)?);
    }
    days.sort_unstable();
    days.iter()
        .try_for_each(|day| usage::give_back_sent(tx, day))
}

fn settle_counted(
    tx: &mut dyn Tx,
    mailroom: &Mailroom,
    sent: &Sent,
    author: Option<&str>,
    rows: &[RowOutcome],
    now_us: i64,
    ends: &mut Ends,
) -> Result<(), StoreError> {
    let now = now_us / 1_000_000;
    // Mail of this server's own has the null sender, and nobody's reputation hangs on it.
    let author = author.filter(|author| !author.is_empty());
    let (mut delivered, mut bounced) = (Vec::new(), Vec::new());
    for row in rows {
        let was_held = match &row.outcome {
            Outcome::Delivered => {
                let was_held = outbound::finish(tx, row.id, row.token)?;
                if was_held {
                    if let Some(author) = author {
                        let leaving = leaving(sent, author, rows, row);
                        consequences::of_delivery(tx, &leaving, now)?;
                    }
                    delivered.push(Delivered {
                        address: row.address.clone(),
                        is_uncertain: row.is_uncertain,
                    });
                }
                was_held
            }
            Outcome::Failed { reply } | Outcome::SenderRefused { reply } => {
                let was_held = outbound::finish(tx, row.id, row.token)?;
                if was_held {
                    bounced.push(bounce(row, kept(reply)));
                }
                was_held
            }
            Outcome::Deferred { reply } | Outcome::Uncertain { reply } => {
                let reply = kept(reply);
                match again(row, now_us, mailroom.retry_period()) {
                    Some(due_us) => {
                        ends.counts.deferred += 1;
                        let deferral = Deferral {
                            due_us,
                            reply: &reply,
                            tried_from: row.tried_from.unwrap_or(now),
                            is_uncertain: matches!(row.outcome, Outcome::Uncertain { .. }),
                        };
                        remote::defer(tx, row.id, row.token, &deferral)?
                    }
                    None => {
                        let was_held = outbound::finish(tx, row.id, row.token)?;
                        if was_held {
                            bounced.push(bounce(row, reply));
                        }
                        was_held
                    }
                }
            }
            Outcome::Untried => {
                remote::release(tx, row.id, row.token, now_us)?;
                true
            }
        };
        ends.counts.late += u64::from(!was_held);
    }
    if let Some(author) = author {
        for (row, bounced) in bounced_rows(rows, &bounced) {
            let class = bounced.bounce.class;
            let leaving = leaving(sent, author, rows, row);
            consequences::of_bounce(tx, mailroom, &leaving, class, now)?;
        }
    }
    ends.counts.delivered += delivered.len() as u64;
    ends.counts.bounced += bounced.len() as u64;
    if !bounced.is_empty() {
        ends.lost.push((sent.message, bounced.len() as i64));
    }
    let codec = mailroom.store().ids();
    if !delivered.is_empty() {
        event::delivered(tx, codec, sent, &delivered, now_us)?;
    }
    if !bounced.is_empty() {
        event::bounced(tx, codec, sent, &bounced, now_us)?;
    }
    Ok(())
}

/// Returns the rows behind bounces; addresses are different within a message.
fn bounced_rows<'a>(
    rows: &'a [RowOutcome],
    bounced: &'a [Bounced],
) -> impl Iterator<Item = (&'a RowOutcome, &'a Bounced)> {
    bounced.iter().filter_map(|one| {
        let row = rows.iter().find(|row| row.address == one.address)?;
        Some((row, one))
    })
}

/// The first recipient of an attempt is the one that its return path is made for.
fn leaving<'a>(
    sent: &Sent,
    author: &'a str,
    attempt: &[RowOutcome],
    row: &'a RowOutcome,
) -> Leaving<'a> {
    Leaving {
        id: row.id,
        return_path: attempt.first().unwrap_or(row).id,
        application: sent.application,
        grant: sent.grant,
        message: sent.message,
        envelope_from: author,
        recipient: &row.address,
    }
}

fn bounce(row: &RowOutcome, diagnostic: String) -> Bounced {
    let bounce = match &row.outcome {
        Outcome::SenderRefused { .. } => Bounce::of_sender(&diagnostic),
        _ => Bounce::of(&diagnostic),
    };
    Bounced {
        address: row.address.clone(),
        bounce,
        diagnostic,
        is_uncertain: row.is_uncertain || matches!(row.outcome, Outcome::Uncertain { .. }),
    }
}

/// Returns when a row is attempted again; `None` when its time is over.
fn again(row: &RowOutcome, now_us: i64, period: Duration) -> Option<i64> {
    let age_us = row.tried_from.map_or(0, |from| now_us - from * 1_000_000);
    let age_us = u64::try_from(age_us).unwrap_or(0);
    let age = Duration::from_micros(age_us);
    let pause = schedule::pause(row.attempts + 1, age, period, rand::random())?;
    Some(now_us + pause.as_micros() as i64)
}

/// Bounds what is kept of a reply; nothing of it may break a line of a log or a report.
fn kept(reply: &str) -> String {
    let plain = reply
        .chars()
        .map(|one| if one.is_control() { ' ' } else { one });
    plain.take(REPLY_CHARACTERS_MAX).collect()
}

fn observe(counts: &Counts) {
    for (outcome, count) in [
        ("delivered", counts.delivered),
        ("deferred", counts.deferred),
        ("bounced", counts.bounced),
        ("late", counts.late),
    ] {
        if count > 0 {
            metrics::counter!("posthouse_delivery_recipients_total", "outcome" => outcome)
                .increment(count);
        }
    }
}
