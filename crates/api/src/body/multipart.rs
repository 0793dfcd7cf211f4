//! `multipart/form-data` (RFC 7578): the parts of a body that is in memory, without copying what they hold.

use bytes::Bytes;
use http::{HeaderMap, header};
use memchr::memmem;
use percent_encoding::percent_decode_str;

use crate::error::ApiError;
use crate::limits::{MULTIPART_HEADER_BYTES_MAX, MULTIPART_PARTS_MAX};

/// Longest boundary. RFC 2046 5.1.1.
const BOUNDARY_BYTES_MAX: usize = 70;

/// One part of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Its name.
    pub name: String,
    /// The name of its file; empty when it has none.
    pub filename: String,
    /// Its media type as sent; empty when it has none.
    pub content_type: String,
    /// What it holds.
    pub content: Bytes,
}

/// Returns the boundary if the body is a form.
pub(super) fn boundary(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let essence = value.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let boundary = parameter(value, "boundary")?;
    let fits = (1..=BOUNDARY_BYTES_MAX).contains(&boundary.len());
    fits.then_some(boundary)
}

/// Splits a form into its parts.
pub(super) fn parse(raw: &Bytes, boundary: &str) -> Result<Vec<Part>, ApiError> {
    let delimiter = format!("\r\n--{boundary}");
    let finder = memmem::Finder::new(&delimiter);
    // The first delimiter may stand at the very beginning, without a line break before it.
    let mut position = if raw.starts_with(&delimiter.as_bytes()[2..]) {
        delimiter.len() - 2
    } else {
        finder.find(raw).ok_or_else(malformed)? + delimiter.len()
    };
    let mut parts = Vec::new();
    loop {
        let rest = &raw[position..];
        if rest.starts_with(b"--") {
            return Ok(parts);
        }
        // RFC 2046 5.1.1: blanks may follow the boundary
        let line = memmem::find(rest, b"\r\n").ok_or_else(malformed)?;
        if !rest[..line].iter().all(|byte| matches!(byte, b' ' | b'\t')) {
            return Err(malformed());
        }
        if parts.len() == MULTIPART_PARTS_MAX {
            return Err(ApiError::bad_request(format!(
                "a form may have at most {MULTIPART_PARTS_MAX} parts"
            )));
        }
        // The line break before the header belongs to it, so that an empty header ends like any other.
        let header_start = position + line;
        let header = &raw[header_start..];
        let window = &header[..header.len().min(MULTIPART_HEADER_BYTES_MAX)];
        let header_len = memmem::find(window, b"\r\n\r\n").ok_or_else(malformed)?;
        let content_start = header_start + header_len + 4;
        // An empty part ends with the line break that ended its header.
        let end = finder
            .find(&raw[content_start - 2..])
            .ok_or_else(malformed)?
            + content_start
            - 2;
        let content = raw.slice(content_start.min(end)..end);
        parts.push(part(&header[..header_len], content)?);
        position = end + delimiter.len();
    }
}

fn malformed() -> ApiError {
    ApiError::bad_request("the body is malformed multipart/form-data")
}

fn part(header: &[u8], content: Bytes) -> Result<Part, ApiError> {
    let header = std::str::from_utf8(header).map_err(|_| malformed())?;
    let field = |wanted: &str| {
        header.split("\r\n").find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.trim()
                .eq_ignore_ascii_case(wanted)
                .then(|| value.trim())
        })
    };
    let disposition = field("content-disposition").ok_or_else(malformed)?;
    let name = parameter(disposition, "name").ok_or_else(malformed)?;
    let filename =
        extended(disposition, "filename*").or_else(|| parameter(disposition, "filename"));
    Ok(Part {
        name,
        filename: filename.unwrap_or_default(),
        content_type: field("content-type").unwrap_or_default().to_owned(),
        content,
    })
}

