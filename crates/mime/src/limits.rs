//! The bounds of the parser. What lies beyond one of them stays opaque, and `parse_truncated` says so.

/// Octets of one header section, the message's or a part's.
pub const HEADER_BYTES_MAX: usize = 1 << 20;
/// Fields of one header section.
pub const HEADER_FIELDS_MAX: usize = 2_000;
/// Parts of a message, the root and every multipart included.
pub const MIME_PARTS_MAX: usize = 1_000;
/// Multiparts open within each other.
pub const MIME_DEPTH_MAX: usize = 64;
/// Messages attached to each other that are written anew in ASCII.
pub const ATTACHED_MESSAGES_DEPTH_MAX: usize = 8;
/// Parameters of one field.
pub const MIME_PARAMS_MAX: usize = 100;
/// RFC 2231 sections (`name*0`, `name*1`, ...) of one parameter.
pub const RFC2231_SECTIONS_MAX: usize = 64;
/// Encoded words decoded in one header field; later ones stay as they are.
pub const ENCODED_WORDS_PER_HEADER_MAX: usize = 1_000;
/// Addresses read from all address fields together; `From` fields, wherever they stand, always have this room.
pub const ADDRESSES_PER_MESSAGE_MAX: usize = 2_000;
/// Message ids read from `In-Reply-To` and `References` together.
pub const REFERENCES_PER_MESSAGE_MAX: usize = 1_000;
/// Octets of one message id with its brackets. RFC 5322 2.1.1: no line may be longer.
pub const MESSAGE_ID_BYTES_MAX: usize = 998;
/// Octets of a line without its CRLF; RFC 5322 2.1.1.
pub const LINE_OCTETS_MAX: usize = 998;
/// Octets of a charset name in an encoded word; the longest registered one has 45.
pub const CHARSET_NAME_BYTES_MAX: usize = 64;
/// Octets of a date field looked at.
pub const DATE_BYTES_MAX: usize = 256;
/// Characters of a snippet.
pub const SNIPPET_CHARS_MAX: usize = 100;
/// Octets of a body searched for the snippet's text; style sheets of newsletters are long.
pub const SNIPPET_SCAN_BYTES_MAX: usize = 512 << 10;
/// Octets of a file name shown, which is what file systems take.
pub const FILENAME_BYTES_MAX: usize = 255;
/// Readings of the name of one attachment. Honest parts have up to four.
pub const FILENAME_READINGS_MAX: usize = 64;
/// Octets kept of one reading, from its end, where the extension is.
pub const FILENAME_READING_BYTES_MAX: usize = 1_024;
/// Octets of a media type. RFC 6838 4.2: type and subtype have at most 127 each.
pub const MEDIA_TYPE_BYTES_MAX: usize = 255;
/// `cid:` references remembered while looking for inline parts: no message has more parts.
pub const CID_REFERENCES_MAX: usize = MIME_PARTS_MAX;
/// Reply and forward prefixes stripped from one subject.
pub const SUBJECT_PREFIXES_MAX: usize = 64;
/// Octets of a message's HTML that are read for its text.
pub const HTML_BYTES_MAX: usize = 2 << 20;
/// Elements open within each other; browsers stop at 512 too.
pub const HTML_DEPTH_MAX: usize = 512;
/// Tags, texts and comments read of one message.
pub const HTML_PIECES_MAX: usize = 400_000;
/// Octets of one attribute; longer ones count as absent.
pub const HTML_ATTRIBUTE_BYTES_MAX: usize = 4_096;
/// Octets behind a tag that hides text by default in which its element must end to be left out of snippets and searches.
pub const VEILED_BYTES_MAX: usize = 4_096;
/// Attributes with values of one tag that are read.
pub const HTML_ATTRIBUTES_MAX: usize = 128;
/// Octets of a text made from a message.
pub const CLEAN_TEXT_BYTES_MAX: usize = 1 << 20;
/// Octets of a message's text in which codes, links and its language are looked for.
pub const EXTRACT_TEXT_BYTES_MAX: usize = 256 << 10;
/// One-time codes reported of one message.
pub const OTP_CODES_MAX: usize = 10;
/// Words of a message that are considered as one-time codes.
pub const OTP_CANDIDATES_MAX: usize = 1_000;
/// Links reported of one message.
pub const LINKS_MAX: usize = 50;
/// Links of one message that are considered.
pub const LINK_CANDIDATES_MAX: usize = 2_000;
/// Characters of a link's text.
pub const LINK_TEXT_CHARS_MAX: usize = 200;
/// Fragments of hidden text reported of one message.
pub const HIDDEN_FRAGMENTS_MAX: usize = 10;
/// Characters of one fragment of hidden text.
pub const HIDDEN_FRAGMENT_CHARS_MAX: usize = 200;
/// Octets read of a part that reports something.
pub const REPORT_BYTES_MAX: usize = 256 << 10;
/// Groups of fields of one report: one about the message, one for each recipient.
pub const REPORT_GROUPS_MAX: usize = 101;
/// Recipients that one report is about.
pub const REPORT_RECIPIENTS_MAX: usize = 100;
/// Characters of one text of a report.
pub const REPORT_TEXT_CHARS_MAX: usize = 1_000;
/// Files written into one plain text that are read.
pub const UUENCODED_FILES_MAX: usize = 100;
