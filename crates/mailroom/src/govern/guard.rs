//! What must not leave: gathers what a message says and carries, and asks the guard.
//!
//! Whoever sends is told what was found, never what it was: neither answers nor events nor the audit log hold a secret.

use posthouse_mime::{HtmlTexts, ParsedMessage, decode_part, html_texts};
use posthouse_rules::guard::limits::SCANNED_BYTES_MAX;
use posthouse_rules::guard::{AttachedFile, Departing, Finding, GuardPolicy, Passage, Place, scan};
use posthouse_rules::policy::{Effective, GuardAction};

use super::attachments;

/// Octets of a file in which its type is looked for.
const HEAD_BYTES: usize = 1_024;

/// Messages within a message that are opened.
const NESTED_MESSAGES_MAX: usize = 8;

/// Fields of the header that carry what somebody wrote; others are made by this server or checked addresses.
const HEADER_FIELDS_SKIPPED: [&str; 16] = [
    "subject",
    "from",
    "to",
    "cc",
    "bcc",
    "reply-to",
    "date",
    "message-id",
    "in-reply-to",
    "references",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
    "list-unsubscribe",
    "list-unsubscribe-post",
    "dkim-signature",
];

/// What the guard found, sorted by what follows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// Refuses the message.
    pub(crate) blocked: Option<String>,
    /// Asks for approval.
    pub(crate) held: Vec<String>,
    /// Told to the sender.
    pub(crate) warned: Vec<String>,
}

impl Verdict {
    /// Adds recipients who have never written to the account.
    pub(super) fn with_strangers(mut self, strangers: &[String], policy: &GuardPolicy) -> Self {
        let departing = Departing {
            strangers,
            ..Departing::default()
        };
        let found = Self::of(&scan(&departing, policy));
        self.blocked = self.blocked.or(found.blocked);
        self.held.extend(found.held);
        self.warned.extend(found.warned);
        self
    }

    fn of(findings: &[Finding]) -> Self {
        let of = |action: GuardAction| -> Vec<String> {
            let alike = findings.iter().filter(|one| one.response == action);
            alike.map(ToString::to_string).collect()
        };
        Self {
            blocked: of(GuardAction::Block).into_iter().next(),
            held: of(GuardAction::Hold),
            warned: of(GuardAction::Warn),
        }
    }
}

/// Looks through a message as it goes on the wire. Takes time with the message: not for async threads when it is long.
pub(crate) fn inspect(
    raw: &[u8],
    message: &ParsedMessage,
    policy: &GuardPolicy,
    effective: &Effective,
) -> Verdict {
    if policy.is_off() {
        return Verdict::default();
    }
    let texts = Texts::of(raw, message, policy);
    let files = attachments::carried(effective, raw, message);
    let departing = Departing {
        passages: texts.passages(message),
        files: files
            .iter()
            .map(|file| AttachedFile {
                names: &file.names,
                content_type: &file.content_type,
                is_allowed: file.is_allowed,
                head: &file.head,
            })
            .collect(),
        strangers: &[],
        is_cut: message.parse_truncated || texts.is_cut,
    };
    Verdict::of(&scan(&departing, policy))
}

/// The texts of a message, decoded.
#[derive(Default)]
struct Texts {
    html: HtmlTexts,
    headers: Vec<(String, String)>,
    /// What is in the files, in their order.
    files: Vec<Vec<u8>>,
    /// Texts of files: the number of the file, and the text.
    of_files: Vec<(usize, String)>,
    is_cut: bool,
}

