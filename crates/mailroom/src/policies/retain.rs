//! Messages go for good when their workspace's policy has kept them for as long as it wants.
//!
//! A walk through all workspaces and their accounts, a few at a time; the place is remembered, so that a step costs the same
//! however many there are. Each account's messages go in a transaction of their own, in which it is locked.

use std::sync::{Mutex, PoisonError};

use posthouse_rules::policy::{Effective, Limit};
use posthouse_store::engine::Dialect;
use posthouse_store::tables::retention::{self, Governed, Periods};
use posthouse_store::tables::{grants, messages, usage};
use posthouse_store::{StoreError, Tx};
use posthouse_types::ids::Key;

use super::view::read_policy;
use crate::Mailroom;
use crate::govern::quota::{usage_day, usage_month};
use crate::organise::remove;

/// Accounts that one step looks at.
const ACCOUNTS_PER_STEP_MAX: i64 = 100;
/// Messages that one transaction removes.
const MESSAGES_PER_STEP_MAX: i64 = 200;
const SECONDS_PER_DAY: i64 = 86_400;
/// Days and months for which counters are kept once they are over.
const USAGE_DAYS_KEPT: i64 = 40;
const USAGE_MONTHS_KEPT: i64 = 13;
/// Counters that one walk removes.
const USAGE_ROWS_PER_STEP_MAX: i64 = 10_000;
/// From the end of one walk to the beginning of the next.
const WALK_SECONDS: i64 = 3_600;

/// How far the walks came.
#[derive(Debug)]
pub(crate) struct Walk {
    place: Mutex<Place>,
    /// The last of the messages that were set aside and are kept by their policy: time and key.
    set_aside: Mutex<(i64, Key)>,
}

impl Default for Walk {
    fn default() -> Self {
        Self {
            place: Mutex::default(),
            set_aside: Mutex::new((0, Key(0))),
        }
    }
}

#[derive(Debug, Default, Clone, Copy)]
struct Place {
    /// Key of the workspace it is in, or of the first one it may go on with.
    workspace: i64,
    /// The account it goes on behind.
    account: Option<Key>,
    /// When the next walk begins, in Unix seconds.
    rests_until: i64,
}

