//! What follows from the ends of outgoing mail: addresses that get nothing more, and senders that are paused.
//!
//! Whoever ends mail in the queue says so here, in the transaction that ends it: [`of_delivery`] when another server took
//! it, [`of_bounce`] when it will never arrive. [`withhold`] is asked in the transaction that claims mail. What a report
//! tells later comes through [`of_later_bounce`] and [`of_complaint`].
//!
//! Rates are looked at over the last recipients that an application's mail was served to, by whatever end. A pause hits the
//! narrowest of account, sending domain and application that explains it, and settles the events that led to it: what is
//! left counts for the others, and a sender that is let go again begins anew.

use std::collections::HashSet;

use posthouse_store::tables::dispatched::{self, Aftermath, Dispatched};
use posthouse_store::tables::pauses::{self, Pause, PauseScope};
use posthouse_store::tables::reputation::{self, Sender, Standing, Trouble};
use posthouse_store::tables::suppressions::{self, Suppression, SuppressionReason};
use posthouse_store::{StoreError, Tx};
use posthouse_types::ids::{Key, Kind};

use super::bounce::BounceClass;
use super::notice::{self, Rate};
use crate::Mailroom;

/// Recipients over which rates are taken.
const WINDOW_RECIPIENTS: i64 = 1_000;

/// Recipients below which no rate says anything.
const WINDOW_RECIPIENTS_MIN: i64 = 200;

/// A part explains a rate when it caused more than this share of the events, in percent.
const SHARE_PERCENT: i64 = 80;

/// What the queue shows of mail that a pause keeps.
const KEPT: &str = "sending is paused";

/// Mail for one recipient that is about to leave the queue.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Leaving<'a> {
    /// The key of its row.
    pub(crate) id: Key,
    /// The row whose token is in its return path.
    pub(crate) return_path: Key,
    /// Whose it is.
    pub(crate) application: Key,
    /// The account that sent it; `None` for mail that a domain sent.
    pub(crate) grant: Option<Key>,
    /// The copy in Sent.
    pub(crate) message: Key,
    /// The envelope sender as it was queued: the author's address.
    pub(crate) envelope_from: &'a str,
    /// The envelope recipient.
    pub(crate) recipient: &'a str,
}

impl<'a> Leaving<'a> {
    fn dispatched(&self) -> Dispatched {
        Dispatched {
            id: self.id,
            return_path: self.return_path,
            application: self.application,
            grant: self.grant,
            message: self.message,
            sender_domain: self.sender().domain.to_owned(),
            recipient: self.recipient.to_owned(),
        }
    }

    fn sender(&self) -> Sender<'a> {
        Sender {
            application: self.application,
            grant: self.grant,
            domain: crate::suppressions::sending_domain(self.envelope_from),
        }
    }
}

/// Another server took it: reports about it may come from now on.
pub(crate) fn of_delivery(
    tx: &mut dyn Tx,
    leaving: &Leaving<'_>,
    now: i64,
) -> Result<(), StoreError> {
    dispatched::insert(tx, &leaving.dispatched(), now)?;
    reputation::serve(tx, leaving.application, 1)
}

/// It will never arrive, as far as other servers decide; not to be told of mail for mailboxes of this server.
pub(crate) fn of_bounce(
    tx: &mut dyn Tx,
    mailroom: &Mailroom,
    leaving: &Leaving<'_>,
    class: BounceClass,
    now: i64,
) -> Result<(), StoreError> {
    reputation::serve(tx, leaving.application, 1)?;
    // Its return path may stand for other recipients of the message too, who may have got it.
    dispatched::insert(tx, &leaving.dispatched(), now)?;
    dispatched::note(tx, leaving.id, Aftermath::Bounced, now)?;
    if class != BounceClass::Hard {
        return Ok(());
    }
    let address = Learned {
        application: leaving.application,
        address: leaving.recipient,
        message: leaving.message,
        reason: SuppressionReason::HardBounce,
    };
    address.suppress(tx, mailroom, now)?;
    count(tx, mailroom, &leaving.sender(), Trouble::Bounce, now)
}

