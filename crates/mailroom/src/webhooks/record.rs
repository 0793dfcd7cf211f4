//! The outcomes of attempts are written down.

use std::time::Duration;

use posthouse_store::tables::deliveries::{self, DeliveryState};
use posthouse_store::{StoreError, Tx};
use serde_json::{Value, json};

use super::limits::{ATTEMPT_ERROR_CHARACTERS_MAX, ATTEMPTS_MAX};
use super::queue::ClaimedDelivery;
pub use super::retry::Outcome;
use super::retry::{Verdict, verdict};
use crate::{Mailroom, Refusal};

/// An attempt that was made.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// Of which delivery.
    pub delivery: ClaimedDelivery,
    /// When it began, in Unix microseconds.
    pub at_us: i64,
    /// How long it took.
    pub duration: Duration,
    /// How it ended.
    pub outcome: Outcome,
}

impl Mailroom {
    /// Writes down attempts and what follows from them, in one transaction. `attempts_max` is the operator's number.
    ///
    /// An attempt whose claim had ended and was taken by another process changes nothing.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`] when the store is; the deliveries are then repeated after the end of their claims.
    pub async fn record_attempts(
        &self,
        attempts: Vec<Attempt>,
        attempts_max: u32,
    ) -> Result<(), Refusal> {
        let now_us = self.clock().unix_us();
        let attempts_max = attempts_max.clamp(1, ATTEMPTS_MAX);
        let outcomes: Vec<deliveries::Outcome> = attempts
            .iter()
            .map(|attempt| outcome(attempt, now_us, attempts_max))
            .collect();
        let recording = self.store().write(move |tx: &mut dyn Tx| {
            let mut late = 0_u64;
            for outcome in &outcomes {
                late += u64::from(!deliveries::record(tx, outcome)?);
            }
            Ok::<_, StoreError>(late)
        });
        let late = recording.await.map_err(Refusal::from)?;
        if late > 0 {
            tracing::debug!(late, "attempts came too late to count");
        }
        Ok(())
    }
}

fn outcome(attempt: &Attempt, now_us: i64, attempts_max: u32) -> deliveries::Outcome {
    let delivery = &attempt.delivery;
    let number = delivery.attempt();
    let verdict = verdict(&attempt.outcome, number, attempts_max, rand::random());
    let (state, due_us) = match verdict {
        Verdict::Succeeded => (DeliveryState::Succeeded, now_us),
        Verdict::Failed => (DeliveryState::Failed, now_us),
        Verdict::Skipped => (DeliveryState::Skipped, now_us),
        Verdict::Again(pause) => (DeliveryState::Waiting, now_us + pause.as_micros() as i64),
    };
    let was_made = verdict != Verdict::Skipped;
    deliveries::Outcome {
        id: delivery.id,
        token: delivery.token,
        state,
        attempt: if was_made {
            number
        } else {
            delivery.attempts_made
        },
        due_us,
        attempts: if was_made {
            log_with(attempt, number)
        } else {
            delivery.attempts.clone()
        },
    }
}

/// Returns the log of attempts with one more.
fn log_with(attempt: &Attempt, number: i64) -> String {
    let mut log: Vec<Value> = serde_json::from_str(&attempt.delivery.attempts).unwrap_or_default();
    let (status, error) = match &attempt.outcome {
        Outcome::Answered { status, .. } => (Some(*status), None),
        Outcome::NoAnswer { reason } | Outcome::Unusable { reason } => {
            let text: String = reason.chars().take(ATTEMPT_ERROR_CHARACTERS_MAX).collect();
            (None, Some(text))
        }
        Outcome::Withdrawn => (None, None),
    };
    log.push(json!({
        "attempt": number,
        "at": attempt.at_us / 1_000_000,
        "response_status": status,
        "duration_ms": attempt.duration.as_millis() as u64,
        "error": error,
    }));
    Value::Array(log).to_string()
}
