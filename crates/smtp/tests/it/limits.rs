//! Each limit at n and n + 1, and what is left standing behind it.

use std::time::Duration;

use posthouse_smtp::SmtpConfig;
use posthouse_smtp::limits::{
    COMMAND_TIMEOUT, DATA_BLOCK_TIMEOUT, DATA_TRANSFER_TIMEOUT, HEADER_BYTES_MAX, HEADER_FIELDS_MAX,
};
use tokio::time::Instant;

use crate::client::{House, config, connect};

#[tokio::test]
async fn announced_sizes_are_checked_at_mail() {
    let (mut client, _) = connect().await;
    client.expect("EHLO c.example", "250").await;
    client
        .expect("MAIL FROM:<a@far.example> SIZE=65537", "552 5.3.4")
        .await;
    client
        .expect(
            "MAIL FROM:<a@far.example> SIZE=18446744073709551616",
            "552 5.3.4",
        )
        .await;
    client
        .expect("MAIL FROM:<a@far.example> SIZE=65536", "250")
        .await;
}

#[tokio::test]
async fn real_sizes_are_checked_while_they_arrive() {
    let (mut client, recorder) = connect().await;
    client.address().await;
    let largest = format!("\r\n{}", "x".repeat(65_536 - 4));
    assert!(client.message(&largest).await.starts_with("250"));
    assert_eq!(recorder.messages()[0].raw.len(), 65_536);
    client.envelope().await;
    assert!(
        client
            .message(format!("{largest}x"))
            .await
            .starts_with("552 5.3.4")
    );
    client.expect("NOOP", "250").await;
    assert_eq!(recorder.messages().len(), 1);
}

#[tokio::test]
async fn header_sections_are_bounded_in_bytes_and_fields() {
    let house = House::new(SmtpConfig {
        message_bytes_max: 8 * 1024 * 1024,
        ..config()
    });
    let mut client = house.connect().await;
    client.address().await;
    assert!(
        client
            .message(format!("A: {}", "x".repeat(HEADER_BYTES_MAX - 5)))
            .await
            .starts_with("250")
    );
    client.envelope().await;
    assert!(
        client
            .message(format!("A: {}", "x".repeat(HEADER_BYTES_MAX - 4)))
            .await
            .starts_with("552 5.3.4")
    );
    client.envelope().await;
    assert!(
        client
            .message("A: b\r\n".repeat(HEADER_FIELDS_MAX) + "\r\nbody")
            .await
            .starts_with("250")
    );
    client.envelope().await;
    assert!(
        client
            .message("A: b\r\n".repeat(HEADER_FIELDS_MAX + 1) + "\r\nbody")
            .await
            .starts_with("552 5.3.4")
    );
    client.envelope().await;
    assert!(
        client
            .message("A: b\r\n\r\n".to_owned() + &"body: x\r\n".repeat(HEADER_FIELDS_MAX + 1))
            .await
            .starts_with("250")
    );
}

#[tokio::test]
async fn recipients_are_bounded_per_transaction() {
    let (mut client, recorder) = connect().await;
    client.expect("EHLO c.example", "250").await;
    client.expect("MAIL FROM:<a@far.example>", "250").await;
    for number in 0..100 {
        client
            .expect(&format!("RCPT TO:<user{number}@ours.example>"), "250")
            .await;
    }
    client
        .expect("RCPT TO:<user100@ours.example>", "452 4.5.3")
        .await;
    assert!(client.message("a: b").await.starts_with("250"));
    assert_eq!(recorder.messages()[0].recipients.len(), 100);
}

#[tokio::test]
async fn used_up_message_memory_defers_others_until_it_is_free() {
    let house = House::new(SmtpConfig {
        buffer_bytes_max: 64 * 1024,
        ..config()
    });
    let mut holder = house.connect().await;
    holder.address().await;
    holder.expect("DATA", "354").await;
    let mut other = house.connect().await;
    other.address().await;
    other.expect("DATA", "452 4.3.1").await;
    other.envelope().await;
    other.send("BDAT 6\r\na: b\r\n").await;
    assert!(other.reply().await.starts_with("452 4.3.1"));
    other.expect("RSET", "250").await;
    assert!(holder.command("a: b\r\n.").await.starts_with("250"));
    other.envelope().await;
    assert!(other.message("a: b").await.starts_with("250"));
}

#[tokio::test]
async fn a_message_that_outgrows_the_memory_is_deferred_at_its_end() {
    let house = House::new(SmtpConfig {
        buffer_bytes_max: 64 * 1024,
        message_bytes_max: 1024 * 1024,
        ..config()
    });
    let mut client = house.connect().await;
    client.address().await;
    assert!(
        client
            .message(format!("\r\n{}", "x".repeat(100_000)))
            .await
            .starts_with("452 4.3.1")
    );
    client.expect("NOOP", "250").await;
}

#[tokio::test(start_paused = true)]
async fn silence_at_a_command_ends_the_session() {
    let (mut client, _) = connect().await;
    let begun = Instant::now();
    client.send("NOO").await;
    assert!(client.rest().await.starts_with("421 4.4.2"));
    assert!(begun.elapsed() >= COMMAND_TIMEOUT && begun.elapsed() < COMMAND_TIMEOUT * 2);
}

#[tokio::test(start_paused = true)]
async fn a_command_that_drips_has_no_longer_than_one_that_stalls() {
    let (mut client, _) = connect().await;
    client.send("N").await;
    tokio::time::sleep(COMMAND_TIMEOUT - Duration::from_secs(1)).await;
    client.send("O").await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(client.reply().await.starts_with("421 4.4.2"));
}

#[tokio::test(start_paused = true)]
async fn silence_in_data_ends_the_session_without_a_message() {
    let (mut client, recorder) = connect().await;
    client.address().await;
    client.expect("DATA", "354").await;
    let begun = Instant::now();
    client.send("a: b\r\n").await;
    assert!(client.rest().await.starts_with("421 4.4.2"));
    assert!(begun.elapsed() >= DATA_BLOCK_TIMEOUT && begun.elapsed() < DATA_BLOCK_TIMEOUT * 2);
    assert!(recorder.messages().is_empty());
}

#[tokio::test(start_paused = true)]
async fn data_that_drips_for_hours_is_cut_off() {
    let (mut client, recorder) = connect().await;
    client.address().await;
    client.expect("DATA", "354").await;
    let pause = DATA_BLOCK_TIMEOUT - Duration::from_secs(1);
    for _ in 0..DATA_TRANSFER_TIMEOUT.as_secs() / pause.as_secs() {
        client.send("x").await;
        tokio::time::sleep(pause).await;
    }
    client.send("x").await;
    assert!(client.rest().await.starts_with("421 4.4.2"));
    assert!(recorder.messages().is_empty());
}
