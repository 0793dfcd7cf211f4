//! Every bound of sending, with its unit in its name.

/// Bytes of a message as it goes on the wire.
pub const MESSAGE_BYTES_MAX: usize = 25 * 1024 * 1024;

/// Different recipients of a message.
pub const RECIPIENTS_MAX: usize = 50;

/// Addresses in one field; repeated ones count, since every one is written down.
pub const ADDRESSES_PER_FIELD_MAX: usize = 200;

/// Characters of a display name.
pub const DISPLAY_NAME_CHARACTERS_MAX: usize = 256;

/// Characters of a subject.
pub const SUBJECT_CHARACTERS_MAX: usize = 998;

/// Custom headers of a message.
pub const CUSTOM_HEADERS_MAX: usize = 50;

/// Characters of a custom header's name.
pub const CUSTOM_HEADER_NAME_CHARACTERS_MAX: usize = 76;

/// Characters of a custom header's value.
pub const CUSTOM_HEADER_VALUE_CHARACTERS_MAX: usize = 2_000;

/// Files of a message.
pub const FILES_MAX: usize = 400;

/// Characters of a file's name.
pub const FILENAME_CHARACTERS_MAX: usize = 255;

/// Ids kept in References: the first one and the last ones.
pub const REFERENCES_MAX: usize = 20;

/// Octets of a line of a finished source; RFC 5322 2.1.1.
pub const SOURCE_LINE_OCTETS_MAX: usize = 998;

/// Messages below this size are written, parsed and compressed on the async threads.
pub(crate) const INLINE_WORK_BYTES_MAX: usize = 64 * 1024;

/// Rows of the queue that one step delivers to mailboxes of this server.
pub(crate) const LOCAL_ROWS_PER_STEP_MAX: i64 = 128;

/// Of them, those under way at the same time: their commits share a flush. Each may have 1 MB.
pub(crate) const LOCAL_ROWS_AT_ONCE_MAX: usize = 32;

/// Of those, the ones kept outside the database, which may have 25 MB each.
pub(crate) const LOCAL_LARGE_AT_ONCE_MAX: usize = 4;

/// Microseconds for which a claim of such rows holds.
pub(crate) const LOCAL_CLAIM_US: i64 = 30 * 1_000_000;

/// Microseconds' worth of slots that an idle application saves up, where the operator set a rate.
pub(crate) const BURST_US: i64 = 1_000_000;

/// Microseconds that a message waits for a slot at most.
pub(crate) const BURST_QUEUE_US: i64 = 90 * 1_000_000;

/// Scheduled messages that one step sends; each may have 25 MB.
pub(crate) const SCHEDULES_PER_STEP_MAX: i64 = 8;

/// Microseconds for which a claim of such messages holds.
pub(crate) const SCHEDULE_CLAIM_US: i64 = 60 * 1_000_000;

/// Microseconds after which a scheduled message that could not be sent for a passing reason is tried again.
pub(crate) const SCHEDULE_RETRY_US: i64 = 60 * 1_000_000;

/// After this long a schedule of a suspended account looks again whether it goes on; a resumption makes it due at once.
pub(crate) const SUSPENDED_RETRY_US: i64 = 300 * 1_000_000;

/// Times that a scheduled message is tried: an hour of passing reasons.
pub(crate) const SCHEDULE_ATTEMPTS_MAX: i64 = 60;

/// Seconds that a held message waits for somebody to decide, unless the operator says otherwise.
pub const HOLD_SECONDS_DEFAULT: i64 = 72 * 3_600;

/// Held messages of one account that nobody has decided on.
pub const HOLDS_OPEN_MAX: i64 = 1_000;

/// Seconds that a hold is shown after it was decided on.
pub(crate) const HOLD_KEPT_SECONDS: i64 = 72 * 3_600;

/// Characters of what who decides has to say.
pub const HOLD_NOTE_CHARACTERS_MAX: usize = 500;

/// Holds that one step of the clean-up looks at.
pub(crate) const HOLDS_PER_STEP_MAX: i64 = 100;

/// Microseconds after which a schedule whose message waits for approval is looked at again.
pub(crate) const HELD_SCHEDULE_RETRY_US: i64 = 3_600 * 1_000_000;
