//! What a message was before it is sent: the transaction that sends it brings that to an end.

use posthouse_store::changes::{self, ChangeKind, NewChange};
use posthouse_store::tables::blobs;
use posthouse_store::tables::drafts::{self as draft_rows, Draft};
use posthouse_store::tables::holds::{self, HoldState};
use posthouse_store::tables::schedules::{self, ScheduleState};
use posthouse_store::{StoreError, Tx};
use posthouse_types::ids::Key;

use super::drafted::Drafted;
use super::held::Approval;
use crate::actor::GrantRef;
use crate::drafts;

/// Where a message comes from.
#[derive(Debug, Clone, Default)]
pub(super) enum Origin {
    /// From the request that sends it.
    #[default]
    Request,
    /// From a schedule whose time has come.
    Schedule(Release),
    /// From a draft, which goes.
    Draft(Drafted),
    /// From a hold that somebody approves.
    Held(Approval),
}

/// A claimed schedule, and what was promised when it was taken.
#[derive(Debug, Clone)]
pub(super) struct Release {
    pub(super) id: Key,
    /// Proves that the claim is the newest.
    pub(super) token: i64,
    /// What the schedule kept of the message.
    pub(super) blob: Key,
    /// Reserved for the copy in Sent.
    pub(super) message: Key,
    pub(super) thread: Key,
    /// Part of the Message-ID that was shown.
    pub(super) secret: String,
    /// Keys of the attachments that were shown, in their order.
    pub(super) attachments: Vec<Key>,
}

impl Origin {
    /// Returns what names the message and sets its parts apart; nobody else can know it.
    pub(super) fn secret(&self) -> String {
        match self {
            Self::Request | Self::Draft(_) => uuid::Uuid::new_v4().simple().to_string(),
            Self::Schedule(release) => release.secret.clone(),
            Self::Held(approval) => approval.secret.clone(),
        }
    }

    /// Returns the keys that were promised to attachments.
    pub(super) fn attachments(&self) -> &[Key] {
        match self {
            Self::Request | Self::Draft(_) => &[],
            Self::Schedule(release) => &release.attachments,
            Self::Held(approval) => &approval.attachments,
        }
    }

    /// Returns the key that was promised to the copy, and the thread it joins.
    pub(super) fn place(&self) -> Option<(Key, Key)> {
        match self {
            Self::Request | Self::Draft(_) => None,
            Self::Schedule(release) => Some((release.message, release.thread)),
            Self::Held(approval) => Some((approval.message, approval.thread)),
        }
    }

    /// Returns the thread that it belonged to already.
    pub(super) fn thread(&self) -> Option<Key> {
        match self {
            Self::Draft(draft) => draft.thread,
            Self::Request | Self::Schedule(_) | Self::Held(_) => None,
        }
    }

    /// Ends what the message was; false when that is no longer the caller's, and then nothing may be sent.
    pub(super) fn end(
        &self,
        tx: &mut dyn Tx,
        grant: &GrantRef,
        now_us: i64,
    ) -> Result<bool, StoreError> {
        match self {
            Self::Request => Ok(true),
            Self::Draft(draft) => Ok(draft.find(tx, grant)?.is_some()),
            Self::Schedule(release) => schedules::close(
                tx,
                release.id,
                release.token,
                ScheduleState::Success,
                None,
                now_us / 1_000_000,
            ),
            Self::Held(approval) => approval.end(tx, now_us / 1_000_000),
        }
    }

    /// Returns how many bytes of the account go in the transaction that sends it: those of the draft that it was.
    pub(super) fn bytes_leaving(
        &self,
        tx: &mut dyn Tx,
        grant: &GrantRef,
    ) -> Result<u64, StoreError> {
        let draft = match self {
            Self::Request | Self::Schedule(_) => return Ok(0),
            Self::Draft(drafted) => drafted.find(tx, grant)?,
            Self::Held(approval) => approval.find_draft(tx, grant)?,
        };
        Ok(draft.map_or(0, |draft| draft.size_bytes.max(0).unsigned_abs()))
    }

    /// Notes down that the message was sent; returns application and key of bytes in the blob store that nothing refers
    /// to any more.
    pub(super) fn note_sent(
        &self,
        tx: &mut dyn Tx,
        grant: &GrantRef,
        now_us: i64,
    ) -> Result<Vec<(Key, Key)>, StoreError> {
        let release = match self {
            Self::Request => return Ok(Vec::new()),
            Self::Held(approval) => return approval.note_sent(tx, grant, now_us),
            Self::Draft(drafted) => {
                return match drafted.find(tx, grant)? {
                    Some(draft) => drafts::remove(tx, grant, &draft, now_us),
                    None => Ok(Vec::new()),
                };
            }
            Self::Schedule(release) => release,
        };
        changes::append(
            tx,
            &NewChange {
                application: grant.application,
                grant: Some(grant.grant),
                kind: ChangeKind::MessageSendSuccess,
                object: release.id,
                at_us: now_us,
                data: None,
            },
        )?;
        let lock = tx.dialect().lock_rows();
        blobs::remove_unreferenced(tx, &[release.blob], lock)
    }
}

impl Approval {
    /// Decides; false when somebody has decided already. To be called under the account's lock, which every decision takes.
    fn end(&self, tx: &mut dyn Tx, now: i64) -> Result<bool, StoreError> {
        if !holds::is_pending(tx, self.id)? {
            return Ok(false);
        }
        if let Some(schedule) = self.schedule {
            let success = ScheduleState::Success;
            if !schedules::close_held(tx, schedule, success, None, now)? {
                return Ok(false);
            }
        }
        holds::decide(tx, self.id, HoldState::Approved, self.note.as_deref(), now)
    }

    /// Returns the draft that it was. One that was changed since is another message by now, and stays.
    fn find_draft(&self, tx: &mut dyn Tx, grant: &GrantRef) -> Result<Option<Draft>, StoreError> {
        let Some((id, modseq)) = self.draft else {
            return Ok(None);
        };
        let found = draft_rows::find(tx, grant.grant, id)?;
        let unchanged = found.filter(|(draft, _)| draft.modseq == modseq);
        Ok(unchanged.map(|(draft, _)| draft))
    }

    fn note_sent(
        &self,
        tx: &mut dyn Tx,
        grant: &GrantRef,
        now_us: i64,
    ) -> Result<Vec<(Key, Key)>, StoreError> {
        changes::append(
            tx,
            &NewChange {
                application: grant.application,
                grant: Some(grant.grant),
                kind: ChangeKind::MessageSendSuccess,
                object: self.schedule.unwrap_or(self.id),
                at_us: now_us,
                data: None,
            },
        )?;
        let mut external = Vec::new();
        if let Some(draft) = self.find_draft(tx, grant)? {
            external = drafts::remove(tx, grant, &draft, now_us)?;
        }
        let lock = tx.dialect().lock_rows();
        external.extend(blobs::remove_unreferenced(tx, &[self.blob], lock)?);
        Ok(external)
    }
}
