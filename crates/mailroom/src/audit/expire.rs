//! Old entries go, and that they did is an entry.

use std::sync::atomic::Ordering;

use posthouse_store::tables::audit;
use posthouse_store::{StoreError, Tx};
use posthouse_types::ids::Key;

use super::entry::{AuditEntry, Object};
use crate::Mailroom;

/// Days that entries are kept, unless the operator says otherwise.
pub const AUDIT_DAYS_DEFAULT: u32 = 365;

const MS_PER_DAY: i64 = 86_400_000;
/// Entries that one step removes at most.
const ROWS_PER_STEP_MAX: i64 = 500;

impl Mailroom {
    /// Keeps entries of the audit log for so many days from now on.
    pub fn keep_audit_for_days(&self, days: u32) {
        self.inner.audit_days.store(days.max(1), Ordering::Relaxed);
    }

    /// Removes some entries that are too old; returns whether there may be more.
    pub(crate) async fn expire_audit(&self) -> Result<bool, StoreError> {
        let days = self.inner.audit_days.load(Ordering::Relaxed);
        let before = Key::floor_of(self.clock().unix_ms() - i64::from(days) * MS_PER_DAY);
        let mailroom = self.clone();
        let removed = self.store().write(move |tx: &mut dyn Tx| {
            let removed = audit::expire(tx, before, ROWS_PER_STEP_MAX)?;
            for (application, count) in &removed {
                let reason = format!("{count} entries older than {days} days");
                let entry = AuditEntry {
                    reason: &reason,
                    ..AuditEntry::done(*application, "audit.expire", Object::None)
                };
                mailroom.audit(tx, &entry)?;
            }
            Ok::<u64, StoreError>(removed.iter().map(|(_, count)| *count).sum())
        });
        Ok(removed.await? >= ROWS_PER_STEP_MAX as u64)
    }
}
