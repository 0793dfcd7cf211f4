//! The budget of replies: loops between accounts are stopped, each with one event, and mailboxes go on receiving.

use posthouse_mailroom::Refusal;
use posthouse_mailroom::actor::GrantRef;
use posthouse_mailroom::read::MessageQuery;
use posthouse_mailroom::send::{Outgoing, SentMessage};
use posthouse_store::changes::ChangeKind;
use posthouse_store::{Param, StoreError, Tx};
use posthouse_types::address::DisplayAddress;
use serde_json::Value;

use crate::support::{Office, every_engine};

const MINUTE: i64 = 60;

async fn receive(office: &Office, author: &str, number: usize) -> String {
    let raw = format!(
        "From: {author}\r\nTo: agent@agents.localhost\r\nSubject: Hello {number}\r\nMessage-ID: <{number}.{author}>\r\n\r\nhello\r\n"
    );
    office
        .deliver_confirmed(&["agent@agents.localhost"], &raw)
        .await
        .id
}

fn letter(to: &str, answers: Option<&str>) -> Outgoing {
    Outgoing {
        to: vec![DisplayAddress {
            name: String::new(),
            email: to.to_owned(),
        }],
        subject: "Hello".to_owned(),
        body: "Yes".to_owned(),
        reply_to_message_id: answers.map(str::to_owned),
        ..Outgoing::default()
    }
}

async fn reply(
    office: &Office,
    grant: &GrantRef,
    to: &str,
    answers: &str,
) -> Result<SentMessage, Refusal> {
    let outgoing = letter(to, Some(answers));
    office.mailroom.send_message(grant, outgoing, None).await
}

async fn paused(office: &Office) -> Vec<Value> {
    let read = move |tx: &mut dyn Tx| -> Result<_, StoreError> {
        tx.query(
            "SELECT data FROM changes WHERE kind = $1 ORDER BY seq",
            &[Param::Int(ChangeKind::ThreadPaused as i64)],
            |row| row.string(0),
        )
    };
    let all = office.store.read(read).await.unwrap();
    all.iter()
        .map(|one| serde_json::from_str(one).unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn agent_03_thirty_replies_in_a_thread_are_the_most_within_ten_minutes() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        let first = receive(&office, "bot@shop.example", 1).await;
        let mut running = tokio::task::JoinSet::new();
        for _ in 0..40 {
            let (mailroom, grant, first) = (office.mailroom.clone(), agent.clone(), first.clone());
            running.spawn(async move {
                let outgoing = letter("bot@shop.example", Some(&first));
                mailroom.send_message(&grant, outgoing, None).await
            });
        }
        let outcomes = running.join_all().await;
        let gone = outcomes.iter().filter(|one| one.is_ok()).count();
        assert_eq!(gone, 30);
        for refused in outcomes.iter().filter_map(|one| one.as_ref().err()) {
            let Refusal::RateLimited {
                retry_after_seconds,
                message,
            } = refused
            else {
                panic!("{refused:?}")
            };
            assert!(
                (1..=601).contains(retry_after_seconds),
                "{retry_after_seconds}"
            );
            assert!(message.contains("30 replies in this thread"), "{message}");
        }
        let events = paused(&office).await;
        assert_eq!(events.len(), 1, "{events:?}");
        let thread = events[0]["thread_id"].as_str().unwrap();
        assert!(office.mailroom.get_thread(&agent, thread).await.is_ok());
        assert_eq!(events[0]["peer"], "bot@shop.example");
        // The mailbox still receives, and what begins a conversation still goes.
        receive(&office, "bot@shop.example", 2).await;
        let outgoing = letter("bot@shop.example", None);
        office
            .mailroom
            .send_message(&agent, outgoing, None)
            .await
            .unwrap();

        office.clock.forward(10 * MINUTE + 1);
        reply(&office, &agent, "bot@shop.example", &first)
            .await
            .unwrap();
        assert_eq!(paused(&office).await.len(), 1);
        while office.mailroom.expire_records().await.unwrap() {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn agent_03_a_hundred_replies_to_an_address_are_the_most_within_an_hour() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        office.mailroom.limit_replies(30, 6);
        for number in 0..7 {
            let message = receive(&office, "bot@shop.example", number).await;
            let sent = reply(&office, &agent, "Bot@Shop.example", &message).await;
            assert_eq!(sent.is_ok(), number < 6, "{number}: {sent:?}");
        }
        let message = receive(&office, "person@shop.example", 1).await;
        reply(&office, &agent, "person@shop.example", &message)
            .await
            .unwrap();
        let again = receive(&office, "bot@shop.example", 8).await;
        assert!(
            reply(&office, &agent, "bot@shop.example", &again)
                .await
                .is_err()
        );
        let events = paused(&office).await;
        assert_eq!(events.len(), 1, "{events:?}");
        let reason = events[0]["reason"].as_str().unwrap().to_lowercase();
        assert!(reason.contains("bot@shop.example"), "{reason}");
        office.clock.forward(61 * MINUTE);
        reply(&office, &agent, "bot@shop.example", &again)
            .await
            .unwrap();
        while office.mailroom.expire_records().await.unwrap() {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn agent_03_two_accounts_that_answer_each_other_for_ever_are_stopped() {
    for office in every_engine().await {
        let (one, other) = (office.account("one").await, office.account("other").await);
        let (address, other_address) = ("one@agents.localhost", "other@agents.localhost");
        let outgoing = letter(other_address, None);
        office
            .mailroom
            .send_message(&one, outgoing, None)
            .await
            .unwrap();
        let mut rounds = 0;
        loop {
            while office.mailroom.deliver_local_mail().await.unwrap() {}
            let mut answered = 0;
            for (grant, peer) in [(&one, other_address), (&other, address)] {
                for message in office.list(grant, MessageQuery::default()).await {
                    let from_peer = message["from"][0]["email"] == peer;
                    let is_new = message["unread"] == true;
                    if !from_peer || !is_new {
                        continue;
                    }
                    let id = message["id"].as_str().unwrap();
                    read(&office, grant, id).await;
                    answered += usize::from(reply(&office, grant, peer, id).await.is_ok());
                }
            }
            if answered == 0 {
                break;
            }
            rounds += 1;
            assert!(rounds < 100, "they never stop");
        }
        let stopped = paused(&office).await;
        assert_eq!(
            stopped.len(),
            1,
            "the first who is stopped has nothing to be answered: {stopped:?}"
        );
        let raw = "From: a@b.example\r\nSubject: Hi\r\nMessage-ID: <x@b.example>\r\n\r\nhello\r\n";
        office
            .deliver(&[address, other_address], raw)
            .await
            .unwrap();
    }
}

async fn read(office: &Office, grant: &GrantRef, id: &str) {
    let update = posthouse_mailroom::organise::MessageUpdate {
        unread: Some(false),
        ..Default::default()
    };
    office
        .mailroom
        .update_message(grant, id, update)
        .await
        .unwrap();
}