impl Texts {
    fn of(raw: &[u8], message: &ParsedMessage, policy: &GuardPolicy) -> Self {
        let content = |part| decode_part(raw, part).unwrap_or_default();
        let files: Vec<Vec<u8>> = message
            .attachments
            .iter()
            .map(|file| content(file.part))
            .collect();
        let mut texts = Self {
            files,
            ..Self::default()
        };
        if !policy.reads_text() {
            return texts;
        }
        texts.html = html_texts(message.html.as_deref().unwrap_or_default());
        let headers = posthouse_mime::headers(raw).into_iter();
        texts.headers = headers
            .filter(|(name, _)| {
                let name = name.to_ascii_lowercase();
                !HEADER_FIELDS_SKIPPED.contains(&name.as_str())
            })
            .collect();
        let mut nested = 0;
        for (number, file) in message.attachments.iter().enumerate() {
            let content = &texts.files[number];
            if file.content_type == "message/rfc822" {
                nested += 1;
                if nested > NESTED_MESSAGES_MAX {
                    texts.is_cut = true;
                    continue;
                }
                texts.of_files.push((number, text_of_message(content)));
            } else if is_text(&file.content_type, content) {
                texts.of_files.push((number, text_of(content)));
            }
        }
        texts
    }

    fn passages<'a>(&'a self, message: &'a ParsedMessage) -> Vec<Passage<'a>> {
        let mut passages = Vec::new();
        let mut add = |place, text: &'a str| {
            if !text.is_empty() {
                passages.push(Passage { place, text });
            }
        };
        add(Place::Subject, &message.subject);
        add(Place::Text, message.text.as_deref().unwrap_or_default());
        add(Place::Html, &self.html.seen);
        add(Place::HiddenHtml, &self.html.unseen);
        add(Place::HtmlSource, &self.html.attributes);
        add(
            Place::HtmlSource,
            message.html.as_deref().unwrap_or_default(),
        );
        for (name, value) in &self.headers {
            add(Place::Header(name.clone()), value);
        }
        for (number, file) in message.attachments.iter().enumerate() {
            for name in &file.readings {
                add(Place::FileName(number + 1), name);
            }
        }
        for (number, text) in &self.of_files {
            add(Place::File(number + 1), text);
        }
        passages
    }
}

/// Tells whether a file is text, whatever it is called: what has a zero octet early is none.
fn is_text(content_type: &str, content: &[u8]) -> bool {
    let head = &content[..content.len().min(HEAD_BYTES)];
    content_type.starts_with("text/") || is_wide(head) || !head.contains(&0)
}

/// Text in which every other octet is zero.
fn is_wide(head: &[u8]) -> bool {
    head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff")
}

