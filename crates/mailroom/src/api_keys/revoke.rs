//! The end of an API key.

use posthouse_store::engine::Dialect;
use posthouse_store::tables::api_keys::{self, Leaving};
use posthouse_types::ids::Kind;

use crate::audit::Object;
use crate::{Mailroom, Refusal};

impl Mailroom {
    /// Revokes an API key at once; revoking it again changes nothing.
    ///
    /// # Errors
    /// [`Refusal::NotFound`]; [`Refusal::Invalid`] for the last key with the operator's permission.
    pub async fn revoke_api_key(
        &self,
        application_id: &str,
        api_key_id: &str,
    ) -> Result<(), Refusal> {
        let application = self.open_id(Kind::Application, application_id)?;
        let id = self.open_id(Kind::ApiKey, api_key_id)?;
        let (now, organization) = (self.now_seconds(), self.store().organization());
        let mailroom = self.clone();
        let revoked = self
            .store()
            .write(move |tx| {
                // Two operators that revoke each other's keys at once must not both succeed.
                Dialect::lock_grant(tx, organization)?;
                let key = api_keys::find(tx, application, id)?.ok_or(Refusal::NotFound)?;
                let works = key.revoked_at.is_none();
                if key.admin && works && !api_keys::admin_remains(tx, Leaving::Key(id), now)? {
                    return Err(Refusal::Invalid {
                        field: None,
                        message: "the last admin key cannot be deleted".to_owned(),
                        fix: Some("create another admin key first".to_owned()),
                    });
                }
                if works {
                    let object = Object::Row(Kind::ApiKey, id);
                    mailroom.audit_done(tx, application, "api_key.revoke", object)?;
                }
                Ok::<_, Refusal>(api_keys::revoke(tx, id, now)?)
            })
            .await;
        self.inner.tenancy.keys.forget(|_, known| known.id() == id);
        revoked
    }
}
