//! First start: what every installation has before the first request.

use posthouse_store::engine::Dialect;
use posthouse_store::tables::applications::{self, Application};
use posthouse_store::tables::domains::{self, RegisteredDomain, Verified};
use posthouse_store::tables::workspaces::{self, Workspace};
use posthouse_store::tables::{api_keys, connectors};
use posthouse_store::{StoreError, Tx};
use posthouse_types::domain::Domain;
use posthouse_types::ids::{Key, Kind};

use crate::api_keys::{KeyText, operator_key};
use crate::applications::{Settings, environment, nylas_connector};
use crate::{Mailroom, Refusal};

/// What an installation has after its first start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bootstrap {
    /// Public id of the organisation.
    pub organization_id: String,
    /// Public id of the first application.
    pub application_id: String,
    /// Public id of that application's default workspace.
    pub default_workspace_id: String,
    /// The base of trial domains, if there is one.
    pub trial_domain: Option<String>,
    /// An API key with the operator's permission, when this call has made it; nothing shows it again.
    pub first_key: Option<String>,
}

/// The keys of the rows that a first start makes, chosen before its transaction.
#[derive(Debug, Clone, Copy)]
struct NewRows {
    application: Key,
    workspace: Key,
    api_key: Key,
    domain: Key,
}

impl Mailroom {
    /// Makes what an installation needs and does not have yet: application, default workspace, connector, API key, trial
    /// domain. May be called at every start, by several processes at once.
    ///
    /// `dev_key` is for development mode only: a key that an earlier start handed over. It works after this call as it
    /// did before; without it, or when it was revoked, a new one is made.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] when the trial domain is no domain; [`Refusal::Unavailable`] when the store is.
    pub async fn bootstrap(&self, dev_key: Option<String>) -> Result<Bootstrap, Refusal> {
        let trial_domain = self.trial_base()?.map(|base| base.as_str().to_owned());
        let offered = dev_key.as_deref().and_then(KeyText::parse);
        let rows = NewRows {
            application: self.store().new_key(),
            workspace: self.store().new_key(),
            api_key: self.store().new_key(),
            domain: self.store().new_key(),
        };
        let (mailroom, trial) = (self.clone(), trial_domain.clone());
        let (application, first_key) = self
            .store()
            .write(move |tx| mailroom.ensure_installed(tx, rows, trial.as_deref(), offered))
            .await?;
        Ok(Bootstrap {
            organization_id: self.public_id(Kind::Organization, self.store().organization()),
            application_id: self.public_id(Kind::Application, application.id),
            default_workspace_id: self.public_id(Kind::Workspace, application.default_workspace),
            trial_domain,
            first_key: first_key.map(|key| key.reveal()),
        })
    }

    /// Returns the base of trial domains in canonical form.
    pub(crate) fn trial_base(&self) -> Result<Option<Domain>, Refusal> {
        let Some(base) = &self.config().trial_domain else {
            return Ok(None);
        };
        let domain = Domain::parse(base).map_err(|error| {
            Refusal::invalid("trial_domain", format!("`{base}` is no domain: {error}"))
        })?;
        Ok(Some(domain))
    }

    fn ensure_installed(
        &self,
        tx: &mut dyn Tx,
        rows: NewRows,
        trial_domain: Option<&str>,
        offered: Option<KeyText>,
    ) -> Result<(Application, Option<KeyText>), StoreError> {
        let now = self.now_seconds();
        // Of two processes that start at once, the second finds what the first has made.
        Dialect::lock_grant(tx, self.store().organization())?;
        if let Some(base) = trial_domain {
            domains::insert(tx, &trial_domain_row(rows.domain, base, base, now))?;
        }
        if let Some(application) = applications::oldest(tx)? {
            let key = match self.config().dev {
                true => ensure_dev_key(tx, application.id, rows.api_key, offered, now)?,
                false => None,
            };
            return Ok((application, key));
        }
        let application = Application {
            id: rows.application,
            name: "Posthouse".to_owned(),
            region: self.config().region.clone(),
            environment: environment(self.config()).to_owned(),
            default_workspace: rows.workspace,
            settings: Settings::default().to_json(),
            created_at: now,
            updated_at: now,
        };
        insert_application(tx, &application)?;
        let text = offered.unwrap_or_else(KeyText::random);
        api_keys::insert(tx, &operator_key(rows.api_key, application.id, &text, now))?;
        tracing::info!(application.id = %self.public_id(Kind::Application, application.id), "made the first application");
        Ok((application, Some(text)))
    }
}

/// Adds an application with its default workspace and connector.
pub(crate) fn insert_application(
    tx: &mut dyn Tx,
    application: &Application,
) -> Result<(), StoreError> {
    applications::insert(tx, application)?;
    let workspace = Workspace {
        id: application.default_workspace,
        application: application.id,
        name: "Default".to_owned(),
        domain: None,
        auto_group: false,
        is_default: true,
        created_at: application.created_at,
        updated_at: application.created_at,
        policy: None,
        rules: Vec::new(),
    };
    workspaces::insert(tx, &workspace)?;
    connectors::ensure(
        tx,
        application.id,
        &nylas_connector(),
        application.created_at,
    )
}

/// Returns the row of a trial domain: it needs no DNS, so everything about it is verified.
pub(crate) fn trial_domain_row(id: Key, address: &str, name: &str, now: i64) -> RegisteredDomain {
    RegisteredDomain {
        id,
        address: address.to_owned(),
        name: name.to_owned(),
        application: None,
        branded: true,
        include_subdomains: false,
        catch_all_grant: None,
        verified: Verified::ALL,
        last_checked_at: Some(now),
        created_at: now,
        updated_at: now,
        ownership_checked_at: None,
        source_addresses: Vec::new(),
        warm_up: None,
    }
}

/// Sees to it that development mode has a key that works; returns it when it had to be made.
fn ensure_dev_key(
    tx: &mut dyn Tx,
    application: Key,
    id: Key,
    offered: Option<KeyText>,
    now: i64,
) -> Result<Option<KeyText>, StoreError> {
    let mut text = offered.unwrap_or_else(KeyText::random);
    if let Some(known) = api_keys::by_digest(tx, &text.digest())? {
        let expired = known.expires_at.is_some_and(|expiry| expiry <= now);
        if known.revoked_at.is_none() && !expired {
            return Ok(None);
        }
        text = KeyText::random();
    }
    api_keys::insert(tx, &operator_key(id, application, &text, now))?;
    Ok(Some(text))
}
