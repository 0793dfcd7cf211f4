//! Mailboxes are read: messages, folders, attachments.
//!
//! Listings are keyset-paged and read no blob: what they show was computed at receipt. Message objects leave this
//! module as finished JSON, because the API, webhooks and streams all show the same object and because a listing is
//! mostly copying (ADR 0004).

mod attachments;
mod extracted;
mod folders;
mod headers;
mod hints;
mod list;
mod object;
mod query;
mod security;
mod source;

pub use attachments::{AttachmentContent, AttachmentInfo};
pub use folders::FolderView;
pub(crate) use folders::{filtered as filtered_folders, find as find_folder, view as view_folder};
pub(crate) use headers::headers_member;
pub(crate) use list::{Listed, load, selection, selection_among, term_groups};
pub use list::{MessagePage, PAGE_BYTES_MAX};
pub(crate) use query::{CursorOf, foreign_cursor, open_cursor, seal_cursor};
pub use query::{Detail, FolderFilter, HeaderDetail, MessageQuery, PageRequest};
pub(crate) use source::{away_from_async_threads, blob as blob_source, whole as whole_source};
