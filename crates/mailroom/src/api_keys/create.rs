//! A new API key.

use posthouse_store::Tx;
use posthouse_store::tables::api_keys::{self, ApiKey, KeyScope};
use posthouse_store::tables::{applications, grants, workspaces};
use posthouse_types::ids::{Key, Kind};

use super::{ApiKeyView, KeyText};
use crate::audit::Object;
use crate::limits::KEY_DAYS_MAX;
use crate::names::check_name;
use crate::{Mailroom, Refusal};

const SECONDS_PER_DAY: i64 = 86_400;

/// What a client asks for.
#[derive(Debug, Clone, Default)]
pub struct NewApiKey {
    /// A name for people.
    pub name: String,
    /// Days until it expires; 0 or `None` for never.
    pub expires_in_days: Option<i64>,
    /// What it may reach; the whole application by default.
    pub scope: Option<NewScope>,
    /// May read only.
    pub read_only: bool,
    /// Gets the operator's permission.
    pub admin: bool,
}

/// The scope a client asks for.
#[derive(Debug, Clone)]
pub struct NewScope {
    /// `application`, `workspace` or `grant`.
    pub kind: String,
    /// Public id of that object; may be left out for `application`.
    pub id: Option<String>,
}

/// A key that was just made.
#[derive(Debug, Clone)]
pub struct CreatedApiKey {
    /// What every later look shows.
    pub key: ApiKeyView,
    /// The key itself, which nothing shows again.
    pub text: String,
}

impl Mailroom {
    /// Makes an API key of an application, which an operator names by its public id.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] for an application that does not exist, [`Refusal::Invalid`] and
    /// [`Refusal::InvalidReference`] for what does not fit.
    pub async fn create_api_key(
        &self,
        application_id: &str,
        new: NewApiKey,
    ) -> Result<CreatedApiKey, Refusal> {
        let application = self.open_id(Kind::Application, application_id)?;
        check_name("name", &new.name)?;
        let now = self.now_seconds();
        let scope = self.open_scope(application, new.scope.as_ref())?;
        if new.admin && (new.read_only || scope != KeyScope::Application) {
            return Err(Refusal::invalid(
                "admin",
                "only a key for the whole application that may write can be an admin key",
            ));
        }
        let text = KeyText::random();
        let key = ApiKey {
            id: self.store().new_key(),
            application,
            name: new.name,
            digest: text.digest(),
            prefix: text.shown_part().to_owned(),
            read_only: new.read_only,
            admin: new.admin,
            scope,
            expires_at: expiry(new.expires_in_days, now)?,
            revoked_at: None,
            last_used_at: None,
            created_at: now,
            updated_at: now,
        };
        let (mailroom, row) = (self.clone(), key.clone());
        self.store()
            .write(move |tx| {
                applications::find(tx, row.application)?.ok_or(Refusal::NotFound)?;
                check_scope(tx, row.application, row.scope)?;
                api_keys::insert(tx, &row)?;
                let object = Object::Row(Kind::ApiKey, row.id);
                Ok::<_, Refusal>(mailroom.audit_done(
                    tx,
                    row.application,
                    "api_key.create",
                    object,
                )?)
            })
            .await?;
        Ok(CreatedApiKey {
            key: self.view_api_key(&key),
            text: text.reveal(),
        })
    }

    fn open_scope(&self, application: Key, scope: Option<&NewScope>) -> Result<KeyScope, Refusal> {
        let Some(scope) = scope else {
            return Ok(KeyScope::Application);
        };
        let open = |kind: Kind| {
            let id = scope.id.as_deref().unwrap_or_default();
            self.open_id(kind, id).map_err(|_| no_such_scope())
        };
        match scope.kind.as_str() {
            "application" if scope.id.is_none() => Ok(KeyScope::Application),
            "application" if open(Kind::Application)? == application => Ok(KeyScope::Application),
            "application" => Err(no_such_scope()),
            "workspace" => open(Kind::Workspace).map(KeyScope::Workspace),
            "grant" => open(Kind::Grant).map(KeyScope::Grant),
            _ => Err(Refusal::invalid(
                "scope.type",
                "expected one of application, workspace, grant",
            )),
        }
    }
}

/// Returns the row of an operator's key for the whole application.
pub(crate) fn operator_key(id: Key, application: Key, text: &KeyText, now: i64) -> ApiKey {
    ApiKey {
        id,
        application,
        name: "First key".to_owned(),
        digest: text.digest(),
        prefix: text.shown_part().to_owned(),
        read_only: false,
        admin: true,
        scope: KeyScope::Application,
        expires_at: None,
        revoked_at: None,
        last_used_at: None,
        created_at: now,
        updated_at: now,
    }
}

fn check_scope(tx: &mut dyn Tx, application: Key, scope: KeyScope) -> Result<(), Refusal> {
    let exists = match scope {
        KeyScope::Application => true,
        KeyScope::Workspace(workspace) => workspaces::find(tx, application, workspace)?.is_some(),
        KeyScope::Grant(grant) => grants::find(tx, application, grant)?.is_some(),
    };
    if exists { Ok(()) } else { Err(no_such_scope()) }
}

fn no_such_scope() -> Refusal {
    Refusal::InvalidReference {
        field: "scope.id".to_owned(),
        message: "scope.id names nothing in this application".to_owned(),
    }
}

fn expiry(days: Option<i64>, now: i64) -> Result<Option<i64>, Refusal> {
    match days {
        None | Some(0) => Ok(None),
        Some(days @ 1..=KEY_DAYS_MAX) => Ok(Some(now + days * SECONDS_PER_DAY)),
        Some(_) => Err(Refusal::invalid(
            "expires_in",
            "expected a number of days up to a hundred years, or 0 for never",
        )),
    }
}
