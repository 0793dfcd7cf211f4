//! SMTP-06: BDAT in every wrong way, and in the right one.

use crate::client::{House, config, connect};

#[tokio::test]
async fn chunks_are_joined_without_unstuffing() {
    let (mut client, recorder) = connect().await;
    client.address().await;
    client.send("BDAT 7\r\na: b\r\n\r").await;
    assert!(client.reply().await.starts_with("250 2.0.0"));
    client.send("BDAT 6\r\n\n..x\r\n").await;
    assert!(client.reply().await.starts_with("250 2.0.0"));
    client
        .expect("BDAT 0 LAST", "250 2.0.0 message-1 accepted")
        .await;
    assert_eq!(recorder.messages()[0].raw, b"a: b\r\n\r\n..x\r\n");
}

#[tokio::test]
async fn pipelined_chunks_are_cut_by_their_counts_alone() {
    let content = "QUIT\r\n.\r\nDATA\r\n";
    let wire = format!(
        "BDAT 7\r\na: b\r\n\rBDAT {} LAST\r\n\n{content}NOOP\r\n",
        content.len() + 1
    );
    for split in 0..=wire.len() {
        let (mut client, recorder) = connect().await;
        client.address().await;
        client.send(&wire[..split]).await;
        tokio::task::yield_now().await;
        client.send(&wire[split..]).await;
        assert!(client.reply().await.starts_with("250 2.0.0 chunk"));
        assert!(client.reply().await.starts_with("250 2.0.0 message-1"));
        client.expect("QUIT", "250 2.0.0 OK").await;
        assert!(client.rest().await.starts_with("221"));
        assert_eq!(
            recorder.messages()[0].raw,
            format!("a: b\r\n\r\n{content}").as_bytes()
        );
    }
}

#[tokio::test]
async fn smtp_06_two_last_chunks_make_one_message() {
    let (mut client, recorder) = connect().await;
    client.address().await;
    client.send("BDAT 6 LAST\r\na: b\r\n").await;
    assert!(client.reply().await.starts_with("250"));
    client.send("BDAT 6 LAST\r\nQUIT\r\n").await;
    assert!(client.reply().await.starts_with("503 5.5.1"));
    client.expect("NOOP", "250").await;
    assert_eq!(recorder.messages().len(), 1);
}

#[tokio::test]
async fn smtp_06_impossible_sizes_end_the_session_without_allocating() {
    for size in [
        "9223372036854775808",
        "18446744073709551615",
        "18446744073709551616",
        "4294967296",
        "-1",
        "1e3",
        "",
    ] {
        let (mut client, recorder) = connect().await;
        client.address().await;
        client.send(format!("BDAT {size} LAST\r\nQUIT\r\n")).await;
        let rest = client.rest().await;
        assert!(
            rest.starts_with('5') && rest.lines().count() == 1,
            "{size}: {rest}"
        );
        assert!(recorder.messages().is_empty());
    }
}

#[tokio::test]
async fn smtp_06_data_among_chunks_ends_the_transaction() {
    let (mut client, recorder) = connect().await;
    client.address().await;
    client.send("BDAT 6\r\na: b\r\n").await;
    assert!(client.reply().await.starts_with("250"));
    client.expect("DATA", "503 5.5.1").await;
    client.expect("BDAT 0 LAST", "503 5.5.1").await;
    client.envelope().await;
    assert!(client.message("a: b").await.starts_with("250"));
    assert_eq!(recorder.messages().len(), 1);
}

#[tokio::test]
async fn smtp_06_mail_and_rcpt_among_chunks_are_refused_and_rset_forgets_them() {
    let (mut client, recorder) = connect().await;
    client.address().await;
    client.send("BDAT 6\r\na: b\r\n").await;
    assert!(client.reply().await.starts_with("250"));
    client.expect("MAIL FROM:<b@far.example>", "503").await;
    client.expect("RCPT TO:<user1@ours.example>", "503").await;
    client.expect("RSET", "250").await;
    client.expect("BDAT 0 LAST", "503").await;
    assert!(recorder.messages().is_empty());
}

#[tokio::test]
async fn smtp_06_chunks_without_transaction_are_skipped_not_obeyed() {
    let (mut client, recorder) = connect().await;
    client
        .send("BDAT 6\r\nQUIT\r\nBDAT 6 LAST\r\nQUIT\r\n")
        .await;
    assert!(client.reply().await.starts_with("503"));
    assert!(client.reply().await.starts_with("503"));
    client.expect("NOOP", "250").await;
    assert!(recorder.messages().is_empty());
}

#[tokio::test]
async fn smtp_06_chunks_pipelined_behind_a_refused_one_are_no_mistakes_of_the_peer() {
    let (mut client, recorder) = connect().await;
    client.address().await;
    let mut wire = "BDAT 1\r\n\0".to_owned();
    wire.extend(std::iter::repeat_n("BDAT 6\r\nQUIT\r\n", 20));
    wire.push_str("BDAT 0 LAST\r\n");
    client.send(wire).await;
    assert!(client.reply().await.starts_with("554 5.6.0"));
    for _ in 0..21 {
        assert!(client.reply().await.starts_with("503"));
    }
    client.envelope().await;
    client.send("BDAT 6 LAST\r\na: b\r\n").await;
    assert!(client.reply().await.starts_with("250"));
    assert_eq!(recorder.messages().len(), 1);
}

#[tokio::test]
async fn smtp_06_a_close_inside_a_chunk_leaves_no_message() {
    let house = House::new(config());
    for wire in [
        "BDAT 6 LAST\r\na: b",
        "BDAT 6\r\na: b\r\n",
        "BDAT 6 LA",
        "BDAT 6 LAST\r\n",
    ] {
        let mut client = house.connect().await;
        client.address().await;
        client.send(wire).await;
        client.hang_up().await;
    }
    assert!(house.recorder.messages().is_empty());
}

#[tokio::test]
async fn chunks_beyond_the_size_limit_are_refused_when_they_are_in() {
    let (mut client, recorder) = connect().await;
    client.address().await;
    let half = "x".repeat(40 * 1024);
    client.send(format!("BDAT {}\r\n{half}", half.len())).await;
    assert!(client.reply().await.starts_with("250"));
    client
        .send(format!("BDAT {} LAST\r\n{half}", half.len()))
        .await;
    assert!(client.reply().await.starts_with("552 5.3.4"));
    client.expect("NOOP", "250").await;
    assert!(recorder.messages().is_empty());
}
