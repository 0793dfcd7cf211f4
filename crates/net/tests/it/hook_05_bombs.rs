//! HOOK-05: answers made to fill memory or to never end.

use std::time::Duration;

use posthouse_net::guard::GuardError;
use posthouse_net::http::GuardedRequest;
use posthouse_net::limits::{
    HOOK_RESPONSE_BYTES_MAX, HOOK_RESPONSE_HEADER_BYTES_MAX, HOOK_RESPONSE_HEADERS_MAX,
};
use tokio::io::AsyncWriteExt as _;

use crate::peer::{Peer, drip, pour};
use crate::stub::{Names, PATIENCE, client, post};

fn hasty(url: String) -> GuardedRequest {
    GuardedRequest {
        total_deadline: Duration::from_millis(300),
        ..post(url)
    }
}

/// A peer that says `head`, and then `bytes` for ever.
async fn endless(head: &'static str, bytes: &'static [u8]) -> Peer {
    Peer::scripted(move |mut stream| async move {
        let _ = stream.write_all(head.as_bytes()).await;
        pour(&mut stream, bytes).await;
    })
    .await
}

async fn dripping(head: &'static str, bytes: &'static [u8]) -> Peer {
    Peer::scripted(move |mut stream| async move {
        let _ = stream.write_all(head.as_bytes()).await;
        drip(&mut stream, bytes).await;
    })
    .await
}

#[tokio::test]
async fn hook_05_endless_bodies_are_cut_at_the_bound() {
    let chunk: &[u8] = b"a\r\n0123456789\r\n";
    for peer in [
        endless("HTTP/1.1 200 OK\r\n\r\n", b"x").await,
        endless(
            "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
            b"xxxxxxxx",
        )
        .await,
        endless(
            "HTTP/1.1 500 Oops\r\nTransfer-Encoding: chunked\r\n\r\n",
            chunk,
        )
        .await,
    ] {
        let answer = client(Names::silent())
            .request(post(peer.url("127.0.0.1")))
            .await
            .unwrap();
        assert!(answer.body_truncated);
        assert_eq!(answer.body.len(), HOOK_RESPONSE_BYTES_MAX);
    }
}

#[tokio::test]
async fn hook_05_body_bound_is_exact() {
    for (bytes, truncated) in [
        (HOOK_RESPONSE_BYTES_MAX, false),
        (HOOK_RESPONSE_BYTES_MAX + 1, true),
    ] {
        let peer = Peer::answering(format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {bytes}\r\n\r\n{}",
            "x".repeat(bytes)
        ))
        .await;
        let client = client(Names::silent());
        for _ in 0..2 {
            let answer = client.request(post(peer.url("127.0.0.1"))).await.unwrap();
            assert_eq!(
                (answer.body.len(), answer.body_truncated),
                (HOOK_RESPONSE_BYTES_MAX, truncated)
            );
        }
        let connections = if truncated { 2 } else { 1 };
        assert_eq!(
            peer.connections(),
            connections,
            "a connection with unread bytes is not kept"
        );
    }
}

