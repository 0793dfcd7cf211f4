//! What octets say to whoever takes them for text.

use crate::charset;

/// Octets by whose zeros wide text is recognised, and by which a file is told from a text.
const HEAD_BYTES: usize = 1_024;
/// Letters in a row that count as something said, in a file that is no text.
const RUN_LETTERS_MIN: usize = 8;

/// How wide letters are written, in octets, and whether the lowest comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Wide {
    octets: usize,
    is_little: bool,
}

/// Returns every reading of a body: in the charsets that are named for it, and as it looks. Each once.
pub(super) fn of_body<'a>(octets: &[u8], charsets: impl Iterator<Item = &'a [u8]>) -> Vec<String> {
    let mut texts = of_octets(octets);
    for name in charsets.take(3) {
        let text = match declared_wide(name) {
            Some(wide) => wide_text(octets, wide),
            None => charset::decode(octets, Some(name)),
        };
        // Files that are no text say nothing in any charset.
        if !texts.contains(&text) && !is_binary(octets) {
            texts.push(text);
        }
    }
    texts
}

/// Tells whether text of this charset is read.
pub(super) fn knows(charset: &[u8]) -> bool {
    declared_wide(charset).is_some() || charset::is_known(charset)
}

/// Returns what octets say without anybody naming a charset.
pub(super) fn of_octets(octets: &[u8]) -> Vec<String> {
    if memchr::memchr(0, octets).is_none() && !has_mark(octets) {
        return vec![charset::decode(octets, None)];
    }
    let mut texts = Vec::new();
    if let Some(wide) = wide(octets) {
        texts.push(wide_text(octets, wide));
    } else if !is_binary(octets) {
        texts.push(charset::decode(octets, None));
    }
    // A little text before wide text, or the other way round: what is ASCII is found in any case.
    let mut runs = String::new();
    for width in [1, 2, 4] {
        push_runs(octets, width, &mut runs);
    }
    texts.push(runs);
    texts
}

fn head(octets: &[u8]) -> &[u8] {
    &octets[..octets.len().min(HEAD_BYTES)]
}

fn is_binary(octets: &[u8]) -> bool {
    head(octets).contains(&0) && wide(octets).is_none()
}

fn has_mark(octets: &[u8]) -> bool {
    octets.starts_with(b"\xff\xfe") || octets.starts_with(b"\xfe\xff")
}

/// UTF-32 is in no table of the parser crate.
fn declared_wide(name: &[u8]) -> Option<Wide> {
    let name = name.trim_ascii().to_ascii_lowercase();
    let is_little = match name.as_slice() {
        b"utf-32" | b"utf32" | b"utf-32be" | b"ucs-4" | b"iso-10646-ucs-4" => false,
        b"utf-32le" => true,
        _ => return None,
    };
    Some(Wide {
        octets: 4,
        is_little,
    })
}

/// Recognises UTF-16 and UTF-32, by their mark or by where their zeros are.
fn wide(octets: &[u8]) -> Option<Wide> {
    let of = |octets, is_little| Some(Wide { octets, is_little });
    match octets {
        [0xff, 0xfe, 0, 0, ..] => return of(4, true),
        [0, 0, 0xfe, 0xff, ..] => return of(4, false),
        [0xff, 0xfe, ..] => return of(2, true),
        [0xfe, 0xff, ..] => return of(2, false),
        _ => {}
    }
    let head = head(octets);
    let mut zeros = [0_usize; 4];
    for (place, octet) in head.iter().enumerate() {
        zeros[place % 4] += usize::from(*octet == 0);
    }
    let quarter = head.len() / 4;
    if quarter == 0 {
        return None;
    }
    // The octet that is zero in nearly all letters, and the one that is in hardly any.
    let is_full = |place: usize| zeros[place] * 10 >= quarter * 9;
    let is_empty = |place: usize| zeros[place] * 10 <= quarter;
    let is_half = |place: usize| zeros[place] * 4 >= quarter;
    match () {
        () if is_empty(0) && is_full(2) && is_full(3) => of(4, true),
        () if is_full(0) && is_full(1) && is_empty(3) => of(4, false),
        () if is_empty(0) && is_half(1) && is_empty(2) && is_half(3) => of(2, true),
        () if is_half(0) && is_empty(1) && is_half(2) && is_empty(3) => of(2, false),
        () => None,
    }
}

