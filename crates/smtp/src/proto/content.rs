//! Checks message content while it arrives: line ends, NUL, the size of the header section.

use memchr::{memchr, memchr3};

use crate::limits::{HEADER_BYTES_MAX, HEADER_FIELDS_MAX};

/// Names the rule that the content of a message breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Defect {
    /// A CR without LF.
    BareCr,
    /// An LF without CR.
    BareLf,
    /// A NUL. BINARYMIME is not offered, so RFC 5321 4.5.2 and RFC 6152 allow none; storing one would make other readers disagree.
    Nul,
    /// The header section is larger than [`HEADER_BYTES_MAX`] or has more fields than [`HEADER_FIELDS_MAX`].
    HeaderTooLarge,
    /// The message is larger than the size announced in EHLO.
    MessageTooLarge,
    /// The memory for incoming messages is used up; the peer may try again.
    NoMemory,
}

/// Checks the line ends of content that arrives in counted chunks (BDAT), where no end sequence has to be found.
#[derive(Clone, Debug, Default)]
pub struct LineEndCheck {
    after_cr: bool,
    defect: Option<Defect>,
}

impl LineEndCheck {
    /// Reads the next piece and returns the first thing wrong so far.
    pub fn feed(&mut self, piece: &[u8]) -> Option<Defect> {
        let mut at = 0;
        if self.after_cr && !piece.is_empty() {
            self.after_cr = false;
            match piece.first() {
                Some(b'\n') => at = 1,
                _ => self.spoil(Defect::BareCr),
            }
        }
        while self.defect.is_none() {
            let Some(offset) = memchr3(b'\r', b'\n', 0, piece.get(at..).unwrap_or_default()) else {
                break;
            };
            let special = at.saturating_add(offset);
            match (piece.get(special), piece.get(special.saturating_add(1))) {
                (Some(b'\r'), Some(b'\n')) => {}
                (Some(b'\r'), None) => self.after_cr = true,
                (Some(b'\r'), Some(_)) => self.spoil(Defect::BareCr),
                (Some(b'\n'), _) => self.spoil(Defect::BareLf),
                _ => self.spoil(Defect::Nul),
            }
            at = special.saturating_add(2);
        }
        self.defect
    }

    /// Returns the first thing wrong so far.
    #[must_use]
    pub fn defect(&self) -> Option<Defect> {
        self.defect
    }

    /// Returns the first thing wrong once the last chunk is in: a CR at the very end is bare.
    #[must_use]
    pub fn finish(&self) -> Option<Defect> {
        self.defect.or(self.after_cr.then_some(Defect::BareCr))
    }

    fn spoil(&mut self, defect: Defect) {
        self.defect.get_or_insert(defect);
    }
}

/// Measures the header section while it arrives, so that an endless one is noticed long before the message ends.
#[derive(Clone, Debug)]
pub struct HeaderMeter {
    bytes: usize,
    fields: usize,
    line_start: bool,
    ended: bool,
}

impl Default for HeaderMeter {
    fn default() -> Self {
        Self {
            bytes: 0,
            fields: 0,
            line_start: true,
            ended: false,
        }
    }
}

impl HeaderMeter {
    /// Reads the next piece of content; false once the header section is too large.
    pub fn feed(&mut self, piece: &[u8]) -> bool {
        let mut rest = piece;
        while let (false, Some(&first)) = (self.ended, rest.first()) {
            if self.line_start {
                match first {
                    // RFC 5322 2.1: the first empty line ends the header section.
                    b'\r' => {
                        self.ended = true;
                        break;
                    }
                    b' ' | b'\t' => {}
                    _ => self.fields = self.fields.saturating_add(1),
                }
            }
            let line_end = memchr(b'\n', rest).map(|at| at.saturating_add(1));
            let used = line_end.unwrap_or(rest.len());
            self.line_start = line_end.is_some();
            self.bytes = self.bytes.saturating_add(used);
            rest = rest.get(used..).unwrap_or_default();
        }
        self.bytes <= HEADER_BYTES_MAX && self.fields <= HEADER_FIELDS_MAX
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(pieces: &[&[u8]]) -> Option<Defect> {
        let mut check = LineEndCheck::default();
        for piece in pieces {
            check.feed(piece);
        }
        check.finish()
    }

    #[test]
    fn chunks_may_be_cut_anywhere_even_inside_a_line_end() {
        assert_eq!(check(&[b"a\r", b"\nb\r\n"]), None);
        assert_eq!(check(&[b"a\r", b"", b"\n"]), None);
        assert_eq!(check(&[b"a\r", b"b"]), Some(Defect::BareCr));
        assert_eq!(check(&[b"a\r\r\n"]), Some(Defect::BareCr));
        assert_eq!(check(&[b"a\r"]), Some(Defect::BareCr));
        assert_eq!(check(&[b"\n"]), Some(Defect::BareLf));
        assert_eq!(check(&[b"a", b"\0"]), Some(Defect::Nul));
    }

    fn feed_all(pieces: &[&[u8]]) -> bool {
        let mut meter = HeaderMeter::default();
        pieces.iter().all(|piece| meter.feed(piece))
    }

    #[test]
    fn header_bytes_are_bounded_at_n_and_n_plus_one() {
        let mut section = b"Subject: ".to_vec();
        section.resize(HEADER_BYTES_MAX - 2, b'x');
        section.extend_from_slice(b"\r\n");
        assert!(feed_all(&[&section, b"\r\nbody"]));
        section.insert(9, b'x');
        assert!(!feed_all(&[&section, b"\r\nbody"]));
    }

    #[test]
    fn header_fields_are_bounded_at_n_and_n_plus_one() {
        let field = b"A: b\r\n folded\r\n".as_slice();
        assert!(feed_all(&[
            &field.repeat(HEADER_FIELDS_MAX),
            b"\r\n",
            &field.repeat(9)
        ]));
        assert!(!feed_all(&[&field.repeat(HEADER_FIELDS_MAX + 1), b"\r\n"]));
    }

    proptest! {
        #[test]
        fn line_end_check_does_not_depend_on_cuts(content in proptest::collection::vec(prop_oneof![Just(b'\r'), Just(b'\n'), Just(b'x'), Just(0_u8)], 0..24), cut in 0_usize..24) {
            let cut = cut.min(content.len());
            let (head, tail) = content.split_at(cut);
            prop_assert_eq!(check(&[head, tail]), check(&[&content]));
        }
    }
}
