//! An event reaches the destinations of its own application and scope, and no other.

use posthouse_mailroom::Refusal;
use posthouse_mailroom::actor::Actor;
use posthouse_mailroom::applications::NewApplication;
use posthouse_mailroom::webhooks::{NewDestination, RequestedScope};
use posthouse_store::{StoreError, Tx};
use posthouse_types::ids::Kind;

use crate::office::{Office, for_messages, until};
use crate::receiver::Receiver;

/// Makes a second application and returns somebody who may do everything in it.
async fn stranger(office: &Office) -> Actor {
    let new = NewApplication {
        name: "Other".to_owned(),
        ..NewApplication::default()
    };
    let made = office.mailroom.create_application(new).await.unwrap();
    let application = office
        .mailroom
        .open_id(Kind::Application, &made.application_id)
        .unwrap();
    Actor {
        application,
        ..office.actor.clone()
    }
}

fn scoped(url: String, kind: &str, id: String) -> NewDestination {
    NewDestination {
        scope: Some(RequestedScope {
            kind: kind.to_owned(),
            id: Some(id),
        }),
        ..for_messages(url)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hook_08_a_foreign_application_never_hears_of_an_event() {
    let (office, receiver) = (Office::open().await, Receiver::start().await);
    let _worker = office.work();
    let account = office.account("triage").await;
    let stranger = stranger(&office).await;
    let foreign = office
        .mailroom
        .create_webhook(&stranger, for_messages(receiver.url("/foreign")))
        .await
        .unwrap();
    let own = office.subscribe(receiver.url("/own")).await.destination;
    office.deliver("triage", "Order 42").await;
    until("it is delivered", async || office.states().await == [1]).await;
    let requests = receiver.notifications();
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].target, "/own");

    // The foreign one cannot be scoped to our account, nor can ours be reached by the stranger.
    let grant_id = office.mailroom.public_id(Kind::Grant, account.grant);
    let refused = office
        .mailroom
        .create_webhook(&stranger, scoped(receiver.url("/spy"), "grant", grant_id))
        .await;
    assert!(matches!(refused, Err(Refusal::InvalidReference { .. })));
    assert!(matches!(
        office.mailroom.get_webhook(&stranger, &own.id).await,
        Err(Refusal::NotFound)
    ));
    assert!(matches!(
        office
            .mailroom
            .rotate_webhook_secret(&stranger, &own.id)
            .await,
        Err(Refusal::NotFound)
    ));
    assert!(matches!(
        office
            .mailroom
            .delete_webhook(&office.actor, &foreign.destination.id)
            .await,
        Err(Refusal::NotFound)
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scope_keeps_other_accounts_out() {
    let (office, receiver) = (Office::open().await, Receiver::start().await);
    let _worker = office.work();
    let triage = office.account("triage").await;
    office.account("sales").await;
    let grant_id = office.mailroom.public_id(Kind::Grant, triage.grant);
    let workspace_id = office
        .mailroom
        .get_account(&office.actor, &grant_id)
        .await
        .unwrap()
        .workspace_id;
    office
        .try_create(scoped(receiver.url("/grant"), "grant", grant_id))
        .await
        .unwrap();
    office
        .try_create(scoped(
            receiver.url("/workspace"),
            "workspace",
            workspace_id,
        ))
        .await
        .unwrap();
    office.deliver("sales", "for sales").await;
    office.deliver("triage", "for triage").await;
    until("all is delivered", async || {
        office.states().await == [1, 1, 1]
    })
    .await;
    let mut heard: Vec<(String, String)> = receiver
        .notifications()
        .iter()
        .map(|request| {
            (
                request.target.clone(),
                request.envelope()["data"]["object"]["subject"].to_string(),
            )
        })
        .collect();
    heard.sort();
    let expected = [
        ("/grant", "for triage"),
        ("/workspace", "for sales"),
        ("/workspace", "for triage"),
    ];
    assert_eq!(
        heard,
        expected.map(|(target, subject)| (target.to_owned(), format!("\"{subject}\"")))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn junk_is_announced_to_those_who_ask_for_it() {
    let (office, receiver) = (Office::open().await, Receiver::start().await);
    office.account("triage").await;
    office.subscribe(receiver.url("/plain")).await;
    let new = NewDestination {
        include_junk: true,
        ..for_messages(receiver.url("/junk"))
    };
    office.try_create(new).await.unwrap();
    office.deliver("triage", "Winner").await;
    let moved: Result<u64, StoreError> = office
        .store
        .write(|tx: &mut dyn Tx| {
            tx.execute(
                "UPDATE messages SET folder_id = (SELECT id FROM folders WHERE role = 5 LIMIT 1)",
                &[],
            )
        })
        .await;
    assert_eq!(moved.unwrap(), 1);
    let _worker = office.work();
    until("it is delivered", async || office.states().await == [1]).await;
    assert_eq!(receiver.notifications()[0].target, "/junk");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destination_does_not_hear_of_what_was_before_it() {
    let (office, receiver) = (Office::open().await, Receiver::start().await);
    office.account("triage").await;
    office.deliver("triage", "before").await;
    office.clock.forward(1);
    office.subscribe(receiver.url("/hook")).await;
    office.deliver("triage", "after").await;
    let _worker = office.work();
    until("the later one is delivered", async || {
        office.states().await == [1]
    })
    .await;
    assert_eq!(
        receiver.notifications()[0].envelope()["data"]["object"]["subject"],
        "after"
    );
}
