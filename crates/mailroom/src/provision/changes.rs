//! What the change log learns of accounts.

use posthouse_store::changes::{self, ChangeKind, NewChange};
use posthouse_store::tables::grants::Grant;
use posthouse_store::{StoreError, Tx};
use posthouse_types::ids::Kind;

use crate::Mailroom;
use crate::audit::{AuditEntry, Object};

/// Notes that an account was made.
pub(crate) fn note_created(
    tx: &mut dyn Tx,
    mailroom: &Mailroom,
    grant: &Grant,
) -> Result<(), StoreError> {
    note_down(tx, mailroom, grant, "grant.create")?;
    note(tx, mailroom, grant, ChangeKind::GrantCreated)
}

/// Notes that an account was changed.
pub(crate) fn note_updated(
    tx: &mut dyn Tx,
    mailroom: &Mailroom,
    grant: &Grant,
) -> Result<(), StoreError> {
    note_down(tx, mailroom, grant, "grant.update")?;
    note(tx, mailroom, grant, ChangeKind::GrantUpdated)
}

/// Notes that an account was deleted.
pub(crate) fn note_deleted(
    tx: &mut dyn Tx,
    mailroom: &Mailroom,
    grant: &Grant,
) -> Result<(), StoreError> {
    note_down(tx, mailroom, grant, "grant.delete")?;
    note(tx, mailroom, grant, ChangeKind::GrantDeleted)
}

/// Writes down who did it.
fn note_down(
    tx: &mut dyn Tx,
    mailroom: &Mailroom,
    grant: &Grant,
    action: &'static str,
) -> Result<(), StoreError> {
    let object = Object::Row(Kind::Grant, grant.id);
    let entry = AuditEntry {
        grant: Some(grant.id),
        ..AuditEntry::done(grant.application, action, object)
    };
    mailroom.audit(tx, &entry)
}

/// Notes that an account was suspended.
pub(super) fn note_suspended(
    tx: &mut dyn Tx,
    mailroom: &Mailroom,
    grant: &Grant,
) -> Result<(), StoreError> {
    note_suspension(tx, mailroom, grant, ChangeKind::GrantSuspended)
}

/// Notes that an account goes on, as it was suspended before.
pub(super) fn note_resumed(
    tx: &mut dyn Tx,
    mailroom: &Mailroom,
    grant: &Grant,
) -> Result<(), StoreError> {
    note_suspension(tx, mailroom, grant, ChangeKind::GrantResumed)
}

fn note_suspension(
    tx: &mut dyn Tx,
    mailroom: &Mailroom,
    grant: &Grant,
    kind: ChangeKind,
) -> Result<(), StoreError> {
    let data = serde_json::json!({
        "grant_id": mailroom.public_id(Kind::Grant, grant.id),
        "email": grant.email,
        "reason": grant.suspended_reason,
        "inbound": grant.suspended_inbound,
    });
    append(tx, mailroom, grant, kind, &data.to_string())?;
    note(tx, mailroom, grant, ChangeKind::GrantUpdated)
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
    append(tx, mailroom, grant, kind, &data.to_string())
}

fn append(
    tx: &mut dyn Tx,
    mailroom: &Mailroom,
    grant: &Grant,
    kind: ChangeKind,
    data: &str,
) -> Result<(), StoreError> {
    changes::append(
        tx,
        &NewChange {
            application: grant.application,
            grant: Some(grant.id),
            kind,
            object: grant.id,
            at_us: mailroom.clock().unix_us(),
            data: Some(data),
        },
    )
}
