//! What a listing of threads is asked for.

use crate::read::MessageQuery;

/// Filters of a thread listing; all that are set must hold.
#[derive(Debug, Clone, Default)]
pub struct ThreadQuery {
    /// What at least one message of the thread is like; with all of its conditions on the same message.
    ///
    /// Its folders are where that message is: without a choice, threads that are only in Junk and Trash are left out.
    pub message: MessageQuery,
    /// The newest message is later than this, in Unix seconds.
    pub latest_message_after: Option<i64>,
    /// The newest message is earlier than this, in Unix seconds.
    pub latest_message_before: Option<i64>,
    /// The oldest message is not earlier than this, in Unix seconds.
    pub earliest_message_date: Option<i64>,
}
