//! What counts for the day, whatever became of the mail, of its copies and of the limits meanwhile.

use posthouse_mailroom::Refusal;
use posthouse_mailroom::actor::GrantRef;
use posthouse_mailroom::outbound::Outcome;
use posthouse_mailroom::policies::{Cap, Plan};
use posthouse_mailroom::receive::ReceiveRefusal;
use posthouse_mailroom::send::Outgoing;
use posthouse_types::address::DisplayAddress;
use serde_json::json;

use crate::outbound::{claim, queue, record};
use crate::policies::{attach, govern, make_policy};
use crate::quotas::{letter, retry_after, send};
use crate::support::{Office, every_engine, message};

const TO: [&str; 1] = ["agent@agents.localhost"];

async fn used_today(office: &Office, grant: &GrantRef) -> (u64, u64) {
    let in_force = office.mailroom.policy_in_force(grant).await.unwrap();
    let used = |name: &str| in_force["used"][name].as_u64().unwrap();
    (used("sent_today"), used("received_today"))
}

async fn send_to(office: &Office, grant: &GrantRef, emails: &[&str]) -> Result<String, Refusal> {
    let to = |email: &&str| DisplayAddress {
        name: String::new(),
        email: (*email).to_owned(),
    };
    let outgoing = Outgoing {
        to: emails.iter().map(to).collect(),
        ..letter(0)
    };
    let sent = office.mailroom.send_message(grant, outgoing, None).await;
    sent.map(|sent| sent.id)
}

