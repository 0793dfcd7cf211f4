//! HOOK-03: good and bad answers together, and resolvers that fail.

use std::time::Duration;

use posthouse_net::guard::GuardError;
use posthouse_net::http::GuardedClient;
use posthouse_net::resolver::ResolveError;

use crate::peer::{OK, Peer};
use crate::stub::{Names, policy, post};

#[tokio::test]
async fn hook_03_one_bad_answer_refuses_the_name_in_each_order() {
    let peer = Peer::answering(OK).await;
    let names = Names::silent();
    let client = GuardedClient::new(policy(&["127.0.0.1/32"], names.clone()));
    for mix in [
        &["127.0.0.1", "10.0.0.1"][..],
        &["10.0.0.1", "127.0.0.1"],
        &["127.0.0.1", "127.0.0.1", "::1"],
        &["::ffff:127.0.0.1", "127.0.0.1"],
    ] {
        names.answer(mix);
        let error = client
            .request(post(peer.url("hooks.example.com")))
            .await
            .unwrap_err();
        assert!(
            matches!(error, GuardError::Forbidden { .. }),
            "{mix:?}: {error:?}"
        );
    }
    assert_eq!(peer.connections(), 0);
}

#[tokio::test]
async fn hook_03_resolver_failures_connect_to_nothing() {
    let peer = Peer::answering(OK).await;
    let names = Names::silent();
    let client = crate::stub::client(names.clone());
    for failure in [
        ResolveError::Failed,
        ResolveError::NotFound,
        ResolveError::Timeout,
    ] {
        names.fail(failure.clone());
        match client.request(post(peer.url("hooks.example.com"))).await {
            Err(GuardError::Resolve { source }) => assert_eq!(source, failure),
            other => panic!("{failure:?}: {other:?}"),
        }
    }
    names.answer(&[]);
    let error = client
        .request(post(peer.url("hooks.example.com")))
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            GuardError::Resolve {
                source: ResolveError::NotFound
            }
        ),
        "{error:?}"
    );
    assert_eq!(peer.connections(), 0);
}

#[tokio::test]
async fn hook_03_silent_resolver_ends_at_the_connect_deadline() {
    let peer = Peer::answering(OK).await;
    let mut request = post(peer.url("hooks.example.com"));
    request.connect_deadline = Duration::from_millis(50);
    let error = crate::stub::client(Names::silent())
        .request(request)
        .await
        .unwrap_err();
    assert!(matches!(error, GuardError::Timeout { .. }), "{error:?}");
    assert_eq!(
        error.to_string(),
        "no answer in time: connecting took longer than 0.05 s"
    );
    assert_eq!(peer.connections(), 0);
}
