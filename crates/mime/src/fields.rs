//! Header sections cut into fields, and where they end.

use memchr::memchr;

use crate::limits::{HEADER_BYTES_MAX, HEADER_FIELDS_MAX};
use crate::words::{WordBudget, decode_value};

/// One field, as written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field<'a> {
    /// Printable ASCII, in the sender's case.
    pub(crate) name: &'a [u8],
    /// Everything after the colon, folds included, without the last line end.
    pub(crate) value: &'a [u8],
    /// Some readers end the header before or within this field, or read its name differently.
    pub(crate) doubtful: bool,
}

impl Field<'_> {
    pub(crate) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }
}

/// Why a header section ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HeaderEnd {
    /// At a blank line, the regular case.
    BlankLine,
    /// At a boundary line, the end of the message, or a first line that is no field.
    NoBlankLine,
    /// At the cap: nobody knows where the body starts.
    Overflow,
}

/// Walks over the fields of one header section.
#[derive(Debug)]
pub(crate) struct FieldReader<'a> {
    raw: &'a [u8],
    start: usize,
    position: usize,
    fields: usize,
    doubt: bool,
    /// Set once the section is over.
    end: Option<HeaderEnd>,
    /// More than `HEADER_FIELDS_MAX` fields: the surplus was passed over.
    pub(crate) surplus: bool,
}

impl<'a> FieldReader<'a> {
    /// Starts at the first octet of a header section.
    pub(crate) fn new(raw: &'a [u8], start: usize) -> Self {
        Self {
            raw,
            start,
            position: start,
            fields: 0,
            doubt: false,
            end: None,
            surplus: false,
        }
    }

    /// Returns the next field; `is_boundary` says whether a line starting with `--` ends the part it is in.
    pub(crate) fn next(&mut self, is_boundary: impl Fn(&[u8]) -> bool) -> Option<Field<'a>> {
        while self.end.is_none() {
            let Some(line) = self.line() else { break };
            if is_blank(line) {
                self.position += line.len();
                self.end = Some(HeaderEnd::BlankLine);
                break;
            }
            if line.starts_with(b"--") && is_boundary(line) {
                self.end = Some(HeaderEnd::NoBlankLine);
                break;
            }
            let Some(colon) = field_colon(line) else {
                self.pass_over_stray_line(line);
                continue;
            };
            let field = self.take_field(line, colon);
            self.fields += 1;
            if self.fields <= HEADER_FIELDS_MAX {
                return Some(field);
            }
            self.surplus = true;
        }
        None
    }

    /// Returns where the body starts, once `next` has returned none.
    pub(crate) fn body_start(&self) -> usize {
        self.position
    }

    /// Returns why the section ended, once `next` has returned none.
    pub(crate) fn ended(&self) -> HeaderEnd {
        self.end.unwrap_or(HeaderEnd::NoBlankLine)
    }

    /// Tells whether other readers may end this section elsewhere.
    pub(crate) fn is_doubtful(&self) -> bool {
        self.doubt
    }

    /// Returns the line at the position with its line end, or none (and the reason) when the section is over.
    fn line(&mut self) -> Option<&'a [u8]> {
        let rest = &self.raw[self.position..];
        if rest.is_empty() {
            self.end = Some(HeaderEnd::NoBlankLine);
            return None;
        }
        let room = (self.start + HEADER_BYTES_MAX).saturating_sub(self.position);
        let window = &rest[..rest.len().min(room)];
        match memchr(b'\n', window) {
            Some(at) => Some(&window[..=at]),
            None if window.len() == rest.len() => Some(rest),
            None => {
                self.end = Some(HeaderEnd::Overflow);
                None
            }
        }
    }

    /// A line that is no field: before the first field it starts the body, later it is passed over.
    fn pass_over_stray_line(&mut self, line: &[u8]) {
        let is_mailbox_separator = self.position == self.start
            && (line.starts_with(b"From ") || line.starts_with(b">From "));
        if self.fields == 0 && !is_mailbox_separator {
            self.doubt = true;
            self.end = Some(HeaderEnd::NoBlankLine);
            return;
        }
        self.doubt |= !is_mailbox_separator;
        self.position += line.len();
    }

    /// Takes a field whose first line is `line`, with all its continuation lines.
    fn take_field(&mut self, line: &'a [u8], colon: usize) -> Field<'a> {
        let value_start = self.position + colon + 1;
        let name = line[..colon].trim_ascii_end();
        self.doubt |= name.len() != colon;
        self.position += line.len();
        while let Some(more) = self.line() {
            if !matches!(more.first(), Some(b' ' | b'\t')) {
                break;
            }
            // A fold without text: some readers take the blank line for the end of the header.
            self.doubt |= more.trim_ascii().is_empty();
            self.position += more.len();
        }
        let value = without_line_end(&self.raw[value_start..self.position]);
        self.doubt |= has_stray_control(value);
        Field {
            name,
            value,
            doubtful: self.doubt,
        }
    }
}

