//! Cuts command lines out of a read buffer: only CRLF ends a line.

use memchr::{memchr, memchr2};

/// Tells what stands at the front of the read buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineScan<'a> {
    /// No line end yet, and still within the bound.
    Partial,
    /// A whole line.
    Line {
        /// The line without its CRLF; holds neither CR nor LF.
        text: &'a [u8],
        /// Bytes of the buffer it used, CRLF included.
        used: usize,
    },
    /// A CR or LF that is not part of CRLF stands in the line, so two readers may disagree where it ends.
    Stray {
        /// Bytes up to and including the stray byte; the line goes on behind them.
        used: usize,
    },
    /// More than the bound arrived without a line end.
    TooLong,
}

/// Looks for the first line of `buffer`, at most `limit` bytes long with its CRLF.
// RFC 5321 2.3.8: lines end with CRLF and nothing else; a lone CR or LF must not be sent nor taken for a line end.
#[must_use]
pub fn scan(buffer: &[u8], limit: usize) -> LineScan<'_> {
    let window = buffer.get(..limit).unwrap_or(buffer);
    let Some(at) = memchr2(b'\r', b'\n', window) else {
        return if buffer.len() >= limit {
            LineScan::TooLong
        } else {
            LineScan::Partial
        };
    };
    if window.get(at) == Some(&b'\n') {
        return LineScan::Stray {
            used: at.saturating_add(1),
        };
    }
    match window.get(at.saturating_add(1)) {
        Some(b'\n') => LineScan::Line {
            text: window.get(..at).unwrap_or_default(),
            used: at.saturating_add(2),
        },
        Some(_) => LineScan::Stray {
            used: at.saturating_add(1),
        },
        None if buffer.len() >= limit => LineScan::TooLong,
        None => LineScan::Partial,
    }
}

/// Returns how many bytes to throw away so that the buffer starts behind the next CRLF, and whether that CRLF was found.
///
/// Without a CRLF everything may go but a CR at the very end, which may be the first half of one.
#[must_use]
pub fn skip_to_line_end(buffer: &[u8]) -> (usize, bool) {
    let mut from = 0;
    while let Some(offset) = memchr(b'\n', buffer.get(from..).unwrap_or_default()) {
        let at = from.saturating_add(offset);
        from = at.saturating_add(1);
        if at.checked_sub(1).and_then(|before| buffer.get(before)) == Some(&b'\r') {
            return (from, true);
        }
    }
    let kept = usize::from(buffer.last() == Some(&b'\r'));
    (buffer.len().saturating_sub(kept), false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::COMMAND_LINE_BYTES_MAX;

    fn scan_line(buffer: &[u8]) -> LineScan<'_> {
        scan(buffer, COMMAND_LINE_BYTES_MAX)
    }

    #[test]
    fn only_crlf_ends_a_line() {
        assert_eq!(
            scan_line(b"NOOP\r\nQUIT\r\n"),
            LineScan::Line {
                text: b"NOOP",
                used: 6
            }
        );
        assert_eq!(scan_line(b"\r\n"), LineScan::Line { text: b"", used: 2 });
        assert_eq!(scan_line(b"NOOP"), LineScan::Partial);
        assert_eq!(scan_line(b"NOOP\r"), LineScan::Partial);
        assert_eq!(scan_line(b"NOOP\nQUIT\r\n"), LineScan::Stray { used: 5 });
        assert_eq!(scan_line(b"NO\rOP\r\n"), LineScan::Stray { used: 3 });
        assert_eq!(scan_line(b"NOOP\r\r\n"), LineScan::Stray { used: 5 });
    }

    #[test]
    fn the_bound_is_exact() {
        let mut longest = vec![b'x'; COMMAND_LINE_BYTES_MAX - 2];
        longest.extend_from_slice(b"\r\n");
        assert!(matches!(
            scan_line(&longest),
            LineScan::Line {
                used: COMMAND_LINE_BYTES_MAX,
                ..
            }
        ));
        longest.insert(0, b'x');
        assert_eq!(scan_line(&longest), LineScan::TooLong);
        assert_eq!(
            scan_line(&vec![b'x'; COMMAND_LINE_BYTES_MAX]),
            LineScan::TooLong
        );
        assert_eq!(
            scan_line(&vec![b'x'; COMMAND_LINE_BYTES_MAX - 1]),
            LineScan::Partial
        );
    }

    #[test]
    fn skipping_stops_behind_the_first_true_line_end() {
        assert_eq!(skip_to_line_end(b"a\nb\rc\r\nd"), (7, true));
        assert_eq!(skip_to_line_end(b"a\nb\r"), (3, false));
        assert_eq!(skip_to_line_end(b"ab"), (2, false));
        assert_eq!(skip_to_line_end(b""), (0, false));
    }
}
