//! Callback (redirect) URIs of applications.

use posthouse_types::ids::Key;

use crate::StoreError;
use crate::sql::{Row, Tx};

const COLUMNS: &str = "id, url, platform, settings";

/// A callback URI as the store keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallbackUri {
    /// Its key.
    pub id: Key,
    /// The address.
    pub url: String,
    /// `web`, `desktop`, `js`, `ios` or `android`.
    pub platform: String,
    /// What the client sent as settings, as JSON.
    pub settings: Option<String>,
}

/// Adds a callback URI, or finds the one that the application has already; returns the one that is kept.
pub fn insert(
    tx: &mut dyn Tx,
    application: Key,
    uri: &CallbackUri,
) -> Result<CallbackUri, StoreError> {
    tx.execute(
        "INSERT INTO callback_uris (id, application_id, url, platform, settings) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (application_id, platform, url) DO NOTHING",
        &[
            uri.id.into(),
            application.into(),
            (&uri.url).into(),
            (&uri.platform).into(),
            uri.settings.as_ref().into(),
        ],
    )?;
    let sql = format!(
        "SELECT {COLUMNS} FROM callback_uris WHERE application_id = $1 AND platform = $2 AND url = $3"
    );
    tx.query_one(
        &sql,
        &[
            application.into(),
            (&uri.platform).into(),
            (&uri.url).into(),
        ],
        read,
    )
}

/// Returns a callback URI of an application.
pub fn find(tx: &mut dyn Tx, application: Key, id: Key) -> Result<Option<CallbackUri>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM callback_uris WHERE application_id = $1 AND id = $2");
    tx.query_opt(&sql, &[application.into(), id.into()], read)
}

/// Returns all callback URIs of an application, oldest first.
pub fn of_application(tx: &mut dyn Tx, application: Key) -> Result<Vec<CallbackUri>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM callback_uris WHERE application_id = $1 ORDER BY id");
    tx.query(&sql, &[application.into()], read)
}

/// Replaces a callback URI; [`StoreError::Conflict`] when the application has its address and platform already.
pub fn update(tx: &mut dyn Tx, application: Key, uri: &CallbackUri) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE callback_uris SET url = $3, platform = $4, settings = $5 WHERE application_id = $1 AND id = $2",
        &[
            application.into(),
            uri.id.into(),
            (&uri.url).into(),
            (&uri.platform).into(),
            uri.settings.as_ref().into(),
        ],
    )?;
    Ok(())
}

/// Removes a callback URI; tells whether it was there.
pub fn delete(tx: &mut dyn Tx, application: Key, id: Key) -> Result<bool, StoreError> {
    let removed = tx.execute(
        "DELETE FROM callback_uris WHERE application_id = $1 AND id = $2",
        &[application.into(), id.into()],
    )?;
    Ok(removed > 0)
}

fn read(row: &dyn Row) -> Result<CallbackUri, StoreError> {
    Ok(CallbackUri {
        id: row.key(0)?,
        url: row.string(1)?,
        platform: row.string(2)?,
        settings: row.opt_string(3)?,
    })
}
