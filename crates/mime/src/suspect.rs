//! Parts in which another reader may find files, for policies that must hold whoever reads.

use memchr::memchr;

use crate::attachment::{describe_part, name_of_unnamed};
use crate::message::{Attachment, Suspect, Suspicion};
use crate::parameters::Parameters;
use crate::transfer::Encoding;
use crate::tree::{Part, Rest, Tree};

/// Kinds of text that every program shows as the body it is meant as.
const TEXTS: [&str; 5] = [
    "text/plain",
    "text/html",
    "text/enriched",
    "text/richtext",
    "text/markdown",
];

/// Finds them; `attachments` are the numbers of parts that are listed as files, in order.
pub(crate) fn of(raw: &[u8], tree: &mut Tree<'_>, attachments: &[usize]) -> Vec<Suspect> {
    let mut all = Vec::new();
    for (number, part) in tree.parts.iter_mut().enumerate() {
        let is_text = part.multipart.is_none() && attachments.binary_search(&number).is_err();
        let Some(suspicion) = suspicion(raw, part, is_text) else {
            continue;
        };
        let mut file = describe_part(raw, number, part);
        if file.filename.is_empty() {
            file.filename = name_of_unnamed(number + 1, &file.content_type);
        }
        all.push(Suspect { file, suspicion });
    }
    let number = tree.parts.len();
    all.extend(tree.rest.as_ref().map(|rest| unread(raw, number, rest)));
    all
}

fn suspicion(raw: &[u8], part: &Part<'_>, is_text: bool) -> Option<Suspicion> {
    if part.opaque {
        return Some(Suspicion::Unread);
    }
    // Who reads more fields and names than are read here may find others.
    if part.fields.truncated || part.fields.is_doubtful() {
        return Some(Suspicion::Ambiguous);
    }
    let is_suspect = is_text && (could_be_file(part) || is_no_text(&raw[part.body.clone()], part));
    is_suspect.then_some(Suspicion::Named)
}

/// Octets of a text in which it shows that it is none.
const HEAD_BYTES: usize = 192;

/// Tells whether a text begins as no text does, but programs.
fn is_no_text(body: &[u8], part: &Part<'_>) -> bool {
    let mut types = part.fields.types();
    let is_wide = types.any(|one| {
        let charset = one.first("charset").map(|charset| &*charset.value);
        charset.is_some_and(|name| begins_with(name, b"utf-16") || begins_with(name, b"utf-32"))
    });
    if is_wide {
        return false;
    }
    match part.encoding() {
        Encoding::Identity => memchr(0, &body[..body.len().min(HEAD_BYTES)]).is_some(),
        encoding => memchr(0, &encoding.decode_head(body, HEAD_BYTES)).is_some(),
    }
}

fn could_be_file(part: &Part<'_>) -> bool {
    let has_name = |parameters: &Parameters<'_>| {
        let mut names = parameters.list.iter().map(|one| one.name);
        names.any(|name| begins_with(name, b"name") || begins_with(name, b"filename"))
    };
    // RFC 2183 2.8: what is not known is treated as a file.
    let is_shown = |token: &[u8]| token.is_empty() || token.eq_ignore_ascii_case(b"inline");
    let mut dispositions = part.fields.dispositions();
    dispositions.any(|one| !is_shown(one.token) || has_name(one))
        || part.fields.types().any(has_name)
        || !TEXTS.iter().any(|text| part.is_type(text))
}

fn begins_with(text: &[u8], word: &[u8]) -> bool {
    text.get(..word.len())
        .is_some_and(|head| head.eq_ignore_ascii_case(word))
}

fn unread(raw: &[u8], number: usize, rest: &Rest) -> Suspect {
    let content_type = "application/octet-stream".to_owned();
    let file = Attachment {
        part: u32::try_from(number).unwrap_or(u32::MAX),
        filename: name_of_unnamed(number + 1, &content_type),
        content_type,
        size: raw.len().saturating_sub(rest.head) as u64,
        ..Attachment::default()
    };
    Suspect {
        file,
        suspicion: Suspicion::Unread,
    }
}
