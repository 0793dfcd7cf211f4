//! A contact is changed.

use posthouse_store::changes::{self, ChangeKind, NewChange};
use posthouse_store::engine::Dialect;
use posthouse_store::tables::contacts;
use posthouse_store::{StoreError, Tx};
use posthouse_types::ids::{Key, Kind};
use serde_json::Value;

use super::check::checked;
use super::fields::ContactChange;
use super::index::index;
use super::object::{Members, object};
use crate::actor::GrantRef;
use crate::organise::Metadata;
use crate::{Mailroom, Refusal};

impl Mailroom {
    /// Changes a contact and returns its whole object; a change that changes nothing leaves no trace, and one of
    /// metadata alone notifies nobody.
    ///
    /// # Errors
    /// [`Refusal::NotFound`]; [`Refusal::Invalid`], also for a change that leaves no name and no address.
    pub async fn update_contact(
        &self,
        grant: &GrantRef,
        contact_id: &str,
        change: ContactChange,
    ) -> Result<Value, Refusal> {
        let id = self.open_id(Kind::Contact, contact_id)?;
        let (mailroom, owner) = (self.clone(), grant.clone());
        self.store()
            .write(move |tx: &mut dyn Tx| {
                Dialect::lock_grant(tx, owner.grant)?;
                apply(tx, &mailroom, &owner, id, change)
            })
            .await
    }
}

fn apply(
    tx: &mut dyn Tx,
    mailroom: &Mailroom,
    owner: &GrantRef,
    id: Key,
    change: ContactChange,
) -> Result<Value, Refusal> {
    let codec = mailroom.store().ids();
    let mut contact = contacts::find(tx, owner.grant, id)?.ok_or(Refusal::NotFound)?;
    // Checked behind the look-up: of a contact that is not there it makes no difference what it was to become.
    let change = checked(change)?;
    let before = Members::read(&contact.document)?;
    let metadata_before = Metadata::read(contact.metadata.as_deref())?;
    let mut members = before.clone();
    members.merge(&change);
    let metadata = change.metadata.unwrap_or_else(|| metadata_before.clone());
    if members == before && metadata == metadata_before {
        return Ok(object(codec, owner.grant, &contact)?);
    }
    members.check_recognisable()?;
    contact.document = members.stored();
    contact.metadata = metadata.stored();
    contact.updated_at = mailroom.now_seconds();
    let index = index(codec, &members, &metadata);
    contacts::update(tx, owner.grant, &contact, &index)?;
    if members != before {
        note(tx, mailroom, owner, ChangeKind::ContactUpdated, id)?;
    }
    Ok(object(codec, owner.grant, &contact)?)
}

/// Notes in the change log what happened to a contact.
pub(super) fn note(
    tx: &mut dyn Tx,
    mailroom: &Mailroom,
    owner: &GrantRef,
    kind: ChangeKind,
    contact: Key,
) -> Result<(), StoreError> {
    changes::append(
        tx,
        &NewChange {
            application: owner.application,
            grant: Some(owner.grant),
            kind,
            object: contact,
            at_us: mailroom.clock().unix_us(),
            data: None,
        },
    )
}
