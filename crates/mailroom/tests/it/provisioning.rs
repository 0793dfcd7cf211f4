//! Accounts are made: the checks in their order, and what happens when many ask at once.

use std::collections::HashSet;

use posthouse_mailroom::Refusal;
use posthouse_mailroom::domains::{DomainOwner, NewDomain};
use posthouse_mailroom::passwords::AppPassword;
use posthouse_mailroom::provision::{AccountQuery, NewAccount};
use posthouse_mailroom::workspaces::NewWorkspace;
use posthouse_store::changes::{self, ChangeKind, Cursor};
use posthouse_store::{StoreError, Tx};

use crate::support::{Office, every_engine};
use crate::tenants::wanted;
use crate::world::{World, verify};

const PASSWORD: &str = "MySecureP4ssword!2024";

/// Returns the kinds of all changes so far and the data of the last one. On PostgreSQL a reader stops below the oldest
/// transaction that still runs anywhere on the server, so it asks until the count is right.
async fn changes(office: &Office, count: usize) -> (Vec<ChangeKind>, serde_json::Value) {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    loop {
        let found = office
            .store
            .read(|tx: &mut dyn Tx| changes::after(tx, Cursor::default(), 1_000))
            .await
            .unwrap();
        if found.len() >= count {
            let data = found.last().and_then(|change| change.data.as_deref());
            let data = serde_json::from_str(data.unwrap_or("null")).unwrap();
            return (found.iter().map(|change| change.kind).collect(), data);
        }
        assert!(std::time::Instant::now() < deadline, "{found:?}");
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_has_six_folders_the_default_workspace_and_one_change() {
    for office in every_engine().await {
        let new = NewAccount {
            name: Some("Sales Agent".to_owned()),
            ..wanted("Sales@Agents.LOCALHOST")
        };
        let account = office
            .mailroom
            .create_account(&office.actor, new)
            .await
            .unwrap();
        assert_eq!(account.email, "sales@agents.localhost");
        assert_eq!(account.name, "Sales Agent");
        assert!(!account.protocol_access && account.plus_addressing && !account.blocked);
        let grant = office
            .mailroom
            .grant_for(&office.actor, &account.id)
            .await
            .unwrap();
        let folders = office
            .mailroom
            .list_folders(&grant, None, false)
            .await
            .unwrap();
        let names: Vec<&str> = folders.iter().map(|folder| folder.name.as_str()).collect();
        assert_eq!(
            names,
            ["Inbox", "Sent", "Drafts", "Trash", "Junk", "Archive"]
        );
        let (kinds, data) = changes(&office, 1).await;
        assert_eq!(kinds, [ChangeKind::GrantCreated]);
        assert_eq!(data["email"], "sales@agents.localhost");
        assert_eq!(data["workspace_id"], account.workspace_id.as_str());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn addr_what_is_no_plain_address_is_refused_before_anything_is_looked_up() {
    for office in every_engine().await {
        for email in [
            "",
            "no address",
            "@agents.localhost",
            "a@",
            "a+b@agents.localhost",
            "ä@agents.localhost",
            "\"a b\"@agents.localhost",
            "a@[127.0.0.1]",
            "A <a@agents.localhost>",
            "a@agents.localhost, b@agents.localhost",
            ".a@agents.localhost",
            "a..b@agents.localhost",
            "a@nowhere.example\r\n",
            &format!("{}@agents.localhost", "a".repeat(65)),
        ] {
            let refused = office.provision(&office.actor, email).await;
            let Err(Refusal::Invalid { field, .. }) = refused else {
                panic!("{email}: {refused:?}");
            };
            assert_eq!(field.as_deref(), Some("settings.email"), "{email}");
        }
        let longest = format!("{}@agents.localhost", "a".repeat(64));
        assert!(office.provision(&office.actor, &longest).await.is_ok());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn checks_come_in_the_documented_order() {
    for office in every_engine().await {
        let mailroom = &office.mailroom;
        let other = office.other_application().await;
        let foreign = mailroom.list_workspaces(&other).await.unwrap().remove(0);
        let create = |new: NewAccount| mailroom.create_account(&office.actor, new);
        let unregistered = || wanted("a@nowhere.example");
        let google = NewAccount {
            provider: "google".to_owned(),
            ..wanted("")
        };
        assert!(matches!(
            create(google).await,
            Err(Refusal::NotSupported { .. })
        ));
        let weak = NewAccount {
            app_password: Some(AppPassword::new("weak".to_owned())),
            ..unregistered()
        };
        assert!(matches!(create(weak).await, Err(Refusal::Invalid { .. })));
        let nameless = NewAccount {
            name: Some(String::new()),
            ..unregistered()
        };
        assert!(matches!(
            create(nameless).await,
            Err(Refusal::Invalid { .. })
        ));
        for workspace in [foreign.workspace_id.as_str(), "no id"] {
            let misplaced = NewAccount {
                workspace_id: Some(workspace.to_owned()),
                ..unregistered()
            };
            assert!(matches!(
                create(misplaced).await,
                Err(Refusal::InvalidReference { .. })
            ));
        }
        match create(unregistered()).await {
            Err(Refusal::DomainNotFound { domain }) => assert_eq!(domain, "nowhere.example"),
            other => panic!("{other:?}"),
        }
        let with_password = NewAccount {
            app_password: Some(AppPassword::new(PASSWORD.to_owned())),
            ..unregistered()
        };
        assert!(matches!(
            create(with_password).await,
            Err(Refusal::DomainNotFound { .. })
        ));
        office
            .provision(&other, "taken@agents.localhost")
            .await
            .unwrap();
        assert!(matches!(
            create(wanted("taken@agents.localhost")).await,
            Err(Refusal::Conflict { .. })
        ));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_address_again_is_the_same_account_with_what_is_asked_for_applied() {
    for office in every_engine().await {
        let first = office
            .provision(&office.actor, "a@agents.localhost")
            .await
            .unwrap();
        let same = office
            .provision(&office.actor, "A@agents.localhost")
            .await
            .unwrap();
        assert_eq!(first, same);
        office.clock.forward(5);
        let again = NewAccount {
            name: Some("Later".to_owned()),
            app_password: Some(AppPassword::new(PASSWORD.to_owned())),
            ..wanted("a@agents.localhost")
        };
        let again = office
            .mailroom
            .create_account(&office.actor, again)
            .await
            .unwrap();
        assert_eq!(again.id, first.id);
        assert_eq!(again.name, "Later");
        assert!(again.protocol_access);
        assert_eq!(again.updated_at, first.updated_at + 5);
        let (kinds, _) = changes(&office, 2).await;
        assert_eq!(kinds, [ChangeKind::GrantCreated, ChangeKind::GrantUpdated]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_requests_for_one_address_make_one_account() {
    for office in every_engine().await {
        let mut requests = Vec::new();
        for _ in 0..20 {
            let (mailroom, actor) = (office.mailroom.clone(), office.actor.clone());
            requests.push(tokio::spawn(async move {
                mailroom
                    .create_account(&actor, wanted("a@agents.localhost"))
                    .await
            }));
        }
        let mut ids = HashSet::new();
        for request in requests {
            ids.insert(request.await.unwrap().unwrap().id);
        }
        assert_eq!(ids.len(), 1);
        let (kinds, _) = changes(&office, 1).await;
        assert_eq!(kinds, [ChangeKind::GrantCreated]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_applications_that_race_for_an_address_one_gets_a_conflict() {
    for office in every_engine().await {
        let other = office.other_application().await;
        for round in 0..10 {
            let mut racers = Vec::new();
            for actor in [office.actor.clone(), other.clone()] {
                let mailroom = office.mailroom.clone();
                let email = format!("a{round}@agents.localhost");
                racers.push(tokio::spawn(async move {
                    mailroom.create_account(&actor, wanted(&email)).await
                }));
            }
            let mut made = 0;
            for racer in racers {
                match racer.await.unwrap() {
                    Ok(_) => made += 1,
                    Err(Refusal::Conflict { .. }) => {}
                    Err(other) => panic!("{other:?}"),
                }
            }
            assert_eq!(made, 1);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_domain_of_another_application_looks_as_if_it_were_not_registered() {
    for office in every_engine().await {
        let other = office.other_application().await;
        for (address, owner) in [
            ("mine.example", DomainOwner::Own),
            ("open.example", DomainOwner::Everyone),
        ] {
            let new = NewDomain {
                name: "Domain".to_owned(),
                domain_address: address.to_owned(),
                owner,
                ..NewDomain::default()
            };
            office
                .mailroom
                .register_domain(&office.actor, new)
                .await
                .unwrap();
        }
        let refused = office.provision(&other, "a@mine.example").await;
        assert!(matches!(refused, Err(Refusal::DomainNotFound { .. })));
        let account = office
            .provision(&office.actor, "a@mine.example")
            .await
            .unwrap();
        assert_eq!(
            account.status.name(),
            "valid",
            "not verified yet is not failed"
        );
        assert!(office.provision(&other, "a@open.example").await.is_ok());
        let below = office.provision(&office.actor, "a@sub.mine.example").await;
        assert!(matches!(below, Err(Refusal::DomainNotFound { .. })));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_goes_to_the_workspace_asked_for_else_the_one_of_its_domain() {
    for office in every_engine().await {
        let mailroom = &office.mailroom;
        let make = |name: &str, domain: Option<&str>, auto_group| {
            let new = NewWorkspace {
                name: name.to_owned(),
                domain: domain.map(str::to_owned),
                auto_group,
                ..NewWorkspace::default()
            };
            mailroom.create_workspace(&office.actor, new)
        };
        let grouped = make("Group", Some("Agents.localhost"), true).await.unwrap();
        let plain = make("Plain", None, false).await.unwrap();
        let account = office
            .provision(&office.actor, "a@agents.localhost")
            .await
            .unwrap();
        assert_eq!(account.workspace_id, grouped.workspace_id);
        let explicit = NewAccount {
            workspace_id: Some(plain.workspace_id.clone()),
            ..wanted("b@agents.localhost")
        };
        let account = mailroom
            .create_account(&office.actor, explicit)
            .await
            .unwrap();
        assert_eq!(account.workspace_id, plain.workspace_id);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_stored_as_a_hash_only() {
    for office in every_engine().await {
        let new = NewAccount {
            app_password: Some(AppPassword::new(PASSWORD.to_owned())),
            ..wanted("a@agents.localhost")
        };
        let account = office
            .mailroom
            .create_account(&office.actor, new)
            .await
            .unwrap();
        assert!(account.protocol_access);
        let hash = office
            .store
            .read(|tx: &mut dyn Tx| {
                tx.query_one("SELECT app_password_hash FROM grants", &[], |row| {
                    row.string(0)
                })
            })
            .await;
        let hash: Result<String, StoreError> = hash;
        let hash = hash.unwrap();
        assert!(hash.starts_with("$2b$04$"), "{hash}");
        assert!(bcrypt::verify(PASSWORD, &hash).unwrap());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_filter_of_the_listing_is_confined_to_the_application() {
    for office in every_engine().await {
        let mailroom = &office.mailroom;
        let other = office.other_application().await;
        for number in 0..5 {
            let email = format!("a{number}@agents.localhost");
            office.provision(&office.actor, &email).await.unwrap();
            office.clock.forward(10);
        }
        let foreign = office
            .provision(&other, "z@agents.localhost")
            .await
            .unwrap();
        let count = async |query: AccountQuery| {
            let page = mailroom.list_accounts(&office.actor, &query).await;
            page.unwrap().accounts.len()
        };
        let query = || AccountQuery {
            limit: 10,
            ..AccountQuery::default()
        };
        assert_eq!(count(query()).await, 5);
        let with = |change: &dyn Fn(&mut AccountQuery)| {
            let mut query = query();
            change(&mut query);
            query
        };
        let start = 1_790_000_000;
        for (query, expected) in [
            (with(&|q| q.limit = 2), 2),
            (with(&|q| q.offset = 4), 1),
            (with(&|q| q.since = Some(start + 30)), 2),
            (with(&|q| q.before = Some(start + 30)), 4),
            (
                with(&|q| q.email = Some("A3@AGENTS.localhost".to_owned())),
                1,
            ),
            (with(&|q| q.email = Some(foreign.email.clone())), 0),
            (with(&|q| q.email = Some("no address".to_owned())), 0),
            (with(&|q| q.provider = Some("nylas".to_owned())), 5),
            (with(&|q| q.provider = Some("google".to_owned())), 0),
            (
                with(&|q| q.workspace_id = Some(foreign.workspace_id.clone())),
                0,
            ),
            (with(&|q| q.workspace_id = Some("no id".to_owned())), 0),
        ] {
            let text = format!("{query:?}");
            assert_eq!(count(query).await, expected, "{text}");
        }
        for (status, expected) in [("valid", 5), ("invalid", 0)] {
            let wanted = match status {
                "valid" => posthouse_mailroom::provision::AccountStatus::Valid,
                _ => posthouse_mailroom::provision::AccountStatus::Invalid,
            };
            assert_eq!(
                count(with(&|q| q.status = Some(wanted))).await,
                expected,
                "{status}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_invalid_while_the_ownership_check_of_its_domain_fails() {
    for office in every_engine().await {
        let new = NewDomain {
            name: "Bots".to_owned(),
            domain_address: "bots.example.org".to_owned(),
            ..Default::default()
        };
        let domain = office.mailroom.register_domain(&office.actor, new).await;
        let address = domain.unwrap().domain_address;
        let made = office.provision(&office.actor, "a@bots.example.org").await;
        assert_eq!(
            made.unwrap().status.name(),
            "valid",
            "nobody has looked yet"
        );
        let world = World::around(&office);
        verify(&office, &address, "mx").await;
        let again = office.provision(&office.actor, "a@bots.example.org").await;
        assert_eq!(again.unwrap().status.name(), "valid");
        verify(&office, &address, "ownership").await;
        let invalid = AccountQuery {
            limit: 10,
            status: Some(posthouse_mailroom::provision::AccountStatus::Invalid),
            ..AccountQuery::default()
        };
        let page = office
            .mailroom
            .list_accounts(&office.actor, &invalid)
            .await
            .unwrap();
        assert_eq!(page.accounts[0].status.name(), "invalid");
        let info = office.mailroom.domain_info(&address, "ownership", None);
        world.publish(&info.await.unwrap());
        verify(&office, &address, "ownership").await;
        let page = office.mailroom.list_accounts(&office.actor, &invalid).await;
        assert!(page.unwrap().accounts.is_empty());
    }
}
