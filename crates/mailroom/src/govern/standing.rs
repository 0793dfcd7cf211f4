//! Where an account stands: the policy and the rules of its workspace, made ready once for each version of them.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use posthouse_rules::evaluate::questions_per_address;
use posthouse_rules::facts::Stage;
use posthouse_rules::guard::GuardPolicy;
use posthouse_rules::policy::{Effective, Limit};
use posthouse_rules::rule::{self, Action, Rule};
use posthouse_store::tables::rules::{self, StoredRule};
use posthouse_store::tables::workspaces::{self, Governing};
use posthouse_store::{StoreError, Tx};
use posthouse_types::ids::Key;

use crate::limits::{LIST_QUESTIONS_MAX, ORDINARY_SENDERS};
use crate::{Mailroom, Refusal};

/// Workspaces of which a process keeps what governs them.
const STANDINGS_KEPT_MAX: usize = 4_096;

/// Accounts of which a process keeps what holds for them.
const ACCOUNTS_KEPT_MAX: usize = 65_536;

/// What holds for the accounts of a workspace.
#[derive(Debug)]
pub(crate) struct Standing {
    /// The workspace.
    pub(crate) workspace: Key,
    /// Of what governs the workspace.
    pub(crate) version: i64,
    /// The policy that is attached, as rows name it.
    pub(crate) policy_id: Option<Key>,
    /// Policy and plan together.
    pub(crate) policy: Arc<Effective>,
    /// What must not leave.
    pub(crate) guard: GuardPolicy,
    /// In the order in which they are looked at.
    pub(crate) rules: Arc<[Rule]>,
    /// The rules ask more of lists than can be looked up for any message that arrives.
    pub(crate) asks_too_much: bool,
}

impl Standing {
    /// Tells whether mail of the accounts may have to be approved.
    pub(crate) fn may_hold(&self) -> bool {
        let holds =
            |rule: &Rule| Stage::OutboundSend.asks(rule) && rule.actions.contains(&Action::Hold);
        self.guard.may_hold() || self.rules.iter().any(holds)
    }

    /// Returns a hash of what limits the accounts by the day, for counters that are kept only under limits. Never 0.
    pub(crate) fn daily_limits_hash(&self) -> i64 {
        let mut hasher = DefaultHasher::new();
        let limit = self.policy.limit(Limit::ReceivedPerDay);
        (self.workspace.0, self.version, limit).hash(&mut hasher);
        hasher.finish() as i64 | 1
    }

    /// Tells whether any rule looks at messages at a stage.
    pub(crate) fn has_rules_at(&self, stage: Stage) -> bool {
        self.rules.iter().any(|rule| stage.asks(rule))
    }
}

/// What held for a recipient's account when it was named, so that it is read once for a message. Says nothing of who the
/// recipient is.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asked(Arc<OnceLock<Arc<Standing>>>);

impl Asked {
    pub(super) fn note(&self, standing: &Arc<Standing>) {
        // Asked twice in one transaction: what was said first holds for it.
        let _ = self.0.set(Arc::clone(standing));
    }

    pub(super) fn get(&self) -> Option<Arc<Standing>> {
        self.0.get().cloned()
    }
}

impl PartialEq for Asked {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Asked {}

/// What was made of workspaces' policies and rules, each for the version that it was made of.
#[derive(Debug, Default)]
pub(crate) struct Standings {
    kept: Mutex<HashMap<Key, (i64, Arc<Standing>)>>,
    of_accounts: Mutex<OfAccounts>,
}

/// What holds for accounts, as it was read in one epoch of the store; see [`posthouse_store::Store::governance_epoch`].
#[derive(Debug, Default)]
struct OfAccounts {
    epoch: u64,
    kept: HashMap<Key, Arc<Standing>>,
}

impl Standings {
    fn get(&self, workspace: Key, version: i64) -> Option<Arc<Standing>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let (of, standing) = kept.get(&workspace)?;
        (*of == version).then(|| Arc::clone(standing))
    }

    fn keep(&self, version: i64, standing: &Arc<Standing>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= STANDINGS_KEPT_MAX && !kept.contains_key(&standing.workspace) {
            kept.clear();
        }
        kept.insert(standing.workspace, (version, Arc::clone(standing)));
    }

    /// Returns what holds for an account, if it was read in this epoch.
    fn of_account(&self, grant: Key, epoch: u64) -> Option<Arc<Standing>> {
        let accounts = self.accounts();
        let is_current = accounts.epoch == epoch;
        accounts
            .kept
            .get(&grant)
            .filter(|_| is_current)
            .map(Arc::clone)
    }

