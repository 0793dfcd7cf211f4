//! What a notification says about a change.

use posthouse_store::changes::{Change, ChangeKind};
use posthouse_store::tables::contacts as contact_rows;
use posthouse_store::{StoreError, Tx};
use posthouse_types::ids::{Key, Kind};
use serde_json::{Map, Value, json};

use super::envelope::{self, Event};
use super::{replied, scheduled};
use crate::read::{Detail, load};
use crate::{Mailroom, contacts, drafts};

/// Bits of an event's key that come from the number of its change; the others are its time.
const EVENT_NUMBER_MASK: i64 = (1 << 21) - 1;

/// Returns the key of the event that a change is: the same however often the change is read.
pub(crate) fn event_key(change: &Change) -> Key {
    Key(Key::floor_of(change.at_us / 1_000).0 | (change.position.seq & EVENT_NUMBER_MASK))
}

/// Writes the envelope for a change; `None` when its object is gone by now or the change is no event.
pub(crate) fn envelope(
    tx: &mut dyn Tx,
    mailroom: &Mailroom,
    change: &Change,
) -> Result<Option<Vec<u8>>, StoreError> {
    let Some((members, object)) = data(tx, mailroom, change)? else {
        return Ok(None);
    };
    Ok(Some(envelope::write(&Event {
        trigger: change.kind.event(),
        id: &mailroom.public_id(Kind::Event, event_key(change)),
        time: change.at_us / 1_000_000,
        application_id: &mailroom.public_id(Kind::Application, change.application),
        members: &members,
        object: &object,
    })))
}

/// Returns what `data` has: members before the object, each with a comma behind it, and the object.
fn data(
    tx: &mut dyn Tx,
    mailroom: &Mailroom,
    change: &Change,
) -> Result<Option<(String, Vec<u8>)>, StoreError> {
    match change.kind {
        ChangeKind::MessageSendSuccess | ChangeKind::MessageSendFailed => {
            scheduled::data(tx, mailroom, change)
        }
        ChangeKind::ThreadReplied => Ok(replied::data(mailroom, change)),
        ChangeKind::MessageHeld | ChangeKind::ThreadPaused => Ok(written(mailroom, change)),
        ChangeKind::MessageDelivered
        | ChangeKind::MessageBounced
        | ChangeKind::MessageComplaint
        | ChangeKind::MessageRejected
        | ChangeKind::TransactionalRejected
        | ChangeKind::TransactionalDelivered
        | ChangeKind::TransactionalBounced
        | ChangeKind::TransactionalComplaint => Ok(written(mailroom, change)),
        ChangeKind::GrantSuspended | ChangeKind::GrantResumed => {
            Ok(noted_whole(change).map(|object| (String::new(), object)))
        }
        ChangeKind::DomainVerified | ChangeKind::DomainUnverified => {
            Ok(Some((String::new(), domain(mailroom, change))))
        }
        _ => Ok(object(tx, mailroom, change)?.map(|object| (String::new(), object))),
    }
}

/// Returns what the mutation wrote down whole.
fn noted_whole(change: &Change) -> Option<Vec<u8>> {
    Some(change.data.as_ref()?.clone().into_bytes())
}

/// Returns what the mutation wrote down whole, with the account it belongs to.
fn written(mailroom: &Mailroom, change: &Change) -> Option<(String, Vec<u8>)> {
    let object = noted_whole(change)?;
    let members = change.grant.map_or(String::new(), |grant| {
        let grant_id = mailroom.public_id(Kind::Grant, grant);
        format!("\"grant_id\":\"{grant_id}\",")
    });
    Some((members, object))
}

