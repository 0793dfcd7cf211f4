//! Messages: total on any bytes, valid text out, bounded, and the same answer from every function.

use posthouse_mime::limits::{
    ADDRESSES_PER_MESSAGE_MAX, FILENAME_BYTES_MAX, HEADER_FIELDS_MAX, MIME_PARTS_MAX,
    REFERENCES_PER_MESSAGE_MAX, SNIPPET_CHARS_MAX,
};
use posthouse_mime::{
    ParsedMessage, decode_part, header_section, headers, parse, parse_display, subject,
};

use crate::Target;

/// The whole parser on one message.
pub const TARGET: Target = Target {
    name: "mime",
    run: fuzz_mime,
    seeds: &[
        b"From: Ann <a@b.example>\r\nTo: G: c@d.example, \"x;y\" <e@f.example>;\r\nSubject: Re: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\nDate: Fri, 21 Nov 1997 09:55:06 -0600\r\nMessage-ID: <m@b.example>\r\nReferences: <r@d.example> <s@d.example>\r\n\r\nHello\r\n",
        b"From: a@b.example\r\nContent-Type: multipart/alternative; boundary=x\r\n\r\n--x\r\n\r\nplain\r\n--x\r\nContent-Type: text/html; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<style>p{}</style><p title=\"a>b\">Gr=FC=DFe &eacute;</p>=\r\n<img src=\"cid:i@x\">\r\n--x--\r\n",
        b"Content-Type: multipart/mixed; boundary=\"o\"\r\n\r\n--o\r\nContent-Type: multipart/related; boundary=\"i\"\r\n\r\n--i\r\nContent-Type: text/html\r\n\r\n<img src=cid:l@x>\r\n--i\r\nContent-Type: image/png; name*0*=utf-8''%E2%82; name*1*=%AC.png\r\nContent-ID: <l@x>\r\nContent-Transfer-Encoding: base64\r\n\r\naGVsbG8=\r\n--i--\r\n--o\r\nContent-Type: message/rfc822\r\nContent-Disposition: attachment; filename=\"=?utf-8?B?w6k=?=.eml\"\r\n\r\nFrom: x@y.example\r\n\r\ninner\r\n--o--\r\n",
        b"Content-Type: text/plain; charset=utf-7\r\n\r\n+AOk- +2D3eAA-",
        b"Content-Type: text/plain; charset=iso-2022-jp\r\n\r\n\x1b$B%O%m!<\x1b(B",
        b"Content-Type: text/plain; charset=utf-16\r\nContent-Transfer-Encoding: base64\r\n\r\n/v8AaABp",
        b"Content-Type: text/plain; charset=gb18030\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=C4=E3=BA=C3",
        b"Content-Type: multipart/digest; boundary=x\r\n\r\n--x\r\n\r\nFrom: a@b.example\r\n\r\none\r\n--x--\r\n",
        b"Content-Type: text/calendar; method=REQUEST\r\n\r\nBEGIN:VCALENDAR\r\n",
        b"From a@b Mon Jan  1 10:00:00 2024\nSubject: (c (d) \\) e)\n folded\nstray\nX: y\n\nbody\n",
    ],
    dictionary: &[
        b"\r\n", b"\n", b"\r", b"\r\n\r\n", b"\r\n ", b"--x", b"--x--", b"\r\n--x\r\n", b"\r\n--o\r\n", b"boundary=", b"boundary*0=", b"; ", b"\"", b"\\", b"(", b")", b"<", b">",
        b"=?utf-8?Q?", b"=?utf-8?B?", b"?=", b"=?", b"=", b"=3D", b"=\r\n", b"filename*0*=", b"filename*=utf-8''", b"%00", b"\0", b"\xff", b"\xc3", b"\x1b$B", b"+AO",
        b"Content-Type: ", b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n", b"Content-Type: message/rfc822\r\n\r\n", b"Content-Transfer-Encoding: base64\r\n",
        b"Content-Disposition: inline; filename=", b"Content-ID: <", b"From: ", b"To: ", b"Subject: ", b"Date: ", b"References: <", b"Re: ", b"cid:", b"&#x", b"&amp;", b"<!--", b"-->",
        b"<style>", b"</style>", b"charset=", b"utf-7", b"utf-16", b"shift_jis", b"big5", b"iso-2022-kr", b"99999999999",
    ],
};

/// Plays one message to every function of the parser.
pub fn fuzz_mime(data: &[u8]) {
    let message = parse(data);
    assert_eq!(parse(data), message, "the same bytes give the same message");
    check_text(data, &message);
    check_bounds(&message);
    check_attachments(data, &message);
    check_headers(data, &message);
    for address in &message.from {
        if let Ok(strict) = address.to_strict() {
            let again = parse_display(&format!("<{strict}>"));
            assert_eq!(again.len(), 1);
            assert_eq!(again[0].email, strict.as_str());
        }
    }
    let base = subject::normalise(&message.subject).base;
    if message.subject.len() < posthouse_mime::limits::SUBJECT_PREFIXES_MAX {
        assert_eq!(
            subject::normalise(&base).base,
            base,
            "a base subject is its own base"
        );
    }
}

