//! Messages that wait for approval: kept with the ids they will have, sent once, rejected, forgotten.

use posthouse_mailroom::Refusal;
use posthouse_mailroom::actor::{Actor, GrantRef, Scope};
use posthouse_mailroom::read::{Detail, FolderFilter, MessageQuery};
use posthouse_mailroom::send::{
    HoldFilter, HoldView, Outgoing, OutgoingSource, SendWishes, SentMessage,
};
use posthouse_mailroom::workspaces::{Governance, WorkspaceChanges};
use posthouse_store::changes::ChangeKind;
use posthouse_store::{Param, StoreError, Tx};
use posthouse_types::address::DisplayAddress;
use serde_json::{Value, json};

use crate::drafts::{create, get, letter as draft_letter, update};
use crate::governing::{evaluations, govern, rule};
use crate::support::{Office, every_engine};

const HOUR: i64 = 3_600;

async fn hold_everything(office: &Office) -> String {
    let anybody = json!([{"field": "recipient.domain", "operator": "is", "value": "shop.example"}]);
    let rules = govern(
        office,
        &[rule("outbound", anybody, json!([{"type": "hold"}]))],
    )
    .await;
    rules[0].clone()
}

pub async fn attach_policy(office: &Office, id: &str) {
    let workspaces = office
        .mailroom
        .list_workspaces(&office.actor)
        .await
        .unwrap();
    let default = workspaces.iter().find(|one| one.is_default).unwrap();
    let changes = WorkspaceChanges {
        governance: Governance {
            policy_id: Some(Some(id.to_owned())),
            rule_ids: None,
        },
        ..WorkspaceChanges::default()
    };
    let changed = office
        .mailroom
        .update_workspace(&office.actor, &default.workspace_id, changes);
    changed.await.unwrap();
}

pub fn letter(subject: &str) -> Outgoing {
    Outgoing {
        to: vec![somebody("buyer@shop.example")],
        bcc: vec![somebody("hidden@shop.example")],
        subject: subject.to_owned(),
        body: "<p>Refund of all</p>".to_owned(),
        ..Outgoing::default()
    }
}

fn somebody(email: &str) -> DisplayAddress {
    DisplayAddress {
        name: String::new(),
        email: email.to_owned(),
    }
}

pub async fn send(
    office: &Office,
    grant: &GrantRef,
    outgoing: Outgoing,
) -> Result<SentMessage, Refusal> {
    office.mailroom.send_message(grant, outgoing, None).await
}

async fn held(office: &Office, grant: &GrantRef, subject: &str) -> (SentMessage, HoldView) {
    let sent = send(office, grant, letter(subject)).await.unwrap();
    let hold = sent.hold.clone().expect("a hold");
    (sent, hold)
}

async fn sent(office: &Office, grant: &GrantRef) -> Vec<Value> {
    let folders = FolderFilter::Named(vec!["sent".to_owned()]);
    let query = MessageQuery {
        folders,
        ..MessageQuery::default()
    };
    office.list(grant, query).await
}

async fn count(office: &Office, table: &'static str) -> i64 {
    let read = move |tx: &mut dyn Tx| -> Result<i64, StoreError> {
        let sql = format!("SELECT CAST(COUNT(*) AS BIGINT) FROM {table}");
        tx.query_one(&sql, &[], |row| row.int(0))
    };
    office.store.read(read).await.unwrap()
}

/// Returns what events of a kind were written down with.
pub async fn told(office: &Office, kind: ChangeKind) -> Vec<Option<Value>> {
    let read = move |tx: &mut dyn Tx| -> Result<_, StoreError> {
        tx.query(
            "SELECT data FROM changes WHERE kind = $1 ORDER BY seq",
            &[Param::Int(kind as i64)],
            |row| row.opt_string(0),
        )
    };
    let all = office.store.read(read).await.unwrap();
    let json = |data: Option<String>| data.map(|data| serde_json::from_str(&data).unwrap());
    all.into_iter().map(json).collect()
}

