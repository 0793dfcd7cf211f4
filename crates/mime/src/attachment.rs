//! What is told of a part that is kept beside the body: its names, its type, its size.

use std::collections::HashSet;

use memchr::memmem;

use crate::charset;
use crate::identifiers;
use crate::limits::{
    CID_REFERENCES_MAX, FILENAME_BYTES_MAX, FILENAME_READING_BYTES_MAX, FILENAME_READINGS_MAX,
    MEDIA_TYPE_BYTES_MAX, MESSAGE_ID_BYTES_MAX,
};
use crate::message::Attachment;
use crate::parameters::Parameters;
use crate::transfer::hex_octet;
use crate::tree::{Part, PartFields, Tree};
use crate::words::{WordBudget, decode_text};

/// Describes the attachments in order. Returns also whether a cap was hit on the way.
pub(crate) fn describe(
    raw: &[u8],
    tree: &mut Tree<'_>,
    numbers: &[usize],
    html: Option<&str>,
) -> (Vec<Attachment>, bool) {
    let any_content_id = numbers
        .iter()
        .any(|&number| tree.parts[number].fields.content_id.is_some());
    let referenced = match html {
        Some(html) if any_content_id => cid_references(html),
        _ => HashSet::new(),
    };
    let mut all = Vec::with_capacity(numbers.len());
    let mut truncated = false;
    for (index, &number) in numbers.iter().enumerate() {
        let part = &mut tree.parts[number];
        let mut attachment = describe_part(raw, number, part);
        truncated |= part.fields.truncated;
        attachment.is_inline |= attachment
            .content_id
            .as_deref()
            .is_some_and(|id| referenced.contains(id.as_bytes()));
        if attachment.filename.is_empty() {
            attachment.filename = name_of_unnamed(index + 1, &attachment.content_type);
        }
        all.push(attachment);
    }
    (all, truncated)
}

/// Describes a part as a file. Names beyond the caps make it one that was not read as a whole.
pub(crate) fn describe_part(raw: &[u8], number: usize, part: &mut Part<'_>) -> Attachment {
    let mut truncated = false;
    let content_id = part.fields.content_id.and_then(identifiers::content_id);
    let disposition = part
        .fields
        .disposition
        .as_ref()
        .map(|parameters| token_text(parameters.token))
        .filter(|token| !token.is_empty() && token.len() <= MEDIA_TYPE_BYTES_MAX);
    let names = names(&mut part.fields, &mut truncated);
    let readings_of_names = readings(&names, &mut truncated);
    part.fields.truncated |= truncated;
    Attachment {
        part: u32::try_from(number).unwrap_or(u32::MAX),
        filename: names
            .iter()
            .map(|name| shown_name(name))
            .find(|name| !name.is_empty())
            .unwrap_or_default(),
        readings: readings_of_names,
        content_type: content_type(part),
        size: match part.multipart {
            Some(_) => part.body.len() as u64,
            None => part.encoding().decoded_len(&raw[part.body.clone()]) as u64,
        },
        is_inline: disposition.as_deref() == Some("inline") && content_id.is_some(),
        content_id,
        content_disposition: disposition,
    }
}

/// Returns the media type in lower case; a type that was declared but cannot be read may be anything.
fn content_type(part: &Part<'_>) -> String {
    let unreadable = part.fields.content_type.is_some() && part.fields.declared_type().is_none();
    if unreadable && !part.hollow {
        return "application/octet-stream".to_owned();
    }
    token_text(part.media_type())
}

fn token_text(token: &[u8]) -> String {
    let word = token
        .split(u8::is_ascii_whitespace)
        .next()
        .unwrap_or_default();
    let mut text = String::with_capacity(word.len());
    charset::push_clean(&mut text, &charset::undeclared(word));
    text.to_lowercase()
}

