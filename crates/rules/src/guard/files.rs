//! Files that run when they are opened, and files of types that the policy does not allow.

use super::AttachedFile;
use super::finding::{Finding, FindingKind, Place};
use super::policy::GuardPolicy;

/// Endings of names under which systems run a file or what is in it. Sorted.
const RUNNING_ENDINGS: [&str; 60] = [
    "ade", "adp", "apk", "appx", "bat", "cab", "chm", "cmd", "com", "cpl", "deb", "dll", "dmg",
    "docm", "dotm", "exe", "hta", "ins", "iso", "isp", "jar", "jnlp", "js", "jse", "lib", "lnk",
    "mde", "msc", "msi", "msix", "msp", "mst", "nsh", "pif", "pkg", "potm", "ppam", "ppsm", "pptm",
    "ps1", "psm1", "reg", "rpm", "scf", "scr", "sct", "sh", "shb", "sys", "vb", "vbe", "vbs",
    "vhd", "vxd", "wsc", "wsf", "wsh", "xlam", "xlsm", "xltm",
];

/// Types that say it themselves. Sorted.
const RUNNING_TYPES: [&str; 14] = [
    "application/hta",
    "application/java-archive",
    "application/javascript",
    "application/vnd.android.package-archive",
    "application/vnd.microsoft.portable-executable",
    "application/x-dosexec",
    "application/x-executable",
    "application/x-msdos-program",
    "application/x-msdownload",
    "application/x-msi",
    "application/x-sh",
    "application/x-shellscript",
    "text/javascript",
    "text/x-shellscript",
];

/// First octets of programs, whatever their name says.
const RUNNING_HEADS: [&[u8]; 6] = [
    b"MZ",
    b"\x7fELF",
    b"\xcf\xfa\xed\xfe",
    b"\xce\xfa\xed\xfe",
    b"\xca\xfe\xba\xbe",
    b"#!/",
];

pub(super) fn judge(
    file: &AttachedFile<'_>,
    number: usize,
    policy: &GuardPolicy,
) -> Option<Finding> {
    let why = if runs(file) {
        "a file that runs when it is opened"
    } else if !file.is_allowed {
        "a file of a type that the policy does not allow"
    } else {
        return None;
    };
    Some(Finding {
        kind: FindingKind::AttachmentType { why },
        response: policy.attachment_types,
        place: Place::FileName(number + 1),
        position: 0,
        excerpt: String::new(),
    })
}

fn runs(file: &AttachedFile<'_>) -> bool {
    let by_name = file.names.iter().any(|name| {
        // Windows drops dots and blanks at the end of a name.
        let name = name.trim_end_matches(['.', ' ']).to_ascii_lowercase();
        let ending = name.rsplit_once('.').map(|(_, ending)| ending);
        ending.is_some_and(|ending| RUNNING_ENDINGS.binary_search(&ending).is_ok())
    });
    let by_type = RUNNING_TYPES.binary_search(&file.content_type).is_ok();
    by_name || by_type || RUNNING_HEADS.iter().any(|head| file.head.starts_with(head))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::GuardAction;

    fn is_found(name: &str, content_type: &str, head: &[u8], is_allowed: bool) -> bool {
        let policy = GuardPolicy {
            attachment_types: GuardAction::Block,
            ..GuardPolicy::default()
        };
        let names = [name.to_owned()];
        let file = AttachedFile {
            names: &names,
            content_type,
            is_allowed,
            head,
        };
        judge(&file, 0, &policy).is_some()
    }

    #[test]
    fn endings_and_types_are_sorted_for_looking_them_up() {
        assert!(RUNNING_ENDINGS.is_sorted());
        assert!(RUNNING_TYPES.is_sorted());
    }

    #[test]
    fn files_that_run_are_known_by_name_type_or_content() {
        for (name, content_type, head) in [
            ("quote.pdf.exe", "application/pdf", &b"%PDF"[..]),
            ("Quote.EXE. ", "application/octet-stream", b""),
            ("macro.xlsm", "application/octet-stream", b"PK"),
            ("quote.pdf", "application/x-msdownload", b""),
            ("quote.pdf", "application/pdf", b"MZ\x90\0"),
            ("notes.txt", "text/plain", b"#!/bin/sh\nrm"),
        ] {
            assert!(is_found(name, content_type, head, true), "{name}");
        }
        for (name, content_type, head) in [
            ("quote.pdf", "application/pdf", &b"%PDF-1.7"[..]),
            ("exe", "text/plain", b"exe"),
            ("list.csv", "text/csv", b"a,b"),
            ("photo.jpg", "image/jpeg", b"\xff\xd8"),
        ] {
            assert!(!is_found(name, content_type, head, true), "{name}");
        }
    }

    #[test]
    fn types_that_are_not_allowed_are_told() {
        assert!(!is_found("a.png", "image/png", b"", true));
        assert!(is_found("a.csv", "text/csv", b"", false));
    }
}
