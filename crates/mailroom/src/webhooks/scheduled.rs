//! What a notification says about a message that was to be sent later.

use posthouse_store::changes::{Change, ChangeKind};
use posthouse_store::tables::schedules::{self, Shown};
use posthouse_store::{StoreError, Tx};
use posthouse_types::ids::{Key, Kind};
use serde_json::{Map, Value};

use crate::Mailroom;
use crate::read::{Detail, load};
use crate::send::SendFailure;

/// Returns the members before the object, each with a comma behind it, and the object; `None` when the schedule is gone
/// with its account.
pub(super) fn data(
    tx: &mut dyn Tx,
    mailroom: &Mailroom,
    change: &Change,
) -> Result<Option<(String, Vec<u8>)>, StoreError> {
    let Some(grant) = change.grant else {
        return Ok(None);
    };
    let Some(shown) = schedules::shown(tx, grant, change.object)? else {
        return Ok(None);
    };
    let mut members = format!(
        "\"grant_id\":\"{}\",",
        mailroom.public_id(Kind::Grant, grant)
    );
    let mut object = None;
    if change.kind == ChangeKind::MessageSendSuccess {
        object = sent(tx, mailroom, grant, shown.message)?;
    } else if let Some(failure) = failure(change) {
        let (reason, error) = (Value::from(failure.message.as_str()), json_of(&failure)?);
        members.push_str(&format!("\"reason\":{reason},\"error\":{error},"));
    }
    let object = match object {
        Some(object) => object,
        None => read(shown.object.as_bytes())?,
    };
    let object = with_schedule(mailroom, change.object, &shown, object);
    Ok(Some((members, json_of(&object)?.into_bytes())))
}

/// Returns the copy in Sent, if it is still there.
fn sent(
    tx: &mut dyn Tx,
    mailroom: &Mailroom,
    grant: Key,
    message: Key,
) -> Result<Option<Map<String, Value>>, StoreError> {
    let codec = mailroom.store().ids();
    let page = load(tx, codec, grant, &[message], Detail::Standard)?.page;
    if page.ends.is_empty() {
        return Ok(None);
    }
    read(&page.json).map(Some)
}

fn with_schedule(
    mailroom: &Mailroom,
    schedule: Key,
    shown: &Shown,
    mut object: Map<String, Value>,
) -> Map<String, Value> {
    object.shift_remove("body");
    let id = mailroom.public_id(Kind::Schedule, schedule);
    object.insert("schedule_id".to_owned(), id.into());
    object.insert("send_at".to_owned(), shown.send_at.into());
    object.insert("use_draft".to_owned(), false.into());
    object
}

fn failure(change: &Change) -> Option<SendFailure> {
    serde_json::from_str(change.data.as_deref()?).ok()
}

fn read(json: &[u8]) -> Result<Map<String, Value>, StoreError> {
    serde_json::from_slice(json)
        .map_err(|error| StoreError::Fault(format!("a message object is damaged: {error}")))
}

fn json_of(value: &impl serde::Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value)
        .map_err(|error| StoreError::Fault(format!("an event does not serialise: {error}")))
}
