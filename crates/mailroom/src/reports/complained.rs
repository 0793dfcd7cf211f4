//! A recipient complained about mail.

use posthouse_mime::report::FeedbackReport;
use posthouse_store::{StoreError, Tx};
use posthouse_types::ids::{IdCodec, Key, Kind};

use super::bounced::Family;
use crate::Mailroom;
use crate::outbound::consequences::of_complaint;
use crate::outbound::{event, return_path_token};

/// Reports of this kind say that mail was wanted.
const PRAISE: &str = "not-spam";

/// Characters of the kind of a complaint that are told.
const KIND_CHARACTERS_MAX: usize = 64;

/// Returns the row that a complaint is about: its message shows the return path that it had.
pub(super) fn row_behind(codec: &IdCodec, told: &FeedbackReport) -> Option<Key> {
    let paths = [&told.original_mail_from, &told.original.return_path];
    paths.into_iter().flatten().find_map(|path| {
        let (local, domain) = path.rsplit_once('@')?;
        let domain = domain.to_ascii_lowercase();
        return_path_token::open_address(codec, local, &domain).map(|(row, _)| row)
    })
}

/// Does what a complaint asks for.
pub(super) fn complained(
    tx: &mut dyn Tx,
    mailroom: &Mailroom,
    row: Key,
    told: &FeedbackReport,
    now_us: i64,
) -> Result<(), StoreError> {
    if told.kind == PRAISE {
        return Ok(());
    }
    let Some(family) = Family::of(tx, row)? else {
        return Ok(());
    };
    let Some(mail) = family.find(told.original_recipients.iter()) else {
        tracing::info!("a complaint names no recipient of its message");
        return Ok(());
    };
    let Some(mail) = of_complaint(tx, mailroom, mail.id, now_us / 1_000_000)? else {
        return Ok(());
    };
    tracing::info!(
        message.id = %mailroom.public_id(Kind::Message, family.sent.message),
        "a recipient complained"
    );
    let kind: String = told.kind.chars().take(KIND_CHARACTERS_MAX).collect();
    let codec = mailroom.store().ids();
    event::complained(tx, codec, &family.sent, &kind, &[mail.recipient], now_us)
}
