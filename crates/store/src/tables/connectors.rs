//! Connectors: which providers an application may create accounts of.

use posthouse_types::ids::Key;

use crate::StoreError;
use crate::sql::{Row, Tx};

/// A connector as the store keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connector {
    /// `nylas`.
    pub provider: String,
    /// A name for people.
    pub name: String,
    /// What the client sent as settings, as JSON; without effect.
    pub settings: String,
}

/// Adds a connector unless the application has one of its provider.
pub fn ensure(
    tx: &mut dyn Tx,
    application: Key,
    connector: &Connector,
    now: i64,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO connectors (application_id, provider, name, settings, created_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (application_id, provider) DO NOTHING",
        &[
            application.into(),
            (&connector.provider).into(),
            (&connector.name).into(),
            (&connector.settings).into(),
            now.into(),
        ],
    )?;
    Ok(())
}

/// Returns an application's connector of a provider.
pub fn find(
    tx: &mut dyn Tx,
    application: Key,
    provider: &str,
) -> Result<Option<Connector>, StoreError> {
    tx.query_opt(
        "SELECT provider, name, settings FROM connectors WHERE application_id = $1 AND provider = $2",
        &[application.into(), provider.into()],
        read,
    )
}

/// Returns all connectors of an application.
pub fn of_application(tx: &mut dyn Tx, application: Key) -> Result<Vec<Connector>, StoreError> {
    tx.query(
        "SELECT provider, name, settings FROM connectors WHERE application_id = $1 ORDER BY provider",
        &[application.into()],
        read,
    )
}

/// Replaces a connector's name and settings.
pub fn update(tx: &mut dyn Tx, application: Key, connector: &Connector) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE connectors SET name = $3, settings = $4 WHERE application_id = $1 AND provider = $2",
        &[
            application.into(),
            (&connector.provider).into(),
            (&connector.name).into(),
            (&connector.settings).into(),
        ],
    )?;
    Ok(())
}

/// Removes a connector; tells whether it was there.
pub fn delete(tx: &mut dyn Tx, application: Key, provider: &str) -> Result<bool, StoreError> {
    let removed = tx.execute(
        "DELETE FROM connectors WHERE application_id = $1 AND provider = $2",
        &[application.into(), provider.into()],
    )?;
    Ok(removed > 0)
}

fn read(row: &dyn Row) -> Result<Connector, StoreError> {
    Ok(Connector {
        provider: row.string(0)?,
        name: row.string(1)?,
        settings: row.string(2)?,
    })
}
