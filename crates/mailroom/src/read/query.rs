//! What a listing of messages is asked for.

use posthouse_store::tables::messages::Position;
use posthouse_types::ids::{IdCodec, Key};

use crate::Refusal;
use crate::search::SearchQuery;

/// Filters of a message listing; all that are set must hold. Address lists are OR-ed and compared whole and folded.
#[derive(Debug, Clone, Default)]
pub struct MessageQuery {
    /// Which folders to look in.
    pub folders: FolderFilter,
    /// Senders.
    pub from: Vec<String>,
    /// Recipients in To.
    pub to: Vec<String>,
    /// Recipients in Cc.
    pub cc: Vec<String>,
    /// Recipients in Bcc.
    pub bcc: Vec<String>,
    /// Anybody in from, to, cc, bcc or reply_to.
    pub any_email: Vec<String>,
    /// A text the subject contains, in any letter case.
    pub subject: Option<String>,
    /// Unread or read only.
    pub unread: Option<bool>,
    /// Starred or not only.
    pub starred: Option<bool>,
    /// With or without attachments only; inline images are none.
    pub has_attachment: Option<bool>,
    /// Public id of a thread.
    pub thread_id: Option<String>,
    /// Accepted later than this, in Unix seconds.
    pub received_after: Option<i64>,
    /// Accepted earlier than this, in Unix seconds.
    pub received_before: Option<i64>,
    /// Message-ID header, with or without angle brackets.
    pub rfc822_message_id: Option<String>,
    /// Metadata pairs as `key:value`, all of which must hold.
    pub metadata_pairs: Vec<String>,
    /// Words that the message holds; then the order is that of relevance.
    pub search: Option<SearchQuery>,
}

/// Which folders a listing looks in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum FolderFilter {
    /// All but Junk and Trash.
    #[default]
    Visible,
    /// All but Junk, Trash and Sent.
    Incoming,
    /// All.
    All,
    /// These: ids, system names, aliases, paths or unique leaf names; unknown ones match nothing.
    Named(Vec<String>),
}

/// What each listed message shows beside its standard members.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Detail {
    /// The standard members.
    #[default]
    Standard,
    /// Standard members and those that are asked for.
    With {
        /// Which headers.
        headers: Option<HeaderDetail>,
        /// Adds `tracking_options`.
        tracking: bool,
        /// Adds `extracted`, which is computed from the source (ADR 0007).
        extracted: bool,
        /// Adds `security`, which is computed from the source too; `null` on the account's own sent mail.
        security: bool,
    },
    /// Only `grant_id`, `object`, `id` and the base64url `raw_mime`.
    RawMime,
}

/// Which headers a message shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeaderDetail {
    /// All, in order.
    All,
    /// Message-ID, In-Reply-To and References.
    Basic,
}

/// Which page of a listing is asked for.
#[derive(Debug, Clone, Default)]
pub struct PageRequest {
    /// Rows at most: 1 to 200, which the door has checked.
    pub limit: usize,
    /// A former answer's cursor.
    pub cursor: Option<String>,
    /// Rows to leave out; only without a cursor.
    pub offset: i64,
}

/// Which listing a cursor is a place in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CursorOf {
    /// Messages.
    Messages,
    /// Threads, by their newest messages.
    Threads,
    /// Drafts, by their last changes in Unix microseconds.
    Drafts,
}

impl CursorOf {
    fn label(self) -> &'static str {
        match self {
            Self::Messages => "cursor/messages",
            Self::Threads => "cursor/threads",
            Self::Drafts => "cursor/drafts",
        }
    }
}

/// Returns the text of a position, bound to the listing and the account so that it is of no use elsewhere.
pub(crate) fn seal_cursor(
    codec: &IdCodec,
    listing: CursorOf,
    grant: Key,
    position: Position,
) -> String {
    let body = cursor_bytes(grant, position);
    let mac = codec.authenticate(listing.label(), &body);
    format!("{:x}.{:x}.{mac:016x}", position.date_at, position.id.0)
}

/// Reads a cursor that [`seal_cursor`] made for this listing and account.
pub(crate) fn open_cursor(
    codec: &IdCodec,
    listing: CursorOf,
    grant: Key,
    text: &str,
) -> Result<Position, Refusal> {
    let malformed = foreign_cursor;
    let mut fields = text.splitn(3, '.');
    let mut number = |digits: usize| {
        fields
            .next()
            .filter(|field| field.len() <= digits)
            .and_then(|field| u64::from_str_radix(field, 16).ok())
            .ok_or_else(malformed)
    };
    let (date_at, id, mac) = (number(16)?, number(16)?, number(16)?);
    let date_at = i64::try_from(date_at).map_err(|_| malformed())?;
    let id = i64::try_from(id).map_err(|_| malformed())?;
    let position = Position {
        date_at,
        id: Key(id),
    };
    if codec.authenticate(listing.label(), &cursor_bytes(grant, position)) != mac {
        return Err(malformed());
    }
    Ok(position)
}

/// Refuses a cursor that does not belong to the listing.
pub(crate) fn foreign_cursor() -> Refusal {
    Refusal::invalid(
        "page_token",
        "page_token: not a next_cursor of this listing",
    )
    .with_fix("repeat the request without page_token to start at the first page")
}

fn cursor_bytes(grant: Key, position: Position) -> Vec<u8> {
    [grant.0, position.date_at, position.id.0]
        .iter()
        .flat_map(|number| number.to_be_bytes())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn http_07_a_cursor_of_another_account_or_listing_or_an_edited_one_is_refused() {
        let codec = IdCodec::new([9; 16]);
        let position = Position {
            date_at: 1_790_000_000,
            id: Key(77),
        };
        let listing = CursorOf::Messages;
        let cursor = seal_cursor(&codec, listing, Key(1), position);
        assert_eq!(
            open_cursor(&codec, listing, Key(1), &cursor).unwrap(),
            position
        );
        assert!(open_cursor(&codec, listing, Key(2), &cursor).is_err());
        assert!(open_cursor(&codec, CursorOf::Threads, Key(1), &cursor).is_err());
        assert!(open_cursor(&codec, listing, Key(1), &cursor.replacen('6', "7", 1)).is_err());
        for nonsense in [
            "",
            ".",
            "..",
            "a.b",
            "x.y.z",
            "1.2.3.4",
            "-1.2.3",
            "ffffffffffffffff.1.1",
        ] {
            assert!(
                open_cursor(&codec, listing, Key(1), nonsense).is_err(),
                "{nonsense}"
            );
        }
    }
}
