//! Addresses that nothing is sent to, in every sending path.

use bytes::Bytes;
use posthouse_mailroom::Refusal;
use posthouse_mailroom::actor::{Actor, Scope};
use posthouse_mailroom::drafts::DraftChange;
use posthouse_mailroom::read::Detail;
use posthouse_mailroom::send::{DomainMail, Outgoing, OutgoingSource, QueueFilter, SendWishes};
use posthouse_mailroom::suppressions::{NewSuppressions, SuppressionFilter, SuppressionView};
use posthouse_store::changes::ChangeKind;
use posthouse_types::address::DisplayAddress;
use posthouse_types::ids::{Key, Kind};
use serde_json::Value;

use crate::support::{Office, every_engine};

pub fn people(emails: &[&str]) -> Vec<DisplayAddress> {
    let one = |email: &&str| DisplayAddress {
        name: String::new(),
        email: (*email).to_owned(),
    };
    emails.iter().map(one).collect()
}

pub fn letter(to: &[&str]) -> Outgoing {
    Outgoing {
        to: people(to),
        subject: "Quote".to_owned(),
        body: "<p>Hello</p>".to_owned(),
        ..Outgoing::default()
    }
}

async fn suppress(office: &Office, address: &str) -> SuppressionView {
    let new = NewSuppressions {
        addresses: vec![address.to_owned()],
        reason: Some("hard_bounce".to_owned()),
        ..NewSuppressions::default()
    };
    let kept = office.mailroom.add_suppressions(&office.actor, new).await;
    kept.unwrap().remove(0)
}

pub async fn suppressed(office: &Office) -> Vec<SuppressionView> {
    let page = office
        .mailroom
        .list_suppressions(&office.actor, SuppressionFilter::default(), 50, None)
        .await;
    page.unwrap().rows
}

pub async fn queued(office: &Office) -> Vec<String> {
    let page = office
        .mailroom
        .list_queue(&office.actor, QueueFilter::default(), 50, None)
        .await;
    let mut recipients: Vec<String> = page
        .unwrap()
        .rows
        .into_iter()
        .map(|row| row.recipient)
        .collect();
    recipients.sort();
    recipients
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_to_a_suppressed_address_is_refused_by_name_and_nothing_is_kept() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        suppress(&office, "Gone@Nowhere.example").await;
        let outgoing = letter(&["a@shop.example", "gone@NOWHERE.example"]);
        let refused = office
            .mailroom
            .send_message(&agent, outgoing, None)
            .await
            .unwrap_err();
        let Refusal::RecipientSuppressed { message } = refused else {
            panic!("{refused:?}");
        };
        assert_eq!(message, "suppressed: gone@nowhere.example (hard_bounce)");
        assert_eq!(queued(&office).await, Vec::<String>::new());
        let sent = office
            .mailroom
            .send_message(&agent, letter(&["a@shop.example"]), None)
            .await;
        assert_eq!(sent.unwrap().suppressed, None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_it_is_asked_for_suppressed_recipients_are_left_out_and_named() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        suppress(&office, "gone@nowhere.example").await;
        let outgoing = Outgoing {
            cc: people(&["gone@nowhere.example", "b@shop.example"]),
            skip_suppressed: true,
            ..letter(&["GONE@nowhere.example"])
        };
        let sent = office
            .mailroom
            .send_message(&agent, outgoing, None)
            .await
            .unwrap();
        assert_eq!(
            sent.suppressed,
            Some(vec!["gone@nowhere.example".to_owned()])
        );
        let shown: Value = serde_json::from_slice(&sent.object).unwrap();
        assert_eq!(shown["to"], serde_json::json!([]));
        assert_eq!(shown["cc"][0]["email"], "b@shop.example");
        assert_eq!(queued(&office).await, ["b@shop.example"]);

        let nobody = Outgoing {
            skip_suppressed: true,
            ..letter(&["gone@nowhere.example"])
        };
        let refused = office.mailroom.send_message(&agent, nobody, None).await;
        assert!(matches!(refused, Err(Refusal::RecipientSuppressed { .. })));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn finished_sources_drafts_and_domains_are_held_to_the_list() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        suppress(&office, "gone@nowhere.example").await;
        let raw = "From: agent@agents.localhost\r\nTo: gone@nowhere.example, a@shop.example\r\nSubject: x\r\n\r\nx\r\n";
        let source = |skip_suppressed| OutgoingSource {
            raw: Bytes::from_static(raw.as_bytes()),
            skip_suppressed,
            require_tls: false,
        };
        let refused = office
            .mailroom
            .send_source(&agent, source(false), None)
            .await;
        assert!(matches!(refused, Err(Refusal::RecipientSuppressed { .. })));
        let sent = office
            .mailroom
            .send_source(&agent, source(true), None)
            .await
            .unwrap();
        assert_eq!(
            sent.suppressed,
            Some(vec!["gone@nowhere.example".to_owned()])
        );

        let draft = DraftChange {
            to: Some(people(&["gone@nowhere.example", "b@shop.example"])),
            ..DraftChange::default()
        };
        let draft = office.mailroom.create_draft(&agent, draft).await.unwrap();
        let draft: Value = serde_json::from_slice(&draft).unwrap();
        let id = draft["id"].as_str().unwrap();
        let refused = office
            .mailroom
            .send_draft(&agent, id, SendWishes::default(), None)
            .await;
        assert!(matches!(refused, Err(Refusal::RecipientSuppressed { .. })));
        let sent = office
            .mailroom
            .send_draft(
                &agent,
                id,
                SendWishes {
                    skip_suppressed: true,
                    ..SendWishes::default()
                },
                None,
            )
            .await;
        assert_eq!(sent.unwrap().message.suppressed.unwrap().len(), 1);

        let domain = office
            .mailroom
            .domain_for(&office.actor, "own.agents.localhost")
            .await;
        let domain = match domain {
            Ok(domain) => domain,
            Err(_) => register_own_domain(&office).await,
        };
        let mail = |skip_suppressed| Outgoing {
            from: people(&["shop@own.agents.localhost"]).pop(),
            skip_suppressed,
            ..letter(&["gone@nowhere.example", "c@shop.example"])
        };
        let send = |skip| {
            let mail = DomainMail::Parts(Box::new(mail(skip)));
            office.mailroom.send_for_domain(&domain, mail, None)
        };
        assert!(matches!(
            send(false).await,
            Err(Refusal::RecipientSuppressed { .. })
        ));
        assert_eq!(send(true).await.unwrap().suppressed.unwrap().len(), 1);
        assert_eq!(
            queued(&office).await,
            ["a@shop.example", "b@shop.example", "c@shop.example"]
        );
    }
}