/// Returns a parameter of a field; quoted ones may hold anything.
fn parameter(field: &str, wanted: &str) -> Option<String> {
    let mut rest = field.split_once(';')?.1;
    loop {
        let (name, value) = rest.split_once('=')?;
        let name = name.trim().trim_start_matches(';').trim();
        let value = value.trim_start();
        let (text, behind) = if let Some(quoted) = value.strip_prefix('"') {
            unquote(quoted)?
        } else {
            let end = value.find(';').unwrap_or(value.len());
            (value[..end].trim().to_owned(), &value[end..])
        };
        if name.eq_ignore_ascii_case(wanted) {
            return Some(text);
        }
        rest = behind.trim_start().trim_start_matches(';');
    }
}

fn unquote(quoted: &str) -> Option<(String, &str)> {
    let mut text = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((text, &quoted[at + 1..])),
            // Some programs escape, others send paths with backslashes: only these two can be escapes.
            '\\' if quoted[at + 1..].starts_with(['"', '\\']) => {
                text.extend(characters.next().map(|(_, escaped)| escaped));
            }
            other => text.push(other),
        }
    }
    None
}

/// RFC 8187: `UTF-8''` and percent escapes, which older clients send although RFC 7578 4.2 does not want it.
fn extended(field: &str, wanted: &str) -> Option<String> {
    let value = parameter(field, wanted)?;
    let (charset, rest) = value.split_once('\'')?;
    let (_, escaped) = rest.split_once('\'')?;
    if !charset.eq_ignore_ascii_case("utf-8") {
        return None;
    }
    let decoded = percent_decode_str(escaped).decode_utf8().ok()?;
    Some(decoded.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(body: &str) -> Result<Vec<(String, String, String, String)>, ApiError> {
        let parts = parse(&Bytes::from(body.to_owned()), "b")?;
        let shown = parts.into_iter().map(|part| {
            let content = String::from_utf8(part.content.to_vec()).unwrap();
            (part.name, part.filename, part.content_type, content)
        });
        Ok(shown.collect())
    }

    fn owned(texts: [&str; 4]) -> (String, String, String, String) {
        let [name, filename, content_type, content] = texts.map(str::to_owned);
        (name, filename, content_type, content)
    }

    #[test]
    fn parts_of_every_client_are_read() {
        let body = "preamble\r\n--b\r\nContent-Disposition: form-data; name=\"message\"; filename=\"\"\r\nContent-Type: application/json\r\n\r\n{}\r\n\
                    --b \r\ncontent-disposition: form-data; filename*=UTF-8''%C3%BC.txt; filename=\"x\"; name=file0\r\n\r\n\r\n-- \r\n\
                    \r\n--b\r\nContent-Disposition: form-data; name=\"a\\\"b\"; filename=\"C:\\dir\\x\"\r\n\r\n\r\n--b--\r\nepilogue";
        assert_eq!(
            parts(body).unwrap(),
            [
                owned(["message", "", "application/json", "{}"]),
                owned(["file0", "ü.txt", "", "\r\n-- \r\n"]),
                owned(["a\"b", "C:\\dir\\x", "", ""]),
            ]
        );
        assert!(parts("--b--\r\n").unwrap().is_empty());
    }

    #[test]
    fn http_08_broken_and_endless_forms_are_refused() {
        let head = "--b\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\n";
        for body in [
            "",
            "x",
            "--b",
            "--b\r\n",
            "--bjunk\r\n\r\n--b--",
            "--b\r\n\r\n\r\n--b--",
            "--b\r\nContent-Disposition: form-data; name=\"x\r\n\r\n\r\n--b--",
            head,
            &format!("{head}content\r\n--b"),
            &format!(
                "--b\r\nContent-Disposition: form-data; name=x; y=\"{}\"\r\n\r\n\r\n--b--",
                "y".repeat(MULTIPART_HEADER_BYTES_MAX)
            ),
        ] {
            assert_eq!(parts(body).unwrap_err().status().as_u16(), 400, "{body}");
        }
        let flood = format!(
            "{}--b--",
            format!("{head}\r\n").repeat(MULTIPART_PARTS_MAX + 1)
        );
        assert!(parts(&flood).unwrap_err().message().contains("at most"));
    }
}