/// Returns the text of a file; octets that are no UTF-8 stand for one letter each.
fn text_of(content: &[u8]) -> String {
    let content = &content[..content.len().min(SCANNED_BYTES_MAX + 1)];
    let pairs = |from: fn([u8; 2]) -> u16| -> String {
        let (pairs, _) = content.as_chunks::<2>();
        let units = pairs.iter().map(|pair| from(*pair));
        char::decode_utf16(units)
            .map(|one| one.unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect()
    };
    match content {
        [0xff, 0xfe, ..] => pairs(u16::from_le_bytes),
        [0xfe, 0xff, ..] => pairs(u16::from_be_bytes),
        _ => String::from_utf8_lossy(content).into_owned(),
    }
}

/// Returns what a message within the message says.
fn text_of_message(content: &[u8]) -> String {
    let message = posthouse_mime::parse(content);
    let mut text = message.subject.clone();
    for part in [message.text.as_deref(), message.html.as_deref()] {
        text.push('\n');
        text.push_str(part.unwrap_or_default());
    }
    if let Some(html) = &message.html {
        text.push('\n');
        text.push_str(&html_texts(html).seen);
    }
    for file in &message.attachments {
        text.push('\n');
        text.push_str(&file.filename);
        let content = decode_part(content, file.part).unwrap_or_default();
        if is_text(&file.content_type, &content) {
            text.push('\n');
            text.push_str(&text_of(&content));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use posthouse_rules::policy::{Guard, Plan};

    use super::*;

    /// Looks as a private key does, and is none.
    fn key() -> String {
        let line = "MIIEowIBAAKCAQEAx7Qm3vT9zKfWd2Lr8sYpNc5hGb1jXe6uRo4tVa0iZlSyCnPk";
        format!("-----BEGIN RSA PRIVATE KEY-----\n{line}\n{line}\n")
    }

    fn verdict(raw: &str) -> Verdict {
        let guard = Guard {
            secrets: GuardAction::Block,
            payment_cards: GuardAction::Hold,
            attachment_types: GuardAction::Warn,
            ..Guard::default()
        };
        let policy = GuardPolicy::compile(&guard).unwrap();
        let effective = Effective::of(None, &Plan::default());
        let raw = raw.replace('\n', "\r\n");
        let message = posthouse_mime::parse(raw.as_bytes());
        inspect(raw.as_bytes(), &message, &policy, &effective)
    }

    #[test]
    fn agent_04_a_secret_is_found_in_every_place_of_a_message() {
        use base64::Engine;
        let key = key();
        let coded = base64::engine::general_purpose::STANDARD.encode(&key);
        let form = "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nHello\n--b\n";
        for (raw, place) in [
            (format!("Subject: Hi\n\n{key}"), "the plain text"),
            (
                format!("Content-Type: text/html\n\n<pre>{key}</pre>"),
                "the HTML",
            ),
            (
                format!(
                    "Content-Type: text/html\n\n<p>Hi</p><pre style='display:none'>{key}</pre>"
                ),
                "hidden text of the HTML",
            ),
            (
                format!("Content-Type: text/html\n\n<p>Hi</p><script>{key}</script>"),
                "the source of the HTML",
            ),
            (
                format!(
                    "{form}Content-Type: application/octet-stream; name=id\nContent-Transfer-Encoding: base64\n\n{coded}\n--b--\n"
                ),
                "attachment 1",
            ),
            (
                format!("{form}Content-Type: message/rfc822\n\nSubject: inner\n\n{key}\n--b--\n"),
                "attachment 1",
            ),
        ] {
            let blocked = verdict(&raw).blocked.expect(place);
            assert!(blocked.starts_with("a private key in "), "{blocked}");
            assert!(blocked.contains(place), "{blocked}: {place}");
            assert!(!blocked.contains("MII"), "{blocked}");
        }
        let named = format!(
            "{form}Content-Type: text/plain; name=\"4111 1111 1111 1111.txt\"\nContent-Disposition: attachment\n\nx\n--b--\n"
        );
        assert_eq!(
            verdict(&named).held,
            ["the number of a Visa card (… 1111) in the name of attachment 1 at character 1"]
        );
        let header = "Subject: Hi\nX-Note: 4111 1111 1111 1111\n\nHello\n";
        assert!(verdict(header).held[0].contains("the header field X-Note"));
    }

    #[test]
    fn agent_04_files_that_run_are_told() {
        let raw = "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: application/pdf; name=a.pdf\n\
                   Content-Disposition: attachment\n\nMZ program\n--b--\n";
        assert_eq!(verdict(raw).warned.len(), 1);
        assert_eq!(verdict("Subject: Hi\n\nHello\n"), Verdict::default());
    }

    #[test]
    fn agent_04_files_that_only_some_programs_find_are_told() {
        let form = "Content-Type: multipart/mixed; boundary=b\n\n--b\n";
        for raw in [
            format!("{form}Content-Type: text/plain; name=a.exe\n\nHello\n--b--\n"),
            format!(
                "{form}Content-Type: text/plain\nContent-Disposition: inline; filename=a.exe\n\nHello\n--b--\n"
            ),
            format!(
                "{form}Content-Type: text/plain\nContent-Type: application/x-msdownload\n\nHello\n--b--\n"
            ),
            format!(
                "{form}\nHello\n--b\nContent-Type: message/rfc822\n\nContent-Type: multipart/mixed; boundary=c\n\n\
                 --c\nContent-Type: image/png; name=a.exe\n\nx\n--c--\n--b--\n"
            ),
            format!(
                "{form}\nHello\n{}",
                "--b\n\nx\n".repeat(posthouse_mime::limits::MIME_PARTS_MAX)
            ),
        ] {
            assert_eq!(
                verdict(&raw).warned.len(),
                1,
                "{}",
                &raw[..raw.len().min(300)]
            );
        }
    }
}
