//! Rules and messages of many recipients: nobody's rules cost another his mail, and each address counts.

use posthouse_mailroom::actor::{Actor, GrantRef};
use posthouse_mailroom::lists::NewList;
use posthouse_mailroom::receive::{ReceiveRefusal, RecipientRefusal};
use posthouse_mailroom::workspaces::{Governance, NewWorkspace};
use serde_json::{Value, json};

use crate::governing::{address, evaluations, folder, govern, on, rule, send};
use crate::organising::{to_folder, update};
use crate::spam::{codes, spam_of};
use crate::support::{Office, every_engine, message};
use crate::tenants::wanted;

const LISTS_PER_CONDITION: usize = 50;

/// Makes an account in a workspace of its own, whose rules look endings up in so many lists.
async fn asking(office: &Office, local: &str, lists: usize) -> GrantRef {
    let ids = lists_of(office, &office.actor, lists).await;
    let conditions: Vec<Value> = ids
        .chunks(LISTS_PER_CONDITION)
        .map(|ids| json!({"field": "from.tld", "operator": "in_list", "value": ids}))
        .collect();
    let mut rules = Vec::new();
    for conditions in conditions.chunks(50) {
        let mut body = rule(
            "inbound",
            json!(conditions),
            json!([{"type": "mark_as_spam"}]),
        );
        body["match"]["operator"] = json!("any");
        let made = office.mailroom.create_rule(&office.actor, &body).await;
        rules.push(made.unwrap().id);
    }
    let new = NewWorkspace {
        name: format!("Of {local}"),
        governance: Governance {
            policy_id: None,
            rule_ids: Some(rules),
        },
        ..NewWorkspace::default()
    };
    let workspace = office.mailroom.create_workspace(&office.actor, new).await;
    let mut account = wanted(&format!("{local}@agents.localhost"));
    account.workspace_id = Some(workspace.unwrap().workspace_id);
    let account = office.mailroom.create_account(&office.actor, account).await;
    let id = account.unwrap().id;
    office.mailroom.grant_for(&office.actor, &id).await.unwrap()
}

async fn lists_of(office: &Office, actor: &Actor, count: usize) -> Vec<String> {
    let mut ids = Vec::with_capacity(count);
    for number in 0..count {
        let new = NewList {
            name: format!("Endings {number}"),
            kind: "tld".to_owned(),
            description: None,
        };
        ids.push(office.mailroom.create_list(actor, new).await.unwrap().id);
    }
    ids
}

