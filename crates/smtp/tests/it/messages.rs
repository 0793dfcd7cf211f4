//! Messages that arrive: envelope, answers, receipts, refusals at the end.

use posthouse_smtp::intake::{ReceiveRefusal, Transmission};

use crate::client::{House, PEER, config, connect};

#[tokio::test]
async fn a_message_is_handed_over_with_its_envelope_before_250() {
    let (mut client, recorder) = connect().await;
    client.address().await;
    assert_eq!(
        client.message("Subject: hi\r\n\r\nbody").await,
        "250 2.0.0 message-1 accepted"
    );
    let received = recorder.messages().remove(0);
    assert_eq!(received.raw, b"Subject: hi\r\n\r\nbody\r\n");
    assert_eq!(received.peer, PEER);
    assert_eq!(received.helo, "client.example");
    assert_eq!(received.transmission, Transmission::Esmtp);
    assert_eq!(received.sender.as_deref(), Some("ann@far.example"));
    assert_eq!(received.recipients, ["known"]);
    assert_eq!(received.tls, None);
}

#[tokio::test]
async fn the_null_sender_and_helo_and_utf8_are_passed_on() {
    let (mut client, recorder) = connect().await;
    client
        .expect("HELO old.example", "250 mx.ours.example")
        .await;
    client.expect("MAIL FROM:<>", "250").await;
    client.expect("RCPT TO:<PostMaster>", "250").await;
    assert!(client.message("a: b").await.starts_with("250"));
    client.expect("EHLO new.example", "250").await;
    client
        .expect(
            "MAIL FROM:<j\u{f6}rg@far.example> SMTPUTF8 BODY=8BITMIME SIZE=100",
            "250",
        )
        .await;
    client
        .expect(
            "RCPT TO:<j\u{f6}rg@ours.example> NOTIFY=NEVER ORCPT=utf-8;x",
            "250",
        )
        .await;
    assert!(client.message("a: b").await.starts_with("250"));
    let messages = recorder.messages();
    assert_eq!(
        (messages[0].sender.as_deref(), messages[0].transmission),
        (None, Transmission::Smtp)
    );
    assert_eq!(messages[0].recipients, ["postmaster"]);
    assert_eq!(
        (messages[1].sender.as_deref(), messages[1].transmission),
        (Some("j\u{f6}rg@far.example"), Transmission::Utf8Smtp)
    );
}

#[tokio::test]
async fn aliases_of_one_mailbox_are_one_recipient() {
    let (mut client, recorder) = connect().await;
    client.address().await;
    client
        .expect("RCPT TO:<alias@ours.example>", "250 2.1.5")
        .await;
    client
        .expect("RCPT TO:<known@ours.example>", "250 2.1.5")
        .await;
    client
        .expect("RCPT TO:<user1@ours.example>", "250 2.1.5")
        .await;
    assert!(client.message("a: b").await.starts_with("250"));
    assert_eq!(recorder.messages()[0].recipients, ["known", "user1"]);
}

#[tokio::test]
async fn recipients_are_refused_each_with_its_own_code() {
    let (mut client, _) = connect().await;
    client.address().await;
    client
        .expect("RCPT TO:<nobody@ours.example>", "550 5.1.1")
        .await;
    client
        .expect("RCPT TO:<a@elsewhere.example>", "550 5.7.1")
        .await;
    client
        .expect("RCPT TO:<disabled@ours.example>", "550 5.2.1")
        .await;
    client
        .expect("RCPT TO:<deferred@ours.example>", "451 4.2.1")
        .await;
    client
        .expect("RCPT TO:<down@ours.example>", "451 4.3.0")
        .await;
    client
        .expect("RCPT TO:<j\u{f6}rg@ours.example>", "553 5.6.7")
        .await;
    assert!(client.message("a: b").await.starts_with("250"));
}

#[tokio::test]
async fn pipelined_commands_are_answered_in_one_write() {
    let (mut client, recorder) = connect().await;
    client.send("EHLO c.example\r\nMAIL FROM:<a@far.example>\r\nRCPT TO:<known@ours.example>\r\nRCPT TO:<nobody@ours.example>\r\nDATA\r\n").await;
    let replies = client.read_once().await;
    let codes: Vec<&str> = replies
        .lines()
        .filter(|line| line.as_bytes()[3] == b' ')
        .map(|line| &line[..3])
        .collect();
    assert_eq!(codes, ["250", "250", "250", "550", "354"], "{replies}");
    client
        .send("a: b\r\n.\r\nMAIL FROM:<b@far.example>\r\nQUIT\r\n")
        .await;
    assert_eq!(client.rest().await.lines().count(), 3);
    assert_eq!(recorder.messages().len(), 1);
}

