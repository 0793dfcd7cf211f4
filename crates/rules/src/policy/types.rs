//! Which attachments are let in, judged by everything that a reader could take them for.

use std::fmt;

use super::sniff::{Sniffed, sniffed};

/// Characters of a MIME type.
const TYPE_CHARACTERS_MAX: usize = 127;
/// The type that says nothing.
const OPAQUE: &str = "application/octet-stream";

/// A MIME type, or all of one kind: `image/*`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TypePattern {
    kind: String,
    /// `None`: any.
    subtype: Option<String>,
}

impl TypePattern {
    /// Reads `type/subtype` or `type/*`, in any case; `*/*` stands for all types.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_lowercase();
        if text.len() > TYPE_CHARACTERS_MAX {
            return None;
        }
        let (kind, subtype) = text.split_once('/')?;
        if text == "*/*" {
            return Some(Self {
                kind: "*".to_owned(),
                subtype: None,
            });
        }
        if !is_token(kind) || (subtype != "*" && !is_token(subtype)) {
            return None;
        }
        Some(Self {
            kind: kind.to_owned(),
            subtype: (subtype != "*").then(|| usual(&text).1.to_owned()),
        })
    }

    /// Tells whether all types are of this kind.
    #[must_use]
    pub fn is_any(&self) -> bool {
        self.kind == "*"
    }

    /// Tells whether a type, lower case and without parameters, is this one or of this kind.
    #[must_use]
    pub fn matches(&self, media_type: &str) -> bool {
        let (kind, subtype) = usual(media_type);
        if self.kind == "*" {
            return true;
        }
        self.kind == kind && self.subtype.as_deref().is_none_or(|own| own == subtype)
    }
}

impl fmt::Display for TypePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let subtype = self.subtype.as_deref().unwrap_or("*");
        write!(f, "{}/{subtype}", self.kind)
    }
}

/// RFC 2045 5.1: a token, and no wildcard.
fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !b"()<>@,;:\\\"/[]?=*".contains(&byte))
}

/// Returns a type as most programs spell it.
fn usual(media_type: &str) -> (&str, &str) {
    let proper = match media_type {
        "image/jpg" | "image/pjpeg" => "image/jpeg",
        "application/x-pdf" => "application/pdf",
        "application/x-zip-compressed" | "application/x-zip" => "application/zip",
        "application/x-gzip" => "application/gzip",
        "application/x-javascript" | "application/javascript" => "text/javascript",
        "text/xml" => "application/xml",
        "application/x-msdos-program"
        | "application/x-dosexec"
        | "application/vnd.microsoft.portable-executable"
        | "application/x-ms-dos-executable" => "application/x-msdownload",
        other => other,
    };
    proper.split_once('/').unwrap_or((proper, ""))
}

/// Everything that is known of what an attachment is.
#[derive(Debug, Clone, Copy)]
pub struct AttachmentReadings<'a> {
    /// The type it says it has, lower case and without parameters.
    pub declared: &'a str,
    /// Every name that some reader could see.
    pub names: &'a [String],
    /// The name it is shown under.
    pub shown_name: &'a str,
    /// How its decoded content begins; what is looked at are the first [`SNIFFED_BYTES`](super::sniff::SNIFFED_BYTES).
    pub head: &'a [u8],
}

impl AttachmentReadings<'_> {
    /// Returns every type that a reader could take it for, lower case; never empty.
    ///
    /// A declared type that says nothing (`application/octet-stream`) counts only when nothing else is known.
    #[must_use]
    pub fn types(&self) -> Vec<String> {
        let mut types: Vec<String> = Vec::new();
        let mut add = |media_type: &str| {
            if !types.iter().any(|known| known == media_type) {
                types.push(media_type.to_owned());
            }
        };
        if self.declared != OPAQUE {
            add(self.declared);
        }
        let names = self.names.iter().map(String::as_str);
        for name in names.chain([self.shown_name]) {
            // Windows takes `a.exe::$DATA` for `a.exe`.
            let of_stream = name.split_once("::").map(|(file, _)| file);
            for name in [Some(name), of_stream].into_iter().flatten() {
                type_of_name(name).into_iter().for_each(&mut add);
            }
        }
        if let Some(found) = sniffed(self.head) {
            let explained = types.iter().any(|known| explains(known, found));
            if !explained {
                types.push(found.media_type().to_owned());
            }
        }
        if types.is_empty() {
            types.push(self.declared.to_owned());
        }
        types
    }
}

