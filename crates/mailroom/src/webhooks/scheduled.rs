//! What a notification says about a message that was to be sent later.

use posthouse_store::changes::{Change, ChangeKind};
use posthouse_store::tables::holds;
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
    let Some(shown) = shown(tx, change, grant)? else {
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
    let object = shown.complete(mailroom, change.object, object);
    Ok(Some((members, json_of(&object)?.into_bytes())))
}

/// What is known of a message that waited.
struct Waited {
    /// The copy in Sent, which may be gone.
    message: Key,
    /// The message object without its body.
    object: String,
    /// The time it waited for; `None` for one that waited for approval.
    send_at: Option<i64>,
    use_draft: bool,
}

/// Returns what a schedule or a hold knows of its message.
fn shown(tx: &mut dyn Tx, change: &Change, grant: Key) -> Result<Option<Waited>, StoreError> {
    if let Some(Shown {
        message,
        send_at,
        object,
    }) = schedules::shown(tx, grant, change.object)?
    {
        return Ok(Some(Waited {
            message,
            object,
            send_at: Some(send_at),
            use_draft: false,
        }));
    }
    let hold = holds::find(tx, change.application, change.object)?;
    Ok(hold.map(|hold| Waited {
        message: hold.message,
        use_draft: hold.draft.is_some(),
        object: hold.shown,
        send_at: None,
    }))
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

impl Waited {
    /// Adds what only events of waiting messages show.
    fn complete(
        &self,
        mailroom: &Mailroom,
        waited: Key,
        mut object: Map<String, Value>,
    ) -> Map<String, Value> {
        object.shift_remove("body");
        let (schedule_id, hold_id) = match self.send_at {
            Some(_) => (mailroom.public_id(Kind::Schedule, waited), None),
            None => (String::new(), Some(mailroom.public_id(Kind::Hold, waited))),
        };
        object.insert("schedule_id".to_owned(), schedule_id.into());
        object.insert("send_at".to_owned(), self.send_at.into());
        object.insert("use_draft".to_owned(), self.use_draft.into());
        if let Some(hold_id) = hold_id {
            object.insert("hold_id".to_owned(), hold_id.into());
        }
        object
    }
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
