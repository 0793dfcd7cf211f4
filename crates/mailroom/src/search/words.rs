//! How text becomes words: one way for mail and for queries, the same on every engine.
//!
//! Letters lose their case and their accents, everything that is neither letter nor digit separates. Scripts that write
//! no spaces between words (Chinese, Japanese, Thai, …) have no words to be split into without a dictionary: each run of
//! such characters becomes its overlapping pairs, and its last character by itself. Pairs that follow each other find
//! any part of a run, as a phrase.

use posthouse_store::tables::search::{WordList, Words};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::limits::WORD_CHARACTERS_MAX;

/// Returns the words of a text in order, at most `words_max`.
#[must_use]
pub fn words(text: &str, words_max: usize) -> WordList {
    let mut splitter = Splitter::new(words_max);
    if text.is_ascii() {
        splitter.ascii(text);
        return splitter.words;
    }
    for piece in text.split_whitespace() {
        if splitter.is_full() {
            break;
        }
        splitter.piece(piece);
    }
    splitter.words
}

/// Returns what a word or phrase of a query looks for; `None` when there is no letter or digit in it.
#[must_use]
pub(crate) fn wanted(text: &str, is_prefix: bool, words_max: usize) -> Option<Words> {
    let mut found: Vec<String> = words(text, words_max).iter().map(str::to_owned).collect();
    let last = found.last()?;
    let mut is_prefix = is_prefix;
    let mut characters = last.chars();
    if let (Some(only), None) = (characters.next(), characters.next())
        && is_unspaced(only)
    {
        // The last character of a run is a word of its own in the index only at the end of the run.
        let ends_pair = found.len() > 1
            && found[found.len() - 2].chars().nth(1) == Some(only)
            && found[found.len() - 2].chars().all(is_unspaced);
        if ends_pair {
            found.pop();
            is_prefix = false;
        } else {
            is_prefix = true;
        }
    }
    Some(Words {
        words: found,
        is_prefix,
    })
}

struct Splitter {
    words: WordList,
    words_max: usize,
    /// Of the word that is being written.
    characters: usize,
    run: Vec<char>,
}

impl Splitter {
    fn new(words_max: usize) -> Self {
        Self {
            words: WordList::default(),
            words_max,
            characters: 0,
            run: Vec::new(),
        }
    }

    fn is_full(&self) -> bool {
        self.words.len() >= self.words_max
    }

    fn ascii(&mut self, text: &str) {
        for byte in text.bytes() {
            if byte.is_ascii_alphanumeric() {
                self.letter(char::from(byte.to_ascii_lowercase()));
            } else {
                self.end_word();
            }
        }
        self.end_word();
    }

    /// Takes a text without white space.
    fn piece(&mut self, piece: &str) {
        if piece.is_ascii() {
            self.ascii(piece);
            return;
        }
        let folded = piece.nfkd().filter(|one| !is_left_out(*one)).nfc();
        for character in folded {
            self.character(character);
        }
        self.end_word();
        self.end_run();
    }

    fn character(&mut self, character: char) {
        if is_unspaced(character) {
            self.end_word();
            self.run.push(character);
        } else if character.is_alphanumeric() || is_combining_mark(character) {
            self.end_run();
            match plain(character) {
                Some(letters) => letters.chars().for_each(|letter| self.letter(letter)),
                None => character
                    .to_lowercase()
                    .filter(|lower| !is_left_out(*lower))
                    .for_each(|lower| self.letter(lower)),
            }
        } else {
            self.end_word();
            self.end_run();
        }
    }

    fn letter(&mut self, letter: char) {
        self.characters += 1;
        if self.characters <= WORD_CHARACTERS_MAX && !self.is_full() {
            self.words.push_letter(letter);
        }
    }

    fn end_word(&mut self) {
        self.characters = 0;
        self.words.end_word();
    }

    fn end_run(&mut self) {
        let run = std::mem::take(&mut self.run);
        for pair in run.windows(2) {
            self.push(pair);
        }
        if let Some(last) = run.last() {
            self.push(&[*last]);
        }
    }

    fn push(&mut self, word: &[char]) {
        if !self.is_full() {
            word.iter().for_each(|one| self.words.push_letter(*one));
            self.words.end_word();
        }
    }
}

/// Accents, vowel points and characters that show nothing.
fn is_left_out(character: char) -> bool {
    matches!(character,
        '\u{AD}' | '\u{300}'..='\u{36F}' | '\u{483}'..='\u{487}' | '\u{591}'..='\u{5BD}' | '\u{5BF}' | '\u{5C1}'..='\u{5C2}'
        | '\u{5C4}'..='\u{5C5}' | '\u{5C7}' | '\u{610}'..='\u{61A}' | '\u{640}' | '\u{64B}'..='\u{65F}' | '\u{670}'
        | '\u{1AB0}'..='\u{1AFF}' | '\u{1DC0}'..='\u{1DFF}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{20D0}'..='\u{20FF}' | '\u{FE00}'..='\u{FE0F}' | '\u{FE20}'..='\u{FE2F}' | '\u{FEFF}')
}

