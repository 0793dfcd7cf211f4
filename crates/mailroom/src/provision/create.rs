//! An account is made: one call, one transaction.

use std::sync::Arc;

use posthouse_rules::policy::Cap;
use posthouse_store::Tx;
use posthouse_store::tables::domains::{self, RegisteredDomain};
use posthouse_store::tables::grants::{self, Grant, NewGrant};
use posthouse_store::tables::{aliases, connectors, folders, workspaces};
use posthouse_types::address::EmailAddress;
use posthouse_types::ids::{Key, Kind};

use super::aliases::{add_all, check_all, lock_all};
use super::changes::note_created;
use super::update::Rewrite;
use super::{AccountStatus, AccountView, domain_of};
use crate::actor::{Actor, GrantRef};
use crate::applications::nylas_connector;
use crate::connectors::check_provider;
use crate::limits::{LOCAL_PART_OCTETS_MAX, PROVISION_ATTEMPTS_MAX};
use crate::names::check_name;
use crate::passwords::AppPassword;
use crate::{Mailroom, Refusal};

/// What a client asks for.
#[derive(Debug, Clone, Default)]
pub struct NewAccount {
    /// Must be `nylas`.
    pub provider: String,
    /// Its display name.
    pub name: Option<String>,
    /// Public id of a workspace; chosen by domain when absent.
    pub workspace_id: Option<String>,
    /// Its address.
    pub email: String,
    /// Opens IMAP and SMTP submission.
    pub app_password: Option<AppPassword>,
    /// `local+anything@` is delivered to it; on by default.
    pub plus_addressing: Option<bool>,
    /// Further addresses; one that is there already gets them beside those it has.
    pub aliases: Vec<String>,
}

/// A request that passed all checks which need no store.
#[derive(Debug)]
struct Checked {
    application: Key,
    email: String,
    workspace: Option<Key>,
    name: Option<String>,
    app_password_hash: Option<String>,
    plus_addressing: Option<bool>,
    aliases: Vec<String>,
    id: Key,
    folders: [Key; 6],
}

enum Outcome {
    Made(AccountView),
    /// It was there before; what was asked for is applied to it.
    Rewritten(AccountView, Key),
    /// Somebody else took the address between two statements.
    Met,
}

impl Mailroom {
    /// Makes an account, or applies what is asked for to the one that the application has at the address.
    ///
    /// Checks come in the order in which they are documented: the request itself, the domain, the owner of the address.
    ///
    /// # Errors
    /// [`Refusal::NotSupported`], [`Refusal::Invalid`], [`Refusal::InvalidReference`], [`Refusal::DomainNotFound`],
    /// [`Refusal::Conflict`] for an address of another application; [`Refusal::Unavailable`] when too many passwords are
    /// being set.
    pub async fn create_account(
        &self,
        actor: &Actor,
        new: NewAccount,
    ) -> Result<AccountView, Refusal> {
        actor.require_whole_application()?;
        let password = new.app_password.clone();
        let mut checked = self.check_new(actor, new)?;
        if let Some(password) = password {
            // A hash costs tens of milliseconds: not for a request that is refused anyway.
            checked = self.check_first(checked).await?;
            let cost = self.config().bcrypt_cost;
            checked.app_password_hash =
                Some(self.inner.tenancy.passwords.hash(password, cost).await?);
        }
        let checked = Arc::new(checked);
        for _ in 0..PROVISION_ATTEMPTS_MAX {
            let (mailroom, wanted) = (self.clone(), Arc::clone(&checked));
            let outcome = self
                .store()
                .write(move |tx| mailroom.provision(tx, &wanted))
                .await?;
            match outcome {
                Outcome::Made(account) => {
                    metrics::counter!("posthouse_mailroom_accounts_made_total").increment(1);
                    return Ok(account);
                }
                Outcome::Rewritten(account, id) => {
                    self.inner.tenancy.forget_accounts(&[id]);
                    self.inner.recipients.forget(|_, _| true);
                    return Ok(account);
                }
                Outcome::Met => {}
            }
        }
        Err(Refusal::Unavailable {
            message: "the address is being fought over, nothing was changed".to_owned(),
        })
    }

