//! Accounts are found in every spelling, changed, deleted, and their mail removed.

use posthouse_mailroom::Refusal;
use posthouse_mailroom::passwords::AppPassword;
use posthouse_mailroom::provision::AccountChanges;
use posthouse_mailroom::read::MessageQuery;
use posthouse_mailroom::receive::RecipientRefusal;
use posthouse_store::sql::Tx;
use posthouse_types::address::EmailAddress;

use crate::support::{every_engine, message};

#[tokio::test(flavor = "multi_thread")]
async fn an_account_answers_to_every_spelling_and_to_no_other() {
    for office in every_engine().await {
        let mailroom = &office.mailroom;
        let account = office
            .provision(&office.actor, "agent@agents.localhost")
            .await
            .unwrap();
        let id = account.id.as_str();
        for _ in 0..2 {
            for spelling in [
                id.to_owned(),
                id.to_uppercase(),
                format!("grant:{id}"),
                "agent@agents.localhost".to_owned(),
                "AGENT@Agents.LocalHost".to_owned(),
                "email:agent@agents.localhost".to_owned(),
            ] {
                let found = mailroom.get_account(&office.actor, &spelling).await;
                assert_eq!(found.unwrap(), account, "{spelling}");
            }
            for spelling in [
                "",
                "external:42",
                "grant:agent@agents.localhost",
                &format!("email:{id}"),
                "agent",
                "other@agents.localhost",
                "agent+plus@agents.localhost",
                "01890000-0000-7000-8000-000000000000",
                &account.workspace_id,
                "../agent@agents.localhost",
            ] {
                let absent = mailroom.get_account(&office.actor, spelling).await;
                assert!(matches!(absent, Err(Refusal::NotFound)), "{spelling}");
            }
            let me = mailroom.get_account(&office.actor, "me").await;
            assert!(matches!(me, Err(Refusal::Invalid { .. })));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn http_06_a_foreign_applications_key_finds_nothing() {
    for office in every_engine().await {
        let mailroom = &office.mailroom;
        let account = office
            .provision(&office.actor, "agent@agents.localhost")
            .await
            .unwrap();
        let other = office.other_application().await;
        // Remembered for its owner, and still absent for others.
        mailroom
            .grant_for(&office.actor, &account.id)
            .await
            .unwrap();
        let email = "agent@agents.localhost".to_owned();
        for spelling in [account.id.clone(), email] {
            let absent = |answer: Result<(), Refusal>| {
                assert!(matches!(answer, Err(Refusal::NotFound)), "{spelling}");
            };
            absent(mailroom.grant_for(&other, &spelling).await.map(|_| ()));
            absent(mailroom.get_account(&other, &spelling).await.map(|_| ()));
            absent(mailroom.delete_account(&other, &spelling).await);
            let changes = AccountChanges::default();
            absent(
                mailroom
                    .update_account(&other, &spelling, changes)
                    .await
                    .map(|_| ()),
            );
        }
        let ids = [account.id.clone()];
        let workspace = mailroom.list_workspaces(&other).await.unwrap().remove(0);
        let taken = mailroom
            .assign_accounts(&other, &workspace.workspace_id, &ids, &[])
            .await;
        assert!(matches!(taken, Err(Refusal::NotFound)));
        let theirs = mailroom
            .assign_accounts(&other, &account.workspace_id, &ids, &[])
            .await;
        assert!(matches!(theirs, Err(Refusal::NotFound)));
        let absent = mailroom.get_workspace(&other, &account.workspace_id).await;
        assert!(matches!(absent, Err(Refusal::NotFound)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_keeps_what_it_does_not_name_and_one_that_changes_nothing_leaves_no_trace() {
    for office in every_engine().await {
        let mailroom = &office.mailroom;
        let before = office
            .provision(&office.actor, "agent@agents.localhost")
            .await
            .unwrap();
        office.clock.forward(10);
        let change = async |changes: AccountChanges| {
            mailroom
                .update_account(&office.actor, &before.id, changes)
                .await
        };
        let nothing = change(AccountChanges {
            email: Some("AGENT@agents.localhost".to_owned()),
            workspace_id: Some(before.workspace_id.clone()),
            plus_addressing: Some(true),
            app_password: Some(None),
            ..AccountChanges::default()
        });
        assert_eq!(nothing.await.unwrap(), before);
        let named = change(AccountChanges {
            name: Some(Some("Agent".to_owned())),
            ..AccountChanges::default()
        });
        let named = named.await.unwrap();
        assert_eq!(
            (named.name.as_str(), named.updated_at),
            ("Agent", before.updated_at + 10)
        );
        let password = |text: &str| AccountChanges {
            app_password: Some(Some(AppPassword::new(text.to_owned()))),
            ..AccountChanges::default()
        };
        assert!(matches!(
            change(password("weak")).await,
            Err(Refusal::Invalid { .. })
        ));
        let open = change(password("MySecureP4ssword!2024")).await.unwrap();
        assert!(open.protocol_access);
        assert_eq!(open.name, "Agent");
        let cleared = change(AccountChanges {
            name: Some(None),
            app_password: Some(None),
            plus_addressing: Some(false),
            ..AccountChanges::default()
        });
        let cleared = cleared.await.unwrap();
        assert_eq!(cleared.name, "");
        assert!(!cleared.protocol_access && !cleared.plus_addressing);
        for wrong in [
            AccountChanges {
                name: Some(Some(String::new())),
                ..AccountChanges::default()
            },
            AccountChanges {
                email: Some("other@agents.localhost".to_owned()),
                ..AccountChanges::default()
            },
        ] {
            assert!(matches!(change(wrong).await, Err(Refusal::Invalid { .. })));
        }
        let foreign = AccountChanges {
            workspace_id: Some(before.id.clone()),
            ..AccountChanges::default()
        };
        assert!(matches!(
            change(foreign).await,
            Err(Refusal::InvalidReference { .. })
        ));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_account_is_absent_at_once_and_its_address_makes_a_new_one() {
    for office in every_engine().await {
        let mailroom = &office.mailroom;
        let grant = office.account("agent").await;
        let email = "agent@agents.localhost";
        let raw = message(&["To: agent@agents.localhost", "Subject: Hello"], "Hello");
        office.deliver_confirmed(&[email], &raw).await;
        assert_eq!(office.list(&grant, MessageQuery::default()).await.len(), 1);
        let used = mailroom.get_account(&office.actor, email).await.unwrap();
        assert!(used.storage_used > 0);
        mailroom.delete_account(&office.actor, email).await.unwrap();
        let again = mailroom.delete_account(&office.actor, email).await;
        assert!(matches!(again, Err(Refusal::NotFound)));
        let absent = mailroom.grant_for(&office.actor, &used.id).await;
        assert!(matches!(absent, Err(Refusal::NotFound)));
        let address = EmailAddress::parse_strict(email).unwrap();
        assert_eq!(
            mailroom.resolve_recipient(&address).await,
            Err(RecipientRefusal::Unknown)
        );
        let renewed = office.account("agent").await;
        assert_ne!(renewed.grant, grant.grant);
        assert_eq!(
            office.list(&renewed, MessageQuery::default()).await.len(),
            0
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sweep_removes_a_deleted_accounts_mail_and_nothing_else() {
    for office in every_engine().await {
        let kept = office.account("kept").await;
        office.account("gone").await;
        let both = ["kept@agents.localhost", "gone@agents.localhost"];
        let large = "x".repeat(400_000);
        for number in 0..5 {
            let raw = message(
                &["To: all", &format!("Subject: Shared {number}")],
                "Hello both",
            );
            office.deliver_confirmed(&both, &raw).await;
            let noise: String = (0..large.len())
                .map(|place| char::from(b'a' + (place * (number + 3) * 7919 % 26) as u8))
                .collect();
            let raw = message(&["To: gone", &format!("Subject: Own {number}")], &noise);
            office.deliver_confirmed(&both[1..], &raw).await;
        }
        office
            .mailroom
            .delete_account(&office.actor, both[1])
            .await
            .unwrap();
        let mut steps = 0;
        while office.mailroom.sweep_deleted(2).await.unwrap() {
            steps += 1;
            assert!(steps < 1_000, "the sweep ends");
        }
        assert!(steps > 5);
        let messages = office.list(&kept, MessageQuery::default()).await;
        assert_eq!(messages.len(), 5);
        let counts = office
            .store
            .read(|tx: &mut dyn Tx| {
                ["messages", "blobs", "deleted_grants"]
                    .iter()
                    .map(|table| {
                        let sql = format!("SELECT CAST(COUNT(*) AS BIGINT) FROM {table}");
                        tx.query_one(&sql, &[], |row| row.int(0))
                    })
                    .collect::<Result<Vec<i64>, posthouse_store::StoreError>>()
            })
            .await
            .unwrap();
        assert_eq!(counts, [5, 5, 0]);
    }
}