/// Returns what the ending of a name stands for. Dots and blanks at the end are passed over, as Windows does.
fn type_of_name(name: &str) -> Option<&'static str> {
    let visible: String = name
        .chars()
        .filter(|c| !c.is_control() && !is_direction_mark(*c))
        .collect();
    let trimmed = visible.trim_end_matches(|c: char| c == '.' || c.is_whitespace());
    let (_, ending) = trimmed.rsplit_once('.')?;
    let ending = ending.to_ascii_lowercase();
    dangerous(&ending)
        .or_else(|| mime_guess2::from_ext(&ending).first_raw())
        .or_else(|| unlisted(&ending))
}

/// Endings that systems run; tables of types disagree about them.
fn dangerous(ending: &str) -> Option<&'static str> {
    match ending {
        "exe" | "com" | "scr" | "pif" | "dll" | "cpl" | "msi" | "msix" | "sys" => {
            Some("application/x-msdownload")
        }
        "bat" | "cmd" => Some("application/x-bat"),
        "js" | "jse" | "mjs" | "wsf" | "wsh" => Some("text/javascript"),
        "vbs" | "vbe" | "vb" => Some("text/vbscript"),
        "ps1" | "psm1" => Some("application/x-powershell"),
        "hta" => Some("application/hta"),
        "lnk" => Some("application/x-ms-shortcut"),
        "jar" => Some("application/java-archive"),
        "sh" => Some("application/x-sh"),
        _ => None,
    }
}

/// Further endings that systems run or open as drives; where no table knows them.
fn unlisted(ending: &str) -> Option<&'static str> {
    match ending {
        "ocx" | "drv" | "gadget" | "appx" | "msp" | "mst" | "xll" => {
            Some("application/x-msdownload")
        }
        "reg" | "inf" | "scf" | "chm" | "hlp" | "msc" | "url" | "website" | "library-ms"
        | "search-ms" | "settingcontent-ms" | "appref-ms" | "application" => {
            Some("application/x-bat")
        }
        "img" | "vhd" | "vhdx" | "dmg" | "iso" => Some("application/x-iso9660-image"),
        "app" | "command" | "workflow" | "scpt" | "pkg" | "deb" | "rpm" | "apk" | "run"
        | "desktop" => Some("application/x-executable"),
        "wsc" | "sct" => Some("text/javascript"),
        "jnlp" => Some("application/java-archive"),
        "py" | "pyw" | "pyc" | "pl" | "rb" | "php" | "bash" | "zsh" | "ksh" | "csh" => {
            Some("application/x-sh")
        }
        _ => None,
    }
}

fn is_direction_mark(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Tells whether a type is one whose files begin in this way.
fn explains(known: &str, found: Sniffed) -> bool {
    if usual(known) == usual(found.media_type()) {
        return true;
    }
    match found {
        Sniffed::Zip => {
            known.starts_with("application/vnd.openxmlformats-")
                || known.starts_with("application/vnd.oasis.opendocument.")
                || known.starts_with("application/vnd.ms-")
                || known == "application/epub+zip"
                || known == "application/java-archive"
        }
        Sniffed::CompoundFile => {
            known == "application/msword"
                || known.starts_with("application/vnd.ms-")
                || known == "application/x-msi"
        }
        Sniffed::Xml => known.ends_with("+xml") || known.ends_with("/html"),
        Sniffed::Html => known == "application/xhtml+xml",
        Sniffed::Mp4 => {
            known.starts_with("video/")
                || known.starts_with("audio/")
                || known.starts_with("image/hei")
        }
        Sniffed::Riff => {
            known == "image/webp" || known.starts_with("audio/") || known.starts_with("video/")
        }
        _ => false,
    }
}

#[cfg(test)]
#[path = "types_tests.rs"]
mod tests;
