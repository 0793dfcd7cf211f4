//! Every text is told once, with where it stood, whoever declared it as what.

use super::*;

/// Everything that is told, as `path kind: text`.
fn told(raw: &[u8]) -> (Vec<String>, bool) {
    let mut all = Vec::new();
    let is_whole = every_text(raw, 64 * raw.len() + 1_024, |spot, text| {
        all.push(format!("{:?} {:?}: {text}", spot.path, spot.kind));
    });
    (all, is_whole)
}

fn crlf(text: &str) -> Vec<u8> {
    text.replace('\n', "\r\n").into_bytes()
}

#[test]
fn every_place_of_a_message_is_told() {
    let wide = |text: &str| -> String { text.chars().flat_map(|c| ['\0', c]).collect() };
    let form = "Content-Type: multipart/mixed; boundary=b\n\n";
    let inner = "Content-Type: multipart/mixed; boundary=i\n\n--i\nContent-Type: text/plain; charset=utf-16\nContent-Transfer-Encoding: base64\n\nAE4ARQBFAEQATABF\n--i--\n";
    let cases = [
        ("NEEDLE: x\n\nHello\n".to_owned(), "[0] FieldNames"),
        ("X-A: a NEEDLE\n\nHello\n".to_owned(), "[0] Field(\"X-A\")"),
        (
            "Message-ID: <NEEDLE@x>\n\nx\n".to_owned(),
            "[0] Field(\"Message-ID\")",
        ),
        (
            "References: <a@b>\n <NEEDLE@x>\n\nx\n".to_owned(),
            "[0] Field(\"References\")",
        ),
        (
            "List-Help: <https://x/NEEDLE>\n\nx\n".to_owned(),
            "[0] Field(\"List-Help\")",
        ),
        (
            "From: \"NE\\EDLE\" <a@b.example>\n\nx\n".to_owned(),
            "[0] Field(\"From\")",
        ),
        (
            "To: =?utf-8?B?TkVFRExF?= <a@b.example>\n\nx\n".to_owned(),
            "[0] Field(\"To\")",
        ),
        (
            "Subject: x\nNEEDLE\nTo: a@b.example\n\nx\n".to_owned(),
            "[0] Between",
        ),
        (
            "From NEEDLE Mon\nTo: a@b.example\n\nx\n".to_owned(),
            "[0] Between",
        ),
        (format!("{form}NEEDLE\n--b\n\nx\n--b--\n"), "[0] Between"),
        (
            format!("{form}-----NEEDLE-----\n--b\n\nx\n--b--\n"),
            "[0] Between",
        ),
        (format!("{form}--b\n\nx\n--b--\nNEEDLE\n"), "[0] Between"),
        (
            format!("{form}--b\nContent-ID: <NEEDLE>\n\nx\n--b--\n"),
            "[1] Field(\"Content-ID\")",
        ),
        (
            format!("{form}--b\nX-Y: NEEDLE\n\nx\n--b--\n"),
            "[1] Field(\"X-Y\")",
        ),
        (
            format!(
                "{form}--b\nContent-Disposition: attachment; filename*0*=utf-8''NE; filename*1=EDLE\n\nx\n--b--\n"
            ),
            "[1] Parameter(\"filename\")",
        ),
        (
            format!("{form}--b\nContent-Type: text/plain; x-a=\"NEE\\DLE\"\n\nx\n--b--\n"),
            "[1] Parameter(\"x-a\")",
        ),
        (format!("{form}--b\n\nNEEDLE\n--b--\n"), "[1] Body"),
        (
            format!(
                "{form}--b\nContent-Type: image/png\n\n\0\x01\x02{}\0\x01\n--b--\n",
                wide("the NEEDLE is")
            ),
            "[1] Body",
        ),
        (
            format!("{form}--b\nContent-Type: image/png\n\n\0\x01\x02the NEEDLE is\0\x01\n--b--\n"),
            "[1] Body",
        ),
        (
            format!("{form}--b\nContent-Type: text/html\n\n<p>NE<b>EDLE</b></p>\n--b--\n"),
            "[1] Seen",
        ),
        (
            format!(
                "{form}--b\nContent-Type: text/html\n\n<p>x</p><!-- N&#69;EDLE NEEDLE -->\n--b--\n"
            ),
            "[1] Unseen",
        ),
        (
            format!("{form}--b\nContent-Type: text/html\n\n<img alt='N&#69;EDLE'>\n--b--\n"),
            "[1] Attributes",
        ),
        (
            format!("{form}--b\nContent-Type: message/rfc822\n\n{inner}--b--\n"),
            "[1, 1] Body",
        ),
        (
            format!(
                "{form}--b\nContent-Type: application/octet-stream\n\nFrom: a@b.example\n{inner}--b--\n"
            ),
            "[1, 1] Body",
        ),
        (
            format!(
                "{form}--b\nContent-Transfer-Encoding: 7bit\nContent-Transfer-Encoding: base64\n\nTkVFRExF\n--b--\n"
            ),
            "[1] Body",
        ),
        (
            "Content-Transfer-Encoding: x-uuencode\n\nbegin 644 a\n&3D5%1$Q%\n`\nend\n".to_owned(),
            "[0] Body",
        ),
    ];
    for (text, place) in cases {
        for raw in [crlf(&text), text.clone().into_bytes()] {
            let (all, is_whole) = told(&raw);
            assert!(is_whole, "{text}");
            let is_there =
                |one: &String| one.starts_with(&format!("{place}: ")) && one.contains("NEEDLE");
            assert!(all.iter().any(is_there), "{place}: {text:?}: {all:#?}");
        }
    }
}

