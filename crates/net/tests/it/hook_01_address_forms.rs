//! HOOK-01: addresses that are not public, in whatever form, by literal and by name.

use posthouse_net::guard::GuardError;

use crate::peer::{OK, Peer};
use crate::stub::{Names, post, strict_client};

#[tokio::test]
async fn hook_01_loopback_is_not_connected_to_in_any_spelling() {
    let peer = Peer::answering(OK).await;
    let port = peer.address.port();
    let client = strict_client(Names::answering(&["127.0.0.1"]));
    for host in [
        "127.0.0.1",
        "127.1",
        "0177.1",
        "0x7f.1",
        "2130706433",
        "0",
        "127.0.0.1.",
        "localhost",
        "localhost.",
        "x.localhost",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[64:ff9b:1::7f00:1]",
        "[2002:7f00:1::]",
        "rebound.example.com",
    ] {
        for scheme in ["http", "https"] {
            let error = client
                .request(post(format!("{scheme}://{host}:{port}/")))
                .await
                .unwrap_err();
            assert!(
                matches!(error, GuardError::Forbidden { .. }),
                "{scheme} {host}: {error:?}"
            );
        }
    }
    let error = client
        .request(post(format!("https://user:secret@127.0.0.1:{port}/")))
        .await
        .unwrap_err();
    assert!(matches!(error, GuardError::BadUrl { .. }), "{error:?}");
    assert_eq!(peer.connections(), 0);
}

#[tokio::test]
async fn hook_01_names_that_resolve_inside_are_refused_without_telling_where() {
    for inside in [
        "10.1.2.3",
        "169.254.169.254",
        "192.168.7.7",
        "100.64.3.3",
        "fd00:ec2::254",
        "fe81::9",
        "::ffff:10.1.2.3",
        "0.0.0.0",
    ] {
        let client = strict_client(Names::answering(&[inside]));
        client.check_url("https://hooks.example.com/").unwrap();
        let error = client
            .request(post("https://hooks.example.com/"))
            .await
            .unwrap_err();
        assert!(
            matches!(error, GuardError::Forbidden { .. }),
            "{inside}: {error:?}"
        );
        assert!(!error.to_string().contains(inside), "{error}");
    }
}

#[tokio::test]
async fn hook_01_literals_are_checked_although_no_name_is_resolved() {
    let names = Names::silent();
    let client = strict_client(names.clone());
    assert!(client.check_url("https://10.0.0.1/").is_err());
    assert!(client.request(post("https://10.0.0.1/")).await.is_err());
    assert_eq!(names.times_asked(), 0);
}