    fn check_new(&self, actor: &Actor, new: NewAccount) -> Result<Checked, Refusal> {
        check_provider(&new.provider)?;
        if let Some(name) = &new.name {
            check_name("name", name)?;
        }
        let email = check_address(&new.email)?;
        if let Some(password) = &new.app_password {
            password.check("settings.app_password")?;
        }
        let aliases = check_all(&new.aliases, &email)?;
        let workspace = match new.workspace_id.as_deref() {
            Some(id) => Some(
                self.open_id(Kind::Workspace, id)
                    .map_err(|_| no_such_workspace())?,
            ),
            None => None,
        };
        Ok(Checked {
            application: actor.application,
            email,
            workspace,
            name: new.name,
            app_password_hash: None,
            plus_addressing: new.plus_addressing,
            aliases,
            id: self.store().new_key(),
            folders: std::array::from_fn(|_| self.store().new_key()),
        })
    }

    async fn check_first(&self, checked: Checked) -> Result<Checked, Refusal> {
        self.store()
            .read(move |tx: &mut dyn Tx| {
                check_workspace(tx, &checked)?;
                check_domain(tx, &checked)?;
                check_owner(tx, &checked)?;
                Ok(checked)
            })
            .await
    }

    fn provision(&self, tx: &mut dyn Tx, wanted: &Checked) -> Result<Outcome, Refusal> {
        lock_all(tx, &wanted.email, &wanted.aliases)?;
        check_workspace(tx, wanted)?;
        let domain = check_domain(tx, wanted)?;
        let status = if domain.ownership_failed() {
            AccountStatus::Invalid
        } else {
            AccountStatus::Valid
        };
        if let Some(existing) = check_owner(tx, wanted)? {
            let rewrite = Rewrite {
                name: wanted.name.clone(),
                workspace: wanted.workspace,
                plus_addressing: wanted.plus_addressing,
                app_password_hash: wanted.app_password_hash.clone().map(Some),
            };
            let Some(after) = self.rewrite(tx, wanted.application, existing.id, &rewrite)? else {
                return Ok(Outcome::Met);
            };
            add_all(
                tx,
                wanted.application,
                after.id,
                &wanted.aliases,
                self.now_seconds(),
            )?;
            return Ok(Outcome::Rewritten(
                self.view_account(&after, status),
                after.id,
            ));
        }
        let Some(grant) = self.insert_account(tx, wanted)? else {
            return Ok(Outcome::Met);
        };
        add_all(
            tx,
            wanted.application,
            grant.id,
            &wanted.aliases,
            self.now_seconds(),
        )?;
        Ok(Outcome::Made(self.view_account(&grant, status)))
    }

    /// Returns the workspace of a new account, which stays until the transaction ends.
    fn place(&self, tx: &mut dyn Tx, wanted: &Checked) -> Result<Key, Refusal> {
        let application = wanted.application;
        if let Some(named) = wanted.workspace {
            return match workspaces::hold(tx, application, named)? {
                true => Ok(named),
                false => Err(no_such_workspace()),
            };
        }
        let place = workspaces::for_domain(tx, application, domain_of(&wanted.email))?
            .ok_or(Refusal::Unauthorized)?;
        if workspaces::hold(tx, application, place)? {
            return Ok(place);
        }
        // Deleted while we looked; the default one never is.
        workspaces::default_of(tx, application)?.ok_or(Refusal::Unauthorized)
    }

