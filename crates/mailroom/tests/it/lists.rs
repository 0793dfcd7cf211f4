//! Lists: made, changed, filled, emptied, deleted.

use posthouse_mailroom::Refusal;
use posthouse_mailroom::actor::{Actor, Scope};
use posthouse_mailroom::lists::{ListChanges, ListView, NewList};
use posthouse_rules::policy::{Cap, Plan};
use posthouse_store::Tx;
use posthouse_types::ids::Kind;

use crate::support::{Office, every_engine};

pub async fn make(office: &Office, kind: &str) -> ListView {
    let new = NewList {
        name: format!("Some {kind}"),
        kind: kind.to_owned(),
        description: None,
    };
    office
        .mailroom
        .create_list(&office.actor, new)
        .await
        .unwrap()
}

pub async fn add(office: &Office, list: &str, items: &[&str]) -> Result<ListView, Refusal> {
    let items = items.iter().map(|item| (*item).to_owned()).collect();
    office
        .mailroom
        .add_list_items(&office.actor, list, items)
        .await
}

async fn values(office: &Office, list: &str) -> Vec<String> {
    let page = office
        .mailroom
        .list_items(&office.actor, list, 200, None)
        .await
        .unwrap();
    let mut values: Vec<String> = page.rows.into_iter().map(|row| row.value).collect();
    values.sort();
    values
}

