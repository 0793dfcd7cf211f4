//! Finds the end of DATA and takes the stuffed dots out, on whatever pieces the network delivers.

use memchr::memchr3;

use super::content::Defect;

/// Where the decoder stands, as far as the next byte is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Position {
    /// Behind a true CRLF, or at the very beginning.
    LineStart,
    /// Behind a dot at the start of a line; the dot is not content.
    Dot,
    /// Behind dot and CR at the start of a line; the CR is content only if no LF follows.
    DotCr,
    /// Within a line.
    Text,
    /// Behind a CR within a line.
    Cr,
    /// Behind the end of data; takes nothing more.
    End,
}

/// Turns the bytes after `354` into message content.
///
/// Only CRLF ends a line and only CRLF `.` CRLF ends the data, whatever else the content holds; the first byte that breaks the rules
/// is remembered as a [`Defect`] and reading goes on to the true end, so that a refused message never leaves a tail behind that
/// would be read as commands.
#[derive(Clone, Debug)]
pub struct DataDecoder {
    position: Position,
    defect: Option<Defect>,
}

/// Tells how far [`DataDecoder::decode`] came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// Bytes of the input that belong to the data; what follows them is the next command.
    pub used: usize,
    /// The end of data was among them.
    pub ended: bool,
}

impl Default for DataDecoder {
    fn default() -> Self {
        Self::new()
    }
}

impl DataDecoder {
    /// Makes a decoder for one message.
    #[must_use]
    pub fn new() -> Self {
        Self {
            position: Position::LineStart,
            defect: None,
        }
    }

    /// Returns the first thing wrong with the line ends so far.
    #[must_use]
    pub fn defect(&self) -> Option<Defect> {
        self.defect
    }

    /// Reads `input`, hands content to `emit` in spans as long as possible, and stops behind the end of data.
    // RFC 5321 4.5.2: a dot at the start of a line is dropped unless it stands alone, which ends the data.
    pub fn decode(&mut self, input: &[u8], mut emit: impl FnMut(&[u8])) -> Decoded {
        let mut at = 0;
        let mut span = 0; // start of the content not yet emitted
        while let Some(&byte) = input.get(at) {
            match (self.position, byte) {
                (Position::End, _) => break,
                (Position::LineStart, b'.') => {
                    emit(input.get(span..at).unwrap_or_default());
                    span = at.saturating_add(1);
                    self.position = Position::Dot;
                }
                (Position::Dot, b'\r') => {
                    span = at.saturating_add(1);
                    self.position = Position::DotCr;
                }
                (Position::DotCr, b'\n') => {
                    self.position = Position::End;
                    return Decoded {
                        used: at.saturating_add(1),
                        ended: true,
                    };
                }
                (Position::DotCr, _) => {
                    emit(b"\r");
                    self.spoil(Defect::BareCr);
                    self.position = Position::Text;
                    continue;
                }
                (Position::Cr, b'\n') => self.position = Position::LineStart,
                (Position::Cr, _) => {
                    self.spoil(Defect::BareCr);
                    self.position = Position::Text;
                    continue;
                }
                (Position::LineStart | Position::Dot | Position::Text, _) => {
                    at = self.cross_text(input, at);
                    continue;
                }
            }
            at = at.saturating_add(1);
        }
        emit(input.get(span..at).unwrap_or_default());
        Decoded {
            used: at,
            ended: false,
        }
    }

    /// Runs over the plain text from `at` and over the one special byte that ends it.
    fn cross_text(&mut self, input: &[u8], at: usize) -> usize {
        self.position = Position::Text;
        let Some(offset) = memchr3(b'\r', b'\n', 0, input.get(at..).unwrap_or_default()) else {
            return input.len();
        };
        let special = at.saturating_add(offset);
        match input.get(special) {
            Some(b'\r') => self.position = Position::Cr,
            Some(b'\n') => self.spoil(Defect::BareLf),
            _ => self.spoil(Defect::Nul),
        }
        special.saturating_add(1)
    }