/// Returns all names the fields give, the preferred reading first.
fn names(fields: &mut PartFields<'_>, truncated: &mut bool) -> Vec<String> {
    let mut names = Vec::new();
    if let Some(disposition) = &mut fields.disposition {
        push_names(disposition, "filename", &mut names, truncated);
    }
    if let Some(content_type) = &mut fields.content_type {
        push_names(content_type, "name", &mut names, truncated);
    }
    // The wrong parameter in the wrong field, and fields that came twice, are still read by someone.
    if let Some(disposition) = &mut fields.disposition {
        push_names(disposition, "name", &mut names, truncated);
    }
    if let Some(content_type) = &mut fields.content_type {
        push_names(content_type, "filename", &mut names, truncated);
    }
    let others = fields.other_dispositions.iter_mut();
    for parameters in others.chain(&mut fields.other_types) {
        push_names(parameters, "filename", &mut names, truncated);
        push_names(parameters, "name", &mut names, truncated);
    }
    names
}

/// RFC 2231 4.1 and RFC 6266 4.3: the extended forms go before the plain one.
fn push_names(
    parameters: &mut Parameters<'_>,
    name: &str,
    names: &mut Vec<String>,
    truncated: &mut bool,
) {
    if parameters.list.is_empty() {
        return;
    }
    names.extend(parameters.extended(name));
    names.extend(parameters.continued(name));
    *truncated |= parameters.truncated;
    for parameter in parameters.all(name) {
        let written = charset::undeclared(&parameter.value);
        let mut budget = WordBudget::for_one_field();
        // Encoded words in parameters are forbidden and common. RFC 2047 5.
        let decoded = decode_text(&written, &mut budget);
        *truncated |= budget.exceeded;
        let mut as_written = String::with_capacity(written.len());
        charset::push_clean(&mut as_written, &written);
        names.push(decoded);
        names.push(as_written);
    }
}

/// Adds to the names what file systems and eyes make of them, each once, in order, up to the caps.
fn readings(names: &[String], truncated: &mut bool) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for name in names {
        // Windows drops dots and blanks at the end, direction marks are not seen, and NUL ends the name in C.
        let bare: String = name.chars().filter(|&c| !is_direction_mark(c)).collect();
        let trimmed = bare.trim_end_matches(['.', ' ']);
        let cut = bare.split(charset::REPLACEMENT).next().unwrap_or_default();
        for reading in [name.as_str(), &bare, trimmed, cut] {
            let reading = ending(reading);
            if reading.is_empty() || all.iter().any(|known| known == reading) {
                continue;
            }
            if all.len() == FILENAME_READINGS_MAX {
                *truncated = true;
                return all;
            }
            all.push(reading.to_owned());
        }
    }
    all
}

/// Returns the end of a name, which is where its type is.
fn ending(name: &str) -> &str {
    &name[name.ceil_char_boundary(name.len().saturating_sub(FILENAME_READING_BYTES_MAX))..]
}

/// Returns a name that is safe to show and to save: no path, no controls, no direction marks, of bounded length.
fn shown_name(name: &str) -> String {
    let base = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let visible: String = base
        .chars()
        .filter(|&c| !c.is_control() && !is_direction_mark(c))
        .collect();
    let trimmed = visible.trim();
    if trimmed.chars().all(|c| c == '.') {
        return String::new();
    }
    if trimmed.len() <= FILENAME_BYTES_MAX {
        return trimmed.to_owned();
    }
    // The extension decides what opens the file, so it is what stays.
    const EXTENSION_BYTES_MAX: usize = 16;
    let dot = trimmed
        .rfind('.')
        .filter(|dot| trimmed.len() - dot <= EXTENSION_BYTES_MAX)
        .unwrap_or(trimmed.len());
    let extension = &trimmed[dot..];
    let stem_end = trimmed.floor_char_boundary(FILENAME_BYTES_MAX - extension.len());
    format!("{}{extension}", &trimmed[..stem_end])
}

fn is_direction_mark(character: char) -> bool {
    matches!(character, '\u{61C}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}')
}

