//! What the installation is: its organisation and its id secret, made once; and the node numbers of its processes.

use posthouse_types::ids::{Key, KeyMaker, NODE_MAX};
use rand::RngCore;

use crate::sql::Tx;
use crate::{Param, StoreError};

/// The one row of the installation.
#[derive(Debug, Clone)]
pub struct Installation {
    /// The organisation every application belongs to.
    pub organization: Key,
    /// Seals public ids; see `posthouse_types::ids`.
    pub id_secret: [u8; 16],
}

/// Returns the installation, making it on first start.
pub fn ensure(tx: &mut dyn Tx, now_ms: i64) -> Result<Installation, StoreError> {
    let mut secret = [0_u8; 16];
    rand::rng().fill_bytes(&mut secret);
    let organization = KeyMaker::new(0).next(now_ms);
    tx.execute(
        "INSERT INTO installation (id, organization_id, id_secret, starts, created_at) VALUES (1, $1, $2, 0, $3)
         ON CONFLICT (id) DO NOTHING",
        &[organization.into(), Param::Bytes(&secret), Param::Int(now_ms / 1_000)],
    )?;
    tx.query_one(
        "SELECT organization_id, id_secret FROM installation WHERE id = 1",
        &[],
        |row| {
            let id_secret = <[u8; 16]>::try_from(row.bytes(1)?)
                .map_err(|_| StoreError::Fault("the id secret has the wrong length".to_owned()))?;
            Ok(Installation {
                organization: row.key(0)?,
                id_secret,
            })
        },
    )
}

/// Returns the node number for the keys of a process that starts now.
///
/// Numbers go round: only a process that outlives 255 later starts could meet its own number again, and then the
/// schema's primary keys refuse the clash.
pub fn take_node(tx: &mut dyn Tx) -> Result<u8, StoreError> {
    let starts = tx.query_one(
        "UPDATE installation SET starts = starts + 1 WHERE id = 1 RETURNING starts",
        &[],
        |row| row.int(0),
    )?;
    Ok((starts % (i64::from(NODE_MAX) + 1)) as u8)
}
