//! A text as whoever looks for something in it wants it: without letters that show nothing, and with the plain forms of
//! disguised ones.

use std::borrow::Cow;

/// A text made plain, which still knows where everything stood.
pub(crate) struct Plain<'a> {
    text: Cow<'a, str>,
    /// Octet of the plain text, and characters of the original before it; sorted, where the two stop running alike.
    shifts: Vec<(usize, usize)>,
}

impl<'a> Plain<'a> {
    pub(crate) fn of(text: &'a str) -> Self {
        if text.is_ascii() {
            return Self {
                text: Cow::Borrowed(text),
                shifts: Vec::new(),
            };
        }
        let mut plain = String::with_capacity(text.len());
        let mut shifts = Vec::new();
        let mut was_left_out = false;
        for (number, character) in text.chars().enumerate() {
            let Some(letter) = plain_form(character) else {
                was_left_out = true;
                continue;
            };
            if std::mem::take(&mut was_left_out) {
                shifts.push((plain.len(), number));
            }
            plain.push(letter);
        }
        Self {
            text: Cow::Owned(plain),
            shifts,
        }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Returns how many characters of the original stand before an octet of the plain text.
    pub(crate) fn position(&self, byte: usize) -> usize {
        let behind = self.shifts.partition_point(|(at, _)| *at <= byte);
        let (at, characters) = match behind {
            0 => (0, 0),
            behind => self.shifts[behind - 1],
        };
        characters + self.text[at..byte].chars().count()
    }
}

/// Returns the letter that a character stands for; `None` for one that shows nothing.
fn plain_form(character: char) -> Option<char> {
    let code = u32::from(character);
    let ascii = |code: u32| char::from_u32(code).unwrap_or(character);
    Some(match code {
        0..0x80 => character,
        // Unicode's tag characters are a shadow of ASCII.
        0xE0020..=0xE007E => ascii(code - 0xE0000),
        0xAD
        | 0x34F
        | 0x180E
        | 0x200B..=0x200F
        | 0x202A..=0x202E
        | 0x2060..=0x206F
        | 0xFEFF
        | 0xFE00..=0xFE0F
        | 0xE0000..=0xE0FFF => return None,
        0xFF01..=0xFF5E => ascii(code - 0xFF01 + 0x21),
        0x1D7CE..=0x1D7FF => ascii((code - 0x1D7CE) % 10 + u32::from('0')),
        0x660..=0x669 => ascii(code - 0x660 + u32::from('0')),
        0x6F0..=0x6F9 => ascii(code - 0x6F0 + u32::from('0')),
        0xA0 | 0x1680 | 0x2000..=0x200A | 0x202F | 0x205F | 0x3000 => ' ',
        0x2010..=0x2015 | 0x2212 | 0xFE58 | 0xFE63 => '-',
        _ => character,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn disguised_letters_are_plain_and_know_where_they_stood() {
        let plain = Plain::of("ä\u{200b}\u{200b}４２ \u{E0041}x");
        assert_eq!(plain.text(), "ä42 Ax");
        let digits = plain.text().find("42").unwrap();
        assert_eq!(plain.position(digits), 3);
        assert_eq!(plain.position(plain.text().find('x').unwrap()), 7);
        assert_eq!(plain.position(0), 0);
    }

    proptest! {
        #[test]
        fn what_is_found_in_the_plain_text_stands_there_in_the_original(text in "[a-c\u{200b}４ä ]{0,40}") {
            let plain = Plain::of(&text);
            for (byte, letter) in plain.text().char_indices() {
                let original = text.chars().nth(plain.position(byte)).unwrap();
                prop_assert_eq!(plain_form(original), Some(letter));
            }
        }
    }
}
