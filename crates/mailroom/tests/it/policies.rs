//! Policies: kept, attached, in force; folders they make, and mail whose time is up.

use posthouse_mailroom::Refusal;
use posthouse_mailroom::actor::{Actor, GrantRef, Scope};
use posthouse_mailroom::policies::{Cap, Plan};
use posthouse_mailroom::read::MessageQuery;
use posthouse_mailroom::workspaces::{Governance, NewWorkspace, WorkspaceChanges};
use posthouse_store::changes::ChangeKind;
use posthouse_types::ids::Kind;
use serde_json::{Value, json};

use crate::support::{Office, every_engine, message};

const DAY: i64 = 86_400;

/// Makes a policy and returns its id.
pub async fn make_policy(office: &Office, document: Value) -> String {
    let kept = office.mailroom.create_policy(&office.actor, &document);
    kept.await.unwrap().policy.id
}

/// Has the default workspace governed by a policy, or by none.
pub async fn attach(office: &Office, policy: Option<&str>) {
    let workspaces = office
        .mailroom
        .list_workspaces(&office.actor)
        .await
        .unwrap();
    let default = workspaces.iter().find(|row| row.is_default).unwrap();
    attach_to(office, &default.workspace_id, policy)
        .await
        .unwrap();
}

async fn attach_to(office: &Office, workspace: &str, policy: Option<&str>) -> Result<(), Refusal> {
    let changes = WorkspaceChanges {
        governance: Governance {
            policy_id: Some(policy.map(str::to_owned)),
            rule_ids: None,
        },
        ..WorkspaceChanges::default()
    };
    let updated = office
        .mailroom
        .update_workspace(&office.actor, workspace, changes);
    updated.await.map(drop)
}

/// Makes a policy that governs the default workspace.
pub async fn govern(office: &Office, limits: Value) -> String {
    let id = make_policy(office, json!({"name": "Limits", "limits": limits})).await;
    attach(office, Some(&id)).await;
    id
}

