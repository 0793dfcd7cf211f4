//! Mail byte by byte: what no well-behaved program sends, and what a mail program relies on, over the wire of the real binary.

use base64::Engine;
use posthouse_tests::letter::Letter;
use posthouse_tests::server::{Account, Posthouse};
use posthouse_tests::smtp::SmtpClient;
use serde_json::Value;

async fn greeted(server: &Posthouse) -> SmtpClient {
    let mut smtp = server.smtp().await;
    smtp.command("EHLO peer.example").await.expect(250);
    smtp
}

async fn in_data(server: &Posthouse, account: &Account) -> SmtpClient {
    let mut smtp = greeted(server).await;
    smtp.command("MAIL FROM:<buyer@shop.example>")
        .await
        .expect(250);
    smtp.command(&format!("RCPT TO:<{}>", account.email))
        .await
        .expect(250);
    smtp.command("DATA").await.expect(354);
    smtp
}

async fn messages_of(server: &Posthouse, account: &Account) -> Vec<Value> {
    let path = format!("/v3/grants/{}/messages?in=all&limit=200", account.id);
    server.api().get(&path).await.expect(200).rows()
}

async fn raw_of(server: &Posthouse, account: &Account, message: &Value) -> Vec<u8> {
    let id = message["id"].as_str().expect("an id");
    let path = format!("/v3/grants/{}/messages/{id}?fields=raw_mime", account.id);
    let encoded = server
        .api()
        .get(&path)
        .await
        .expect(200)
        .text_of("raw_mime");
    base64::engine::general_purpose::URL_SAFE
        .decode(encoded)
        .expect("base64url with padding")
}

#[tokio::test]
async fn the_greeting_offers_what_a_mail_server_looks_for() {
    let server = Posthouse::start().await;
    let mut smtp = server.smtp().await;
    let offers = smtp.command("EHLO peer.example").await.expect(250);
    for keyword in [
        "PIPELINING",
        "SIZE",
        "8BITMIME",
        "SMTPUTF8",
        "CHUNKING",
        "STARTTLS",
        "ENHANCEDSTATUSCODES",
        "LIMITS",
    ] {
        assert!(
            offers.offers(keyword),
            "{keyword} is missing from {offers:?}"
        );
    }
    let mut smtp = smtp.starttls().await;
    let offers = smtp.command("EHLO peer.example").await.expect(250);
    assert!(!offers.offers("STARTTLS"), "{offers:?}");
    assert!(
        !offers.offers("AUTH"),
        "port 25 takes no passwords: {offers:?}"
    );
}

#[tokio::test]
async fn a_message_is_kept_byte_for_byte_below_our_own_lines() {
    let server = Posthouse::start().await;
    let account = server.create_account("agent").await;
    let mut content = b"From: a@b.example\r\nX-Odd:\tkept \t \r\n folded\r\nSubject: =?x?y?\r\nNo colon here\r\n\r\n".to_vec();
    content.extend(b"..two dots\r\n.\xff\xfe\x00 eight bit\r\ntrailing space \r\n\r\n\r\n");
    let mut smtp = greeted(&server).await;
    let reply = smtp
        .try_send(
            "a@b.example",
            std::slice::from_ref(&account.email),
            &content,
        )
        .await
        .expect("a reply");
    // A NUL in DATA may be refused; without it the bytes must come back as they were.
    if reply.code != 250 {
        content.retain(|byte| *byte != 0);
        smtp.try_send(
            "a@b.example",
            std::slice::from_ref(&account.email),
            &content,
        )
        .await
        .expect("a reply")
        .expect(250);
    }
    let messages = messages_of(&server, &account).await;
    let raw = raw_of(&server, &account, &messages[0]).await;
    assert!(raw.ends_with(&content), "{}", String::from_utf8_lossy(&raw));
    let ours = String::from_utf8_lossy(&raw[..raw.len() - content.len()]).into_owned();
    assert!(
        ours.starts_with("Return-Path: <a@b.example>\r\n")
            || ours.contains("\r\nReturn-Path: <a@b.example>\r\n"),
        "{ours}"
    );
    assert!(ours.contains("Received: from peer.example"), "{ours}");
    assert_eq!(messages[0]["size"].as_u64(), Some(raw.len() as u64));
}

