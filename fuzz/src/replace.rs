//! Parts that leave a message: they are gone, and notes are found where they were.

use posthouse_mime::{Replacement, decode_part, parse, part_heads, replace_parts};

use crate::Target;

const NOTE: &str = "removed: \u{fc}.exe\r\n--x--\r\n";
const NAME: &str = "removed.txt";
/// Octets of a part that are looked at.
const HEAD_BYTES: usize = 64;

/// Notes in the places of parts.
pub const TARGET: Target = Target {
    name: "replace",
    run: fuzz_replace,
    seeds: crate::mime::TARGET.seeds,
    dictionary: crate::mime::TARGET.dictionary,
};

fn note(part: u32) -> Replacement {
    Replacement {
        part,
        note: NOTE.to_owned(),
        filename: NAME,
    }
}

/// Takes parts out of one message: each of its files, all of them, and everything.
pub fn fuzz_replace(data: &[u8]) {
    assert_eq!(replace_parts(data, &[]), data);
    let message = parse(data);
    let listed = message.attachments.iter();
    let suspects = message.suspects.iter().map(|suspect| &suspect.file);
    let parts: Vec<u32> = listed.chain(suspects).map(|file| file.part).collect();
    for head in part_heads(data, &parts, HEAD_BYTES) {
        assert!(head.len() <= HEAD_BYTES);
    }
    for file in &message.attachments {
        let out = replace_parts(data, &[note(file.part)]);
        let holds_note = decode_part(&out, file.part) == Some(NOTE.as_bytes().to_vec());
        assert!(
            holds_note || message.ambiguous_structure || message.parse_truncated,
            "a note is where the part was"
        );
    }
    let notes: Vec<Replacement> = parts.iter().map(|part| note(*part)).collect();
    let _ = parse(&replace_parts(data, &notes));
    let out = replace_parts(data, &[note(0), note(1), note(u32::MAX)]);
    let left = parse(&out);
    assert_eq!((left.text, left.html), (None, None));
    assert_eq!(left.attachments.len(), 1);
    assert_eq!(left.attachments[0].filename, NAME);
    assert_eq!(decode_part(&out, 0).as_deref(), Some(NOTE.as_bytes()));
}
