//! A worker of a lane: one session, one message after the other.

use std::sync::atomic::{AtomicI64, Ordering};

use posthouse_mailroom::Refusal;
use posthouse_mailroom::outbound::limits::{CLAIM_LEFT_US_MIN, CLAIM_RENEWAL};
use posthouse_mailroom::outbound::{AttemptReport, ClaimedMail, Outcome, TlsNeed, WireMail};
use posthouse_types::address::EmailAddress;
use tokio::time::{Instant, interval_at};

use crate::connect::{NoSession, Way};
use crate::lanes::{LaneName, Lanes, Place};
use crate::limits::MESSAGES_PER_SESSION_MAX;
use crate::proto::command::Envelope;
use crate::session::{Lost, Phase, Sent, Session, Verdict};

/// A session and the place it takes.
struct Open {
    session: Session,
    _place: Place,
}

/// Delivers what a lane holds until it is empty.
pub(crate) async fn work(lanes: &Lanes, lane: &LaneName) {
    let mut open: Option<Open> = None;
    while let Some((mut mail, _busy)) = lanes.next(lane, open.is_some()).await {
        if !still_ours(lanes, &mut mail).await {
            continue;
        }
        if let Some(report) = attempt(lanes, lane, mail, &mut open).await {
            observe(lanes, &report);
            lanes.report(report).await;
        }
        if let Some(used) = open.take_if(|open| open.session.messages() >= MESSAGES_PER_SESSION_MAX)
        {
            used.session.quit().await;
        }
    }
    if let Some(open) = open {
        open.session.quit().await;
    }
}

/// Makes sure that the claim lasts for an attempt to begin: mail may have waited long in its lane, and for its server.
async fn still_ours(lanes: &Lanes, mail: &mut ClaimedMail) -> bool {
    let left_us = mail.until_us() - lanes.mailroom().clock().unix_us();
    if left_us >= CLAIM_LEFT_US_MIN {
        return true;
    }
    let is_ours = match lanes.mailroom().renew_outbound(mail).await {
        Ok(is_ours) => is_ours,
        Err(error) => {
            tracing::warn!("cannot renew the claim of mail that waited: {error}");
            false
        }
    };
    if !is_ours {
        metrics::counter!("posthouse_delivery_claims_outlived_total").increment(1);
    }
    is_ours
}

/// Makes an attempt; `None` when it could not be made ready, or somebody else has it by now: it is repeated after the end of
/// its claim.
async fn attempt(
    lanes: &Lanes,
    lane: &LaneName,
    mut mail: ClaimedMail,
    open: &mut Option<Open>,
) -> Option<AttemptReport> {
    let wire = match lanes.mailroom().wire_mail(&mail).await {
        Ok(wire) => wire,
        Err(Refusal::NotFound) => {
            return Some(everybody(mail, failed("554 5.6.0 the message is gone")));
        }
        Err(error @ Refusal::Unavailable { .. }) => {
            tracing::warn!("cannot make a message ready to be delivered: {error}");
            return None;
        }
        Err(error) => {
            tracing::error!("cannot make a message ready to be delivered: {error}");
            let reply = "451 4.3.0 the message cannot be made ready here".to_owned();
            return Some(everybody(mail, Outcome::Deferred { reply }));
        }
    };
    let Some(envelope) = envelope(&mail, &wire) else {
        return Some(everybody(mail, failed("550 5.1.3 not an address")));
    };
    // A session that waited may have been closed at the other end meanwhile: that is no failure of this message.
    let mut may_reopen = open.is_some();
    loop {
        if open.is_none() {
            let connecting = connect(lanes, lane);
            match keeping(lanes, &mut mail, &AtomicI64::new(0), connecting).await {
                Ok(session) => *open = Some(session),
                Err(none) => return Some(unreached(lanes, lane, mail, none).await),
            }
            if !still_ours(lanes, &mut mail).await {
                return None;
            }
        }
        let current = open.as_mut()?;
        if let Some(reply) = current.session.lacks(&envelope) {
            return Some(everybody(mail, failed(&reply.to_string())));
        }
        let started = Instant::now();
        let sent = transmit(lanes, &mut current.session, &envelope, &wire, &mut mail).await;
        metrics::histogram!("posthouse_delivery_transaction_seconds")
            .record(started.elapsed().as_secs_f64());
        let host = current.session.host().to_owned();
        if let Some(lost) = &sent.lost {
            *open = None;
            if matches!(lost, Lost::NoChunks(_)) && lanes.connector().note_without_chunks(&host) {
                continue;
            }
            let untouched = sent
                .verdicts
                .iter()
                .all(|verdict| *verdict == Verdict::Open);
            if may_reopen && untouched && matches!(lost.phase(), Phase::Reset | Phase::Mail) {
                may_reopen = false;
                continue;
            }
        }
        return Some(report(mail, sent, &host));
    }
}

