//! What an ordinary call looks like on the wire, and how connections are kept.

use posthouse_net::guard::GuardError;
use posthouse_net::http::{GuardedRequest, HeaderValue, Method};
use posthouse_net::limits::HOOK_POOL_IDLE_PER_HOST_MAX;
use tokio::io::AsyncWriteExt as _;

use crate::peer::{OK, Peer};
use crate::stub::{Names, PATIENCE, client, post};

#[tokio::test]
async fn post_carries_exact_bytes_and_the_hosts_name() {
    let peer =
        Peer::answering("HTTP/1.1 202 Fine\r\nX-Note: yes\r\nContent-Length: 5\r\n\r\nhello").await;
    let mut request = post(format!("{}?a=b#c", peer.url("Hooks.Example.com.")));
    request.body = "{\"a\": 1}".into();
    request
        .headers
        .insert("x-signature", HeaderValue::from_static("abc"));
    let answer = client(Names::answering(&["127.0.0.1"]))
        .request(request)
        .await
        .unwrap();

    assert_eq!(
        (answer.status, &answer.body[..], answer.body_truncated),
        (202, &b"hello"[..], false)
    );
    assert_eq!(answer.headers["x-note"], "yes");
    let [sent] = &peer.requests()[..] else {
        panic!("one request")
    };
    assert!(sent.starts_with("POST /hook?a=b HTTP/1.1\r\n"), "{sent}");
    assert!(
        sent.contains(&format!(
            "host: hooks.example.com:{}\r\n",
            peer.address.port()
        )),
        "{sent}"
    );
    assert!(
        sent.contains("x-signature: abc\r\n") && sent.contains("content-length: 8\r\n"),
        "{sent}"
    );
    assert!(
        sent.contains("accept-encoding: identity\r\n") && sent.contains("user-agent: posthouse/"),
        "{sent}"
    );
    assert!(sent.ends_with("\r\n\r\n{\"a\": 1}"), "{sent}");
}

#[tokio::test]
async fn get_has_no_body_and_no_length() {
    let peer = Peer::answering(OK).await;
    let request = GuardedRequest::new(Method::GET, peer.url("hooks.example.com") + "?challenge=x");
    client(Names::answering(&["127.0.0.1"]))
        .request(request)
        .await
        .unwrap();
    let sent = peer.requests().remove(0);
    assert!(
        sent.starts_with("GET /hook?challenge=x HTTP/1.1\r\n") && !sent.contains("content-length"),
        "{sent}"
    );
}

#[tokio::test]
async fn fields_that_steer_the_connection_cannot_be_set() {
    let peer = Peer::answering(OK).await;
    let mut request = post(peer.url("hooks.example.com"));
    for (name, value) in [
        ("host", "victim.example"),
        ("content-length", "999"),
        ("transfer-encoding", "chunked"),
        ("connection", "upgrade"),
        ("upgrade", "websocket"),
        ("proxy-authorization", "x"),
        ("expect", "100-continue"),
        ("te", "trailers"),
    ] {
        request
            .headers
            .insert(name, HeaderValue::from_static(value));
    }
    client(Names::answering(&["127.0.0.1"]))
        .request(request)
        .await
        .unwrap();
    let sent = peer.requests().remove(0);
    assert!(
        sent.contains("host: hooks.example.com:") && sent.contains("content-length: 2\r\n"),
        "{sent}"
    );
    for absent in [
        "victim", "999", "chunked", "upgrade", "proxy-", "expect", "\r\nte:",
    ] {
        assert!(!sent.contains(absent), "{absent} in {sent}");
    }
}

#[tokio::test]
async fn one_connection_serves_calls_one_after_the_other() {
    let peer = Peer::answering(OK).await;
    let client = client(Names::answering(&["127.0.0.1"]));
    for _ in 0..20 {
        client
            .request(post(peer.url("hooks.example.com")))
            .await
            .unwrap();
    }
    assert_eq!((peer.connections(), peer.requests().len()), (1, 20));
}

