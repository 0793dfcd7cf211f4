//! Reads one command line into a typed command: every verb has its own arguments.

use posthouse_types::address::EmailAddress;

pub use super::dsn::{Notify, OriginalRecipient, Ret};
pub use super::parameters::Body;
use super::path::Path;
use super::{parameters, path};
use crate::limits::CLIENT_NAME_BYTES_MAX;

/// A command with its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// EHLO with the name the client gives itself.
    Ehlo(ClientName),
    /// HELO with the name the client gives itself.
    Helo(ClientName),
    /// MAIL FROM.
    Mail(MailFrom),
    /// RCPT TO.
    Rcpt(RcptTo),
    /// DATA.
    Data,
    /// BDAT: `size` bytes of content follow the line.
    Bdat(Chunk),
    /// RSET.
    Rset,
    /// NOOP; its argument is ignored.
    Noop,
    /// VRFY; its argument is ignored.
    Vrfy,
    /// EXPN; its argument is ignored.
    Expn,
    /// HELP; its argument is ignored.
    Help,
    /// STARTTLS.
    StartTls,
    /// AUTH, which this door does not offer.
    Auth,
    /// QUIT.
    Quit,
}

/// The arguments of MAIL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailFrom {
    /// The sender; `None` is the null sender `<>`.
    pub sender: Option<EmailAddress>,
    /// What follows the path.
    pub parameters: MailParameters,
}

/// The parameters of MAIL.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MailParameters {
    /// Announced size of the message in bytes. RFC 1870.
    pub size: Option<u64>,
    /// Announced body type. RFC 6152.
    pub body: Option<Body>,
    /// The message or its envelope needs UTF-8. RFC 6531.
    pub smtputf8: bool,
    /// The message may go on over verified TLS only. RFC 8689.
    pub require_tls: bool,
    /// What a failure report should return. RFC 3461.
    pub ret: Option<Ret>,
    /// Envelope identifier, decoded. RFC 3461.
    pub envid: Option<String>,
}

/// The arguments of RCPT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RcptTo {
    /// Whom the message is for.
    pub recipient: ForwardPath,
    /// The path was written with characters beyond ASCII, which needs SMTPUTF8 at MAIL.
    pub needs_smtputf8: bool,
    /// What follows the path.
    pub parameters: RcptParameters,
}

/// The parameters of RCPT.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RcptParameters {
    /// When a report is wanted. RFC 3461.
    pub notify: Option<Notify>,
    /// The recipient as first written. RFC 3461.
    pub orcpt: Option<OriginalRecipient>,
}

/// A recipient as RCPT names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ForwardPath {
    /// `<postmaster>`: whoever looks after this host. RFC 5321 4.5.1.
    Postmaster,
    /// A mailbox.
    Mailbox(EmailAddress),
}

/// The arguments of BDAT. RFC 3030.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Bytes that follow the command line.
    pub size: u64,
    /// No chunk comes after this one.
    pub last: bool,
}

/// The name a client gives itself in EHLO or HELO; only letters, digits and `.-_:[]`, so it is safe in headers and logs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientName(String);

impl ClientName {
    /// Returns the name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Takes the name out.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }

    // RFC 5321 4.1.1.1: a domain or an address literal. Underscores are common in practice. Whether it is true is not checked.
    fn parse(text: &str) -> Result<Self, SyntaxError> {
        let is_sound = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
        if text.is_empty() || text.len() > CLIENT_NAME_BYTES_MAX || !text.bytes().all(is_sound) {
            return Err(SyntaxError::ClientName);
        }
        Ok(Self(text.to_owned()))
    }
}

