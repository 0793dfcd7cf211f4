//! Peers that are no mail servers: endless lines, probes, relay tests, other protocols, forged identities, sudden ends.

use std::time::Duration;

use posthouse_smtp::SmtpConfig;
use posthouse_smtp::limits::{
    COMMAND_LINE_BYTES_MAX, UNKNOWN_RECIPIENT_DELAY, UNKNOWN_RECIPIENTS_PER_SESSION_MAX,
};
use tokio::io::AsyncWriteExt;
use tokio::time::Instant;

use crate::client::{House, PEER, config, connect};

#[tokio::test]
async fn smtp_03_endless_command_line_is_cut_off() {
    for start in ["", "MAIL FROM:<", "AUTH PLAIN ", "EHLO x\n"] {
        let (mut client, _) = connect().await;
        client.send(start).await;
        client.send("x".repeat(COMMAND_LINE_BYTES_MAX + 1)).await;
        let rest = client.rest().await;
        assert!(
            rest.lines()
                .last()
                .is_some_and(|line| line.starts_with("500 5.5.6")),
            "{rest}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn smtp_03_a_flood_without_line_end_is_not_read_for_ever() {
    let house = House::new(config());
    let client = house.connect().await;
    let (mut stream, session) = client.into_parts();
    let block = vec![b'x'; 64 * 1024];
    let mut sent = 0_usize;
    while stream.write_all(&block).await.is_ok() {
        sent += block.len();
        assert!(sent < 16 * 1024 * 1024, "the session goes on reading");
    }
    session
        .expect("the test opened it")
        .await
        .expect("the session does not panic");
}

#[tokio::test]
async fn smtp_05_disconnects_in_any_state_hurt_nobody_else() {
    let house = House::new(SmtpConfig {
        buffer_bytes_max: 64 * 1024,
        ..config()
    });
    let mut witness = house.connect().await;
    witness.expect("EHLO witness.example", "250").await;
    let start = "EHLO c.example\r\nMAIL FROM:<a@far.example>\r\nRCPT TO:<known@ours.example>\r\n";
    let ends = [
        "",
        "EH",
        "AUTH PLAIN =",
        "DATA\r\n",
        "DATA\r\nhalf",
        "DATA\r\nhalf\r\n.",
        "DATA\r\nhalf\r\n.\r",
        "BDAT 100\r\nhalf",
        "BDAT 4\r\nhalf",
        "BDAT 9999999999999\r\n",
        "STARTTLS\r\n",
        "RSET\r",
        "\n",
        "DATA\r\nbad\nline",
    ];
    for end in ends {
        for prefix in ["", start] {
            let mut client = house.connect().await;
            client.send(format!("{prefix}{end}")).await;
            client.hang_up().await;
            witness.expect("NOOP", "250").await;
        }
    }
    assert!(house.recorder.messages().is_empty());
    // The only block of message memory has come back from all of them.
    witness.envelope().await;
    assert!(witness.message("a: b").await.starts_with("250"));
}

#[tokio::test]
async fn smtp_07_smtp_08_client_names_reach_the_mailroom_printable_or_not_at_all() {
    for name in [
        "a\rb", "a\0b", "a\x1bb", "a\x7fb", "a\tb", "a b", "<b>", "\u{fc}", "a;b", "a(b)", "a\\b",
        "'--",
    ] {
        let (mut client, recorder) = connect().await;
        let reply = client.command(&format!("EHLO {name}")).await;
        assert!(
            reply.starts_with("500") || reply.starts_with("501"),
            "{name:?}: {reply}"
        );
        client.expect("EHLO good.example", "250").await;
        client.envelope().await;
        assert!(client.message("a: b").await.starts_with("250"));
        assert_eq!(recorder.messages()[0].helo, "good.example");
    }
}

#[tokio::test]
async fn smtp_08_envelope_addresses_with_control_bytes_are_refused() {
    for address in [
        "a\rb@far.example",
        "a\0b@far.example",
        "\"a\x0bb\"@far.example",
        "a@far\x7f.example",
        "a@far.example\x01",
    ] {
        let (mut client, recorder) = connect().await;
        client.expect("EHLO c.example", "250").await;
        let reply = client.command(&format!("MAIL FROM:<{address}>")).await;
        assert!(reply.starts_with('5'), "{address:?}: {reply}");
        client.expect("MAIL FROM:<>", "250").await;
        let reply = client.command(&format!("RCPT TO:<{address}>")).await;
        assert!(reply.starts_with('5'), "{address:?}: {reply}");
        assert!(recorder.records().looked_up.is_empty());
    }
}

#[tokio::test]
async fn smtp_14_classic_relay_tests_are_refused() {
    let recipients = [
        "victim@far.example",
        "victim%far.example@ours.example",
        "victim%far.example",
        "\"victim@far.example\"",
        "\"victim@far.example\"@ours.example",
        "\"victim%far.example\"@ours.example",
        "@ours.example:victim@far.example",
        "@ours.example,@far.example:known@ours.example",
        "far.example!victim",
        "far.example!victim@ours.example",
        "victim@far.example@ours.example",
        "victim@[192.0.2.1]",
        "victim@[127.0.0.1]",
        "victim@localhost",
        "victim",
        "\"\"@ours.example",
        "victim@ours.example.far.example",
        "known@ours.example,victim@far.example",
        "known@ours.example victim@far.example",
        "",
    ];
    for recipient in recipients {
        for sender in [
            "",
            "victim@ours.example",
            "a@far.example",
            "a@localhost.example",
            "a@[192.0.2.1]",
        ] {
            let (mut client, recorder) = connect().await;
            client.expect("EHLO c.example", "250").await;
            client.expect(&format!("MAIL FROM:<{sender}>"), "250").await;
            let reply = client.command(&format!("RCPT TO:<{recipient}>")).await;
            assert!(reply.starts_with('5'), "{recipient}: {reply}");
            let reply = client.command("DATA").await;
            assert!(reply.starts_with('5'), "{recipient}: {reply}");
            assert!(recorder.messages().is_empty());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn smtp_15_unknown_recipients_are_answered_late() {
    let house = House::new(SmtpConfig {
        unknown_recipient_delay: UNKNOWN_RECIPIENT_DELAY,
        ..config()
    });
    let mut client = house.connect().await;
    client.address().await;
    let asked = Instant::now();
    client.expect("RCPT TO:<user1@ours.example>", "250").await;
    assert_eq!(asked.elapsed(), Duration::ZERO);
    client
        .expect("RCPT TO:<nobody@ours.example>", "550 5.1.1")
        .await;
    assert!(asked.elapsed() >= UNKNOWN_RECIPIENT_DELAY);
}

#[tokio::test]
async fn smtp_15_after_many_guesses_known_and_unknown_look_the_same() {
    let (mut client, recorder) = connect().await;
    client.address().await;
    for number in 0..UNKNOWN_RECIPIENTS_PER_SESSION_MAX {
        client
            .expect(
                &format!("RCPT TO:<nobody{number}@ours.example>"),
                "550 5.1.1",
            )
            .await;
    }
    let looked_up = recorder.records().looked_up.len();
    let unknown = client.command("RCPT TO:<nobody@ours.example>").await;
    let known = client.command("RCPT TO:<user1@ours.example>").await;
    assert_eq!(unknown, known);
    assert!(known.starts_with("452 4.7.1"));
    assert_eq!(
        recorder.records().looked_up.len(),
        looked_up,
        "neither was looked up"
    );
    for verb in [
        "VRFY known@ours.example",
        "VRFY nobody@ours.example",
        "VRFY",
    ] {
        client.expect(verb, "252 2.5.0").await;
    }
    client.expect("EXPN known@ours.example", "502").await;
    assert!(
        client.message("a: b").await.starts_with("250"),
        "recipients accepted before stay accepted"
    );
}

#[tokio::test]
async fn smtp_16_http_requests_are_hung_up_on() {
    for request in [
        "POST / HTTP/1.1\r\nHost: x\r\n\r\nEHLO a\r\nMAIL FROM:<a@far.example>\r\n",
        "GET / HTTP/1.0\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ] {
        let (mut client, _) = connect().await;
        client.send(request).await;
        assert_eq!(client.rest().await, "", "{request}");
    }
    let (mut client, _) = connect().await;
    client.expect("NOOP", "250").await;
    client.expect("POST / HTTP/1.1", "500").await;
}

#[tokio::test]
async fn smtp_17_forged_identities_are_unknown_verbs() {
    let forgeries: [&[u8]; 5] = [
        b"PROXY TCP4 198.51.100.1 192.0.2.2 1 25\r\n",
        b"PROXY UNKNOWN\r\n",
        b"XCLIENT ADDR=198.51.100.1 NAME=trusted.example LOGIN=admin\r\n",
        b"XFORWARD ADDR=198.51.100.1\r\n",
        b"\r\n\r\n\0\r\nQUIT\n!\x11\0\x0c\xc6\x33\x64\x01\xc0\0\x02\x02\0\x01\0\x19\r\n",
    ];
    for forgery in forgeries {
        let (mut client, recorder) = connect().await;
        client.send(forgery).await;
        for _ in 0..forgery.windows(2).filter(|pair| pair == b"\r\n").count() {
            assert!(
                client.reply().await.starts_with("500"),
                "{}",
                forgery.escape_ascii()
            );
        }
        client.address().await;
        assert!(client.message("a: b").await.starts_with("250"));
        assert_eq!(recorder.messages()[0].peer, PEER);
    }
}
