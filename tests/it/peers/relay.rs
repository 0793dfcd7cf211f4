//! What a stranger's mail server does all day, with Postfix as the stranger.

use posthouse_tests::letter::Letter;
use posthouse_tests::server::{Account, Posthouse};
use serde_json::{Value, json};

use super::postfix::{CLEAR_SENDER, Postfix, queue};

/// Bytes of the large message's attachment, before base64 makes it a third larger.
const LARGE_ATTACHMENT_BYTES: usize = 18 * 1024 * 1024;

/// Recipients of one message.
const MANY_RECIPIENTS: usize = 100;

async fn headers_of(
    server: &Posthouse,
    account: &Account,
    message: &Value,
    name: &str,
) -> Vec<String> {
    let id = message["id"].as_str().expect("an id");
    let path = format!(
        "/v3/grants/{}/messages/{id}?fields=include_headers",
        account.id
    );
    let headers = server.api().get(&path).await.expect(200).data()["headers"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let named = headers.iter().filter(|header| header["name"] == name);
    named
        .filter_map(|header| header["value"].as_str().map(str::to_owned))
        .collect()
}

#[tokio::test]
async fn postfix_relays_in_the_clear_and_over_starttls() {
    let server = Posthouse::start().await;
    let Some(postfix) = Postfix::start(server.ready().smtp).await else {
        return;
    };
    let account = server.create_account("agent").await;
    let mut client = postfix.connect().await;
    queue(
        &mut client,
        &Letter::to(&account.email)
            .from(CLEAR_SENDER)
            .subject("clear"),
        "",
    )
    .await;
    let messages = server.wait_for_messages(&account, 1).await;
    let received = headers_of(&server, &account, &messages[0], "Received").await;
    assert!(
        received[0].contains("with ESMTP ") || received[0].contains("with ESMTP\n"),
        "{received:?}"
    );
    assert_eq!(
        headers_of(&server, &account, &messages[0], "Return-Path").await,
        [format!("<{CLEAR_SENDER}>")]
    );

    queue(
        &mut client,
        &Letter::to(&account.email).subject("sealed"),
        "",
    )
    .await;
    let messages = server.wait_for_messages(&account, 2).await;
    assert_eq!(messages[0]["subject"], "sealed");
    let received = headers_of(&server, &account, &messages[0], "Received").await;
    assert!(received[0].contains("with ESMTPS"), "{received:?}");
    assert!(
        postfix.log().contains("status=sent (250"),
        "{}",
        postfix.log()
    );
}

#[tokio::test]
async fn postfix_relays_eight_bit_mail_and_addresses_in_their_own_script() {
    let server = Posthouse::start().await;
    let Some(postfix) = Postfix::start(server.ready().smtp).await else {
        return;
    };
    let account = server.create_account("agent").await;
    let mut client = postfix.connect().await;
    let eight_bit = Letter::to(&account.email)
        .subject("8-bit")
        .text("Grüße aus Köln\n");
    queue(&mut client, &eight_bit, " BODY=8BITMIME").await;
    let mut own_script = Letter::to(&account.email)
        .subject("Grüße")
        .text("Ünïcödé\n");
    own_script.sender = "zoë@bücher.example".to_owned();
    own_script.from = "Zoë <zoë@bücher.example>".to_owned();
    queue(&mut client, &own_script, " BODY=8BITMIME SMTPUTF8").await;

    let messages = server.wait_for_messages(&account, 2).await;
    let by_subject = |subject: &str| {
        messages
            .iter()
            .find(|message| message["subject"] == subject)
            .cloned()
    };
    let eight_bit = by_subject("8-bit").expect("the 8-bit message");
    assert_eq!(
        eight_bit["body"].as_str().map(str::trim),
        Some("Grüße aus Köln")
    );
    let own_script = by_subject("Grüße").expect("the message with addresses in their own script");
    assert_eq!(own_script["from"][0]["name"], "Zoë");
    let email = own_script["from"][0]["email"].as_str().unwrap_or_default();
    assert!(email.starts_with("zoë@"), "{email}");
    let received = headers_of(&server, &account, &own_script, "Received").await;
    assert!(
        received[0].contains("with UTF8SMTPS"),
        "RFC 6531 names this kind of transmission: {received:?}"
    );
}

#[tokio::test]
async fn postfix_relays_a_message_of_twenty_five_megabytes() {
    let server = Posthouse::start().await;
    let Some(postfix) = Postfix::start(server.ready().smtp).await else {
        return;
    };
    let account = server.create_account("agent").await;
    let bytes: Vec<u8> = (0..LARGE_ATTACHMENT_BYTES)
        .map(|_| rand::random())
        .collect();
    let letter = Letter::to(&account.email).subject("large").file(
        "noise.bin",
        "application/octet-stream",
        &bytes,
    );
    assert!(letter.wire().len() > 24_000_000);
    queue(&mut postfix.connect().await, &letter, "").await;
    let messages = server.wait_for_messages(&account, 1).await;
    assert_eq!(messages[0]["attachments"][0]["size"], bytes.len());
    let attachment = messages[0]["attachments"][0]["id"].as_str().expect("an id");
    let message = messages[0]["id"].as_str().expect("an id");
    let path = format!(
        "/v3/grants/{}/attachments/{attachment}/download?message_id={message}",
        account.id
    );
    assert!(
        server.api().get(&path).await.expect(200).bytes == bytes,
        "the attachment came back different"
    );
}

#[tokio::test]
async fn postfix_relays_one_message_to_many_recipients() {
    let server = Posthouse::start().await;
    let Some(postfix) = Postfix::start(server.ready().smtp).await else {
        return;
    };
    let mut accounts = Vec::new();
    for number in 0..MANY_RECIPIENTS {
        accounts.push(server.create_account(&format!("agent{number}")).await);
    }
    let mut letter = Letter::to(&accounts[0].email).subject("to all");
    letter.recipients = accounts
        .iter()
        .map(|account| account.email.clone())
        .collect();
    queue(&mut postfix.connect().await, &letter, "").await;
    for account in &accounts {
        let messages = server.wait_for_messages(account, 1).await;
        assert_eq!(messages.len(), 1, "{}", account.email);
        assert_eq!(
            messages[0]["to"].as_array().map(Vec::len),
            Some(MANY_RECIPIENTS)
        );
        assert_eq!(messages[0]["bcc"], json!([]));
    }
}

#[tokio::test]
async fn a_recipient_that_is_unknown_bounces_at_postfix_and_the_others_have_their_mail() {
    let server = Posthouse::start().await;
    let Some(postfix) = Postfix::start(server.ready().smtp).await else {
        return;
    };
    let account = server.create_account("agent").await;
    let letter = Letter::to(&account.email)
        .and_to("nobody@agents.localhost")
        .subject("partly");
    queue(&mut postfix.connect().await, &letter, "").await;
    server.wait_for_messages(&account, 1).await;
    posthouse_tests::eventually("Postfix to give up on the unknown recipient", async || {
        let log = postfix.log();
        let line = log
            .lines()
            .find(|line| line.contains("to=<nobody@agents.localhost>"))?
            .to_owned();
        assert!(
            line.contains("dsn=5.1.1") && line.contains("status=bounced"),
            "{line}"
        );
        Some(())
    })
    .await;
}
