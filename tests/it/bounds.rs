//! What is too much is refused or bounded at both doors, and the server's memory shows it.

use std::net::SocketAddr;

use posthouse_tests::api::{Answer, Request};
use posthouse_tests::server::Posthouse;
use posthouse_tests::smtp::SmtpClient;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const MIB: usize = 1 << 20;

/// Returns the largest memory that the server had so far, in MiB.
fn peak_mib(server: &Posthouse) -> usize {
    let path = format!("/proc/{}/status", server.pid());
    let status = std::fs::read_to_string(path).expect("a running process");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|rest| rest.trim().strip_suffix(" kB"));
    kib.expect("a peak")
        .trim()
        .parse::<usize>()
        .expect("a number")
        / 1024
}

/// Writes a request as it is, until the server answers; returns the status.
async fn status_of(address: SocketAddr, head: &str, piece: &[u8], pieces: usize) -> u16 {
    let stream = TcpStream::connect(address).await.expect("a connection");
    let (mut reader, mut writer) = stream.into_split();
    let write = async {
        writer.write_all(head.as_bytes()).await?;
        for _ in 0..pieces {
            writer.write_all(piece).await?;
        }
        std::future::pending::<std::io::Result<()>>().await
    };
    let read = async {
        let mut line = vec![0; 12];
        reader.read_exact(&mut line).await.expect("a status line");
        String::from_utf8(line).expect("ASCII")
    };
    tokio::pin!(read);
    let line = tokio::select! {
        line = &mut read => line,
        // The server need not read to the end what it has refused.
        _ = write => read.await,
    };
    line["HTTP/1.1 ".len()..].parse().expect("a status")
}

#[tokio::test]
async fn who_sends_a_large_message_to_the_wrong_place_can_read_the_refusal() {
    let server = Posthouse::start().await;
    let account = server.create_account("agent").await;
    let size = 30 * MIB;
    let head = format!(
        "POST /v3/grants/{}/folders HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: {size}\r\n\r\n",
        account.id,
        server.ready().api_key
    );
    let mut stream = TcpStream::connect(server.ready().http)
        .await
        .expect("a connection");
    stream.write_all(head.as_bytes()).await.expect("the head");
    let piece = vec![b' '; MIB];
    for _ in 0..size / MIB {
        stream.write_all(&piece).await.expect("nobody hangs up");
    }
    let mut line = vec![0; 12];
    stream.read_exact(&mut line).await.expect("a status line");
    assert_eq!(line, b"HTTP/1.1 413");
}

#[tokio::test]
async fn http_08_a_body_of_100_mb_is_refused_without_being_held() {
    let server = Posthouse::start().await;
    let account = server.create_account("agent").await;
    let before = peak_mib(&server);
    let key = &server.ready().api_key;
    let send = format!("/v3/grants/{}/messages/send", account.id);
    let folders = format!("/v3/grants/{}/folders", account.id);
    let size = 100 * MIB;
    let piece = vec![b' '; 64 * 1024];
    let chunk = [format!("{:x}\r\n", piece.len()).as_bytes(), &piece, b"\r\n"].concat();
    for content_type in ["application/json", "multipart/form-data; boundary=b"] {
        for path in [&send, &folders] {
            let head = format!(
                "POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nContent-Type: {content_type}\r\n"
            );
            let announced = format!("{head}Content-Length: {size}\r\n\r\n");
            let chunked = format!("{head}Transfer-Encoding: chunked\r\n\r\n");
            let address = server.ready().http;
            let expected = if path == &folders && content_type != "application/json" {
                [413, 415]
            } else {
                [413, 413]
            };
            let status = status_of(address, &announced, &piece, size / piece.len()).await;
            assert!(
                expected.contains(&status),
                "{path} {content_type}: {status}"
            );
            let status = status_of(address, &chunked, &chunk, size / piece.len()).await;
            assert!(
                expected.contains(&status),
                "{path} {content_type}: {status}"
            );
        }
    }
    let stranger = format!("POST {send} HTTP/1.1\r\nHost: x\r\nContent-Length: {size}\r\n\r\n");
    assert_eq!(
        status_of(server.ready().http, &stranger, &piece, size / piece.len()).await,
        401
    );
    let grown = peak_mib(&server) - before;
    // One body of the largest size is held while it may still fit.
    assert!(grown < 160, "{grown} MiB");
    server.api().get(&folders).await.expect(200);
}

async fn send_source(server: &Posthouse, grant: &str, source: &str) -> Answer {
    let body = format!(
        "--form\r\nContent-Disposition: form-data; name=\"mime\"\r\n\r\n{source}\r\n--form--"
    );
    let headers = [("content-type", "multipart/form-data; boundary=form")];
    let request = Request {
        method: "POST",
        path: &format!("/v3/grants/{grant}/messages/send?type=mime"),
        headers: &headers,
        body: Some(body.into_bytes()),
    };
    server.api().send(request).await
}