/// Every text that leaves the parser, headers aside.
fn texts(message: &ParsedMessage) -> Vec<&str> {
    let lists = [
        &message.from,
        &message.further_from,
        &message.to,
        &message.cc,
        &message.bcc,
        &message.reply_to,
    ];
    let mut all: Vec<&str> = lists
        .into_iter()
        .flatten()
        .flat_map(|address| [address.name.as_str(), address.email.as_str()])
        .collect();
    all.extend([message.subject.as_str(), message.snippet.as_str()]);
    all.extend(
        [&message.text, &message.html, &message.message_id]
            .into_iter()
            .flatten()
            .map(String::as_str),
    );
    all.extend(
        [
            &message.references,
            &message.in_reply_to,
            &message.delivered_to,
        ]
        .into_iter()
        .flatten()
        .map(String::as_str),
    );
    for attachment in &message.attachments {
        all.extend([
            attachment.filename.as_str(),
            attachment.content_type.as_str(),
        ]);
        all.extend(attachment.readings.iter().map(String::as_str));
        all.extend(
            [&attachment.content_id, &attachment.content_disposition]
                .into_iter()
                .flatten()
                .map(String::as_str),
        );
    }
    all
}

fn check_text(data: &[u8], message: &ParsedMessage) {
    // A byte becomes at most three octets of UTF-8 (six when plain text is escaped into HTML), and the fixed markup around each part.
    const MARKUP_BYTES_MAX: usize = 64;
    let most = 6 * data.len() + MARKUP_BYTES_MAX * (1 + MIME_PARTS_MAX);
    for text in texts(message) {
        assert!(!text.contains('\0'), "NUL is replaced");
        assert!(text.len() <= most, "text is bounded by its source");
    }
    let single_line = |text: &str| !text.contains(|c: char| c.is_ascii_control());
    assert!(single_line(&message.subject) && single_line(&message.snippet));
    assert!(
        message
            .attachments
            .iter()
            .all(|attachment| single_line(&attachment.filename))
    );
    assert!(
        message
            .from
            .iter()
            .all(|address| single_line(&address.name) && single_line(&address.email))
    );
}

fn check_bounds(message: &ParsedMessage) {
    assert!(message.from_all().count() <= ADDRESSES_PER_MESSAGE_MAX);
    let addresses =
        message.to.len() + message.cc.len() + message.bcc.len() + message.reply_to.len();
    assert!(addresses <= ADDRESSES_PER_MESSAGE_MAX);
    assert!(message.references.len() + message.in_reply_to.len() <= REFERENCES_PER_MESSAGE_MAX);
    assert!(message.attachments.len() <= MIME_PARTS_MAX);
    assert!(message.snippet.chars().count() <= SNIPPET_CHARS_MAX);
    assert!(message.received_hops <= HEADER_FIELDS_MAX);
    for id in message
        .message_id
        .iter()
        .chain(&message.references)
        .chain(&message.in_reply_to)
    {
        let inner = id
            .strip_prefix('<')
            .and_then(|rest| rest.strip_suffix('>'))
            .expect("ids have their brackets");
        assert!(
            !inner.is_empty()
                && !inner.contains(|c: char| c.is_ascii_whitespace() || c == '<' || c == '>')
        );
    }
    if !message.sender_ambiguous {
        assert_eq!(message.from_all().count(), 1);
    }
}

fn check_attachments(data: &[u8], message: &ParsedMessage) {
    let mut total = 0;
    for attachment in &message.attachments {
        let decoded = decode_part(data, attachment.part).expect("a listed part can be decoded");
        assert_eq!(
            decoded.len() as u64,
            attachment.size,
            "the announced size is the decoded size"
        );
        assert!(!attachment.filename.is_empty() && attachment.filename.len() <= FILENAME_BYTES_MAX);
        assert!(!attachment.filename.contains(['/', '\\']));
        total += decoded.len();
    }
    assert!(total <= data.len(), "parts do not overlap");
    assert!(
        message
            .attachments
            .windows(2)
            .all(|pair| pair[0].part < pair[1].part),
        "parts are in order"
    );
}

fn check_headers(data: &[u8], message: &ParsedMessage) {
    let section = header_section(data);
    assert!(data.starts_with(section));
    let fields = headers(data);
    assert!(fields.len() <= HEADER_FIELDS_MAX);
    assert_eq!(
        headers(section),
        fields,
        "the header section holds the headers"
    );
    for (name, value) in &fields {
        assert!(!name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic()));
        assert!(!value.contains(|c: char| c.is_ascii_control()));
    }
    let alone = parse(section);
    assert_eq!(
        (&alone.subject, &alone.from, &alone.to, alone.date),
        (&message.subject, &message.from, &message.to, message.date)
    );
    assert_eq!(
        (&alone.message_id, &alone.references, alone.received_hops),
        (
            &message.message_id,
            &message.references,
            message.received_hops
        )
    );
    assert_eq!(alone.sender_ambiguous, message.sender_ambiguous);
}
