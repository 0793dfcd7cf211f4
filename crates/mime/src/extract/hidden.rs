//! Text that is in a body and that no reader sees.

use crate::clean::invisible;
use crate::html::Piece;
use crate::limits::{HIDDEN_FRAGMENT_CHARS_MAX, HIDDEN_FRAGMENTS_MAX};

/// Letters from which unseen text is worth telling; fillers and tracking marks have fewer.
const LETTERS_MIN: usize = 3;

/// Returns the first hidden texts of HTML pieces and of plain text, each cut to its first characters.
pub(super) fn fragments(pieces: &[Piece], plain: &str) -> Vec<String> {
    let of_pieces = pieces.iter().filter_map(|piece| match piece {
        Piece::Hidden(text) => Some(shown(text)),
        Piece::Text(text) => invisible::smuggled(text).map(|text| shown(&text)),
        _ => None,
    });
    let of_text = invisible::smuggled(plain).map(|text| shown(&text));
    of_pieces
        .chain(of_text)
        .filter(|text| {
            text.chars()
                .filter(|c| c.is_alphabetic())
                .take(LETTERS_MIN)
                .count()
                == LETTERS_MIN
        })
        .take(HIDDEN_FRAGMENTS_MAX)
        .collect()
}

/// Collapses white space; smuggled letters are told as the letters they stand for.
fn shown(text: &str) -> String {
    let text = match invisible::smuggled(text) {
        Some(letters) => letters,
        None => text.to_owned(),
    };
    let mut out = String::new();
    let mut length = 0;
    for word in text
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
    {
        for character in (!out.is_empty())
            .then_some(' ')
            .into_iter()
            .chain(word.chars())
        {
            if length == HIDDEN_FRAGMENT_CHARS_MAX {
                return out;
            }
            if !invisible::is_invisible(character) {
                out.push(character);
                length += 1;
            }
        }
    }
    out
}
