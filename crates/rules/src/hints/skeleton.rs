//! What a domain looks like: letters of other scripts as the Latin ones that they cannot be told from.
//!
//! A small table of our own in the manner of UTS #39: it has the letters that occur in domains made to deceive, not all
//! of Unicode. Pairs of letters that look like one (`rn`, `vv`) count as it.

/// Returns what a label looks like.
pub(super) fn skeleton(label: &str) -> String {
    let mut plain = String::with_capacity(label.len());
    for character in label.chars().flat_map(char::to_lowercase) {
        plain.push(looks_like(character));
    }
    for (pair, one) in [("rn", "m"), ("vv", "w"), ("cl", "d"), ("ij", "y")] {
        if plain.contains(pair) {
            plain = plain.replace(pair, one);
        }
    }
    plain
}

fn looks_like(character: char) -> char {
    match character {
        '0' | 'о' | 'ο' | 'ө' | 'օ' | 'ӧ' | 'ö' | 'ó' | 'ò' | 'ô' | 'õ' | 'ø' | 'ọ' | 'ơ' => {
            'o'
        }
        '1' | 'і' | 'ι' | 'ı' | 'ӏ' | '|' | 'ì' | 'í' | 'î' | 'ï' | 'ị' | 'l' | 'ł' | 'i' | 'ḷ'
        | 'ǀ' => 'i',
        'а' | 'α' | 'ɑ' | 'à' | 'á' | 'â' | 'ã' | 'ä' | 'å' | 'ạ' | 'ӓ' => 'a',
        'е' | 'ε' | 'ё' | 'è' | 'é' | 'ê' | 'ë' | 'ę' | 'ė' | 'ẹ' | 'є' | '3' => 'e',
        'с' | 'ϲ' | 'ç' | 'ć' | 'č' => 'c',
        'р' | 'ρ' => 'p',
        'х' | 'χ' => 'x',
        'у' | 'γ' | 'ү' | 'ý' | 'ÿ' | 'ў' => 'y',
        'ѕ' | '5' | 'ś' | 'š' | 'ș' | 'ş' => 's',
        'ј' => 'j',
        'ԁ' | 'ɗ' | 'ď' => 'd',
        'һ' | 'ḥ' | 'հ' => 'h',
        'ԛ' => 'q',
        'ԝ' | 'ѡ' | 'ω' | 'ẁ' | 'ẃ' | 'ŵ' => 'w',
        'в' | 'β' | 'ь' => 'b',
        'к' | 'κ' | 'ķ' => 'k',
        'м' => 'm',
        'н' => 'h',
        'т' | 'τ' | 'ț' | 'ť' => 't',
        'ν' | 'ѵ' => 'v',
        'υ' | 'ù' | 'ú' | 'û' | 'ü' | 'ս' | 'ụ' | 'μ' => 'u',
        'η' | 'п' | 'ñ' | 'ń' | 'ո' => 'n',
        'ɡ' | 'ģ' | 'ğ' | '9' => 'g',
        'ż' | 'ź' | 'ž' | '2' => 'z',
        'г' => 'r',
        'ф' => 'f',
        other => other,
    }
}

/// The script of a letter, as far as mixing it with others deceives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Script {
    Latin,
    Greek,
    Cyrillic,
    Armenian,
    Cherokee,
}

fn script(character: char) -> Option<Script> {
    match u32::from(character) {
        0x41..=0x5A | 0x61..=0x7A | 0xC0..=0x24F | 0x1E00..=0x1EFF | 0x250..=0x2AF => {
            Some(Script::Latin)
        }
        0x370..=0x3FF | 0x1F00..=0x1FFF => Some(Script::Greek),
        0x400..=0x52F => Some(Script::Cyrillic),
        0x530..=0x58F => Some(Script::Armenian),
        0x13A0..=0x13FF | 0xAB70..=0xABBF => Some(Script::Cherokee),
        _ => None,
    }
}

/// Tells whether letters of scripts are mixed that look alike.
pub(super) fn mixes_scripts(label: &str) -> bool {
    let mut scripts = label.chars().filter_map(script);
    let Some(first) = scripts.next() else {
        return false;
    };
    scripts.any(|script| script != first)
}

/// Tells whether a label of another script could be read as a Latin one.
pub(super) fn passes_for_latin(label: &str) -> bool {
    let is_foreign = label
        .chars()
        .filter_map(script)
        .all(|script| script != Script::Latin);
    is_foreign && !label.is_ascii() && skeleton(label).is_ascii()
}
