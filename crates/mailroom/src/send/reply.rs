//! What a message answers: its thread, and the ids that programs elsewhere find the thread by.

use posthouse_types::ids::{Key, Kind};
use serde::Deserialize;

use super::limits::REFERENCES_MAX;
use crate::actor::GrantRef;
use crate::read::{Detail, HeaderDetail};
use crate::{Mailroom, Refusal};

/// The message that is answered.
#[derive(Debug, Clone)]
pub(super) struct Answered {
    pub(super) id: Key,
    pub(super) thread: Key,
    /// Its id in headers, with brackets; it may have none.
    pub(super) message_id: Option<String>,
    /// The ids of the conversation up to and with it, oldest first.
    pub(super) references: Vec<String>,
}

#[derive(Deserialize)]
struct Shown {
    thread_id: String,
    #[serde(default)]
    headers: Vec<Header>,
}

#[derive(Deserialize)]
struct Header {
    name: String,
    value: String,
}

impl Mailroom {
    /// Returns the ids by which an answer to a message of the account would name it: its own, and those of the conversation.
    pub(crate) async fn answered_ids(
        &self,
        grant: &GrantRef,
        id: &str,
    ) -> Result<(Option<String>, Vec<String>), Refusal> {
        let answered = self.answered(grant, id).await?;
        Ok((answered.message_id, answered.references))
    }

    /// Finds the message of the account that is to be answered.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] when there is none.
    pub(super) async fn answered(&self, grant: &GrantRef, id: &str) -> Result<Answered, Refusal> {
        let unknown = || {
            let field = "reply_to_message_id";
            Refusal::invalid(field, format!("{field}: no such message in this account"))
        };
        let key = self.open_id(Kind::Message, id).map_err(|_| unknown())?;
        let detail = Detail::With {
            headers: Some(HeaderDetail::Basic),
            tracking: false,
            extracted: false,
            security: false,
        };
        let object = self.message_object(grant.grant, key, detail).await?;
        let object = object.ok_or_else(unknown)?;
        let shown: Shown = serde_json::from_slice(&object).map_err(|error| Refusal::Internal {
            message: format!("a message object is damaged: {error}"),
        })?;
        let thread = self
            .store()
            .ids()
            .open(Kind::Thread, &shown.thread_id)
            .ok_or_else(unknown)?;
        let ids = |name: &str| -> Vec<String> {
            let named = |header: &&Header| header.name.eq_ignore_ascii_case(name);
            let found = shown.headers.iter().find(named);
            found.map_or_else(Vec::new, |header| ids_in(&header.value))
        };
        let message_id = ids("Message-ID").into_iter().next();
        let mut conversation = ids("References");
        if conversation.is_empty() {
            // RFC 5322 3.6.4: a parent without References is followed up by its In-Reply-To, if that is one id
            conversation = Some(ids("In-Reply-To"))
                .filter(|ids| ids.len() == 1)
                .unwrap_or_default();
        }
        Ok(Answered {
            id: key,
            thread,
            references: references(conversation, message_id.as_ref()),
            message_id,
        })
    }
}

fn ids_in(text: &str) -> Vec<String> {
    let ids = text
        .split('<')
        .skip(1)
        .filter_map(|rest| rest.split_once('>'));
    ids.map(|(id, _)| format!("<{id}>")).collect()
}

/// Returns the conversation with its last message, cut in the middle: the first id and the last ones stay.
fn references(mut conversation: Vec<String>, last: Option<&String>) -> Vec<String> {
    if let Some(last) = last {
        conversation.retain(|id| id != last);
        conversation.push(last.clone());
    }
    if conversation.len() > REFERENCES_MAX {
        conversation.drain(1..=conversation.len() - REFERENCES_MAX);
    }
    conversation
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_conversation_keeps_its_first_and_its_last_ids() {
        let ids: Vec<String> = (0..40)
            .map(|number| format!("<{number}@a.example>"))
            .collect();
        let last = "<last@a.example>".to_owned();
        let kept = references(ids.clone(), Some(&last));
        assert_eq!(kept.len(), REFERENCES_MAX);
        assert_eq!((&kept[0], &kept[1], &kept[19]), (&ids[0], &ids[22], &last));
        assert_eq!(references(Vec::new(), Some(&last)), [last]);
    }

    #[test]
    fn ids_are_found_among_anything() {
        assert_eq!(ids_in("<a@b> junk <c@d>\t<e"), ["<a@b>", "<c@d>"]);
    }
}
