//! One piece of hidden text, as it is told.

use crate::clean::invisible::{self, shadow};
use crate::limits::HIDDEN_FRAGMENT_CHARS_MAX;

/// A text with its white space collapsed, cut to its first characters.
#[derive(Debug, Default)]
pub(super) struct Fragment {
    text: String,
    characters: usize,
    letters: usize,
    space: bool,
}

impl Fragment {
    /// Appends text. Characters that show nothing are told as the letters they stand for, or not at all.
    pub(super) fn push(&mut self, text: &str) {
        for character in text.chars() {
            if character.is_whitespace() || character.is_control() {
                self.space = self.characters > 0;
            } else if let Some(letter) = shadow(character) {
                self.put(letter);
            } else if !invisible::is_invisible(character) {
                self.put(character);
            }
        }
    }

    fn put(&mut self, character: char) {
        self.letters += usize::from(character.is_alphabetic());
        let room = HIDDEN_FRAGMENT_CHARS_MAX - self.characters;
        if std::mem::take(&mut self.space) && room > 1 {
            self.text.push(' ');
            self.characters += 1;
        } else if room == 0 {
            return;
        }
        self.text.push(character);
        self.characters += 1;
    }

    /// Returns how many letters there were, those behind the cut included.
    pub(super) fn letters(&self) -> usize {
        self.letters
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> String {
        let mut fragment = Fragment::default();
        fragment.push(text);
        fragment.into_text()
    }

    #[test]
    fn white_space_is_collapsed_and_what_shows_nothing_left_out() {
        assert_eq!(told(" \r\n a\u{2028}\t b\u{200b}c\u{0}d "), "a bc d");
        assert_eq!(told("\u{E0041}\u{E0042}"), "AB");
    }

    #[test]
    fn a_text_ends_at_its_last_character_that_fits() {
        let cut = told(&"é ".repeat(HIDDEN_FRAGMENT_CHARS_MAX));
        assert_eq!(cut.chars().count(), HIDDEN_FRAGMENT_CHARS_MAX);
        let whole = told(&"é".repeat(HIDDEN_FRAGMENT_CHARS_MAX + 1));
        assert_eq!(whole.chars().count(), HIDDEN_FRAGMENT_CHARS_MAX);
        assert!(whole.chars().all(|c| c == 'é'));
    }
}