fn of_parts(count: usize) -> String {
    let part = "--b\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; filename=a.txt\r\n\r\nx\r\n";
    format!(
        "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n{}--b--\r\n",
        part.repeat(count)
    )
}

/// A multipart in a multipart in a multipart, each of which announces the same boundary, or one of its own.
fn nested(levels: usize, is_same: bool) -> String {
    let mut body = String::from("MIME-Version: 1.0\r\n");
    for level in 0..levels {
        let boundary = if is_same {
            "b".to_owned()
        } else {
            format!("b{level}")
        };
        body.push_str(&format!(
            "Content-Type: multipart/mixed; boundary={boundary}\r\n\r\n--{boundary}\r\n"
        ));
    }
    body.push_str("Content-Type: text/plain\r\n\r\ndeep\r\n");
    body
}

/// A message in a message in a message.
fn forwarded(levels: usize) -> String {
    let mut body = String::from("MIME-Version: 1.0\r\n");
    for _ in 0..levels {
        body.push_str(
            "Content-Type: message/rfc822\r\n\r\nFrom: x@shop.example\r\nSubject: inner\r\n",
        );
    }
    body.push_str("\r\ndeep\r\n");
    body
}

#[tokio::test]
async fn mime_01_messages_of_many_or_nested_parts_come_in_and_go_out_bounded() {
    let server = Posthouse::start().await;
    let account = server.create_account("agent").await;
    let before = peak_mib(&server);
    let cases = [
        ("1,000 parts", of_parts(1_000), true),
        ("20,000 parts", of_parts(20_000), true),
        ("one boundary 5,000 deep", nested(5_000, true), true),
        ("5,000 boundaries deep", nested(5_000, false), true),
        ("5,000 messages deep", forwarded(5_000), false),
        ("60 deep", nested(60, false), false),
    ];
    for (case, content, is_cut) in &cases {
        let received = format!(
            "From: x@shop.example\r\nTo: {}\r\nSubject: {case}\r\n{content}",
            account.email
        );
        let mut peer = server.smtp().await;
        peer.command("EHLO x.example").await.expect(250);
        let recipients = [account.email.clone()];
        peer.try_send("x@shop.example", &recipients, received.as_bytes())
            .await
            .expect("an answer")
            .expect(250);
        let shown = newest(&server, &account.id, "inbox").await;
        assert_eq!(shown["subject"], **case);
        assert_eq!(shown["security"]["parse_truncated"], *is_cut, "{case}");
        assert!(shown["attachments"].as_array().expect("a list").len() <= 1_000);

        let sent = format!(
            "From: {}\r\nTo: x@shop.example\r\nSubject: {case}\r\n{content}",
            account.email
        );
        send_source(&server, &account.id, &sent).await.expect(200);
        let shown = newest(&server, &account.id, "sent").await;
        assert_eq!(
            (&shown["subject"], &shown["security"]),
            (&json!(case), &Value::Null)
        );
    }
    let grown = peak_mib(&server) - before;
    assert!(grown < 200, "{grown} MiB");
}

/// Returns the newest message of a folder with everything that is computed from its source.
async fn newest(server: &Posthouse, grant: &str, folder: &str) -> Value {
    let path = format!(
        "/v3/grants/{grant}/messages?limit=1&in={folder}&fields=include_security,include_extracted,include_headers"
    );
    server.api().get(&path).await.expect(200).rows().remove(0)
}

#[tokio::test]
async fn a_header_of_more_than_1_mb_is_refused_at_both_doors() {
    let server = Posthouse::start().await;
    let account = server.create_account("agent").await;
    let fields = format!("X-A: {}\r\n", "a".repeat(900)).repeat(1_250);
    let one_field = format!("X-A: {}\r\n", "a".repeat(MIB));
    for header in [&fields, &one_field] {
        let content = format!(
            "{header}From: {0}\r\nTo: x@shop.example\r\nSubject: x\r\n\r\ntext\r\n",
            account.email
        );
        let mut peer = server.smtp().await;
        peer.command("EHLO x.example").await.expect(250);
        let recipients = [account.email.clone()];
        peer.try_send("x@shop.example", &recipients, content.as_bytes())
            .await
            .expect("an answer")
            .expect(552);
        let refused = send_source(&server, &account.id, &content)
            .await
            .expect(400);
        assert_eq!(refused.json()["error"]["field"], "mime");
    }
    let head = format!("GET /v3/grants HTTP/1.1\r\nHost: x\r\n{fields}\r\n");
    let status = status_of(server.ready().http, &head, b"", 0).await;
    assert_eq!(status, 431);
    let messages = format!("/v3/grants/{}/messages?in=all", account.id);
    assert_eq!(
        server.api().get(&messages).await.expect(200).rows().len(),
        0
    );
}

