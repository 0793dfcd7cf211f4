//! Changes of a list.

use posthouse_store::Tx;
use posthouse_store::tables::lists;
use posthouse_types::ids::Kind;

use super::ListView;
use super::view::{check_description, type_named, type_of};
use crate::actor::Actor;
use crate::audit::{AuditEntry, Object};
use crate::names::check_name;
use crate::{Mailroom, Refusal};

/// What an update says; `None` keeps.
#[derive(Debug, Clone, Default)]
pub struct ListChanges {
    /// A name for people.
    pub name: Option<String>,
    /// A text for people; `Some(None)` clears it.
    pub description: Option<Option<String>>,
    /// Must be the type it has.
    pub kind: Option<String>,
}

impl Mailroom {
    /// Changes a list.
    ///
    /// # Errors
    /// [`Refusal::NotFound`]; [`Refusal::Invalid`], also for another type; [`Refusal::Forbidden`] for a key that sees the
    /// list but does not reach the whole application.
    pub async fn update_list(
        &self,
        actor: &Actor,
        id: &str,
        changes: ListChanges,
    ) -> Result<ListView, Refusal> {
        let key = self.open_id(Kind::List, id)?;
        let (mailroom, asking, now) = (self.clone(), actor.clone(), self.now_seconds());
        self.store()
            .write(move |tx: &mut dyn Tx| {
                let before = mailroom.lock_list(tx, &asking, key)?;
                let mut after = before.clone();
                if let Some(kind) = &changes.kind
                    && type_named(kind)? != type_of(&before)?
                {
                    return Err(Refusal::invalid("type", "cannot be changed"));
                }
                if let Some(name) = changes.name {
                    check_name("name", &name)?;
                    after.name = name;
                }
                if let Some(description) = changes.description {
                    check_description(description.as_deref())?;
                    after.description = description;
                }
                if after != before {
                    after.updated_at = now;
                    lists::update(tx, key, &after.name, after.description.as_deref(), now)?;
                    let object = Object::Row(Kind::List, key);
                    let entry = AuditEntry::done(asking.application, "list.update", object);
                    mailroom.audit(tx, &entry)?;
                }
                Ok(mailroom.view_list(&after)?)
            })
            .await
    }
}
