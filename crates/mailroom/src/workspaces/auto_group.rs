//! Accounts of the default workspace are grouped by their domains.

use std::collections::HashMap;

use posthouse_store::engine::Dialect;
use posthouse_store::leases;
use posthouse_store::tables::domains;
use posthouse_store::tables::grants::{self, Identity};
use posthouse_store::tables::groupings::{self, Grouping};
use posthouse_store::tables::workspaces::{self, Workspace};
use posthouse_store::{StoreError, Tx};
use posthouse_types::domain::Domain;
use posthouse_types::ids::Key;
use serde::{Deserialize, Serialize};

use super::assign::default_workspace;
use crate::actor::Actor;
use crate::limits::{AUTO_GROUP_SECONDS_MIN, GROUPINGS_PER_SWEEP_MAX, MOVED_GRANTS_PER_STEP_MAX};
use crate::provision::domain_of;
use crate::{Mailroom, Refusal};

/// Which accounts are grouped.
#[derive(Debug, Clone, Default)]
pub struct AutoGroup {
    /// Only those made after this Unix second.
    pub after_created_at: Option<i64>,
    /// Also those whose domain failed its ownership check.
    pub invalid_also: bool,
    /// Only those at this domain.
    pub specific_domain: Option<String>,
}

/// What an automatic grouping did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AutoGrouped {
    /// Names this run.
    pub job_id: String,
    /// Accounts that changed workspace so far.
    pub moved: usize,
    /// More accounts are looked at in the background.
    pub goes_on: bool,
}

/// [`AutoGroup`] as it is kept until it is done.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Wish {
    after_created_at: Option<i64>,
    invalid_also: bool,
    /// As A-labels.
    domain: Option<String>,
}

/// What one step of a grouping did.
struct Step {
    moved: Vec<Key>,
    is_last: bool,
}

impl Mailroom {
    /// Moves accounts of the default workspace to the ones that group their domains, which are made when missing. The first
    /// [`MOVED_GRANTS_PER_STEP_MAX`] accounts are looked at when this returns; the others are in the background, in steps of
    /// as many, which go on where they were when the server is killed meanwhile.
    ///
    /// # Errors
    /// [`Refusal::RateLimited`] when the application did it within a minute; [`Refusal::Invalid`];
    /// [`Refusal::Forbidden`] for a key that does not reach the whole application.
    pub async fn auto_group(&self, actor: &Actor, wish: AutoGroup) -> Result<AutoGrouped, Refusal> {
        actor.require_whole_application()?;
        let domain = match wish.specific_domain.as_deref() {
            Some(text) => {
                let domain = Domain::parse(text)
                    .map_err(|error| Refusal::invalid("specific_domain", error.to_string()))?;
                Some(domain.as_str().to_owned())
            }
            None => None,
        };
        let wish = Wish {
            after_created_at: wish.after_created_at,
            invalid_also: wish.invalid_also,
            domain,
        };
        let application = actor.application;
        let job_id = uuid::Uuid::new_v4().to_string();
        self.take_turn(application, &job_id).await?;
        let grouping = Grouping {
            id: self.store().new_key(),
            application,
            wish: serde_json::to_string(&wish).expect("texts and numbers serialise"),
            behind: Key(0),
        };
        let id = grouping.id;
        self.store()
            .write(move |tx: &mut dyn Tx| groupings::insert(tx, &grouping))
            .await
            .map_err(Refusal::from)?;
        let step = self.go_on_grouping(id).await?;
        Ok(AutoGrouped {
            job_id,
            moved: step.moved.len(),
            goes_on: !step.is_last,
        })
    }

    /// Goes on with groupings that are not done, the oldest first; returns whether there may be more to do. A step that is cut
    /// off is done again, and one that fails keeps no other waiting.
    pub(crate) async fn group_waiting_accounts(&self) -> Result<bool, StoreError> {
        let find = |tx: &mut dyn Tx| groupings::oldest(tx, GROUPINGS_PER_SWEEP_MAX);
        let waiting = self.store().read(find).await?;
        let mut has_more = false;
        for grouping in waiting {
            match self.go_on_grouping(grouping).await {
                Ok(_) => has_more = true,
                Err(refusal) => {
                    tracing::warn!(
                        "cannot group accounts by their domains, trying again: {refusal}"
                    );
                }
            }
        }
        Ok(has_more)
    }

    async fn go_on_grouping(&self, id: Key) -> Result<Step, Refusal> {
        let mailroom = self.clone();
        let step = self
            .store()
            .write(move |tx: &mut dyn Tx| mailroom.take_step(tx, id))
            .await?;
        self.inner.tenancy.forget_accounts(&step.moved);
        Ok(step)
    }

