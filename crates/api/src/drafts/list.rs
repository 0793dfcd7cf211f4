//! `GET /v3/grants/{grant_id}/drafts`

use posthouse_mailroom::read::{FolderFilter, MessageQuery, PageRequest};

use super::{DRAFT, reduce};
use crate::call::Call;
use crate::error::ApiError;
use crate::limits::{ADDRESSES_PER_FILTER_MAX, ANY_EMAIL_MAX};
use crate::messages::filters;
use crate::openapi::schema::text;
use crate::openapi::{Operation, Parameter};
use crate::query::{PageSize, Paging, Query, metadata_pairs};
use crate::reply::Reply;
use crate::routes::Answer;

/// Describes the listing.
pub fn operation() -> Operation {
    let address = |name, about| Parameter::emails(name, ADDRESSES_PER_FILTER_MAX, about);
    let folders = "Nothing unless the folder of drafts is among these, by id or name.";
    let anybody = "Only from or to these addresses.";
    Operation::new("listDrafts", "List drafts")
        .about("The one that was changed last first.")
        .query(Parameter::paging(PageSize::COMMON))
        .query([
            Parameter::list("in", text(), folders),
            address("from", "Only from these addresses."),
            address("to", "Only to these addresses."),
            address("cc", "Only with these addresses in cc."),
            address("bcc", "Only with these addresses in bcc."),
            Parameter::emails("any_email", ANY_EMAIL_MAX, anybody),
            Parameter::text("subject", "Only with this text in the subject."),
            Parameter::flag("unread", "Only unread, or only read."),
            Parameter::flag("starred", "Only starred, or only others."),
            Parameter::flag("has_attachment", "Only with files, or only without."),
            Parameter::text("thread_id", "Only in this thread."),
            Parameter::metadata_pair(),
        ])
        .select()
        .page(DRAFT.reference())
}

/// Answers a page of drafts, the one that was changed last first.
pub async fn list(call: Call) -> Answer {
    let grant = call.grant().await?;
    let paging = Paging::without_offset(&call.query, PageSize::COMMON)?;
    let query = read_filters(&call.query)?;
    let request = PageRequest {
        limit: paging.limit as usize,
        cursor: paging.page_token,
        offset: 0,
    };
    let page = call.mailroom.list_drafts(&grant, query, request).await?;
    let select = call.select();
    let cursor = page.next_cursor.as_deref();
    if select.is_everything() {
        return Ok(Reply::finished_rows(call.request_id, cursor, page.json));
    }
    let reduced: Result<Vec<_>, ApiError> = page
        .objects()
        .map(|object| reduce(object, &select))
        .collect();
    Ok(call.list(&reduced?, cursor))
}

/// Reads the filters of drafts: those of messages, but for what only mail has that came or went.
fn read_filters(query: &Query) -> Result<MessageQuery, ApiError> {
    let addresses = |name| query.list_of_at_most(name, ADDRESSES_PER_FILTER_MAX);
    Ok(MessageQuery {
        folders: match filters::folders(query) {
            FolderFilter::Visible => FolderFilter::All,
            named => named,
        },
        from: addresses("from")?,
        to: addresses("to")?,
        cc: addresses("cc")?,
        bcc: addresses("bcc")?,
        any_email: query.list_of_at_most("any_email", ANY_EMAIL_MAX)?,
        subject: query.text("subject").map(str::to_owned),
        unread: query.flag("unread")?,
        starred: query.flag("starred")?,
        has_attachment: query.flag("has_attachment")?,
        thread_id: query.text("thread_id").map(str::to_owned),
        metadata_pairs: metadata_pairs(query)?,
        ..MessageQuery::default()
    })
}
