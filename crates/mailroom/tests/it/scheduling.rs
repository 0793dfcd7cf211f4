//! Messages that are sent later: taken with the ids they will have, sent once, called off, and told of.

use posthouse_mailroom::Refusal;
use posthouse_mailroom::actor::GrantRef;
use posthouse_mailroom::organise::Metadata;
use posthouse_mailroom::read::{Detail, FolderFilter, MessageQuery};
use posthouse_mailroom::send::{
    Outgoing, OutgoingFile, QueueFilter, QueuedMail, ScheduleView, ScheduledMessage,
};
use posthouse_store::changes::{self, Change, ChangeKind};
use posthouse_store::{StoreError, Tx};
use posthouse_types::address::DisplayAddress;
use serde_json::{Value, json};

use crate::governing::{govern, rule};
use crate::support::{Office, every_engine, message};

const HOUR: i64 = 3_600;

fn letter(subject: &str) -> Outgoing {
    Outgoing {
        to: vec![DisplayAddress {
            name: String::new(),
            email: "buyer@shop.example".to_owned(),
        }],
        subject: subject.to_owned(),
        body: "<p>Later</p>".to_owned(),
        ..Outgoing::default()
    }
}

/// Returns an octet that does not compress away.
fn noise(place: u32) -> u8 {
    (place.wrapping_mul(2_654_435_761) >> 11 ^ place.wrapping_mul(40_503)) as u8
}

fn now(office: &Office) -> i64 {
    office.mailroom.clock().unix_seconds()
}

async fn take(office: &Office, grant: &GrantRef, outgoing: Outgoing) -> ScheduledMessage {
    let send_at = now(office) + HOUR;
    office
        .mailroom
        .schedule_message(grant, outgoing, send_at)
        .await
        .unwrap()
}

async fn view(office: &Office, grant: &GrantRef, taken: &ScheduledMessage) -> ScheduleView {
    office
        .mailroom
        .get_schedule(grant, &taken.schedule_id)
        .await
        .unwrap()
}

async fn sent(office: &Office, grant: &GrantRef) -> Vec<Value> {
    let folders = FolderFilter::Named(vec!["sent".to_owned()]);
    let query = MessageQuery {
        folders,
        ..MessageQuery::default()
    };
    office.list(grant, query).await
}

async fn queue(office: &Office) -> Vec<QueuedMail> {
    let page = office
        .mailroom
        .list_queue(&office.actor, QueueFilter::default(), 50, None)
        .await;
    page.unwrap().rows
}

/// Returns what was written down, in the order of the rows: readers of the log wait for other tests' transactions.
async fn written(office: &Office, kind: ChangeKind) -> Vec<Change> {
    let all = office
        .store
        .read(move |tx: &mut dyn Tx| -> Result<_, StoreError> {
            tx.query(
                "SELECT tx, seq, application_id, grant_id, kind, object_id, at_us, data FROM changes WHERE kind = $1 ORDER BY seq",
                &[posthouse_store::Param::Int(kind as i64)],
                |row| {
                    Ok(Change {
                        position: changes::Cursor { tx: row.int(0)?, seq: row.int(1)? },
                        application: row.key(2)?,
                        grant: row.opt_key(3)?,
                        kind,
                        object: row.key(5)?,
                        at_us: row.int(6)?,
                        data: row.opt_string(7)?,
                    })
                },
            )
        })
        .await;
    all.unwrap()
}

