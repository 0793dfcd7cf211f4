//! What is attached, by its names.

use super::letter::{Attached, Letter};
use super::limits::ATTACHMENTS_MAX;
use super::signal::{
    ATTACHMENT_DISGUISED, ATTACHMENT_HTML, ATTACHMENT_MACRO, ATTACHMENT_RUNS, Signal,
};

const RUNS: &[&str] = &[
    "apk", "bat", "chm", "cmd", "com", "cpl", "exe", "hta", "img", "iso", "jar", "js", "jse",
    "lnk", "msi", "pif", "ps1", "reg", "scr", "vbe", "vbs", "vhd", "wsf", "xll",
];
const MACROS: &[&str] = &[
    "docm", "dotm", "one", "potm", "ppam", "pptm", "slk", "xlam", "xlsm", "xltm",
];
const DOCUMENTS: &[&str] = &[
    "doc", "docx", "htm", "html", "jpg", "jpeg", "mp3", "pdf", "png", "ppt", "pptx", "rtf", "txt",
    "xls", "xlsx", "zip",
];

/// Judges the names of attachments, each signal once.
pub(super) fn signals(letter: &Letter<'_>) -> Vec<Signal> {
    let mut found: Vec<Signal> = Vec::new();
    for file in letter.attachments.iter().take(ATTACHMENTS_MAX) {
        for signal in of_file(file) {
            if !found.iter().any(|known| known.name == signal.name) {
                found.push(signal);
            }
        }
    }
    found
}

fn of_file(file: &Attached<'_>) -> Vec<Signal> {
    let name = trimmed(file.filename);
    let ending = ending(name);
    let mut found = Vec::new();
    if RUNS.contains(&ending.as_str()) {
        found.push(ATTACHMENT_RUNS.told(format!(".{ending}")));
        let stem = name.rsplit_once('.').map_or("", |(stem, _)| stem);
        if stem.contains('.') && DOCUMENTS.contains(&self::ending(stem).as_str()) {
            found.push(ATTACHMENT_DISGUISED.told(format!(".{}.{ending}", self::ending(stem))));
        }
    }
    if MACROS.contains(&ending.as_str()) {
        found.push(ATTACHMENT_MACRO.told(format!(".{ending}")));
    }
    let is_page = matches!(ending.as_str(), "htm" | "html" | "shtml" | "svg" | "xhtml");
    if is_page && !file.is_inline {
        found.push(ATTACHMENT_HTML.told(format!(".{ending}")));
    }
    found
}

/// Returns what is behind a name's last dot, in lower case, without blanks and dots at the end.
pub(super) fn ending(name: &str) -> String {
    trimmed(name)
        .rsplit_once('.')
        .map(|(_, ending)| ending.trim().to_lowercase())
        .filter(|ending| ending.len() <= 8)
        .unwrap_or_default()
}

/// Programs that open files look past blanks and dots at the end.
fn trimmed(name: &str) -> &str {
    name.trim_end_matches(['.', ' '])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(filename: &str) -> Vec<&'static str> {
        let file = Attached {
            filename,
            content_type: "application/octet-stream",
            is_inline: false,
        };
        of_file(&file).iter().map(|signal| signal.name).collect()
    }

    #[test]
    fn programs_are_found_behind_the_names_of_documents() {
        assert_eq!(
            names("invoice.pdf.exe"),
            ["ATTACHMENT_RUNS", "ATTACHMENT_DISGUISED"]
        );
        assert_eq!(
            names("Invoice.PDF .Js. "),
            ["ATTACHMENT_RUNS"; 1]
                .iter()
                .chain(&["ATTACHMENT_DISGUISED"])
                .copied()
                .collect::<Vec<_>>()
        );
        assert_eq!(names("setup.msi"), ["ATTACHMENT_RUNS"]);
        assert_eq!(names("table.xlsm"), ["ATTACHMENT_MACRO"]);
        assert_eq!(names("login.html"), ["ATTACHMENT_HTML"]);
        for name in ["report.pdf", "a.b.c.docx", "readme", "notes v1.2.txt", ""] {
            assert_eq!(names(name), [""; 0], "{name}");
        }
    }
}
