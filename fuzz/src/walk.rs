//! Every text of a message: valid, bounded by what may be looked at, and nothing that the parser shows is left out.

use std::collections::HashSet;

use posthouse_mime::{SpotKind, every_text, parse};

use crate::Target;

/// All that anybody could read in one message.
pub const TARGET: Target = Target {
    name: "walk",
    run: fuzz_walk,
    seeds: crate::mime::TARGET.seeds,
    dictionary: crate::mime::TARGET.dictionary,
};

/// Octets of messages within messages that are looked at.
const ROOM: usize = 1 << 20;
/// Texts that one octet is told in at most, and octets that each becomes.
const FACTOR: usize = 64;

/// Walks through one message, to its end and not.
pub fn fuzz_walk(data: &[u8]) {
    let mut told: HashSet<String> = HashSet::new();
    let mut octets = 0;
    let _ = every_text(data, data.len() + ROOM, |spot, text| {
        assert!(!spot.path.is_empty() && !text.contains('\0'));
        assert!(!text.trim_ascii().is_empty());
        octets += text.len();
        if spot.path.len() == 1 && matches!(spot.kind, SpotKind::Field(_) | SpotKind::Body) {
            told.insert(text.to_owned());
        }
    });
    assert!(octets <= FACTOR * (data.len() + ROOM));
    let message = parse(data);
    if !message.subject.trim_ascii().is_empty() {
        assert!(told.contains(&message.subject));
    }
    for room in [0, data.len() / 2] {
        let is_whole = every_text(data, room, |_, _| {});
        assert!(
            data.is_empty() || !is_whole,
            "what was not paid for is not told"
        );
    }
}