/// Mail that another server took did not arrive after all; `None` when that is known, or the mail is not.
pub(crate) fn of_later_bounce(
    tx: &mut dyn Tx,
    mailroom: &Mailroom,
    id: Key,
    class: BounceClass,
    now: i64,
) -> Result<Option<Dispatched>, StoreError> {
    let Some(mail) = dispatched::note(tx, id, Aftermath::Bounced, now)? else {
        return Ok(None);
    };
    if class == BounceClass::Hard {
        Learned::of(&mail, SuppressionReason::HardBounce).suppress(tx, mailroom, now)?;
        count(tx, mailroom, &sender_of(&mail), Trouble::Bounce, now)?;
    }
    Ok(Some(mail))
}

/// A recipient complained about mail; `None` when that is known, or the mail is not.
pub(crate) fn of_complaint(
    tx: &mut dyn Tx,
    mailroom: &Mailroom,
    id: Key,
    now: i64,
) -> Result<Option<Dispatched>, StoreError> {
    let Some(mail) = dispatched::note(tx, id, Aftermath::Complained, now)? else {
        return Ok(None);
    };
    Learned::of(&mail, SuppressionReason::Complaint).suppress(tx, mailroom, now)?;
    count(tx, mailroom, &sender_of(&mail), Trouble::Complaint, now)?;
    Ok(Some(mail))
}

fn sender_of(mail: &Dispatched) -> Sender<'_> {
    Sender {
        application: mail.application,
        grant: mail.grant,
        domain: &mail.sender_domain,
    }
}

/// An address that mail taught something about.
struct Learned<'a> {
    application: Key,
    address: &'a str,
    message: Key,
    reason: SuppressionReason,
}

impl<'a> Learned<'a> {
    fn of(mail: &'a Dispatched, reason: SuppressionReason) -> Self {
        Self {
            application: mail.application,
            address: &mail.recipient,
            message: mail.message,
            reason,
        }
    }

    /// Puts the address on the list of the whole application.
    fn suppress(&self, tx: &mut dyn Tx, mailroom: &Mailroom, now: i64) -> Result<(), StoreError> {
        let row = Suppression {
            id: mailroom.store().new_key(),
            workspace: None,
            address: self.address.to_lowercase(),
            reason: self.reason,
            source_message: Some(self.message),
            created_at: now,
            expires_at: None,
        };
        suppressions::learn(tx, self.application, &row)
    }
}

/// Counts a trouble and draws the conclusion.
fn count(
    tx: &mut dyn Tx,
    mailroom: &Mailroom,
    sender: &Sender<'_>,
    trouble: Trouble,
    now: i64,
) -> Result<(), StoreError> {
    // Waits for whoever else counts for this application, so that the look at its pauses is not too early.
    reputation::serve(tx, sender.application, 0)?;
    // What was sent before a pause and fails after it has had its consequence.
    if pauses::of_sender(tx, sender.application, sender.grant, sender.domain)?.is_some() {
        return Ok(());
    }
    let id = mailroom.store().new_key();
    let standing = reputation::trouble(tx, id, sender, trouble, WINDOW_RECIPIENTS)?;
    match verdict(&standing, trouble) {
        Verdict::Good => Ok(()),
        Verdict::Pause if mailroom.pauses_senders() => {
            pause(tx, mailroom, sender.application, &standing, trouble, now)
        }
        Verdict::Review | Verdict::Pause => {
            review(tx, mailroom, sender.application, &standing, trouble)
        }
    }
}

/// What a rate means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Good,
    /// The operator is to look at it.
    Review,
    /// It has to end.
    Pause,
}

fn recipients(standing: &Standing) -> i64 {
    standing.served.min(WINDOW_RECIPIENTS)
}

/// Bounces: review from 5 %, pause from 10 %. Complaints: 0.1 % and 0.5 %.
fn verdict(standing: &Standing, trouble: Trouble) -> Verdict {
    let (recipients, events) = (recipients(standing), standing.events(trouble));
    let (review, pause) = match trouble {
        Trouble::Bounce => (20, 10),
        Trouble::Complaint => (1_000, 200),
    };
    if recipients < WINDOW_RECIPIENTS_MIN {
        Verdict::Good
    } else if events * pause >= recipients {
        Verdict::Pause
    } else if events * review >= recipients {
        Verdict::Review
    } else {
        Verdict::Good
    }
}