#[tokio::test]
async fn kept_connections_per_host_are_bounded() {
    let peer = Peer::answering(OK).await;
    let client = client(Names::answering(&["127.0.0.1"]));
    let burst = async || {
        let calls = (0..HOOK_POOL_IDLE_PER_HOST_MAX * 4).map(|_| {
            let (client, request) = (client.clone(), post(peer.url("127.0.0.1")));
            tokio::spawn(async move { client.request(request).await.unwrap().status })
        });
        for call in calls.collect::<Vec<_>>() {
            assert_eq!(call.await.unwrap(), 200);
        }
    };
    burst().await;
    let before = peer.connections();
    for _ in 0..50 {
        client.request(post(peer.url("127.0.0.1"))).await.unwrap();
    }
    assert_eq!(
        peer.connections(),
        before,
        "kept ones are enough for calls in turn"
    );
}

#[tokio::test]
async fn connection_that_the_peer_closed_is_replaced() {
    let peer = Peer::scripted(async |mut stream| {
        stream.write_all(OK.as_bytes()).await.unwrap();
        stream.flush().await.unwrap();
    })
    .await;
    let client = client(Names::answering(&["127.0.0.1"]));
    for call in 1..=3 {
        // The end of the connection may still be under way; an attempt that meets it in flight fails honestly.
        let attempts =
            async { while client.request(post(peer.url("127.0.0.1"))).await.is_err() {} };
        tokio::time::timeout(PATIENCE, attempts)
            .await
            .expect("a new connection is opened");
        assert!(peer.connections() >= call);
    }
}

#[tokio::test]
async fn different_names_on_one_address_share_no_connection() {
    let peer = Peer::answering(OK).await;
    let client = client(Names::answering(&["127.0.0.1"]));
    client
        .request(post(peer.url("a.example.com")))
        .await
        .unwrap();
    client
        .request(post(peer.url("b.example.com")))
        .await
        .unwrap();
    assert_eq!(peer.connections(), 2);
}

#[tokio::test]
async fn literal_addresses_ask_no_resolver() {
    let peer = Peer::answering(OK).await;
    let names = Names::silent();
    client(names.clone())
        .request(post(peer.url("127.0.0.1")))
        .await
        .unwrap();
    assert_eq!(names.times_asked(), 0);
}

#[tokio::test]
async fn second_address_is_tried_when_the_first_is_dead() {
    let peer = Peer::answering(OK).await;
    let names = Names::answering(&["127.0.0.9", "127.0.0.1"]);
    assert_eq!(
        client(names)
            .request(post(peer.url("hooks.example.com")))
            .await
            .unwrap()
            .status,
        200
    );
}

#[tokio::test]
async fn nobody_listening_is_a_connect_error() {
    let peer = Peer::answering(OK).await;
    let url = peer.url("127.0.0.7");
    let error = client(Names::silent())
        .request(post(url))
        .await
        .unwrap_err();
    assert!(matches!(error, GuardError::Connect { .. }), "{error:?}");
    assert!(
        error.to_string().to_lowercase().contains("refused"),
        "{error}"
    );
}

#[tokio::test]
async fn dev_loopback_is_reached_over_plain_http() {
    let peer = Peer::answering(OK).await;
    let mut policy = crate::stub::policy(&[], Names::answering(&["127.0.0.1", "::1"]));
    policy.allow_loopback_http = true;
    let client = posthouse_net::http::GuardedClient::new(policy);
    for host in ["127.0.0.1", "localhost", "hooks.example.com"] {
        assert_eq!(
            client.request(post(peer.url(host))).await.unwrap().status,
            200,
            "{host}"
        );
    }
}

#[tokio::test]
async fn answer_that_is_not_http_is_a_protocol_error() {
    for answer in [
        "SSH-2.0-OpenSSH_9.9\r\n\r\n",
        "",
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
        "HTTP/1.1 200 OK\r\n: x\r\n\r\n",
    ] {
        let peer = Peer::scripted(move |mut stream| async move {
            stream.write_all(answer.as_bytes()).await.unwrap();
            stream.flush().await.unwrap();
        })
        .await;
        let error = client(Names::silent())
            .request(post(peer.url("127.0.0.1")))
            .await
            .unwrap_err();
        assert!(
            matches!(error, GuardError::Protocol { .. }),
            "{answer:?}: {error:?}"
        );
    }
}
