//! Which files a policy lets in, whatever they call themselves.

use super::super::{Effective, Plan, Policy};
use super::{AttachmentReadings, TypePattern};

fn allowing(types: &[&str]) -> Effective {
    let plan = Plan::unlimited();
    let document =
        serde_json::json!({"name": "p", "limits": {"limit_attachment_allowed_types": types}});
    let (policy, _) = Policy::from_json(&document, &plan).unwrap();
    Effective::of(Some(&policy), &plan)
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn patterns_are_types_or_all_of_a_kind() {
    let images = TypePattern::parse("Image/*").unwrap();
    assert!(images.matches("image/png"));
    assert!(!images.matches("application/pdf"));
    assert_eq!(images.to_string(), "image/*");
    assert!(
        TypePattern::parse("image/jpg")
            .unwrap()
            .matches("image/jpeg")
    );
    assert!(TypePattern::parse("*/*").unwrap().matches("a/b"));
    for wrong in [
        "",
        "image",
        "*/png",
        "image/",
        "im age/png",
        "a/b/c",
        "image/p*",
    ] {
        assert_eq!(TypePattern::parse(wrong), None, "{wrong}");
    }
}

/// Every disguise of a program as a document, and every other way round: one reading that is not allowed suffices.
#[test]
fn mime_10_an_attachment_is_judged_by_all_its_readings() {
    let policy = allowing(&["application/pdf", "image/*"]);
    let cases: [(&str, &[&str], &[u8], bool); 13] = [
        ("application/pdf", &["a.pdf"], b"%PDF-1.7", true),
        ("application/octet-stream", &["a.pdf"], b"%PDF-1.7", true),
        ("image/jpg", &["photo.jpeg"], b"\xff\xd8\xff\xe0", true),
        ("application/pdf", &["a.exe"], b"%PDF-1.7", false),
        ("application/pdf", &["a.pdf", "a.exe"], b"%PDF-1.7", false),
        (
            "application/pdf",
            &["a.pdf"],
            b"MZ\x90\0\x03\0\0\0\x04",
            false,
        ),
        ("application/x-msdownload", &["a.pdf"], b"%PDF-1.7", false),
        ("application/pdf", &["a.exe. "], b"%PDF-1.7", false),
        ("application/pdf", &["a\u{202e}fdp.exe"], b"%PDF-1.7", false),
        ("application/pdf", &["a.pdf"], b"PK\x03\x04", false),
        ("application/octet-stream", &[], b"unknown", false),
        ("image/svg+xml", &["a.svg"], b"<svg onload=x>", true),
        ("image/png", &["a.png"], b" <script>x</script>", false),
    ];
    for (declared, all_names, head, expected) in cases {
        let all_names = names(all_names);
        let readings = AttachmentReadings {
            declared,
            names: &all_names,
            shown_name: all_names.first().map_or("unnamed", String::as_str),
            head,
        };
        assert_eq!(
            policy.allows_type(&readings),
            expected,
            "{declared} {all_names:?}: {:?}",
            readings.types()
        );
    }
}

#[test]
fn mime_10_what_systems_run_is_no_image_whatever_it_says_it_is() {
    let policy = allowing(&["image/*"]);
    let judged = |name: &str| {
        let all_names = names(&[name]);
        policy.allows_type(&AttachmentReadings {
            declared: "image/png",
            names: &all_names,
            shown_name: name,
            head: b"",
        })
    };
    for name in [
        "a.exe",
        "a.png.reg",
        "a.iso",
        "a.url",
        "a.chm",
        "a.xll",
        "a.command",
        "a.py",
        "a.apk",
        "a.settingcontent-ms",
        "a.exe::$DATA",
        "a.png::b.exe",
        "a.EXE...",
    ] {
        assert!(!judged(name), "{name}");
    }
    for name in ["a.png", "scan of 3.May", "a", "photo.JPG", "a.png::$DATA"] {
        assert!(judged(name), "{name}");
    }
}

#[test]
fn containers_of_documents_are_what_their_names_say() {
    let docx = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
    let policy = allowing(&[docx, "application/msword"]);
    for (declared, name, head) in [
        (docx, "a.docx", b"PK\x03\x04....".as_slice()),
        (
            "application/msword",
            "a.doc",
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        ),
    ] {
        let all_names = names(&[name]);
        let readings = AttachmentReadings {
            declared,
            names: &all_names,
            shown_name: name,
            head,
        };
        assert!(policy.allows_type(&readings), "{:?}", readings.types());
    }
}

#[test]
fn nothing_listed_lets_everything_in() {
    let readings = AttachmentReadings {
        declared: "application/x-msdownload",
        names: &[],
        shown_name: "a.exe",
        head: b"MZ",
    };
    assert!(allowing(&[]).allows_type(&readings));
    assert!(allowing(&["*/*"]).allows_type(&readings));
}
