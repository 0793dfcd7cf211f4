//! What a far server says, and what we say to it: any bytes as replies, cut anywhere, and any bytes as a message.
//!
//! The first byte of an input says how the rest is cut. Promises: replies do not depend on the cuts, are printable and
//! bounded, and what is written as a message is one message with strict line ends.

use posthouse_delivery::limits::{REPLY_LINE_BYTES_KEPT_MAX, REPLY_LINES_MAX};
use posthouse_delivery::proto::capabilities::Capabilities;
use posthouse_delivery::proto::content::{END_OF_DATA, Stuffer, strict};
use posthouse_delivery::proto::reply::{Reply, ReplyError, ReplyParser};

use crate::Target;

/// The target as the runner sees it.
pub const TARGET: Target = Target {
    name: "delivery",
    run: fuzz_delivery,
    seeds: SEEDS,
    dictionary: DICTIONARY,
};

const SEEDS: &[&[u8]] = &[
    b"\x03220 mx.example ESMTP\r\n250-mx.example\r\n250-SIZE 100\r\n250-AUTH=PLAIN LOGIN\r\n250 CHUNKING\r\n354 go on\r\n",
    b"\x01550-5.1.1 no such\r\n550-5.1.1 user\r\n550 5.1.1 here\r\n421 4.3.2 bye\r\n",
    b"\x02250-a\r\n251 b\r\n",
    b"\x05.\r\n..\r\n\r.\r\n\n.\nMAIL FROM:<a@b.example>\r\n.\r\n",
];

const DICTIONARY: &[&[u8]] = &[
    b"250-",
    b"250 ",
    b"421 4.3.2 ",
    b"354 ",
    b"\r\n",
    b"\n",
    b"\r",
    b"\r\n.\r\n",
    b".",
    b"5.1.1 ",
    b"SIZE=",
];

fn fuzz_delivery(input: &[u8]) {
    let Some((cut, bytes)) = input.split_first() else {
        return;
    };
    let piece = usize::from(*cut).max(1);
    let whole = replies(bytes, bytes.len().max(1));
    assert_eq!(whole, replies(bytes, piece), "replies depend on the cuts");
    for reply in &whole.0 {
        let text = reply.to_string();
        assert!(
            text.bytes().all(|byte| (0x20..0x7f).contains(&byte)),
            "{text:?}"
        );
        assert!(reply.lines().len() <= REPLY_LINES_MAX);
        assert!(
            reply
                .lines()
                .iter()
                .all(|line| line.len() <= REPLY_LINE_BYTES_KEPT_MAX)
        );
        let _ = Capabilities::read(reply);
    }
    let wire = message(bytes, piece);
    assert!(wire.ends_with(b".\r\n"));
    let ends = wire.windows(5).filter(|five| five == b"\r\n.\r\n").count();
    assert!(
        ends + usize::from(wire.starts_with(b".\r\n")) == 1,
        "more than one message"
    );
    for (at, byte) in wire.iter().enumerate() {
        let is_paired = match byte {
            b'\r' => wire.get(at + 1) == Some(&b'\n'),
            b'\n' => at > 0 && wire[at - 1] == b'\r',
            _ => true,
        };
        assert!(is_paired, "a bare line end leaves");
    }
}

fn replies(bytes: &[u8], piece: usize) -> (Vec<Reply>, Option<ReplyError>) {
    let (mut parser, mut buffer, mut replies) = (ReplyParser::default(), Vec::new(), Vec::new());
    for piece in bytes.chunks(piece) {
        buffer.extend_from_slice(piece);
        loop {
            match parser.read(&buffer) {
                Ok(step) => {
                    buffer.drain(..step.used);
                    match step.reply {
                        Some(reply) => replies.push(reply),
                        None => break,
                    }
                }
                Err(error) => return (replies, Some(error)),
            }
        }
    }
    (replies, None)
}

fn message(bytes: &[u8], piece: usize) -> Vec<u8> {
    let content = strict(bytes);
    let (mut stuffer, mut wire) = (Stuffer::default(), Vec::new());
    for piece in content.chunks(piece) {
        stuffer.stuff(piece, &mut wire);
    }
    wire.extend_from_slice(END_OF_DATA);
    wire
}