    /// Keeps what was read of an account; `epoch` is of before the reading.
    fn keep_of_account(&self, grant: Key, epoch: u64, standing: &Arc<Standing>) {
        let mut accounts = self.accounts();
        if accounts.epoch > epoch {
            return;
        }
        if accounts.epoch < epoch || accounts.kept.len() >= ACCOUNTS_KEPT_MAX {
            accounts.epoch = epoch;
            accounts.kept.clear();
        }
        accounts.kept.insert(grant, Arc::clone(standing));
    }

    fn accounts(&self) -> MutexGuard<'_, OfAccounts> {
        self.of_accounts
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Mailroom {
    /// Returns what holds for the accounts of a workspace, as it is written now.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`], [`Refusal::Internal`] when it cannot be read: then nothing may be sent or received.
    pub(crate) async fn standing_of(
        &self,
        application: Key,
        workspace: Key,
    ) -> Result<Arc<Standing>, Refusal> {
        let mailroom = self.clone();
        self.store()
            .read(move |tx: &mut dyn Tx| mailroom.standing_in(tx, application, workspace))
            .await
    }

    /// As [`Mailroom::standing_of`], in a transaction.
    pub(crate) fn standing_in(
        &self,
        tx: &mut dyn Tx,
        application: Key,
        workspace: Key,
    ) -> Result<Arc<Standing>, Refusal> {
        let governing = workspaces::governing(tx, application, workspace)?;
        let Some(governing) = governing else {
            return Err(Refusal::Unavailable {
                message: "the account's workspace is gone, nothing was changed".to_owned(),
            });
        };
        let version = governing.version;
        if let Some(standing) = self.inner.standings.get(workspace, version) {
            return Ok(standing);
        }
        let policy = self.effective_of(tx, application, workspace)?;
        let guard = GuardPolicy::compile(&policy.guard)
            .map_err(|name| StoreError::Damaged(format!("the pattern {name} of a policy")))?;
        let rules = self.compiled(tx, application, &governing)?;
        let asked = questions_per_address(&rules, Stage::InboxProcessing);
        let standing = Arc::new(Standing {
            workspace,
            version,
            asks_too_much: asked.saturating_mul(ORDINARY_SENDERS) > LIST_QUESTIONS_MAX,
            policy_id: governing.policy,
            policy: Arc::new(policy),
            guard,
            rules: rules.into(),
        });
        self.inner.standings.keep(version, &standing);
        Ok(standing)
    }

    /// Returns what holds for an account when nothing that governs accounts has changed since it was read; costs no look at
    /// the store.
    pub(super) fn remembered_standing(&self, grant: Key) -> Option<Arc<Standing>> {
        let epoch = self.store().governance_epoch()?;
        self.inner.standings.of_account(grant, epoch)
    }

    /// Remembers what holds for an account. `epoch` is the store's before it was read.
    pub(super) fn remember_standing(
        &self,
        grant: Key,
        epoch: Option<u64>,
        standing: &Arc<Standing>,
    ) {
        if let Some(epoch) = epoch {
            let standings = &self.inner.standings;
            standings.keep_of_account(grant, epoch, standing);
        }
    }

    /// Returns what holds for accounts, in the order in which they are named.
    pub(crate) fn standings_in(
        &self,
        tx: &mut dyn Tx,
        accounts: &[(Key, Key)],
    ) -> Result<Vec<Arc<Standing>>, Refusal> {
        let workspaces = workspaces::of_grants(tx, accounts)?;
        let mut seen: HashMap<Key, Arc<Standing>> = HashMap::new();
        let mut standings = Vec::with_capacity(accounts.len());
        for (application, grant) in accounts {
            let workspace = *workspaces.get(grant).ok_or_else(|| Refusal::Unavailable {
                message: "the account is gone, nothing was changed".to_owned(),
            })?;
            let standing = match seen.get(&workspace) {
                Some(standing) => Arc::clone(standing),
                None => self.standing_in(tx, *application, workspace)?,
            };
            seen.insert(workspace, Arc::clone(&standing));
            standings.push(standing);
        }
        Ok(standings)
    }

    /// Reads the rules of a workspace; one that cannot be read is an error, never a rule less.
    fn compiled(
        &self,
        tx: &mut dyn Tx,
        application: Key,
        governing: &Governing,
    ) -> Result<Vec<Rule>, StoreError> {
        let rows = rules::of_keys(tx, application, &governing.rules)?;
        let mut rules = rows
            .iter()
            .map(|row| self.read_rule(row))
            .collect::<Result<Vec<_>, _>>()?;
        rule::sort(&mut rules);
        Ok(rules)
    }

    fn read_rule(&self, row: &StoredRule) -> Result<Rule, StoreError> {
        let damaged = |why: &str| StoreError::Damaged(format!("rule {}: {why}", row.id.0));
        let value =
            serde_json::from_str(&row.document).map_err(|error| damaged(&error.to_string()))?;
        Rule::from_stored(row.id, row.created_at, &value, self.store().ids())
            .map_err(|fault| damaged(&format!("{}: {}", fault.field, fault.message)))
    }
}