fn failed() -> Outcome {
    Outcome::Failed {
        reply: "550 5.1.1 unknown".to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_reaches_nobody_is_given_back_to_its_day_and_what_reaches_somebody_is_not() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        govern(&office, json!({"limit_count_daily_email_sent": 2})).await;
        let both = ["a@shop.example", "b@shop.example"];
        send_to(&office, &agent, &both).await.unwrap();
        send_to(&office, &agent, &both).await.unwrap();
        retry_after(send(&office, &agent, 0).await);
        let claimed = claim(&office).await;
        record(&office, &claimed[0], &[Outcome::Delivered, failed()]).await;
        assert_eq!(used_today(&office, &agent).await.0, 2);
        retry_after(send(&office, &agent, 0).await);
        let later = Outcome::Deferred {
            reply: "421 4.3.2 closing".to_owned(),
        };
        record(&office, &claimed[1], &[failed(), later]).await;
        assert_eq!(used_today(&office, &agent).await.0, 2, "one may get it yet");
        let left = queue(&office).await.remove(0).id;
        let mailroom = &office.mailroom;
        mailroom.drop_queued(&office.actor, &left).await.unwrap();
        assert_eq!(used_today(&office, &agent).await.0, 1);
        send_to(&office, &agent, &["nobody@agents.localhost"])
            .await
            .unwrap();
        retry_after(send(&office, &agent, 0).await);
        while office.mailroom.deliver_local_mail().await.unwrap() {}
        assert_eq!(
            used_today(&office, &agent).await.0,
            1,
            "no such mailbox here"
        );
        // What failed of yesterday is given back to yesterday.
        send(&office, &agent, 0).await.unwrap();
        let claimed = claim(&office).await;
        office.clock.forward(86_400);
        send(&office, &agent, 0).await.unwrap();
        record(&office, &claimed[0], &[failed()]).await;
        assert_eq!(used_today(&office, &agent).await.0, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_sent_counts_though_its_copies_are_gone_and_no_limit_counted_it_then() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        for _ in 0..2 {
            let sent = send_to(&office, &agent, &["a@shop.example"]).await.unwrap();
            // To Trash, and from there for good.
            office.mailroom.delete_message(&agent, &sent).await.unwrap();
            office.mailroom.delete_message(&agent, &sent).await.unwrap();
        }
        let limited = govern(&office, json!({"limit_count_daily_email_sent": 3})).await;
        send(&office, &agent, 0).await.unwrap();
        retry_after(send(&office, &agent, 0).await);
        attach(&office, None).await;
        for _ in 0..2 {
            send(&office, &agent, 0).await.unwrap();
        }
        attach(&office, Some(&limited)).await;
        assert_eq!(used_today(&office, &agent).await.0, 5);
        retry_after(send(&office, &agent, 0).await);
        govern(&office, json!({"limit_count_daily_email_sent": 6})).await;
        send(&office, &agent, 0).await.unwrap();
        govern(&office, json!({"limit_count_daily_email_sent": 1})).await;
        retry_after(send(&office, &agent, 0).await);
    }
}

async fn receive(office: &Office, subject: &str) -> Result<(), ReceiveRefusal> {
    let letter = message(&[&format!("Subject: {subject}")], "x");
    office.deliver(&TO, &letter).await.map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_received_while_nothing_limited_it_counts_once_something_does() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        let limits = json!({"limit_count_daily_message_received": 4});
        receive(&office, "before").await.unwrap();
        let limited = govern(&office, limits).await;
        receive(&office, "counted").await.unwrap();
        attach(&office, None).await;
        receive(&office, "without a limit").await.unwrap();
        assert_eq!(used_today(&office, &agent).await.1, 3);
        // What the account sends, and what it drafts, it did not receive.
        send(&office, &agent, 0).await.unwrap();
        let draft = crate::drafts::letter("a@shop.example", "No message");
        crate::drafts::create(&office, &agent, draft).await;
        attach(&office, Some(&limited)).await;
        receive(&office, "the fourth").await.unwrap();
        let refused = receive(&office, "the fifth").await;
        assert_eq!(refused, Err(ReceiveRefusal::OverDailyLimit));
        let other = make_policy(
            &office,
            json!({"name": "Other", "limits": {"limit_count_daily_message_received": 5}}),
        )
        .await;
        attach(&office, Some(&other)).await;
        receive(&office, "the fifth").await.unwrap();
        let refused = receive(&office, "the sixth").await;
        assert_eq!(refused, Err(ReceiveRefusal::OverDailyLimit));
        assert_eq!(used_today(&office, &agent).await.1, 5);
        // Who is over a limit is not counted to the end, and still counted whole when the limit grows.
        let turns = [(1, false), (6, true), (3, false), (6, false), (7, true)];
        for (turn, (limit, lets_in)) in turns.into_iter().enumerate() {
            govern(
                &office,
                json!({"limit_count_daily_message_received": limit}),
            )
            .await;
            let received = receive(&office, &format!("turn {turn}")).await;
            assert_eq!(received.is_ok(), lets_in, "{limit}");
        }
        assert_eq!(used_today(&office, &agent).await.1, 7);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_caps_what_is_sent_by_size_and_recipients_and_how_long_trash_is_kept() {
    for office in every_engine().await {
        let mut plan = Plan::unlimited();
        plan.set(Cap::OutboundBytes, Some(4_000));
        plan.set(Cap::Recipients, Some(2));
        plan.set(Cap::TrashDays, Some(3));
        office.mailroom.choose_plan(plan);
        let agent = office.account("agent").await;
        let three = ["a@shop.example", "b@shop.example", "c@shop.example"];
        let refused = send_to(&office, &agent, &three).await;
        assert!(
            matches!(refused, Err(Refusal::Invalid { .. })),
            "{refused:?}"
        );
        let large = || Outgoing {
            body: "x".repeat(4_000),
            ..letter(0)
        };
        let refused = office.mailroom.send_message(&agent, large(), None).await;
        assert!(matches!(refused.map(drop), Err(Refusal::TooLarge { .. })));
        let later = office.clock_us() / 1_000_000 + 600;
        let refused = office.mailroom.schedule_message(&agent, large(), later);
        assert!(matches!(
            refused.await.map(drop),
            Err(Refusal::TooLarge { .. })
        ));
        let sent = send_to(&office, &agent, &three[..2]).await.unwrap();
        office.mailroom.delete_message(&agent, &sent).await.unwrap();
        office.clock.forward(4 * 86_400);
        while office.mailroom.expire_records().await.unwrap() {}
        let gone = office.mailroom.delete_message(&agent, &sent).await;
        assert!(matches!(gone, Err(Refusal::NotFound)), "{gone:?}");
    }
}
