//! Everything this door can say, with enhanced status codes (RFC 3463, RFC 2034).
//!
//! Replies are fixed text: nothing a peer sent is ever repeated to it.

use std::borrow::Cow;

use super::command::SyntaxError;
use super::content::Defect;
use super::transaction::OutOfOrder;
use crate::limits::REPLY_LINE_BYTES_MAX;

/// One reply of one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    code: &'static str,
    status: &'static str,
    text: Cow<'static, str>,
}

impl Reply {
    /// Makes a reply from its code, its enhanced status code (empty for none) and its text.
    #[must_use]
    pub const fn new(code: &'static str, status: &'static str, text: &'static str) -> Self {
        Self {
            code,
            status,
            text: Cow::Borrowed(text),
        }
    }

    /// Returns the same reply with a text made for the occasion, from values of ours only.
    #[must_use]
    pub fn with_text(self, text: String) -> Self {
        Self {
            text: Cow::Owned(text),
            ..self
        }
    }

    /// Returns the three digits.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// Returns the enhanced status code, empty for none.
    #[must_use]
    pub fn status(&self) -> &'static str {
        self.status
    }

    /// Tells whether the peer is told to try again later.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        self.code.starts_with('4')
    }

    /// Appends the reply with its CRLF.
    pub fn write(&self, output: &mut Vec<u8>) {
        write_line(output, self.code, b' ', self.status, &self.text);
    }
}

/// Appends a reply of several lines without enhanced codes, as EHLO wants it.
// RFC 5321 4.2.1: every line but the last has a hyphen behind the code.
pub fn write_lines(output: &mut Vec<u8>, code: &'static str, lines: &[Cow<'_, str>]) {
    let Some((last, others)) = lines.split_last() else {
        return;
    };
    for line in others {
        write_line(output, code, b'-', "", line);
    }
    write_line(output, code, b' ', "", last);
}

/// The only place that writes to the peer: text outside printable ASCII is replaced and the line is bounded.
fn write_line(output: &mut Vec<u8>, code: &str, separator: u8, status: &str, text: &str) {
    output.extend_from_slice(code.as_bytes());
    output.push(separator);
    if !status.is_empty() {
        output.extend_from_slice(status.as_bytes());
        output.push(b' ');
    }
    let room = REPLY_LINE_BYTES_MAX.saturating_sub(12); // code, separator, longest status, CRLF
    output.extend(text.bytes().take(room).map(|byte| {
        if matches!(byte, b' '..=b'~') {
            byte
        } else {
            b'?'
        }
    }));
    output.extend_from_slice(b"\r\n");
}

/// 250 to RSET and NOOP.
pub const OK: Reply = Reply::new("250", "2.0.0", "OK");
/// 250 to MAIL.
pub const SENDER_OK: Reply = Reply::new("250", "2.1.0", "sender OK");
/// 250 to RCPT.
pub const RECIPIENT_OK: Reply = Reply::new("250", "2.1.5", "recipient OK");
/// 250 to BDAT without LAST.
pub const CHUNK_OK: Reply = Reply::new("250", "2.0.0", "chunk received");
/// 250 to DATA and BDAT LAST; the text names the message.
pub const ACCEPTED: Reply = Reply::new("250", "2.0.0", "accepted");
/// 354 to DATA.
pub const SEND_DATA: Reply = Reply::new(
    "354",
    "",
    "send the message, end with a dot alone on a line",
);
/// 221 to QUIT.
pub const GOODBYE: Reply = Reply::new("221", "2.0.0", "goodbye");
/// 220 to STARTTLS.
pub const START_TLS: Reply = Reply::new("220", "2.0.0", "ready to start TLS");
/// 252 to VRFY. RFC 5321 3.5.3.
pub const NOT_VERIFIED: Reply = Reply::new(
    "252",
    "2.5.0",
    "addresses are not verified here; send the message and see",
);
/// 502 to EXPN.
pub const NO_EXPN: Reply = Reply::new("502", "5.5.1", "EXPN is not offered");
/// 502 to AUTH.
pub const NO_AUTH: Reply = Reply::new("502", "5.5.1", "AUTH is not offered on this port");
/// 502 to STARTTLS without a certificate.
pub const NO_TLS: Reply = Reply::new("502", "5.5.1", "STARTTLS is not offered");
/// 503 to STARTTLS within TLS.
pub const ALREADY_TLS: Reply = Reply::new("503", "5.5.1", "TLS is active already");
/// 214 to HELP.
pub const HELP: Reply = Reply::new(
    "214",
    "2.0.0",
    "EHLO HELO MAIL RCPT DATA BDAT RSET NOOP VRFY HELP STARTTLS QUIT; see RFC 5321",
);