#[test]
fn messages_are_found_within_each_other_up_to_the_depth() {
    let nested = |depth: usize| -> Vec<u8> {
        let mut raw = b"Subject: x\r\n\r\nNEEDLE".to_vec();
        for _ in 1..depth {
            let mut outer = b"Content-Type: message/rfc822\r\n\r\n".to_vec();
            outer.append(&mut raw);
            raw = outer;
        }
        raw
    };
    for (depth, is_all) in [
        (2, true),
        (MIME_DEPTH_MAX, true),
        (MIME_DEPTH_MAX + 1, false),
    ] {
        let (all, is_whole) = told(&nested(depth));
        assert_eq!(is_whole, is_all, "{depth}");
        assert!(all.iter().any(|one| one.contains("NEEDLE")), "{depth}");
    }
}

#[test]
fn what_is_not_told_is_admitted() {
    let raw = crlf("Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\nTkVFRExF\n");
    let mut said = String::new();
    let is_whole = every_text(&raw, raw.len() + 3, |_, text| said.push_str(text));
    assert!(!is_whole && said.contains("NEE") && !said.contains("NEEDLE"));
    assert!(!every_text(&raw, 10, |_, _| {}));
    assert!(every_text(b"", 0, |_, _| {}));
    let parts = "--b\n\nx\n".repeat(crate::limits::MIME_PARTS_MAX + 1);
    let (all, is_whole) = told(&crlf(&format!(
        "Content-Type: multipart/mixed; boundary=b\n\n{parts}--b\n\nNEEDLE\n"
    )));
    assert!(!is_whole, "parts beyond the cap");
    assert!(
        all.iter().any(|one| one.contains("NEEDLE")),
        "and yet told, as they are"
    );
    let fields = "X: y\n".repeat(crate::limits::HEADER_FIELDS_MAX + 1);
    assert!(!told(&crlf(&format!("{fields}\nx"))).1);
}

proptest::proptest! {
    #[test]
    fn any_octets_are_walked_through(raw: Vec<u8>, octets_max in 0_usize..4_096) {
        let _ = every_text(&raw, octets_max, |spot, text| {
            assert!(!spot.path.is_empty() && !text.contains('\0'));
        });
    }

    #[test]
    fn a_word_is_told_wherever_it_stands_in_a_header_or_a_body(before in "[ -~]{0,40}", after in "[ -~]{0,40}", place in 0_usize..3) {
        let words = format!("{before}NEEDLE{after}");
        let raw = match place {
            0 => format!("Subject: x\r\nX-A: {words}\r\n\r\nx"),
            1 => format!("Subject: x\r\n\r\n{words}"),
            _ => format!("Content-Type: multipart/mixed; boundary=b\r\n\r\n{words}\r\n--b\r\n\r\nx\r\n--b--"),
        };
        let (all, _) = told(raw.as_bytes());
        proptest::prop_assert!(all.iter().any(|one| one.contains("NEEDLE")), "{all:?}");
    }
}

#[test]
fn what_is_written_down_in_a_way_that_nobody_knows_is_admitted() {
    let letter = |fields: &str, body: &[u8]| -> bool {
        let mut raw = crlf(&format!("{fields}\n\n"));
        raw.extend_from_slice(body);
        every_text(&raw, 64 * raw.len(), |_, _| {})
    };
    // NEEDLE in EBCDIC.
    let ebcdic = b"\xd5\xc5\xc5\xc4\xd3\xc5";
    for fields in [
        "Content-Type: text/plain; charset=cp037",
        "Content-Transfer-Encoding: \"base64\"",
        "Content-Transfer-Encoding: x-base64",
    ] {
        assert!(!letter(fields, ebcdic), "{fields}");
    }
    for fields in [
        "Content-Type: text/plain; charset=koi8-r",
        "Content-Type: text/plain; charset=\"UTF-8\"\nContent-Transfer-Encoding: 8BIT",
        "Content-Type: text/plain; charset=utf-32",
        "Content-Transfer-Encoding: quoted-printable (as it should be)",
    ] {
        assert!(letter(fields, ebcdic), "{fields}");
    }
    assert!(letter("Content-Type: text/plain; charset=cp037", b"plain"));
}