/// Letters that no decomposition makes plain.
fn plain(character: char) -> Option<&'static str> {
    Some(match character {
        'ß' | 'ẞ' => "ss",
        'æ' | 'Æ' => "ae",
        'œ' | 'Œ' => "oe",
        'ø' | 'Ø' => "o",
        'đ' | 'Đ' | 'ð' | 'Ð' => "d",
        'ł' | 'Ł' => "l",
        'ħ' | 'Ħ' => "h",
        'þ' | 'Þ' => "th",
        'ı' => "i",
        'ς' => "σ",
        _ => return None,
    })
}

/// Tells characters of scripts that write no spaces between words; their digits are words like everybody's.
fn is_unspaced(character: char) -> bool {
    let in_such_a_script = matches!(character,
        '\u{E01}'..='\u{E4E}' | '\u{E81}'..='\u{ECE}' | '\u{1000}'..='\u{103F}' | '\u{1780}'..='\u{17D3}'
        | '\u{3005}'..='\u{3007}' | '\u{3041}'..='\u{309F}' | '\u{30A1}'..='\u{30FA}' | '\u{30FC}'..='\u{30FF}'
        | '\u{31F0}'..='\u{31FF}' | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}'
        | '\u{20000}'..='\u{3FFFF}');
    in_such_a_script && character != '\u{E3F}'
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn split(text: &str) -> String {
        joined(&words(text, 100))
    }

    fn joined(words: &WordList) -> String {
        words.iter().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn case_accents_and_shapes_of_letters_do_not_matter() {
        let table = [
            ("Invoice #2026-11: PAID!", "invoice 2026 11 paid"),
            ("Ärger ARGER a\u{308}rger", "arger arger arger"),
            ("Straße STRASSE ﬁn Ⅻ", "strasse strasse fin xii"),
            (
                "Łódź Øre Æsir İstanbul ışık",
                "lodz ore aesir istanbul isik",
            ),
            ("Ελλάς ΕΛΛΆΣ", "ελλασ ελλασ"),
            ("Ёлка елка", "елка елка"),
            ("שָׁלוֹם שלום", "שלום שלום"),
            ("مُحَمَّد محمد", "محمد محمد"),
            ("हिन्दी", "हिन्दी"),
            ("한국어 회의", "한국어 회의"),
            ("soft\u{ad}hyphen zero\u{200b}width", "softhyphen zerowidth"),
            ("o'Brien foo_bar", "o brien foo bar"),
            ("１２３ ＡＢＣ ｶﾞ", "123 abc ガ"),
            ("😀 — …", ""),
        ];
        for (text, expected) in table {
            assert_eq!(split(text), expected, "{text}");
        }
    }

    #[test]
    fn runs_without_spaces_become_pairs() {
        assert_eq!(split("東京都"), "東京 京都 都");
        assert_eq!(split("東京hotel2026年"), "東京 京 hotel2026 年");
        assert_eq!(split("สวัสดี"), "สว วั ัส สด ดี ี");
    }

    #[test]
    fn queries_find_any_part_of_a_run() {
        let wanted = |text: &str| {
            let wanted = wanted(text, false, 100).unwrap();
            (wanted.words.join(" "), wanted.is_prefix)
        };
        assert_eq!(wanted("東京"), ("東京".to_owned(), false));
        assert_eq!(wanted("東京都"), ("東京 京都".to_owned(), false));
        assert_eq!(wanted("都"), ("都".to_owned(), true));
        assert_eq!(wanted("東京 都"), ("東京 京 都".to_owned(), true));
        assert_eq!(wanted("京 hotel"), ("京 hotel".to_owned(), false));
        assert_eq!(super::wanted("!?", false, 9), None);
    }

    #[test]
    fn words_are_cut_and_counted() {
        assert_eq!(split(&"a".repeat(1_000)).len(), WORD_CHARACTERS_MAX);
        assert_eq!(words("a b c d", 3).len(), 3);
    }

    proptest! {
        #[test]
        fn words_are_bounded_letters_and_stay_themselves(text in any::<String>()) {
            for word in words(&text, 50).iter() {
                prop_assert!(!word.is_empty() && word.chars().count() <= WORD_CHARACTERS_MAX);
                prop_assert!(word.chars().all(|one| one.is_alphanumeric() || is_combining_mark(one) || is_unspaced(one)), "{word:?}");
            }
        }

        #[test]
        fn case_never_matters_for_latin_letters(text in "[a-zA-Z0-9À-ÖØ-öø-ÿ ]{0,40}") {
            prop_assert_eq!(words(&text, 50), words(&text.to_uppercase(), 50));
        }
    }
}