/// Says why a line is no command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyntaxError {
    /// No verb of ours.
    UnknownVerb,
    /// A control byte, or bytes that are not UTF-8.
    Bytes,
    /// The arguments do not have the form of this verb.
    Arguments,
    /// EHLO or HELO without a usable name.
    ClientName,
    /// The path is not in angle brackets.
    Brackets,
    /// The path is a source route.
    SourceRoute,
    /// The sender is no valid address.
    Sender,
    /// The recipient is no valid address.
    Recipient,
    /// An address needs UTF-8 but MAIL was without SMTPUTF8.
    NeedsSmtpUtf8,
    /// A parameter is malformed or given twice.
    Parameter,
    /// A parameter that is not offered.
    UnknownParameter,
    /// A body type that is not offered.
    BodyType,
    /// BDAT without a usable size: how many bytes follow cannot be known.
    ChunkSize,
}

/// Reads a command line without its CRLF.
pub fn parse(line: &[u8]) -> Result<Command, SyntaxError> {
    let text = std::str::from_utf8(line).map_err(|_| SyntaxError::Bytes)?;
    if text
        .bytes()
        .any(|byte| byte.is_ascii_control() && byte != b'\t')
    {
        return Err(SyntaxError::Bytes);
    }
    // RFC 5321 4.1.1: trailing white space before CRLF is tolerated.
    let text = text.trim_end_matches([' ', '\t']);
    let (verb, arguments) = text.split_once(' ').unwrap_or((text, ""));
    let verb = Verb::of(verb).ok_or(SyntaxError::UnknownVerb)?;
    // A tab is only allowed where the argument is ignored anyway.
    let ignores_argument = matches!(
        verb,
        Verb::Noop | Verb::Vrfy | Verb::Expn | Verb::Help | Verb::Auth
    );
    if !ignores_argument && arguments.contains('\t') {
        return Err(SyntaxError::Bytes);
    }
    match verb {
        Verb::Ehlo => ClientName::parse(arguments).map(Command::Ehlo),
        Verb::Helo => ClientName::parse(arguments).map(Command::Helo),
        Verb::Mail => mail(arguments).map(Command::Mail),
        Verb::Rcpt => rcpt(arguments).map(Command::Rcpt),
        Verb::Bdat => chunk(arguments).map(Command::Bdat),
        Verb::Data => alone(Command::Data, arguments),
        Verb::Rset => alone(Command::Rset, arguments),
        Verb::StartTls => alone(Command::StartTls, arguments),
        Verb::Quit => alone(Command::Quit, arguments),
        Verb::Noop => Ok(Command::Noop),
        Verb::Vrfy => Ok(Command::Vrfy),
        Verb::Expn => Ok(Command::Expn),
        Verb::Help => Ok(Command::Help),
        Verb::Auth => Ok(Command::Auth),
    }
}

/// Tells whether a session's first line is an HTTP request, which a browser was tricked into sending.
#[must_use]
pub fn is_http_request(line: &[u8]) -> bool {
    const METHODS: [&[u8]; 10] = [
        b"GET ",
        b"POST ",
        b"PUT ",
        b"HEAD ",
        b"DELETE ",
        b"OPTIONS ",
        b"PATCH ",
        b"CONNECT ",
        b"TRACE ",
        b"PRI ",
    ];
    METHODS.iter().any(|method| {
        line.get(..method.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(method))
    })
}

#[derive(Clone, Copy)]
enum Verb {
    Ehlo,
    Helo,
    Mail,
    Rcpt,
    Data,
    Bdat,
    Rset,
    Noop,
    Vrfy,
    Expn,
    Help,
    StartTls,
    Auth,
    Quit,
}

impl Verb {
    fn of(text: &str) -> Option<Self> {
        let known = [
            ("MAIL", Self::Mail),
            ("RCPT", Self::Rcpt),
            ("DATA", Self::Data),
            ("BDAT", Self::Bdat),
            ("EHLO", Self::Ehlo),
            ("QUIT", Self::Quit),
            ("RSET", Self::Rset),
            ("NOOP", Self::Noop),
            ("STARTTLS", Self::StartTls),
            ("HELO", Self::Helo),
            ("VRFY", Self::Vrfy),
            ("EXPN", Self::Expn),
            ("HELP", Self::Help),
            ("AUTH", Self::Auth),
        ];
        known
            .into_iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(text))
            .map(|(_, verb)| verb)
    }
}

