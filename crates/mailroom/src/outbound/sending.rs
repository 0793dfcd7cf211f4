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

/// What mail of this server's own is: it belongs to no application, and no event tells of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OwnMailKind {
    /// Written by this server.
    Letter,
    /// Somebody else's, passed on to the operator.
    Forward,
}

impl OwnMailKind {
    /// Returns what is noted of such mail in place of what events say.
    pub(crate) fn about(self) -> &'static str {
        match self {
            Self::Letter => r#"{"own":"letter"}"#,
            Self::Forward => r#"{"own":"forward"}"#,
        }
    }

    /// Returns what mail is by what was noted of it; `None` for mail of an application.
    pub(crate) fn of(about: &str) -> Option<Self> {
        [Self::Letter, Self::Forward]
            .into_iter()
            .find(|kind| kind.about() == about)
    }
}

impl Mailroom {
    /// Returns what mail with the null sender is.
    pub(crate) async fn own_mail_kind(
        &self,
        message: Key,
    ) -> Result<Option<OwnMailKind>, StoreError> {
        let noted = self
            .store()
            .read(move |tx: &mut dyn Tx| sendings::find(tx, message))
            .await?;
        Ok(noted.and_then(|noted| OwnMailKind::of(&noted.about)))
    }

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
