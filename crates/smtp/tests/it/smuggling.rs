//! SMTP-01: nothing but CRLF.CRLF ends a message, and a message with any other line end is no message.

use crate::client::{Client, House, config};

/// What some server somewhere takes for the end of data.
const SEQUENCES: [&str; 8] = [
    "\n.\n",
    "\n.\r\n",
    "\r.\r",
    "\r\n.\r",
    "\r.\r\n",
    "\r\n.\n",
    "\r\r\n.\r\r\n",
    "\r\n\0.\r\n",
];

const SMUGGLED: &str = "MAIL FROM:<evil@far.example>\r\nRCPT TO:<known@ours.example>\r\nDATA\r\nSubject: smuggled\r\n\r\nx\r\n.\r\n";

async fn ready(house: &House) -> Client<tokio::io::DuplexStream> {
    let mut client = house.connect().await;
    client.address().await;
    client
}

#[tokio::test]
async fn smtp_01_smuggled_ends_of_data_leave_no_message_at_any_split() {
    for sequence in SEQUENCES {
        let wire = format!("Subject: a\r\n\r\ntext{sequence}{SMUGGLED}").into_bytes();
        for split in 0..=wire.len() {
            let house = House::new(config());
            let mut client = ready(&house).await;
            client.expect("DATA", "354").await;
            client.send(&wire[..split]).await;
            tokio::task::yield_now().await;
            client.send(&wire[split..]).await;
            let reply = client.reply().await;
            assert!(reply.starts_with('5'), "{sequence:?} at {split}: {reply}");
            // Exactly one reply came, and both sides are at the same place.
            client.expect("NOOP", "250 2.0.0").await;
            client.expect("QUIT", "221").await;
            assert_eq!(client.rest().await, "", "{sequence:?} at {split}");
            assert_eq!(
                house.recorder.messages().len(),
                0,
                "{sequence:?} at {split}"
            );
        }
    }
}

#[tokio::test]
async fn smtp_01_a_whole_session_in_one_write_smuggles_nothing_either() {
    for sequence in SEQUENCES {
        let house = House::new(config());
        let mut client = ready(&house).await;
        client
            .send(format!("DATA\r\ntext{sequence}{SMUGGLED}NOOP\r\nQUIT\r\n"))
            .await;
        let rest = client.rest().await;
        let codes: Vec<&str> = rest.lines().map(|line| &line[..1]).collect();
        assert_eq!(codes, ["3", "5", "2", "2"], "{sequence:?}: {rest}");
        assert_eq!(house.recorder.messages().len(), 0);
    }
}

#[tokio::test]
async fn smtp_01_chunks_with_stray_line_ends_leave_no_message() {
    for sequence in ["\n.\n", "\r.\r", "a\nb", "a\rb", "\0", "a\r"] {
        let house = House::new(config());
        let mut client = ready(&house).await;
        client
            .send(format!("BDAT {} LAST\r\n{sequence}", sequence.len()))
            .await;
        let reply = client.reply().await;
        assert!(reply.starts_with('5'), "{sequence:?}: {reply}");
        client.expect("NOOP", "250").await;
        assert_eq!(house.recorder.messages().len(), 0);
    }
}

#[tokio::test]
async fn smtp_01_stray_line_ends_in_commands_are_refused_once_and_end_no_line() {
    for line in [
        "NOOP\nMAIL FROM:<a@far.example>",
        "NOOP\rRSET",
        "EHLO a\rb",
        "NOOP\r",
        "\nNOOP",
    ] {
        let wire = format!("{line}\r\n").into_bytes();
        for split in 0..=wire.len() {
            let house = House::new(config());
            let mut client = ready(&house).await;
            client.send(&wire[..split]).await;
            tokio::task::yield_now().await;
            client.send(&wire[split..]).await;
            let reply = client.reply().await;
            assert!(
                reply.starts_with("500 5.5.2"),
                "{line:?} at {split}: {reply}"
            );
            client.expect("QUIT", "221").await;
            assert_eq!(client.rest().await, "");
        }
    }
}

#[tokio::test]
async fn a_client_that_ends_lines_with_lf_alone_is_told_at_once() {
    let house = House::new(config());
    let mut client = house.connect().await;
    client.send("EHLO x\n").await;
    assert!(client.reply().await.starts_with("500 5.5.2"));
}

#[tokio::test]
async fn stuffed_dots_are_taken_out_and_nothing_else_is_touched() {
    let house = House::new(config());
    let mut client = ready(&house).await;
    let content = "Subject: \u{fc}\r\n\r\n..dot\r\n.\t\r\nend";
    assert!(client.message(content).await.starts_with("250"));
    let received = house.recorder.messages().remove(0);
    assert_eq!(
        received.raw,
        "Subject: \u{fc}\r\n\r\n.dot\r\n\t\r\nend\r\n".as_bytes()
    );
}
