//! What this server writes, as a message.

use posthouse_mime::build::{self, File, Mailbox, NewMessage, Text};
use posthouse_types::address::EmailAddress;
use posthouse_types::ids::{IdCodec, Key, Kind};
use uuid::Uuid;

use crate::receive::rfc5322_date;

/// What stands between the id of a letter and the host in its Message-ID.
const MARK: &str = ".letter@";

/// A message of this server's own.
#[derive(Debug)]
pub(crate) struct Letter<'a> {
    /// Names it; nobody else can make the Message-ID that shows it.
    pub(crate) id: Key,
    /// The mail host.
    pub(crate) hostname: &'a str,
    /// Who is to read it.
    pub(crate) to: &'a [EmailAddress],
    pub(crate) subject: &'a str,
    /// Plain text, lines ended by LF.
    pub(crate) text: &'a str,
    pub(crate) file: Option<LetterFile<'a>>,
    /// Unix seconds.
    pub(crate) now: i64,
}

/// A file that goes along.
#[derive(Debug)]
pub(crate) struct LetterFile<'a> {
    pub(crate) name: &'a str,
    pub(crate) content_type: &'a str,
    pub(crate) content: &'a [u8],
}

impl Letter<'_> {
    /// Writes it; `None` when a text cannot stand in a header.
    pub(crate) fn write(&self, codec: &IdCodec) -> Option<Vec<u8>> {
        let sender = format!("postmaster@{}", self.hostname);
        let mailbox = |address: &EmailAddress| Mailbox {
            name: String::new(),
            address: address.clone(),
        };
        let message_id = format!(
            "<{}{MARK}{}>",
            codec.seal(Kind::Letter, self.id).simple(),
            self.hostname
        );
        // RFC 3834 5: nobody is to answer this by program.
        let further = [("Auto-Submitted".to_owned(), "auto-generated".to_owned())];
        let files: Vec<File<'_>> = self.file.iter().map(attached).collect();
        let boundary = Uuid::new_v4().simple().to_string();
        let written = build::build(&NewMessage {
            date: &rfc5322_date(self.now),
            message_id: &message_id,
            from: Mailbox {
                name: "Posthouse".to_owned(),
                address: EmailAddress::parse_envelope(&sender).ok()?,
            },
            reply_to: Vec::new(),
            to: self.to.iter().map(mailbox).collect(),
            cc: Vec::new(),
            subject: self.subject,
            in_reply_to: None,
            references: Vec::new(),
            further: &further,
            text: Text::Plain(self.text),
            files: &files,
            boundary: &boundary,
        });
        written.ok()
    }
}

fn attached<'a>(file: &LetterFile<'a>) -> File<'a> {
    File {
        filename: file.name,
        content_type: file.content_type,
        content: file.content,
        content_id: None,
        is_inline: false,
    }
}

/// Tells whether a Message-ID is that of a letter which this server wrote.
pub(super) fn is_own(codec: &IdCodec, message_id: &str) -> bool {
    let id = message_id.trim_start_matches('<');
    let Some((id, _)) = id.split_once(MARK) else {
        return false;
    };
    let id = Uuid::try_parse(id).ok();
    id.is_some_and(|id| codec.open_uuid(Kind::Letter, id).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_is_known_again_and_nobody_else_writes_one() {
        let codec = IdCodec::new([3; 16]);
        let to = [EmailAddress::parse_strict("op@ops.example").unwrap()];
        let letter = Letter {
            id: Key(77),
            hostname: "mx.example",
            to: &to,
            subject: "Look",
            text: "Well.\n",
            file: None,
            now: 1_790_000_000,
        };
        let raw = letter.write(&codec).unwrap();
        let read = posthouse_mime::parse(&raw);
        assert_eq!(read.from[0].email, "postmaster@mx.example");
        assert_eq!(read.to[0].email, "op@ops.example");
        let headers = posthouse_mime::headers(&raw);
        let says = ("Auto-Submitted".to_owned(), "auto-generated".to_owned());
        assert!(headers.contains(&says), "{headers:?}");
        let id = read.message_id.unwrap();
        assert!(is_own(&codec, &id));
        assert!(!is_own(&IdCodec::new([4; 16]), &id));
        assert!(!is_own(&codec, "<x.letter@mx.example>"));
        assert!(!is_own(&codec, "<x@mx.example>"));
    }
}
