//! API keys as they are shown: never the key itself.

use posthouse_store::Tx;
use posthouse_store::tables::api_keys::{self, ApiKey, KeyScope};
use posthouse_store::tables::applications;
use posthouse_types::ids::Kind;

use crate::{Mailroom, Refusal};

/// Whether a key works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each variant is the API's word")]
pub enum ApiKeyStatus {
    Active,
    Revoked,
    Expired,
}

impl ApiKeyStatus {
    /// Returns the API's word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Revoked => "revoked",
            Self::Expired => "expired",
        }
    }
}

/// What a key may reach, as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScopeView {
    /// `application`, `workspace` or `grant`.
    pub kind: &'static str,
    /// Public id of that object.
    pub id: String,
}

/// An API key as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKeyView {
    /// Public id.
    pub id: String,
    /// Public id of its application.
    pub application_id: String,
    /// A name for people.
    pub name: String,
    /// The first characters of the key.
    pub prefix: String,
    /// `read`, `write`, `admin`: what it may do.
    pub permissions: Vec<&'static str>,
    /// What it may reach.
    pub scope: ScopeView,
    /// May read only.
    pub read_only: bool,
    /// Whether it works.
    pub status: ApiKeyStatus,
    /// Unix seconds.
    pub created_at: i64,
    /// Unix seconds.
    pub updated_at: i64,
    /// Unix seconds from which it is refused; `None` for never.
    pub expires_at: Option<i64>,
    /// Unix seconds, exact to about a minute.
    pub last_used_at: Option<i64>,
}

impl Mailroom {
    /// Lists the API keys of an application, oldest first, those that no longer work too.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] for an application that does not exist.
    pub async fn list_api_keys(&self, application_id: &str) -> Result<Vec<ApiKeyView>, Refusal> {
        let application = self.open_id(Kind::Application, application_id)?;
        let rows = self
            .store()
            .read(move |tx: &mut dyn Tx| {
                applications::find(tx, application)?.ok_or(Refusal::NotFound)?;
                Ok::<_, Refusal>(api_keys::of_application(tx, application)?)
            })
            .await?;
        Ok(rows.iter().map(|row| self.view_api_key(row)).collect())
    }

    /// Returns an API key of an application.
    ///
    /// # Errors
    /// [`Refusal::NotFound`].
    pub async fn get_api_key(
        &self,
        application_id: &str,
        api_key_id: &str,
    ) -> Result<ApiKeyView, Refusal> {
        let application = self.open_id(Kind::Application, application_id)?;
        let id = self.open_id(Kind::ApiKey, api_key_id)?;
        let found = self
            .store()
            .read(move |tx: &mut dyn Tx| api_keys::find(tx, application, id))
            .await;
        let row = found.map_err(Refusal::from)?.ok_or(Refusal::NotFound)?;
        Ok(self.view_api_key(&row))
    }

    pub(crate) fn view_api_key(&self, row: &ApiKey) -> ApiKeyView {
        let (kind, id) = match row.scope {
            KeyScope::Application => (
                "application",
                self.public_id(Kind::Application, row.application),
            ),
            KeyScope::Workspace(key) => ("workspace", self.public_id(Kind::Workspace, key)),
            KeyScope::Grant(key) => ("grant", self.public_id(Kind::Grant, key)),
        };
        ApiKeyView {
            id: self.public_id(Kind::ApiKey, row.id),
            application_id: self.public_id(Kind::Application, row.application),
            name: row.name.clone(),
            prefix: row.prefix.clone(),
            permissions: permissions(row),
            scope: ScopeView { kind, id },
            read_only: row.read_only,
            status: status(row, self.now_seconds()),
            created_at: row.created_at,
            updated_at: row.updated_at,
            expires_at: row.expires_at,
            last_used_at: row.last_used_at,
        }
    }
}

fn permissions(row: &ApiKey) -> Vec<&'static str> {
    if row.read_only {
        return vec!["read"];
    }
    if row.admin {
        return vec!["admin", "read", "write"];
    }
    vec!["read", "write"]
}

fn status(row: &ApiKey, now: i64) -> ApiKeyStatus {
    if row.revoked_at.is_some() {
        return ApiKeyStatus::Revoked;
    }
    if row.expires_at.is_some_and(|expiry| expiry <= now) {
        return ApiKeyStatus::Expired;
    }
    ApiKeyStatus::Active
}