/// Sends a message while its claim is kept from running out. STORE-09: when it ran out nevertheless, because this process or
/// the store stood still, the message is not ended: somebody else may have it by now.
async fn transmit(
    lanes: &Lanes,
    session: &mut Session,
    envelope: &Envelope,
    wire: &WireMail,
    mail: &mut ClaimedMail,
) -> Sent {
    let until_us = AtomicI64::new(mail.until_us());
    let is_ours = || lanes.mailroom().clock().unix_us() < until_us.load(Ordering::Relaxed);
    let sending = session.send(envelope, &wire.content, &is_ours);
    keeping(lanes, mail, &until_us, sending).await
}

/// Does work for a message while its claim is kept from running out; `until_us` follows its end.
async fn keeping<T>(
    lanes: &Lanes,
    mail: &mut ClaimedMail,
    until_us: &AtomicI64,
    work: impl Future<Output = T>,
) -> T {
    tokio::pin!(work);
    let mut renewal = interval_at(Instant::now() + CLAIM_RENEWAL, CLAIM_RENEWAL);
    loop {
        tokio::select! {
            done = &mut work => return done,
            _ = renewal.tick() => {
                if let Err(error) = lanes.mailroom().renew_outbound(mail).await {
                    tracing::warn!("cannot renew the claim of mail on its way: {error}");
                }
                until_us.store(mail.until_us(), Ordering::Relaxed);
            }
        }
    }
}

async fn connect(lanes: &Lanes, lane: &LaneName) -> Result<Open, NoSession> {
    let stopping = || NoSession::Later("421 4.3.2 this server is stopping".to_owned());
    let place = lanes.place(lane).await.ok_or_else(stopping)?;
    let started = Instant::now();
    let way = Way {
        destination: &lane.destination,
        sources: &lane.sources,
        tls_need: lane.tls_need,
    };
    let session = lanes.connector().session(&way).await?;
    metrics::histogram!("posthouse_delivery_connect_seconds")
        .record(started.elapsed().as_secs_f64());
    metrics::counter!("posthouse_delivery_sessions_total").increment(1);
    lanes.reached(lane);
    Ok(Open {
        session,
        _place: place,
    })
}

/// Nobody takes mail for the destination: what its lane holds shares the fate. Where mail that requires TLS is not taken, other
/// mail may be, so the destination is not left alone for it.
async fn unreached(
    lanes: &Lanes,
    lane: &LaneName,
    mail: ClaimedMail,
    none: NoSession,
) -> AttemptReport {
    let destination = lane.destination.as_str();
    match none {
        NoSession::Later(reply) if mail.tls_need == TlsNeed::Required => {
            tracing::info!(
                destination,
                "not reached by mail that requires TLS: {reply}"
            );
            for other in lanes.drain(lane) {
                let reply = reply.clone();
                lanes
                    .report(everybody(other, Outcome::Deferred { reply }))
                    .await;
            }
            everybody(mail, Outcome::Deferred { reply })
        }
        NoSession::Never(reply) => {
            for other in lanes.drain(lane) {
                lanes.report(everybody(other, failed(&reply))).await;
            }
            everybody(mail, failed(&reply))
        }
        NoSession::Later(reply) => {
            let (held, pause) = lanes.leave_alone(lane);
            tracing::info!(
                destination,
                pause_seconds = pause.as_secs(),
                "not reached: {reply}"
            );
            metrics::counter!("posthouse_delivery_unreached_total").increment(1);
            for other in held {
                let reply = reply.clone();
                lanes
                    .report(everybody(other, Outcome::Deferred { reply }))
                    .await;
            }
            everybody(mail, Outcome::Deferred { reply })
        }
    }
}