#[tokio::test]
async fn disconnect_in_data_leaves_no_message() {
    let server = Posthouse::start().await;
    let account = server.create_account("agent").await;
    let wire = Letter::to(&account.email).wire();
    for part in [0, 10, wire.len() / 2, wire.len()] {
        let mut smtp = in_data(&server, &account).await;
        smtp.write(&wire[..part]).await;
        drop(smtp);
    }
    let mut witness = in_data(&server, &account).await;
    witness.write(&wire).await;
    witness.write(b".\r\n").await;
    witness.read_reply().await.expect(250);
    assert_eq!(messages_of(&server, &account).await.len(), 1);
}

#[tokio::test]
async fn smtp_01_no_odd_end_of_data_hides_a_second_message() {
    let server = Posthouse::start().await;
    let account = server.create_account("agent").await;
    let endings: [&[u8]; 8] = [
        b"\n.\n",
        b"\n.\r\n",
        b"\r.\r",
        b"\r\n.\r",
        b"\r.\r\n",
        b"\r\n.\n",
        b"\r\r\n.\r\r\n",
        b"\r\n\0.\r\n",
    ];
    let hidden = format!(
        "MAIL FROM:<admin@shop.example>\r\nRCPT TO:<{}>\r\nDATA\r\nSubject: hidden\r\n\r\nhidden\r\n",
        account.email
    );
    for ending in endings {
        let mut bytes = b"Subject: outer\r\n\r\nouter".to_vec();
        bytes.extend(ending);
        bytes.extend(hidden.as_bytes());
        bytes.extend(b".\r\n");
        let from = bytes.len() - hidden.len() - 3 - ending.len();
        for at in from..=from + ending.len() {
            let mut smtp = in_data(&server, &account).await;
            smtp.write_split(&bytes, at).await;
            let reply = smtp.read_reply().await;
            assert!(
                (500..600).contains(&reply.code),
                "{ending:?} split at {at}: {reply:?}"
            );
            smtp.command("NOOP").await.expect(250);
        }
    }
    let hidden: Vec<_> = messages_of(&server, &account).await;
    assert_eq!(hidden, Vec::<Value>::new());
}

#[tokio::test]
async fn bdat_delivers_in_chunks_and_takes_no_dot_for_an_end() {
    let server = Posthouse::start().await;
    let account = server.create_account("agent").await;
    let content = b"Subject: in chunks\r\n\r\nfirst\r\n.\r\nlast\r\n";
    for chunk_size in [1, 7, content.len()] {
        let mut smtp = greeted(&server).await;
        smtp.command("MAIL FROM:<buyer@shop.example>")
            .await
            .expect(250);
        smtp.command(&format!("RCPT TO:<{}>", account.email))
            .await
            .expect(250);
        for chunk in content.chunks(chunk_size) {
            smtp.write(format!("BDAT {}\r\n", chunk.len()).as_bytes())
                .await;
            smtp.write(chunk).await;
            smtp.read_reply().await.expect(250);
        }
        smtp.command("BDAT 0 LAST").await.expect(250);
        // Going on shows that the 250 was read: the same bytes on the next connection are another message.
        smtp.command("QUIT").await.expect(221);
    }
    let messages = messages_of(&server, &account).await;
    assert_eq!(messages.len(), 3);
    for message in &messages {
        assert_eq!(message["subject"], "in chunks");
        assert!(raw_of(&server, &account, message).await.ends_with(content));
    }
}

#[tokio::test]
async fn parameters_of_delivery_notifications_are_read_although_none_is_promised() {
    let server = Posthouse::start().await;
    let account = server.create_account("agent").await;
    let mut smtp = greeted(&server).await;
    smtp.command("MAIL FROM:<buyer@shop.example> RET=HDRS ENVID=QQ314159")
        .await
        .expect(250);
    let rcpt = format!(
        "RCPT TO:<{}> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;{}",
        account.email, account.email
    );
    smtp.command(&rcpt).await.expect(250);
    smtp.command(&format!("RCPT TO:<{}> NOTIFY=SOMETIMES", account.email))
        .await
        .expect(501);
    smtp.command("RSET").await.expect(250);
    smtp.command("MAIL FROM:<buyer@shop.example> UNHEARD=OF")
        .await
        .expect(555);
}