async fn register_own_domain(office: &Office) -> posthouse_mailroom::send::DomainRef {
    let new = posthouse_mailroom::domains::NewDomain {
        name: "Own".to_owned(),
        domain_address: "own.agents.localhost".to_owned(),
        ..posthouse_mailroom::domains::NewDomain::default()
    };
    office
        .mailroom
        .register_domain(&office.actor, new)
        .await
        .unwrap();
    office
        .mailroom
        .domain_for(&office.actor, "own.agents.localhost")
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_asks_when_it_is_taken_and_again_when_it_is_due() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        let send_at = 1_790_000_000 + 3_600;
        let take = |outgoing| office.mailroom.schedule_message(&agent, outgoing, send_at);
        suppress(&office, "early@nowhere.example").await;
        let refused = take(letter(&["early@nowhere.example"])).await;
        assert!(matches!(refused, Err(Refusal::RecipientSuppressed { .. })));

        take(letter(&["late@nowhere.example"])).await.unwrap();
        let skipping = Outgoing {
            skip_suppressed: true,
            ..letter(&["late@nowhere.example", "a@shop.example"])
        };
        let taken = take(skipping).await.unwrap();
        assert_eq!(taken.suppressed, Some(Vec::new()));
        suppress(&office, "late@nowhere.example").await;
        office.clock.forward(3_601);
        office.mailroom.release_schedules().await.unwrap();
        assert_eq!(queued(&office).await, ["a@shop.example"]);
        let kinds = crate::organising::noted(&office).await;
        assert!(kinds.contains(&(ChangeKind::MessageSendFailed as i64)));
        assert!(kinds.contains(&(ChangeKind::MessageSendSuccess as i64)));
        let failed = office.mailroom.list_schedules(&agent).await.unwrap();
        assert_eq!(failed.len(), 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_ends_at_its_time_and_can_be_changed_and_removed() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        let until = |expires_at| NewSuppressions {
            addresses: vec!["gone@nowhere.example".to_owned()],
            expires_at,
            ..NewSuppressions::default()
        };
        let past = office
            .mailroom
            .add_suppressions(&office.actor, until(Some(1)))
            .await;
        assert!(matches!(past, Err(Refusal::Invalid { .. })));
        let soon = Some(1_790_000_000 + 60);
        let made = office
            .mailroom
            .add_suppressions(&office.actor, until(soon))
            .await
            .unwrap();
        let send = || {
            office
                .mailroom
                .send_message(&agent, letter(&["gone@nowhere.example"]), None)
        };
        assert!(send().await.is_err());
        office.clock.forward(61);
        assert!(send().await.is_ok());
        assert_eq!(suppressed(&office).await, []);

        let again = office
            .mailroom
            .add_suppressions(&office.actor, until(None))
            .await
            .unwrap();
        assert_eq!(again[0].id, made[0].id);
        assert_eq!((again[0].reason, again[0].expires_at), ("manual", None));
        assert!(send().await.is_err());
        let remove = |name: &str| {
            let name = name.to_owned();
            let office = &office;
            async move {
                office
                    .mailroom
                    .remove_suppression(&office.actor, &name)
                    .await
            }
        };
        remove("GONE@nowhere.example").await.unwrap();
        assert!(matches!(
            remove("gone@nowhere.example").await,
            Err(Refusal::NotFound)
        ));
        assert!(send().await.is_ok());
        let kept = suppress(&office, "gone@nowhere.example").await;
        remove(&kept.id).await.unwrap();
        assert!(matches!(remove(&kept.id).await, Err(Refusal::NotFound)));
        office.mailroom.expire_records().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_of_a_workspace_hold_its_accounts_alone_and_its_keys_see_no_others() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        let new = posthouse_mailroom::workspaces::NewWorkspace {
            name: "Apart".to_owned(),
            ..posthouse_mailroom::workspaces::NewWorkspace::default()
        };
        let apart = office
            .mailroom
            .create_workspace(&office.actor, new)
            .await
            .unwrap();
        let own = |workspace_id: Option<String>| NewSuppressions {
            addresses: vec!["gone@nowhere.example".to_owned()],
            workspace_id,
            ..NewSuppressions::default()
        };
        let add = |actor: Actor, new| {
            let mailroom = office.mailroom.clone();
            async move { mailroom.add_suppressions(&actor, new).await }
        };
        let key = office
            .mailroom
            .open_id(Kind::Workspace, &apart.workspace_id)
            .unwrap();
        let narrow = Actor {
            scope: Scope::Workspace(key),
            ..office.actor.clone()
        };
        let made = add(narrow.clone(), own(None)).await.unwrap();
        assert_eq!(made[0].workspace_id.as_ref(), Some(&apart.workspace_id));
        // The account is in the default workspace.
        let sent = office
            .mailroom
            .send_message(&agent, letter(&["gone@nowhere.example"]), None)
            .await;
        assert!(sent.is_ok());

        let wide = add(office.actor.clone(), own(None)).await.unwrap();
        assert_eq!(suppressed(&office).await.len(), 2);
        let seen = office
            .mailroom
            .list_suppressions(&narrow, SuppressionFilter::default(), 50, None)
            .await
            .unwrap();
        assert_eq!(seen.rows, made);
        let foreign = office
            .mailroom
            .remove_suppression(&narrow, &wide[0].id)
            .await;
        assert!(matches!(foreign, Err(Refusal::NotFound)));
        let of_grant = Actor {
            scope: Scope::Grant(agent.grant),
            ..office.actor.clone()
        };
        assert!(matches!(
            add(of_grant, own(None)).await,
            Err(Refusal::Forbidden { .. })
        ));
        let other = Actor {
            application: Key(1),
            ..office.actor.clone()
        };
        let foreign = office
            .mailroom
            .remove_suppression(&other, &wide[0].id)
            .await;
        assert!(matches!(foreign, Err(Refusal::NotFound)));
        let unknown = add(office.actor.clone(), own(Some("x".to_owned()))).await;
        assert!(matches!(unknown, Err(Refusal::InvalidReference { .. })));

        office
            .mailroom
            .delete_workspace(&office.actor, &apart.workspace_id)
            .await
            .unwrap();
        assert_eq!(suppressed(&office).await, wide);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_the_list_hold_every_entry_once() {
    for office in every_engine().await {
        let addresses = (0..7).map(|number| format!("a{number}@nowhere.example"));
        let new = NewSuppressions {
            addresses: addresses.collect(),
            ..NewSuppressions::default()
        };
        office
            .mailroom
            .add_suppressions(&office.actor, new)
            .await
            .unwrap();
        let (mut seen, mut page) = (Vec::new(), None);
        loop {
            let found = office
                .mailroom
                .list_suppressions(
                    &office.actor,
                    SuppressionFilter::default(),
                    3,
                    page.as_deref(),
                )
                .await
                .unwrap();
            seen.extend(found.rows.into_iter().map(|row| row.address));
            page = found.next;
            if page.is_none() {
                break;
            }
        }
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 7);
        let one = SuppressionFilter {
            address: Some("A3@nowhere.example".to_owned()),
            reason: Some("manual".to_owned()),
            ..SuppressionFilter::default()
        };
        let found = office
            .mailroom
            .list_suppressions(&office.actor, one, 50, None)
            .await;
        assert_eq!(found.unwrap().rows.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_copy_of_a_skipping_source_is_shown_as_it_was_written() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        suppress(&office, "gone@nowhere.example").await;
        let raw =
            "From: agent@agents.localhost\r\nTo: gone@nowhere.example, a@shop.example\r\n\r\nx\r\n";
        let source = OutgoingSource {
            raw: Bytes::from_static(raw.as_bytes()),
            skip_suppressed: true,
            require_tls: false,
        };
        let sent = office
            .mailroom
            .send_source(&agent, source, None)
            .await
            .unwrap();
        let copy = office
            .mailroom
            .get_message(&agent, &sent.id, Detail::Standard)
            .await
            .unwrap();
        let copy: Value = serde_json::from_slice(&copy).unwrap();
        assert_eq!(copy["to"].as_array().unwrap().len(), 2);
        assert_eq!(queued(&office).await, ["a@shop.example"]);
    }
}
