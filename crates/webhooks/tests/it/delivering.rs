//! Events reach their destinations, signed, repeated when that helps, and without one waiting for the other.

use posthouse_mailroom::webhooks::NewDestination;

use crate::office::{Office, for_messages, until};
use crate::receiver::{Receiver, Reply};

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_announced_with_a_signature_over_the_exact_bytes() {
    let (office, receiver) = (Office::open().await, Receiver::start().await);
    let _worker = office.work();
    let account = office.account("triage").await;
    let made = office.subscribe(receiver.url("/hook")).await;
    office.deliver("triage", "Order 42").await;
    until("it is announced", async || {
        receiver.notifications().len() == 1
    })
    .await;

    let request = &receiver.notifications()[0];
    assert!(request.is_signed_with(made.secret.reveal()));
    assert_eq!(request.target, "/hook");
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert!(
        request
            .header("user-agent")
            .unwrap()
            .starts_with("Posthouse-Webhooks/")
    );
    assert!(request.header("x-posthouse-delivery").is_some());
    let envelope = request.envelope();
    assert_eq!(envelope["specversion"], "1.0");
    assert_eq!(envelope["type"], "message.created");
    assert_eq!(envelope["source"], "/nylas/emails/realtime");
    assert_eq!(envelope["webhook_delivery_attempt"], 1);
    assert_eq!(envelope["time"], 1_790_000_000);
    assert!(envelope["data"].get("grant_id").is_none());
    let object = &envelope["data"]["object"];
    assert_eq!(object["subject"], "Order 42");
    let same = office
        .mailroom
        .get_message(&account, object["id"].as_str().unwrap(), Default::default())
        .await
        .unwrap();
    assert_eq!(
        *object,
        serde_json::from_slice::<serde_json::Value>(&same).unwrap(),
        "the same object as GET"
    );
    until("that is written down", async || {
        office.states().await == [1]
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn compressed_delivery_signs_the_compressed_bytes() {
    let (office, receiver) = (Office::open().await, Receiver::start().await);
    let _worker = office.work();
    office.account("triage").await;
    let new = NewDestination {
        compressed_delivery: true,
        ..for_messages(receiver.url("/hook"))
    };
    let made = office.try_create(new).await.unwrap();
    office.deliver("triage", "Order 42").await;
    until("it is announced", async || {
        receiver.notifications().len() == 1
    })
    .await;
    let request = &receiver.notifications()[0];
    assert_eq!(request.header("content-encoding"), Some("gzip"));
    assert!(request.body.starts_with(&[0x1f, 0x8b]));
    assert!(request.is_signed_with(made.secret.reveal()));
    assert_eq!(request.envelope()["data"]["object"]["subject"], "Order 42");
}

#[tokio::test(flavor = "multi_thread")]
async fn grant_events_carry_their_codes_and_survive_the_account() {
    let (office, receiver) = (Office::open().await, Receiver::start().await);
    let new = NewDestination {
        trigger_types: ["grant.created", "grant.updated", "grant.deleted"]
            .map(str::to_owned)
            .to_vec(),
        ..for_messages(receiver.url("/hook"))
    };
    office.try_create(new).await.unwrap();
    let account = office.account("triage").await;
    let id = office
        .mailroom
        .public_id(posthouse_types::ids::Kind::Grant, account.grant);
    office
        .mailroom
        .delete_account(&office.actor, &id)
        .await
        .unwrap();
    let _worker = office.work();
    until("both are announced", async || {
        receiver.notifications().len() == 2
    })
    .await;
    let mut envelopes: Vec<_> = receiver
        .notifications()
        .iter()
        .map(|request| request.envelope())
        .collect();
    envelopes.sort_by_key(|envelope| envelope["type"].to_string());
    let (created, deleted) = (&envelopes[0]["data"], &envelopes[1]["data"]);
    assert_eq!(envelopes[0]["source"], "/nylas/system");
    assert_eq!(created["object"]["code"], 25_012);
    assert_eq!(created["object"]["email"], "triage@agents.localhost");
    assert_eq!(created["object"]["login_id"], created["application_id"]);
    assert_eq!(created["object"]["scope"], serde_json::json!([]));
    assert!(created["object"]["workspace_id"].is_string());
    assert_eq!(envelopes[1]["type"], "grant.deleted");
    assert_eq!(
        deleted["object"],
        serde_json::json!({
            "code": 25_013, "grant_id": id, "integration_id": deleted["application_id"], "provider": "nylas",
            "email": "triage@agents.localhost", "reauthentication_flag": false,
        })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_destination_is_tried_again_with_the_same_event_and_the_next_attempt_number() {
    let (office, receiver) = (Office::open().await, Receiver::start().await);
    let _worker = office.work();
    office.account("triage").await;
    let made = office.subscribe(receiver.url("/hook")).await;
    receiver.reply_with([Reply::Status(503)]);
    office.deliver("triage", "Order 42").await;
    until("the first attempt is written down", async || {
        office
            .deliveries()
            .await
            .first()
            .is_some_and(|(state, attempt, _)| (*state, *attempt) == (0, 1))
    })
    .await;
    assert_eq!(receiver.notifications().len(), 1);
    office.clock.forward(67);
    until("the second attempt succeeds", async || {
        office.states().await == [1]
    })
    .await;

    let requests = receiver.notifications();
    let (first, second) = (requests[0].envelope(), requests[1].envelope());
    assert_eq!(
        (&first["id"], &first["time"], &first["data"]),
        (&second["id"], &second["time"], &second["data"])
    );
    assert_eq!(second["webhook_delivery_attempt"], 2);
    assert!(requests[1].is_signed_with(made.secret.reveal()));
    assert_eq!(
        requests[0].header("x-posthouse-delivery"),
        requests[1].header("x-posthouse-delivery")
    );
    let (_, attempts, log) = office.deliveries().await.remove(0);
    assert_eq!(attempts, 2);
    assert_eq!(
        (&log[0]["response_status"], &log[1]["response_status"]),
        (&503.into(), &200.into())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn three_attempts_are_all_there_are() {
    let (office, receiver) = (Office::open().await, Receiver::start().await);
    let _worker = office.work();
    office.account("triage").await;
    office.subscribe(receiver.url("/hook")).await;
    receiver.reply_with([Reply::Status(503), Reply::Status(504), Reply::Status(408)]);
    office.deliver("triage", "Order 42").await;
    for made in 1..=3 {
        until("an attempt is written down", async || {
            office
                .deliveries()
                .await
                .first()
                .is_some_and(|(_, attempt, _)| *attempt == made)
        })
        .await;
        office.clock.forward(16 * 60);
    }
    assert_eq!(office.states().await, [2]);
    assert_eq!(receiver.notifications().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_final_and_so_is_a_redirect() {
    let (office, receiver) = (Office::open().await, Receiver::start().await);
    let _worker = office.work();
    office.account("triage").await;
    office.subscribe(receiver.url("/hook")).await;
    receiver.reply_with([
        Reply::Status(400),
        Reply::With(302, "Location: /elsewhere"),
        Reply::Status(500),
    ]);
    for subject in ["one", "two", "three"] {
        office.deliver("triage", subject).await;
    }
    until("all are given up", async || {
        office.states().await == [2, 2, 2]
    })
    .await;
    let requests = receiver.notifications();
    assert_eq!(requests.len(), 3);
    assert!(
        requests.iter().all(|request| request.target == "/hook"),
        "no redirect is followed"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn retry_after_of_a_429_moves_the_next_attempt() {
    let (office, receiver) = (Office::open().await, Receiver::start().await);
    let _worker = office.work();
    office.account("triage").await;
    office.subscribe(receiver.url("/hook")).await;
    receiver.reply_with([Reply::With(429, "Retry-After: 5")]);
    office.deliver("triage", "Order 42").await;
    until("the first attempt is written down", async || {
        office
            .deliveries()
            .await
            .first()
            .is_some_and(|(_, attempt, _)| *attempt == 1)
    })
    .await;
    office.clock.forward(6);
    until("the second attempt succeeds", async || {
        office.states().await == [1]
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hook_06_a_stalled_destination_holds_up_nobody_else_and_few_of_its_own() {
    const EVENTS: usize = 40;
    let office = Office::open().await;
    let (stalled, healthy) = (Receiver::start().await, Receiver::start().await);
    let _worker = office.work();
    office.account("triage").await;
    office.subscribe(stalled.url("/hook")).await;
    office.subscribe(healthy.url("/hook")).await;
    stalled.reply_with(vec![Reply::Stall; EVENTS]);
    for number in 0..EVENTS {
        office.deliver("triage", &format!("Order {number}")).await;
    }
    until("the healthy one has all", async || {
        healthy.notifications().len() == EVENTS
    })
    .await;
    assert!(
        stalled.notifications().len() <= 4,
        "at most four calls at once"
    );

    until(
        "the stalled one gets the rest once it goes on",
        async || {
            stalled.release();
            stalled.notifications().len() == EVENTS
        },
    )
    .await;
    let mut ids: Vec<String> = stalled
        .notifications()
        .iter()
        .map(|request| request.event_id())
        .collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), EVENTS, "each event once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_burst_beyond_what_is_held_arrives_completely() {
    const EVENTS: usize = 150;
    let (office, receiver) = (Office::open().await, Receiver::start().await);
    office.account("triage").await;
    office.subscribe(receiver.url("/hook")).await;
    for number in 0..EVENTS {
        office.deliver("triage", &format!("Order {number}")).await;
    }
    let _worker = office.work();
    until("all have succeeded", async || {
        let states = office.states().await;
        states.len() == EVENTS && states.iter().all(|state| *state == 1)
    })
    .await;
    assert_eq!(receiver.notifications().len(), EVENTS);
}
