//! What mail programs write into HTML around quotes, histories and signatures.

use super::line::Part;
use crate::html::Tag;

/// Returns what an element holds, if it carries the mark of a mail program.
pub(crate) fn part_of(tag: &Tag) -> Option<Part> {
    let id = tag.id.as_str();
    if matches!(
        id,
        "divRplyFwdMsg"
            | "appendonsend"
            | "stopSpelling"
            | "mail-editor-reference-message-container"
            | "x_divRplyFwdMsg"
    ) {
        return Some(Part::History);
    }
    if is_border_above(tag) {
        return Some(Part::History);
    }
    if tag.element.is("blockquote") && tag.kind.eq_ignore_ascii_case("cite") {
        return Some(Part::Quoted);
    }
    if matches!(
        id,
        "Signature" | "AppleMailSignature" | "ms-outlook-mobile-signature" | "x_Signature"
    ) {
        return Some(Part::Signature);
    }
    if id.starts_with("yahoo_quoted") {
        return Some(Part::Quoted);
    }
    tag.class
        .split_ascii_whitespace()
        .take(16)
        .find_map(|class| match class {
            "gmail_quote"
            | "gmail_quote_container"
            | "gmail_extra"
            | "yahoo_quoted"
            | "protonmail_quote"
            | "moz-cite-prefix"
            | "zmail_extra" => Some(Part::Quoted),
            "gmail_signature"
            | "moz-signature"
            | "protonmail_signature_block"
            | "gmail_signature_prefix" => Some(Part::Signature),
            _ if class.starts_with("ydp") && class.ends_with("signature") => Some(Part::Signature),
            _ => None,
        })
}

/// Outlook on the desktop draws a line above the head of what is answered, in one of three greys or blues.
fn is_border_above(tag: &Tag) -> bool {
    if !tag.element.is("div") || tag.style.len() > 400 || !tag.style.contains("border-top") {
        return false;
    }
    let style: String = tag
        .style
        .to_ascii_lowercase()
        .split_ascii_whitespace()
        .collect();
    style.contains("border:none")
        && [
            "border-top:solid#e1e1e11.0pt",
            "border-top:solid#b5c4df1.0pt",
            "border-top:solidwindowtext1.0pt",
        ]
        .iter()
        .any(|line| style.contains(line))
}
