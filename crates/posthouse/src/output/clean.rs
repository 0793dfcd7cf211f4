//! Text that strangers wrote, made harmless for a terminal.

/// Replaces what could move the cursor, recolour, retitle or reorder the line: control characters and bidirectional
/// formatting. Line breaks become spaces.
pub fn clean(text: &str) -> String {
    text.chars()
        .filter(|character| !is_invisible(*character))
        .map(|character| {
            if character.is_control() {
                ' '
            } else {
                character
            }
        })
        .collect()
}

/// The same for several lines: line breaks and tabs stay.
pub fn clean_lines(text: &str) -> String {
    text.replace("\r\n", "\n")
        .chars()
        .filter(|character| !is_invisible(*character))
        .map(|character| {
            if character.is_control() && character != '\n' && character != '\t' {
                ' '
            } else {
                character
            }
        })
        .collect()
}

fn is_invisible(character: char) -> bool {
    matches!(character, '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminal_escapes_and_bidi_overrides_do_not_pass() {
        assert_eq!(
            clean("a\u{1b}[31mb\r\nc\u{9b}2J\u{202e}d"),
            "a [31mb  c 2Jd"
        );
        assert_eq!(clean_lines("a\r\nb\tc\u{7}\u{1b}]0;x"), "a\nb\tc  ]0;x");
    }
}