#[tokio::test]
async fn ten_thousand_recipients_are_refused_at_both_doors() {
    let server = Posthouse::start().await;
    let account = server.create_account("agent").await;
    let many: Vec<Value> = (0..10_000)
        .map(|n| json!({"email": format!("a{n}@shop.example")}))
        .collect();
    let send = format!("/v3/grants/{}/messages/send", account.id);
    for field in ["to", "cc", "bcc"] {
        let refused = server
            .api()
            .post(&send, json!({field: many}))
            .await
            .expect(400);
        assert_eq!(refused.json()["error"]["field"], field);
    }
    let list: Vec<String> = (0..10_000).map(|n| format!("a{n}@shop.example")).collect();
    let source = format!(
        "From: {}\r\nTo: {}\r\nSubject: x\r\n\r\ntext\r\n",
        account.email,
        list.join(",\r\n ")
    );
    let refused = send_source(&server, &account.id, &source).await.expect(400);
    assert_eq!(refused.json()["error"]["field"], "to");
    let mut peer = server.smtp().await;
    peer.command("EHLO x.example").await.expect(250);
    peer.command("MAIL FROM:<x@shop.example>").await.expect(250);
    let mut refused = 0;
    for _ in 0..1_010 {
        let reply = peer.command(&format!("RCPT TO:<{}>", account.email)).await;
        refused += usize::from(reply.code == 452);
    }
    assert_eq!(refused, 10, "beyond the thousandth");
}

/// Messages that show a megabyte each, at once on many connections.
const CONNECTIONS: usize = 12;

/// How long such a message may take on a busy machine, in waits for one reply.
const REPLIES_WAITED_MAX: usize = 12;

/// Sends a message and waits longer than for anything else: it may have to wait for memory.
async fn send_patiently(address: SocketAddr, recipients: Vec<String>, content: String) -> u16 {
    let mut peer = SmtpClient::connect(address).await;
    peer.command("EHLO x.example").await.expect(250);
    peer.command("MAIL FROM:<x@shop.example>").await.expect(250);
    for recipient in recipients {
        peer.command(&format!("RCPT TO:<{recipient}>"))
            .await
            .expect(250);
    }
    peer.command("DATA").await.expect(354);
    peer.write(content.as_bytes()).await;
    peer.write(b"\r\n.\r\n").await;
    for _ in 0..REPLIES_WAITED_MAX {
        match peer.try_read_reply().await {
            Ok(reply) => return reply.code,
            Err(error) if error.kind() == std::io::ErrorKind::TimedOut => {}
            Err(error) => panic!("no answer: {error}"),
        }
    }
    panic!("no answer in time");
}

#[tokio::test]
async fn large_headers_for_many_at_once_wait_for_memory_and_arrive() {
    let server = Posthouse::start().await;
    let mut recipients = Vec::new();
    for number in 0..4 {
        recipients.push(server.create_account(&format!("agent{number}")).await.email);
    }
    let before = peak_mib(&server);
    let subject = vec!["x".repeat(900); 1_100].join("\r\n ");
    let content =
        |number: usize| format!("From: x@shop.example\r\nSubject: {subject}\r\n\r\ntext {number}");
    let address = server.ready().smtp;
    let deliveries: Vec<_> = (0..CONNECTIONS)
        .map(|number| tokio::spawn(send_patiently(address, recipients.clone(), content(number))))
        .collect();
    let mut codes = Vec::new();
    for delivery in deliveries {
        codes.push(delivery.await.expect("no panic"));
    }
    let accepted = codes.iter().filter(|code| **code == 250).count();
    assert!(
        codes.iter().all(|code| [250, 452].contains(code)),
        "{codes:?}"
    );
    assert!(accepted > 0, "{codes:?}");
    for recipient in &recipients {
        let path = format!("/v3/grants/{recipient}/messages?select=id&limit=200");
        assert_eq!(
            server.api().get(&path).await.expect(200).rows().len(),
            accepted
        );
    }
    let grown = peak_mib(&server) - before;
    println!("{CONNECTIONS} connections, {accepted} accepted, {grown} MiB");
    // 512 MiB for deliveries, the raw messages, a commit's group, and what a debug build and its allocator add.
    assert!(grown < 900, "{grown} MiB");

    // So many copies never fit, however long anybody waits.
    for number in 4..14 {
        recipients.push(server.create_account(&format!("agent{number}")).await.email);
    }
    assert_eq!(send_patiently(address, recipients, content(0)).await, 552);
}
