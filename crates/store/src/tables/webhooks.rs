//! Webhooks: the destinations that an application wants to be notified at.

use posthouse_types::ids::Key;

use crate::sql::{Row, Tx, placeholders};
use crate::{Param, StoreError};

const COLUMNS: &str = "id, application_id, url, description, trigger_types, secret, status, compressed_delivery,
    notification_emails, scope_type, scope_id, include_junk, status_updated_at, created_at, updated_at";

/// A destination as the store keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Its key; its time is that of its creation.
    pub id: Key,
    /// The application that owns it.
    pub application: Key,
    /// Where notifications go; unique in the application.
    pub url: String,
    /// A text for people.
    pub description: String,
    /// JSON array of the names it subscribes to.
    pub trigger_types: String,
    /// The signing secret, encrypted.
    pub secret: Vec<u8>,
    /// `active`, `pause`, `failing` or `failed`.
    pub status: String,
    /// Whether notifications are compressed.
    pub compressed_delivery: bool,
    /// JSON array of addresses.
    pub notification_emails: String,
    /// Whose events it gets.
    pub scope: WebhookScope,
    /// Whether it hears of messages in Junk.
    pub include_junk: bool,
    /// Unix seconds.
    pub status_updated_at: i64,
    /// Unix seconds.
    pub created_at: i64,
    /// Unix seconds.
    pub updated_at: i64,
}

/// Whose events a destination gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WebhookScope {
    /// All of the application.
    Application,
    /// Those of the accounts in a workspace.
    Workspace(Key),
    /// Those of one account.
    Grant(Key),
}

impl WebhookScope {
    fn stored(self, application: Key) -> (&'static str, Key) {
        match self {
            Self::Application => ("application", application),
            Self::Workspace(workspace) => ("workspace", workspace),
            Self::Grant(grant) => ("grant", grant),
        }
    }

    fn from_stored(kind: &str, id: Key) -> Result<Self, StoreError> {
        match kind {
            "application" => Ok(Self::Application),
            "workspace" => Ok(Self::Workspace(id)),
            "grant" => Ok(Self::Grant(id)),
            other => Err(StoreError::Fault(format!(
                "unknown scope of a webhook: {other}"
            ))),
        }
    }
}

/// Adds a destination; tells whether its URL was free in the application.
pub fn insert(tx: &mut dyn Tx, webhook: &Webhook) -> Result<bool, StoreError> {
    let (scope_type, scope_id) = webhook.scope.stored(webhook.application);
    let inserted = tx.execute(
        "INSERT INTO webhooks (id, application_id, url, description, trigger_types, secret, status,
           compressed_delivery, notification_emails, scope_type, scope_id, include_junk, status_updated_at,
           created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
         ON CONFLICT (application_id, url) DO NOTHING",
        &[
            webhook.id.into(),
            webhook.application.into(),
            (&webhook.url).into(),
            (&webhook.description).into(),
            (&webhook.trigger_types).into(),
            webhook.secret.as_slice().into(),
            (&webhook.status).into(),
            webhook.compressed_delivery.into(),
            (&webhook.notification_emails).into(),
            scope_type.into(),
            scope_id.into(),
            webhook.include_junk.into(),
            webhook.status_updated_at.into(),
            webhook.created_at.into(),
            webhook.updated_at.into(),
        ],
    )?;
    Ok(inserted > 0)
}

/// Tells how many destinations an application has.
pub fn count(tx: &mut dyn Tx, application: Key) -> Result<i64, StoreError> {
    tx.query_one(
        "SELECT CAST(COUNT(*) AS BIGINT) FROM webhooks WHERE application_id = $1",
        &[application.into()],
        |row| row.int(0),
    )
}

/// Tells whether there is any destination at all.
pub fn any(tx: &mut dyn Tx) -> Result<bool, StoreError> {
    let found = tx.query_opt("SELECT id FROM webhooks LIMIT 1", &[], |_| Ok(()))?;
    Ok(found.is_some())
}

/// Returns a destination of an application.
pub fn find(tx: &mut dyn Tx, application: Key, id: Key) -> Result<Option<Webhook>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM webhooks WHERE id = $1 AND application_id = $2");
    tx.query_opt(&sql, &[id.into(), application.into()], read)
}

/// Returns the destination of an application that has a URL.
pub fn by_url(tx: &mut dyn Tx, application: Key, url: &str) -> Result<Option<Key>, StoreError> {
    tx.query_opt(
        "SELECT id FROM webhooks WHERE application_id = $1 AND url = $2",
        &[application.into(), url.into()],
        |row| row.key(0),
    )
}

/// Returns the destinations of some applications, oldest first.
pub fn of_applications(tx: &mut dyn Tx, applications: &[Key]) -> Result<Vec<Webhook>, StoreError> {
    if applications.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT {COLUMNS} FROM webhooks WHERE application_id IN ({}) ORDER BY id",
        placeholders(1, applications.len())
    );
    let params: Vec<Param<'_>> = applications.iter().map(|key| Param::from(*key)).collect();
    tx.query(&sql, &params, read)
}

/// Replaces everything that an update may change; tells whether the destination is still there.
///
/// # Errors
/// [`StoreError::Conflict`] when another destination of the application has the URL.
pub fn update(tx: &mut dyn Tx, webhook: &Webhook) -> Result<bool, StoreError> {
    let updated = tx.execute(
        "UPDATE webhooks SET url = $3, description = $4, trigger_types = $5, status = $6, compressed_delivery = $7,
           notification_emails = $8, status_updated_at = $9, updated_at = $10
         WHERE id = $1 AND application_id = $2",
        &[
            webhook.id.into(),
            webhook.application.into(),
            (&webhook.url).into(),
            (&webhook.description).into(),
            (&webhook.trigger_types).into(),
            (&webhook.status).into(),
            webhook.compressed_delivery.into(),
            (&webhook.notification_emails).into(),
            webhook.status_updated_at.into(),
            webhook.updated_at.into(),
        ],
    )?;
    Ok(updated > 0)
}

/// Replaces the encrypted secret; tells whether the destination is still there.
pub fn set_secret(
    tx: &mut dyn Tx,
    application: Key,
    id: Key,
    secret: &[u8],
    now: i64,
) -> Result<bool, StoreError> {
    let updated = tx.execute(
        "UPDATE webhooks SET secret = $3, updated_at = $4 WHERE id = $1 AND application_id = $2",
        &[id.into(), application.into(), secret.into(), now.into()],
    )?;
    Ok(updated > 0)
}

/// Removes a destination; tells whether it was there. Its deliveries are left to [`super::deliveries`].
pub fn delete(tx: &mut dyn Tx, application: Key, id: Key) -> Result<bool, StoreError> {
    let removed = tx.execute(
        "DELETE FROM webhooks WHERE id = $1 AND application_id = $2",
        &[id.into(), application.into()],
    )?;
    Ok(removed > 0)
}

fn read(row: &dyn Row) -> Result<Webhook, StoreError> {
    Ok(Webhook {
        id: row.key(0)?,
        application: row.key(1)?,
        url: row.string(2)?,
        description: row.string(3)?,
        trigger_types: row.string(4)?,
        secret: row.bytes(5)?.to_vec(),
        status: row.string(6)?,
        compressed_delivery: row.flag(7)?,
        notification_emails: row.string(8)?,
        scope: WebhookScope::from_stored(row.text(9)?, row.key(10)?)?,
        include_junk: row.flag(11)?,
        status_updated_at: row.int(12)?,
        created_at: row.int(13)?,
        updated_at: row.int(14)?,
    })
}