impl Walk {
    fn place(&self) -> Place {
        *self.place.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn go_on(&self, place: Place) {
        *self.place.lock().unwrap_or_else(PoisonError::into_inner) = place;
    }

    pub(crate) fn set_aside(&self) -> (i64, Key) {
        *self
            .set_aside
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn pass_set_aside(&self, behind: (i64, Key)) {
        *self
            .set_aside
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = behind;
    }
}

/// What one account has that is to go.
struct Due {
    application: Key,
    grant: Key,
    messages: Vec<Key>,
}

/// What a look at some accounts found.
struct Look {
    next: Place,
    due: Vec<Due>,
    is_end: bool,
}

impl Mailroom {
    /// Removes some of the messages whose time is up, and tells of each ([`message.deleted`]). Returns whether there may be
    /// more; a step that is cut off loses nothing.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    ///
    /// [`message.deleted`]: posthouse_store::changes::ChangeKind::MessageDeleted
    pub(crate) async fn expire_retained(&self) -> Result<bool, StoreError> {
        let (now, place) = (self.now_seconds(), self.inner.walk.place());
        if now < place.rests_until {
            return Ok(false);
        }
        let mailroom = self.clone();
        let look = self
            .store()
            .read(move |tx: &mut dyn Tx| mailroom.look_for_due(tx, place, now))
            .await?;
        // An account that has more than one transaction takes is looked at again before the walk goes on.
        let is_full = |due: &Due| due.messages.len() as i64 == MESSAGES_PER_STEP_MAX;
        let stays = look.due.iter().any(is_full);
        for due in look.due {
            self.remove_due(due, now).await?;
        }
        if stays {
            return Ok(true);
        }
        if look.is_end {
            self.forget_old_usage(now).await?;
        }
        let next = if look.is_end {
            Place {
                rests_until: now + WALK_SECONDS,
                ..Place::default()
            }
        } else {
            look.next
        };
        self.inner.walk.go_on(next);
        Ok(!look.is_end)
    }

    /// Removes counters of days and months that are over for long.
    async fn forget_old_usage(&self, now: i64) -> Result<(), StoreError> {
        let (day, month) = (usage_day(now), usage_month(now));
        self.store()
            .write(move |tx: &mut dyn Tx| {
                usage::expire_days(tx, day - USAGE_DAYS_KEPT, USAGE_ROWS_PER_STEP_MAX)?;
                usage::expire_months(tx, month - USAGE_MONTHS_KEPT)?;
                Ok(())
            })
            .await
    }

    fn look_for_due(&self, tx: &mut dyn Tx, place: Place, now: i64) -> Result<Look, StoreError> {
        let Some(workspace) = retention::next_workspace(tx, Key(place.workspace))? else {
            return Ok(Look {
                next: place,
                due: Vec::new(),
                is_end: true,
            });
        };
        let behind_it = Place {
            workspace: workspace.id.0 + 1,
            ..Place::default()
        };
        let behind = place.account.filter(|_| place.workspace == workspace.id.0);
        let mut look = Look {
            next: behind_it,
            due: Vec::new(),
            is_end: false,
        };
        let Some(periods) = self.periods(&workspace, now) else {
            return Ok(look);
        };
        let accounts = grants::of_workspace(tx, workspace.id, behind, ACCOUNTS_PER_STEP_MAX)?;
        for account in &accounts {
            let messages = retention::due(tx, account.id, &periods, MESSAGES_PER_STEP_MAX)?;
            if !messages.is_empty() {
                look.due.push(Due {
                    application: workspace.application,
                    grant: account.id,
                    messages,
                });
            }
        }
        if accounts.len() as i64 == ACCOUNTS_PER_STEP_MAX {
            look.next = Place {
                workspace: workspace.id.0,
                account: accounts.last().map(|account| account.id),
                rests_until: 0,
            };
        }
        Ok(look)
    }

    /// Returns from when on messages of a workspace stay; `None` when all do, also when its policy cannot be read.
    fn periods(&self, workspace: &Governed, now: i64) -> Option<Periods> {
        let policy = match workspace.policy.as_deref().map(read_policy).transpose() {
            Ok(policy) => policy,
            Err(error) => {
                tracing::error!("messages are kept: {error}");
                return None;
            }
        };
        let effective = Effective::of(policy.as_ref(), self.operator_plan());
        let before = |limit: Limit| {
            let days = i64::try_from(effective.limit(limit)?).ok()?;
            now.checked_sub(days.checked_mul(SECONDS_PER_DAY)?)
        };
        let periods = Periods {
            inbox_before: before(Limit::InboxDays),
            spam_before: before(Limit::SpamDays),
        };
        (periods.inbox_before.is_some() || periods.spam_before.is_some()).then_some(periods)
    }

    async fn remove_due(&self, due: Due, now: i64) -> Result<(), StoreError> {
        let mailroom = self.clone();
        let external = self
            .store()
            .write(move |tx: &mut dyn Tx| {
                let grant = due.grant;
                Dialect::lock_grant(tx, grant)?;
                // Moved to a workspace that keeps them, saved from Junk, or deleted with the account meanwhile.
                let Some(account) = grants::find(tx, due.application, grant)? else {
                    return Ok(Vec::new());
                };
                let Some(workspace) = retention::next_workspace(tx, account.workspace)? else {
                    return Ok(Vec::new());
                };
                let Some(periods) = mailroom.periods(&workspace, now) else {
                    return Ok(Vec::new());
                };
                let still = retention::due(tx, grant, &periods, MESSAGES_PER_STEP_MAX)?;
                let ids: Vec<Key> = due
                    .messages
                    .into_iter()
                    .filter(|id| still.contains(id))
                    .collect();
                let placed = messages::placed(tx, grant, &ids)?;
                let removed = placed.len() as u64;
                let external = remove(tx, &mailroom, due.application, grant, placed)?;
                metrics::counter!("posthouse_mailroom_messages_expired_total").increment(removed);
                Ok::<_, StoreError>(external)
            })
            .await?;
        self.remove_objects(external).await;
        Ok(())
    }
}
