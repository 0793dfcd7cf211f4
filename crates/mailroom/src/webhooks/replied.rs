//! What a notification says about a reply.

use posthouse_store::changes::Change;
use posthouse_types::ids::{Key, Kind};
use serde_json::json;

use crate::Mailroom;
use crate::receive::Replied;

/// Returns the members before the object, each with a comma behind it, and the object.
pub(super) fn data(mailroom: &Mailroom, change: &Change) -> Option<(String, Vec<u8>)> {
    let replied: Replied = serde_json::from_str(change.data.as_deref()?).ok()?;
    let grant_id = mailroom.public_id(Kind::Grant, change.grant?);
    let message_id = |key| mailroom.public_id(Kind::Message, Key(key));
    let object = json!({
        "object": "thread",
        "grant_id": grant_id,
        "message_id": mailroom.public_id(Kind::Message, change.object),
        "root_message_id": message_id(replied.root),
        "reply_to_message_id": message_id(replied.answered),
        "thread_id": mailroom.public_id(Kind::Thread, Key(replied.thread)),
        "label": replied.label,
        "reply_data": { "count": replied.count },
        "from_self": replied.from_self,
        "sender_app_id": mailroom.public_id(Kind::Application, change.application),
        "timestamp": change.at_us / 1_000_000,
    });
    let members = format!("\"grant_id\":\"{grant_id}\",");
    Some((members, object.to_string().into_bytes()))
}