fn envelope(mail: &ClaimedMail, wire: &WireMail) -> Option<Envelope> {
    let recipients = mail
        .recipients
        .iter()
        .map(|recipient| EmailAddress::parse_strict(&recipient.address));
    let from = match wire.envelope_from.as_str() {
        "" => None,
        from => Some(EmailAddress::parse_strict(from).ok()?),
    };
    Some(Envelope {
        from,
        recipients: recipients.collect::<Result<_, _>>().ok()?,
        id: wire.envelope_id.clone(),
        size: wire.content.len(),
        is_8bit: wire.is_8bit,
        needs_utf8: wire.needs_utf8,
        require_tls: mail.tls_need == TlsNeed::Required,
    })
}

fn report(mail: ClaimedMail, sent: Sent, host: &str) -> AttemptReport {
    let Sent { verdicts, lost } = sent;
    let outcomes = verdicts.into_iter().map(|verdict| match verdict {
        Verdict::Taken => Outcome::Delivered,
        Verdict::Later(reply) => Outcome::Deferred {
            reply: reply.to_string(),
        },
        Verdict::Never(reply) => failed(&reply.to_string()),
        Verdict::NotFromUs(reply) => Outcome::SenderRefused {
            reply: reply.to_string(),
        },
        Verdict::Open => left_open(lost.as_ref(), host),
    });
    AttemptReport {
        outcomes: outcomes.collect(),
        mail,
    }
}

/// What a message that nobody answered counts as. After the last dot it may have been taken all the same: RFC 5321 4.5.4.1
/// wants it sent again.
fn left_open(lost: Option<&Lost>, host: &str) -> Outcome {
    match lost {
        Some(Lost::Refused(Phase::Content, reply)) if reply.is_permanent() => {
            failed(&reply.to_string())
        }
        Some(lost) if lost.is_uncertain() => Outcome::Uncertain {
            reply: lost.as_reply(host),
        },
        Some(lost) => Outcome::Deferred {
            reply: lost.as_reply(host),
        },
        None => Outcome::Untried,
    }
}

fn everybody(mail: ClaimedMail, outcome: Outcome) -> AttemptReport {
    AttemptReport {
        outcomes: vec![outcome; mail.recipients.len()],
        mail,
    }
}

fn failed(reply: &str) -> Outcome {
    Outcome::Failed {
        reply: reply.to_owned(),
    }
}

/// Correspondents' addresses and what servers say of them are for the debug log only.
fn observe(lanes: &Lanes, report: &AttemptReport) {
    let id = lanes.mailroom().message_id_of(&report.mail);
    let count =
        |wanted: fn(&Outcome) -> bool| report.outcomes.iter().filter(|one| wanted(one)).count();
    let delivered = count(|one| matches!(one, Outcome::Delivered));
    let deferred = count(|one| matches!(one, Outcome::Deferred { .. } | Outcome::Uncertain { .. }));
    let failed = count(|one| matches!(one, Outcome::Failed { .. } | Outcome::SenderRefused { .. }));
    tracing::info!(message.id = %id, delivered, deferred, failed, "attempted");
    for (recipient, outcome) in report.mail.recipients.iter().zip(&report.outcomes) {
        tracing::debug!(message.id = %id, recipient = %recipient.address, ?outcome);
    }
}