    /// Looks at some accounts, and notes how far the grouping came.
    fn take_step(&self, tx: &mut dyn Tx, id: Key) -> Result<Step, Refusal> {
        let done = Step {
            moved: Vec::new(),
            is_last: true,
        };
        let Some(grouping) = groupings::take(tx, id)? else {
            return Ok(done);
        };
        let wish: Result<Wish, _> = serde_json::from_str(&grouping.wish);
        let Ok(wish) = wish else {
            tracing::error!("a grouping cannot be read and is given up");
            groupings::finish(tx, id)?;
            return Ok(done);
        };
        // The application is gone.
        if workspaces::default_of(tx, grouping.application)?.is_none() {
            groupings::finish(tx, id)?;
            return Ok(done);
        }
        let (moved, last) = self.group_some(tx, grouping.application, &wish, grouping.behind)?;
        match last {
            Some(last) => groupings::pass(tx, id, last)?,
            None => groupings::finish(tx, id)?,
        }
        Ok(Step {
            moved,
            is_last: last.is_none(),
        })
    }

    /// Holds a lease for a minute, so that the rate holds for all processes together.
    async fn take_turn(&self, application: Key, job_id: &str) -> Result<(), Refusal> {
        let name = format!("auto-group:{}", application.0);
        let now_us = self.clock().unix_us();
        let until_us = now_us + (AUTO_GROUP_SECONDS_MIN * 1_000_000) as i64;
        let job_id = job_id.to_owned();
        let lease = self
            .store()
            .write(move |tx| leases::acquire(tx, &name, &job_id, now_us, until_us))
            .await
            .map_err(Refusal::from)?;
        match lease {
            Some(_) => Ok(()),
            None => Err(Refusal::RateLimited {
                message: "auto-group runs once a minute".to_owned(),
                retry_after_seconds: AUTO_GROUP_SECONDS_MIN,
            }),
        }
    }

    fn group_some(
        &self,
        tx: &mut dyn Tx,
        application: Key,
        wish: &Wish,
        behind: Key,
    ) -> Result<(Vec<Key>, Option<Key>), Refusal> {
        let default = default_workspace(tx, application)?;
        let accounts = grants::of_workspace(tx, default, Some(behind), MOVED_GRANTS_PER_STEP_MAX)?;
        let is_full = accounts.len() as i64 == MOVED_GRANTS_PER_STEP_MAX;
        let last = accounts.last().map(|account| account.id);
        let is_wanted = |account: &Identity| {
            let domain = domain_of(&account.email);
            wish.domain.as_deref().is_none_or(|wanted| wanted == domain)
                && wish
                    .after_created_at
                    .is_none_or(|after| account.id.unix_ms() / 1_000 > after)
        };
        let accounts: Vec<Identity> = accounts.into_iter().filter(is_wanted).collect();
        // Before the first workspace is made: the locks of mailboxes come before all writes.
        for account in &accounts {
            Dialect::lock_grant(tx, account.id)?;
        }
        let mut targets: HashMap<String, Option<Key>> = HashMap::new();
        let mut moves: Vec<(Identity, Key)> = Vec::new();
        for account in accounts {
            let domain = domain_of(&account.email).to_owned();
            let target = match targets.get(&domain) {
                Some(known) => *known,
                None => {
                    let target = self.group_for(tx, application, &domain, wish.invalid_also)?;
                    targets.insert(domain, target);
                    target
                }
            };
            if let Some(target) = target {
                moves.push((account, target));
            }
        }
        let moved = self.move_accounts(tx, &mut moves)?;
        Ok((moved, last.filter(|_| is_full)))
    }

    /// Returns the workspace that groups a domain, made when missing; `None` when the domain is not to be grouped.
    fn group_for(
        &self,
        tx: &mut dyn Tx,
        application: Key,
        domain: &str,
        invalid_also: bool,
    ) -> Result<Option<Key>, StoreError> {
        if !invalid_also {
            let failed = domains::covering(tx, domain)?.is_none_or(|row| row.ownership_failed());
            if failed {
                return Ok(None);
            }
        }
        if let Some(workspace) = workspaces::by_domain(tx, application, domain)? {
            return Ok(workspace.auto_group.then_some(workspace.id));
        }
        let now = self.now_seconds();
        let workspace = Workspace {
            id: self.store().new_key(),
            application,
            name: domain.to_owned(),
            domain: Some(domain.to_owned()),
            auto_group: true,
            is_default: false,
            created_at: now,
            updated_at: now,
            policy: None,
            rules: Vec::new(),
        };
        workspaces::insert(tx, &workspace)?;
        Ok(Some(workspace.id))
    }
}
