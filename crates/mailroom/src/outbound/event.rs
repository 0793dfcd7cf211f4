//! `message.delivered`, `message.bounced` and `message.complaint`: written into the change log as they will be told.
//!
//! The message may be gone from its mailbox before anybody reads the change, so everything said of it is in the change.

use posthouse_store::changes::{self, ChangeKind, NewChange};
use posthouse_store::tables::sendings;
use posthouse_store::{StoreError, Tx};
use posthouse_types::ids::{IdCodec, Key, Kind};
use serde_json::{Map, Value, json};

use super::bounce::{Bounce, BounceType};
use super::sending::OwnMailKind;

/// Whose message it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sent {
    pub(crate) application: Key,
    /// `None` for mail that a domain sent.
    pub(crate) grant: Option<Key>,
    pub(crate) message: Key,
}

/// Somebody who will not get it, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bounced {
    pub(crate) address: String,
    pub(crate) diagnostic: String,
    pub(crate) bounce: Bounce,
    /// Whether an attempt may have delivered it all the same.
    pub(crate) is_uncertain: bool,
}

/// Somebody who got it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Delivered {
    pub(crate) address: String,
    /// Whether an attempt before may have delivered it, too: it may have arrived twice.
    pub(crate) is_uncertain: bool,
}

impl Delivered {
    /// Somebody who got it for certain once.
    pub(crate) fn once(address: &str) -> Self {
        Self {
            address: address.to_owned(),
            is_uncertain: false,
        }
    }
}

/// Notes that a server, or a mailbox here, took the message for recipients. Those who may have got it twice are named
/// besides: an attempt before ended without an answer.
pub(crate) fn delivered(
    tx: &mut dyn Tx,
    codec: &IdCodec,
    sent: &Sent,
    recipients: &[Delivered],
    at_us: i64,
) -> Result<(), StoreError> {
    let Some(message) = message(tx, codec, sent)? else {
        return Ok(());
    };
    let addresses: Vec<&str> = recipients.iter().map(|one| one.address.as_str()).collect();
    let mut told = json!({"delivered_at": at_us / 1_000_000, "recipients": addresses});
    let uncertain = recipients.iter().filter(|one| one.is_uncertain);
    let uncertain: Vec<&str> = uncertain.map(|one| one.address.as_str()).collect();
    if !uncertain.is_empty() {
        told["uncertain_recipients"] = json!(uncertain);
    }
    let object = json!({ "message": message, "delivered": told });
    let kind = match sent.grant {
        Some(_) => ChangeKind::MessageDelivered,
        None => ChangeKind::TransactionalDelivered,
    };
    append(tx, sent, kind, &object, at_us)
}

/// Notes that recipients will not get the message; one event for each type of bounce.
pub(crate) fn bounced(
    tx: &mut dyn Tx,
    codec: &IdCodec,
    sent: &Sent,
    recipients: &[Bounced],
    at_us: i64,
) -> Result<(), StoreError> {
    let Some(message) = message(tx, codec, sent)? else {
        for one in recipients {
            tracing::warn!(
                "mail of this server's own did not arrive: {}",
                one.diagnostic
            );
        }
        return Ok(());
    };
    let mut kinds: Vec<BounceType> = recipients.iter().map(|one| one.bounce.kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    for kind in kinds {
        let of_kind = recipients.iter().filter(|one| one.bounce.kind == kind);
        let told: Vec<Value> = of_kind
            .map(|one| {
                let mut told = json!({"email": one.address, "diagnostic_code": one.diagnostic});
                if one.is_uncertain {
                    told["uncertain"] = json!(true);
                }
                told
            })
            .collect();
        let object = json!({
            "message": message,
            "bounce": {"bounced_at": at_us / 1_000_000, "type": kind.name(), "recipients": told},
        });
        let change = match sent.grant {
            Some(_) => ChangeKind::MessageBounced,
            None => ChangeKind::TransactionalBounced,
        };
        append(tx, sent, change, &object, at_us)?;
    }
    Ok(())
}

/// Notes that recipients complained about the message.
pub(crate) fn complained(
    tx: &mut dyn Tx,
    codec: &IdCodec,
    sent: &Sent,
    complaint: &str,
    recipients: &[String],
    at_us: i64,
) -> Result<(), StoreError> {
    let Some(message) = message(tx, codec, sent)? else {
        return Ok(());
    };
    let object = json!({
        "message": message,
        "complaint": {
            "reported_at": at_us / 1_000_000,
            "type": complaint,
            "complained_recipients": recipients,
        },
    });
    let kind = match sent.grant {
        Some(_) => ChangeKind::MessageComplaint,
        None => ChangeKind::TransactionalComplaint,
    };
    append(tx, sent, kind, &object, at_us)
}

/// Notes that a message was refused because of what it holds; `message` is what events say of it.
pub(crate) fn rejected(
    tx: &mut dyn Tx,
    sent: &Sent,
    message: &Value,
    at_us: i64,
) -> Result<(), StoreError> {
    let object = json!({ "message": message, "rejected_at": at_us / 1_000_000 });
    let kind = match sent.grant {
        Some(_) => ChangeKind::MessageRejected,
        None => ChangeKind::TransactionalRejected,
    };
    append(tx, sent, kind, &object, at_us)
}

/// Returns what events say of a sent message: its id, then what was noted when it was sent; `None` for mail of this server's
/// own, of which nobody is told.
fn message(tx: &mut dyn Tx, codec: &IdCodec, sent: &Sent) -> Result<Option<Value>, StoreError> {
    let mut object = Map::new();
    let id = codec.seal(Kind::Message, sent.message).to_string();
    object.insert("id".to_owned(), id.into());
    let noted = sendings::find(tx, sent.message)?;
    if noted
        .as_ref()
        .is_some_and(|noted| OwnMailKind::of(&noted.about).is_some())
    {
        return Ok(None);
    }
    let about: Option<Map<String, Value>> =
        noted.and_then(|noted| serde_json::from_str(&noted.about).ok());
    match about {
        Some(about) => object.extend(about),
        // Queued by a release that noted nothing.
        None => object.extend(unknown()),
    }
    Ok(Some(Value::Object(object)))
}

fn unknown() -> Map<String, Value> {
    let nothing = r#"{"subject":"","from":"","to":[],"cc":[],"bcc":[],"sent_at":0,"metadata":{}}"#;
    serde_json::from_str(nothing).unwrap_or_default()
}

fn append(
    tx: &mut dyn Tx,
    sent: &Sent,
    kind: ChangeKind,
    object: &Value,
    at_us: i64,
) -> Result<(), StoreError> {
    changes::append(
        tx,
        &NewChange {
            application: sent.application,
            grant: sent.grant,
            kind,
            object: sent.message,
            at_us,
            data: Some(&object.to_string()),
        },
    )
}