#[tokio::test]
async fn hook_05_dripping_answers_end_at_the_total_deadline() {
    for peer in [
        dripping("HTTP/1.1 200 OK\r\nX-Slow: ", b"x").await,
        dripping("HTTP/1.1 200 OK\r\n\r\n", b"x").await,
        dripping("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b"x").await,
        dripping(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"1\r\nx\r\n",
        )
        .await,
    ] {
        let error = client(Names::silent())
            .request(hasty(peer.url("127.0.0.1")))
            .await
            .unwrap_err();
        assert!(matches!(error, GuardError::Timeout { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn hook_05_endless_interim_answers_end_at_the_total_deadline() {
    let peer = dripping("", b"HTTP/1.1 103 Early Hints\r\n\r\n").await;
    let error = client(Names::silent())
        .request(hasty(peer.url("127.0.0.1")))
        .await
        .unwrap_err();
    assert!(matches!(error, GuardError::Timeout { .. }), "{error:?}");
}

#[tokio::test]
async fn hook_05_silent_peer_ends_at_the_total_deadline() {
    let peer = Peer::scripted(async |stream| {
        std::future::pending::<()>().await;
        drop(stream);
    })
    .await;
    let error = client(Names::silent())
        .request(hasty(peer.url("127.0.0.1")))
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "no answer in time: the call took longer than 0.3 s"
    );
}

#[tokio::test]
async fn hook_05_giant_headers_are_refused() {
    for peer in [
        endless("HTTP/1.1 200 OK\r\nX-Big: ", b"xxxxxxxxxxxxxxxx").await,
        endless("HTTP/1.1 200 OK\r\n", b"X-Many: 1\r\n").await,
    ] {
        let error = client(Names::silent())
            .request(post(peer.url("127.0.0.1")))
            .await
            .unwrap_err();
        assert!(matches!(error, GuardError::TooLarge), "{error:?}");
    }
}

#[tokio::test]
async fn hook_05_header_bounds_are_exact() {
    let sized = |bytes: usize| {
        let start = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-Big: ";
        format!("{start}{}\r\n\r\n", "x".repeat(bytes - start.len() - 4))
    };
    let counted = |fields: usize| {
        format!(
            "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n{}\r\n",
            "X-Many: 1\r\n".repeat(fields - 1)
        )
    };
    for (answer, is_fine) in [
        (sized(HOOK_RESPONSE_HEADER_BYTES_MAX), true),
        (sized(HOOK_RESPONSE_HEADER_BYTES_MAX + 1), false),
        (counted(HOOK_RESPONSE_HEADERS_MAX), true),
        (counted(HOOK_RESPONSE_HEADERS_MAX + 1), false),
    ] {
        let peer = Peer::answering(answer).await;
        match client(Names::silent())
            .request(post(peer.url("127.0.0.1")))
            .await
        {
            Ok(_) => assert!(is_fine),
            Err(error) => assert!(
                !is_fine && matches!(error, GuardError::TooLarge),
                "{error:?}"
            ),
        }
    }
}

#[tokio::test]
async fn hook_05_endless_trailers_do_not_fill_memory() {
    let peer = endless(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
        b"X-Trailer: 1\r\n",
    )
    .await;
    let error = client(Names::silent())
        .request(hasty(peer.url("127.0.0.1")))
        .await
        .unwrap_err();
    assert!(
        matches!(error, GuardError::Protocol { .. } | GuardError::TooLarge),
        "{error:?}"
    );
}

#[tokio::test]
async fn hook_05_compressed_answers_are_handed_over_as_they_came() {
    // 1 MiB of zeros shrinks to about this; what matters is that nobody unpacks it.
    let packed =
        b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff\xed\xc1\x01\x0d\x00\x00\x00\xc2\xa0\xf7Om";
    let mut answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
        packed.len()
    )
    .into_bytes();
    answer.extend_from_slice(packed);
    let peer = Peer::answering(answer).await;
    let response = client(Names::silent())
        .request(post(peer.url("127.0.0.1")))
        .await
        .unwrap();
    assert_eq!(&response.body[..], packed);
    assert_eq!(response.headers["content-encoding"], "gzip");
    assert!(peer.requests()[0].contains("accept-encoding: identity\r\n"));
}

#[tokio::test]
async fn hook_05_peer_that_never_finishes_tls_ends_at_the_connect_deadline() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!(
        "https://127.0.0.1:{}/",
        listener.local_addr().unwrap().port()
    );
    let request = GuardedRequest {
        connect_deadline: Duration::from_millis(100),
        ..post(url)
    };
    let error = client(Names::silent()).request(request).await.unwrap_err();
    assert!(
        error.to_string().contains("connecting took longer"),
        "{error}"
    );
}

#[tokio::test]
async fn hook_05_cut_off_peers_find_their_connection_closed() {
    let (closed, mut was_closed) = tokio::sync::mpsc::unbounded_channel();
    let peer = Peer::scripted(move |mut stream| {
        let closed = closed.clone();
        async move {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
            pour(&mut stream, &[b'x'; 4096]).await;
            let _ = closed.send(());
        }
    })
    .await;
    let client = client(Names::silent());
    for _ in 0..8 {
        assert!(
            client
                .request(post(peer.url("127.0.0.1")))
                .await
                .unwrap()
                .body_truncated
        );
        let noticed = tokio::time::timeout(PATIENCE, was_closed.recv()).await;
        noticed.expect("the peer notices that nobody reads any more");
    }
}
