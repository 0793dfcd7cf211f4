//! Receipts: deliveries whose acceptance the peer has not shown to have read.

use posthouse_types::ids::Key;

use crate::StoreError;
use crate::sql::Tx;

/// Leaves a receipt for a delivery whose first message is `message`.
pub fn leave(tx: &mut dyn Tx, message: Key, digest: i64) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO receipts (message_id, digest) VALUES ($1, $2)",
        &[message.into(), digest.into()],
    )?;
    Ok(())
}

/// Drops a receipt: the peer went on, so it has read the acceptance.
pub fn drop_one(tx: &mut dyn Tx, message: Key) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM receipts WHERE message_id = $1",
        &[message.into()],
    )?;
    Ok(())
}

/// Returns the first message of an earlier delivery of the same blob with the same digest, not older than `oldest`.
pub fn find(
    tx: &mut dyn Tx,
    blob: Key,
    digest: i64,
    oldest: Key,
) -> Result<Option<Key>, StoreError> {
    tx.query_opt(
        "SELECT receipts.message_id FROM messages JOIN receipts ON receipts.message_id = messages.id
         WHERE messages.blob_id = $1 AND receipts.digest = $2 AND receipts.message_id >= $3 LIMIT 1",
        &[blob.into(), digest.into(), oldest.into()],
        |row| row.key(0),
    )
}

/// Drops receipts older than `oldest`, up to `limit` of them; returns how many.
pub fn expire(tx: &mut dyn Tx, oldest: Key, limit: i64) -> Result<u64, StoreError> {
    tx.execute(
        "DELETE FROM receipts WHERE message_id IN
           (SELECT message_id FROM receipts WHERE message_id < $1 ORDER BY message_id LIMIT $2)",
        &[oldest.into(), limit.into()],
    )
}
