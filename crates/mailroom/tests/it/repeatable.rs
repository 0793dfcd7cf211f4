//! Requests that are repeated with the same key.

use posthouse_mailroom::Refusal;
use posthouse_mailroom::idempotency::{KeptAnswer, Repeatable};

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
