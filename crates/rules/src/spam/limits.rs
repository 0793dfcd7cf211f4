//! Bounds of one look at one message; each has its unit in its name.

/// Bytes of visible text that are read for words; what lies behind them is not looked at.
pub const TEXT_BYTES_MAX: usize = 64 * 1024;
/// Bytes of HTML that are searched for links and images.
pub const HTML_BYTES_MAX: usize = 256 * 1024;
/// Bytes of a subject, of a display name, of any one header field that are looked at.
pub const FIELD_BYTES_MAX: usize = 1_024;
/// Header fields that are looked at.
pub const HEADERS_MAX: usize = 500;
/// Words of a text that are read.
pub const WORDS_READ_MAX: usize = 8_192;
/// Characters of a word that is a feature by itself.
pub const WORD_CHARS_MAX: usize = 24;
/// Links of a message that are looked at.
pub const LINKS_MAX: usize = 64;
/// Bytes of one link, and of the text it is shown with.
pub const LINK_BYTES_MAX: usize = 1_024;
/// Attachments that are looked at.
pub const ATTACHMENTS_MAX: usize = 64;

/// Features of headers, links and attachments that are learned from one message.
pub const HEAD_TOKENS_MAX: usize = 64;
/// Features of a subject that are learned.
pub const SUBJECT_TOKENS_MAX: usize = 48;
/// Words that are learned from one message.
pub const WORD_TOKENS_MAX: usize = 256;
/// Pairs of neighbouring words that are learned from one message.
pub const PAIR_TOKENS_MAX: usize = 144;
/// Features that are learned from one message in all.
pub const TOKENS_LEARNED_MAX: usize =
    HEAD_TOKENS_MAX + SUBJECT_TOKENS_MAX + WORD_TOKENS_MAX + PAIR_TOKENS_MAX;

/// Features of one message that are looked up, of each kind: head, subject, words, pairs.
pub const TOKENS_ASKED_MAX: [usize; 4] = [36, 20, 72, 64];

/// Names of open block lists that one message's signal lists.
pub const LISTINGS_TOLD_MAX: usize = 8;
/// Characters of a detail that is shown.
pub const DETAIL_CHARS_MAX: usize = 120;
