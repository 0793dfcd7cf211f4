//! Names and sizes of files that strangers sent.

use serde_json::Value;

/// Characters of a file name that are kept.
const NAME_CHARACTERS_MAX: usize = 120;
/// What a file is called whose name says nothing.
const NAMELESS: &str = "attachment";

/// Returns what of a stranger's file name may name a file in one directory here: no path, no control character, not
/// hidden, not a device.
pub fn file_name(text: &str) -> String {
    let last = text.rsplit(['/', '\\']).next().unwrap_or_default();
    let plain: String = super::clean(last)
        .chars()
        .map(|character| {
            if "<>:\"|?*".contains(character) {
                '_'
            } else {
                character
            }
        })
        .collect();
    let plain = plain
        .trim()
        .trim_start_matches('.')
        .trim_end_matches(['.', ' ']);
    let (stem, extension) = match plain.rsplit_once('.') {
        Some((stem, extension)) if extension.len() <= 10 => (stem, format!(".{extension}")),
        _ => (plain, String::new()),
    };
    let kept = NAME_CHARACTERS_MAX - extension.chars().count();
    let stem: String = stem.chars().take(kept).collect();
    if stem.is_empty() {
        return format!("{NAMELESS}{extension}");
    }
    format!("{stem}{extension}")
}

/// A size for people.
pub fn size(bytes: &Value) -> String {
    let Some(bytes) = bytes.as_u64() else {
        return String::new();
    };
    let units = [("MB", 1024 * 1024), ("KB", 1024)];
    for (unit, one) in units {
        if u128::from(bytes) >= one {
            let tenths = u128::from(bytes) * 10 / one;
            return format!("{}.{} {unit}", tenths / 10, tenths % 10);
        }
    }
    format!("{bytes} bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_size_there_is_has_words_too() {
        assert_eq!(size(&Value::from(i64::MAX)), "8796093022207.9 MB");
    }

    #[test]
    fn a_name_from_outside_stays_in_its_directory() {
        for (text, name) in [
            ("invoice.pdf", "invoice.pdf"),
            ("../../etc/passwd", "passwd"),
            ("C:\\Windows\\a.exe", "a.exe"),
            ("..", "attachment"),
            ("", "attachment"),
            (".bashrc", "bashrc"),
            ("a\u{1b}[31m\nb.txt", "a [31m b.txt"),
            ("evil\u{202e}fdp.exe", "evilfdp.exe"),
            ("a/", "attachment"),
            ("a:b|c", "a_b_c"),
            (".pdf", "pdf"),
        ] {
            assert_eq!(file_name(text), name, "{text:?}");
        }
        let long = file_name(&format!("{}.pdf", "x".repeat(500)));
        assert_eq!(long.len(), 120);
        assert!(long.ends_with(".pdf"));
    }

    #[test]
    fn sizes_read_well() {
        for (bytes, text) in [
            (0, "0 bytes"),
            (1023, "1023 bytes"),
            (1536, "1.5 KB"),
            (5 * 1024 * 1024, "5.0 MB"),
        ] {
            assert_eq!(size(&Value::from(bytes)), text);
        }
    }
}
