//! A new list.

use posthouse_rules::policy::Cap;
use posthouse_store::tables::applications;
use posthouse_store::tables::lists::{self, StoredList};
use posthouse_store::{StoreError, Tx};
use posthouse_types::ids::{Key, Kind};

use super::ListView;
use super::view::{check_description, type_named};
use crate::actor::Actor;
use crate::audit::{AuditEntry, Object};
use crate::names::check_name;
use crate::{Mailroom, Refusal};

/// What a client asks for.
#[derive(Debug, Clone, Default)]
pub struct NewList {
    /// A name for people.
    pub name: String,
    /// What it holds; one of [`super::TYPES`].
    pub kind: String,
    /// A text for people.
    pub description: Option<String>,
}

impl Mailroom {
    /// Makes a list without items.
    ///
    /// # Errors
    /// [`Refusal::Invalid`]; [`Refusal::PlanCap`]; [`Refusal::Forbidden`] for a key that does not reach the whole
    /// application.
    pub async fn create_list(&self, actor: &Actor, new: NewList) -> Result<ListView, Refusal> {
        actor.require_whole_application()?;
        check_name("name", &new.name)?;
        let kind = type_named(&new.kind)?;
        check_description(new.description.as_deref())?;
        let now = self.now_seconds();
        let list = StoredList {
            id: self.store().new_key(),
            application: actor.application,
            name: new.name,
            description: new.description,
            kind: kind as i64,
            items_count: 0,
            created_at: now,
            updated_at: now,
        };
        let mailroom = self.clone();
        self.store()
            .write(move |tx: &mut dyn Tx| {
                mailroom.check_list_cap(tx, list.application)?;
                lists::insert(tx, &list)?;
                let object = Object::Row(Kind::List, list.id);
                mailroom.audit(
                    tx,
                    &AuditEntry::done(list.application, "list.create", object),
                )?;
                Ok(mailroom.view_list(&list)?)
            })
            .await
    }

    fn check_list_cap(&self, tx: &mut dyn Tx, application: Key) -> Result<(), Refusal> {
        self.check_cap(Cap::Lists, "List", |_| {
            // One at a time, or two would see room for one.
            applications::lock(tx, application)?;
            Ok::<_, StoreError>(lists::count(tx, application)?.unsigned_abs())
        })
    }
}
