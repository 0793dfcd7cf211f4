//! The envelope of a notification: written once when the event is fanned out, and only its attempt number ever changes.

use bytes::Bytes;
use serde_json::{Map, Value};

use super::limits::NOTIFICATION_BYTES_MAX;
use super::triggers;

/// What stands before the attempt number; nothing an outsider chose can stand before it.
const ATTEMPT_FIELD: &[u8] = b"\"webhook_delivery_attempt\":";

/// The type of a notification that lost a part of its object to the size limit gets this at its end.
const TRUNCATED: &str = ".truncated";

/// Members of an object that stay, whatever the size of the rest.
const KEPT_MEMBERS: [&str; 4] = ["id", "object", "grant_id", "thread_id"];

/// An event, ready to be written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Event<'a> {
    /// The name of the event, without a suffix.
    pub(crate) trigger: &'a str,
    /// Public id, the same for all attempts and destinations.
    pub(crate) id: &'a str,
    /// Unix seconds.
    pub(crate) time: i64,
    /// Public id of the application.
    pub(crate) application_id: &'a str,
    /// Further members of `data` as JSON, each followed by a comma.
    pub(crate) members: &'a str,
    /// The JSON of `data.object`.
    pub(crate) object: &'a [u8],
}

/// Writes the envelope of the first attempt; an object that is too large loses its body, then its largest members.
pub(crate) fn write(event: &Event<'_>) -> Vec<u8> {
    let whole = assemble(event, "");
    if whole.len() <= NOTIFICATION_BYTES_MAX {
        return whole;
    }
    let mut object: Map<String, Value> = serde_json::from_slice(event.object).unwrap_or_default();
    object.shift_remove("body");
    loop {
        let reduced = serde_json::to_vec(&object).unwrap_or_default();
        let shorter = Event {
            object: &reduced,
            ..*event
        };
        let envelope = assemble(&shorter, TRUNCATED);
        let largest = largest_member(&object).filter(|_| envelope.len() > NOTIFICATION_BYTES_MAX);
        let Some(largest) = largest else {
            return envelope;
        };
        object.shift_remove(&largest);
    }
}

fn assemble(event: &Event<'_>, suffix: &str) -> Vec<u8> {
    let head = format!(
        "{{\"specversion\":\"1.0\",\"type\":\"{}{suffix}\",\"source\":\"{}\",\"id\":\"{}\",\"time\":{},\
         \"webhook_delivery_attempt\":1,\"data\":{{\"application_id\":\"{}\",{}\"object\":",
        event.trigger,
        triggers::source(event.trigger),
        event.id,
        event.time,
        event.application_id,
        event.members,
    );
    let mut envelope = Vec::with_capacity(head.len() + event.object.len() + 2);
    envelope.extend_from_slice(head.as_bytes());
    envelope.extend_from_slice(event.object);
    envelope.extend_from_slice(b"}}");
    envelope
}

fn largest_member(object: &Map<String, Value>) -> Option<String> {
    let removable = object
        .iter()
        .filter(|(name, _)| !KEPT_MEMBERS.contains(&name.as_str()));
    removable
        .max_by_key(|(_, value)| value.to_string().len())
        .map(|(name, _)| name.clone())
}

/// Returns the bytes of an attempt, counted from 1: those of the first with another number.
#[must_use]
pub(crate) fn of_attempt(first: Bytes, attempt: i64) -> Bytes {
    let place = first
        .windows(ATTEMPT_FIELD.len())
        .position(|window| window == ATTEMPT_FIELD);
    let Some(place) = place.filter(|_| attempt != 1) else {
        return first;
    };
    let (head, rest) = first.split_at(place + ATTEMPT_FIELD.len());
    // The stored number is the digit 1.
    [head, attempt.to_string().as_bytes(), &rest[1..]]
        .concat()
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(object: &[u8]) -> Event<'_> {
        Event {
            trigger: "message.created",
            id: "E",
            time: 1_790_000_123,
            application_id: "A",
            members: "",
            object,
        }
    }

    fn parsed(bytes: &[u8]) -> Value {
        serde_json::from_slice(bytes).unwrap()
    }

    #[test]
    fn the_envelope_has_the_documented_members_in_their_order() {
        let envelope = write(&event(br#"{"id":"M"}"#));
        assert_eq!(
            String::from_utf8(envelope).unwrap(),
            r#"{"specversion":"1.0","type":"message.created","source":"/nylas/emails/realtime","id":"E","time":1790000123,"webhook_delivery_attempt":1,"data":{"application_id":"A","object":{"id":"M"}}}"#
        );
    }

    #[test]
    fn an_attempt_changes_its_number_and_nothing_else() {
        let object = br#"{"subject":"\"webhook_delivery_attempt\":1"}"#;
        let first = Bytes::from(write(&event(object)));
        assert_eq!(of_attempt(first.clone(), 1), first);
        let tenth = parsed(&of_attempt(first.clone(), 10));
        let mut expected = parsed(&first);
        expected["webhook_delivery_attempt"] = 10.into();
        assert_eq!(tenth, expected);
    }

    #[test]
    fn a_large_body_is_left_out_and_the_type_says_so() {
        let object = serde_json::json!({"id": "M", "subject": "s", "body": "x".repeat(NOTIFICATION_BYTES_MAX)});
        let envelope = parsed(&write(&event(object.to_string().as_bytes())));
        assert_eq!(envelope["type"], "message.created.truncated");
        assert_eq!(
            envelope["data"]["object"],
            serde_json::json!({"id": "M", "subject": "s"})
        );
    }

    #[test]
    fn a_notification_is_never_larger_than_its_limit_even_without_a_body() {
        let many: Vec<String> = (0..60_000).map(|n| format!("a{n}@shop.example")).collect();
        let object =
            serde_json::json!({"id": "M", "to": many, "cc": many, "subject": "s", "body": ""});
        let bytes = write(&event(object.to_string().as_bytes()));
        assert!(bytes.len() <= NOTIFICATION_BYTES_MAX);
        assert_eq!(parsed(&bytes)["data"]["object"]["subject"], "s");
    }
}