#[tokio::test]
async fn pipelined_data_without_a_valid_recipient_is_refused_without_354() {
    let (mut client, recorder) = connect().await;
    client.expect("EHLO c.example", "250").await;
    client
        .send("MAIL FROM:<a@far.example>\r\nRCPT TO:<nobody@ours.example>\r\nDATA\r\nRSET\r\n")
        .await;
    let replies: Vec<String> = [
        client.reply().await,
        client.reply().await,
        client.reply().await,
        client.reply().await,
    ]
    .into();
    assert!(replies[2].starts_with("554 5.5.1"), "{replies:?}");
    assert!(replies[3].starts_with("250"), "{replies:?}");
    assert!(recorder.messages().is_empty());
}

#[tokio::test]
async fn a_receipt_is_confirmed_by_the_next_command() {
    let (mut client, recorder) = connect().await;
    client.address().await;
    assert!(client.message("a: b").await.starts_with("250"));
    assert!(recorder.records().confirmed.is_empty());
    client.expect("NOOP", "250").await;
    assert_eq!(recorder.records().confirmed, [1]);
    client.envelope().await;
    assert!(client.message("a: b").await.starts_with("250"));
    client.expect("QUIT", "221").await;
    assert_eq!(recorder.records().confirmed, [1, 2]);
}

#[tokio::test]
async fn commands_pipelined_behind_a_message_do_not_confirm_it_and_the_next_input_does() {
    let (mut client, recorder) = connect().await;
    client.address().await;
    client.expect("DATA", "354").await;
    client.send("a: b\r\n.\r\nNOOP\r\n").await;
    assert!(client.reply().await.starts_with("250 2.0.0 message-1"));
    assert!(client.reply().await.starts_with("250"));
    assert!(recorder.records().confirmed.is_empty());
    client.expect("NOOP", "250").await;
    assert_eq!(recorder.records().confirmed, [1]);
}

#[tokio::test]
async fn a_peer_that_vanishes_after_the_250_confirms_nothing() {
    let (mut client, recorder) = connect().await;
    client.address().await;
    assert!(client.message("a: b").await.starts_with("250"));
    client.hang_up().await;
    assert!(recorder.records().confirmed.is_empty());
    assert_eq!(recorder.messages().len(), 1);
}

#[tokio::test]
async fn disconnect_in_data_leaves_no_message() {
    let (mut client, recorder) = connect().await;
    client.address().await;
    client.expect("DATA", "354").await;
    client.send("a: b\r\n\r\nhalf\r\n.").await;
    client.hang_up().await;
    assert!(recorder.messages().is_empty());
}

#[tokio::test]
async fn smtp_12_a_looping_message_is_refused_for_good() {
    let (mut client, recorder) = connect().await;
    client.address().await;
    recorder.refuse_next(ReceiveRefusal::TooManyHops);
    assert!(client.message("a: b").await.starts_with("554 5.4.6"));
    client.envelope().await;
    assert!(client.message("a: b").await.starts_with("250"));
}

#[tokio::test]
async fn refusals_of_the_mailroom_are_told_apart() {
    let table = [
        (ReceiveRefusal::HeaderTooLarge, "552 5.3.4"),
        (ReceiveRefusal::TooLarge, "552 5.3.4"),
        (ReceiveRefusal::Unavailable, "451 4.3.0"),
        (ReceiveRefusal::StorageFull, "452 4.3.1"),
    ];
    for (refusal, expected) in table {
        let (mut client, recorder) = connect().await;
        client.address().await;
        recorder.refuse_next(refusal);
        let reply = client.message("a: b").await;
        assert!(reply.starts_with(expected), "{reply}");
        client.expect("NOOP", "250").await;
        assert!(recorder.messages().is_empty() && recorder.records().confirmed.is_empty());
    }
}

#[tokio::test]
async fn smtp_11_forged_senders_learn_of_a_refusal_in_the_session_or_never() {
    let (mut client, recorder) = connect().await;
    client.expect("EHLO c.example", "250").await;
    for recipient in ["nobody", "disabled", "deferred", "down"] {
        client.expect("MAIL FROM:<victim@far.example>", "250").await;
        let reply = client
            .command(&format!("RCPT TO:<{recipient}@ours.example>"))
            .await;
        assert!(reply.starts_with('5') || reply.starts_with('4'), "{reply}");
        client.expect("DATA", "554 5.5.1").await;
        client.expect("RSET", "250").await;
    }
    // Nothing was taken over, so there is nothing that a bounce could be made of later.
    assert!(recorder.messages().is_empty());
}

#[tokio::test]
async fn a_suspended_sender_does_not_delay_other_sessions() {
    let house = House::new(config());
    let mut slow = house.connect().await;
    slow.address().await;
    slow.expect("DATA", "354").await;
    let mut quick = house.connect().await;
    quick.address().await;
    assert!(quick.message("a: b").await.starts_with("250"));
    assert!(slow.command("a: b\r\n.").await.starts_with("250"));
}
