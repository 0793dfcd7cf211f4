//! HOOK-02: a name that answers one thing to the check and another to the connection.

use posthouse_net::guard::GuardError;
use posthouse_net::http::GuardedClient;

use crate::peer::{OK, Peer};
use crate::stub::{Names, policy, post};

#[tokio::test]
async fn hook_02_a_name_is_resolved_once_per_call_so_check_and_connection_agree() {
    let peer = Peer::answering(OK).await;
    let names = Names::answering(&["127.0.0.1"]);
    let client = crate::stub::client(names.clone());
    client
        .request(post(peer.url("hooks.example.com")))
        .await
        .unwrap();
    assert_eq!(names.times_asked(), 1);
    client
        .request(post(peer.url("hooks.example.com")))
        .await
        .unwrap();
    assert_eq!(
        names.times_asked(),
        2,
        "also when the connection is a kept one"
    );
}

#[tokio::test]
async fn hook_02_record_that_turns_inside_is_refused_although_a_connection_is_kept() {
    let peer = Peer::answering(OK).await;
    let names = Names::answering(&["127.0.0.1"]);
    let client = GuardedClient::new(policy(&["127.0.0.1/32"], names.clone()));
    client
        .request(post(peer.url("hooks.example.com")))
        .await
        .unwrap();

    for inside in [
        &["127.0.0.2"][..],
        &["10.0.0.1"],
        &["127.0.0.1", "10.0.0.1"],
    ] {
        names.answer(inside);
        let error = client
            .request(post(peer.url("hooks.example.com")))
            .await
            .unwrap_err();
        assert!(
            matches!(error, GuardError::Forbidden { .. }),
            "{inside:?}: {error:?}"
        );
    }
    assert_eq!((peer.connections(), peer.requests().len()), (1, 1));
}

#[tokio::test]
async fn hook_02_kept_connection_is_not_used_when_its_peer_is_no_longer_an_answer() {
    let old = Peer::answering(OK).await;
    let new = Peer::answering_at(&format!("127.0.0.2:{}", old.address.port()), OK).await;
    let names = Names::answering(&["127.0.0.1"]);
    let client = crate::stub::client(names.clone());

    client
        .request(post(old.url("hooks.example.com")))
        .await
        .unwrap();
    names.answer(&["127.0.0.2"]);
    client
        .request(post(old.url("hooks.example.com")))
        .await
        .unwrap();
    assert_eq!((old.requests().len(), new.requests().len()), (1, 1));

    names.answer(&["127.0.0.1"]);
    client
        .request(post(old.url("hooks.example.com")))
        .await
        .unwrap();
    assert_eq!(
        old.connections(),
        2,
        "the connection to the former address was dropped"
    );
}

#[tokio::test]
async fn hook_02_kept_connection_is_not_used_when_the_resolver_fails() {
    let peer = Peer::answering(OK).await;
    let names = Names::answering(&["127.0.0.1"]);
    let client = crate::stub::client(names.clone());
    client
        .request(post(peer.url("hooks.example.com")))
        .await
        .unwrap();
    names.fail(posthouse_net::resolver::ResolveError::Failed);
    let error = client
        .request(post(peer.url("hooks.example.com")))
        .await
        .unwrap_err();
    assert!(matches!(error, GuardError::Resolve { .. }), "{error:?}");
    assert_eq!(peer.requests().len(), 1);
}
