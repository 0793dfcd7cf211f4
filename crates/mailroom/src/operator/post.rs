//! Mail of this server's own goes into the queue.

use posthouse_store::blobs::PreparedBlob;
use posthouse_store::tables::outbound::{self, NewOutbound, OutboundState, TlsNeed};
use posthouse_store::tables::sendings::{self, Sending};
use posthouse_store::tables::{applications, blobs, recipients};
use posthouse_store::{StoreError, Tx};
use posthouse_types::address::EmailAddress;
use posthouse_types::ids::Key;

use crate::Mailroom;
use crate::outbound::sending::OwnMailKind;

/// Mail that belongs to no application: it is kept in the first one's queue, and no event tells of it.
#[derive(Debug)]
pub(crate) struct OwnMail<'a> {
    /// What `blobs` refers to it by; made for the application that [`Mailroom::own_application`] names.
    pub(crate) blob: &'a PreparedBlob,
    pub(crate) kind: OwnMailKind,
    pub(crate) recipients: &'a [EmailAddress],
    pub(crate) now_us: i64,
}

/// A letter on its way into the queue.
#[derive(Debug)]
pub(crate) struct Post<'a> {
    pub(crate) subject: &'a str,
    pub(crate) text: &'a str,
}

/// Writes to the operator, in the transaction of what it tells about; does nothing where there is no address.
pub(crate) fn post(
    tx: &mut dyn Tx,
    mailroom: &Mailroom,
    letter: &Post<'_>,
) -> Result<(), StoreError> {
    let Some(operator) = mailroom.operator() else {
        return Ok(());
    };
    let Some(application) = applications::oldest(tx)? else {
        return Ok(());
    };
    let now_us = mailroom.clock().unix_us();
    let written = super::Letter {
        id: mailroom.store().new_key(),
        hostname: &mailroom.config().hostname,
        to: std::slice::from_ref(operator),
        subject: letter.subject,
        text: letter.text,
        file: None,
        now: now_us / 1_000_000,
    }
    .write(mailroom.store().ids());
    let Some(raw) = written else {
        tracing::error!("cannot write to the operator: {}", letter.subject);
        return Ok(());
    };
    // A letter is small: its bytes are in the row.
    let blob = PreparedBlob::new(mailroom.store().new_key(), application.id, &raw)?;
    let mail = OwnMail {
        blob: &blob,
        kind: OwnMailKind::Letter,
        recipients: std::slice::from_ref(operator),
        now_us,
    };
    mail.queue(tx, mailroom)?;
    Ok(())
}

impl OwnMail<'_> {
    /// Puts it into the queue, once for each recipient; returns the blob that the queue refers to.
    pub(crate) fn queue(&self, tx: &mut dyn Tx, mailroom: &Mailroom) -> Result<Key, StoreError> {
        let application = self.blob.application;
        let blob = blobs::keep(tx, self.blob)?.key;
        let message = mailroom.store().new_key();
        sendings::insert(
            tx,
            &Sending {
                message,
                application,
                grant: None,
                about: self.kind.about().to_owned(),
                charged: None,
            },
        )?;
        for recipient in self.recipients {
            let domain = recipient.domain().as_str();
            let is_local = recipients::hosting(tx, domain)?.is_some();
            let state = if is_local {
                OutboundState::Queued
            } else {
                mailroom.state_of_mail_for_others()
            };
            outbound::insert(
                tx,
                &NewOutbound {
                    id: mailroom.store().new_key(),
                    application,
                    grant: None,
                    message,
                    blob,
                    envelope_from: "",
                    recipient: recipient.as_str(),
                    domain,
                    is_local,
                    state,
                    tls_need: TlsNeed::AsAsked,
                    due_us: self.now_us,
                    now: self.now_us / 1_000_000,
                },
            )?;
        }
        Ok(blob)
    }
}

impl Mailroom {
    /// Returns the application in whose queue this server's own mail is: the oldest one.
    pub(crate) async fn own_application(&self) -> Result<Option<Key>, StoreError> {
        let oldest = self.store().read(applications::oldest).await?;
        Ok(oldest.map(|application| application.id))
    }
}