/// 550: no such mailbox.
pub const UNKNOWN_RECIPIENT: Reply = Reply::new("550", "5.1.1", "no such mailbox here");
/// 550: the domain is not ours.
pub const RELAY_DENIED: Reply = Reply::new(
    "550",
    "5.7.1",
    "relaying denied: mail for this domain is not received here",
);
/// 550: the mailbox takes no mail.
pub const RECIPIENT_DISABLED: Reply =
    Reply::new("550", "5.2.1", "mailbox is disabled and takes no mail");
/// 451: the mailbox takes no mail for now.
pub const RECIPIENT_DEFERRED: Reply =
    Reply::new("451", "4.2.1", "mailbox is suspended, try again later");
/// 452: this many recipients are enough for one transaction.
pub const TOO_MANY_RECIPIENTS: Reply = Reply::new(
    "452",
    "4.5.3",
    "too many recipients, send the rest in another transaction",
);
/// 452: the peer guessed too often; known and unknown recipients get this same answer.
pub const TOO_MANY_UNKNOWN: Reply = Reply::new(
    "452",
    "4.7.1",
    "too many unknown recipients in this session",
);
/// 553: UTF-8 address without SMTPUTF8.
pub const NEEDS_SMTPUTF8: Reply = Reply::new("553", "5.6.7", "address needs SMTPUTF8 at MAIL");
/// 554: no recipient was accepted.
pub const NO_VALID_RECIPIENTS: Reply = Reply::new("554", "5.5.1", "no valid recipients");
/// 552: larger than announced in EHLO.
pub const MESSAGE_TOO_LARGE: Reply =
    Reply::new("552", "5.3.4", "message is larger than this server accepts");
/// 554: passed too many servers.
pub const TOO_MANY_HOPS: Reply =
    Reply::new("554", "5.4.6", "too many hops: the message is looping");
/// 550: a rule of the account refuses it.
pub const BLOCKED_BY_RULE: Reply = Reply::new("550", "5.7.1", "refused by a rule of the recipient");
/// 452: the account has received what it may today. RFC 3463 3.3: 4.2.1.
pub const RECIPIENT_OVER_DAY: Reply = Reply::new(
    "452",
    "4.2.1",
    "the mailbox receives no more today, try again tomorrow",
);
/// 452: the mailbox has no room for it. RFC 3463 3.3: 4.2.2.
pub const RECIPIENT_FULL: Reply =
    Reply::new("452", "4.2.2", "the mailbox is full, try again later");
/// 552: the message is larger than the mailbox takes.
pub const TOO_LARGE_FOR_RECIPIENT: Reply =
    Reply::new("552", "5.3.4", "message is larger than the mailbox accepts");
/// 554: it holds malware.
pub const INFECTED: Reply = Reply::new("554", "5.7.1", "the message holds malware");
/// 550: it fails DMARC. RFC 7372 3.2: more than one check failed.
pub const DMARC_REJECTED: Reply = Reply::new(
    "550",
    "5.7.26",
    "refused as the author's domain asks: neither SPF nor DKIM shows that it sent this",
);
/// 451: something here does not work for now.
pub const UNAVAILABLE: Reply =
    Reply::new("451", "4.3.0", "temporarily unavailable, try again later");
/// 452: no room for the message for now.
pub const STORAGE_FULL: Reply = Reply::new(
    "452",
    "4.3.1",
    "insufficient system storage, try again later",
);

/// 552: so many copies of a message that shows so much never fit into one transaction.
pub const TOO_MANY_COPIES: Reply = Reply::new(
    "552",
    "5.3.4",
    "message is too large for so many recipients at once",
);

/// 500: a CR or LF that is not part of CRLF.
pub const STRAY_LINE_END: Reply = Reply::new(
    "500",
    "5.5.2",
    "lines end with CRLF; a lone CR or LF is not accepted",
);
/// 500: endless line; the session ends.
pub const LINE_TOO_LONG: Reply = Reply::new("500", "5.5.6", "line too long");
/// 421: too many errors.
pub const TOO_MANY_ERRORS: Reply = Reply::new("421", "4.7.0", "too many errors, closing");
/// 421: too many transactions.
pub const TOO_MANY_TRANSACTIONS: Reply = Reply::new(
    "421",
    "4.5.3",
    "too many transactions in one session, closing",
);
/// 421: too many connections.
pub const TOO_MANY_CONNECTIONS: Reply =
    Reply::new("421", "4.7.0", "too many connections, try again later");
/// 421: the peer was silent for too long.
pub const TIMED_OUT: Reply = Reply::new("421", "4.4.2", "timeout, closing");
/// 421: the server stops.
pub const SHUTTING_DOWN: Reply = Reply::new("421", "4.3.2", "server is closing, try again later");
/// 454: no TLS for now.
pub const TLS_BUSY: Reply = Reply::new(
    "454",
    "4.7.0",
    "TLS is not available for now, try again later",
);
/// 421: bytes behind STARTTLS in plain text.
pub const PIPELINED_STARTTLS: Reply =
    Reply::new("421", "4.7.0", "commands behind STARTTLS, closing");

