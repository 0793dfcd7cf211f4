//! Rules: made, changed, attached, deleted.

use posthouse_mailroom::Refusal;
use posthouse_mailroom::actor::{Actor, Scope};
use posthouse_mailroom::audit::AuditFilter;
use posthouse_mailroom::lists::NewList;
use posthouse_mailroom::rules::RuleView;
use posthouse_mailroom::workspaces::{Governance, NewWorkspace, WorkspaceChanges, WorkspaceView};
use posthouse_rules::policy::{Cap, Plan};
use posthouse_store::Tx;
use posthouse_types::ids::Kind;
use serde_json::{Value, json};

use crate::lists;
use crate::support::{Office, every_engine};

fn blocking(field: &str, operator: &str, value: Value) -> Value {
    json!({
        "name": "No strangers",
        "match": {"conditions": [{"field": field, "operator": operator, "value": value}]},
        "actions": [{"type": "block"}],
    })
}

fn simple() -> Value {
    blocking("from.domain", "is", json!("spam.example"))
}

async fn make(office: &Office, body: &Value) -> RuleView {
    let made = office.mailroom.create_rule(&office.actor, body).await;
    made.unwrap_or_else(|refusal| panic!("{body}: {refusal:?}"))
}

async fn workspace(office: &Office, rules: &[&str]) -> WorkspaceView {
    let new = NewWorkspace {
        name: "Ruled".to_owned(),
        governance: naming(rules),
        ..NewWorkspace::default()
    };
    let made = office.mailroom.create_workspace(&office.actor, new).await;
    made.unwrap()
}

fn naming(rules: &[&str]) -> Governance {
    Governance {
        policy_id: None,
        rule_ids: Some(rules.iter().map(|id| (*id).to_owned()).collect()),
    }
}

async fn attach(
    office: &Office,
    workspace: &str,
    rules: &[&str],
) -> Result<WorkspaceView, Refusal> {
    let changes = WorkspaceChanges {
        governance: naming(rules),
        ..WorkspaceChanges::default()
    };
    office
        .mailroom
        .update_workspace(&office.actor, workspace, changes)
        .await
}