pub async fn approve(office: &Office, id: &str) -> Result<HoldView, Refusal> {
    office.mailroom.approve_hold(&office.actor, id, None).await
}

async fn status(office: &Office, id: &str) -> &'static str {
    office
        .mailroom
        .get_hold(&office.actor, id)
        .await
        .unwrap()
        .status
}

fn object(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_message_goes_once_it_is_approved_under_the_ids_it_was_promised() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        let rule_id = hold_everything(&office).await;
        let (message, hold) = held(&office, &agent, "Refund").await;
        assert_eq!(
            (hold.status, hold.rule_ids.clone()),
            ("pending", vec![rule_id.clone()])
        );
        assert_eq!(hold.reasons, ["rule \"House rule\""]);
        assert_eq!(hold.expires_at, hold.created_at + 72 * HOUR);
        assert_eq!(object(&message.object)["folders"], json!([]));
        assert_eq!(sent(&office, &agent).await, Vec::<Value>::new());
        assert_eq!(count(&office, "outbound").await, 0);
        let unknown = office
            .mailroom
            .get_message(&agent, &message.id, Detail::Standard)
            .await;
        assert!(matches!(unknown, Err(Refusal::NotFound)), "{unknown:?}");

        let events = told(&office, ChangeKind::MessageHeld).await;
        let event = events[0].as_ref().unwrap();
        assert_eq!(event["hold_id"], hold.id);
        assert_eq!(event["rule_ids"], json!([rule_id]));
        assert_eq!(event["message"]["from"], "agent@agents.localhost");
        assert_eq!(event["message"]["bcc"], json!(["hidden@shop.example"]));
        assert!(!event.to_string().contains("Refund of all"));
        let evaluation = &evaluations(&office, &agent).await[0];
        assert_eq!(evaluation.message_id, None);

        let whole = office
            .mailroom
            .get_hold(&office.actor, &hold.id)
            .await
            .unwrap();
        assert_eq!(object(&whole.message)["body"], "<p>Refund of all</p>");

        let note = Some("fine".to_owned());
        let done = office
            .mailroom
            .approve_hold(&office.actor, &hold.id, note)
            .await
            .unwrap();
        assert_eq!(
            (done.status, done.note.as_deref()),
            ("approved", Some("fine"))
        );
        let copies = sent(&office, &agent).await;
        assert_eq!(copies.len(), 1);
        assert_eq!(copies[0]["id"], message.id);
        assert_eq!(copies[0]["thread_id"], object(&message.object)["thread_id"]);
        assert_eq!(count(&office, "outbound").await, 2);
        assert_eq!(told(&office, ChangeKind::MessageSendSuccess).await.len(), 1);
        for again in [
            approve(&office, &hold.id).await,
            office
                .mailroom
                .reject_hold(&office.actor, &hold.id, None)
                .await,
        ] {
            assert!(matches!(again, Err(Refusal::Conflict { .. })), "{again:?}");
        }
        assert_eq!(count(&office, "outbound").await, 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_who_approve_at_once_send_one_message() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        hold_everything(&office).await;
        let (_, hold) = held(&office, &agent, "Refund").await;
        let mut running = tokio::task::JoinSet::new();
        for number in 0..12 {
            let (mailroom, actor, id) = (
                office.mailroom.clone(),
                office.actor.clone(),
                hold.id.clone(),
            );
            running.spawn(async move {
                match number % 3 {
                    0 => mailroom.reject_hold(&actor, &id, None).await,
                    _ => mailroom.approve_hold(&actor, &id, None).await,
                }
            });
        }
        let outcomes = running.join_all().await;
        let done: Vec<_> = outcomes
            .iter()
            .filter_map(|one| one.as_ref().ok())
            .collect();
        assert_eq!(done.len(), 1, "{outcomes:?}");
        for other in outcomes.iter().filter_map(|one| one.as_ref().err()) {
            assert!(matches!(other, Refusal::Conflict { .. }), "{other:?}");
        }
        let copies = sent(&office, &agent).await.len();
        assert_eq!(copies, usize::from(done[0].status == "approved"));
        let ended = told(&office, ChangeKind::MessageSendSuccess).await.len()
            + told(&office, ChangeKind::MessageSendFailed).await.len();
        assert_eq!(ended, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejected_message_is_told_of_and_forgotten_after_a_while() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        hold_everything(&office).await;
        let before = count(&office, "blobs").await;
        let (_, hold) = held(&office, &agent, "Refund").await;
        let reason = Some("too generous".to_owned());
        let done = office
            .mailroom
            .reject_hold(&office.actor, &hold.id, reason)
            .await
            .unwrap();
        assert_eq!(
            (done.status, done.note.as_deref()),
            ("rejected", Some("too generous"))
        );
        assert_eq!(object(&done.message)["body"], "<p>Refund of all</p>");
        let failed = told(&office, ChangeKind::MessageSendFailed).await;
        assert_eq!(failed[0].as_ref().unwrap()["message"], "too generous");
        assert!(matches!(
            approve(&office, &hold.id).await,
            Err(Refusal::Conflict { .. })
        ));
        office.clock.forward(73 * HOUR);
        while office.mailroom.expire_holds().await.unwrap() {}
        let gone = office.mailroom.get_hold(&office.actor, &hold.id).await;
        assert!(matches!(gone, Err(Refusal::NotFound)), "{gone:?}");
        assert_eq!(count(&office, "blobs").await, before);
        assert_eq!(sent(&office, &agent).await, Vec::<Value>::new());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_decides_in_time_counts_as_rejected() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        hold_everything(&office).await;
        office.mailroom.hold_for_seconds(100);
        let (_, first) = held(&office, &agent, "One").await;
        let (_, second) = held(&office, &agent, "Two").await;
        office.clock.forward(99);
        office.mailroom.expire_holds().await.unwrap();
        assert_eq!(status(&office, &first.id).await, "pending");
        office.clock.forward(1);
        // Also before the clean-up has come by.
        assert!(matches!(
            approve(&office, &first.id).await,
            Err(Refusal::Conflict { .. })
        ));
        office.mailroom.expire_holds().await.unwrap();
        assert_eq!(status(&office, &first.id).await, "expired");
        assert_eq!(status(&office, &second.id).await, "expired");
        assert_eq!(told(&office, ChangeKind::MessageSendFailed).await.len(), 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_draft_stays_until_its_message_was_decided_on() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        hold_everything(&office).await;
        let send_draft = async |id: &str| {
            let wishes = SendWishes::default();
            office.mailroom.send_draft(&agent, id, wishes, None).await
        };
        let mut ids = Vec::new();
        for _ in 0..3 {
            let draft = create(
                &office,
                &agent,
                draft_letter("buyer@shop.example", "Refund"),
            )
            .await;
            let id = draft["id"].as_str().unwrap().to_owned();
            let held = send_draft(&id).await.unwrap().message.hold.expect("a hold");
            let again = send_draft(&id).await;
            assert!(
                matches!(again, Err(Refusal::Conflict { .. })),
                "{:?}",
                again.err()
            );
            assert_eq!(
                get(&office, &agent, &draft).await.unwrap()["subject"],
                "Refund"
            );
            ids.push((draft, held.id));
        }
        let [(approved, first), (rejected, second), (changed, third)] = &ids[..] else {
            unreachable!()
        };
        approve(&office, first).await.unwrap();
        let gone = get(&office, &agent, approved).await;
        assert!(matches!(gone, Err(Refusal::NotFound)));
        office
            .mailroom
            .reject_hold(&office.actor, second, None)
            .await
            .unwrap();
        assert_eq!(
            get(&office, &agent, rejected).await.unwrap()["subject"],
            "Refund"
        );
        // What was approved is what was held; the draft is another message by now.
        update(
            &office,
            &agent,
            changed,
            draft_letter("buyer@shop.example", "Other"),
        )
        .await
        .unwrap();
        approve(&office, third).await.unwrap();
        assert_eq!(
            get(&office, &agent, changed).await.unwrap()["subject"],
            "Other"
        );
        let subjects: Vec<Value> = sent(&office, &agent)
            .await
            .iter()
            .map(|one| one["subject"].clone())
            .collect();
        assert_eq!(subjects, ["Refund", "Refund"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_finished_source_is_held_as_it_was_written() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        hold_everything(&office).await;
        let raw = "From: agent@agents.localhost\r\nTo: buyer@shop.example\r\nBcc: hidden@shop.example\r\n\
                   Subject: Source\r\nX-Mark: 1\r\n\r\nas written\r\n";
        let source = OutgoingSource {
            raw: raw.as_bytes().to_vec().into(),
            ..OutgoingSource::default()
        };
        let held = office
            .mailroom
            .send_source(&agent, source, None)
            .await
            .unwrap();
        let hold = held.hold.expect("a hold");
        let whole = office
            .mailroom
            .get_hold(&office.actor, &hold.id)
            .await
            .unwrap();
        assert!(
            object(&whole.message)["body"]
                .as_str()
                .unwrap()
                .contains("as written")
        );
        approve(&office, &hold.id).await.unwrap();
        assert_eq!(sent(&office, &agent).await[0]["id"], held.id);
        assert_eq!(count(&office, "outbound").await, 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_is_held_when_it_is_due() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        let now = office.mailroom.clock().unix_seconds();
        let mut taken = Vec::new();
        for subject in ["One", "Two"] {
            let one = office
                .mailroom
                .schedule_message(&agent, letter(subject), now + HOUR)
                .await;
            taken.push(one.unwrap());
        }
        hold_everything(&office).await;
        office.clock.forward(HOUR);
        office.mailroom.release_schedules().await.unwrap();
        let holds = list(&office, &office.actor).await;
        assert_eq!(holds.len(), 2);
        let shown = async |place: usize| {
            let id = &taken[place].schedule_id;
            office.mailroom.get_schedule(&agent, id).await.unwrap().code
        };
        assert_eq!(shown(0).await, "pending");
        // A process that starts anew, or an hour that passed, does not send or hold it again.
        office.mailroom.recover_schedules().await.unwrap();
        office.clock.forward(2 * HOUR);
        office.mailroom.release_schedules().await.unwrap();
        assert_eq!(list(&office, &office.actor).await.len(), 2);
        assert_eq!(sent(&office, &agent).await, Vec::<Value>::new());
        let of = |place: usize| {
            let message = taken[place].id.clone();
            holds
                .iter()
                .find(|hold| object(&hold.message)["id"] == message)
                .unwrap()
                .id
                .clone()
        };
        approve(&office, &of(0)).await.unwrap();
        office
            .mailroom
            .reject_hold(&office.actor, &of(1), None)
            .await
            .unwrap();
        assert_eq!((shown(0).await, shown(1).await), ("success", "failed"));
        assert_eq!(sent(&office, &agent).await[0]["id"], taken[0].id);
        office.clock.forward(100 * HOUR);
        office.mailroom.release_schedules().await.unwrap();
        assert_eq!(sent(&office, &agent).await.len(), 1);
        assert_eq!(told(&office, ChangeKind::MessageSendSuccess).await.len(), 1);
        assert_eq!(told(&office, ChangeKind::MessageSendFailed).await.len(), 1);
    }
}

async fn list(office: &Office, actor: &Actor) -> Vec<HoldView> {
    let page = office
        .mailroom
        .list_holds(actor, HoldFilter::default(), 50, None);
    page.await.unwrap().rows
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_approval_cannot_send_goes_on_waiting() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        let hold_rule = hold_everything(&office).await;
        let (_, first) = held(&office, &agent, "One").await;
        let (_, second) = held(&office, &agent, "Two").await;
        let policy = json!({"name": "One a day", "limits": {"limit_count_daily_email_sent": 1}});
        let policy = office
            .mailroom
            .create_policy(&office.actor, &policy)
            .await
            .unwrap();
        attach_policy(&office, &policy.policy.id).await;
        approve(&office, &first.id).await.unwrap();
        let over = approve(&office, &second.id).await;
        assert!(matches!(over, Err(Refusal::RateLimited { .. })), "{over:?}");
        assert_eq!(status(&office, &second.id).await, "pending");
        office.clock.forward(24 * HOUR);
        let id = office
            .mailroom
            .public_id(posthouse_types::ids::Kind::Grant, agent.grant);
        let suspension = posthouse_mailroom::provision::NewSuspension::default();
        office
            .mailroom
            .suspend_account(&office.actor, &id, suspension)
            .await
            .unwrap();
        let refused = approve(&office, &second.id).await;
        assert!(matches!(refused, Err(Refusal::Suspended)), "{refused:?}");
        office
            .mailroom
            .resume_account(&office.actor, &id)
            .await
            .unwrap();
        // A rule that came later blocks what the older one only held.
        let anybody =
            json!([{"field": "recipient.domain", "operator": "is", "value": "shop.example"}]);
        govern(
            &office,
            &[rule("outbound", anybody, json!([{"type": "block"}]))],
        )
        .await;
        let blocked = approve(&office, &second.id).await;
        assert!(
            matches!(blocked, Err(Refusal::Forbidden { .. })),
            "{blocked:?}"
        );
        assert_eq!(status(&office, &second.id).await, "pending");
        assert_ne!(hold_rule, "");
        govern(&office, &[]).await;
        approve(&office, &second.id).await.unwrap();
        assert_eq!(sent(&office, &agent).await.len(), 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_of_accounts_see_their_holds_and_cannot_decide() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        let other = office.account("other").await;
        hold_everything(&office).await;
        let (_, hold) = held(&office, &agent, "Refund").await;
        let scoped = |scope| Actor {
            scope,
            ..office.actor.clone()
        };
        let own = scoped(Scope::Grant(agent.grant));
        assert_eq!(list(&office, &own).await.len(), 1);
        for decided in [
            office.mailroom.approve_hold(&own, &hold.id, None).await,
            office.mailroom.reject_hold(&own, &hold.id, None).await,
        ] {
            assert!(
                matches!(decided, Err(Refusal::Forbidden { .. })),
                "{decided:?}"
            );
        }
        for stranger in [Scope::Grant(other.grant), Scope::Workspace(other.grant)] {
            let stranger = scoped(stranger);
            assert_eq!(list(&office, &stranger).await.len(), 0);
            let seen = office.mailroom.get_hold(&stranger, &hold.id).await;
            assert!(matches!(seen, Err(Refusal::NotFound)), "{seen:?}");
            let decided = office
                .mailroom
                .approve_hold(&stranger, &hold.id, None)
                .await;
            assert!(matches!(decided, Err(Refusal::NotFound)), "{decided:?}");
        }
        let workspaces = office
            .mailroom
            .list_workspaces(&office.actor)
            .await
            .unwrap();
        let workspace = office.mailroom.open_id(
            posthouse_types::ids::Kind::Workspace,
            &workspaces[0].workspace_id,
        );
        let workspace = scoped(Scope::Workspace(workspace.unwrap()));
        assert_eq!(list(&office, &workspace).await.len(), 1);
        office
            .mailroom
            .approve_hold(&workspace, &hold.id, None)
            .await
            .unwrap();
    }
}