fn object(
    tx: &mut dyn Tx,
    mailroom: &Mailroom,
    change: &Change,
) -> Result<Option<Vec<u8>>, StoreError> {
    let Some(grant) = change.grant else {
        return Ok(None);
    };
    let object = match change.kind {
        ChangeKind::MessageCreated | ChangeKind::MessageUpdated => {
            let codec = mailroom.store().ids();
            let shown = load(tx, codec, grant, &[change.object], Detail::Standard)?;
            return Ok((!shown.page.ends.is_empty()).then_some(shown.page.json));
        }
        ChangeKind::MessageDeleted => deleted_message(mailroom, grant, change),
        ChangeKind::GrantCreated => created_grant(mailroom, grant, change),
        ChangeKind::GrantUpdated => changed_grant(mailroom, grant, change, 25_014),
        ChangeKind::GrantDeleted => changed_grant(mailroom, grant, change, 25_013),
        ChangeKind::ContactUpdated => {
            let found = contact_rows::find(tx, grant, change.object)?;
            match found {
                Some(contact) => contacts::object(mailroom.store().ids(), grant, &contact)?,
                None => return Ok(None),
            }
        }
        ChangeKind::ContactDeleted => json!({
            "id": mailroom.public_id(Kind::Contact, change.object),
            "grant_id": mailroom.public_id(Kind::Grant, grant),
            "object": "contact",
        }),
        ChangeKind::FolderCreated | ChangeKind::FolderUpdated | ChangeKind::FolderDeleted => {
            folder(mailroom, grant, change)
        }
        ChangeKind::MessageSendSuccess
        | ChangeKind::MessageSendFailed
        | ChangeKind::ThreadReplied
        | ChangeKind::MessageHeld
        | ChangeKind::ThreadPaused
        | ChangeKind::GrantSuspended
        | ChangeKind::GrantResumed
        | ChangeKind::MessageDelivered
        | ChangeKind::MessageBounced
        | ChangeKind::MessageComplaint
        | ChangeKind::MessageRejected
        | ChangeKind::TransactionalRejected
        | ChangeKind::TransactionalDelivered
        | ChangeKind::TransactionalBounced
        | ChangeKind::TransactionalComplaint
        | ChangeKind::DomainVerified
        | ChangeKind::DomainUnverified => return Ok(None),
        ChangeKind::DraftCreated | ChangeKind::DraftUpdated => {
            let codec = mailroom.store().ids();
            let shown = drafts::load(tx, codec, change.application, grant, &[change.object])?;
            return Ok((!shown.ends.is_empty()).then_some(shown.json));
        }
        ChangeKind::DraftDeleted => json!({
            "id": mailroom.public_id(Kind::Draft, change.object),
            "grant_id": mailroom.public_id(Kind::Grant, grant),
            "object": "draft",
        }),
    };
    Ok(Some(object.to_string().into_bytes()))
}

fn created_grant(mailroom: &Mailroom, grant: Key, change: &Change) -> Value {
    let application_id = mailroom.public_id(Kind::Application, change.application);
    let noted = noted(change);
    json!({
        "code": 25_012,
        "grant_id": mailroom.public_id(Kind::Grant, grant),
        "integration_id": application_id,
        "login_id": application_id,
        "provider": "nylas",
        "email": noted.get("email"),
        "name": noted.get("name"),
        "scope": [],
        "workspace_id": noted.get("workspace_id"),
    })
}

fn changed_grant(mailroom: &Mailroom, grant: Key, change: &Change, code: u32) -> Value {
    json!({
        "code": code,
        "grant_id": mailroom.public_id(Kind::Grant, grant),
        "integration_id": mailroom.public_id(Kind::Application, change.application),
        "provider": "nylas",
        "email": noted(change).get("email"),
        "reauthentication_flag": false,
    })
}

fn folder(mailroom: &Mailroom, grant: Key, change: &Change) -> Value {
    let noted = noted(change);
    json!({
        "grant_id": mailroom.public_id(Kind::Grant, grant),
        "id": mailroom.public_id(Kind::Folder, change.object),
        "name": noted.get("name"),
        "object": "folder",
        "system_folder": noted.get("system_folder"),
    })
}

/// A domain belongs to no account: what was noted is all there is.
fn domain(mailroom: &Mailroom, change: &Change) -> Vec<u8> {
    let noted = noted(change);
    let object = json!({
        "domain_id": mailroom.public_id(Kind::Domain, change.object),
        "domain_address": noted.get("domain_address"),
        "type": noted.get("type"),
        "verified": change.kind == ChangeKind::DomainVerified,
    });
    object.to_string().into_bytes()
}

fn deleted_message(mailroom: &Mailroom, grant: Key, change: &Change) -> Value {
    let noted = noted(change);
    let mut object = json!({
        "id": mailroom.public_id(Kind::Message, change.object),
        "grant_id": mailroom.public_id(Kind::Grant, grant),
        "object": "message",
    });
    for member in ["thread_id", "metadata"] {
        if let Some(value) = noted.get(member) {
            object[member] = value.clone();
        }
    }
    object
}

/// Returns what the mutation noted down for its readers.
fn noted(change: &Change) -> Map<String, Value> {
    let data = change.data.as_deref().unwrap_or("{}");
    serde_json::from_str(data).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use posthouse_store::changes::Cursor;

    #[test]
    fn an_events_key_is_stable_and_tells_changes_of_one_moment_apart() {
        let change = |seq| Change {
            position: Cursor { tx: 0, seq },
            application: Key(1),
            grant: None,
            kind: ChangeKind::GrantCreated,
            object: Key(1),
            at_us: 1_790_000_000_123_456,
            data: None,
        };
        assert_eq!(event_key(&change(1)), event_key(&change(1)));
        assert_ne!(event_key(&change(1)), event_key(&change(2)));
        assert_eq!(event_key(&change(5)).unix_ms(), 1_790_000_000_123);
        assert!(event_key(&change(i64::MAX)).0 > 0);
    }
}
