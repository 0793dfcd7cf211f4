//! What only a socket shows: both HTTP versions, refusals in the middle of a body, deadlines, the graceful stop.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Empty};
use hyper_util::rt::{TokioExecutor, TokioIo};
use posthouse_api::serve;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::door::{CONNECTIONS_MAX, config, mailroom};

/// Longest that a test waits for something that must happen.
const DEADLINE: Duration = Duration::from_secs(10);

struct Listening {
    address: SocketAddr,
    stop: CancellationToken,
    server: JoinHandle<std::io::Result<()>>,
    _directory: TempDir,
}

impl Listening {
    async fn start() -> Self {
        let directory = TempDir::new().unwrap();
        let mailroom = mailroom(&directory).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let server = tokio::spawn(serve(listener, config(), mailroom, stop.clone()));
        Self {
            address,
            stop,
            server,
            _directory: directory,
        }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends bytes on a fresh connection and returns everything up to its end.
    async fn exchange(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect().await;
        // The server may answer and close before it has everything.
        let _ = stream.write_all(bytes).await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8(answer).unwrap()
    }
}

#[tokio::test]
async fn http_1_is_spoken() {
    let server = Listening::start().await;
    let answer = server
        .exchange(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        .await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains("\"status\":\"ok\""), "{answer}");
}

#[tokio::test]
async fn http_2_is_spoken_without_tls() {
    let server = Listening::start().await;
    let stream = TokioIo::new(server.connect().await);
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), stream)
            .await
            .unwrap();
    let driver = tokio::spawn(connection);
    let target = format!("http://{}/v3", server.address);
    let request = Request::get(target).body(Empty::<Bytes>::new()).unwrap();
    let response = sender.send_request(request).await.unwrap();
    assert_eq!(
        (response.status().as_u16(), response.version()),
        (401, http::Version::HTTP_2)
    );
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert!(
        serde_json::from_slice::<serde_json::Value>(&body).unwrap()["error"]["type"]
            == "unauthorized"
    );
    driver.abort();
}

