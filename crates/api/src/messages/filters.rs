//! The filters of a message listing, from the query dialect to the mailroom's typed query.

use posthouse_mailroom::read::{FolderFilter, MessageQuery};
use posthouse_mailroom::search::SearchQuery;

use crate::error::ApiError;
use crate::limits::{ADDRESSES_PER_FILTER_MAX, ANY_EMAIL_MAX};
use crate::query::{Query, metadata_pairs};

/// Reads every filter; unknown parameters are ignored.
pub(crate) fn read(query: &Query) -> Result<MessageQuery, ApiError> {
    let addresses = |name| query.list_of_at_most(name, ADDRESSES_PER_FILTER_MAX);
    Ok(MessageQuery {
        folders: folders(query),
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
        received_after: query.time("received_after")?,
        received_before: query.time("received_before")?,
        rfc822_message_id: query.text("rfc822_message_id").map(str::to_owned),
        metadata_pairs: metadata_pairs(query)?,
        search: search(query)?,
    })
}

/// Reads what is searched for; `q` is the short name.
pub(super) fn search(query: &Query) -> Result<Option<SearchQuery>, ApiError> {
    let named = ["search_query_native", "q"]
        .into_iter()
        .find_map(|name| query.text(name).map(|text| (name, text)));
    let Some((name, text)) = named else {
        return Ok(None);
    };
    SearchQuery::parse(text).map(Some).map_err(|error| {
        ApiError::invalid(name, error.to_string())
            .with_fix("words, \"phrases\", OR, -not, (groups) and prefix* are understood")
    })
}

/// Without `in`, Junk and Trash are left out; `in=all` shows every folder, alone or beside others.
pub(crate) fn folders(query: &Query) -> FolderFilter {
    let names = query.list("in");
    if names.is_empty() {
        return FolderFilter::Visible;
    }
    if names.iter().any(|name| name.eq_ignore_ascii_case("all")) {
        return FolderFilter::All;
    }
    FolderFilter::Named(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filters(raw: &str) -> Result<MessageQuery, ApiError> {
        read(&Query::parse(Some(raw)).unwrap())
    }

    #[test]
    fn folders_come_by_name_and_all_wins() {
        assert_eq!(filters("").unwrap().folders, FolderFilter::Visible);
        assert_eq!(filters("in=").unwrap().folders, FolderFilter::Visible);
        assert_eq!(
            filters("in=junk&in=ALL").unwrap().folders,
            FolderFilter::All
        );
        let named = FolderFilter::Named(vec!["junk".to_owned(), "Clients/Acme".to_owned()]);
        assert_eq!(filters("in=junk,Clients%2FAcme").unwrap().folders, named);
    }

    #[test]
    fn wrong_values_name_their_parameter() {
        for (raw, field) in [
            ("unread=maybe", "unread"),
            ("received_after=now", "received_after"),
            ("metadata_pair=colour:red", "metadata_pair"),
            ("search_query_native=a+OR", "search_query_native"),
            ("q=%22open", "q"),
        ] {
            assert_eq!(filters(raw).unwrap_err().field(), Some(field));
        }
        let flood = format!(
            "any_email={}",
            vec!["a@x.example"; ANY_EMAIL_MAX + 1].join(",")
        );
        assert_eq!(filters(&flood).unwrap_err().field(), Some("any_email"));
    }
}
