//! What must not leave: gathers what a message says and carries, and asks the guard.
//!
//! Whoever sends is told what was found, never what it was: neither answers nor events nor the audit log hold a secret.

use posthouse_mime::ParsedMessage;
use posthouse_rules::guard::{AttachedFile, Departing, Finding, GuardPolicy, scan};
use posthouse_rules::policy::{Effective, GuardAction};

use super::attachments;
use super::departing::Texts;

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
    let texts = if policy.reads_text() {
        Texts::of(raw, message)
    } else {
        Texts::default()
    };
    let files = attachments::carried(effective, raw, message);
    let departing = Departing {
        passages: texts.passages(),
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
    fn agent_04_a_secret_is_found_where_no_reader_of_mail_looks() {
        use base64::Engine;
        let token = format!("ghp_{}", "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8");
        let coded = |octets: &[u8]| base64::engine::general_purpose::STANDARD.encode(octets);
        let wide: Vec<u8> = format!("key,{token}\n")
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        let inner = format!("Subject: inner\nX-Key: {token}\n\nHello\n");
        let deep = format!(
            "Content-Type: multipart/mixed; boundary=c\n\n--c\nContent-Type: message/rfc822\n\n{inner}\n--c--\n"
        );
        let part = |head: &str, body: &str| {
            format!(
                "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nHello\n--b\n{head}\n\n{body}\n--b--\n"
            )
        };
        let base64 = |media_type: &str| {
            format!("Content-Type: {media_type}\nContent-Transfer-Encoding: base64")
        };
        for raw in [
            part("Content-Type: application/octet-stream; name=a.eml", &inner),
            part(
                &base64("application/octet-stream"),
                &coded(inner.as_bytes()),
            ),
            part(&base64("message/rfc822"), &coded(inner.as_bytes())),
            part("Content-Type: message/rfc822", &deep),
            part(&base64("text/csv; name=a.csv"), &coded(&wide)),
            part(&base64("application/x-unknown"), &coded(&wide)),
            part(
                &base64("application/json; name=a.json"),
                &coded(format!("{{\"k\":\"{token}\"}}").as_bytes()),
            ),
            part(
                &format!("Content-Type: image/png\nContent-ID: <{token}>"),
                "x",
            ),
            part(&format!("Content-Type: image/png\nX-Note: {token}"), "x"),
            part(
                &format!("Content-Type: image/png; name=\"{token}.png\""),
                "x",
            ),
            part("X-A: b", "x").replace("\n\n--b\n\nHello", &format!("\n\n{token}\n--b\n\nHello")),
            format!("{}{token}\n", part("X-A: b", "x")),
            format!("From: {token} <a@b.example>\n\nHello\n"),
            format!("To: \"{token}\" <a@b.example>\n\nHello\n"),
            format!("Message-ID: <{token}@b.example>\n\nHello\n"),
            format!("References: <a@b.example> <{token}@b.example>\n\nHello\n"),
            format!("List-Unsubscribe: <mailto:{token}@b.example>\n\nHello\n"),
            format!("X-{token}: x\n\nHello\n"),
            format!(
                "Content-Type: text/html\n\n<p>gh<b>p_</b>{}</p>",
                &token[4..]
            ),
            format!(
                "Content-Type: text/html\n\n<p>gh&shy;p_&#8203;{}</p>",
                &token[4..]
            ),
            format!("Content-Type: text/html\n\n<p title='{token}'>Hi</p>"),
            format!(
                "Content-Transfer-Encoding: quoted-printable\n\nghp=5F=\n{}\n",
                &token[4..]
            ),
        ] {
            for raw in [raw.clone(), raw.replace("\r\n", "\n")] {
                let blocked = verdict(&raw).blocked.unwrap_or_else(|| panic!("{raw}"));
                assert!(blocked.starts_with("a GitHub token"), "{blocked}");
                assert!(!blocked.contains("a1B2c3"), "{blocked}");
            }
        }
    }

    #[test]
    fn patterns_mean_what_people_wrote_and_not_what_machines_did() {
        let guard = Guard {
            patterns: vec![posthouse_rules::policy::GuardPattern {
                name: "figures".to_owned(),
                regex: "(?i)bluebird|20[0-9]{2}|subject|b\\.example".to_owned(),
                action: GuardAction::Block,
            }],
            ..Guard::default()
        };
        let policy = GuardPolicy::compile(&guard).unwrap();
        let effective = Effective::of(None, &Plan::default());
        let blocked = |raw: &str| {
            let message = posthouse_mime::parse(raw.as_bytes());
            inspect(raw.as_bytes(), &message, &policy, &effective).blocked
        };
        let plain = "From: Ann <ann@b.example>\r\nTo: bo@b.example, <c@b.example>\r\nDate: Tue, 24 Nov 2026 01:02:03 +0000\r\n\
                     Message-ID: <01a20aa0-1ff1-7010-805f-0c47f68f2026@a.example>\r\nMIME-Version: 1.0\r\nSubject: Hi\r\n\
                     Content-Type: multipart/mixed; boundary=\"x2026\"\r\n\r\n--x2026\r\n\r\nHello\r\n--x2026--\r\n";
        assert_eq!(blocked(plain), None);
        for (from, to) in [
            ("Ann", "Bluebird"),
            ("Hello", "in 2026"),
            ("Subject: Hi", "Subject: Bluebird"),
            ("MIME-Version: 1.0", "References: <bluebird@c>"),
        ] {
            assert!(blocked(&plain.replace(from, to)).is_some(), "{to}");
        }
    }

    #[test]
    fn agent_04_what_was_not_read_is_a_finding() {
        let deep = (0..80).fold("Subject: x\n\nx\n".to_owned(), |inner, _| {
            format!("Content-Type: message/rfc822\n\n{inner}")
        });
        let ebcdic =
            "Content-Type: text/plain; charset=cp037\nContent-Transfer-Encoding: base64\n\n1cXF\n";
        for raw in [&deep, ebcdic] {
            let blocked = verdict(raw).blocked.expect("nobody can read all of it");
            assert!(
                blocked.contains("some of the message cannot be read"),
                "{blocked}"
            );
        }
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