/// Returns the ids that the HTML refers to as `cid:`. RFC 2392.
fn cid_references(html: &str) -> HashSet<Vec<u8>> {
    let html = html.as_bytes();
    let mut ids = HashSet::new();
    for start in memmem::find_iter(html, b"cid:").take(CID_REFERENCES_MAX) {
        let rest = &html[start + 4..html.len().min(start + 4 + MESSAGE_ID_BYTES_MAX)];
        let len = rest
            .iter()
            .position(|byte| {
                matches!(byte, b'"' | b'\'' | b'>' | b')' | b'&') || byte.is_ascii_whitespace()
            })
            .unwrap_or(rest.len());
        ids.insert(percent_decode(&rest[..len]));
    }
    ids
}

fn percent_decode(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte == b'%'
            && let Some(octet) = hex_octet(rest)
        {
            out.push(octet);
            rest = &rest[2..];
            continue;
        }
        out.push(byte);
    }
    out
}

/// Returns the name under which a file without one is shown; `number` is its place, counted from 1.
#[must_use]
pub fn name_of_unnamed(number: usize, content_type: &str) -> String {
    format!("attachment-{number}.{}", extension(content_type))
}

/// Returns a file extension for a part without a name.
fn extension(content_type: &str) -> &str {
    match content_type {
        "message/rfc822" | "message/global" => "eml",
        "text/plain" | "message/delivery-status" | "text/rfc822-headers" => "txt",
        "text/calendar" => "ics",
        "text/html" => "html",
        "image/jpeg" => "jpg",
        "image/svg+xml" => "svg",
        "application/msword" => "doc",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document" => "docx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" => "xlsx",
        "application/pkcs7-signature" | "application/x-pkcs7-signature" => "p7s",
        "application/pgp-signature" => "asc",
        "audio/mpeg" => "mp3",
        other => short_subtype(other),
    }
}

/// `image/png` is a `.png`; long and composed names are none.
fn short_subtype(content_type: &str) -> &str {
    const EXTENSION_BYTES_MAX: usize = 5;
    let subtype = content_type
        .split_once('/')
        .map_or("", |(_, subtype)| subtype);
    let usable = !subtype.is_empty()
        && subtype.len() <= EXTENSION_BYTES_MAX
        && subtype.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if usable { subtype } else { "bin" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shown_names_hold_no_path_controls_or_direction_marks() {
        let table = [
            ("report.pdf", "report.pdf"),
            ("../../etc/passwd", "passwd"),
            ("C:\\Users\\a\\b.doc", "b.doc"),
            ("in\u{202e}fdp.exe", "infdp.exe"),
            (" a.txt ", "a.txt"),
            ("..", ""),
            ("dir/", ""),
        ];
        for (name, expected) in table {
            assert_eq!(shown_name(name), expected, "{name}");
        }
    }

    #[test]
    fn long_names_keep_their_extension() {
        let name = format!("{}.pdf", "é".repeat(FILENAME_BYTES_MAX));
        let shown = shown_name(&name);
        assert!(shown.len() <= FILENAME_BYTES_MAX && shown.ends_with("é.pdf"));
        assert_eq!(
            shown_name(&"a".repeat(FILENAME_BYTES_MAX)).len(),
            FILENAME_BYTES_MAX
        );
        assert_eq!(
            shown_name(&"a".repeat(FILENAME_BYTES_MAX + 1)).len(),
            FILENAME_BYTES_MAX
        );
    }

    #[test]
    fn cid_references_are_found_and_unescaped() {
        let ids = cid_references("<img src=\"cid:logo%40x\"><div style='background:url(cid:b@y)'>");
        assert!(ids.contains(b"logo@x".as_slice()) && ids.contains(b"b@y".as_slice()));
    }

    #[test]
    fn parts_without_a_name_get_a_fitting_extension() {
        for (content_type, expected) in [
            ("image/png", "png"),
            ("message/rfc822", "eml"),
            ("application/octet-stream", "bin"),
            ("x", "bin"),
        ] {
            assert_eq!(extension(content_type), expected);
        }
    }
}
