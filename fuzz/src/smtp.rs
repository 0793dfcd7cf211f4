//! The SMTP session as a state machine: any bytes, cut anywhere, in every state a session can be in.
//!
//! The first byte of an input says how the rest is cut into reads; the rest is what the peer sends before it hangs up. Promises:
//! every reply is a valid protocol line, the replies do not depend on the cuts, no `250` for a message that was not handed over, and
//! nothing handed over breaks the limits or the rules for line ends.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use posthouse_smtp::SmtpConfig;
use posthouse_smtp::intake::{Acceptance, Delivery, Intake, ReceiveRefusal, RecipientRefusal};
use posthouse_smtp::limits::REPLY_LINE_BYTES_MAX;
use posthouse_smtp::session::{self, Door};
use posthouse_types::address::EmailAddress;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_util::sync::CancellationToken;

use crate::Target;

/// The target as the runner sees it.
pub const TARGET: Target = Target {
    name: "smtp",
    run: fuzz_smtp,
    seeds: SEEDS,
    dictionary: DICTIONARY,
};

const MESSAGE_BYTES_MAX: usize = 4_096;
const RCPT_MAX: usize = 3;
/// Longer inputs are cut: they would only repeat what shorter ones show.
const INPUT_BYTES_MAX: usize = 16 * 1024;

/// What brings a session into each of its states.
const STATES: [&str; 8] = [
    "",
    "EHLO a.example\r\n",
    "HELO a.example\r\n",
    "EHLO a.example\r\nMAIL FROM:<a@far.example> SMTPUTF8\r\n",
    "EHLO a.example\r\nMAIL FROM:<>\r\nRCPT TO:<known@ours.example>\r\n",
    "EHLO a.example\r\nMAIL FROM:<>\r\nRCPT TO:<known@ours.example>\r\nDATA\r\n",
    "EHLO a.example\r\nMAIL FROM:<>\r\nRCPT TO:<known@ours.example>\r\nBDAT 6\r\na: b\r\n",
    "EHLO a.example\r\nMAIL FROM:<>\r\nRCPT TO:<known@ours.example>\r\nDATA\r\na: b\r\n.\r\n",
];

const SEEDS: &[&[u8]] = &[
    b"\x00EHLO c.example\r\nMAIL FROM:<a@far.example> SIZE=100 BODY=8BITMIME\r\nRCPT TO:<known@ours.example>\r\nDATA\r\nSubject: x\r\n\r\n..y\r\n.\r\nQUIT\r\n",
    b"\x01MAIL FROM:<>\r\nRCPT TO:<user1@ours.example> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;a+2Bb@c.example\r\nBDAT 9\r\na: b\r\n\r\n\nBDAT 4 LAST\r\nend\nRSET\r\n",
    b"\x05text\n.\nMAIL FROM:<evil@far.example>\r\n.\r\nNOOP\r\n",
    b"\x03text\r\r\n.\r\r\n.\r\nNOOP\r\n",
    b"\x07RSET\r\nVRFY x\r\nEXPN y\r\nHELP\r\nAUTH PLAIN =\r\nSTARTTLS\r\nNOOP \xc3\xbc\r\nHELO [192.0.2.1]\r\n",
    b"\x02GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    b"\x00\r\n\r\n\0\r\nQUIT\n!\x11\0\x0c",
    b"\x02BDAT 4096 LAST\r\nBDAT 0 LAST\r\nBDAT 9223372036854775808\r\n",
];

const DICTIONARY: &[&[u8]] = &[
    b"EHLO a.example\r\n",
    b"HELO b\r\n",
    b"MAIL FROM:<",
    b"MAIL FROM:<>\r\n",
    b"RCPT TO:<",
    b"RCPT TO:<known@ours.example>\r\n",
    b"@ours.example>\r\n",
    b"DATA\r\n",
    b"BDAT 5\r\n",
    b"BDAT 5 LAST\r\n",
    b"BDAT 0 LAST\r\n",
    b"RSET\r\n",
    b"NOOP\r\n",
    b"QUIT\r\n",
    b"STARTTLS\r\n",
    b"VRFY ",
    b"\r\n",
    b"\r\n.\r\n",
    b"\r\n..",
    b"\n.\n",
    b"\r.\r",
    b"\n",
    b"\r",
    b"\0",
    b" SIZE=",
    b" BODY=8BITMIME",
    b" SMTPUTF8",
    b" RET=FULL",
    b" ENVID=",
    b" NOTIFY=NEVER",
    b" ORCPT=",
    b"\"",
    b"\\",
    b">",
    b"99999999999999999999",
    b"a: b\r\n\r\n",
];

/// Plays one input in every state of a session.
pub fn fuzz_smtp(data: &[u8]) {
    let Some((&cut, sent)) = data.split_first() else {
        return;
    };
    let sent = &sent[..sent.len().min(INPUT_BYTES_MAX)];
    for state in STATES {
        let wire = [state.as_bytes(), sent].concat();
        let whole = play(&wire, wire.len().max(1));
        check(&whole);
        let pieces = play(&wire, usize::from(cut) + 1);
        assert_eq!(
            whole.output.escape_ascii().to_string(),
            pieces.output.escape_ascii().to_string(),
            "replies depend on how the input is cut ({state:?})"
        );
        assert_eq!(
            whole.received, pieces.received,
            "messages depend on how the input is cut"
        );
    }
}

/// What one session did.
struct Played {
    output: Vec<u8>,
    received: Vec<Vec<u8>>,
    confirmed: usize,
}

