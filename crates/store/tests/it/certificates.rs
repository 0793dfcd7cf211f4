//! Orders of certificates: one process works on a name at a time, and a late one changes nothing.

use posthouse_store::tables::certificates::{self, CertificateRow};
use posthouse_store::tables::mta_sts_policies::{self, PolicyRow};
use posthouse_store::{StoreError, Tx};

use crate::support::every_engine;

const NAME: &str = "mx.example.org";

fn row(stored_at: i64) -> CertificateRow {
    CertificateRow {
        name: NAME.to_owned(),
        chain: format!("chain {stored_at}"),
        private_key: vec![1, 2, 3],
        issued_at: 10,
        expires_at: 100,
        stored_at,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn store_09_an_order_is_claimed_once_and_a_late_holder_changes_nothing() {
    for fresh in every_engine().await {
        let store = &fresh.store;
        store
            .write(|tx: &mut dyn Tx| {
                assert!(certificates::want(tx, NAME, 5)?);
                assert!(!certificates::want(tx, NAME, 1)?, "what is there stays");
                Ok::<_, StoreError>(())
            })
            .await
            .unwrap();
        store
            .write(|tx: &mut dyn Tx| {
                assert_eq!(certificates::claim(tx, 4, 50)?, None, "not due");
                let first = certificates::claim(tx, 5, 50)?.unwrap();
                assert_eq!(certificates::claim(tx, 6, 50)?, None, "claimed");
                assert!(certificates::opened(tx, &first, "https://ca/1", b"key")?);
                let second = certificates::claim(tx, 51, 90)?.unwrap();
                assert_eq!(second.url.as_deref(), Some("https://ca/1"));
                assert_eq!(second.private_key.as_deref(), Some(&b"key"[..]));
                assert!(!certificates::opened(tx, &first, "https://ca/2", b"other")?);
                assert!(!certificates::close(tx, &first, 500, "too late")?);
                assert!(certificates::close(tx, &second, 200, "refused")?);
                let state = certificates::states(tx)?.remove(0);
                assert_eq!((state.failures, state.due_us), (1, 200));
                assert_eq!(state.error, "refused");
                let third = certificates::claim(tx, 200, 300)?.unwrap();
                assert_eq!((third.url.as_deref(), third.failures), (None, 1));
                assert!(certificates::close(tx, &third, 900, "")?);
                assert_eq!(certificates::states(tx)?[0].failures, 0);
                assert_eq!(certificates::next_due(tx)?, Some(900));
                Ok::<_, StoreError>(())
            })
            .await
            .unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_makes_claimed_work_due_and_no_other() {
    for fresh in every_engine().await {
        fresh
            .store
            .write(|tx: &mut dyn Tx| {
                certificates::want(tx, NAME, 5)?;
                certificates::want(tx, "renewed.example.org", 70)?;
                let held = certificates::claim(tx, 5, 50)?.unwrap();
                assert_eq!(certificates::release_all(tx, 8)?, 1);
                assert!(
                    !certificates::close(tx, &held, 500, "")?,
                    "its holder is dead"
                );
                assert!(certificates::claim(tx, 8, 50)?.is_some());
                assert_eq!(certificates::claim(tx, 9, 50)?, None);
                Ok::<_, StoreError>(())
            })
            .await
            .unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_challenges_accounts_and_policies_are_kept_and_replaced() {
    for fresh in every_engine().await {
        fresh
            .store
            .write(|tx: &mut dyn Tx| {
                certificates::want(tx, NAME, 5)?;
                certificates::put(tx, &row(20))?;
                let before = certificates::sign_of_all(tx)?;
                certificates::put(tx, &row(30))?;
                assert_eq!(certificates::all(tx)?, [row(30)]);
                assert_ne!(certificates::sign_of_all(tx)?, before);

                certificates::put_challenge(tx, "token", NAME, "answer", 1)?;
                assert_eq!(
                    certificates::challenge(tx, "token")?.as_deref(),
                    Some("answer")
                );
                assert_eq!(certificates::challenge(tx, "other")?, None);
                let open = certificates::challenges(tx)?;
                assert_eq!(open, [(NAME.to_owned(), "answer".to_owned())]);

                assert!(certificates::keep_account(tx, "https://ca/dir", b"one", 1)?);
                assert!(!certificates::keep_account(
                    tx,
                    "https://ca/dir",
                    b"two",
                    1
                )?);
                let kept = certificates::account(tx, "https://ca/dir")?;
                assert_eq!(kept.as_deref(), Some(&b"one"[..]));
                certificates::drop_account(tx, "https://ca/dir")?;
                assert_eq!(certificates::account(tx, "https://ca/dir")?, None);

                certificates::forget(tx, NAME)?;
                assert!(certificates::all(tx)?.is_empty());
                assert!(certificates::challenges(tx)?.is_empty());

                for id in ["one", "two"] {
                    let policy = PolicyRow {
                        id: id.to_owned(),
                        document: "version: STSv1".to_owned(),
                        fetched_at: 7,
                    };
                    mta_sts_policies::keep(tx, "far.example", &policy)?;
                    assert_eq!(mta_sts_policies::find(tx, "far.example")?, Some(policy));
                }
                assert_eq!(mta_sts_policies::find(tx, "near.example")?, None);
                Ok::<_, StoreError>(())
            })
            .await
            .unwrap();
    }
}