/// Returns the answer to a line that is no command.
#[must_use]
pub const fn to_syntax_error(error: SyntaxError) -> Reply {
    match error {
        SyntaxError::UnknownVerb => Reply::new("500", "5.5.1", "command not recognised"),
        SyntaxError::Bytes => Reply::new(
            "500",
            "5.5.2",
            "control bytes and broken UTF-8 are not accepted",
        ),
        SyntaxError::Arguments => Reply::new("501", "5.5.4", "syntax error in arguments"),
        SyntaxError::ClientName => Reply::new(
            "501",
            "5.5.4",
            "EHLO and HELO need a host name or an address literal",
        ),
        SyntaxError::Brackets => {
            Reply::new("501", "5.5.2", "the address belongs in angle brackets")
        }
        SyntaxError::SourceRoute => Reply::new("550", "5.7.1", "source routes are not accepted"),
        SyntaxError::Sender => Reply::new("553", "5.1.7", "sender is not a valid address"),
        SyntaxError::Recipient => Reply::new("553", "5.1.3", "recipient is not a valid address"),
        SyntaxError::NeedsSmtpUtf8 => NEEDS_SMTPUTF8,
        SyntaxError::Parameter => {
            Reply::new("501", "5.5.4", "parameter is malformed or given twice")
        }
        SyntaxError::UnknownParameter => Reply::new("555", "5.5.4", "parameter not recognised"),
        SyntaxError::BodyType => Reply::new("504", "5.5.4", "body type not offered"),
        SyntaxError::ChunkSize => Reply::new("501", "5.5.4", "BDAT needs a size in bytes, closing"),
    }
}

/// Returns the answer to a command at the wrong time.
#[must_use]
pub const fn to_out_of_order(reason: OutOfOrder) -> Reply {
    match reason {
        OutOfOrder::NeedsHello => Reply::new("503", "5.5.1", "say EHLO first"),
        OutOfOrder::NeedsMail => Reply::new("503", "5.5.1", "MAIL is needed first"),
        OutOfOrder::NestedMail => Reply::new("503", "5.5.1", "a transaction is open already"),
        OutOfOrder::NeedsRecipients => Reply::new("503", "5.5.1", "RCPT is needed first"),
        OutOfOrder::NoValidRecipients => NO_VALID_RECIPIENTS,
        OutOfOrder::ChunkRefused => Reply::new(
            "503",
            "5.5.1",
            "an earlier chunk was refused, start again with RSET",
        ),
        OutOfOrder::Chunking => Reply::new(
            "503",
            "5.5.1",
            "a BDAT transaction allows only BDAT and RSET",
        ),
    }
}

/// Returns the answer at the end of a message whose content was refused on the way.
#[must_use]
pub const fn to_defect(defect: Defect) -> Reply {
    match defect {
        Defect::BareCr => Reply::new("550", "5.6.0", "message holds a CR without LF"),
        Defect::BareLf => Reply::new("550", "5.6.0", "message holds an LF without CR"),
        Defect::Nul => Reply::new("554", "5.6.0", "message holds a NUL byte"),
        Defect::HeaderTooLarge => Reply::new("552", "5.3.4", "header section is too large"),
        Defect::MessageTooLarge => MESSAGE_TOO_LARGE,
        Defect::NoMemory => STORAGE_FULL,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(reply: &Reply) -> String {
        let mut output = Vec::new();
        reply.write(&mut output);
        String::from_utf8(output).expect("replies are ASCII")
    }

    #[test]
    fn replies_carry_code_status_and_text() {
        assert_eq!(
            written(&UNKNOWN_RECIPIENT),
            "550 5.1.1 no such mailbox here\r\n"
        );
        assert!(written(&SEND_DATA).starts_with("354 send"));
    }

    #[test]
    fn smtp_08_reply_text_cannot_break_the_line() {
        let hostile = ACCEPTED.with_text("a\r\n250 b\0é".repeat(200));
        let line = written(&hostile);
        assert_eq!(line.len(), REPLY_LINE_BYTES_MAX);
        assert_eq!(line.matches('\n').count(), 1);
        assert!(
            line.trim_end()
                .bytes()
                .all(|byte| matches!(byte, b' '..=b'~'))
        );
    }

    #[test]
    fn several_lines_are_joined_by_hyphens() {
        let mut output = Vec::new();
        write_lines(
            &mut output,
            "250",
            &["mx.example".into(), "PIPELINING".into()],
        );
        assert_eq!(output, b"250-mx.example\r\n250 PIPELINING\r\n");
    }
}
