//! HOOK-04: redirects to places the URL could not have named.

use crate::peer::{OK, Peer};
use crate::stub::{Names, client, post};

#[tokio::test]
async fn hook_04_redirects_are_reported_and_not_followed() {
    let inside = Peer::answering(OK).await;
    let port = inside.address.port();
    for status in [301, 302, 303, 307, 308] {
        for location in [
            format!("http://127.0.0.1:{port}/"),
            format!("//127.0.0.1:{port}/"),
            "/elsewhere".to_owned(),
            "file:///etc/passwd".to_owned(),
            "gopher://127.0.0.1/".to_owned(),
        ] {
            let answer = format!(
                "HTTP/1.1 {status} Moved\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"
            );
            let peer = Peer::answering(answer).await;
            let response = client(Names::answering(&["127.0.0.1"]))
                .request(post(peer.url("hooks.example.com")))
                .await
                .unwrap();
            assert_eq!(response.status, status);
            assert_eq!(response.headers["location"], *location);
            assert_eq!(peer.requests().len(), 1);
        }
    }
    assert_eq!(inside.connections(), 0);
}

#[tokio::test]
async fn hook_04_a_refresh_or_alternative_service_is_not_followed_either() {
    let inside = Peer::answering(OK).await;
    let port = inside.address.port();
    let peer = Peer::answering(format!(
        "HTTP/1.1 200 OK\r\nRefresh: 0; url=http://127.0.0.1:{port}/\r\nAlt-Svc: http/1.1=\"127.0.0.1:{port}\"\r\nContent-Length: 0\r\n\r\n"
    ))
    .await;
    let client = client(Names::answering(&["127.0.0.1"]));
    for _ in 0..2 {
        client
            .request(post(peer.url("hooks.example.com")))
            .await
            .unwrap();
    }
    assert_eq!((inside.connections(), peer.requests().len()), (0, 2));
}
