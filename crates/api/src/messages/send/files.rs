//! Files of a message: base64 in JSON, or parts of a form.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;
use posthouse_mailroom::send::{OutgoingFile, shown_parts};

use crate::body::{Fields, Part};
use crate::error::ApiError;

/// Bytes of a name that a part is referred to by.
const CONTENT_ID_BYTES_MAX: usize = 255;

/// Clients pad or do not.
const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// Reads `attachments`, and warns about what is unknown in them.
pub(crate) fn of_json(
    fields: &mut Fields<'_>,
    warnings: &mut Vec<String>,
) -> Result<Vec<OutgoingFile>, ApiError> {
    let objects = fields.objects("attachments")?.unwrap_or_default();
    let file = |mut one: Fields<'_>| {
        let file = of_object(&mut one)?;
        one.warn_of_unknown(warnings);
        Ok(file)
    };
    objects.into_iter().map(file).collect()
}

fn of_object(one: &mut Fields<'_>) -> Result<OutgoingFile, ApiError> {
    let content: String = one.required("content")?;
    let content = decode(&content).ok_or_else(|| one.wrong("content", "expected base64"))?;
    // It is counted here.
    one.unused::<u64>("size")?;
    let says_inline = says_inline(one)?;
    let content_id: Option<String> = one.optional("content_id")?;
    let is_inline: Option<bool> = one.optional("is_inline")?;
    let filename: String = one.optional("filename")?.unwrap_or_default();
    let content_type: String = one.optional("content_type")?.unwrap_or_default();
    Ok(OutgoingFile {
        content_type: known(content_type, &filename),
        filename,
        content,
        content_id: content_id
            .map(|id| bare(&id).to_owned())
            .filter(|id| !id.is_empty()),
        is_inline: is_inline.unwrap_or(says_inline),
    })
}

/// Tells whether `content_disposition` is `inline`. It may be written as the header has it, with parameters; they are not
/// read.
fn says_inline(one: &mut Fields<'_>) -> Result<bool, ApiError> {
    let disposition: String = one.optional("content_disposition")?.unwrap_or_default();
    let kind = disposition.split(';').next().unwrap_or_default().trim();
    match kind.to_ascii_lowercase().as_str() {
        "inline" => Ok(true),
        "attachment" | "" => Ok(false),
        _ => Err(one.wrong("content_disposition", "expected inline or attachment")),
    }
}

/// The media type that was said, else the one that the name tells; empty when neither does.
fn known(content_type: String, filename: &str) -> String {
    if !content_type.is_empty() {
        return content_type;
    }
    let told = mime_guess2::from_path(filename).first_raw();
    told.unwrap_or_default().to_owned()
}

fn bare(content_id: &str) -> &str {
    content_id.trim_start_matches('<').trim_end_matches('>')
}

/// Takes both alphabets, and line breaks as some encoders write them.
fn decode(text: &str) -> Option<Bytes> {
    let engine = if text.contains(['-', '_']) {
        URL_SAFE
    } else {
        STANDARD
    };
    let decoded = if text.contains(['\r', '\n']) {
        engine.decode(text.replace(['\r', '\n'], ""))
    } else {
        engine.decode(text)
    };
    decoded.ok().map(Bytes::from)
}

/// Takes the files of a form. A part that the body refers to by its name, or that has a name of its own, is known by it.
pub(crate) fn of_form(parts: &[Part], body: &str) -> Vec<OutgoingFile> {
    let names = parts.iter().map(|part| bare(&part.name));
    let shown = shown_parts(body, names.filter(|name| is_running_name(name)));
    let files = parts.iter().map(|part| {
        let name = bare(&part.name);
        let is_known = !is_no_id(name) && (!is_running_name(name) || shown.contains(name));
        OutgoingFile {
            filename: part.filename.clone(),
            content_type: known(part.content_type.clone(), &part.filename),
            content: part.content.clone(),
            content_id: is_known.then(|| name.to_owned()),
            is_inline: false,
        }
    });
    files.collect()
}

/// Tells whether a name can be no content id: forms name their parts in any script. One with control characters is left
/// to be refused as the id that it would be.
fn is_no_id(name: &str) -> bool {
    let may_stand = |byte: u8| byte.is_ascii_graphic() && !b"<>".contains(&byte);
    let fits = name.len() <= CONTENT_ID_BYTES_MAX && name.bytes().all(may_stand);
    name.is_empty() || (!fits && !name.chars().any(char::is_control))
}

/// Names that clients give to parts that need none.
fn is_running_name(name: &str) -> bool {
    let is_numbered = name
        .strip_prefix("file")
        .is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()));
    is_numbered || name.starts_with("attachment")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_comes_in_both_alphabets_padded_or_not() {
        for text in ["+/8=", "-_8=", "+/8", "-_8", "+/\r\n8="] {
            assert_eq!(decode(text).as_deref(), Some(&[0xfb, 0xff][..]), "{text}");
        }
        for text in ["+_8=", "a", "ä", "a b="] {
            assert_eq!(decode(text), None, "{text}");
        }
    }

    #[test]
    fn a_file_without_a_type_has_that_of_its_name() {
        for (said, filename, taken) in [
            ("", "Quote.PDF", "application/pdf"),
            ("", "quote", ""),
            ("", "", ""),
            ("text/csv", "quote.pdf", "text/csv"),
        ] {
            assert_eq!(known(said.to_owned(), filename), taken, "{filename}");
        }
    }

    #[test]
    fn parts_are_known_by_names_that_mean_something() {
        let part = |name: &str| Part {
            name: name.to_owned(),
            filename: String::new(),
            content_type: String::new(),
            content: Bytes::new(),
        };
        let parts = [
            "file0",
            "attachment",
            "logo",
            "file1",
            "my file",
            "Größe",
            "a<b",
        ]
        .map(part);
        let ids: Vec<Option<String>> = of_form(&parts, "<img src=cid:file1><img src=cid:file01>")
            .into_iter()
            .map(|file| file.content_id)
            .collect();
        let expected = [None, None, Some("logo"), Some("file1"), None, None, None];
        assert_eq!(ids, expected.map(|id| id.map(str::to_owned)));
    }
}
