//! Destinations are made, changed and deleted; each change of consequence needs the URL's agreement.

use posthouse_mailroom::Refusal;
use posthouse_mailroom::actor::Scope;
use posthouse_mailroom::webhooks::{DestinationChange, DestinationStatus, NewDestination};

use crate::office::{Office, for_messages, until};
use crate::receiver::{Challenge, Receiver};

fn status(name: &str) -> DestinationChange {
    DestinationChange {
        status: Some(name.to_owned()),
        ..DestinationChange::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_url_must_answer_its_challenge_and_what_fails_leaves_no_trace() {
    let (office, receiver) = (Office::open().await, Receiver::start().await);
    for answer in [Challenge::Wrong, Challenge::Missing, Challenge::Redirect] {
        receiver.challenge_with(answer);
        let refused = office
            .try_create(for_messages(receiver.url("/hook?a=1")))
            .await;
        let Err(Refusal::ChallengeFailed { message }) = refused else {
            panic!("{answer:?}: {refused:?}")
        };
        assert!(message.starts_with("verify webhook URL"), "{message}");
    }
    let asked = receiver.challenges();
    assert_eq!(asked.len(), 3, "one try each, no redirect followed");
    assert!(
        asked
            .iter()
            .all(|request| request.target.starts_with("/hook?a=1&challenge="))
    );
    assert!(
        office
            .mailroom
            .list_webhooks(&office.actor)
            .await
            .unwrap()
            .is_empty()
    );

    receiver.challenge_with(Challenge::RightWithSpace);
    let made = office.subscribe(receiver.url("/hook?a=1")).await;
    assert_eq!(made.destination.status, DestinationStatus::Active);
    let found = office
        .mailroom
        .get_webhook(&office.actor, &made.destination.id)
        .await
        .unwrap();
    assert_eq!(found, made.destination);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_url_is_used_once_per_application() {
    let (office, receiver) = (Office::open().await, Receiver::start().await);
    office.subscribe(receiver.url("/hook")).await;
    let refused = office.try_create(for_messages(receiver.url("/hook"))).await;
    assert!(
        matches!(refused, Err(Refusal::Invalid { field: Some(field), .. }) if field == "webhook_url")
    );
    assert_eq!(
        receiver.challenges().len(),
        1,
        "what cannot succeed calls nobody"
    );
    let other = office.subscribe(receiver.url("/other")).await;
    let change = DestinationChange {
        webhook_url: Some(receiver.url("/hook")),
        ..DestinationChange::default()
    };
    let refused = office
        .mailroom
        .update_webhook(&office.actor, &other.destination.id, change)
        .await;
    assert!(
        matches!(refused, Err(Refusal::Invalid { field: Some(field), .. }) if field == "webhook_url")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_that_break_a_rule_are_named() {
    let (office, receiver) = (Office::open().await, Receiver::start().await);
    let base = || for_messages(receiver.url("/hook"));
    let cases: [(NewDestination, &str); 5] = [
        (
            NewDestination {
                trigger_types: Vec::new(),
                ..base()
            },
            "trigger_types",
        ),
        (
            NewDestination {
                trigger_types: vec!["message.cretaed".to_owned()],
                ..base()
            },
            "trigger_types[0]",
        ),
        (
            NewDestination {
                notification_email_addresses: vec!["nobody".to_owned()],
                ..base()
            },
            "notification_email_addresses[0]",
        ),
        (
            NewDestination {
                notification_email_addresses: vec!["a@b.example".to_owned(); 11],
                ..base()
            },
            "notification_email_addresses",
        ),
        (
            NewDestination {
                webhook_url: "not a URL".to_owned(),
                ..base()
            },
            "webhook_url",
        ),
    ];
    for (new, expected) in cases {
        let refused = office.try_create(new).await;
        assert!(
            matches!(&refused, Err(Refusal::Invalid { field: Some(field), .. }) if field == expected),
            "{refused:?}"
        );
    }
    assert!(receiver.challenges().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn empty_values_of_an_update_change_nothing() {
    let (office, receiver) = (Office::open().await, Receiver::start().await);
    let new = NewDestination {
        description: "d".to_owned(),
        notification_email_addresses: vec!["ops@shop.example".to_owned()],
        ..for_messages(receiver.url("/hook"))
    };
    let made = office.try_create(new).await.unwrap().destination;
    let empty = DestinationChange {
        trigger_types: Some(Vec::new()),
        webhook_url: Some(String::new()),
        description: Some(String::new()),
        status: Some(String::new()),
        notification_email_addresses: Some(Vec::new()),
        compressed_delivery: None,
    };
    office.clock.forward(60);
    let after = office
        .mailroom
        .update_webhook(&office.actor, &made.id, empty)
        .await
        .unwrap();
    assert_eq!(after, made);
    assert_eq!(receiver.challenges().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn updates_at_the_same_time_do_not_undo_each_other() {
    let (office, receiver) = (Office::open().await, Receiver::start().await);
    let id = office.subscribe(receiver.url("/hook")).await.destination.id;
    for round in 0..10 {
        let url = receiver.url(&format!("/moved-{round}"));
        let moves = DestinationChange {
            webhook_url: Some(url.clone()),
            ..DestinationChange::default()
        };
        let description = format!("round {round}");
        let describes = DestinationChange {
            description: Some(description.clone()),
            ..DestinationChange::default()
        };
        let (moved, described) = tokio::join!(
            office.mailroom.update_webhook(&office.actor, &id, moves),
            office
                .mailroom
                .update_webhook(&office.actor, &id, describes),
        );
        moved.unwrap();
        described.unwrap();
        let after = office.mailroom.get_webhook(&office.actor, &id).await;
        let after = after.unwrap();
        assert_eq!((after.webhook_url, after.description), (url, description));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_during_a_pause_is_skipped_and_resuming_needs_the_challenge() {
    let (office, receiver) = (Office::open().await, Receiver::start().await);
    let _worker = office.work();
    office.account("triage").await;
    let id = office.subscribe(receiver.url("/hook")).await.destination.id;
    let paused = office
        .mailroom
        .update_webhook(&office.actor, &id, status("inactive"))
        .await
        .unwrap();
    assert_eq!(paused.status, DestinationStatus::Pause);
    office.deliver("triage", "while paused").await;
    until("it is noted down", async || office.states().await == [3]).await;

    receiver.challenge_with(Challenge::Wrong);
    let refused = office
        .mailroom
        .update_webhook(&office.actor, &id, status("active"))
        .await;
    assert!(matches!(refused, Err(Refusal::ChallengeFailed { .. })));
    let still = office
        .mailroom
        .get_webhook(&office.actor, &id)
        .await
        .unwrap();
    assert_eq!(still.status, DestinationStatus::Pause);
    receiver.challenge_with(Challenge::Right);
    office
        .mailroom
        .update_webhook(&office.actor, &id, status("active"))
        .await
        .unwrap();
    office.deliver("triage", "afterwards").await;
    until("the later one arrives", async || {
        office.states().await == [3, 1]
    })
    .await;
    assert_eq!(receiver.notifications().len(), 1);
    let refused = office
        .mailroom
        .update_webhook(&office.actor, &id, status("failed"))
        .await;
    assert!(
        matches!(refused, Err(Refusal::Invalid { field: Some(field), .. }) if field == "status")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_secret_signs_at_once_what_was_waiting() {
    let (office, receiver) = (Office::open().await, Receiver::start().await);
    office.account("triage").await;
    let made = office.subscribe(receiver.url("/hook")).await;
    office.deliver("triage", "Order 42").await;
    office.mailroom.fan_out().step(&|_| 0).await.unwrap();
    let rotated = office
        .mailroom
        .rotate_webhook_secret(&office.actor, &made.destination.id)
        .await
        .unwrap();
    assert_ne!(rotated.secret.reveal(), made.secret.reveal());
    let _worker = office.work();
    until("it arrives", async || receiver.notifications().len() == 1).await;
    let request = &receiver.notifications()[0];
    assert!(request.is_signed_with(rotated.secret.reveal()));
    assert!(!request.is_signed_with(made.secret.reveal()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_destination_gets_nothing_more_and_its_queue_is_gone() {
    let (office, receiver) = (Office::open().await, Receiver::start().await);
    office.account("triage").await;
    let id = office.subscribe(receiver.url("/hook")).await.destination.id;
    office.deliver("triage", "Order 42").await;
    let step = office.mailroom.fan_out().step(&|_| 1).await.unwrap();
    office
        .mailroom
        .delete_webhook(&office.actor, &id)
        .await
        .unwrap();
    assert!(office.states().await.is_empty());
    let ready = office
        .mailroom
        .notification(&step.claimed[0])
        .await
        .unwrap();
    assert!(ready.is_none(), "what was held is not sent either");
    assert!(matches!(
        office.mailroom.delete_webhook(&office.actor, &id).await,
        Err(Refusal::NotFound)
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_not_readable_in_the_database_files() {
    let (office, receiver) = (Office::open().await, Receiver::start().await);
    let made = office.subscribe(receiver.url("/hook")).await;
    let rotated = office
        .mailroom
        .rotate_webhook_secret(&office.actor, &made.destination.id)
        .await
        .unwrap();
    office.store.close().await;
    let mut searched = 0;
    for entry in std::fs::read_dir(office.directory.path()).unwrap() {
        let path = entry.unwrap().path();
        if !path.is_file() {
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        searched += bytes.len();
        for secret in [made.secret.reveal(), rotated.secret.reveal()] {
            let raw = hex::decode(secret).unwrap();
            for needle in [secret.as_bytes(), raw.as_slice()] {
                assert!(
                    !bytes.windows(needle.len()).any(|window| window == needle),
                    "{}",
                    path.display()
                );
            }
        }
    }
    assert!(searched > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_of_an_account_know_no_webhooks() {
    let (office, receiver) = (Office::open().await, Receiver::start().await);
    let account = office.account("triage").await;
    let id = office.subscribe(receiver.url("/hook")).await.destination.id;
    let mut narrow = office.actor.clone();
    narrow.scope = Scope::Grant(account.grant);
    assert!(matches!(
        office.mailroom.get_webhook(&narrow, &id).await,
        Err(Refusal::NotFound)
    ));
    assert!(matches!(
        office.mailroom.list_webhooks(&narrow).await,
        Err(Refusal::Forbidden { .. })
    ));
    let refused = office
        .mailroom
        .create_webhook(&narrow, for_messages(receiver.url("/other")))
        .await;
    assert!(matches!(refused, Err(Refusal::Forbidden { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_event_is_signed_with_the_published_secret() {
    let (office, receiver) = (Office::open().await, Receiver::start().await);
    let send = async || {
        office
            .mailroom
            .send_test_event(&office.actor, &receiver.url("/hook"), Some("grant.deleted"))
            .await
    };
    send().await.unwrap();
    let request = &receiver.notifications()[0];
    assert!(request.is_signed_with("mock-webhook-secret"));
    assert_eq!(request.envelope()["type"], "grant.deleted");
    receiver.reply_with([crate::receiver::Reply::Status(418)]);
    let refused = send().await.unwrap_err().to_string();
    assert!(refused.contains("418"), "{refused}");
    assert!(receiver.challenges().is_empty());
}
