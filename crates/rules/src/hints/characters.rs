//! Letters that show nothing, spell something for machines, or change the order of others.

use super::Found;
use crate::limits::HINTS_PER_TEXT_MAX;

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
        0xE0000..=0xE007F | 0xE0100..=0xE01EF => Some(Class::Tag),
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

/// Finds runs of such letters.
pub(super) fn of(text: &str) -> Vec<Found> {
    let mut found = Vec::new();
    if text.is_ascii() {
        return found;
    }
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
            Class::Tag if count >= TAGS_RUN_MIN => {
                let spelled = self.letters.iter().filter_map(|letter| shadow(*letter));
                let detail = format!("{count} characters that show nothing and spell a text");
                ("invisible_text", spelled.collect(), detail)
            }
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
        code @ 0xE0100..=0xE01EF => char::from_u32(code - 0xE0100 + 16).filter(|c| !c.is_control()),
        _ => None,
    }
}
