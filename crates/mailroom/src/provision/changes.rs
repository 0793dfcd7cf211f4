//! What the change log learns of accounts.

use posthouse_store::changes::{self, ChangeKind, NewChange};
use posthouse_store::tables::grants::Grant;
use posthouse_store::{StoreError, Tx};
use posthouse_types::ids::Kind;

use crate::Mailroom;

/// Notes that an account was made.
pub(crate) fn note_created(
    tx: &mut dyn Tx,
    mailroom: &Mailroom,
    grant: &Grant,
) -> Result<(), StoreError> {
    note(tx, mailroom, grant, ChangeKind::GrantCreated)
}

/// Notes that an account was changed.
pub(crate) fn note_updated(
    tx: &mut dyn Tx,
    mailroom: &Mailroom,
    grant: &Grant,
) -> Result<(), StoreError> {
    note(tx, mailroom, grant, ChangeKind::GrantUpdated)
}

/// Notes that an account was deleted.
pub(crate) fn note_deleted(
    tx: &mut dyn Tx,
    mailroom: &Mailroom,
    grant: &Grant,
) -> Result<(), StoreError> {
    note(tx, mailroom, grant, ChangeKind::GrantDeleted)
}

fn note(
    tx: &mut dyn Tx,
    mailroom: &Mailroom,
    grant: &Grant,
    kind: ChangeKind,
) -> Result<(), StoreError> {
    // All a notification shows: when it is written, the account may be gone.
    let data = serde_json::json!({
        "v": 1,
        "email": grant.email,
        "name": grant.name,
        "workspace_id": mailroom.public_id(Kind::Workspace, grant.workspace),
    });
    changes::append(
        tx,
        &NewChange {
            application: grant.application,
            grant: Some(grant.id),
            kind,
            object: grant.id,
            at_us: mailroom.clock().unix_us(),
            data: Some(&data.to_string()),
        },
    )
}