fn alone(command: Command, arguments: &str) -> Result<Command, SyntaxError> {
    match arguments.is_empty() {
        true => Ok(command),
        false => Err(SyntaxError::Arguments),
    }
}

fn mail(arguments: &str) -> Result<MailFrom, SyntaxError> {
    let (path, rest) = path::split(arguments, "FROM:")?;
    let parameters = parameters::mail(rest)?;
    let sender = match path {
        Path::Null => None,
        Path::Mailbox(text) => {
            Some(EmailAddress::parse_envelope(text).map_err(|_| SyntaxError::Sender)?)
        }
        Path::Postmaster => return Err(SyntaxError::Sender),
    };
    // RFC 6531 3.4: a UTF-8 address is only allowed together with SMTPUTF8.
    if matches!(path, Path::Mailbox(text) if !text.is_ascii()) && !parameters.smtputf8 {
        return Err(SyntaxError::NeedsSmtpUtf8);
    }
    Ok(MailFrom { sender, parameters })
}

fn rcpt(arguments: &str) -> Result<RcptTo, SyntaxError> {
    let (path, rest) = path::split(arguments, "TO:")?;
    let parameters = parameters::rcpt(rest)?;
    let recipient = match path {
        Path::Null => return Err(SyntaxError::Recipient),
        Path::Postmaster => ForwardPath::Postmaster,
        Path::Mailbox(text) => ForwardPath::Mailbox(
            EmailAddress::parse_envelope(text).map_err(|_| SyntaxError::Recipient)?,
        ),
    };
    let needs_smtputf8 = matches!(path, Path::Mailbox(text) if !text.is_ascii());
    Ok(RcptTo {
        recipient,
        needs_smtputf8,
        parameters,
    })
}

