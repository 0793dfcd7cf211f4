//! Entries are written.

use std::sync::Arc;

use posthouse_store::tables::audit::{self, AuditRow};
use posthouse_store::{StoreError, Tx};
use posthouse_types::ids::{Key, Kind};

use super::entry::{AuditEntry, Doer, Object};
use crate::{Mailroom, Refusal};

/// Characters of a reason that are kept.
const REASON_CHARACTERS_MAX: usize = 500;
/// Recipients of one entry at most; a message has fewer.
const RECIPIENTS_MAX: usize = 1_000;

impl Mailroom {
    /// Returns a handle whose effects are noted down as somebody's.
    #[must_use]
    pub(crate) fn done_by(&self, doer: Doer) -> Self {
        Self {
            doer: Some(Arc::new(doer)),
            ..self.clone()
        }
    }

    /// Writes an entry, in the transaction of what it tells.
    pub(crate) fn audit(&self, tx: &mut dyn Tx, entry: &AuditEntry<'_>) -> Result<(), StoreError> {
        audit::insert(tx, entry.application, &self.row(entry))
    }

    /// Writes that something was done to what belongs to an application, or to all of them: then it is in the log of the
    /// application that acts, if one does.
    pub(crate) fn audit_shared(
        &self,
        tx: &mut dyn Tx,
        owner: Option<Key>,
        action: &'static str,
        object: Object<'_>,
    ) -> Result<(), StoreError> {
        let acting = self.doer.as_ref().and_then(|doer| doer.application);
        match owner.or(acting) {
            Some(application) => self.audit_done(tx, application, action, object),
            None => Ok(()),
        }
    }

    /// Writes that something was done.
    pub(crate) fn audit_done(
        &self,
        tx: &mut dyn Tx,
        application: Key,
        action: &'static str,
        object: Object<'_>,
    ) -> Result<(), StoreError> {
        self.audit(tx, &AuditEntry::done(application, action, object))
    }

    /// Writes an entry of something that left nothing else behind: a refusal.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`]: what is refused unseen would be a hole in the log, so it is to be tried again.
    pub(crate) async fn audit_alone(&self, entry: &AuditEntry<'_>) -> Result<(), Refusal> {
        let (application, row) = (entry.application, self.row(entry));
        let written = self
            .store()
            .write(move |tx: &mut dyn Tx| audit::insert(tx, application, &row));
        written.await.map_err(Refusal::from)
    }

    fn row(&self, entry: &AuditEntry<'_>) -> AuditRow {
        let system = Doer::system();
        let doer = self.doer.as_deref().unwrap_or(&system);
        let (object_type, object_id) = match entry.object {
            Object::None => (String::new(), String::new()),
            Object::Row(kind, key) => (name(kind), self.public_id(kind, key)),
            Object::Named(kind, name) => (kind.to_owned(), name.to_owned()),
        };
        let rules = entry
            .rules
            .iter()
            .map(|rule| self.public_id(Kind::Rule, *rule));
        AuditRow {
            id: self.store().new_key(),
            actor: doer.actor.clone(),
            action: entry.action.to_owned(),
            object_type,
            object_id,
            grant: entry.grant,
            recipients: array(
                entry
                    .recipients
                    .iter()
                    .take(RECIPIENTS_MAX)
                    .map(|recipient| (*recipient).to_owned()),
            ),
            policy: entry.policy,
            rule_ids: array(rules),
            outcome: entry.outcome.word().to_owned(),
            reason: entry.reason.chars().take(REASON_CHARACTERS_MAX).collect(),
            request_id: doer.request_id.clone(),
        }
    }
}

/// Returns the word for a kind of object: `api_key` for [`Kind::ApiKey`].
fn name(kind: Kind) -> String {
    let mut name = String::new();
    for letter in format!("{kind:?}").chars() {
        if letter.is_ascii_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}

fn array(texts: impl Iterator<Item = String>) -> Option<String> {
    let texts: Vec<String> = texts.collect();
    if texts.is_empty() {
        return None;
    }
    Some(serde_json::to_string(&texts).expect("texts serialise"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_has_the_name_that_the_api_gives_it() {
        assert_eq!(name(Kind::Message), "message");
        assert_eq!(name(Kind::ApiKey), "api_key");
    }
}