    fn spoil(&mut self, defect: Defect) {
        self.defect.get_or_insert(defect);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Content, defect, and bytes used if the end was found.
    fn decode_in_pieces(pieces: &[&[u8]]) -> (Vec<u8>, Option<Defect>, Option<usize>) {
        let mut decoder = DataDecoder::new();
        let mut content = Vec::new();
        let mut used = 0;
        for piece in pieces {
            let decoded = decoder.decode(piece, |span| content.extend_from_slice(span));
            used += decoded.used;
            if decoded.ended {
                return (content, decoder.defect(), Some(used));
            }
        }
        (content, decoder.defect(), None)
    }

    #[test]
    fn dots_are_taken_out_and_the_end_is_found() {
        let (content, defect, used) = decode_in_pieces(&[b"a\r\n..b\r\n.c\r\n...\r\n.\r\nMAIL"]);
        assert_eq!(content, b"a\r\n.b\r\nc\r\n..\r\n");
        assert_eq!((defect, used), (None, Some(20)));
    }

    #[test]
    fn an_empty_message_is_a_lone_dot() {
        assert_eq!(decode_in_pieces(&[b".\r\n"]), (Vec::new(), None, Some(3)));
    }

    #[test]
    fn smtp_01_no_other_sequence_ends_the_data() {
        let table: [(&[u8], Defect); 8] = [
            (b"\n.\n", Defect::BareLf),
            (b"\n.\r\n", Defect::BareLf),
            (b"\r.\r", Defect::BareCr),
            (b"\r\n.\r", Defect::BareCr),
            (b"\r.\r\n", Defect::BareCr),
            (b"\r\n.\n", Defect::BareLf),
            (b"\r\r\n.\r\r\n", Defect::BareCr),
            (b"\r\n\0.\r\n", Defect::Nul),
        ];
        for (sequence, expected) in table {
            let wire = [b"text", sequence, b"MAIL FROM:<a@b.example>\r\n.\r\n"].concat();
            for split in 0..=wire.len() {
                let (_, defect, used) = decode_in_pieces(&[&wire[..split], &wire[split..]]);
                assert_eq!(
                    defect,
                    Some(expected),
                    "{} at {split}",
                    sequence.escape_ascii()
                );
                assert_eq!(
                    used,
                    Some(wire.len()),
                    "{} at {split}",
                    sequence.escape_ascii()
                );
            }
        }
    }

    /// Bytes that make the decoder change its position often.
    fn tricky_bytes() -> impl Strategy<Value = Vec<u8>> {
        let byte = prop_oneof![4 => Just(b'\r'), 4 => Just(b'\n'), 4 => Just(b'.'), 3 => Just(b'x'), 1 => Just(0_u8), 1 => any::<u8>()];
        proptest::collection::vec(byte, 0..64)
    }

    /// The same rules byte by byte over a whole message, as slow and plain as possible.
    fn decode_slowly(wire: &[u8]) -> (Vec<u8>, bool, Option<usize>) {
        let end = match wire.starts_with(b".\r\n") {
            true => Some(3),
            false => wire
                .windows(5)
                .position(|window| window == b"\r\n.\r\n")
                .map(|at| at + 5),
        };
        let body = &wire[..end.map_or(wire.len(), |end| end - 3)];
        let mut content = Vec::new();
        let mut clean = true;
        for (at, &byte) in body.iter().enumerate() {
            let line_start = at == 0 || (at >= 2 && &body[at - 2..at] == b"\r\n");
            let before = at.checked_sub(1).map(|at| body[at]);
            clean &= byte != 0
                && (byte != b'\n' || before == Some(b'\r'))
                && (before != Some(b'\r') || byte == b'\n');
            if !(line_start && byte == b'.') {
                content.push(byte);
            }
        }
        (content, clean, end)
    }

    proptest! {
        #[test]
        fn any_split_equals_one_shot(wire in tricky_bytes(), cuts in proptest::collection::vec(0_usize..64, 0..6)) {
            let mut cuts: Vec<usize> = cuts.into_iter().filter(|cut| *cut <= wire.len()).collect();
            cuts.sort_unstable();
            let mut pieces = Vec::new();
            let mut from = 0;
            for cut in cuts {
                pieces.push(&wire[from..cut]);
                from = cut;
            }
            pieces.push(&wire[from..]);
            prop_assert_eq!(decode_in_pieces(&pieces), decode_in_pieces(&[&wire]));
        }

        #[test]
        fn the_fast_decoder_agrees_with_a_plain_one(wire in tricky_bytes()) {
            let (content, defect, used) = decode_in_pieces(&[&wire]);
            let (slow_content, clean, slow_used) = decode_slowly(&wire);
            prop_assert_eq!(used, slow_used);
            if used.is_some() {
                prop_assert_eq!(content, slow_content);
                prop_assert_eq!(defect.is_none(), clean);
            }
        }

        #[test]
        fn unstuffing_undoes_stuffing(lines in proptest::collection::vec("[.a ]{0,6}", 0..12)) {
            let content: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
            let stuffed: String = lines.iter().map(|line| if line.starts_with('.') { format!(".{line}\r\n") } else { format!("{line}\r\n") }).collect();
            let wire = format!("{stuffed}.\r\n");
            let (decoded, defect, used) = decode_in_pieces(&[wire.as_bytes()]);
            prop_assert_eq!(decoded, content.into_bytes());
            prop_assert_eq!((defect, used), (None, Some(wire.len())));
        }
    }
}