// RFC 3030 2: bdat-cmd ::= "BDAT" SP chunk-size [ SP end-marker ] CR LF, chunk-size ::= 1*DIGIT
fn chunk(arguments: &str) -> Result<Chunk, SyntaxError> {
    let (size, marker) = match arguments.split_once(' ') {
        Some((size, marker)) => (size, Some(marker)),
        None => (arguments, None),
    };
    if size.is_empty() || !size.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(SyntaxError::ChunkSize);
    }
    let size = size.parse().map_err(|_| SyntaxError::ChunkSize)?;
    match marker {
        None => Ok(Chunk { size, last: false }),
        Some(marker) if marker.eq_ignore_ascii_case("LAST") => Ok(Chunk { size, last: true }),
        Some(_) => Err(SyntaxError::ChunkSize),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn address(text: &str) -> EmailAddress {
        EmailAddress::parse_envelope(text).expect("a valid test address")
    }

    #[test]
    fn verbs_are_read_in_any_case() {
        assert_eq!(parse(b"quit"), Ok(Command::Quit));
        assert_eq!(parse(b"QuIt \t "), Ok(Command::Quit));
        assert_eq!(
            parse(b"BDAT 5 last"),
            Ok(Command::Bdat(Chunk {
                size: 5,
                last: true
            }))
        );
        assert_eq!(
            parse(b"ehlo [IPv6:::1]"),
            Ok(Command::Ehlo(ClientName("[IPv6:::1]".to_owned())))
        );
    }

    #[test]
    fn mail_carries_sender_and_parameters() {
        let Ok(Command::Mail(mail)) = parse(b"MAIL FROM:<a@b.example> SIZE=5") else {
            panic!("not read as MAIL")
        };
        assert_eq!(mail.sender, Some(address("a@b.example")));
        assert_eq!(mail.parameters.size, Some(5));
        let Ok(Command::Mail(null)) = parse(b"MAIL FROM:<>") else {
            panic!("not read as MAIL")
        };
        assert_eq!(null.sender, None);
    }

    #[test]
    fn smtp_09_odd_arguments_are_refused_by_every_verb() {
        let table: [(&[u8], SyntaxError); 22] = [
            (b"", SyntaxError::UnknownVerb),
            (b" NOOP", SyntaxError::UnknownVerb),
            (b"XCLIENT ADDR=192.0.2.1", SyntaxError::UnknownVerb),
            (
                b"PROXY TCP4 192.0.2.1 192.0.2.2 1 25",
                SyntaxError::UnknownVerb,
            ),
            (b"NOOP \x01", SyntaxError::Bytes),
            (b"VRFY a\0b", SyntaxError::Bytes),
            (b"HELP \xff", SyntaxError::Bytes),
            (b"\xff", SyntaxError::Bytes),
            (b"EHLO", SyntaxError::ClientName),
            (b"EHLO a b", SyntaxError::ClientName),
            (b"EHLO a\tb", SyntaxError::Bytes),
            (b"HELO <script>", SyntaxError::ClientName),
            (b"DATA now", SyntaxError::Arguments),
            (b"RSET x", SyntaxError::Arguments),
            (b"QUIT now", SyntaxError::Arguments),
            (b"STARTTLS x", SyntaxError::Arguments),
            (b"MAIL", SyntaxError::Arguments),
            (b"RCPT TO:<>", SyntaxError::Recipient),
            (b"MAIL FROM:<postmaster>", SyntaxError::Sender),
            (b"BDAT", SyntaxError::ChunkSize),
            (b"BDAT -1 LAST", SyntaxError::ChunkSize),
            (b"BDAT 1 FIRST", SyntaxError::ChunkSize),
        ];
        for (line, expected) in table {
            assert_eq!(parse(line), Err(expected), "{}", line.escape_ascii());
        }
    }

    #[test]
    fn smtp_06_a_chunk_size_is_a_number_that_fits() {
        assert_eq!(
            parse(b"BDAT 9223372036854775808"),
            Ok(Command::Bdat(Chunk {
                size: 1 << 63,
                last: false
            }))
        );
        assert_eq!(
            parse(b"BDAT 18446744073709551616"),
            Err(SyntaxError::ChunkSize)
        );
    }

    #[test]
    fn utf8_addresses_need_smtputf8() {
        assert_eq!(
            parse("MAIL FROM:<jörg@b.example>".as_bytes()),
            Err(SyntaxError::NeedsSmtpUtf8)
        );
        assert!(parse("MAIL FROM:<jörg@b.example> SMTPUTF8".as_bytes()).is_ok());
    }

    #[test]
    fn smtp_16_http_requests_are_recognised() {
        assert!(is_http_request(b"POST / HTTP/1.1"));
        assert!(is_http_request(b"get /"));
        assert!(!is_http_request(b"GETX"));
        assert!(!is_http_request(b"EHLO x"));
    }

    proptest! {
        #[test]
        fn the_parser_is_total(line in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(&line);
        }

        #[test]
        fn the_parser_is_total_behind_each_verb(
            start in proptest::sample::select(vec!["EHLO ", "MAIL FROM:<", "MAIL FROM:<a@b.example> ", "RCPT TO:<", "RCPT TO:<a@b.example> ORCPT=", "BDAT ", "NOOP ", "AUTH "]),
            rest in "\\PC{0,60}",
        ) {
            let _ = parse(format!("{start}{rest}").as_bytes());
        }

        #[test]
        fn smtp_08_a_client_name_never_holds_control_bytes(name in proptest::collection::vec(any::<u8>(), 0..40)) {
            let line = [b"EHLO ".as_slice(), &name].concat();
            if let Ok(Command::Ehlo(name)) = parse(&line) {
                prop_assert!(name.as_str().bytes().all(|byte| byte.is_ascii_graphic()));
            }
        }
    }
}
