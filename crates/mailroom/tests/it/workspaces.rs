//! Workspaces: made, changed, filled by hand and by domain, deleted.

use posthouse_mailroom::Refusal;
use posthouse_mailroom::provision::NewAccount;
use posthouse_mailroom::workspaces::{AutoGroup, Governance, NewWorkspace, WorkspaceChanges};

use crate::support::{Office, every_engine};

async fn make(office: &Office, name: &str, domain: Option<&str>, auto_group: bool) -> String {
    let new = NewWorkspace {
        name: name.to_owned(),
        domain: domain.map(str::to_owned),
        auto_group,
        ..NewWorkspace::default()
    };
    let made = office.mailroom.create_workspace(&office.actor, new).await;
    made.unwrap().workspace_id
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workspace_that_does_not_fit_is_refused() {
    for office in every_engine().await {
        make(&office, "First", Some("x.example"), false).await;
        let new = |name: &str| NewWorkspace {
            name: name.to_owned(),
            ..NewWorkspace::default()
        };
        for wrong in [
            new(""),
            new(&"x".repeat(257)),
            NewWorkspace {
                auto_group: true,
                ..new("a")
            },
            NewWorkspace {
                domain: Some("X.example".to_owned()),
                ..new("a")
            },
            NewWorkspace {
                domain: Some("not a domain".to_owned()),
                ..new("a")
            },
            NewWorkspace {
                governance: Governance {
                    policy_id: Some(Some(String::new())),
                    rule_ids: None,
                },
                ..new("a")
            },
        ] {
            let text = format!("{wrong:?}");
            let refused = office.mailroom.create_workspace(&office.actor, wrong).await;
            assert!(matches!(refused, Err(Refusal::Invalid { .. })), "{text}");
        }
        for governance in [
            Governance {
                policy_id: Some(Some("0190f3c1-0000-7000-8000-000000000000".to_owned())),
                rule_ids: None,
            },
            Governance {
                policy_id: None,
                rule_ids: Some(vec!["0190f3c2".to_owned()]),
            },
        ] {
            let wrong = NewWorkspace {
                governance,
                ..new("a")
            };
            let refused = office.mailroom.create_workspace(&office.actor, wrong).await;
            assert!(matches!(refused, Err(Refusal::InvalidReference { .. })));
        }
        let detached = NewWorkspace {
            governance: Governance {
                policy_id: Some(None),
                rule_ids: Some(Vec::new()),
            },
            ..new("a")
        };
        assert!(
            office
                .mailroom
                .create_workspace(&office.actor, detached)
                .await
                .is_ok()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workspace_is_found_by_id_or_domain_and_changed_by_id() {
    for office in every_engine().await {
        let mailroom = &office.mailroom;
        let id = make(&office, "First", Some("x.example"), false).await;
        let by_domain = mailroom.get_workspace(&office.actor, "X.Example").await;
        assert_eq!(by_domain.unwrap().workspace_id, id);
        let change = async |name: &str, changes: WorkspaceChanges| {
            mailroom
                .update_workspace(&office.actor, name, changes)
                .await
        };
        let named = || WorkspaceChanges {
            name: Some("Renamed".to_owned()),
            domain: Some(Some("X.example".to_owned())),
            auto_group: Some(true),
            ..WorkspaceChanges::default()
        };
        let changed = change(&id, named()).await.unwrap();
        assert_eq!(
            (changed.name.as_str(), changed.auto_group),
            ("Renamed", true)
        );
        let absent = change("x.example", named()).await;
        assert!(matches!(absent, Err(Refusal::NotFound)));
        let moved = WorkspaceChanges {
            domain: Some(Some("y.example".to_owned())),
            ..WorkspaceChanges::default()
        };
        let refused = change(&id, moved).await;
        assert!(matches!(refused, Err(Refusal::Invalid { .. })));
        let default = mailroom.list_workspaces(&office.actor).await.unwrap();
        let default = default[0].workspace_id.clone();
        let refused = change(&default, named()).await;
        assert!(matches!(refused, Err(Refusal::Invalid { .. })));
        let governed = WorkspaceChanges {
            governance: Governance {
                policy_id: Some(None),
                rule_ids: Some(Vec::new()),
            },
            ..WorkspaceChanges::default()
        };
        assert!(change(&default, governed).await.is_ok());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_of_a_deleted_workspace_go_to_the_default_one() {
    for office in every_engine().await {
        let mailroom = &office.mailroom;
        let account = office
            .provision(&office.actor, "a@agents.localhost")
            .await
            .unwrap();
        let id = make(&office, "First", None, false).await;
        let assigned = mailroom
            .assign_accounts(&office.actor, &id, std::slice::from_ref(&account.id), &[])
            .await
            .unwrap();
        assert_eq!(assigned.assigned, std::slice::from_ref(&account.id));
        mailroom.delete_workspace(&office.actor, &id).await.unwrap();
        let back = mailroom.get_account(&office.actor, &account.id).await;
        assert_eq!(back.unwrap().workspace_id, account.workspace_id);
        let absent = mailroom.delete_workspace(&office.actor, &id).await;
        assert!(matches!(absent, Err(Refusal::NotFound)));
        let kept = mailroom
            .delete_workspace(&office.actor, &account.workspace_id)
            .await;
        assert!(matches!(kept, Err(Refusal::Invalid { .. })));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manual_assignment_does_all_or_nothing() {
    for office in every_engine().await {
        let mailroom = &office.mailroom;
        let mut ids = Vec::new();
        for name in ["a", "b", "c"] {
            let email = format!("{name}@agents.localhost");
            let account = office.provision(&office.actor, &email).await;
            ids.push(account.unwrap().id);
        }
        let workspace = make(&office, "First", None, false).await;
        let assign = async |assign: &[String], remove: &[String]| {
            mailroom
                .assign_accounts(&office.actor, &workspace, assign, remove)
                .await
        };
        assert!(matches!(
            assign(&[], &[]).await,
            Err(Refusal::Invalid { .. })
        ));
        let many = vec![ids[0].clone(); 501];
        assert!(matches!(
            assign(&many, &[]).await,
            Err(Refusal::Invalid { .. })
        ));
        assert!(matches!(
            assign(&ids[..1], &ids[..1]).await,
            Err(Refusal::Invalid { .. })
        ));
        let unknown = [
            ids[0].clone(),
            "01890000-0000-7000-8000-000000000000".to_owned(),
        ];
        assert!(matches!(
            assign(&unknown, &[]).await,
            Err(Refusal::NotFound)
        ));
        let untouched = mailroom.get_account(&office.actor, &ids[0]).await.unwrap();
        assert_ne!(untouched.workspace_id, workspace, "nothing was done");
        let done = assign(&ids[..2], &ids[2..]).await.unwrap();
        assert_eq!(done.assigned, ids[..2]);
        assert_eq!(done.removed, [""; 0], "the third was never in it");
        let done = assign(&[], &ids[..1]).await.unwrap();
        assert_eq!(done.removed, ids[..1]);
        let back = mailroom.get_account(&office.actor, &ids[0]).await.unwrap();
        assert_eq!(back.workspace_id, untouched.workspace_id);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn auto_group_makes_a_workspace_per_domain_and_runs_once_a_minute() {
    for office in every_engine().await {
        let mailroom = &office.mailroom;
        for name in ["a", "b"] {
            let email = format!("{name}@agents.localhost");
            office.provision(&office.actor, &email).await.unwrap();
        }
        let elsewhere = AutoGroup {
            specific_domain: Some("other.example".to_owned()),
            ..AutoGroup::default()
        };
        let done = mailroom.auto_group(&office.actor, elsewhere).await.unwrap();
        assert_eq!(done.moved, 0);
        let again = mailroom
            .auto_group(&office.actor, AutoGroup::default())
            .await;
        assert!(matches!(again, Err(Refusal::RateLimited { .. })));
        office.clock.forward(61);
        let done = mailroom
            .auto_group(&office.actor, AutoGroup::default())
            .await
            .unwrap();
        assert_eq!(done.moved, 2);
        let group = mailroom
            .get_workspace(&office.actor, "agents.localhost")
            .await
            .unwrap();
        assert!(group.auto_group);
        assert_eq!(group.name, "agents.localhost");
        let account = mailroom
            .get_account(&office.actor, "a@agents.localhost")
            .await
            .unwrap();
        assert_eq!(account.workspace_id, group.workspace_id);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn auto_group_of_a_large_application_goes_on_in_the_background_where_it_was() {
    for office in every_engine().await {
        let mailroom = &office.mailroom;
        for number in 0..230 {
            let email = format!("a{number}@agents.localhost");
            office.provision(&office.actor, &email).await.unwrap();
        }
        let done = mailroom.auto_group(&office.actor, AutoGroup::default());
        let done = done.await.unwrap();
        assert_eq!((done.moved, done.goes_on), (100, true));
        let workspace = async |email: &str| {
            let account = mailroom.get_account(&office.actor, email).await.unwrap();
            account.workspace_id
        };
        let before = workspace("a229@agents.localhost").await;
        let group = workspace("a0@agents.localhost").await;
        assert_ne!(before, group);
        while mailroom.expire_records().await.unwrap() {}
        for email in ["a100@agents.localhost", "a229@agents.localhost"] {
            assert_eq!(workspace(email).await, group, "{email}");
        }
        assert!(!mailroom.expire_records().await.unwrap(), "it is done");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_that_join_a_workspace_while_it_is_deleted_are_placed_or_refused_by_name() {
    for office in every_engine().await {
        for round in 0..4 {
            let workspace = make(&office, "Fleeting", None, false).await;
            let joining: Vec<_> = (0..8)
                .map(|number| {
                    let new = NewAccount {
                        provider: "nylas".to_owned(),
                        email: format!("a{round}-{number}@agents.localhost"),
                        workspace_id: Some(workspace.clone()),
                        ..NewAccount::default()
                    };
                    let (mailroom, actor) = (office.mailroom.clone(), office.actor.clone());
                    tokio::spawn(async move { mailroom.create_account(&actor, new).await })
                })
                .collect();
            let deleted = office
                .mailroom
                .delete_workspace(&office.actor, &workspace)
                .await;
            assert!(deleted.is_ok(), "{deleted:?}");
            for account in joining {
                match account.await.unwrap() {
                    Ok(account) => {
                        let found = office
                            .mailroom
                            .get_account(&office.actor, &account.id)
                            .await;
                        assert_ne!(found.unwrap().workspace_id, workspace);
                    }
                    Err(Refusal::InvalidReference { .. }) => {}
                    Err(other) => panic!("{other:?}"),
                }
            }
        }
    }
}