fn wide_text(octets: &[u8], wide: Wide) -> String {
    let units = octets.chunks_exact(wide.octets).map(|unit| {
        let fold = |value: u32, octet: &u8| value << 8 | u32::from(*octet);
        match wide.is_little {
            true => unit.iter().rev().fold(0, fold),
            false => unit.iter().fold(0, fold),
        }
    });
    let replaced = |c: char| match c {
        '\0' => charset::REPLACEMENT,
        c => c,
    };
    let text: String = match wide.octets {
        2 => {
            let units = units.map(|unit| u16::try_from(unit).unwrap_or_default());
            char::decode_utf16(units)
                .map(|one| replaced(one.unwrap_or(charset::REPLACEMENT)))
                .collect()
        }
        _ => units
            .map(|unit| replaced(char::from_u32(unit).unwrap_or(charset::REPLACEMENT)))
            .collect(),
    };
    text.trim_start_matches('\u{FEFF}').to_owned()
}

/// Appends what stands in ASCII among other octets, one letter every `width` octets with zeros between, one run a line.
fn push_runs(octets: &[u8], width: usize, out: &mut String) {
    let mut position = 0;
    while position < octets.len() {
        let start = out.len();
        while let Some(&letter) = octets.get(position) {
            let is_letter = matches!(letter, b'\t' | b'\r' | b'\n' | 0x20..=0x7e);
            let between = octets.get(position + 1..(position + width).min(octets.len()));
            let is_spaced = between.is_none_or(|between| between.iter().all(|octet| *octet == 0));
            if !is_letter || (!is_spaced && out.len() == start) {
                break;
            }
            out.push(char::from(letter));
            if !is_spaced {
                // The last letter where the highest octet comes first: its zeros stand before it.
                position += 1;
                break;
            }
            position += width;
        }
        match out.len() - start {
            0 => position += 1,
            1..RUN_LETTERS_MIN => out.truncate(start),
            _ => out.push('\n'),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str, octets: usize, is_little: bool) -> Vec<u8> {
        let mut out = Vec::new();
        for letter in text.chars() {
            let unit = u32::from(letter).to_be_bytes();
            let mut unit = unit[4 - octets..].to_vec();
            if is_little {
                unit.reverse();
            }
            out.extend(unit);
        }
        out
    }

    #[test]
    fn wide_text_is_read_with_and_without_a_mark_and_a_name() {
        let text = "The key is Schlüssel-4711, 8 letters and more.";
        for (octets, is_little) in [(2, true), (2, false), (4, true), (4, false)] {
            let plain = written(text, octets, is_little);
            let marked = written(&format!("\u{FEFF}{text}"), octets, is_little);
            for form in [&plain, &marked] {
                let texts = of_octets(form);
                assert!(texts.iter().any(|one| one == text), "{octets}: {texts:?}");
            }
        }
        let short = written("hé", 4, false);
        let texts = of_body(&short, std::iter::once(b"UTF-32".as_slice()));
        assert!(texts.iter().any(|one| one == "hé"));
    }

    #[test]
    fn letters_are_found_among_other_octets_however_wide_they_are() {
        for (octets, is_little) in [(1, true), (2, true), (2, false), (4, true), (4, false)] {
            let mut file = b"\x89PNG\0\0\x01\x02\x03\xff\xfe\xfd abc \0\0\0".to_vec();
            file.extend(written("secret-words", octets, is_little));
            file.extend(b"\0\x01\x02\0\x80\x81\xff");
            let texts = of_octets(&file);
            assert!(
                texts.iter().any(|one| one.contains("secret-words")),
                "{octets}: {texts:?}"
            );
            assert!(texts.iter().all(|one| !one.contains(" abc ")));
        }
    }

    #[test]
    fn a_body_is_read_in_its_charset_and_without() {
        let texts = of_body(b"+AGsAZQB5- key", std::iter::once(b"utf-7".as_slice()));
        assert!(texts.contains(&"key key".to_owned()), "{texts:?}");
        assert!(texts.contains(&"+AGsAZQB5- key".to_owned()), "{texts:?}");
        assert_eq!(
            of_body(b"plain", std::iter::once(b"utf-8".as_slice())),
            ["plain"]
        );
        assert_eq!(of_octets(b""), [""]);
    }
}
