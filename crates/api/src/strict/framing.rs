//! Where requests begin and end in the bytes of an HTTP/1 connection, by the strictest reading.
//!
//! Pure. It remembers at most one line and judges only what decides about framing; everything else is left to the
//! HTTP library, which reads the same bytes.

/// Longest line that is remembered, in bytes; of longer ones only the beginning matters.
const LINE_BYTES_MAX: usize = 128;

/// A reader of framing; see [`Framing::watch`].
#[derive(Debug, Default)]
pub(super) struct Framing {
    state: State,
    /// The beginning of the line being read, without its end.
    line: Vec<u8>,
    after_cr: bool,
    content_length: Option<u64>,
    chunked: bool,
    heads: u64,
}

/// What the bytes so far leave open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Between two requests, or before the first one.
    Between,
    /// In the head of a request.
    Head,
    /// In the body of a request.
    Body,
    /// In HTTP/2, which has frames of its own.
    Unwatched,
}

#[derive(Debug, Default, Clone, Copy)]
enum State {
    #[default]
    RequestLine,
    HeaderLine,
    /// This many bytes of body are still to come.
    Body(u64),
    ChunkSize,
    /// This many bytes of the chunk are still to come, its line end not counted.
    Chunk(u64),
    /// The empty line behind a chunk.
    ChunkEnd,
    TrailerLine,
    /// HTTP/2, which has frames of its own.
    Unwatched,
}

type Judged = Result<(), &'static str>;

impl Framing {
    /// Follows bytes in the order in which they arrived. An error is final.
    pub fn watch(&mut self, mut bytes: &[u8]) -> Judged {
        while let Some((first, others)) = bytes.split_first() {
            match self.state {
                State::Unwatched => return Ok(()),
                State::Body(left) => {
                    let (taken, left) = skip(bytes, left);
                    self.state = if left == 0 {
                        State::RequestLine
                    } else {
                        State::Body(left)
                    };
                    bytes = &bytes[taken..];
                }
                State::Chunk(left) => {
                    let (taken, left) = skip(bytes, left);
                    self.state = if left == 0 {
                        State::ChunkEnd
                    } else {
                        State::Chunk(left)
                    };
                    bytes = &bytes[taken..];
                }
                _ => {
                    self.byte_of_line(*first)?;
                    bytes = others;
                }
            }
        }
        Ok(())
    }

    /// Tells where the bytes so far end.
    pub fn place(&self) -> Place {
        match self.state {
            State::RequestLine if self.line.is_empty() && !self.after_cr => Place::Between,
            State::RequestLine | State::HeaderLine => Place::Head,
            State::Unwatched => Place::Unwatched,
            _ => Place::Body,
        }
    }

    /// Returns how many heads were complete so far.
    pub fn heads(&self) -> u64 {
        self.heads
    }

    fn byte_of_line(&mut self, byte: u8) -> Judged {
        match (self.after_cr, byte) {
            (false, b'\n') => Err("a line of the request ends without CR"),
            (true, b'\n') => {
                self.after_cr = false;
                let line = std::mem::take(&mut self.line);
                let judged = self.whole_line(&line);
                self.line = line;
                self.line.clear();
                judged
            }
            (true, _) => Err("a line of the request has a CR without LF"),
            (false, b'\r') => {
                self.after_cr = true;
                Ok(())
            }
            (false, _) => {
                if self.line.len() < LINE_BYTES_MAX {
                    self.line.push(byte);
                }
                Ok(())
            }
        }
    }

    fn whole_line(&mut self, line: &[u8]) -> Judged {
        match self.state {
            // RFC 9112 2.2: empty lines before a request are ignored.
            State::RequestLine if line.is_empty() => Ok(()),
            State::RequestLine => {
                self.content_length = None;
                self.chunked = false;
                self.state = if line == b"PRI * HTTP/2.0" {
                    State::Unwatched
                } else {
                    State::HeaderLine
                };
                Ok(())
            }
            State::HeaderLine if line.is_empty() => self.end_of_head(),
            State::HeaderLine => self.header(line),
            State::ChunkSize => {
                self.state = match chunk_size(line)? {
                    0 => State::TrailerLine,
                    size => State::Chunk(size),
                };
                Ok(())
            }
            State::ChunkEnd if line.is_empty() => {
                self.state = State::ChunkSize;
                Ok(())
            }
            State::ChunkEnd => Err("a chunk of the body is longer than its size"),
            State::TrailerLine => {
                if line.is_empty() {
                    self.state = State::RequestLine;
                }
                Ok(())
            }
            State::Body(_) | State::Chunk(_) | State::Unwatched => Ok(()),
        }
    }

    fn header(&mut self, line: &[u8]) -> Judged {
        // RFC 9112 5.2: folded lines may be refused, and are.
        if line.starts_with(b" ") || line.starts_with(b"\t") {
            return Err("a header field is folded");
        }
        let Some(colon) = line.iter().position(|byte| *byte == b':') else {
            return Ok(());
        };
        let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        // RFC 9112 5.1: white space before the colon is refused.
        if name.trim_ascii().len() != name.len() {
            return Err("a header name has white space");
        }
        if name.eq_ignore_ascii_case(b"content-length") {
            if self.content_length.is_some() {
                return Err("Content-Length is given twice");
            }
            self.content_length = Some(decimal(value).ok_or("Content-Length is not a number")?);
        }
        if name.eq_ignore_ascii_case(b"transfer-encoding") {
            if self.chunked || !value.eq_ignore_ascii_case(b"chunked") {
                return Err("Transfer-Encoding must be chunked, once");
            }
            self.chunked = true;
        }
        Ok(())
    }