#[tokio::test]
async fn a_head_request_gets_the_headers_of_its_get() {
    let server = Listening::start().await;
    let answer = server
        .exchange(b"HEAD /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        .await;
    assert!(
        answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\n"),
        "{answer}"
    );
    assert!(
        answer.to_ascii_lowercase().contains("x-request-id: "),
        "{answer}"
    );
}

#[tokio::test]
async fn a_refused_upload_still_reads_its_refusal() {
    let server = Listening::start().await;
    let mut upload = b"POST /v3/providers/detect HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 4194304\r\n\r\n".to_vec();
    upload.resize(upload.len() + (4 << 20), b' ');
    let answer = server.exchange(&upload).await;
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
    assert!(answer.contains("\"unauthorized\""), "{answer}");
}

#[tokio::test]
async fn http_10_conflicting_lengths_and_folded_headers_are_refused() {
    let server = Listening::start().await;
    for attack in [
        &b"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"[..],
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: a\r\n folded\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, identity\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost : x\r\n\r\n",
        b"GET /healthz HTTP/1.1\nHost: x\r\n\r\n",
        b"POST /v3/connect/token HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ] {
        let answer = server.exchange(attack).await;
        assert!(
            answer.starts_with("HTTP/1.1 400 ") && answer.contains("\"invalid_request_error\""),
            "{}: {answer}",
            String::from_utf8_lossy(attack)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn http_08_a_peer_that_never_finishes_a_request_head_is_dropped() {
    let server = Listening::start().await;
    for beginning in [
        &b""[..],
        b"P",
        b"PRI * HTTP/2.0",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ",
    ] {
        let mut stream = server.connect().await;
        stream.write_all(beginning).await.unwrap();
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await;
        assert!(!rest.starts_with(b"HTTP/1.1 200"), "{rest:?}");
    }
}

#[tokio::test]
async fn a_stop_ends_idle_connections_and_the_listener() {
    let server = Listening::start().await;
    let mut idle = server.connect().await;
    idle.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .unwrap();
    let mut first = [0; 12];
    idle.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 200");
    server.stop.cancel();
    let mut rest = Vec::new();
    idle.read_to_end(&mut rest).await.unwrap();
    server.server.await.unwrap().unwrap();
    assert!(TcpStream::connect(server.address).await.is_err());
}

#[tokio::test]
async fn http_11_one_address_cannot_take_every_connection() {
    let server = Listening::start().await;
    let ask = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
    let mut held = Vec::new();
    for _ in 0..CONNECTIONS_MAX {
        let mut stream = server.connect().await;
        stream.write_all(ask).await.unwrap();
        stream.read_exact(&mut [0; 12]).await.unwrap();
        held.push(stream);
    }
    assert_eq!(server.exchange(ask).await, "", "one too many is closed");
    drop(held);
    let closing = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    // Its place is free again as soon as the server has noticed.
    let answered = async {
        while server.exchange(closing).await.is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(DEADLINE, answered)
        .await
        .expect("a place comes free");
}

#[tokio::test(start_paused = true)]
async fn a_kept_connection_may_be_silent_for_a_minute_and_a_slow_head_ends_it_still() {
    let server = Listening::start().await;
    let ask = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
    let mut stream = server.connect().await;
    for _ in 0..3 {
        stream.write_all(ask).await.unwrap();
        let answer = one_answer(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        tokio::time::sleep(Duration::from_secs(70)).await;
    }
    let began = tokio::time::Instant::now();
    stream.write_all(b"GET /healthz HT").await.unwrap();
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest).await;
    assert_eq!(rest, b"", "closed without an answer");
    assert!(
        began.elapsed() < Duration::from_secs(11),
        "after its deadline"
    );
}

#[tokio::test(start_paused = true)]
async fn http_08_silence_and_blank_lines_do_not_hold_a_connection() {
    let server = Listening::start().await;
    let mut stream = server.connect().await;
    stream
        .write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .unwrap();
    one_answer(&mut stream).await;
    let (mut reading, mut writing) = stream.into_split();
    let drip = tokio::spawn(async move {
        while writing.write_all(b"\r\n").await.is_ok() {
            tokio::time::sleep(Duration::from_secs(5)).await;
        }
    });
    let mut rest = Vec::new();
    let _ = tokio::time::timeout(Duration::from_secs(90), reading.read_to_end(&mut rest))
        .await
        .expect("the server closes");
    drip.abort();
}

#[tokio::test]
async fn what_is_no_http_gets_a_json_answer_too() {
    let server = Listening::start().await;
    let mut fields = b"GET /healthz HTTP/1.1\r\nHost: x\r\n".to_vec();
    for _ in 0..200 {
        fields.extend_from_slice(b"X: y\r\n");
    }
    fields.extend_from_slice(b"\r\n");
    let endless = [b"GET /healthz?", &[b'a'; 100_000][..]].concat();
    for (bytes, status, kind) in [
        (&b"hello\r\n\r\n"[..], 400, "invalid_request_error"),
        (
            b"GET /<a> HTTP/1.1\r\nHost: x\r\n\r\n",
            400,
            "invalid_request_error",
        ),
        (&fields, 431, "request_too_large"),
        (&endless, 431, "request_too_large"),
        (
            b"GET / HTTP/1.1\nHost: x\r\n\r\n",
            400,
            "invalid_request_error",
        ),
    ] {
        let answer = server.exchange(bytes).await;
        let (head, body) = answer.split_once("\r\n\r\n").expect("a whole answer");
        let body: serde_json::Value = serde_json::from_str(body).expect("a JSON body");
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{head}");
        assert_eq!(body["error"]["type"], kind);
        let id = body["request_id"].as_str().expect("a request id");
        assert!(head.contains(&format!("x-request-id: {id}\r\n")), "{head}");
    }
}

/// Reads one answer that has a `Content-Length`.
async fn one_answer(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        answer.push(stream.read_u8().await.expect("more of the head"));
    }
    let head = String::from_utf8(answer).expect("a plain head");
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .and_then(|length| length.parse().ok())
        .expect("a length");
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.expect("the body");
    head + &String::from_utf8_lossy(&body)
}
