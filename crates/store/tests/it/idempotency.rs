//! Keys of repeated requests: taken once, answered again, freed, aged out.

use posthouse_store::tables::idempotency::{self, Beginning, Horizon, Kept, Slot};
use posthouse_types::ids::Key;

use crate::support::every_engine;
use crate::tenancy::write;

const MINE: [u8; 32] = [1; 32];
const OTHER: [u8; 32] = [2; 32];
const YOUNG: Horizon = Horizon {
    answered: 0,
    begun: 0,
};

fn slot(application: i64, grant: Option<i64>) -> Slot {
    Slot {
        application: Key(application),
        grant: grant.map(Key),
        key: "key".to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_taken_once_and_keeps_the_first_answer() {
    for fresh in every_engine().await {
        write(&fresh.store, |tx| {
            let slot = slot(1, None);
            assert_eq!(
                idempotency::begin(tx, &slot, &MINE, 100, YOUNG)?,
                Beginning::First
            );
            let running = Kept {
                fingerprint: MINE,
                status: 0,
                body: String::new(),
            };
            let again = idempotency::begin(tx, &slot, &OTHER, 100, YOUNG)?;
            assert_eq!(again, Beginning::Taken(running));
            idempotency::finish(tx, &slot, &OTHER, 500, "not mine")?;
            idempotency::finish(tx, &slot, &MINE, 201, "{}")?;
            idempotency::release(tx, &slot, &MINE)?;
            let kept = Kept {
                fingerprint: MINE,
                status: 201,
                body: "{}".to_owned(),
            };
            let later = idempotency::begin(tx, &slot, &MINE, 100, YOUNG)?;
            assert_eq!(later, Beginning::Taken(kept), "an answer is never released");
            Ok(())
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn http_13_keys_of_other_applications_and_accounts_never_meet() {
    for fresh in every_engine().await {
        write(&fresh.store, |tx| {
            for slot in [
                slot(1, None),
                slot(2, None),
                slot(1, Some(7)),
                slot(2, Some(7)),
            ] {
                let beginning = idempotency::begin(tx, &slot, &MINE, 100, YOUNG)?;
                assert_eq!(beginning, Beginning::First, "{slot:?}");
            }
            Ok(())
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_released_or_aged_key_is_free() {
    for fresh in every_engine().await {
        write(&fresh.store, |tx| {
            let slot = slot(1, None);
            idempotency::begin(tx, &slot, &MINE, 100, YOUNG)?;
            idempotency::release(tx, &slot, &OTHER)?;
            assert!(matches!(
                idempotency::begin(tx, &slot, &MINE, 100, YOUNG)?,
                Beginning::Taken(_)
            ));
            idempotency::release(tx, &slot, &MINE)?;
            assert_eq!(
                idempotency::begin(tx, &slot, &OTHER, 100, YOUNG)?,
                Beginning::First
            );
            let abandoned = Horizon {
                answered: 0,
                begun: 101,
            };
            assert_eq!(
                idempotency::begin(tx, &slot, &MINE, 200, abandoned)?,
                Beginning::First
            );
            idempotency::finish(tx, &slot, &MINE, 200, "{}")?;
            assert!(matches!(
                idempotency::begin(tx, &slot, &MINE, 300, abandoned)?,
                Beginning::Taken(_)
            ));
            let aged = Horizon {
                answered: 201,
                begun: 201,
            };
            assert_eq!(
                idempotency::begin(tx, &slot, &OTHER, 300, aged)?,
                Beginning::First
            );
            assert_eq!(idempotency::prune(tx, 300, 10)?, 0);
            assert_eq!(idempotency::prune(tx, 301, 10)?, 1);
            Ok(())
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_twins_at_once_one_is_first() {
    for fresh in every_engine().await {
        let mut twins = Vec::new();
        for _ in 0..16 {
            let store = fresh.store.clone();
            twins.push(tokio::spawn(async move {
                write(&store, |tx| {
                    idempotency::begin(tx, &slot(1, None), &MINE, 100, YOUNG)
                })
                .await
            }));
        }
        let mut first = 0;
        for twin in twins {
            first += usize::from(twin.await.unwrap() == Beginning::First);
        }
        assert_eq!(first, 1);
    }
}
