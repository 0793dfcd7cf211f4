//! Replies of accounts within the spans of the loop budget, and which threads and pairs are stopped.

use posthouse_types::ids::{IdCodec, Key};

use crate::sql::{Tx, placeholders};
use crate::{Param, StoreError};

/// What replies are counted by. The numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReplyPeer {
    /// A thread of the account.
    Thread(Key),
    /// An address that gets them, by its keyed hash.
    Address(i64),
}

impl ReplyPeer {
    /// Returns what replies to a folded address are counted by.
    #[must_use]
    pub fn address(codec: &IdCodec, folded: &str) -> Self {
        Self::Address(codec.authenticate("reply_peer", folded.as_bytes()) as i64)
    }

    fn stored(self) -> (i64, i64) {
        match self {
            Self::Thread(key) => (0, key.0),
            Self::Address(hash) => (1, hash),
        }
    }
}

/// Counts replies since a time, exclusive; for those peers only that have any.
pub fn count_since(
    tx: &mut dyn Tx,
    grant: Key,
    peers: &[ReplyPeer],
    since_us: i64,
) -> Result<Vec<(ReplyPeer, i64)>, StoreError> {
    let mut counted = Vec::new();
    for kind in [0, 1] {
        let of_kind: Vec<i64> = peers
            .iter()
            .map(|peer| peer.stored())
            .filter(|stored| stored.0 == kind)
            .map(|stored| stored.1)
            .collect();
        if of_kind.is_empty() {
            continue;
        }
        let sql = format!(
            "SELECT peer, COUNT(*) FROM reply_counts
             WHERE grant_id = $1 AND kind = $2 AND peer IN ({}) AND at_us > $3 GROUP BY peer",
            placeholders(4, of_kind.len())
        );
        let mut params: Vec<Param<'_>> = vec![grant.into(), kind.into(), since_us.into()];
        params.extend(of_kind.into_iter().map(Param::Int));
        counted.extend(tx.query(&sql, &params, |row| {
            let peer = match kind {
                0 => ReplyPeer::Thread(row.key(0)?),
                _ => ReplyPeer::Address(row.int(0)?),
            };
            Ok((peer, row.int(1)?))
        })?);
    }
    Ok(counted)
}

/// Returns when the reply happened before which so many newer ones did; `None` when there are not that many.
pub fn nth_newest(
    tx: &mut dyn Tx,
    grant: Key,
    peer: ReplyPeer,
    newer: i64,
) -> Result<Option<i64>, StoreError> {
    let (kind, peer) = peer.stored();
    tx.query_opt(
        "SELECT at_us FROM reply_counts WHERE grant_id = $1 AND kind = $2 AND peer = $3
         ORDER BY at_us DESC LIMIT 1 OFFSET $4",
        &[grant.into(), kind.into(), peer.into(), newer.into()],
        |row| row.int(0),
    )
}

/// Notes a reply for each of its peers.
pub fn note(
    tx: &mut dyn Tx,
    grant: Key,
    peers: &[ReplyPeer],
    message: Key,
    at_us: i64,
) -> Result<(), StoreError> {
    for peer in peers {
        let (kind, peer) = peer.stored();
        tx.execute(
            "INSERT INTO reply_counts (grant_id, kind, peer, at_us, message_id) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT DO NOTHING",
            &[
                grant.into(),
                kind.into(),
                peer.into(),
                at_us.into(),
                message.into(),
            ],
        )?;
    }
    Ok(())
}

/// Notes that a peer is stopped until a time; tells whether it was not before.
pub fn stop(
    tx: &mut dyn Tx,
    grant: Key,
    peer: ReplyPeer,
    now_us: i64,
    until_us: i64,
) -> Result<bool, StoreError> {
    let (kind, peer) = peer.stored();
    let stopped = tx.query_opt(
        "SELECT until_us FROM reply_stops WHERE grant_id = $1 AND kind = $2 AND peer = $3",
        &[grant.into(), kind.into(), peer.into()],
        |row| row.int(0),
    )?;
    // What goes on is told once; a row is written again only when half of its time is over.
    if stopped.is_some_and(|until| until - now_us > (until_us - now_us) / 2) {
        return Ok(false);
    }
    tx.execute(
        "INSERT INTO reply_stops (grant_id, kind, peer, until_us) VALUES ($1, $2, $3, $4)
         ON CONFLICT (grant_id, kind, peer) DO UPDATE SET until_us = excluded.until_us",
        &[grant.into(), kind.into(), peer.into(), until_us.into()],
    )?;
    Ok(stopped.is_none_or(|until| until <= now_us))
}

/// Removes what happened before a time, up to `limit` rows of each kind; tells whether more may be left.
pub fn expire(
    tx: &mut dyn Tx,
    before_us: i64,
    now_us: i64,
    limit: i64,
) -> Result<bool, StoreError> {
    let counts = tx.execute(
        "DELETE FROM reply_counts WHERE (grant_id, kind, peer, at_us, message_id) IN
           (SELECT grant_id, kind, peer, at_us, message_id FROM reply_counts WHERE at_us < $1 ORDER BY at_us LIMIT $2)",
        &[before_us.into(), limit.into()],
    )?;
    let stops = tx.execute(
        "DELETE FROM reply_stops WHERE (grant_id, kind, peer) IN
           (SELECT grant_id, kind, peer FROM reply_stops WHERE until_us < $1 ORDER BY until_us LIMIT $2)",
        &[now_us.into(), limit.into()],
    )?;
    Ok(counts.max(stops) >= limit.unsigned_abs())
}