fn pause(
    tx: &mut dyn Tx,
    mailroom: &Mailroom,
    application: Key,
    standing: &Standing,
    trouble: Trouble,
    now: i64,
) -> Result<(), StoreError> {
    let events = standing.events(trouble);
    let explains = |(_, caused): &(PauseScope, i64)| caused * 100 > events * SHARE_PERCENT;
    let worst = reputation::worst(tx, application, trouble)?;
    let scope = worst
        .into_iter()
        .find(explains)
        .map_or(PauseScope::Application, |(scope, _)| scope);
    let pause = Pause {
        id: mailroom.store().new_key(),
        application,
        scope,
        trouble,
        events,
        recipients: recipients(standing),
        created_at: now,
    };
    reputation::settle(tx, application, &pause.scope)?;
    if pauses::insert(tx, &pause)? {
        tracing::warn!(
            application.id = %mailroom.public_id(Kind::Application, application),
            pause.id = %mailroom.public_id(Kind::Pause, pause.id),
            "paused sending: {}",
            crate::pauses::reason(&pause)
        );
        metrics::counter!("posthouse_reputation_pauses_total").increment(1);
        notice::of_pause(tx, mailroom, &pause)?;
    }
    Ok(())
}

/// Tells the operator, once in a window.
fn review(
    tx: &mut dyn Tx,
    mailroom: &Mailroom,
    application: Key,
    standing: &Standing,
    trouble: Trouble,
) -> Result<(), StoreError> {
    let reviewed = standing.reviewed(trouble);
    let is_new = reviewed == 0 || standing.served - reviewed >= WINDOW_RECIPIENTS;
    if !is_new {
        return Ok(());
    }
    reputation::note_review(tx, application, trouble, standing.served)?;
    tracing::warn!(
        application.id = %mailroom.public_id(Kind::Application, application),
        events = standing.events(trouble),
        recipients = recipients(standing),
        "the rate of {} is to be looked at",
        match trouble { Trouble::Bounce => "bounces", Trouble::Complaint => "complaints" }
    );
    metrics::counter!("posthouse_reputation_reviews_total").increment(1);
    let rate = Rate {
        application,
        trouble,
        events: standing.events(trouble),
        recipients: recipients(standing),
    };
    notice::of_review(tx, mailroom, &rate)
}

/// Keeps claimed mail of paused senders until their pauses are lifted; returns the rows that must not be attempted.
pub(crate) fn withhold(
    tx: &mut dyn Tx,
    claimed: &[Leaving<'_>],
) -> Result<HashSet<Key>, StoreError> {
    let mut applications: Vec<Key> = claimed.iter().map(|row| row.application).collect();
    applications.sort_unstable();
    applications.dedup();
    let in_force = pauses::in_force(tx, &applications)?;
    let mut withheld = HashSet::new();
    if in_force.is_empty() {
        return Ok(withheld);
    }
    // Mail of this server's own goes whoever is paused: it may be what tells of the pause.
    for row in claimed.iter().filter(|row| !row.envelope_from.is_empty()) {
        let sender = row.sender();
        let covering = in_force.iter().find(|pause| {
            pause.application == row.application && pause.scope.covers(row.grant, sender.domain)
        });
        if let Some(pause) = covering {
            pauses::withhold(tx, row.id, pause.id, KEPT)?;
            withheld.insert(row.id);
        }
    }
    Ok(withheld)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(served: i64, bounces: i64, complaints: i64) -> Standing {
        Standing {
            served,
            bounces,
            complaints,
            reviewed_bounces: 0,
            reviewed_complaints: 0,
        }
    }

    #[test]
    fn rates_have_the_thresholds_of_the_book() {
        use Trouble::{Bounce, Complaint};
        use Verdict::{Good, Pause, Review};
        for (served, bounces, complaints, trouble, expected) in [
            (199, 199, 0, Bounce, Good),
            (200, 9, 0, Bounce, Good),
            (200, 10, 0, Bounce, Review),
            (200, 19, 0, Bounce, Review),
            (200, 20, 0, Bounce, Pause),
            (50_000, 49, 0, Bounce, Good),
            (50_000, 50, 0, Bounce, Review),
            (50_000, 99, 0, Bounce, Review),
            (50_000, 100, 0, Bounce, Pause),
            (200, 0, 1, Complaint, Pause),
            (1_000, 0, 1, Complaint, Review),
            (1_000, 0, 4, Complaint, Review),
            (1_000, 0, 5, Complaint, Pause),
            (1_000, 500, 0, Complaint, Good),
        ] {
            let standing = standing(served, bounces, complaints);
            assert_eq!(verdict(&standing, trouble), expected, "{standing:?}");
        }
    }
}