    fn end_of_head(&mut self) -> Judged {
        // RFC 9112 6.1: both together may be an attack; a server may refuse them.
        if self.chunked && self.content_length.is_some() {
            return Err("Content-Length and Transfer-Encoding are given together");
        }
        self.heads += 1;
        self.state = match (self.chunked, self.content_length) {
            (true, _) => State::ChunkSize,
            (false, Some(length)) if length > 0 => State::Body(length),
            _ => State::RequestLine,
        };
        Ok(())
    }
}

/// Returns how many of the bytes belong to what is `left`, and what is left then.
fn skip(bytes: &[u8], left: u64) -> (usize, u64) {
    let taken = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
    (taken, left - taken as u64)
}

fn decimal(text: &[u8]) -> Option<u64> {
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

fn chunk_size(line: &[u8]) -> Result<u64, &'static str> {
    const WRONG: &str = "a chunk of the body has no valid size";
    let digits = line
        .split(|byte| *byte == b';')
        .next()
        .unwrap_or_default()
        .trim_ascii_end();
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_hexdigit) {
        return Err(WRONG);
    }
    let text = std::str::from_utf8(digits).map_err(|_| WRONG)?;
    u64::from_str_radix(text, 16).map_err(|_| WRONG)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same judgement however the bytes are cut into reads.
    fn judge(bytes: &[u8]) -> Judged {
        let whole = Framing::default().watch(bytes);
        for cut in 0..bytes.len() {
            let mut framing = Framing::default();
            let in_two = framing
                .watch(&bytes[..cut])
                .and_then(|()| framing.watch(&bytes[cut..]));
            assert_eq!(in_two, whole, "cut at {cut}");
        }
        whole
    }

    #[test]
    fn plain_requests_pass_one_after_the_other() {
        let stream = b"GET / HTTP/1.1\r\nHost: x\r\n\r\nPOST /a HTTP/1.1\r\nContent-Length: 5\r\n\r\na\nb\rc\
            POST /b HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n3;x=y\r\n\r\nz\r\n0\r\nT: t\r\n\r\n\r\nGET / HTTP/1.1\r\n\r\n";
        assert_eq!(judge(stream), Ok(()));
    }

    #[test]
    fn http_10_ambiguous_framing_is_refused() {
        for attack in [
            &b"GET / HTTP/1.1\nHost: x\r\n\r\n"[..],
            b"GET / HTTP/1.1\r\nHost: x\n\r\n",
            b"GET / HTTP/1.1\r\nHost: x\r\n\n",
            b"GET / HTTP/1.1\r\nHost: x\rY: y\r\n\r\n",
            b"GET / HTTP/1.1\r\nX: a\r\n b\r\n\r\n",
            b"POST / HTTP/1.1\r\nContent-Length : 1\r\n\r\n",
            b"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n",
            b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
            b"POST / HTTP/1.1\r\nContent-Length: 1, 1\r\n\r\n",
            b"POST / HTTP/1.1\r\nContent-Length: +1\r\n\r\n",
            b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
            b"POST / HTTP/1.1\r\nTransfer-Encoding: xchunked\r\n\r\n",
            b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\nx\r\n0\r\n\r\n",
            b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxy\r\n0\r\n\r\n",
            b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0x1\r\nx\r\n0\r\n\r\n",
            b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n11111111111111111\r\n",
        ] {
            assert!(
                judge(attack).is_err(),
                "{}",
                String::from_utf8_lossy(attack)
            );
        }
    }

    #[test]
    fn http_2_is_not_watched() {
        assert_eq!(judge(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\n\n\n"), Ok(()));
    }

    #[test]
    fn the_place_is_known_after_every_byte() {
        let mut framing = Framing::default();
        let mut at = |bytes: &[u8]| {
            framing.watch(bytes).unwrap();
            (framing.place(), framing.heads())
        };
        assert_eq!(at(b""), (Place::Between, 0));
        assert_eq!(at(b"\r\n"), (Place::Between, 0));
        assert_eq!(at(b"P"), (Place::Head, 0));
        assert_eq!(at(b"OST / HTTP/1.1\r\n"), (Place::Head, 0));
        assert_eq!(at(b"Content-Length: 2\r\n\r"), (Place::Head, 0));
        assert_eq!(at(b"\n"), (Place::Body, 1));
        assert_eq!(at(b"ab"), (Place::Between, 1));
        assert_eq!(at(b"GET / HTTP/1.1\r\n\r\n"), (Place::Between, 2));
        assert_eq!(at(b"PRI * HTTP/2.0\r\n"), (Place::Unwatched, 2));
    }

    #[test]
    fn an_endless_line_is_not_remembered() {
        let mut framing = Framing::default();
        for _ in 0..10_000 {
            framing.watch(&[b'a'; 100]).unwrap();
        }
        assert!(framing.line.capacity() <= LINE_BYTES_MAX * 2);
    }
}
