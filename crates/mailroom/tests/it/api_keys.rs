//! API keys: recognised, limited, revoked.

use posthouse_mailroom::Refusal;
use posthouse_mailroom::api_keys::{ApiKeyStatus, NewApiKey, NewScope};
use posthouse_mailroom::provision::AccountQuery;

use crate::support::{Office, every_engine};
use crate::tenants::wanted;

async fn is_refused(office: &Office, key: &str) -> bool {
    let answer = office.mailroom.authenticate(key).await;
    matches!(answer, Err(Refusal::Unauthorized))
}

#[tokio::test(flavor = "multi_thread")]
async fn http_04_only_the_exact_key_is_recognised() {
    for office in every_engine().await {
        let key = office.make_key(&office.application_id(), None).await.text;
        assert!(office.mailroom.authenticate(&key).await.is_ok());
        let mut near = key.clone();
        let last = if near.pop() == Some('a') { 'b' } else { 'a' };
        near.push(last);
        for wrong in ["", "phk_", &near, &key[..46], &key.to_uppercase()] {
            assert!(is_refused(&office, wrong).await, "{wrong}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn revocation_acts_at_once_although_the_key_was_just_used() {
    for office in every_engine().await {
        let application = office.application_id();
        let created = office.make_key(&application, None).await;
        assert!(office.mailroom.authenticate(&created.text).await.is_ok());
        for _ in 0..2 {
            office
                .mailroom
                .revoke_api_key(&application, &created.key.id)
                .await
                .unwrap();
            assert!(is_refused(&office, &created.text).await);
        }
        let shown = office
            .mailroom
            .get_api_key(&application, &created.key.id)
            .await
            .unwrap();
        assert_eq!(shown.status, ApiKeyStatus::Revoked);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_expires_on_the_second_although_it_was_just_used() {
    for office in every_engine().await {
        let new = NewApiKey {
            name: "Short".to_owned(),
            expires_in_days: Some(1),
            ..NewApiKey::default()
        };
        let created = office
            .mailroom
            .create_api_key(&office.application_id(), new)
            .await
            .unwrap();
        office.clock.forward(86_399);
        assert!(office.mailroom.authenticate(&created.text).await.is_ok());
        office.clock.forward(1);
        assert!(is_refused(&office, &created.text).await);
        let shown = office
            .mailroom
            .get_api_key(&office.application_id(), &created.key.id)
            .await
            .unwrap();
        assert_eq!(shown.status, ApiKeyStatus::Expired);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_admin_key_cannot_be_deleted() {
    for office in every_engine().await {
        let application = office.application_id();
        let keys = office.mailroom.list_api_keys(&application).await.unwrap();
        assert_eq!(keys[0].permissions, ["admin", "read", "write"]);
        assert!(keys[0].prefix.starts_with("phk_") && keys[0].prefix.len() == 8);
        let revoke = || office.mailroom.revoke_api_key(&application, &keys[0].id);
        assert!(matches!(revoke().await, Err(Refusal::Invalid { .. })));
        let second = NewApiKey {
            name: "Second".to_owned(),
            admin: true,
            ..NewApiKey::default()
        };
        office
            .mailroom
            .create_api_key(&application, second)
            .await
            .unwrap();
        revoke().await.unwrap();
        let last = office.mailroom.list_api_keys(&application).await.unwrap();
        let refused = office
            .mailroom
            .revoke_api_key(&application, &last[1].id)
            .await;
        assert!(matches!(refused, Err(Refusal::Invalid { .. })));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_does_not_fit_is_refused() {
    for office in every_engine().await {
        let account = office.account("a").await;
        let grant_id = office
            .mailroom
            .public_id(posthouse_types::ids::Kind::Grant, account.grant);
        let scope = |kind: &str, id: Option<&str>| {
            Some(NewScope {
                kind: kind.to_owned(),
                id: id.map(str::to_owned),
            })
        };
        let new = |name: &str| NewApiKey {
            name: name.to_owned(),
            ..NewApiKey::default()
        };
        let foreign = office.other_application().await;
        let foreign = office
            .mailroom
            .list_workspaces(&foreign)
            .await
            .unwrap()
            .remove(0)
            .workspace_id;
        let table = [
            new(""),
            new(&"x".repeat(257)),
            NewApiKey {
                expires_in_days: Some(-1),
                ..new("a")
            },
            NewApiKey {
                scope: scope("everything", None),
                ..new("a")
            },
            NewApiKey {
                scope: scope("workspace", Some(&foreign)),
                ..new("a")
            },
            NewApiKey {
                scope: scope("workspace", Some(&grant_id)),
                ..new("a")
            },
            NewApiKey {
                scope: scope("grant", None),
                ..new("a")
            },
            NewApiKey {
                scope: scope("grant", Some(&grant_id)),
                admin: true,
                ..new("a")
            },
            NewApiKey {
                read_only: true,
                admin: true,
                ..new("a")
            },
        ];
        for new in table {
            let text = format!("{new:?}");
            let refused = office
                .mailroom
                .create_api_key(&office.application_id(), new)
                .await;
            assert!(
                matches!(
                    refused,
                    Err(Refusal::Invalid { .. } | Refusal::InvalidReference { .. })
                ),
                "{text}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_narrow_key_reaches_its_part_and_everything_else_looks_absent() {
    for office in every_engine().await {
        let mailroom = &office.mailroom;
        let mine = office
            .provision(&office.actor, "mine@agents.localhost")
            .await
            .unwrap();
        let other = office
            .provision(&office.actor, "other@agents.localhost")
            .await
            .unwrap();
        let key = office.key("grant", &mine.id).await;
        for spelling in [mine.id.as_str(), "me", "mine@agents.localhost"] {
            assert!(mailroom.grant_for(&key, spelling).await.is_ok());
        }
        for spelling in [other.id.as_str(), "other@agents.localhost"] {
            let absent = mailroom.grant_for(&key, spelling).await;
            assert!(matches!(absent, Err(Refusal::NotFound)), "{spelling}");
            let absent = mailroom.delete_account(&key, spelling).await;
            assert!(matches!(absent, Err(Refusal::NotFound)), "{spelling}");
        }
        let query = AccountQuery {
            limit: 10,
            ..AccountQuery::default()
        };
        let page = mailroom.list_accounts(&key, &query).await.unwrap();
        assert_eq!(page.accounts.len(), 1);
        assert_eq!(page.accounts[0].id, mine.id);
        assert_eq!(mailroom.list_workspaces(&key).await.unwrap(), []);
        let refused = mailroom
            .create_account(&key, wanted("new@agents.localhost"))
            .await;
        assert!(matches!(refused, Err(Refusal::Forbidden { .. })));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workspace_key_loses_an_account_that_moves_away_at_once() {
    for office in every_engine().await {
        let mailroom = &office.mailroom;
        let account = office
            .provision(&office.actor, "a@agents.localhost")
            .await
            .unwrap();
        let key = office.key("workspace", &account.workspace_id).await;
        assert!(mailroom.grant_for(&key, &account.id).await.is_ok());
        let elsewhere = posthouse_mailroom::workspaces::NewWorkspace {
            name: "Elsewhere".to_owned(),
            ..Default::default()
        };
        let elsewhere = mailroom
            .create_workspace(&office.actor, elsewhere)
            .await
            .unwrap()
            .workspace_id;
        assert!(matches!(
            mailroom.get_workspace(&key, &elsewhere).await,
            Err(Refusal::NotFound)
        ));
        mailroom
            .assign_accounts(
                &office.actor,
                &elsewhere,
                std::slice::from_ref(&account.id),
                &[],
            )
            .await
            .unwrap();
        let absent = mailroom.grant_for(&key, &account.id).await;
        assert!(matches!(absent, Err(Refusal::NotFound)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_use_of_a_key_is_noted_in_the_background() {
    for office in every_engine().await {
        let application = office.application_id();
        let created = office.make_key(&application, None).await;
        office.clock.forward(100);
        office.mailroom.authenticate(&created.text).await.unwrap();
        let noted = office.clock_seconds();
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
        loop {
            let shown = office
                .mailroom
                .get_api_key(&application, &created.key.id)
                .await
                .unwrap();
            if shown.last_used_at == Some(noted) {
                break;
            }
            assert!(std::time::Instant::now() < deadline, "{shown:?}");
            tokio::task::yield_now().await;
        }
    }
}

impl Office {
    fn clock_seconds(&self) -> i64 {
        self.mailroom.clock().unix_seconds()
    }
}
