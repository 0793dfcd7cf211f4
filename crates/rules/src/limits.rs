//! Every number of this crate.

/// Characters of a rule's or a list's name at most.
pub const NAME_CHARACTERS_MAX: usize = 256;
/// Characters of a rule's or a list's description at most.
pub const DESCRIPTION_CHARACTERS_MAX: usize = 1_000;
/// The last priority; 0 is the first.
pub const PRIORITY_MAX: i64 = 1_000;
/// The priority of a rule that names none.
pub const PRIORITY_DEFAULT: i64 = 10;
/// Conditions of a rule at most.
pub const CONDITIONS_MAX: usize = 50;
/// Actions of a rule at most.
pub const ACTIONS_MAX: usize = 20;
/// Characters of a condition's value at most.
pub const VALUE_CHARACTERS_MAX: usize = 1_000;
/// Lists that one condition names at most.
pub const CONDITION_LISTS_MAX: usize = 50;
/// Characters of the name of a header at most.
pub const HEADER_NAME_CHARACTERS_MAX: usize = 76;
/// Characters of a folder's path at most.
pub const FOLDER_CHARACTERS_MAX: usize = 1_024;
/// Characters of an item of a list at most.
pub const ITEM_CHARACTERS_MAX: usize = 500;
/// Labels of an ending such as `co.uk` at most.
pub const TLD_LABELS_MAX: usize = 6;

/// Octets of one field of a condition (a subject, all values of a header field, all addresses) in which `contains` looks:
/// what lies behind is not compared. Equal texts are found wherever they are.
pub const COMPARED_BYTES_MAX: usize = 64 << 10;
/// Octets that a value counts for at least, so that many short ones cost no more than few long ones.
pub const COMPARED_VALUE_BYTES_MIN: usize = 64;
/// The number of a score that a condition compares with, at most, up and down: no score is beyond.
pub const SCORE_MAX: f64 = 1_000.0;

/// Octets of one text in which hints are looked for.
pub const HINTED_BYTES_MAX: usize = 256 << 10;
/// Hints of one kind that one text gives.
pub const HINTS_PER_TEXT_MAX: usize = 10;
/// Hints told of one message.
pub const HINTS_MAX: usize = 50;
/// Characters shown of what a hint is about.
pub const HINT_EXCERPT_CHARACTERS_MAX: usize = 200;
