//! The canonical forms of RFC 6376 3.4 that signatures are made over.

use aws_lc_rs::digest;

use super::fields::Field;

/// How much a message may be reshaped on its way without breaking a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Canonicalization {
    /// RFC 6376 3.4.1 and 3.4.3: as it stands.
    Simple,
    /// RFC 6376 3.4.2 and 3.4.4: white space may change.
    Relaxed,
}

impl Canonicalization {
    /// Appends one header field in canonical form, its line ending included.
    pub fn append_field(self, field: &Field<'_>, out: &mut Vec<u8>) {
        match self {
            Self::Simple => out.extend_from_slice(field.raw),
            Self::Relaxed => {
                out.extend(field.name.iter().map(u8::to_ascii_lowercase));
                out.push(b':');
                append_relaxed_value(field.value, out);
                out.extend_from_slice(b"\r\n");
            }
        }
    }

    /// Returns the digest of the body in canonical form, and how many bytes that form has. `length` (the `l=` tag)
    /// cuts the canonical form; the count returned is of the whole.
    pub fn hash_body(
        self,
        body: &[u8],
        length: Option<u64>,
        algorithm: &'static digest::Algorithm,
    ) -> (Vec<u8>, u64) {
        let mut hash = BodyHash::new(algorithm, length);
        match self {
            Self::Simple => hash_simple(body, &mut hash),
            Self::Relaxed => hash_relaxed(body, &mut hash),
        }
        hash.finish()
    }
}

/// RFC 6376 3.4.2: unfold, runs of white space become one space, none at either end.
fn append_relaxed_value(value: &[u8], out: &mut Vec<u8>) {
    let mut pending_space = false;
    let start = out.len();
    for &byte in value {
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' => pending_space = true,
            _ => {
                if pending_space && out.len() > start {
                    out.push(b' ');
                }
                pending_space = false;
                out.push(byte);
            }
        }
    }
}

/// RFC 6376 3.4.3: empty lines at the end count as one line ending; so does an empty body.
fn hash_simple(body: &[u8], hash: &mut BodyHash) {
    let mut kept = body;
    while let Some(shorter) = kept.strip_suffix(b"\r\n") {
        kept = shorter;
    }
    hash.update(kept);
    hash.update(b"\r\n");
}

/// RFC 6376 3.4.4: white space at the ends of lines goes, runs within become one space, empty lines at the end go.
fn hash_relaxed(body: &[u8], hash: &mut BodyHash) {
    let mut empty_lines: u64 = 0;
    let mut rest = body;
    while !rest.is_empty() {
        let (line, after) = split_line(rest);
        rest = after;
        let line = trim_wsp_end(line);
        if line.is_empty() {
            empty_lines += 1;
            continue;
        }
        for _ in 0..std::mem::take(&mut empty_lines) {
            hash.update(b"\r\n");
        }
        hash_relaxed_line(line, hash);
        hash.update(b"\r\n");
    }
}

/// Returns the first line without its CRLF, and what follows it. A last line without one is a line too.
fn split_line(text: &[u8]) -> (&[u8], &[u8]) {
    let mut from = 0;
    while let Some(offset) = memchr::memchr(b'\n', &text[from..]) {
        let newline = from + offset;
        if newline > 0 && text[newline - 1] == b'\r' {
            return (&text[..newline - 1], &text[newline + 1..]);
        }
        from = newline + 1;
    }
    (text, b"")
}

fn trim_wsp_end(line: &[u8]) -> &[u8] {
    let kept = line
        .iter()
        .rposition(|byte| !matches!(byte, b' ' | b'\t'))
        .map_or(0, |last| last + 1);
    &line[..kept]
}

/// Hashes a line that does not end in white space.
fn hash_relaxed_line(line: &[u8], hash: &mut BodyHash) {
    let mut rest = line;
    while let Some(at) = memchr::memchr2(b' ', b'\t', rest) {
        hash.update(&rest[..at]);
        hash.update(b" ");
        let run = rest[at..]
            .iter()
            .position(|byte| !matches!(byte, b' ' | b'\t'))
            .unwrap_or(rest.len() - at);
        rest = &rest[at + run..];
    }
    hash.update(rest);
}

/// Bytes gathered before the digest sees them: lines are short, and each call has a price.
const GATHERED_BYTES_MAX: usize = 4_096;

/// A digest that counts, and stops listening after `left` bytes.
struct BodyHash {
    context: digest::Context,
    gathered: Vec<u8>,
    left: Option<u64>,
    canonical_bytes: u64,
}