#[tokio::test]
async fn a_message_whose_250_was_lost_is_taken_again_and_stored_once() {
    let server = Posthouse::start().await;
    let account = server.create_account("agent").await;
    let letter = Letter::to(&account.email).subject("Once");
    // The peer vanishes without reading our 250, and sends the same message again.
    let mut smtp = in_data(&server, &account).await;
    smtp.write(&letter.wire()).await;
    smtp.write(b".\r\n").await;
    server.wait_for_messages(&account, 1).await;
    drop(smtp);
    let mut again = greeted(&server).await;
    again.send_letter(&letter).await.expect(250);
    again.command("QUIT").await.expect(221);
    assert_eq!(messages_of(&server, &account).await.len(), 1);
    // Whoever went on after our 250 has read it, so the same bytes are meant as another message.
    let mut on_purpose = greeted(&server).await;
    on_purpose.send_letter(&letter).await.expect(250);
    on_purpose.send_letter(&letter).await.expect(250);
    on_purpose.command("QUIT").await.expect(221);
    assert_eq!(messages_of(&server, &account).await.len(), 3);
}

#[tokio::test]
async fn each_recipient_of_a_message_has_a_copy_and_strangers_none() {
    let server = Posthouse::start().await;
    let first = server.create_account("first").await;
    let second = server.create_account("second").await;
    let third = server.create_account("third").await;
    let mut smtp = greeted(&server).await;
    smtp.command("MAIL FROM:<>").await.expect(250);
    smtp.command(&format!("RCPT TO:<{}>", first.email))
        .await
        .expect(250);
    smtp.command("RCPT TO:<FIRST+tag@agents.localhost>")
        .await
        .expect(250);
    smtp.command(&format!("RCPT TO:<{}>", second.email.to_uppercase()))
        .await
        .expect(250);
    smtp.command("RCPT TO:<nobody@agents.localhost>")
        .await
        .expect(550);
    let relay = smtp
        .command("RCPT TO:<someone@elsewhere.example>")
        .await
        .expect(550);
    assert!(relay.text().contains("5.7.1"), "{relay:?}");
    smtp.command("DATA").await.expect(354);
    smtp.write(&Letter::to("undisclosed@shop.example").wire())
        .await;
    smtp.write(b".\r\n").await;
    smtp.read_reply().await.expect(250);
    assert_eq!(
        messages_of(&server, &first).await.len(),
        1,
        "one mailbox, one copy"
    );
    assert_eq!(messages_of(&server, &second).await.len(), 1);
    assert_eq!(messages_of(&server, &third).await.len(), 0);
}

#[tokio::test]
async fn answers_to_a_thread_join_it() {
    let server = Posthouse::start().await;
    let account = server.create_account("agent").await;
    let first = Letter::to(&account.email).subject("Offer");
    let reply = Letter::to(&account.email)
        .subject("Re: Offer")
        .header(&format!("In-Reply-To: {}", first.message_id));
    let referring = Letter::to(&account.email)
        .subject("Something else")
        .header(&format!(
            "References: {} {}",
            first.message_id, reply.message_id
        ));
    let stranger = Letter::to(&account.email).subject("Offer");
    for letter in [&first, &reply, &referring, &stranger] {
        server.deliver(letter).await;
    }
    let messages = messages_of(&server, &account).await;
    let thread_of = |letter: &Letter| {
        let found = messages
            .iter()
            .find(|message| message["rfc822_message_id"] == letter.message_id.as_str());
        found
            .map(|message| message["thread_id"].clone())
            .expect("the message is listed")
    };
    assert_eq!(thread_of(&reply), thread_of(&first));
    assert_eq!(thread_of(&referring), thread_of(&first));
    assert_ne!(
        thread_of(&stranger),
        thread_of(&first),
        "the same subject without a reply prefix is a new thread"
    );
}