fn check(played: &Played) {
    let mut accepted = 0;
    let mut rest = played.output.as_slice();
    while !rest.is_empty() {
        let length = rest
            .windows(2)
            .position(|pair| pair == b"\r\n")
            .expect("every reply line ends with CRLF");
        let line = &rest[..length];
        rest = &rest[length + 2..];
        assert!(length + 2 <= REPLY_LINE_BYTES_MAX, "reply line too long");
        let code_is_sound = line.len() > 3
            && line[..3].iter().all(u8::is_ascii_digit)
            && matches!(line[0], b'2'..=b'5');
        assert!(
            code_is_sound && matches!(line[3], b' ' | b'-'),
            "reply without code: {}",
            line.escape_ascii()
        );
        assert!(
            line.iter().all(|byte| matches!(byte, b' '..=b'~')),
            "reply holds odd bytes: {}",
            line.escape_ascii()
        );
        if line.starts_with(b"250 ") && line.ends_with(b" accepted") {
            accepted += 1;
            assert_eq!(
                line,
                format!("250 2.0.0 stored-{accepted} accepted").as_bytes()
            );
        }
    }
    assert_eq!(
        accepted,
        played.received.len(),
        "each message handed over is answered once, and nothing else is"
    );
    assert!(played.confirmed <= accepted);
}

fn check_delivery(delivery: &Delivery<String>) {
    assert!((1..=RCPT_MAX).contains(&delivery.recipients.len()));
    assert!(
        delivery
            .recipients
            .iter()
            .enumerate()
            .all(|(at, recipient)| !delivery.recipients[..at].contains(recipient))
    );
    assert!(!delivery.helo.is_empty() && delivery.helo.bytes().all(|byte| byte.is_ascii_graphic()));
    let raw = &delivery.raw;
    assert!(raw.len() <= MESSAGE_BYTES_MAX);
    for (at, &byte) in raw.iter().enumerate() {
        assert_ne!(byte, 0, "NUL was handed over");
        assert!(
            byte != b'\n' || (at > 0 && raw[at - 1] == b'\r'),
            "bare LF was handed over"
        );
        assert!(
            byte != b'\r' || raw.get(at + 1) == Some(&b'\n'),
            "bare CR was handed over"
        );
    }
}

fn play(wire: &[u8], piece: usize) -> Played {
    thread_local! {
        static RUNTIME: tokio::runtime::Runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime without I/O needs nothing from the system");
    }
    let recorder = Recorder::default();
    let output = Arc::new(Mutex::new(Vec::new()));
    let stream = Script {
        input: wire.to_vec(),
        at: 0,
        piece,
        output: Arc::clone(&output),
    };
    let config = SmtpConfig {
        message_bytes_max: MESSAGE_BYTES_MAX,
        rcpt_max: RCPT_MAX,
        buffer_bytes_max: 128 * 1024,
        unknown_recipient_delay: Duration::ZERO,
        ..SmtpConfig::new("mx.ours.example")
    };
    let door = Door::new(Arc::new(config), recorder.clone(), CancellationToken::new());
    RUNTIME.with(|runtime| {
        runtime.block_on(session::run(&door, stream, IpAddr::V4(Ipv4Addr::LOCALHOST)))
    });
    let output = std::mem::take(&mut *output.lock().expect("one thread"));
    let mut records = recorder.0.lock().expect("one thread");
    Played {
        output,
        received: std::mem::take(&mut records.received),
        confirmed: records.confirmed,
    }
}

/// Gives the input in pieces, then the end of the connection; takes any output.
struct Script {
    input: Vec<u8>,
    at: usize,
    piece: usize,
    output: Arc<Mutex<Vec<u8>>>,
}

impl AsyncRead for Script {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let end = self
            .input
            .len()
            .min(self.at + self.piece.min(buffer.remaining()));
        buffer.put_slice(&self.input[self.at..end]);
        self.at = end;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Script {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        self.output
            .lock()
            .expect("one thread")
            .extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Takes every sound message and remembers it.
#[derive(Clone, Default)]
struct Recorder(Arc<Mutex<Records>>);

#[derive(Default)]
struct Records {
    received: Vec<Vec<u8>>,
    confirmed: usize,
    open: HashSet<usize>,
}

impl Intake for Recorder {
    type Recipient = String;
    type Receipt = usize;

    async fn resolve(&self, address: &EmailAddress) -> Result<String, RecipientRefusal> {
        match (address.domain().as_str(), address.local()) {
            ("ours.example", "deferred") => Err(RecipientRefusal::Deferred),
            ("ours.example", "nobody") => Err(RecipientRefusal::Unknown),
            ("ours.example", local) => Ok(local.to_ascii_lowercase()),
            _ => Err(RecipientRefusal::Relay),
        }
    }

    fn is_same_mailbox(one: &String, other: &String) -> bool {
        one == other
    }

    async fn receive(
        &self,
        delivery: Delivery<String>,
    ) -> Result<Acceptance<usize>, ReceiveRefusal> {
        check_delivery(&delivery);
        let mut records = self.0.lock().expect("one thread");
        records.received.push(delivery.raw.to_vec());
        let number = records.received.len();
        records.open.insert(number);
        Ok(Acceptance {
            id: format!("stored-{number}"),
            message_ids: vec![format!("stored-{number}")],
            receipt: number,
        })
    }

    fn confirm(&self, receipt: usize) {
        let mut records = self.0.lock().expect("one thread");
        assert!(
            records.open.remove(&receipt),
            "a receipt was confirmed twice"
        );
        records.confirmed += 1;
    }
}
