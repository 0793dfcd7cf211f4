//! What is remembered of a sent message, so that events can tell of it whatever becomes of its copy in Sent.

use posthouse_mime::ParsedMessage;
use posthouse_store::tables::sendings;
use posthouse_store::{StoreError, Tx};
use posthouse_types::address::DisplayAddress;
use posthouse_types::ids::Key;
use serde_json::{Value, json};

use super::limits::SENDING_DAYS;
use crate::Mailroom;

/// Rows that one step removes at most.
const ROWS_PER_STEP_MAX: i64 = 500;

/// Returns what events say of a message; `metadata` is a JSON object as it is stored.
pub(crate) fn about(message: &ParsedMessage, metadata: Option<&str>, sent_at: i64) -> String {
    let plain = |addresses: &[DisplayAddress]| -> Vec<String> {
        addresses.iter().map(|one| one.email.clone()).collect()
    };
    let from = message.from.first().map_or("", |from| from.email.as_str());
    let metadata: Value = metadata
        .and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_else(|| json!({}));
    json!({
        "subject": message.subject,
        "from": from,
        "to": plain(&message.to),
        "cc": plain(&message.cc),
        "bcc": plain(&message.bcc),
        "sent_at": sent_at,
        "metadata": metadata,
    })
    .to_string()
}

impl Mailroom {
    /// Forgets some of what was sent long ago; returns whether there may be more.
    pub(crate) async fn expire_sendings(&self) -> Result<bool, StoreError> {
        let age_ms = SENDING_DAYS * 24 * 3_600 * 1_000;
        let oldest = Key::floor_of(self.clock().unix_ms() - age_ms);
        let removed = self
            .store()
            .write(move |tx: &mut dyn Tx| sendings::expire(tx, oldest, ROWS_PER_STEP_MAX))
            .await?;
        Ok(removed >= ROWS_PER_STEP_MAX as u64)
    }
}