fn is_blank(line: &[u8]) -> bool {
    matches!(line, b"\n" | b"\r\n")
}

fn without_line_end(value: &[u8]) -> &[u8] {
    let value = value.strip_suffix(b"\n").unwrap_or(value);
    value.strip_suffix(b"\r").unwrap_or(value)
}

/// Returns where the colon of a field is: after a name of printable ASCII. Blanks before the colon are obsolete syntax.
pub(crate) fn field_colon(line: &[u8]) -> Option<usize> {
    let colon = memchr(b':', line)?;
    let name = line[..colon].trim_ascii_end();
    let well_formed = !name.is_empty() && name.iter().all(u8::is_ascii_graphic);
    well_formed.then_some(colon)
}

/// A CR without LF is a line end to some readers, and NUL the end of everything.
fn has_stray_control(value: &[u8]) -> bool {
    let stray_cr = memchr::memchr_iter(b'\r', value).any(|at| value.get(at + 1) != Some(&b'\n'));
    stray_cr || memchr(0, value).is_some()
}

/// Returns all fields in order: name as written, value unfolded and with its encoded words decoded.
///
/// At most [`HEADER_FIELDS_MAX`] fields of the first [`HEADER_BYTES_MAX`] octets.
pub fn headers(raw: &[u8]) -> Vec<(String, String)> {
    let mut reader = FieldReader::new(raw, 0);
    let mut all = Vec::new();
    while let Some(field) = reader.next(|_| false) {
        let name = String::from_utf8_lossy(field.name).into_owned();
        all.push((
            name,
            decode_value(field.value, &mut WordBudget::for_one_field()),
        ));
    }
    all
}

/// Returns the header section up to and including the blank line; all of it when there is no blank line.
pub fn header_section(raw: &[u8]) -> &[u8] {
    let mut position = 0;
    while let Some(at) = memchr(b'\n', &raw[position..]) {
        let line = &raw[position..=position + at];
        position += line.len();
        if is_blank(line) {
            return &raw[..position];
        }
    }
    raw
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(raw: &[u8]) -> Vec<String> {
        headers(raw).into_iter().map(|(name, _)| name).collect()
    }

    #[test]
    fn fields_come_in_order_unfolded_and_decoded() {
        let raw = b"A: 1\r\nb-B:  two\r\n\tlines \r\nC: =?utf-8?Q?=C3=A9?=\r\n\r\nD: no field\r\n";
        let expected = [("A", "1"), ("b-B", "two lines"), ("C", "é")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(headers(raw), expected);
    }

    #[test]
    fn bare_line_feeds_end_lines_too() {
        assert_eq!(names(b"A: 1\nB: 2\n\nC: 3\n"), ["A", "B"]);
        assert_eq!(header_section(b"A: 1\nB: 2\n\nC: 3\n"), b"A: 1\nB: 2\n\n");
    }

    #[test]
    fn header_section_ends_with_the_blank_line() {
        assert_eq!(header_section(b"A: 1\r\n\r\nbody"), b"A: 1\r\n\r\n");
        assert_eq!(header_section(b"\r\nbody"), b"\r\n");
        assert_eq!(header_section(b"A: 1\r\n"), b"A: 1\r\n");
        assert_eq!(header_section(b""), b"");
    }

    #[test]
    fn stray_lines_are_passed_over() {
        assert_eq!(
            names(b"From a@b Mon Jan  1 10:00:00 2024\nA: 1\nstray line\nB: 2\n\n"),
            ["A", "B"]
        );
        assert_eq!(names(b"Dear Sir,\r\nA: 1\r\n\r\n"), Vec::<String>::new());
    }

    #[test]
    fn fields_are_kept_up_to_the_cap() {
        let mut raw = b"A: 1\r\n".repeat(HEADER_FIELDS_MAX);
        assert_eq!(headers(&raw).len(), HEADER_FIELDS_MAX);
        raw.extend_from_slice(b"A: 1\r\n\r\nbody");
        assert_eq!(headers(&raw).len(), HEADER_FIELDS_MAX);
        let mut reader = FieldReader::new(&raw, 0);
        while reader.next(|_| false).is_some() {}
        assert!(reader.surplus);
        assert_eq!(&raw[reader.body_start()..], b"body");
    }

    #[test]
    fn a_section_is_read_up_to_the_byte_cap() {
        let mut raw = b"A: ".to_vec();
        raw.resize(HEADER_BYTES_MAX - 1, b'x');
        raw.extend_from_slice(b"\nB: 2\n\n");
        assert_eq!(names(&raw), ["A"]);
        let mut reader = FieldReader::new(&raw, 0);
        while reader.next(|_| false).is_some() {}
        assert_eq!(reader.ended(), HeaderEnd::Overflow);
        raw.insert(3, b'x');
        assert!(names(&raw).is_empty());
    }
}
