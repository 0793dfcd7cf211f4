//! Applications, keys, workspaces, domains: the rows that everything else belongs to.

use posthouse_store::tables::api_keys::{self, ApiKey, KeyScope, Leaving};
use posthouse_store::tables::applications::{self, Application};
use posthouse_store::tables::callback_uris::{self, CallbackUri};
use posthouse_store::tables::connectors::{self, Connector};
use posthouse_store::tables::domains::{self, RegisteredDomain, Verified};
use posthouse_store::tables::workspaces::{self, Workspace};
use posthouse_store::{Store, StoreError, Tx};
use posthouse_types::ids::Key;

use crate::support::every_engine;

/// Runs a closure in a transaction and expects it to succeed.
pub async fn write<T, F>(store: &Store, work: F) -> T
where
    F: FnOnce(&mut dyn Tx) -> Result<T, StoreError> + Send + 'static,
    T: Send + 'static,
{
    store.write(work).await.unwrap()
}

/// Adds an application with its default workspace.
pub async fn application(store: &Store, name: &str) -> Application {
    let application = Application {
        id: store.new_key(),
        name: name.to_owned(),
        region: "us".to_owned(),
        environment: "production".to_owned(),
        default_workspace: store.new_key(),
        settings: "{}".to_owned(),
        created_at: 100,
        updated_at: 100,
    };
    let row = application.clone();
    write(store, move |tx| {
        applications::insert(tx, &row)?;
        workspaces::insert(
            tx,
            &workspace(row.default_workspace, row.id, None, false, true),
        )
    })
    .await;
    application
}

/// Returns a workspace row.
pub fn workspace(
    id: Key,
    application: Key,
    domain: Option<&str>,
    auto_group: bool,
    is_default: bool,
) -> Workspace {
    Workspace {
        id,
        application,
        name: "Workspace".to_owned(),
        domain: domain.map(str::to_owned),
        auto_group,
        is_default,
        created_at: 100,
        updated_at: 100,
        policy: None,
        rules: Vec::new(),
    }
}

/// Returns a domain row that nothing is verified of.
pub fn domain(id: Key, address: &str, application: Option<Key>) -> RegisteredDomain {
    RegisteredDomain {
        id,
        address: address.to_owned(),
        name: "Domain".to_owned(),
        application,
        branded: false,
        include_subdomains: false,
        catch_all_grant: None,
        verified: Verified::default(),
        last_checked_at: None,
        created_at: 100,
        updated_at: 100,
        ownership_checked_at: None,
        source_addresses: Vec::new(),
        warm_up: None,
    }
}

