//! What content is, going by how it begins.

/// Bytes of decoded content that are looked at.
pub const SNIFFED_BYTES: usize = 512;

/// Content that gives itself away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each variant is the name of a format")]
pub enum Sniffed {
    Pdf,
    Png,
    Jpeg,
    Gif,
    Tiff,
    Bmp,
    Riff,
    Mp4,
    Zip,
    Gzip,
    Bzip2,
    Xz,
    Rar,
    SevenZip,
    /// The container of older Office documents.
    CompoundFile,
    Rtf,
    /// Windows programs and libraries.
    WindowsProgram,
    /// Programs of other systems.
    Elf,
    MachO,
    /// A text that names the program that runs it.
    Script,
    /// A Windows shortcut.
    Shortcut,
    Html,
    Xml,
    Svg,
}

impl Sniffed {
    /// Its type.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Gif => "image/gif",
            Self::Tiff => "image/tiff",
            Self::Bmp => "image/bmp",
            Self::Riff => "application/x-riff",
            Self::Mp4 => "video/mp4",
            Self::Zip => "application/zip",
            Self::Gzip => "application/gzip",
            Self::Bzip2 => "application/x-bzip2",
            Self::Xz => "application/x-xz",
            Self::Rar => "application/vnd.rar",
            Self::SevenZip => "application/x-7z-compressed",
            Self::CompoundFile => "application/x-ole-storage",
            Self::Rtf => "application/rtf",
            Self::WindowsProgram => "application/x-msdownload",
            Self::Elf => "application/x-executable",
            Self::MachO => "application/x-mach-binary",
            Self::Script => "application/x-sh",
            Self::Shortcut => "application/x-ms-shortcut",
            Self::Html => "text/html",
            Self::Xml => "application/xml",
            Self::Svg => "image/svg+xml",
        }
    }
}

const BEGINNINGS: [(&[u8], Sniffed); 27] = [
    (b"%PDF-", Sniffed::Pdf),
    (b"\x89PNG\r\n\x1a\n", Sniffed::Png),
    (b"\xff\xd8\xff", Sniffed::Jpeg),
    (b"GIF87a", Sniffed::Gif),
    (b"GIF89a", Sniffed::Gif),
    (b"II*\0", Sniffed::Tiff),
    (b"MM\0*", Sniffed::Tiff),
    (b"RIFF", Sniffed::Riff),
    (b"PK\x03\x04", Sniffed::Zip),
    (b"PK\x05\x06", Sniffed::Zip),
    (b"PK\x07\x08", Sniffed::Zip),
    (b"\x1f\x8b", Sniffed::Gzip),
    (b"BZh", Sniffed::Bzip2),
    (b"\xfd7zXZ\0", Sniffed::Xz),
    (b"Rar!\x1a\x07", Sniffed::Rar),
    (b"7z\xbc\xaf\x27\x1c", Sniffed::SevenZip),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Sniffed::CompoundFile),
    (b"{\\rtf", Sniffed::Rtf),
    (b"MZ", Sniffed::WindowsProgram),
    (b"\x7fELF", Sniffed::Elf),
    (b"\xfe\xed\xfa\xce", Sniffed::MachO),
    (b"\xfe\xed\xfa\xcf", Sniffed::MachO),
    (b"\xce\xfa\xed\xfe", Sniffed::MachO),
    (b"\xcf\xfa\xed\xfe", Sniffed::MachO),
    (b"#!", Sniffed::Script),
    (b"L\0\0\0\x01\x14\x02\0", Sniffed::Shortcut),
    (b"BM", Sniffed::Bmp),
];

/// Returns what content is, if it gives itself away; plain text does not.
#[must_use]
pub fn sniffed(content: &[u8]) -> Option<Sniffed> {
    let content = &content[..content.len().min(SNIFFED_BYTES)];
    let beginning = BEGINNINGS
        .iter()
        .find(|(beginning, _)| content.starts_with(beginning))
        .map(|(_, found)| *found);
    match beginning {
        // Two letters that a text may begin with: what follows is no text.
        Some(found @ (Sniffed::WindowsProgram | Sniffed::Bmp)) => {
            looks_binary(content).then_some(found)
        }
        Some(found) => Some(found),
        None if content.get(4..8) == Some(b"ftyp") => Some(Sniffed::Mp4),
        None => markup(content),
    }
}

fn looks_binary(content: &[u8]) -> bool {
    content.len() < 16
        || content
            .iter()
            .any(|byte| byte.is_ascii_control() && !byte.is_ascii_whitespace())
}

fn markup(content: &[u8]) -> Option<Sniffed> {
    let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
    let text = content.trim_ascii_start().to_ascii_lowercase();
    let begins = |with: &[u8]| text.starts_with(with);
    let holds = |what: &[u8]| text.windows(what.len()).any(|window| window == what);
    if begins(b"<svg") || begins(b"<!doctype svg") || (begins(b"<?xml") && holds(b"<svg")) {
        return Some(Sniffed::Svg);
    }
    let html: [&[u8]; 6] = [
        b"<!doctype html",
        b"<html",
        b"<head",
        b"<body",
        b"<script",
        b"<iframe",
    ];
    if html.iter().any(|tag| begins(tag)) {
        return Some(Sniffed::Html);
    }
    begins(b"<?xml").then_some(Sniffed::Xml)
}
