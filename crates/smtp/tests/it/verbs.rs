//! Every verb, its odd arguments, and the order of verbs.

use crate::client::{House, config, connect};

#[tokio::test]
async fn ehlo_announces_what_is_there_and_nothing_else() {
    let (mut client, _) = connect().await;
    let reply = client.command("EHLO client.example").await;
    let offers: Vec<&str> = reply.lines().map(|line| &line[4..]).collect();
    assert_eq!(
        offers,
        [
            "mx.ours.example",
            "PIPELINING",
            "SIZE 65536",
            "8BITMIME",
            "SMTPUTF8",
            "CHUNKING",
            "ENHANCEDSTATUSCODES",
            "LIMITS MAILMAX=100000 RCPTMAX=100"
        ]
    );
}

#[tokio::test]
async fn commands_out_of_order_are_refused() {
    let (mut client, _) = connect().await;
    client
        .expect("MAIL FROM:<a@far.example>", "503 5.5.1")
        .await;
    client.expect("EHLO c.example", "250").await;
    client
        .expect("RCPT TO:<known@ours.example>", "503 5.5.1")
        .await;
    client.expect("DATA", "503 5.5.1").await;
    client.expect("MAIL FROM:<a@far.example>", "250").await;
    client
        .expect("MAIL FROM:<b@far.example>", "503 5.5.1")
        .await;
    client.expect("DATA", "503 5.5.1").await;
    client.expect("EHLO c.example", "250").await;
    client
        .expect("RCPT TO:<known@ours.example>", "503 5.5.1")
        .await;
}

#[tokio::test]
async fn small_verbs_have_fixed_answers() {
    let (mut client, _) = connect().await;
    client.expect("noop anything at all", "250 2.0.0").await;
    client.expect("RSET", "250 2.0.0").await;
    client.expect("HELP", "214 2.0.0").await;
    client.expect("VRFY known", "252 2.5.0").await;
    client.expect("EXPN list", "502 5.5.1").await;
    client.expect("AUTH PLAIN AGEAYg==", "502 5.5.1").await;
    client.expect("STARTTLS", "502 5.5.1").await;
    client.expect("QUIT", "221 2.0.0").await;
    assert_eq!(client.rest().await, "");
}

#[tokio::test]
async fn body_types_are_those_announced() {
    let (mut client, _) = connect().await;
    client.expect("EHLO c.example", "250").await;
    client
        .expect("MAIL FROM:<a@far.example> BODY=BINARYMIME", "504 5.5.4")
        .await;
    client
        .expect("MAIL FROM:<a@far.example> REQUIRETLS", "555 5.5.4")
        .await;
    client
        .expect("MAIL FROM:<a@far.example> BODY=7BIT", "250")
        .await;
}

/// Ways into each state of a session.
const STATES: [&str; 6] = [
    "",
    "EHLO c.example\r\n",
    "HELO c.example\r\n",
    "EHLO c.example\r\nMAIL FROM:<a@far.example>\r\n",
    "EHLO c.example\r\nMAIL FROM:<a@far.example>\r\nRCPT TO:<known@ours.example>\r\n",
    "EHLO c.example\r\nMAIL FROM:<a@far.example>\r\nRCPT TO:<known@ours.example>\r\nBDAT 6\r\na: b\r\n",
];

#[tokio::test]
async fn smtp_09_odd_arguments_in_every_state_get_one_clean_answer() {
    let odd = [
        "NOOP \u{fc}\t",
        "HELP \"",
        "VRFY",
        "VRFY <>",
        "EXPN",
        "XCLIENT ADDR=[UNAVAILABLE]",
        "XFORWARD A=b",
        "PROXY",
        "TURN",
        "ETRN x",
        "SEND FROM:<a@b>",
        "MAIL",
        "MAIL FROM",
        "MAIL FROM:",
        "MAIL FROM:<",
        "MAIL FROM:<>>",
        "MAIL FROM:<a@b.example> =",
        "MAIL FROM:<a@b.example> A=B",
        "RCPT TO",
        "RCPT TO:<\"",
        "RCPT TO:<a@b.example> NOTIFY=",
        "EHLO",
        "HELO",
        "EHLO (",
        "DATA x",
        "RSET x",
        "QUIT x",
        "AUTH",
        "AUTH =",
        "",
        " ",
        "\t",
        "\u{7f}",
        "\0",
        "STARTTLS x",
        "\u{fffd}",
    ];
    for state in STATES {
        for line in odd {
            let house = House::new(config());
            let mut client = house.connect().await;
            client.send(format!("{state}{line}\r\nQUIT\r\n")).await;
            let expected = state.matches("\r\n").count() - usize::from(state.contains("BDAT"));
            for _ in 0..expected {
                assert!(client.reply().await.starts_with("250"));
            }
            let reply = client.reply().await;
            assert!(
                reply.lines().count() == 1 && reply.len() < 500,
                "{line:?}: {reply}"
            );
            assert!(matches!(&reply[..1], "2" | "5"), "{line:?}: {reply}");
            assert!(
                client.rest().await.starts_with("221"),
                "{line:?} in {state:?}"
            );
            assert!(house.recorder.messages().is_empty());
        }
    }
}

#[tokio::test]
async fn smtp_09_unknown_verbs_count_as_errors_up_to_the_limit() {
    let (mut client, _) = connect().await;
    for _ in 1..posthouse_smtp::limits::ERRORS_PER_SESSION_MAX {
        client.expect("BOGUS", "500 5.5.1").await;
    }
    client.expect("NOOP", "250").await;
    client.expect("BOGUS", "421 4.7.0").await;
    assert_eq!(client.rest().await, "");
}
