//! Text that strangers wrote, made harmless for a terminal.

use std::borrow::Cow;

/// Replaces what could move the cursor, recolour, retitle or reorder the line: control characters and bidirectional
/// formatting. Line breaks become spaces.
pub fn clean(text: &str) -> String {
    text.chars()
        .filter(|character| !is_invisible(*character))
        .map(|character| {
            if character.is_control() || ends_line(character) {
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
            let stays = matches!(character, '\n' | '\t');
            if !stays && (character.is_control() || ends_line(character)) {
                ' '
            } else {
                character
            }
        })
        .collect()
}

/// Writes as escapes in JSON what JSON lets stand there and a terminal obeys, or does not show. It means the same to programs.
pub fn clean_json(json: &str) -> Cow<'_, str> {
    let obeyed = |character: char| {
        character > '\u{1f}'
            && (character.is_control() || is_invisible(character) || ends_line(character))
    };
    if !json.contains(obeyed) {
        return Cow::Borrowed(json);
    }
    let mut text = String::with_capacity(json.len());
    for character in json.chars() {
        if obeyed(character) {
            for unit in character.encode_utf16(&mut [0; 2]) {
                text.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            text.push(character);
        }
    }
    Cow::Owned(text)
}

/// Line and paragraph separators, which are no control characters.
fn ends_line(character: char) -> bool {
    matches!(character, '\u{2028}' | '\u{2029}')
}

fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{ad}'
            | '\u{061c}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}'
    )
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
        assert_eq!(clean("a\u{2028}b\u{e0041}c\u{ad}d"), "a bcd");
    }

    #[test]
    fn json_means_the_same_and_writes_on_no_terminal() {
        let said =
            serde_json::json!({"name": "a\u{9b}2J\u{202e}b\u{7f}\u{2028}\u{e0041}é\u{1b}\n"});
        let shown = clean_json(&said.to_string()).into_owned();
        assert_eq!(
            shown,
            "{\"name\":\"a\\u009b2J\\u202eb\\u007f\\u2028\\udb40\\udc41é\\u001b\\n\"}"
        );
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&shown).unwrap(),
            said
        );
        assert!(matches!(clean_json("{\"name\":\"é\"}\n"), Cow::Borrowed(_)));
    }
}
