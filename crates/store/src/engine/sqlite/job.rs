//! What waits for the writer.

use std::panic::{AssertUnwindSafe, catch_unwind};

use tokio::sync::oneshot;

use crate::StoreError;
use crate::sql::Tx;

/// An entry of the writer's queue.
pub(super) enum Work {
    /// A closure to run and answer.
    Job(Box<dyn Job>),
    /// The end: what came before is done first.
    Close,
}

/// One closure on its way through the writer.
pub(super) trait Job: Send {
    /// Runs the closure; tells whether its effects stay.
    fn run(&mut self, tx: &mut dyn Tx) -> bool;
    /// Tells the caller how it ended, after the commit.
    fn answer(self: Box<Self>, commit: Result<(), StoreError>);
}

/// A closure of store code and where its caller waits.
pub(super) struct Closure<T, E, F> {
    pub(super) work: Option<F>,
    pub(super) outcome: Option<Result<T, E>>,
    pub(super) reply: oneshot::Sender<Result<T, E>>,
}

impl<T, E, F> Job for Closure<T, E, F>
where
    F: FnOnce(&mut dyn Tx) -> Result<T, E> + Send,
    T: Send,
    E: From<StoreError> + Send,
{
    fn run(&mut self, tx: &mut dyn Tx) -> bool {
        let Some(work) = self.work.take() else {
            return false;
        };
        let outcome = catch_unwind(AssertUnwindSafe(|| work(tx))).unwrap_or_else(|_| {
            Err(StoreError::Fault("a store closure panicked".to_owned()).into())
        });
        let keep = outcome.is_ok();
        self.outcome = Some(outcome);
        keep
    }

    fn answer(self: Box<Self>, commit: Result<(), StoreError>) {
        let outcome = match commit {
            Ok(()) => self
                .outcome
                .unwrap_or_else(|| Err(StoreError::Fault("closure did not run".to_owned()).into())),
            Err(error) => Err(error.into()),
        };
        // A caller that went away no longer waits for the answer; the commit stands.
        let _ = self.reply.send(outcome);
    }
}