    fn insert_account(&self, tx: &mut dyn Tx, wanted: &Checked) -> Result<Option<Grant>, Refusal> {
        let workspace = self.place(tx, wanted)?;
        self.check_cap(Cap::Accounts, "Account", |most| {
            // Two that are made at once wait for each other: the last place is taken once.
            aliases::lock_address(tx, "")?;
            grants::count_up_to(tx, most)
        })?;
        let now = self.now_seconds();
        let new = NewGrant {
            id: wanted.id,
            application: wanted.application,
            workspace,
            email: &wanted.email,
            name: wanted.name.as_deref().unwrap_or_default(),
            app_password_hash: wanted.app_password_hash.as_deref(),
            plus_addressing: wanted.plus_addressing.unwrap_or(true),
            now,
        };
        if !grants::insert(tx, &new)? {
            return Ok(None);
        }
        connectors::ensure(tx, wanted.application, &nylas_connector(), now)?;
        folders::create_system_folders(tx, wanted.application, wanted.id, &wanted.folders, now)?;
        let grant = Grant {
            id: new.id,
            application: new.application,
            workspace: new.workspace,
            email: new.email.to_owned(),
            name: new.name.to_owned(),
            has_app_password: new.app_password_hash.is_some(),
            plus_addressing: new.plus_addressing,
            suspended_inbound: None,
            suspended_reason: None,
            last_activity_at: None,
            created_at: now,
            updated_at: now,
            storage_used: 0,
        };
        note_created(tx, self, &grant)?;
        let account = GrantRef {
            application: grant.application,
            grant: grant.id,
            email: grant.email.clone(),
        };
        self.equip_account(tx, &account, workspace)?;
        Ok(Some(grant))
    }
}

/// Reads the address of an account: a plain ASCII one without a plus part, in lower case.
fn check_address(text: &str) -> Result<String, Refusal> {
    let wrong = |message: &str| Refusal::invalid("settings.email", message);
    if text.is_empty() {
        return Err(wrong("required"));
    }
    let address = EmailAddress::parse_strict(text).map_err(|error| wrong(&error.to_string()))?;
    let local = address.local();
    if !local.is_ascii() {
        return Err(wrong("expected ASCII before the @"));
    }
    if local.contains('+') {
        return Err(wrong("must not contain + before the @")
            .with_fix("create the plain address: mail to local+anything reaches it too"));
    }
    if local.len() > LOCAL_PART_OCTETS_MAX {
        return Err(wrong("expected at most 64 characters before the @"));
    }
    Ok(address.folded())
}

fn check_workspace(tx: &mut dyn Tx, wanted: &Checked) -> Result<(), Refusal> {
    let Some(workspace) = wanted.workspace else {
        return Ok(());
    };
    match workspaces::find(tx, wanted.application, workspace)? {
        Some(_) => Ok(()),
        None => Err(no_such_workspace()),
    }
}

/// Returns the registered domain that the application may use for the address. One that belongs to another application
/// looks as if it were not registered.
fn check_domain(tx: &mut dyn Tx, wanted: &Checked) -> Result<RegisteredDomain, Refusal> {
    let name = domain_of(&wanted.email);
    domains::covering(tx, name)?
        .filter(|domain| domain.serves(wanted.application))
        .ok_or_else(|| Refusal::DomainNotFound {
            domain: name.to_owned(),
        })
}

/// Returns the application's own account at the address, if it has one. An alias is nobody's account.
fn check_owner(tx: &mut dyn Tx, wanted: &Checked) -> Result<Option<Grant>, Refusal> {
    if aliases::owner(tx, &wanted.email)?.is_some() {
        return Err(Refusal::Conflict {
            message: "address is already in use".to_owned(),
        });
    }
    let owner = grants::by_email(tx, &wanted.email)?;
    match owner {
        Some(grant) if grant.application != wanted.application => Err(Refusal::Conflict {
            message: "address is already in use".to_owned(),
        }),
        other => Ok(other),
    }
}

pub(super) fn no_such_workspace() -> Refusal {
    Refusal::InvalidReference {
        field: "workspace_id".to_owned(),
        message: "workspace_id names no workspace of this application".to_owned(),
    }
}
