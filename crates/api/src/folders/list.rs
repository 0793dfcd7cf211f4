//! `GET /v3/grants/{grant_id}/folders`

use super::{FOLDER, render};
use crate::call::Call;
use crate::error::ApiError;
use crate::openapi::{Operation, Parameter};
use crate::query::{PageSize, Paging};
use crate::routes::Answer;

/// Describes the listing.
pub fn operation() -> Operation {
    Operation::new("listFolders", "List folders")
        .about("System folders first, then the others by path.")
        .query(Parameter::paging(PageSize::FOLDERS))
        .query([
            Parameter::text(
                "parent_id",
                "Only the folders directly below this one, named like in a path.",
            ),
            Parameter::flag("single_level", "Only the folders that are below no other."),
        ])
        .select()
        .fails([404])
        .page(FOLDER.reference())
}

/// Answers the folders: system folders first, then the others by path.
///
/// An account has at most some hundreds, so a page is cut from the whole list and its cursor is the id of its last
/// folder. A cursor whose folder was deleted meanwhile is refused like a malformed one.
pub async fn list(call: Call) -> Answer {
    let grant = call.grant().await?;
    let paging = Paging::without_offset(&call.query, PageSize::FOLDERS)?;
    let top_level_only = call.query.flag("single_level")?.unwrap_or(false);
    let folders = call
        .mailroom
        .list_folders(&grant, call.query.text("parent_id"), top_level_only)
        .await?;
    let start = match &paging.page_token {
        None => 0,
        Some(token) => match folders.iter().position(|folder| folder.id == *token) {
            Some(last) => last + 1,
            None => {
                return Err(ApiError::invalid(
                    "page_token",
                    "not a next_cursor of this listing",
                ));
            }
        },
    };
    let remaining = &folders[start..];
    let page = &remaining[..remaining.len().min(paging.limit as usize)];
    let next_cursor = page
        .last()
        .filter(|_| page.len() < remaining.len())
        .map(|folder| folder.id.as_str());
    let rows: Vec<_> = page
        .iter()
        .map(|folder| render(&call, &grant, folder))
        .collect();
    Ok(call.list(&rows, next_cursor))
}
