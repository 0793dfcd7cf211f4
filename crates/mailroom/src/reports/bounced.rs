//! A server reports that mail it took did not arrive after all.

use posthouse_mime::report::{Action, DeliveryReport, RecipientStatus};
use posthouse_store::tables::dispatched::{self, Dispatched};
use posthouse_store::{StoreError, Tx};
use posthouse_types::ids::{Key, Kind};

use crate::Mailroom;
use crate::outbound::Sent;
use crate::outbound::bounce::{Bounce, BounceType};
use crate::outbound::consequences::of_later_bounce;
use crate::outbound::event::{self, Bounced};

/// Recipients of one message that a report is compared with.
const RECIPIENTS_MAX: i64 = 200;

/// Does what a report asks for that came to the return path of a row.
pub(super) fn bounced(
    tx: &mut dyn Tx,
    mailroom: &Mailroom,
    row: Key,
    told: &DeliveryReport,
    now_us: i64,
) -> Result<(), StoreError> {
    let Some(family) = Family::of(tx, row)? else {
        return Ok(());
    };
    let failed = told
        .recipients
        .iter()
        .filter(|one| one.action == Action::Failed);
    let mut found = Vec::new();
    for one in failed {
        let named = [&one.original_recipient, &one.final_recipient];
        let Some(mail) = family.find(named.into_iter().flatten()) else {
            tracing::info!("a report names no recipient of its message");
            continue;
        };
        let (bounce, diagnostic) = understand(one);
        let told = of_later_bounce(tx, mailroom, mail.id, bounce.class, now_us / 1_000_000)?;
        found.extend(told.map(|mail| Bounced {
            address: mail.recipient,
            diagnostic,
            bounce,
            is_uncertain: false,
        }));
    }
    if found.is_empty() {
        return Ok(());
    }
    tracing::info!(
        message.id = %mailroom.public_id(Kind::Message, family.sent.message),
        recipients = found.len(),
        "bounced later"
    );
    event::bounced(tx, mailroom.store().ids(), &family.sent, &found, now_us)
}

/// Returns what a status means, and the words that tell it.
fn understand(one: &RecipientStatus) -> (Bounce, String) {
    let status = one.status.as_deref().unwrap_or_default();
    let words = one.diagnostic.as_deref().unwrap_or_default();
    let bounce = Bounce::of(words);
    let both = format!("{status} {words}");
    let bounce = match bounce.kind {
        BounceType::General if !status.is_empty() => Bounce::of(&both),
        _ => bounce,
    };
    let diagnostic = if words.is_empty() { status } else { words };
    (bounce, diagnostic.to_owned())
}

/// The mail of one message that left with one of its return paths: a report speaks of nobody else's, because whoever knows
/// the path need not know the other recipients' servers.
pub(super) struct Family {
    pub(super) sent: Sent,
    /// The recipient that the return path was made for.
    own: Option<Dispatched>,
    all: Vec<Dispatched>,
}

impl Family {
    /// Returns the mail behind a return path; `None` when it is not known any more.
    pub(super) fn of(tx: &mut dyn Tx, row: Key) -> Result<Option<Self>, StoreError> {
        let Some((application, grant, message)) = dispatched::behind(tx, row)? else {
            return Ok(None);
        };
        let all = dispatched::of_return_path(tx, application, message, row, RECIPIENTS_MAX)?;
        let own = all.iter().find(|mail| mail.id == row).cloned();
        let sent = Sent {
            application,
            grant,
            message,
        };
        Ok(Some(Self { sent, own, all }))
    }

    /// Returns the mail for one of these addresses. A return path of one recipient was for that one, whatever the address has
    /// become on its way, and though a feedback loop keeps it to itself (RFC 6590).
    pub(super) fn find<'a>(
        &self,
        named: impl Iterator<Item = &'a String> + Clone,
    ) -> Option<&Dispatched> {
        let mut all = self.all.iter();
        let is_named = |mail: &&Dispatched| {
            let recipient = mail.recipient.to_lowercase();
            named
                .clone()
                .any(|address| address.to_lowercase() == recipient)
        };
        if let Some(mail) = all.find(is_named) {
            return Some(mail);
        }
        self.own.as_ref().filter(|_| self.all.len() == 1)
    }
}