async fn version(office: &Office, workspace: &str) -> i64 {
    let key = office.mailroom.open_id(Kind::Workspace, workspace).unwrap();
    let read = move |tx: &mut dyn Tx| {
        tx.query_one(
            "SELECT governance_version FROM workspaces WHERE id = $1",
            &[key.into()],
            |row| row.int(0),
        )
    };
    office.store.read(read).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_is_kept_as_it_was_written_with_its_defaults() {
    for office in every_engine().await {
        let made = make(&office, &simple()).await;
        for (member, value) in [
            ("description", Value::Null),
            ("priority", json!(10)),
            ("enabled", json!(true)),
            ("trigger", json!("inbound")),
            ("actions", json!([{"type": "block"}])),
        ] {
            assert_eq!(made.members[member], value, "{member}");
        }
        assert_eq!(made.members["match"]["operator"], "all");
        let found = office.mailroom.get_rule(&office.actor, &made.id).await;
        assert_eq!(found.unwrap(), made);
        office.clock.forward(5);
        let change = async |changes: Value| {
            office
                .mailroom
                .update_rule(&office.actor, &made.id, changes)
                .await
        };
        let same = change(json!({"name": "No strangers", "enabled": true})).await;
        assert_eq!(same.unwrap(), made, "nothing changed");
        let after = change(json!({"priority": 3, "actions": [{"type": "trash"}]}))
            .await
            .unwrap();
        assert_eq!(after.members["priority"], 3);
        assert_eq!(after.members["actions"], json!([{"type": "trash"}]));
        assert_eq!(after.members["match"], made.members["match"]);
        assert_eq!(after.updated_at, made.updated_at + 5);
        let refused = change(json!({"match": null})).await;
        assert!(matches!(refused, Err(Refusal::Invalid { .. })));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_names_only_lists_that_are_there_and_of_its_fields_type() {
    for office in every_engine().await {
        let domains = lists::make(&office, "domain").await;
        let gone = lists::make(&office, "domain").await;
        let deleted = office.mailroom.delete_list(&office.actor, &gone.id).await;
        deleted.unwrap();
        let made = make(
            &office,
            &blocking("from.domain", "in_list", json!([domains.id])),
        )
        .await;
        assert_eq!(
            made.members["match"]["conditions"][0]["value"],
            json!([domains.id])
        );
        for (field, id) in [
            ("from.domain", gone.id.as_str()),
            ("from.domain", "0190f3c9-0000-7000-8000-000000000000"),
            ("from.address", &domains.id),
            ("from.tld", &domains.id),
            ("envelope.recipient", &domains.id),
        ] {
            let body = blocking(field, "in_list", json!([id]));
            let refused = office.mailroom.create_rule(&office.actor, &body).await;
            let Err(Refusal::InvalidReference { field, message }) = refused else {
                panic!("{body}: {refused:?}");
            };
            assert_eq!(field, "match.conditions[0].value");
            assert!(
                message.starts_with(&format!("invalid list ID \"{id}\"")),
                "{message}"
            );
        }
        // A list that goes later takes nothing of the rule with it, and does not stand in the way of other changes.
        let deleted = office
            .mailroom
            .delete_list(&office.actor, &domains.id)
            .await;
        deleted.unwrap();
        let renamed = office
            .mailroom
            .update_rule(&office.actor, &made.id, json!({"name": "Renamed"}))
            .await
            .unwrap();
        assert_eq!(renamed.members["match"], made.members["match"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn workspaces_list_rules_once_in_order_and_each_change_is_seen() {
    for office in every_engine().await {
        let one = make(&office, &simple()).await.id;
        let two = make(&office, &simple()).await.id;
        let id = workspace(&office, &[&two, &one, &two]).await;
        assert_eq!(id.rule_ids, [two.clone(), one.clone()]);
        let (id, began) = (
            id.workspace_id.clone(),
            version(&office, &id.workspace_id).await,
        );
        let after = attach(&office, &id, &[&one]).await.unwrap();
        assert_eq!(after.rule_ids, [one.as_str()]);
        assert_eq!(version(&office, &id).await, began + 1);
        attach(&office, &id, &[&one]).await.unwrap();
        assert_eq!(version(&office, &id).await, began + 1, "nothing changed");
        let changed = office
            .mailroom
            .update_rule(&office.actor, &one, json!({"enabled": false}))
            .await;
        changed.unwrap();
        assert_eq!(version(&office, &id).await, began + 2);
        let elsewhere = office
            .mailroom
            .update_rule(&office.actor, &two, json!({"enabled": false}))
            .await;
        elsewhere.unwrap();
        assert_eq!(version(&office, &id).await, began + 2, "not its rule");
        for unknown in ["0190f3c2-0000-7000-8000-000000000000", "r", ""] {
            let refused = attach(&office, &id, &[&one, unknown]).await;
            let Err(Refusal::InvalidReference { field, message }) = refused else {
                panic!("{refused:?}");
            };
            assert_eq!(field, "rule_ids");
            assert_eq!(message, format!("invalid rule ID \"{unknown}\""));
        }
        let emptied = attach(&office, &id, &[]).await.unwrap();
        assert!(emptied.rule_ids.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_rule_is_taken_off_every_workspace() {
    for office in every_engine().await {
        let one = make(&office, &simple()).await.id;
        let two = make(&office, &simple()).await.id;
        let both = workspace(&office, &[&one, &two]).await.workspace_id;
        let other = workspace(&office, &[&two]).await.workspace_id;
        let (began, untouched) = (
            version(&office, &both).await,
            version(&office, &other).await,
        );
        let mailroom = &office.mailroom;
        mailroom.delete_rule(&office.actor, &one).await.unwrap();
        let found = mailroom.get_workspace(&office.actor, &both).await.unwrap();
        assert_eq!(found.rule_ids, [two.as_str()]);
        assert_eq!(version(&office, &both).await, began + 1);
        assert_eq!(version(&office, &other).await, untouched);
        let gone = mailroom.delete_rule(&office.actor, &one).await;
        assert!(matches!(gone, Err(Refusal::NotFound)));
        let refused = attach(&office, &other, &[&one]).await;
        assert!(matches!(refused, Err(Refusal::InvalidReference { .. })));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_that_is_attached_while_it_is_deleted_is_attached_nowhere() {
    for office in every_engine().await {
        for _ in 0..6 {
            let rule = make(&office, &simple()).await.id;
            let workspaces = [
                workspace(&office, &[]).await.workspace_id,
                workspace(&office, &[&rule]).await.workspace_id,
            ];
            let attaching = async {
                for id in &workspaces {
                    match attach(&office, id, &[&rule]).await {
                        Ok(_) | Err(Refusal::InvalidReference { .. }) => {}
                        Err(other) => panic!("{other:?}"),
                    }
                }
            };
            let deleting = office.mailroom.delete_rule(&office.actor, &rule);
            let ((), deleted) = tokio::join!(attaching, deleting);
            deleted.unwrap();
            for id in &workspaces {
                let found = office.mailroom.get_workspace(&office.actor, id).await;
                assert!(found.unwrap().rule_ids.is_empty());
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_a_workspace_sees_its_rules_and_their_lists_only() {
    for office in every_engine().await {
        let own_list = lists::make(&office, "domain").await.id;
        let other_list = lists::make(&office, "domain").await.id;
        let body = blocking("from.domain", "in_list", json!([own_list]));
        let own = make(&office, &body).await.id;
        let body = blocking("from.domain", "in_list", json!([other_list]));
        let other = make(&office, &body).await.id;
        let mine = workspace(&office, &[&own]).await.workspace_id;
        workspace(&office, &[&other]).await;
        let key = office.mailroom.open_id(Kind::Workspace, &mine).unwrap();
        let actor = Actor {
            scope: Scope::Workspace(key),
            ..office.actor.clone()
        };
        let mailroom = &office.mailroom;
        let rules = mailroom.list_rules(&actor, 50, None).await.unwrap();
        let rules: Vec<&str> = rules.rows.iter().map(|rule| rule.id.as_str()).collect();
        assert_eq!(rules, [own.as_str()]);
        let seen = mailroom.list_lists(&actor, 50, None).await.unwrap();
        let seen: Vec<&str> = seen.rows.iter().map(|list| list.id.as_str()).collect();
        assert_eq!(seen, [own_list.as_str()]);
        assert!(mailroom.get_rule(&actor, &own).await.is_ok());
        assert!(mailroom.get_list(&actor, &own_list).await.is_ok());
        assert!(
            mailroom
                .list_items(&actor, &own_list, 50, None)
                .await
                .is_ok()
        );
        for refused in [
            mailroom.get_rule(&actor, &other).await.map(drop),
            mailroom
                .update_rule(&actor, &other, json!({}))
                .await
                .map(drop),
            mailroom.delete_rule(&actor, &other).await,
            mailroom.get_list(&actor, &other_list).await.map(drop),
            mailroom
                .list_items(&actor, &other_list, 50, None)
                .await
                .map(drop),
        ] {
            assert!(matches!(refused, Err(Refusal::NotFound)), "{refused:?}");
        }
        for refused in [
            mailroom
                .update_rule(&actor, &own, json!({}))
                .await
                .map(drop),
            mailroom.delete_rule(&actor, &own).await,
            mailroom.create_rule(&actor, &simple()).await.map(drop),
            mailroom.delete_list(&actor, &own_list).await,
        ] {
            assert!(
                matches!(refused, Err(Refusal::Forbidden { .. })),
                "{refused:?}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_of_what_governs_accounts_are_on_record() {
    for office in every_engine().await {
        let list = lists::make(&office, "domain").await.id;
        lists::add(&office, &list, &["a.example", "b.example"])
            .await
            .unwrap();
        let body = blocking("from.domain", "in_list", json!([list]));
        let rule = make(&office, &body).await.id;
        let id = workspace(&office, &[&rule]).await.workspace_id;
        let mailroom = &office.mailroom;
        let off = json!({"enabled": false});
        mailroom
            .update_rule(&office.actor, &rule, off.clone())
            .await
            .unwrap();
        mailroom
            .update_rule(&office.actor, &rule, off)
            .await
            .unwrap();
        attach(&office, &id, &[]).await.unwrap();
        mailroom.delete_rule(&office.actor, &rule).await.unwrap();
        mailroom.delete_list(&office.actor, &list).await.unwrap();
        mailroom.delete_workspace(&office.actor, &id).await.unwrap();
        let filter = AuditFilter::default();
        let entries = mailroom.list_audit(&office.actor, filter, 50, None).await;
        let entries = entries.unwrap().rows;
        let mut actions: Vec<&str> = entries.iter().map(|entry| entry.action.as_str()).collect();
        actions
            .retain(|action| !action.starts_with("api_key") && !action.starts_with("application"));
        actions.reverse();
        assert_eq!(
            actions,
            [
                "list.create",
                "list.items_add",
                "rule.create",
                "workspace.create",
                "rule.update",
                "workspace.update",
                "rule.delete",
                "list.delete",
                "workspace.delete"
            ]
        );
        let made = entries
            .iter()
            .find(|entry| entry.action == "workspace.create");
        assert_eq!(made.unwrap().rule_ids, [rule]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_governs_outlives_its_application() {
    for office in every_engine().await {
        let kept = make(&office, &simple()).await.id;
        let stranger = office.other_application().await;
        let mailroom = &office.mailroom;
        let new = NewList {
            name: "Theirs".to_owned(),
            kind: "tld".to_owned(),
            description: None,
        };
        let list = mailroom.create_list(&stranger, new).await.unwrap().id;
        let items = vec!["ru".to_owned()];
        let filled = mailroom.add_list_items(&stranger, &list, items).await;
        filled.unwrap();
        mailroom.create_rule(&stranger, &simple()).await.unwrap();
        let policy = json!({"name": "Theirs"});
        mailroom.create_policy(&stranger, &policy).await.unwrap();
        let application = mailroom.public_id(Kind::Application, stranger.application);
        mailroom.delete_application(&application).await.unwrap();
        while mailroom.sweep_deleted_lists().await.unwrap() {}
        for table in ["lists", "list_items", "deleted_lists", "policies"] {
            assert_eq!(lists::rows(&office, table).await, 0, "{table}");
        }
        assert_eq!(lists::rows(&office, "rules").await, 1);
        assert!(mailroom.get_rule(&office.actor, &kept).await.is_ok());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_caps_rules_exactly() {
    for office in every_engine().await {
        let mut plan = Plan::unlimited();
        plan.set(Cap::Rules, Some(2));
        office.mailroom.choose_plan(plan);
        let making: Vec<_> = (0..6)
            .map(|_| {
                let (mailroom, actor) = (office.mailroom.clone(), office.actor.clone());
                tokio::spawn(async move { mailroom.create_rule(&actor, &simple()).await })
            })
            .collect();
        let mut made = 0;
        for rule in making {
            match rule.await.unwrap() {
                Ok(_) => made += 1,
                Err(Refusal::PlanCap { message }) => {
                    assert_eq!(message, "Rule cap (2) reached for this plan");
                }
                Err(other) => panic!("{other:?}"),
            }
        }
        assert_eq!(made, 2);
    }
}
