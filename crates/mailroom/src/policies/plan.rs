//! What the operator caps for everybody.

use std::sync::OnceLock;

use posthouse_rules::policy::{Cap, Plan};

use crate::{Mailroom, Refusal};

/// Days for which messages stay in Trash where the operator says nothing.
const TRASH_DAYS: i64 = 30;

/// The operator's choice; nothing is capped until there is one.
#[derive(Debug, Default)]
pub(crate) struct ChosenPlan(OnceLock<Plan>);

impl Mailroom {
    /// Caps what accounts, policies, rules and lists may use from now on. Only the first call counts.
    pub fn choose_plan(&self, plan: Plan) {
        if self.inner.plan.0.set(plan).is_err() {
            tracing::error!("the plan was chosen already");
        }
    }

    /// Tells whether the plan sets rates of requests.
    #[must_use]
    pub fn paces_requests(&self) -> bool {
        self.operator_plan().paces_requests
    }

    pub(crate) fn operator_plan(&self) -> &Plan {
        self.inner.plan.0.get_or_init(Plan::unlimited)
    }

    /// Refuses a message that is larger than the plan lets anything out, or for more people.
    pub(crate) fn check_outgoing(&self, bytes: usize, recipients: usize) -> Result<(), Refusal> {
        let exceeds = |cap: Cap, number: usize| {
            let most = self.operator_plan().cap(cap)?;
            (number as u64 > most).then_some(most)
        };
        if let Some(most) = exceeds(Cap::OutboundBytes, bytes) {
            return Err(Refusal::TooLarge {
                message: format!("message is {bytes} bytes, at most {most} may be sent"),
            });
        }
        if let Some(most) = exceeds(Cap::Recipients, recipients) {
            let message = format!(
                "'to', 'cc' and 'bcc' may name at most {most} recipients together, not {recipients}"
            );
            return Err(Refusal::invalid("to", message));
        }
        Ok(())
    }

    /// Returns the days for which messages stay in Trash.
    pub(crate) fn trash_days(&self) -> i64 {
        let cap = self.operator_plan().cap(Cap::TrashDays);
        cap.and_then(|days| i64::try_from(days).ok())
            .unwrap_or(TRASH_DAYS)
    }

    /// Refuses one more of something that the plan caps; `count` is asked only if it does.
    pub(crate) fn check_cap<E>(
        &self,
        cap: Cap,
        noun: &str,
        count: impl FnOnce(u64) -> Result<u64, E>,
    ) -> Result<(), Refusal>
    where
        Refusal: From<E>,
    {
        let Some(most) = self.operator_plan().cap(cap) else {
            return Ok(());
        };
        if count(most)? < most {
            return Ok(());
        }
        Err(Refusal::PlanCap {
            message: format!("{noun} cap ({most}) reached for this plan"),
        })
    }
}