fn key(store: &Store, application: Key, digest: u8, admin: bool) -> ApiKey {
    ApiKey {
        id: store.new_key(),
        application,
        name: "Key".to_owned(),
        digest: [digest; 32],
        prefix: "phk_abcd".to_owned(),
        read_only: false,
        admin,
        scope: KeyScope::Application,
        expires_at: None,
        revoked_at: None,
        last_used_at: None,
        created_at: 100,
        updated_at: 100,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_comes_back_as_it_was_written() {
    for fresh in every_engine().await {
        let store = &fresh.store;
        let first = application(store, "First").await;
        let second = application(store, "Second").await;
        let (id, found) = (second.id, second.clone());
        write(store, move |tx| {
            assert_eq!(applications::find(tx, id)?, Some(found));
            assert_eq!(applications::find(tx, Key(1))?, None);
            assert_eq!(applications::oldest(tx)?.map(|row| row.id), Some(first.id));
            applications::update(tx, id, "Renamed", "{\"v\":1}", 200)?;
            let row = applications::find(tx, id)?.unwrap();
            assert_eq!(
                (row.name.as_str(), row.settings.as_str(), row.updated_at),
                ("Renamed", "{\"v\":1}", 200)
            );
            assert_eq!(applications::all(tx)?.len(), 2);
            Ok(())
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_goes_with_all_it_owns_and_leaves_its_neighbour_alone() {
    for fresh in every_engine().await {
        let store = &fresh.store;
        let first = application(store, "First").await;
        let second = application(store, "Second").await;
        for (number, id) in [(1, first.id), (2, second.id)] {
            let key = key(store, id, number, true);
            let (uri, row) = (store.new_key(), store.new_key());
            write(store, move |tx| {
                api_keys::insert(tx, &key)?;
                connectors::ensure(tx, id, &connector(), 100)?;
                callback_uris::insert(tx, id, &callback_uri(uri, "https://a.example/"))?;
                domains::insert(tx, &domain(row, &format!("d{number}.example"), Some(id)))?;
                Ok(())
            })
            .await;
        }
        write(store, move |tx| {
            applications::delete(tx, first.id)?;
            assert_eq!(applications::find(tx, first.id)?, None);
            assert_eq!(api_keys::of_application(tx, first.id)?, []);
            assert_eq!(domains::by_address(tx, "d1.example")?, None);
            assert_eq!(api_keys::of_application(tx, second.id)?.len(), 1);
            assert_eq!(connectors::of_application(tx, second.id)?.len(), 1);
            assert_eq!(callback_uris::of_application(tx, second.id)?.len(), 1);
            assert!(domains::by_address(tx, "d2.example")?.is_some());
            Ok(())
        })
        .await;
    }
}

fn connector() -> Connector {
    Connector {
        provider: "nylas".to_owned(),
        name: "nylas".to_owned(),
        settings: "{}".to_owned(),
    }
}

fn callback_uri(id: Key, url: &str) -> CallbackUri {
    CallbackUri {
        id,
        url: url.to_owned(),
        platform: "web".to_owned(),
        settings: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connector_is_made_once_and_changed_in_place() {
    for fresh in every_engine().await {
        let store = &fresh.store;
        let id = application(store, "First").await.id;
        write(store, move |tx| {
            connectors::ensure(tx, id, &connector(), 100)?;
            let renamed = Connector {
                name: "Mail".to_owned(),
                ..connector()
            };
            connectors::update(tx, id, &renamed)?;
            connectors::ensure(tx, id, &connector(), 200)?;
            assert_eq!(connectors::find(tx, id, "nylas")?, Some(renamed));
            assert_eq!(connectors::find(tx, id, "google")?, None);
            assert!(connectors::delete(tx, id, "nylas")?);
            assert!(!connectors::delete(tx, id, "nylas")?);
            Ok(())
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_callback_uri_again_is_the_one_that_is_there() {
    for fresh in every_engine().await {
        let store = &fresh.store;
        let id = application(store, "First").await.id;
        let other = application(store, "Second").await.id;
        let keys = [store.new_key(), store.new_key(), store.new_key()];
        write(store, move |tx| {
            let first =
                callback_uris::insert(tx, id, &callback_uri(keys[0], "https://a.example/"))?;
            let again =
                callback_uris::insert(tx, id, &callback_uri(keys[1], "https://a.example/"))?;
            assert_eq!(first, again);
            let second =
                callback_uris::insert(tx, id, &callback_uri(keys[2], "https://b.example/"))?;
            assert_eq!(callback_uris::find(tx, other, first.id)?, None);
            assert!(!callback_uris::delete(tx, other, first.id)?);
            assert_eq!(callback_uris::of_application(tx, id)?, [first, second]);
            Ok(())
        })
        .await;
        let clash = store
            .write(move |tx: &mut dyn Tx| {
                let taken = callback_uri(keys[2], "https://a.example/");
                callback_uris::update(tx, id, &taken)
            })
            .await;
        assert!(
            matches!(clash, Err(StoreError::Conflict { .. })),
            "{clash:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_found_by_its_digest_and_says_what_it_may_reach() {
    for fresh in every_engine().await {
        let store = &fresh.store;
        let application = application(store, "First").await;
        let scopes = [
            KeyScope::Application,
            KeyScope::Workspace(application.default_workspace),
            KeyScope::Grant(Key(77)),
        ];
        for (digest, scope) in (1..).zip(scopes) {
            let row = ApiKey {
                scope,
                read_only: true,
                expires_at: Some(900),
                ..key(store, application.id, digest, false)
            };
            let kept = row.clone();
            write(store, move |tx| {
                api_keys::insert(tx, &kept)?;
                assert_eq!(api_keys::by_digest(tx, &kept.digest)?, Some(kept.clone()));
                assert_eq!(
                    api_keys::find(tx, kept.application, kept.id)?,
                    Some(kept.clone())
                );
                assert_eq!(api_keys::find(tx, Key(5), kept.id)?, None);
                api_keys::touch(tx, kept.id, 300)?;
                api_keys::touch(tx, kept.id, 200)?;
                let found = api_keys::by_digest(tx, &kept.digest)?.unwrap();
                assert_eq!(found.last_used_at, Some(300), "a late note changes nothing");
                Ok(())
            })
            .await;
        }
        let unknown = write(store, |tx| api_keys::by_digest(tx, &[99; 32])).await;
        assert_eq!(unknown, None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whether_an_operators_key_remains_counts_only_keys_that_work() {
    for fresh in every_engine().await {
        let store = &fresh.store;
        let first = application(store, "First").await.id;
        let second = application(store, "Second").await.id;
        let mine = key(store, first, 1, true);
        let plain = key(store, first, 2, false);
        let mut expired = key(store, first, 3, true);
        expired.expires_at = Some(500);
        let theirs = key(store, second, 4, true);
        write(store, move |tx| {
            for row in [&mine, &plain, &expired] {
                api_keys::insert(tx, row)?;
            }
            assert!(api_keys::admin_remains(tx, Leaving::Key(mine.id), 400)?);
            assert!(!api_keys::admin_remains(tx, Leaving::Key(mine.id), 500)?);
            assert!(api_keys::admin_remains(tx, Leaving::Key(plain.id), 500)?);
            api_keys::insert(tx, &theirs)?;
            assert!(api_keys::admin_remains(tx, Leaving::Key(mine.id), 500)?);
            assert!(api_keys::admin_remains(
                tx,
                Leaving::Application(first),
                500
            )?);
            api_keys::revoke(tx, theirs.id, 600)?;
            api_keys::revoke(tx, theirs.id, 700)?;
            let revoked = api_keys::by_digest(tx, &theirs.digest)?.unwrap();
            assert_eq!(revoked.revoked_at, Some(600), "revoked once");
            assert!(!api_keys::admin_remains(
                tx,
                Leaving::Application(first),
                500
            )?);
            Ok(())
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_account_goes_to_the_workspace_that_groups_its_domain() {
    for fresh in every_engine().await {
        let store = &fresh.store;
        let mine = application(store, "First").await;
        let other = application(store, "Second").await;
        let keys = [store.new_key(), store.new_key(), store.new_key()];
        let twin = store.new_key();
        write(store, move |tx| {
            let rows = [
                workspace(keys[0], mine.id, Some("a.example"), true, false),
                workspace(keys[1], mine.id, Some("b.example"), false, false),
                workspace(keys[2], other.id, Some("c.example"), true, false),
            ];
            for row in &rows {
                workspaces::insert(tx, row)?;
            }
            let chosen = |tx: &mut dyn Tx, name| workspaces::for_domain(tx, mine.id, name);
            assert_eq!(chosen(tx, "a.example")?, Some(keys[0]));
            for name in ["b.example", "c.example", "x.a.example"] {
                assert_eq!(chosen(tx, name)?, Some(mine.default_workspace), "{name}");
            }
            assert_eq!(
                workspaces::by_domain(tx, mine.id, "b.example")?,
                Some(rows[1].clone())
            );
            assert_eq!(workspaces::find(tx, mine.id, keys[2])?, None);
            workspaces::delete(tx, mine.id, mine.default_workspace)?;
            workspaces::delete(tx, mine.id, keys[1])?;
            assert_eq!(
                workspaces::of_application(tx, mine.id)?.len(),
                2,
                "the default one stays"
            );
            Ok(())
        })
        .await;
        let clash = store
            .write(move |tx: &mut dyn Tx| {
                let row = workspace(twin, mine.id, Some("a.example"), false, false);
                workspaces::insert(tx, &row)
            })
            .await;
        assert!(matches!(clash, Err(StoreError::Conflict { .. })));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_domain_covers_names_below_it_only_when_it_says_so() {
    for fresh in every_engine().await {
        let store = &fresh.store;
        let keys = [store.new_key(), store.new_key(), store.new_key()];
        write(store, move |tx| {
            let mut parent = domain(keys[0], "ok.example", None);
            parent.include_subdomains = true;
            assert!(domains::insert(tx, &parent)?);
            assert!(!domains::insert(tx, &domain(keys[1], "ok.example", None))?);
            assert!(domains::insert(
                tx,
                &domain(keys[1], "own.ok.example", None)
            )?);
            assert!(domains::insert(
                tx,
                &domain(keys[2], "plain.example", None)
            )?);
            let cover = |tx: &mut dyn Tx, name: &str| -> Result<Option<String>, StoreError> {
                Ok(domains::covering(tx, name)?.map(|row| row.address))
            };
            for (name, expected) in [
                ("ok.example", Some("ok.example")),
                ("a.ok.example", Some("ok.example")),
                ("a.b.ok.example", Some("ok.example")),
                ("own.ok.example", Some("own.ok.example")),
                ("x.own.ok.example", Some("ok.example")),
                ("evil-ok.example", None),
                ("x.plain.example", None),
                ("plain.example", Some("plain.example")),
                ("example", None),
                ("", None),
            ] {
                assert_eq!(cover(tx, name)?.as_deref(), expected, "{name}");
            }
            let names = ["nowhere.example", "plain.example", "z.ok.example"];
            let each: Vec<Option<Key>> = domains::covering_each(tx, &names)?
                .into_iter()
                .map(|row| row.map(|row| row.id))
                .collect();
            assert_eq!(each, [None, Some(keys[2]), Some(keys[0])]);
            assert_eq!(domains::covering_each(tx, &[])?, []);
            Ok(())
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn domains_page_by_key_and_change_in_place() {
    for fresh in every_engine().await {
        let store = &fresh.store;
        let keys: Vec<Key> = (0..5).map(|_| store.new_key()).collect();
        write(store, move |tx| {
            for (number, key) in keys.iter().enumerate() {
                domains::insert(tx, &domain(*key, &format!("d{number}.example"), None))?;
            }
            let page = |tx: &mut dyn Tx, behind, limit| -> Result<Vec<Key>, StoreError> {
                let rows = domains::page(tx, behind, limit)?;
                Ok(rows.into_iter().map(|row| row.id).collect())
            };
            assert_eq!(page(tx, None, 3)?, keys[..3]);
            assert_eq!(page(tx, Some(keys[2]), 3)?, keys[3..]);
            let mut changed = domains::find(tx, keys[0])?.unwrap();
            changed.name = "Renamed".to_owned();
            changed.include_subdomains = true;
            changed.catch_all_grant = Some(Key(5));
            domains::update(tx, &changed)?;
            let found = domains::find(tx, keys[0])?.unwrap();
            assert_eq!(
                (found.name.as_str(), found.include_subdomains),
                ("Renamed", true)
            );
            assert_eq!(
                found.catch_all_grant, None,
                "an account that is not there takes no mail"
            );
            domains::delete(tx, keys[0])?;
            assert_eq!(domains::find(tx, keys[0])?, None);
            Ok(())
        })
        .await;
    }
}
