//! Accounts: one owner per address, filters, moves, and their end.

use posthouse_store::blobs::PreparedBlob;
use posthouse_store::sql::Param;
use posthouse_store::tables::grants::{self, Filter, GrantName, GrantUpdate, NewGrant, SortBy};
use posthouse_store::tables::{blobs, deleted_grants, folders};
use posthouse_store::{Store, StoreError, Tx};
use posthouse_types::ids::Key;

use crate::support::every_engine;
use crate::tenancy::{application, write};

fn new_grant(id: Key, application: Key, workspace: Key, email: &str, now: i64) -> NewGrant<'_> {
    NewGrant {
        id,
        application,
        workspace,
        email,
        name: "",
        app_password_hash: None,
        plus_addressing: true,
        now,
    }
}

fn filter(application: Key) -> Filter {
    Filter {
        application,
        workspace: None,
        grant: None,
        email: None,
        since: None,
        before: None,
        at_domains: None,
        sort: SortBy::CreatedAt,
        ascending: false,
        limit: 100,
        offset: 0,
    }
}

fn emails(tx: &mut dyn Tx, filter: &Filter) -> Result<Vec<String>, StoreError> {
    Ok(grants::list(tx, filter)?
        .into_iter()
        .map(|grant| grant.email)
        .collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_has_one_owner_on_the_whole_server() {
    for fresh in every_engine().await {
        let store = &fresh.store;
        let mine = application(store, "First").await;
        let other = application(store, "Second").await;
        let keys = [store.new_key(), store.new_key()];
        write(store, move |tx| {
            let email = "a@x.example";
            assert!(grants::insert(
                tx,
                &new_grant(keys[0], mine.id, mine.default_workspace, email, 100)
            )?);
            assert!(!grants::insert(
                tx,
                &new_grant(keys[1], other.id, other.default_workspace, email, 100)
            )?);
            let owner = grants::by_email(tx, email)?.unwrap();
            assert_eq!((owner.id, owner.application), (keys[0], mine.id));
            assert_eq!(grants::find(tx, other.id, keys[0])?, None);
            assert_eq!(grants::find(tx, mine.id, keys[0])?, Some(owner));
            for name in [GrantName::Id(keys[0]), GrantName::Email(email.to_owned())] {
                let identity = grants::identify(tx, &name)?.unwrap();
                assert_eq!((identity.id, identity.application), (keys[0], mine.id));
            }
            assert!(grants::any_of_application(tx, mine.id)?);
            assert!(!grants::any_of_application(tx, other.id)?);
            Ok(())
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_writers_at_one_address_make_one_row() {
    for fresh in every_engine().await {
        let store = &fresh.store;
        let mine = application(store, "First").await;
        let mut writers = Vec::new();
        for _ in 0..20 {
            let (store, id) = (store.clone(), store.new_key());
            let (application, workspace) = (mine.id, mine.default_workspace);
            writers.push(tokio::spawn(async move {
                write(&store, move |tx| {
                    grants::insert(
                        tx,
                        &new_grant(id, application, workspace, "a@x.example", 100),
                    )
                })
                .await
            }));
        }
        let mut made = 0;
        for writer in writers {
            made += usize::from(writer.await.unwrap());
        }
        assert_eq!(made, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_filter_of_a_listing_holds_and_they_combine() {
    for fresh in every_engine().await {
        let store = &fresh.store;
        let mine = application(store, "First").await;
        let other = application(store, "Second").await;
        let keys: Vec<Key> = (0..4).map(|_| store.new_key()).collect();
        write(store, move |tx| {
            for (number, email) in ["a@x.example", "b@sub.x.example", "c@y.example"]
                .iter()
                .enumerate()
            {
                let now = 100 + number as i64;
                grants::insert(
                    tx,
                    &new_grant(keys[number], mine.id, mine.default_workspace, email, now),
                )?;
            }
            grants::insert(
                tx,
                &new_grant(
                    keys[3],
                    other.id,
                    other.default_workspace,
                    "d@x.example",
                    100,
                ),
            )?;
            let all = ["c@y.example", "b@sub.x.example", "a@x.example"];
            let of = |change: &dyn Fn(&mut Filter)| {
                let mut filter = filter(mine.id);
                change(&mut filter);
                filter
            };
            assert_eq!(emails(tx, &of(&|_| {}))?, all);
            let oldest = of(&|f| f.ascending = true);
            assert_eq!(emails(tx, &oldest)?, [all[2], all[1], all[0]]);
            let page = of(&|f| (f.limit, f.offset) = (1, 1));
            assert_eq!(emails(tx, &page)?, [all[1]]);
            let since = of(&|f| f.since = Some(101));
            assert_eq!(emails(tx, &since)?, all[..2]);
            let before = of(&|f| f.before = Some(101));
            assert_eq!(emails(tx, &before)?, all[1..]);
            let one = of(&|f| f.email = Some("a@x.example".to_owned()));
            assert_eq!(emails(tx, &one)?, [all[2]]);
            let foreign = of(&|f| f.email = Some("d@x.example".to_owned()));
            assert_eq!(emails(tx, &foreign)?, [""; 0]);
            let grant = of(&|f| f.grant = Some(keys[1]));
            assert_eq!(emails(tx, &grant)?, [all[1]]);
            let workspace = of(&|f| f.workspace = Some(other.default_workspace));
            assert_eq!(emails(tx, &workspace)?, [""; 0]);
            let at = of(&|f| f.at_domains = Some((true, vec![("x.example".to_owned(), false)])));
            assert_eq!(emails(tx, &at)?, [all[2]]);
            let below = of(&|f| f.at_domains = Some((true, vec![("x.example".to_owned(), true)])));
            assert_eq!(emails(tx, &below)?, all[1..]);
            let not = of(&|f| f.at_domains = Some((false, vec![("x.example".to_owned(), true)])));
            assert_eq!(emails(tx, &not)?, [all[0]]);
            let nowhere = of(&|f| f.at_domains = Some((true, Vec::new())));
            assert_eq!(emails(tx, &nowhere)?, [""; 0]);
            let anywhere = of(&|f| f.at_domains = Some((false, Vec::new())));
            assert_eq!(emails(tx, &anywhere)?, all);
            grants::update(
                tx,
                keys[0],
                &GrantUpdate {
                    name: "A",
                    workspace: mine.default_workspace,
                    plus_addressing: false,
                    updated_at: 500,
                },
            )?;
            let changed = of(&|f| f.sort = SortBy::UpdatedAt);
            assert_eq!(emails(tx, &changed)?, [all[2], all[0], all[1]]);
            let found = grants::find(tx, mine.id, keys[0])?.unwrap();
            assert_eq!((found.name.as_str(), found.plus_addressing), ("A", false));
            assert_eq!(
                grants::domains_in_use(tx, "x.example")?,
                ["sub.x.example", "x.example"]
            );
            Ok(())
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bytes_of_an_account_are_those_of_its_folders() {
    for fresh in every_engine().await {
        let store = &fresh.store;
        let mine = application(store, "First").await;
        let id = store.new_key();
        let keys = std::array::from_fn(|_| store.new_key());
        write(store, move |tx| {
            grants::insert(
                tx,
                &new_grant(id, mine.id, mine.default_workspace, "a@x.example", 100),
            )?;
            folders::create_system_folders(tx, mine.id, id, &keys, 100)?;
            assert_eq!(grants::find(tx, mine.id, id)?.unwrap().storage_used, 0);
            folders::enter_unread(tx, id, keys[0], 700)?.unwrap();
            folders::enter_unread(tx, id, keys[1], 42)?.unwrap();
            assert_eq!(grants::find(tx, mine.id, id)?.unwrap().storage_used, 742);
            grants::set_app_password(tx, id, Some("$2b$hash"))?;
            assert!(grants::find(tx, mine.id, id)?.unwrap().has_app_password);
            grants::set_app_password(tx, id, None)?;
            assert!(!grants::find(tx, mine.id, id)?.unwrap().has_app_password);
            Ok(())
        })
        .await;
    }
}

/// Puts a message row that refers to a blob.
fn put_message(
    tx: &mut dyn Tx,
    id: Key,
    application: Key,
    grant: Key,
    folder: Key,
    blob: Key,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO messages (id, application_id, grant_id, folder_id, thread_id, blob_id, date_at, created_at, unread,
           starred, answered, has_attachment, uid, modseq, size_bytes, subject, metadata, trace, header_section, parts,
           document_version, document, body)
         VALUES ($1, $2, $3, $4, $1, $5, 100, 100, 1, 0, 0, 0, 1, 1, 10, '', NULL, $6, NULL, NULL, 1, '', '\"\"')",
        &[
            id.into(),
            application.into(),
            grant.into(),
            folder.into(),
            blob.into(),
            Param::Bytes(b""),
        ],
    )?;
    for term in 0..3_i64 {
        tx.execute(
            "INSERT INTO message_terms (grant_id, term, date_at, message_id) VALUES ($1, $2, 100, $3)",
            &[grant.into(), term.into(), id.into()],
        )?;
    }
    tx.execute(
        "INSERT INTO receipts (message_id, digest) VALUES ($1, 1)",
        &[id.into()],
    )?;
    Ok(())
}

fn count(tx: &mut dyn Tx, table: &str) -> Result<i64, StoreError> {
    let sql = format!("SELECT CAST(COUNT(*) AS BIGINT) FROM {table}");
    tx.query_one(&sql, &[], |row| row.int(0))
}

async fn two_accounts_with_mail(store: &Store) -> (Key, [Key; 2]) {
    let mine = application(store, "First").await;
    let accounts = [store.new_key(), store.new_key()];
    let keys: Vec<Key> = (0..100).map(|_| store.new_key()).collect();
    let (application, workspace) = (mine.id, mine.default_workspace);
    write(store, move |tx| {
        let mut keys = keys.into_iter();
        let mut next = || keys.next().unwrap();
        let shared = PreparedBlob::new(next(), application, b"to both")?;
        let shared = blobs::keep(tx, &shared)?.key;
        for (number, grant) in accounts.into_iter().enumerate() {
            let email = format!("a{number}@x.example");
            grants::insert(tx, &new_grant(grant, application, workspace, &email, 100))?;
            let folders = std::array::from_fn(|_| next());
            folders::create_system_folders(tx, application, grant, &folders, 100)?;
            put_message(tx, next(), application, grant, folders[0], shared)?;
            for copy in 0..6 {
                let raw = format!("{number}.{copy}");
                let blob = PreparedBlob::new(next(), application, raw.as_bytes())?;
                let blob = blobs::keep(tx, &blob)?.key;
                put_message(tx, next(), application, grant, folders[0], blob)?;
            }
        }
        Ok(())
    })
    .await;
    (application, accounts)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_account_frees_its_address_at_once_and_its_mail_in_small_steps() {
    for fresh in every_engine().await {
        let store = &fresh.store;
        let (application, accounts) = two_accounts_with_mail(store).await;
        write(store, move |tx| {
            assert!(deleted_grants::delete(tx, application, accounts[0], 200)?);
            assert!(!deleted_grants::delete(tx, application, accounts[0], 200)?);
            assert!(!deleted_grants::delete(tx, Key(9), accounts[1], 200)?);
            assert_eq!(grants::by_email(tx, "a0@x.example")?, None);
            Ok(())
        })
        .await;
        let mut steps = 0;
        while write(store, |tx| deleted_grants::remove_some(tx, 2))
            .await
            .more
        {
            steps += 1;
            assert!(steps < 100, "the removal ends");
        }
        assert!(steps > 4, "{steps} steps of at most two messages");
        write(store, move |tx| {
            assert_eq!(count(tx, "messages")?, 7, "the other account's");
            assert_eq!(count(tx, "message_terms")?, 21);
            assert_eq!(count(tx, "receipts")?, 7);
            assert_eq!(count(tx, "folders")?, 6);
            assert_eq!(count(tx, "blobs")?, 7, "the shared one is still needed");
            assert_eq!(count(tx, "deleted_grants")?, 0);
            Ok(())
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_outside_the_database_are_named_when_nothing_refers_to_them_any_more() {
    for fresh in every_engine().await {
        let store = &fresh.store;
        let (application, accounts) = two_accounts_with_mail(store).await;
        write(store, move |tx| {
            tx.execute("UPDATE blobs SET location = 1, data = NULL", &[])?;
            deleted_grants::delete(tx, application, accounts[1], 200)?;
            Ok(())
        })
        .await;
        let mut external = Vec::new();
        loop {
            let step = write(store, |tx| deleted_grants::remove_some(tx, 500)).await;
            external.extend(step.external);
            if !step.more {
                break;
            }
        }
        assert_eq!(external.len(), 6);
        assert!(external.iter().all(|(owner, _)| *owner == application));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_of_a_workspace_come_in_pages_and_move() {
    for fresh in every_engine().await {
        let store = &fresh.store;
        let (application, accounts) = two_accounts_with_mail(store).await;
        write(store, move |tx| {
            let workspace = grants::find(tx, application, accounts[0])?
                .unwrap()
                .workspace;
            let first = grants::of_workspace(tx, workspace, None, 1)?;
            assert_eq!(first[0].id, accounts[0]);
            let second = grants::of_workspace(tx, workspace, Some(accounts[0]), 10)?;
            assert_eq!(second.len(), 1);
            let named = grants::identify_each(tx, application, &[accounts[1], Key(3)])?;
            assert_eq!(named.len(), 1);
            assert_eq!(grants::identify_each(tx, Key(3), &accounts)?, []);
            Ok(())
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blob_that_an_arriving_message_has_found_outlives_the_sweep() {
    for fresh in every_engine().await {
        let store = &fresh.store;
        let dialect = store
            .read(|tx: &mut dyn Tx| Ok::<_, StoreError>(tx.dialect()))
            .await;
        if dialect.unwrap().is_embedded() {
            // Its one writer does not begin the sweep before the delivery has ended.
            continue;
        }
        let (application, accounts) = two_accounts_with_mail(store).await;
        write(store, move |tx| {
            deleted_grants::delete(tx, application, accounts[1], 200)?;
            Ok(())
        })
        .await;
        let (found, mut was_found) = tokio::sync::mpsc::unbounded_channel();
        let (go_on, may_go_on) = std::sync::mpsc::channel::<()>();
        let (key, deliverer) = (store.new_key(), store.clone());
        let delivery = tokio::spawn(async move {
            write(&deliverer, move |tx| {
                let kept = blobs::keep(tx, &PreparedBlob::new(key, application, b"1.0")?)?.key;
                found.send(kept).unwrap();
                may_go_on.recv().unwrap();
                Ok(kept)
            })
            .await
        });
        let kept = was_found.recv().await.unwrap();
        assert_ne!(kept, key);
        while write(store, |tx| deleted_grants::remove_some(tx, 500))
            .await
            .more
        {}
        go_on.send(()).unwrap();
        assert_eq!(delivery.await.unwrap(), kept);
        let place = store
            .read(move |tx: &mut dyn Tx| blobs::find(tx, kept))
            .await;
        assert!(place.unwrap().is_some(), "the sweep took the blob away");
    }
}
