//! Accounts change workspace: one by one in a transaction, each with its change in the log.

use posthouse_store::Tx;
use posthouse_store::engine::Dialect;
use posthouse_store::tables::grants::{self, Identity};
use posthouse_store::tables::{usage, workspaces};
use posthouse_types::ids::Key;

use crate::policies::reference;
use crate::provision::note_updated;
use crate::{Mailroom, Refusal};

impl Mailroom {
    /// Moves accounts, in the order of their keys so that two such transactions never wait for each other in a circle.
    ///
    /// Accounts that are in the workspace already stay as they are. Returns those that moved; the caller forgets them
    /// once the transaction is committed.
    pub(crate) fn move_accounts(
        &self,
        tx: &mut dyn Tx,
        moves: &mut [(Identity, Key)],
    ) -> Result<Vec<Key>, Refusal> {
        moves.sort_unstable_by_key(|(account, _)| account.id);
        for (account, _) in moves.iter() {
            Dialect::lock_grant(tx, account.id)?;
        }
        hold_targets(tx, moves)?;
        let mut moved = Vec::with_capacity(moves.len());
        for (account, to) in moves.iter() {
            // Deleted or moved while we waited for it.
            let now_there = grants::find(tx, account.application, account.id)?;
            let Some(grant) = now_there.filter(|grant| grant.workspace != *to) else {
                continue;
            };
            grants::move_to(tx, grant.id, *to, self.now_seconds())?;
            usage::doubt_received(tx, grant.id)?;
            note_updated(tx, self, &grant)?;
            self.equip_account(tx, &reference(account), *to)?;
            moved.push(grant.id);
        }
        Ok(moved)
    }
}

/// Keeps the workspaces that accounts go to from being deleted meanwhile.
fn hold_targets(tx: &mut dyn Tx, moves: &[(Identity, Key)]) -> Result<(), Refusal> {
    let mut held: Vec<Key> = Vec::new();
    for (account, to) in moves {
        if held.contains(to) {
            continue;
        }
        if !workspaces::hold(tx, account.application, *to)? {
            return Err(Refusal::NotFound);
        }
        held.push(*to);
    }
    Ok(())
}
