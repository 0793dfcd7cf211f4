//! What common and uncommon mail programs write.

use posthouse_mime::{Attachment, ParsedMessage, decode_part, header_section, headers, parse};

use crate::reader::crlf;

fn parse_text(text: &str) -> ParsedMessage {
    parse(&crlf(text))
}

fn names(message: &ParsedMessage) -> Vec<&str> {
    message
        .attachments
        .iter()
        .map(|attachment| attachment.filename.as_str())
        .collect()
}

fn content(raw: &[u8], attachment: &Attachment) -> Vec<u8> {
    let decoded = decode_part(raw, attachment.part).expect("a listed part can be decoded");
    assert_eq!(decoded.len() as u64, attachment.size);
    decoded
}

#[test]
fn a_plain_message_gives_all_its_fields() {
    let message = parse_text(
        "Return-Path: <ann@shop.example>\nDelivered-To: triage@bots.example\nReceived: from a by b; x\nReceived: from c by d; x\n\
         From: Ann Lee <ann@shop.example>\nTo: Triage <triage@bots.example>, b@bots.example\nCc: c@x.example\nReply-To: re@shop.example\n\
         Subject: Re: Order\n 42\nDate: Fri, 21 Nov 1997 09:55:06 -0600\nMessage-ID: <m1@shop.example>\n\
         In-Reply-To: <m0@bots.example>\nReferences: <r@bots.example>\n <m0@bots.example>\n\nHello,\nis it here?\n",
    );
    insta::assert_debug_snapshot!(message, @r#"
    ParsedMessage {
        message_id: Some(
            "<m1@shop.example>",
        ),
        in_reply_to: [
            "<m0@bots.example>",
        ],
        references: [
            "<r@bots.example>",
            "<m0@bots.example>",
        ],
        subject: "Re: Order 42",
        from: [
            DisplayAddress {
                name: "Ann Lee",
                email: "ann@shop.example",
            },
        ],
        further_from: [],
        to: [
            DisplayAddress {
                name: "Triage",
                email: "triage@bots.example",
            },
            DisplayAddress {
                name: "",
                email: "b@bots.example",
            },
        ],
        cc: [
            DisplayAddress {
                name: "",
                email: "c@x.example",
            },
        ],
        bcc: [],
        reply_to: [
            DisplayAddress {
                name: "",
                email: "re@shop.example",
            },
        ],
        date: Some(
            880127706,
        ),
        text: Some(
            "Hello,\r\nis it here?\r\n",
        ),
        html: None,
        snippet: "Hello, is it here?",
        attachments: [],
        suspects: [],
        received_hops: 2,
        delivered_to: [
            "triage@bots.example",
        ],
        parse_truncated: false,
        ambiguous_structure: false,
        sender_ambiguous: false,
    }
    "#);
}

#[test]
fn alternatives_give_text_and_html_and_no_attachment() {
    let message = parse_text(
        "From: a@b.example\nContent-Type: multipart/alternative; boundary=x\n\npreamble\n--x\n\nplain\n--x\nContent-Type: text/html; charset=iso-8859-1\n\
         Content-Transfer-Encoding: quoted-printable\n\n<p>Gr=FC=DFe</p>=\n\n--x--\nepilogue\n",
    );
    assert_eq!(message.text.as_deref(), Some("plain"));
    assert_eq!(message.html.as_deref(), Some("<p>Grüße</p>"));
    assert_eq!(message.body(), "<p>Grüße</p>");
    assert_eq!(message.snippet, "Grüße");
    assert!(
        message.attachments.is_empty() && !message.ambiguous_structure && !message.parse_truncated
    );
}

#[test]
fn inline_images_and_attachments_are_told_apart() {
    let raw = crlf(
        "From: a@b.example\nContent-Type: multipart/mixed; boundary=\"outer\"\n\n\
         --outer\nContent-Type: multipart/related; boundary=\"rel\"\n\n\
         --rel\nContent-Type: multipart/alternative; boundary=\"alt\"\n\n--alt\nContent-Type: text/plain\n\nlogo\n--alt\nContent-Type: text/html\n\n<img src=\"cid:logo@x\">\n--alt--\n\
         --rel\nContent-Type: image/png; name=logo.png\nContent-ID: <logo@x>\nContent-Transfer-Encoding: base64\n\naGVsbG8=\n\
         --rel\nContent-Type: image/gif\nContent-Disposition: inline\nContent-ID: <dot@x>\nContent-Transfer-Encoding: base64\n\naGk=\n--rel--\n\
         --outer\nContent-Type: application/pdf\nContent-Disposition: attachment; filename=\"invoice.pdf\"\nContent-Transfer-Encoding: base64\n\nJVBERg==\n--outer--\n",
    );
    let message = parse(&raw);
    assert_eq!(
        (message.text.as_deref(), message.html.as_deref()),
        (Some("logo"), Some("<img src=\"cid:logo@x\">"))
    );
    assert_eq!(
        names(&message),
        ["logo.png", "attachment-2.gif", "invoice.pdf"]
    );
    assert_eq!(
        message
            .attachments
            .iter()
            .map(|attachment| attachment.is_inline)
            .collect::<Vec<_>>(),
        [true, true, false]
    );
    assert_eq!(content(&raw, &message.attachments[0]), b"hello");
    assert_eq!(content(&raw, &message.attachments[2]), b"%PDF");
    insta::assert_debug_snapshot!(message.attachments[2], @r#"
    Attachment {
        part: 7,
        filename: "invoice.pdf",
        readings: [
            "invoice.pdf",
        ],
        content_type: "application/pdf",
        size: 4,
        content_id: None,
        content_disposition: Some(
            "attachment",
        ),
        is_inline: false,
    }
    "#);
}

#[test]
fn text_after_an_inline_image_is_part_of_the_body() {
    let message = parse_text(
        "Content-Type: multipart/mixed; boundary=x\n\n--x\n\nbefore\n--x\nContent-Type: image/png\nContent-Disposition: inline; filename=a.png\n\nPNG\n--x\n\nafter\n--x--\n",
    );
    assert_eq!(message.text.as_deref(), Some("before\nafter"));
    assert_eq!(names(&message), ["a.png"]);
}

#[test]
fn plain_parts_beside_html_ones_are_shown_with_them() {
    let message = parse_text(
        "Content-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: text/html\n\n<b>hi</b>\n--x\n\na <footer> & more\n--x--\n",
    );
    assert_eq!(
        message.html.as_deref(),
        Some("<b>hi</b>\n<div style=\"white-space: pre-wrap\">a &lt;footer&gt; &amp; more</div>")
    );
    assert!(message.attachments.is_empty());
}

#[test]
fn text_files_are_attachments() {
    let message = parse_text(
        "Content-Type: multipart/mixed; boundary=x\n\n--x\n\nhi\n--x\nContent-Type: text/plain; name=notes.txt\n\nnotes\n--x\nContent-Type: text/html\nContent-Disposition: attachment\n\n<p>\n--x--\n",
    );
    assert_eq!(
        (message.text.as_deref(), message.html.as_deref()),
        (Some("hi"), None)
    );
    assert_eq!(names(&message), ["notes.txt", "attachment-2.html"]);
}

#[test]
fn calendar_parts_are_attachments_also_as_an_alternative() {
    let raw = crlf(
        "Content-Type: multipart/alternative; boundary=x\n\n--x\nContent-Type: text/plain\n\ninvitation\n--x\nContent-Type: text/calendar; method=REQUEST\n\nBEGIN:VCALENDAR\n--x--\n",
    );
    let message = parse(&raw);
    assert_eq!(names(&message), ["attachment-1.ics"]);
    assert_eq!(message.attachments[0].content_type, "text/calendar");
    assert_eq!(content(&raw, &message.attachments[0]), b"BEGIN:VCALENDAR");
    assert_eq!(
        parse_text("Content-Type: text/calendar\n\nBEGIN:VCALENDAR\n")
            .attachments
            .len(),
        1
    );
}

#[test]
fn attached_messages_stay_closed() {
    let inner = "From: c@d.example\nSubject: inner\nContent-Type: multipart/mixed; boundary=y\n\n--y\n\ninner text\n--y\nContent-Type: image/png\n\nPNG\n--y--\n";
    let raw = crlf(&format!(
        "From: a@b.example\nContent-Type: multipart/mixed; boundary=x\n\n--x\n\nouter\n--x\nContent-Type: message/rfc822\n\n{inner}\n--x--\n"
    ));
    let message = parse(&raw);
    assert_eq!(message.text.as_deref(), Some("outer"));
    assert_eq!(names(&message), ["attachment-1.eml"]);
    assert_eq!(content(&raw, &message.attachments[0]), crlf(inner));
    let nested =
        parse(&decode_part(&raw, message.attachments[0].part).expect("the attached message"));
    assert_eq!(
        (
            nested.subject.as_str(),
            nested.text.as_deref(),
            nested.attachments.len()
        ),
        ("inner", Some("inner text"), 1)
    );
}

#[test]
fn digests_hold_messages() {
    let message = parse_text(
        "Content-Type: multipart/digest; boundary=x\n\n--x\n\nFrom: a@b.example\n\none\n--x\n\nFrom: c@d.example\n\ntwo\n--x--\n",
    );
    assert!(
        message
            .attachments
            .iter()
            .all(|attachment| attachment.content_type == "message/rfc822")
    );
    assert_eq!(message.attachments.len(), 2);
}

#[test]
fn an_unterminated_multipart_hides_nothing() {
    for ending in ["", "\n", "\n--x", "\n--x-", "\n--y--"] {
        let message = parse_text(&format!(
            "Content-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: text/plain\n\nvisible{ending}"
        ));
        assert!(
            message
                .text
                .as_deref()
                .is_some_and(|text| text.starts_with("visible")),
            "{ending:?}"
        );
    }
}

#[test]
fn an_outer_boundary_ends_an_open_inner_multipart() {
    let message = parse_text(
        "Content-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: multipart/alternative; boundary=y\n\n--y\n\nplain\n--x\nContent-Type: image/png\n\nPNG\n--x--\n",
    );
    assert_eq!(message.text.as_deref(), Some("plain"));
    assert_eq!(message.attachments.len(), 1);
}

#[test]
fn a_multipart_without_parts_is_shown_as_text() {
    for content_type in [
        "multipart/mixed; boundary=never",
        "multipart/mixed",
        "multipart/mixed; boundary=\"\"",
    ] {
        let message = parse_text(&format!("Content-Type: {content_type}\n\nhidden text\n"));
        assert_eq!(
            message.text.as_deref(),
            Some("hidden text\r\n"),
            "{content_type}"
        );
        assert!(message.ambiguous_structure, "{content_type}");
    }
}

#[test]
fn parts_without_a_header_or_a_blank_line_are_read() {
    let message = parse_text(
        "Content-Type: multipart/mixed; boundary=x\n\n--x\nno header, just text\n--x\nContent-Type: image/png\n--x--\n",
    );
    assert_eq!(message.text.as_deref(), Some("no header, just text"));
    assert_eq!(message.attachments[0].size, 0);
}

#[test]
fn bodies_in_many_charsets_are_utf8() {
    let table: [(&str, &str, &[u8], &str); 5] = [
        ("iso-2022-jp", "7bit", b"\x1b$B%O%m!<\x1b(B", "ハロー"),
        ("gb18030", "base64", b"xOO6ww==", "你好"),
        ("koi8-r", "quoted-printable", b"=F0=D2=C9", "При"),
        ("\"windows-1252\"", "8bit", b"\x93q\x94", "“q”"),
        ("utf-16be", "base64", b"AGgAaQ==", "hi"),
    ];
    for (charset, encoding, body, expected) in table {
        let mut raw = format!("Content-Type: text/plain; charset={charset}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n").into_bytes();
        raw.extend_from_slice(body);
        assert_eq!(parse(&raw).text.as_deref(), Some(expected), "{charset}");
    }
}

#[test]
fn file_names_are_read_in_every_encoding() {
    let table = [
        ("attachment; filename=\"a b.pdf\"", "a b.pdf"),
        ("attachment; filename*=utf-8''%E2%82%AC.pdf", "€.pdf"),
        (
            "attachment; filename=euro.pdf; filename*=utf-8''%E2%82%AC.pdf",
            "€.pdf",
        ),
        (
            "attachment; filename*0=\"long \"; filename*1=name.pdf",
            "long name.pdf",
        ),
        (
            "attachment; filename*0*=utf-8''%E2%82; filename*1*=%AC.pdf",
            "€.pdf",
        ),
        (
            "attachment; filename=\"=?utf-8?Q?=E2=82=AC.pdf?=\"",
            "€.pdf",
        ),
        ("attachment; filename=\"../../x/evil.pdf\"", "evil.pdf"),
    ];
    for (disposition, expected) in table {
        let message = parse_text(&format!(
            "Content-Type: application/pdf\nContent-Disposition: {disposition}\n\nx"
        ));
        assert_eq!(names(&message), [expected], "{disposition}");
    }
}

#[test]
fn groups_and_missing_addresses_are_shown_as_they_are() {
    let message = parse_text(
        "From: a@b.example\nTo: Team: c@d.example, E <e@f.example>;\nCc: undisclosed-recipients:;\n\n",
    );
    assert_eq!(message.to.len(), 2);
    assert!(message.cc.is_empty());
}

#[test]
fn an_empty_message_is_empty() {
    let message = parse(b"");
    assert_eq!(
        (
            message.body(),
            message.subject.as_str(),
            message.attachments.len()
        ),
        ("", "", 0)
    );
    assert!(message.sender_ambiguous && !message.parse_truncated);
    assert!(headers(b"").is_empty() && header_section(b"").is_empty());
    assert_eq!(decode_part(b"", 7), None);
}

#[test]
fn part_numbers_do_not_depend_on_what_is_asked() {
    let raw = crlf(
        "Content-Type: multipart/mixed; boundary=x\n\n--x\n\nhi\n--x\nContent-Type: image/png\n\n1\n--x\nContent-Type: image/png\n\n22\n--x--\n",
    );
    let numbers: Vec<u32> = parse(&raw)
        .attachments
        .iter()
        .map(|attachment| attachment.part)
        .collect();
    assert_eq!(numbers, [2, 3]);
    assert_eq!(decode_part(&raw, 3).as_deref(), Some(b"22".as_slice()));
    assert_eq!(decode_part(&raw, 2).as_deref(), Some(b"1".as_slice()));
    assert_eq!(decode_part(&raw, 4), None);
}