/// Counts rows of a table.
pub async fn rows(office: &Office, table: &'static str) -> i64 {
    let count = move |tx: &mut dyn Tx| {
        let sql = format!("SELECT CAST(COUNT(*) AS BIGINT) FROM {table}");
        tx.query_one(&sql, &[], |row| row.int(0))
    };
    office.store.read(count).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn items_have_one_spelling_are_there_once_and_are_counted() {
    for office in every_engine().await {
        for (kind, given, kept) in [
            (
                "domain",
                vec![" @OK.Example. ", "ok.example", "bücher.example"],
                vec!["ok.example", "xn--bcher-kva.example"],
            ),
            ("tld", vec![".RU", "ru", "co.uk"], vec!["co.uk", "ru"]),
            (
                "address",
                vec![
                    "Ann@Shop.Example",
                    " ann@shop.example ",
                    "ann+x@shop.example",
                ],
                vec!["ann+x@shop.example", "ann@shop.example"],
            ),
        ] {
            let list = make(&office, kind).await;
            let filled = add(&office, &list.id, &given).await.unwrap();
            assert_eq!(filled.items_count, kept.len() as i64);
            assert_eq!(values(&office, &list.id).await, kept);
            let again = add(&office, &list.id, &given[..1]).await.unwrap();
            assert_eq!(again, filled, "what is there is ignored");
            let gone = vec![given[0].to_owned(), "no such thing".to_owned()];
            let less = office
                .mailroom
                .remove_list_items(&office.actor, &list.id, gone)
                .await
                .unwrap();
            assert_eq!(less.items_count, kept.len() as i64 - 1);
            assert_eq!(values(&office, &list.id).await.len(), kept.len() - 1);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn addr_10_items_that_are_not_of_the_type_leave_the_list_as_it_was() {
    for office in every_engine().await {
        for (kind, wrong) in [
            ("domain", "a@ok.example"),
            ("domain", "*.ok.example"),
            ("domain", "ok..example"),
            ("tld", "ok example"),
            ("address", "ok.example"),
            ("address", "a@ok.example(evil.example"),
            ("address", "a\u{200b}@ok.example"),
        ] {
            let list = make(&office, kind).await;
            let fine = match kind {
                "address" => "fine@ok.example",
                _ => "fine",
            };
            let refused = add(&office, &list.id, &[fine, wrong]).await;
            let Err(Refusal::Invalid { field, .. }) = refused else {
                panic!("{wrong}: {refused:?}");
            };
            assert_eq!(field.as_deref(), Some("items[1]"), "{wrong}");
            assert!(values(&office, &list.id).await.is_empty(), "{wrong}");
        }
        let list = make(&office, "tld").await;
        let most: Vec<String> = (0..1_000).map(|number| format!("t{number}")).collect();
        let most: Vec<&str> = most.iter().map(String::as_str).collect();
        for wrong in [vec![], [most.clone(), vec!["more"]].concat()] {
            let refused = add(&office, &list.id, &wrong).await;
            assert!(matches!(refused, Err(Refusal::Invalid { .. })));
        }
        let long = "a.".repeat(251);
        let refused = add(&office, &list.id, &[&long]).await;
        assert!(matches!(refused, Err(Refusal::Invalid { .. })));
        assert_eq!(
            add(&office, &list.id, &most).await.unwrap().items_count,
            1_000
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_count_of_items_is_exact_when_many_add_and_remove_at_once() {
    for office in every_engine().await {
        let list = make(&office, "tld").await;
        let working: Vec<_> = (0..8)
            .map(|worker| {
                let (mailroom, actor) = (office.mailroom.clone(), office.actor.clone());
                let id = list.id.clone();
                tokio::spawn(async move {
                    // Each shares half of what it adds with its neighbours.
                    let items: Vec<String> = (0..40)
                        .map(|number| format!("t{}", worker * 20 + number))
                        .collect();
                    mailroom.add_list_items(&actor, &id, items.clone()).await?;
                    let odd = items.into_iter().skip(1).step_by(2).collect();
                    mailroom.remove_list_items(&actor, &id, odd).await
                })
            })
            .collect();
        for work in working {
            work.await.unwrap().unwrap();
        }
        let found = office
            .mailroom
            .get_list(&office.actor, &list.id)
            .await
            .unwrap();
        assert_eq!(found.items_count, rows(&office, "list_items").await);
        assert!(found.items_count >= 80, "{}", found.items_count);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn items_are_paged_newest_first_and_what_comes_meanwhile_hides_nothing() {
    for office in every_engine().await {
        let list = make(&office, "tld").await;
        for item in ["a", "b", "c", "d", "e"] {
            add(&office, &list.id, &[item]).await.unwrap();
        }
        let mut seen = Vec::new();
        let mut token: Option<String> = None;
        loop {
            let page = office
                .mailroom
                .list_items(&office.actor, &list.id, 2, token.as_deref())
                .await
                .unwrap();
            seen.extend(page.rows.into_iter().map(|row| row.value));
            add(&office, &list.id, &[&format!("new{}", seen.len())])
                .await
                .unwrap();
            token = page.next;
            if token.is_none() {
                break;
            }
        }
        assert_eq!(seen, ["e", "d", "c", "b", "a"]);
        let malformed = office
            .mailroom
            .list_items(&office.actor, &list.id, 2, Some("x"))
            .await;
        assert!(matches!(malformed, Err(Refusal::Invalid { .. })));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_list_is_gone_at_once_and_its_items_go_in_steps() {
    for office in every_engine().await {
        let list = make(&office, "tld").await;
        let kept = make(&office, "tld").await;
        for start in [0, 1_000, 2_000] {
            let items: Vec<String> = (start..start + 1_000).map(|n| format!("t{n}")).collect();
            let items: Vec<&str> = items.iter().map(String::as_str).collect();
            add(&office, &list.id, &items).await.unwrap();
        }
        add(&office, &kept.id, &["ru"]).await.unwrap();
        let mailroom = &office.mailroom;
        mailroom.delete_list(&office.actor, &list.id).await.unwrap();
        let found = mailroom.get_list(&office.actor, &list.id).await;
        assert!(matches!(found, Err(Refusal::NotFound)));
        assert!(matches!(
            add(&office, &list.id, &["x"]).await,
            Err(Refusal::NotFound)
        ));
        assert_eq!(rows(&office, "list_items").await, 3_001, "not in one go");
        assert!(mailroom.sweep_deleted_lists().await.unwrap());
        assert_eq!(rows(&office, "list_items").await, 2_001);
        while mailroom.sweep_deleted_lists().await.unwrap() {}
        assert_eq!(rows(&office, "list_items").await, 1);
        assert_eq!(rows(&office, "deleted_lists").await, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_keeps_its_type_and_changes_the_rest() {
    for office in every_engine().await {
        let list = make(&office, "domain").await;
        let change = async |changes: ListChanges| {
            office
                .mailroom
                .update_list(&office.actor, &list.id, changes)
                .await
        };
        let same = ListChanges {
            kind: Some("domain".to_owned()),
            name: Some(list.name.clone()),
            description: None,
        };
        office.clock.forward(5);
        assert_eq!(change(same).await.unwrap(), list, "nothing changed");
        let renamed = ListChanges {
            name: Some("Renamed".to_owned()),
            description: Some(Some("why".to_owned())),
            kind: None,
        };
        let after = change(renamed).await.unwrap();
        assert_eq!(after.description.as_deref(), Some("why"));
        assert_eq!(after.updated_at, list.updated_at + 5);
        for wrong in [
            ListChanges {
                kind: Some("address".to_owned()),
                ..ListChanges::default()
            },
            ListChanges {
                name: Some(String::new()),
                ..ListChanges::default()
            },
            ListChanges {
                description: Some(Some("x".repeat(1_001))),
                ..ListChanges::default()
            },
        ] {
            let refused = change(wrong).await;
            assert!(matches!(refused, Err(Refusal::Invalid { .. })));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_caps_lists_exactly() {
    for office in every_engine().await {
        let mut plan = Plan::unlimited();
        plan.set(Cap::Lists, Some(3));
        office.mailroom.choose_plan(plan);
        let making: Vec<_> = (0..8)
            .map(|number| {
                let (mailroom, actor) = (office.mailroom.clone(), office.actor.clone());
                let new = NewList {
                    name: format!("List {number}"),
                    kind: "tld".to_owned(),
                    description: None,
                };
                tokio::spawn(async move { mailroom.create_list(&actor, new).await })
            })
            .collect();
        let mut made = 0;
        for list in making {
            match list.await.unwrap() {
                Ok(_) => made += 1,
                Err(Refusal::PlanCap { message }) => {
                    assert_eq!(message, "List cap (3) reached for this plan");
                }
                Err(other) => panic!("{other:?}"),
            }
        }
        assert_eq!(made, 3);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_the_applications_own_and_narrow_keys_change_none() {
    for office in every_engine().await {
        let list = make(&office, "domain").await;
        let account = office.account("agent").await;
        let narrow = |scope: Scope| Actor {
            scope,
            ..office.actor.clone()
        };
        let default = office
            .mailroom
            .list_workspaces(&office.actor)
            .await
            .unwrap();
        let default = office
            .mailroom
            .open_id(Kind::Workspace, &default[0].workspace_id)
            .unwrap();
        for scope in [Scope::Grant(account.grant), Scope::Workspace(default)] {
            let actor = narrow(scope);
            let found = office.mailroom.get_list(&actor, &list.id).await;
            assert!(matches!(found, Err(Refusal::NotFound)), "{scope:?}");
            let deleted = office.mailroom.delete_list(&actor, &list.id).await;
            assert!(matches!(deleted, Err(Refusal::NotFound)), "{scope:?}");
            let new = NewList {
                name: "Mine".to_owned(),
                kind: "tld".to_owned(),
                description: None,
            };
            let made = office.mailroom.create_list(&actor, new).await;
            assert!(matches!(made, Err(Refusal::Forbidden { .. })), "{scope:?}");
        }
        let all = office
            .mailroom
            .list_lists(&narrow(Scope::Grant(account.grant)), 50, None)
            .await;
        assert!(matches!(all, Err(Refusal::Forbidden { .. })));
    }
}
