//! Requests that are repeated with the same key.

use posthouse_mailroom::Refusal;
use posthouse_mailroom::idempotency::{KeptAnswer, Made, Repeatable};
use posthouse_mailroom::send::Outgoing;
use posthouse_types::address::DisplayAddress;

use crate::support::{Office, every_engine};

async fn begin(office: &Office, fingerprint: u8) -> Result<Repeatable, Refusal> {
    office
        .mailroom
        .begin_repeatable(&office.actor, None, "key", [fingerprint; 32])
        .await
}

fn answer() -> KeptAnswer {
    KeptAnswer {
        status: 201,
        body: "{}".to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn http_13_a_repeated_request_gets_the_first_answer_for_an_hour() {
    for office in every_engine().await {
        let Ok(Repeatable::First(running)) = begin(&office, 1).await else {
            panic!("the first one runs");
        };
        assert!(matches!(
            begin(&office, 1).await,
            Err(Refusal::IdempotencyRunning)
        ));
        running.finish(&answer()).await;
        match begin(&office, 1).await {
            Ok(Repeatable::Answered(kept)) => assert_eq!(kept, answer()),
            other => panic!("{other:?}"),
        }
        assert!(matches!(
            begin(&office, 2).await,
            Err(Refusal::IdempotencyMismatch)
        ));
        let other = office.other_application().await;
        let elsewhere = office
            .mailroom
            .begin_repeatable(&other, None, "key", [2; 32])
            .await;
        assert!(matches!(elsewhere, Ok(Repeatable::First(_))));
        office.clock.forward(3_601);
        assert!(matches!(begin(&office, 2).await, Ok(Repeatable::First(_))));
        assert!(!office.mailroom.expire_repeatable().await.unwrap());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_came_to_nothing_frees_its_key() {
    for office in every_engine().await {
        let Ok(Repeatable::First(running)) = begin(&office, 1).await else {
            panic!("the first one runs");
        };
        running.release().await;
        let Ok(Repeatable::First(running)) = begin(&office, 2).await else {
            panic!("released at once");
        };
        drop(running);
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
        loop {
            match begin(&office, 3).await {
                Ok(Repeatable::First(running)) => {
                    running.release().await;
                    break;
                }
                _ => assert!(std::time::Instant::now() < deadline),
            }
            tokio::task::yield_now().await;
        }
    }
}

fn letter() -> Outgoing {
    Outgoing {
        to: vec![DisplayAddress {
            name: String::new(),
            email: "buyer@shop.example".to_owned(),
        }],
        ..Outgoing::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_sent_before_its_process_died_is_not_sent_again() {
    for office in every_engine().await {
        let grant = office.account("agent").await;
        let begin = || async {
            let mailroom = office.mailroom.for_one_request();
            let begun = mailroom
                .begin_repeatable(&office.actor, Some(&grant), "key", [7; 32])
                .await;
            (mailroom, begun)
        };
        let (mailroom, Ok(Repeatable::First(running))) = begin().await else {
            panic!("the first one runs");
        };
        let sent = mailroom.send_message(&grant, letter(), None).await.unwrap();
        // As when the process is killed: nobody keeps the answer, nobody frees the key.
        std::mem::forget(running);
        for seconds in [0, 200, 3_000] {
            office.clock.forward(seconds);
            let (_, again) = begin().await;
            let Ok(Repeatable::Done(Made::Message(id))) = again else {
                panic!("{again:?}");
            };
            assert_eq!(id, sent.id);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_lost_its_key_sends_nothing() {
    for office in every_engine().await {
        let grant = office.account("agent").await;
        let slow = office.mailroom.for_one_request();
        let fast = office.mailroom.for_one_request();
        let mut begun = Vec::new();
        for mailroom in [&slow, &fast] {
            let beginning = mailroom
                .begin_repeatable(&office.actor, Some(&grant), "key", [7; 32])
                .await;
            let Ok(Repeatable::First(running)) = beginning else {
                panic!("{beginning:?}");
            };
            begun.push(running);
            office.clock.forward(200);
        }
        let refused = slow.send_message(&grant, letter(), None).await;
        assert!(
            matches!(refused, Err(Refusal::Internal { .. })),
            "{refused:?}"
        );
        fast.send_message(&grant, letter(), None).await.unwrap();
        let folders = office
            .mailroom
            .list_folders(&grant, None, false)
            .await
            .unwrap();
        let sent = folders.iter().find(|folder| folder.name == "Sent").unwrap();
        assert_eq!(sent.total_count, 1);
    }
}