async fn blobs(office: &Office) -> i64 {
    let count = |tx: &mut dyn Tx| -> Result<i64, StoreError> {
        tx.query_one("SELECT COUNT(*) FROM blobs", &[], |row| row.int(0))
    };
    office.store.read(count).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_sent_when_its_time_has_come_under_the_ids_it_was_promised() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        let outgoing = Outgoing {
            metadata: Metadata::new([("key1".to_owned(), "v".to_owned())].into()).unwrap(),
            starred: true,
            files: vec![OutgoingFile {
                filename: "a.bin".to_owned(),
                content_type: "application/octet-stream".to_owned(),
                content: (0..300_000_u32).map(noise).collect(),
                ..OutgoingFile::default()
            }],
            ..letter("Quote")
        };
        let taken = take(&office, &agent, outgoing).await;
        let promised: Value = serde_json::from_slice(&taken.object).unwrap();
        assert_eq!(promised["folders"], json!([]));
        assert_eq!(promised["body"], "<p>Later</p>");
        let unknown = office
            .mailroom
            .get_message(&agent, &taken.id, Detail::Standard)
            .await;
        assert!(matches!(unknown, Err(Refusal::NotFound)), "{unknown:?}");
        assert_eq!(view(&office, &agent, &taken).await.code, "pending");

        let due = Some(taken.send_at * 1_000_000);
        assert_eq!(office.mailroom.release_schedules().await.unwrap(), due);
        assert_eq!(sent(&office, &agent).await, Vec::<Value>::new());

        office.clock.forward(HOUR);
        assert_eq!(office.mailroom.release_schedules().await.unwrap(), None);
        let copies = sent(&office, &agent).await;
        let [copy] = copies.as_slice() else {
            panic!("{copies:?}")
        };
        for member in [
            "id",
            "thread_id",
            "subject",
            "from",
            "to",
            "snippet",
            "body",
            "attachments",
            "rfc822_message_id",
            "size",
            "metadata",
            "starred",
            "unread",
            "date",
        ] {
            assert_eq!(copy[member], promised[member], "{member}");
        }
        assert_eq!(queue(&office).await.len(), 1);
        let closed = view(&office, &agent, &taken).await;
        assert_eq!(
            (closed.code, closed.close_time, closed.message_id),
            ("success", Some(taken.send_at), taken.id)
        );
        assert_eq!(
            written(&office, ChangeKind::MessageSendSuccess).await.len(),
            1
        );
        assert_eq!(blobs(&office).await, 1, "what it was made of is gone");
        assert_eq!(office.external_blobs(), 1);
        assert_eq!(office.mailroom.release_schedules().await.unwrap(), None);
        assert_eq!(sent(&office, &agent).await.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_that_waits_joins_its_thread_when_it_is_sent() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        let question = message(&["Message-ID: <q@shop.example>", "Subject: Size"], "?");
        let arrived = office.deliver(&["agent@agents.localhost"], &question).await;
        let asked = arrived.unwrap().id;
        let outgoing = Outgoing {
            reply_to_message_id: Some(asked.clone()),
            ..letter("Re: Size")
        };
        let taken = take(&office, &agent, outgoing).await;
        let target = office
            .mailroom
            .get_message(&agent, &asked, Detail::Standard);
        let target: Value = serde_json::from_slice(&target.await.unwrap()).unwrap();
        assert_eq!(target["answered"], false, "not yet");
        office.clock.forward(HOUR);
        office.mailroom.release_schedules().await.unwrap();
        let copy = sent(&office, &agent).await.remove(0);
        assert_eq!(copy["id"], taken.id);
        assert_eq!(copy["thread_id"], target["thread_id"]);
        assert_eq!(copy["reply_to_message_id"], asked);
        let target = office
            .mailroom
            .get_message(&agent, &asked, Detail::Standard);
        let target: Value = serde_json::from_slice(&target.await.unwrap()).unwrap();
        assert_eq!(target["answered"], true);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_could_not_be_sent_is_refused_when_it_is_taken() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        let nobody = Outgoing {
            to: Vec::new(),
            ..letter("x")
        };
        let foreign = Outgoing {
            from: Some(DisplayAddress {
                name: String::new(),
                email: "else@agents.localhost".to_owned(),
            }),
            ..letter("x")
        };
        let unknown = Outgoing {
            reply_to_message_id: Some("0190f3b1-7a10-7c00-9d11-52f0a1b2c3d4".to_owned()),
            ..letter("x")
        };
        let large = Outgoing {
            body: "x".repeat(26 << 20),
            ..letter("x")
        };
        for outgoing in [nobody, foreign, unknown, large] {
            let at = now(&office) + HOUR;
            let refused = office.mailroom.schedule_message(&agent, outgoing, at).await;
            assert!(
                matches!(
                    refused,
                    Err(Refusal::Invalid { .. } | Refusal::TooLarge { .. })
                ),
                "{refused:?}"
            );
        }
        for ahead in [i64::MIN, -1, 0, 59, 30 * 86_400 + 1, i64::MAX] {
            let at = now(&office).saturating_add(ahead);
            let refused = office
                .mailroom
                .schedule_message(&agent, letter("x"), at)
                .await;
            let Err(Refusal::Invalid { field, .. }) = refused else {
                panic!("{ahead}: {refused:?}");
            };
            assert_eq!(field.as_deref(), Some("send_at"));
        }
        for ahead in [60, 30 * 86_400] {
            let at = now(&office) + ahead;
            let taken = office
                .mailroom
                .schedule_message(&agent, letter("x"), at)
                .await;
            assert_eq!(taken.unwrap().send_at, at);
        }
        assert_eq!(
            office.mailroom.list_schedules(&agent).await.unwrap().len(),
            2
        );
        assert_eq!(blobs(&office).await, 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_can_be_called_off_until_ten_seconds_before_its_time() {
    for office in every_engine().await {
        let (agent, other) = (office.account("agent").await, office.account("other").await);
        let taken = take(&office, &agent, letter("Off")).await;
        let cancel =
            async |grant: &GrantRef, id: &str| office.mailroom.cancel_schedule(grant, id).await;
        let foreign = cancel(&other, &taken.schedule_id).await;
        assert!(matches!(foreign, Err(Refusal::NotFound)), "{foreign:?}");
        office.clock.forward(HOUR - 10);
        cancel(&agent, &taken.schedule_id).await.unwrap();
        assert_eq!(view(&office, &agent, &taken).await.code, "cancelled");
        assert_eq!(blobs(&office).await, 0, "what it was made of is gone");
        let again = cancel(&agent, &taken.schedule_id).await;
        assert!(matches!(again, Err(Refusal::Invalid { .. })), "{again:?}");
        office.clock.forward(HOUR);
        assert_eq!(office.mailroom.release_schedules().await.unwrap(), None);
        assert_eq!(sent(&office, &agent).await, Vec::<Value>::new());

        let near = take(&office, &agent, letter("On")).await;
        office.clock.forward(HOUR - 9);
        let late = cancel(&agent, &near.schedule_id).await;
        assert!(matches!(late, Err(Refusal::Invalid { .. })), "{late:?}");
        assert_eq!(view(&office, &agent, &near).await.code, "pending");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_that_a_rule_blocks_when_it_is_due_fails_and_says_why() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        let taken = take(&office, &agent, letter("Never")).await;
        let buyer =
            json!([{"field": "recipient.domain", "operator": "is", "value": "shop.example"}]);
        let block = rule("outbound", buyer, json!([{"type": "block"}]));
        let rules = govern(&office, &[block]).await;
        office.clock.forward(HOUR);
        office.mailroom.release_schedules().await.unwrap();
        let closed = view(&office, &agent, &taken).await;
        assert_eq!(closed.code, "failed");
        let message = format!("Blocked by rule \"House rule\" ({})", rules[0]);
        assert!(closed.description.contains(&message), "{closed:?}");
        let noted = written(&office, ChangeKind::MessageSendFailed).await;
        let error: Value = serde_json::from_str(noted[0].data.as_deref().unwrap()).unwrap();
        assert_eq!(
            error,
            json!({"type": "forbidden", "message": message, "status_code": 403})
        );
        assert_eq!(queue(&office).await, Vec::new());
        assert_eq!(blobs(&office).await, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn schedules_go_with_their_account() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        take(&office, &agent, letter("Gone")).await;
        let id = office
            .mailroom
            .public_id(posthouse_types::ids::Kind::Grant, agent.grant);
        office
            .mailroom
            .delete_account(&office.actor, &id)
            .await
            .unwrap();
        office.clock.forward(HOUR);
        office.mailroom.release_schedules().await.unwrap();
        assert_eq!(queue(&office).await, Vec::new());
        while office.mailroom.sweep_deleted(100).await.unwrap() {}
        assert_eq!(blobs(&office).await, 0);
        assert_eq!(
            office.mailroom.list_schedules(&agent).await.unwrap(),
            Vec::new()
        );
        assert_eq!(
            written(&office, ChangeKind::MessageSendFailed).await,
            Vec::new()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn store_09_a_holder_that_slept_past_its_claim_sends_nothing_a_second_time() {
    use posthouse_store::tables::schedules;
    for office in every_engine().await {
        let agent = office.account("agent").await;
        take(&office, &agent, letter("Once")).await;
        office.clock.forward(HOUR);
        let now_us = office.mailroom.clock().unix_us();
        // Somebody claims it and sleeps.
        let claimed = office
            .store
            .write(move |tx| schedules::claim(tx, now_us, now_us + 60_000_000, 10))
            .await
            .unwrap();
        assert_eq!(claimed.len(), 1);
        let held = office.mailroom.release_schedules().await.unwrap();
        assert_eq!(
            held,
            Some(now_us + 60_000_000),
            "nobody else takes it meanwhile"
        );
        assert_eq!(sent(&office, &agent).await, Vec::<Value>::new());
        office.clock.forward(61);
        let several = (0..4).map(|_| office.mailroom.release_schedules());
        for outcome in futures::future::join_all(several).await {
            outcome.unwrap();
        }
        assert_eq!(sent(&office, &agent).await.len(), 1);
        assert_eq!(queue(&office).await.len(), 1);
        // Now the sleeper goes on.
        let (id, token) = (claimed[0].id, claimed[0].token);
        let state = schedules::ScheduleState::Failed;
        let closed = office
            .store
            .write(move |tx| schedules::close(tx, id, token, state, None, 1))
            .await
            .unwrap();
        assert!(!closed);
        assert_eq!(
            written(&office, ChangeKind::MessageSendSuccess).await.len(),
            1
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn records_of_closed_schedules_are_kept_for_three_days() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        take(&office, &agent, letter("Kept")).await;
        office.clock.forward(HOUR);
        office.mailroom.release_schedules().await.unwrap();
        office.clock.forward(72 * HOUR);
        office.mailroom.expire_schedules().await.unwrap();
        assert_eq!(
            office.mailroom.list_schedules(&agent).await.unwrap().len(),
            1
        );
        office.clock.forward(1);
        office.mailroom.expire_schedules().await.unwrap();
        assert_eq!(
            office.mailroom.list_schedules(&agent).await.unwrap(),
            Vec::new()
        );
        assert_eq!(sent(&office, &agent).await.len(), 1, "the copy stays");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_has_so_many_schedules_open_and_no_more() {
    let office = every_engine().await.remove(0);
    let agent = office.account("agent").await;
    for _ in 0..1_000 {
        take(&office, &agent, letter("One of many")).await;
    }
    let at = now(&office) + HOUR;
    let refused = office
        .mailroom
        .schedule_message(&agent, letter("x"), at)
        .await;
    assert!(
        matches!(refused, Err(Refusal::Invalid { .. })),
        "{refused:?}"
    );
    let first = office
        .mailroom
        .list_schedules(&agent)
        .await
        .unwrap()
        .remove(0);
    let cancelled = office.mailroom.cancel_schedule(&agent, &first.schedule_id);
    cancelled.await.unwrap();
    take(&office, &agent, letter("In its place")).await;
}