#[tokio::test(flavor = "multi_thread")]
async fn what_rules_of_several_workspaces_ask_does_not_add_up() {
    for office in every_engine().await {
        // Each asks fewer than a fifth of what one may, for six endings of two addresses; together they ask more.
        let mut all = Vec::new();
        for number in 0..7 {
            all.push(asking(&office, &format!("w{number}"), 300).await);
        }
        let to: Vec<&str> = all.iter().map(|one| one.email.as_str()).collect();
        let mut delivery = office
            .delivery(&to, &message(&["From: x@a.b.c.d.e.example"], "x"))
            .await;
        delivery.envelope_from = Some(address("y@f.g.h.i.j.example"));
        let accepted = office.mailroom.receive(delivery).await.unwrap();
        assert_eq!(accepted.message_ids.len(), all.len());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_that_ask_too_much_of_a_message_keep_it_from_their_own_accounts_alone() {
    for office in every_engine().await {
        let greedy = asking(&office, "greedy", 300).await;
        let open = office.account("open").await;
        let authors: Vec<String> = (0..40)
            .map(|number| format!("x@d{number}.b{number}.c{number}.e{number}.example"))
            .collect();
        let raw = format!("From: {}\r\nSubject: Hi\r\n\r\nx\r\n", authors.join(", "));
        let both = ["greedy@agents.localhost", "open@agents.localhost"];
        let accepted = office.deliver(&both, &raw).await.unwrap();
        assert_eq!(accepted.message_ids.len(), 1);
        assert!(folder(&office, &greedy, "inbox").await.is_empty());
        assert_eq!(folder(&office, &open, "inbox").await.len(), 1);
        let seen = evaluations(&office, &greedy).await;
        assert_eq!(seen[0].stage, "inbox_processing");
        let flag = json!({"blocked_by_evaluation_error": true});
        assert_eq!(seen[0].members["applied_actions"], flag);
        // Alone it waits at its sender.
        let alone = office.deliver(&both[..1], &raw).await;
        assert_eq!(alone.unwrap_err(), ReceiveRefusal::Unavailable);
        let plain = message(&["Subject: plain"], "x");
        assert!(office.deliver(&both[..1], &plain).await.is_ok());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_that_ask_too_much_of_any_message_put_off_their_own_accounts_at_rcpt() {
    for office in every_engine().await {
        let greedy = asking(&office, "greedy", 1_700).await;
        let from = address("x@shop.example");
        let admit = async |to: &str| {
            let recipient = office
                .mailroom
                .resolve_recipient(&address(to))
                .await
                .unwrap();
            office.mailroom.admit(Some(&from), None, &recipient).await
        };
        assert_eq!(
            admit("greedy@agents.localhost").await,
            Err(RecipientRefusal::Unavailable)
        );
        office.account("open").await;
        assert_eq!(admit("open@agents.localhost").await, Ok(()));
        let seen = evaluations(&office, &greedy).await;
        assert_eq!(seen[0].stage, "smtp_rcpt");
        let flag = json!({"blocked_by_evaluation_error": true});
        assert_eq!(seen[0].members["applied_actions"], flag);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_address_of_an_account_that_a_message_is_for_counts() {
    for office in every_engine().await {
        let grant = office.account("many").await;
        govern(
            &office,
            &[rule(
                "inbound",
                on("envelope.recipient", "contains", json!("+list@")),
                json!([{"type": "archive"}]),
            )],
        )
        .await;
        let to = ["many@agents.localhost", "many+list@agents.localhost"];
        let mut delivery = office.delivery(&to, &message(&["Subject: Hi"], "x")).await;
        // As the door does with a mailbox that is named again.
        let second = delivery.recipients.pop().unwrap();
        delivery.recipients[0].join(second);
        office.mailroom.receive(delivery).await.unwrap();
        assert_eq!(folder(&office, &grant, "archive").await.len(), 1);
        let seen = evaluations(&office, &grant).await;
        assert_eq!(
            seen[0].members["evaluation_input"]["recipient_addresses"],
            json!(to)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_author_of_every_from_field_counts() {
    for office in every_engine().await {
        let grant = office.account("authors").await;
        govern(
            &office,
            &[rule(
                "inbound",
                on("from.address", "is", json!("second@evil.example")),
                json!([{"type": "archive"}]),
            )],
        )
        .await;
        let raw = message(&["From: Two <second@evil.example>", "Subject: Hi"], "x");
        office
            .deliver(&["authors@agents.localhost"], &raw)
            .await
            .unwrap();
        assert_eq!(folder(&office, &grant, "archive").await.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_header_and_many_conditions_are_compared_and_match() {
    let office = every_engine().await.remove(0);
    let grant = office.account("large").await;
    let conditions = |place: usize| -> Value {
        (0..50)
            .map(|number| json!({"field": "header.x-large", "operator": "contains", "value": format!("no{place}-{number}")}))
            .chain([json!({"field": "header.x-mark", "operator": "is", "value": "Here"})])
            .skip(1)
            .collect()
    };
    let mut rules = Vec::new();
    for place in 0..60 {
        let mut body = rule(
            "inbound",
            conditions(place),
            json!([{"type": "mark_as_read"}]),
        );
        body["match"]["operator"] = json!("any");
        rules.push(body);
    }
    govern(&office, &rules).await;
    let large = format!("X-Large: {}", "\r\n abcdefgh no".repeat(70_000));
    let raw = message(&[&large, "X-Mark: here"], "x");
    office
        .deliver(&["large@agents.localhost"], &raw)
        .await
        .unwrap();
    let stored = folder(&office, &grant, "inbox").await;
    assert_eq!(stored[0]["unread"], json!(false));
    let seen = evaluations(&office, &grant).await;
    let matched = seen[0].members["matched_rule_ids"]
        .as_array()
        .unwrap()
        .len();
    assert_eq!(matched, 60);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_of_many_recipients_is_weighed_by_his_own_past() {
    for office in every_engine().await {
        let mut all = Vec::new();
        for local in ["annoyed", "friend", "stranger", "other"] {
            all.push(office.account(local).await);
        }
        let doubtful = |number: usize| {
            format!(
                "From: Prize <win@prizes.example>\r\nSubject: YOU WON $$$ FREE MONEY!!!\r\n\
                 Message-ID: <p{number}@prizes.example>\r\n\r\nCLICK HERE NOW http://192.0.2.1/win to claim your prize!!!\r\n"
            )
        };
        let first = doubtful(1);
        let past = office.deliver(
            &["annoyed@agents.localhost", "friend@agents.localhost"],
            &first,
        );
        for (grant, id) in all.iter().zip(past.await.unwrap().message_ids) {
            update(&office, grant, &id, to_folder("junk"))
                .await
                .unwrap();
        }
        while office.mailroom.learn_spam().await.unwrap() {}
        send(&office, &all[1], &["win@prizes.example"])
            .await
            .unwrap();
        let to: Vec<&str> = all.iter().map(|one| one.email.as_str()).collect();
        let together = office.deliver(&to, &doubtful(2)).await.unwrap().message_ids;
        let mut junked = Vec::new();
        for (grant, id) in all.iter().zip(&together) {
            let spam = spam_of(&office, grant, id).await;
            junked.push(codes(&spam).contains(&"SENDER_JUNKED"));
        }
        // Who has written to the sender wanted its mail once.
        assert_eq!(junked, [true, false, false, false]);
    }
}
