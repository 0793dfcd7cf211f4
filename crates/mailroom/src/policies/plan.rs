//! What the operator caps for everybody.

use std::sync::OnceLock;

use posthouse_rules::policy::{Cap, Plan};

use crate::{Mailroom, Refusal};

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