async fn folders(office: &Office, grant: &GrantRef) -> Vec<String> {
    let listed = office
        .mailroom
        .list_folders(grant, None, false)
        .await
        .unwrap();
    listed.into_iter().map(|folder| folder.name).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_lives_until_it_is_deleted_and_leaves_its_workspaces_without() {
    for office in every_engine().await {
        let document =
            json!({"name": "Trial", "limits": {"limit_count_daily_email_sent": 5}, "what": 1});
        let kept = office.mailroom.create_policy(&office.actor, &document);
        let kept = kept.await.unwrap();
        assert_eq!(kept.unknown, ["what"]);
        let id = kept.policy.id.clone();
        let found = office
            .mailroom
            .get_policy(&office.actor, &id)
            .await
            .unwrap();
        assert_eq!(found, kept.policy);
        attach(&office, Some(&id)).await;
        let account = office.account("a").await;
        let in_force = office.mailroom.policy_in_force(&account).await.unwrap();
        assert_eq!(in_force["policy_id"], json!(id));
        assert_eq!(in_force["limits"]["limit_count_daily_email_sent"], 5);
        let changes = json!({"limits": {"limit_storage_total": 1_000_000}});
        office.clock.forward(5);
        let changed = office.mailroom.update_policy(&office.actor, &id, &changes);
        let changed = changed.await.unwrap().policy;
        assert_eq!(changed.members["limits"]["limit_count_daily_email_sent"], 5);
        assert_eq!(changed.members["limits"]["limit_storage_total"], 1_000_000);
        assert_eq!(changed.updated_at, changed.created_at + 5);
        office.clock.forward(5);
        let same = office.mailroom.update_policy(&office.actor, &id, &changes);
        assert_eq!(same.await.unwrap().policy.updated_at, changed.updated_at);
        office
            .mailroom
            .delete_policy(&office.actor, &id)
            .await
            .unwrap();
        let in_force = office.mailroom.policy_in_force(&account).await.unwrap();
        assert_eq!(in_force["policy_id"], Value::Null);
        let workspaces = office
            .mailroom
            .list_workspaces(&office.actor)
            .await
            .unwrap();
        assert!(workspaces.iter().all(|row| row.policy_id.is_none()));
        for gone in [
            office.mailroom.delete_policy(&office.actor, &id).await,
            office
                .mailroom
                .get_policy(&office.actor, &id)
                .await
                .map(drop),
        ] {
            assert!(matches!(gone, Err(Refusal::NotFound)));
        }
        let dangling = attach_to(&office, &workspaces[0].workspace_id, Some(&id)).await;
        assert!(
            matches!(dangling, Err(Refusal::InvalidReference { field, .. }) if field == "policy_id")
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn policies_are_listed_in_pages_and_keys_of_a_part_see_their_own() {
    for office in every_engine().await {
        let mut ids = Vec::new();
        for number in 0..5 {
            ids.push(make_policy(&office, json!({"name": format!("p{number}")})).await);
        }
        ids.reverse();
        let first = office
            .mailroom
            .list_policies(&office.actor, 3, None)
            .await
            .unwrap();
        let next = first.next.clone();
        let rest = office
            .mailroom
            .list_policies(&office.actor, 3, next.as_deref())
            .await
            .unwrap();
        assert_eq!(rest.next, None);
        let listed: Vec<String> = first
            .rows
            .into_iter()
            .chain(rest.rows)
            .map(|row| row.id)
            .collect();
        assert_eq!(listed, ids);
        let new = NewWorkspace {
            name: "Own".to_owned(),
            governance: Governance {
                policy_id: Some(Some(ids[2].clone())),
                rule_ids: None,
            },
            ..NewWorkspace::default()
        };
        let made = office
            .mailroom
            .create_workspace(&office.actor, new)
            .await
            .unwrap();
        let key = office
            .mailroom
            .open_id(Kind::Workspace, &made.workspace_id)
            .unwrap();
        let part = Actor {
            scope: Scope::Workspace(key),
            ..office.actor.clone()
        };
        let seen = office
            .mailroom
            .list_policies(&part, 50, None)
            .await
            .unwrap();
        assert_eq!(seen.rows.len(), 1);
        assert_eq!(seen.rows[0].id, ids[2]);
        assert!(office.mailroom.get_policy(&part, &ids[2]).await.is_ok());
        let foreign = office.mailroom.get_policy(&part, &ids[0]).await;
        assert!(matches!(foreign, Err(Refusal::NotFound)));
        let change = json!({"name": "mine"});
        let own = office.mailroom.update_policy(&part, &ids[2], &change).await;
        assert!(matches!(own, Err(Refusal::Forbidden { .. })));
        let foreign = office.mailroom.delete_policy(&part, &ids[0]).await;
        assert!(matches!(foreign, Err(Refusal::NotFound)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn folders_of_a_policy_are_made_when_it_attaches_changes_and_accounts_join() {
    for office in every_engine().await {
        let early = office.account("early").await;
        let document =
            json!({"name": "p", "options": {"additional_folders": ["Orders/Open", "Inbox"]}});
        let id = make_policy(&office, document).await;
        assert!(!folders(&office, &early).await.contains(&"Open".to_owned()));
        attach(&office, Some(&id)).await;
        let late = office.account("late").await;
        for account in [&early, &late] {
            let names = folders(&office, account).await;
            assert_eq!(names.len(), 6 + 2, "{names:?}");
        }
        let more = json!({"options": {"additional_folders": ["Orders/Open", "Refunds"]}});
        let changed = office.mailroom.update_policy(&office.actor, &id, &more);
        changed.await.unwrap();
        assert_eq!(folders(&office, &early).await.len(), 6 + 3);
        for wrong in ["a//b", "x\u{7}"] {
            let document = json!({"name": "p", "options": {"additional_folders": [wrong]}});
            let refused = office
                .mailroom
                .create_policy(&office.actor, &document)
                .await;
            assert!(matches!(refused, Err(Refusal::Invalid { .. })), "{wrong}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_caps_accounts_and_what_policies_may_say() {
    for office in every_engine().await {
        let mut plan = Plan::published("free").unwrap();
        plan.set(Cap::Accounts, Some(2));
        office.mailroom.choose_plan(plan);
        let first = office.account("one").await;
        office.account("two").await;
        let third = posthouse_mailroom::provision::NewAccount {
            provider: "nylas".to_owned(),
            email: "three@agents.localhost".to_owned(),
            ..Default::default()
        };
        let refused = office.mailroom.create_account(&office.actor, third).await;
        match refused {
            Err(Refusal::PlanCap { message }) => {
                assert_eq!(message, "Account cap (2) reached for this plan");
            }
            other => panic!("{other:?}"),
        }
        // Who is there already is not one more.
        office.account("one").await;
        let over = json!({"name": "p", "limits": {"limit_count_daily_email_sent": 201}});
        let refused = office.mailroom.create_policy(&office.actor, &over).await;
        assert!(
            matches!(refused, Err(Refusal::PlanCap { message }) if message.ends_with("for this plan"))
        );
        let in_force = office.mailroom.policy_in_force(&first).await.unwrap();
        assert_eq!(in_force["limits"]["limit_count_daily_email_sent"], 200);
        assert_eq!(in_force["limits"]["limit_attachment_count_limit"], 10);
    }
}

/// Tells how many messages were noted as deleted.
async fn told_deletions(office: &Office) -> usize {
    office.told(ChangeKind::MessageDeleted).await.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_go_when_their_policy_has_kept_them_long_enough_and_each_is_told() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        let workspace = office
            .mailroom
            .create_workspace(
                &office.actor,
                NewWorkspace {
                    name: "Free".to_owned(),
                    ..NewWorkspace::default()
                },
            )
            .await
            .unwrap();
        let free = office.account("free").await;
        office
            .mailroom
            .assign_accounts(
                &office.actor,
                &workspace.workspace_id,
                &[office.mailroom.public_id(Kind::Grant, free.grant)],
                &[],
            )
            .await
            .unwrap();
        let limits = json!({"limit_inbox_retention_period": 10, "limit_spam_retention_period": 3});
        govern(&office, limits).await;
        let to = ["agent@agents.localhost", "free@agents.localhost"];
        office
            .deliver_confirmed(&to, &message(&["Subject: old"], "x"))
            .await;
        let junk = office
            .deliver_confirmed(&to[..1], &message(&["Subject: junk"], "y"))
            .await;
        let update = posthouse_mailroom::organise::MessageUpdate {
            folders: Some(vec!["junk".to_owned()]),
            ..Default::default()
        };
        office
            .mailroom
            .update_message(&agent, &junk.id, update)
            .await
            .unwrap();
        let expire = async || while office.mailroom.expire_records().await.unwrap() {};
        let subjects = async |grant: &GrantRef| -> Vec<String> {
            let listed = office.list(grant, MessageQuery::default()).await;
            listed
                .iter()
                .map(|object| object["subject"].as_str().unwrap().to_owned())
                .collect()
        };
        office.clock.forward(3 * DAY - 60);
        expire().await;
        assert_eq!(told_deletions(&office).await, 0);
        office.clock.forward(2 * 3_600);
        expire().await;
        assert_eq!(subjects(&agent).await, ["old"]);
        assert_eq!(told_deletions(&office).await, 1);
        office
            .deliver_confirmed(&to, &message(&["Subject: young"], "z"))
            .await;
        office.clock.forward(7 * DAY);
        expire().await;
        assert_eq!(subjects(&agent).await, ["young"]);
        assert_eq!(subjects(&free).await.len(), 2, "another workspace");
        // The first note is past its time; on PostgreSQL it stays while a transaction of another test may want it.
        let told = told_deletions(&office).await;
        assert!(matches!(told, 1 | 2), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn drafts_stay_and_many_messages_go_in_small_steps() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        govern(
            &office,
            json!({"limit_inbox_retention_period": 2, "limit_spam_retention_period": 1}),
        )
        .await;
        for number in 0..450 {
            let letter = message(&[&format!("Subject: {number}")], "x");
            office
                .deliver_confirmed(&["agent@agents.localhost"], &letter)
                .await;
        }
        let draft = crate::drafts::create(&office, &agent, Default::default()).await;
        office.clock.forward(3 * DAY);
        let mut steps = 0;
        while office.mailroom.expire_records().await.unwrap() {
            steps += 1;
        }
        assert!(steps >= 2, "{steps}");
        assert!(
            office
                .list(&agent, MessageQuery::default())
                .await
                .is_empty()
        );
        let kept = crate::drafts::get(&office, &agent, &draft).await;
        assert!(kept.is_ok(), "a draft stays");
    }
}
