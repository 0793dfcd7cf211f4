//! The filters of a thread listing: those of messages that threads have, and those on the thread's own dates.

use posthouse_mailroom::read::MessageQuery;
use posthouse_mailroom::threads::ThreadQuery;

use crate::error::ApiError;
use crate::messages;
use crate::query::Query;

/// Reads every filter; unknown parameters are ignored, and so are filters that only messages have.
pub(super) fn read(query: &Query) -> Result<ThreadQuery, ApiError> {
    let message = MessageQuery {
        received_after: None,
        received_before: None,
        rfc822_message_id: None,
        metadata_pairs: Vec::new(),
        ..messages::filters::read(query)?
    };
    Ok(ThreadQuery {
        message,
        latest_message_after: query.time("latest_message_after")?,
        latest_message_before: query.time("latest_message_before")?,
        earliest_message_date: query.time("earliest_message_date")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filters(raw: &str) -> Result<ThreadQuery, ApiError> {
        read(&Query::parse(Some(raw)).unwrap())
    }

    #[test]
    fn threads_share_the_filters_of_messages_and_have_dates_of_their_own() {
        let read = filters("from=a@x.example&unread=1&latest_message_after=5&received_after=9");
        let read = read.unwrap();
        assert_eq!(read.message.from, ["a@x.example"]);
        assert_eq!(read.message.unread, Some(true));
        assert_eq!(read.latest_message_after, Some(5));
        assert_eq!(read.message.received_after, None);
        let wrong = filters("earliest_message_date=today").unwrap_err();
        assert_eq!(wrong.field(), Some("earliest_message_date"));
    }
}
