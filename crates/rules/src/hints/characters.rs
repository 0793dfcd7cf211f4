//! Letters that show nothing, spell something for machines, or change the order of others.

use super::Found;
use crate::limits::{HINT_EXCERPT_CHARACTERS_MAX, HINTS_PER_TEXT_MAX};

/// Joiners and the like in a row from which they are no typography.
const ZERO_WIDTH_RUN_MIN: usize = 4;
/// Letters for machines from which they spell something; flags of parts of countries have up to six.
const TAGS_RUN_MIN: usize = 7;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Tag,
    ZeroWidth,
    Bidi,
}

fn class(character: char) -> Option<Class> {
    match u32::from(character) {
        0xE0000..=0xE007F | 0xE0100..=0xE01EF | 0xFE00..=0xFE0F => Some(Class::Tag),
        0x200B..=0x200D
        | 0x2060..=0x2064
        | 0xFEFF
        | 0xAD
        | 0x34F
        | 0x180E
        | 0x115F
        | 0x1160
        | 0x3164
        | 0xFFA0 => Some(Class::ZeroWidth),
        0x202A..=0x202E | 0x2066..=0x2069 => Some(Class::Bidi),
        _ => None,
    }
}

/// Tells whether a character shows nothing.
pub(super) fn shows_nothing(character: char) -> bool {
    class(character).is_some()
}

/// Finds runs of such letters, and such letters strewn between others.
pub(super) fn of(text: &str) -> Vec<Found> {
    let mut found = Vec::new();
    if text.is_ascii() {
        return found;
    }
    found.extend(Strewn::in_text(text));
    let mut run: Option<Run> = None;
    for (position, character) in text.chars().enumerate() {
        let class = class(character);
        if let Some(current) = &mut run
            && class == Some(current.class)
        {
            current.letters.push(character);
            continue;
        }
        if let Some(done) = run.take() {
            found.extend(done.told());
        }
        if found.len() >= HINTS_PER_TEXT_MAX {
            return found;
        }
        run = class.map(|class| Run {
            class,
            position,
            letters: vec![character],
        });
    }
    found.extend(run.and_then(Run::told));
    found
}

/// Letters that show nothing, one here and one there: each by itself is typography.
#[derive(Default)]
struct Strewn {
    /// Position of the first one.
    position: Option<usize>,
    tags: Vec<char>,
    tag_count: usize,
    /// Those without width that stand between two letters of a word in Latin, Greek or Cyrillic script.
    within_words: usize,
}

impl Strewn {
    fn in_text(text: &str) -> Vec<Found> {
        let mut strewn = Self::default();
        let mut found = Vec::new();
        let mut first_of_tags = 0;
        let mut last: Option<char> = None;
        let mut letters = text.chars().enumerate().peekable();
        while let Some((position, character)) = letters.next() {
            if is_black_flag(character) {
                while letters
                    .next_if(|(_, next)| (0xE0020..=0xE007F).contains(&u32::from(*next)))
                    .is_some()
                {}
                last = None;
                continue;
            }
            match class(character) {
                // One selector behind a picture or an ideograph belongs to it; a second one, or one behind a letter, does not.
                Some(Class::Tag) => {
                    let belongs = is_selector(character)
                        && last.is_some_and(|last| {
                            !last.is_ascii_alphanumeric() && class(last).is_none()
                        });
                    if !belongs {
                        if strewn.tag_count == 0 {
                            first_of_tags = position;
                        }
                        strewn.tag_count += 1;
                        if strewn.tags.len() < HINT_EXCERPT_CHARACTERS_MAX {
                            strewn.tags.push(character);
                        }
                    }
                }
                Some(Class::ZeroWidth) if character != SOFT_HYPHEN => {
                    let is_within = last.is_some_and(joins_nothing)
                        && letters.peek().is_some_and(|(_, next)| joins_nothing(*next));
                    if is_within {
                        strewn.position.get_or_insert(position);
                        strewn.within_words += 1;
                    }
                }
                _ => {}
            }
            last = Some(character);
        }
        if strewn.tag_count >= TAGS_RUN_MIN {
            let count = strewn.tag_count;
            found.push(Found {
                code: "invisible_text",
                position: first_of_tags,
                excerpt: strewn
                    .tags
                    .iter()
                    .filter_map(|letter| shadow(*letter))
                    .collect(),
                detail: format!("{count} characters that show nothing and spell a text"),
            });
        }
        if let Some(position) = strewn.position
            && strewn.within_words >= ZERO_WIDTH_RUN_MIN
        {
            let count = strewn.within_words;
            found.push(Found {
                code: "zero_width",
                position,
                excerpt: String::new(),
                detail: format!("{count} characters without width within words"),
            });
        }
        found
    }
}

const SOFT_HYPHEN: char = '\u{AD}';

fn is_black_flag(character: char) -> bool {
    character == '\u{1F3F4}'
}

fn is_selector(character: char) -> bool {
    matches!(u32::from(character), 0xFE00..=0xFE0F | 0xE0100..=0xE01EF)
}

/// A letter of a script in which nothing has to be joined or parted by characters that show nothing.
fn joins_nothing(character: char) -> bool {
    character.is_alphanumeric() && u32::from(character) < 0x530
}

/// Letters of one class in a row.
struct Run {
    class: Class,
    position: usize,
    letters: Vec<char>,
}

impl Run {
    fn told(self) -> Option<Found> {
        let count = self.letters.len();
        let (code, excerpt, detail) = match self.class {
            Class::ZeroWidth if count >= ZERO_WIDTH_RUN_MIN => {
                let detail = format!("{count} characters without width in a row");
                ("zero_width", String::new(), detail)
            }
            Class::Bidi => {
                let code = u32::from(self.letters[0]);
                let detail = format!("U+{code:04X} changes the order in which text is shown");
                ("bidi_control", String::new(), detail)
            }
            _ => return None,
        };
        Some(Found {
            code,
            position: self.position,
            excerpt,
            detail,
        })
    }
}

/// Returns the letter that a character stands for which shows nothing.
fn shadow(character: char) -> Option<char> {
    match u32::from(character) {
        code @ 0xE0020..=0xE007E => char::from_u32(code - 0xE0000),
        code @ 0xFE00..=0xFE0F => char::from_u32(code - 0xFE00).filter(|c| !c.is_control()),
        code @ 0xE0100..=0xE01EF => char::from_u32(code - 0xE0100 + 16).filter(|c| !c.is_control()),
        _ => None,
    }
}
