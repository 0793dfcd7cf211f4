//! Getting one thread.

use posthouse_store::Tx;
use posthouse_store::tables::folders;
use posthouse_store::tables::threads::{self, Head};
use posthouse_types::folders::SystemFolder;
use posthouse_types::ids::Kind;

use super::drafts::render_of_drafts;
use super::list::render;
use crate::actor::GrantRef;
use crate::{Mailroom, Refusal};

impl Mailroom {
    /// Returns one thread's object as JSON, whatever folders its messages are in.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], also when no message and no draft is left of it.
    pub async fn get_thread(&self, grant: &GrantRef, thread_id: &str) -> Result<Vec<u8>, Refusal> {
        let thread = self.open_id(Kind::Thread, thread_id)?;
        let codec = self.store().ids().clone();
        let owner = grant.clone();
        self.store()
            .read(move |tx: &mut dyn Tx| -> Result<_, Refusal> {
                let Some(newest) = threads::newest(tx, owner.grant, thread)? else {
                    let drafts = render_of_drafts(tx, &codec, &owner, thread)?;
                    return drafts.ok_or(Refusal::NotFound);
                };
                let sent = folders::system_folder(tx, owner.grant, SystemFolder::Sent)?;
                let page = render(tx, &codec, &owner, sent, &[Head { newest, thread }])?;
                Ok(page.json)
            })
            .await
    }
}