impl BodyHash {
    fn new(algorithm: &'static digest::Algorithm, length: Option<u64>) -> Self {
        Self {
            context: digest::Context::new(algorithm),
            gathered: Vec::with_capacity(GATHERED_BYTES_MAX),
            left: length,
            canonical_bytes: 0,
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        self.canonical_bytes += bytes.len() as u64;
        let bytes = match &mut self.left {
            None => bytes,
            Some(left) => {
                let taken =
                    usize::try_from(*left).map_or(bytes.len(), |left| left.min(bytes.len()));
                *left -= taken as u64;
                &bytes[..taken]
            }
        };
        if self.gathered.len() + bytes.len() > GATHERED_BYTES_MAX {
            self.context.update(&self.gathered);
            self.gathered.clear();
        }
        if bytes.len() > GATHERED_BYTES_MAX {
            self.context.update(bytes);
        } else {
            self.gathered.extend_from_slice(bytes);
        }
    }

    fn finish(mut self) -> (Vec<u8>, u64) {
        self.context.update(&self.gathered);
        (
            self.context.finish().as_ref().to_vec(),
            self.canonical_bytes,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::fields::Fields;
    use super::*;

    fn sha256(text: &[u8]) -> Vec<u8> {
        digest::digest(&digest::SHA256, text).as_ref().to_vec()
    }

    fn hashed(canon: Canonicalization, body: &[u8], length: Option<u64>) -> (Vec<u8>, u64) {
        canon.hash_body(body, length, &digest::SHA256)
    }

    // RFC 6376 3.4.5: the worked example.
    #[test]
    fn the_example_of_the_standard_canonicalizes_as_it_says() {
        let message = b"A: X\r\nB : Y\t\r\n\tZ  \r\n\r\n C \r\nD \t E\r\n\r\n\r\n";
        let fields = Fields::of(message);

        let mut relaxed = Vec::new();
        let mut simple = Vec::new();
        for field in &fields.list {
            Canonicalization::Relaxed.append_field(field, &mut relaxed);
            Canonicalization::Simple.append_field(field, &mut simple);
        }
        assert_eq!(relaxed, b"a:X\r\nb:Y Z\r\n");
        assert_eq!(simple, b"A: X\r\nB : Y\t\r\n\tZ  \r\n");

        let relaxed_body = b" C\r\nD E\r\n";
        assert_eq!(
            hashed(Canonicalization::Relaxed, fields.body, None),
            (sha256(relaxed_body), relaxed_body.len() as u64)
        );
        assert_eq!(
            hashed(Canonicalization::Simple, fields.body, None).0,
            sha256(b" C \r\nD \t E\r\n")
        );
    }

    #[test]
    fn an_empty_body_is_a_line_ending_when_simple_and_nothing_when_relaxed() {
        for body in [b"" as &[u8], b"\r\n", b"\r\n\r\n"] {
            assert_eq!(
                hashed(Canonicalization::Simple, body, None).0,
                sha256(b"\r\n")
            );
            assert_eq!(hashed(Canonicalization::Relaxed, body, None).0, sha256(b""));
        }
        assert_eq!(
            hashed(Canonicalization::Relaxed, b" \t\r\n", None).0,
            sha256(b"")
        );
    }

    #[test]
    fn a_last_line_without_its_ending_gets_one() {
        for canon in [Canonicalization::Simple, Canonicalization::Relaxed] {
            assert_eq!(
                hashed(canon, b"a\r\nb", None),
                hashed(canon, b"a\r\nb\r\n", None)
            );
        }
    }

    #[test]
    fn a_length_cuts_the_canonical_form_and_not_the_message() {
        let (cut, whole) = hashed(Canonicalization::Relaxed, b"a  b\r\nc\r\n", Some(5));
        assert_eq!(cut, sha256(b"a b\r\n"));
        assert_eq!(whole, 8);
        let (beyond, _) = hashed(Canonicalization::Relaxed, b"a\r\n", Some(u64::MAX));
        assert_eq!(beyond, sha256(b"a\r\n"));
    }

    #[test]
    fn long_bodies_hash_as_in_one_piece() {
        let line = [b"word ".repeat(300), b"end\r\n".to_vec()].concat();
        let body = [
            line.repeat(20),
            vec![b'x'; 3 * GATHERED_BYTES_MAX],
            b"\r\n".to_vec(),
        ]
        .concat();
        assert_eq!(
            hashed(Canonicalization::Relaxed, &body, None).0,
            sha256(&body)
        );
        assert_eq!(
            hashed(Canonicalization::Simple, &body, None).0,
            sha256(&body)
        );
    }
}
