//! Requests that wait for the next message.

use std::collections::HashSet;
use std::time::Duration;

use posthouse_mailroom::Refusal;
use posthouse_mailroom::actor::GrantRef;
use posthouse_mailroom::read::{Detail, FolderFilter, MessageQuery};
use posthouse_mailroom::wait::{MessageWait, WAITS_PER_GRANT_MAX, WaitSince, Waited};
use serde_json::Value;

use crate::support::{Office, every_engine};

/// Longer than any test takes.
const LONG: Duration = Duration::from_secs(60);

fn wait(since: WaitSince, timeout: Duration) -> MessageWait {
    MessageWait {
        query: MessageQuery {
            folders: FolderFilter::Incoming,
            ..MessageQuery::default()
        },
        has_otp: None,
        has_link: None,
        since,
        detail: Detail::Standard,
        timeout,
    }
}

fn since_id(id: &str) -> WaitSince {
    WaitSince::Message(id.to_owned())
}

async fn deliver(office: &Office, subject: &str) -> String {
    let raw = format!("From: Ann <ann@a.example>\r\nSubject: {subject}\r\n\r\nhello {subject}\r\n");
    let to = ["triage@agents.localhost"];
    office.deliver_confirmed(&to, &raw).await.id
}

fn subject(waited: &Waited) -> String {
    let json = waited.message.as_deref().expect("a match");
    let message: Value = serde_json::from_slice(json).unwrap();
    message["subject"].as_str().unwrap().to_owned()
}

async fn waited(office: &Office, grant: &GrantRef, wait: MessageWait) -> Waited {
    let done = office.mailroom.wait_for_message(grant, wait).await;
    done.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_arrives_while_waiting_ends_the_wait() {
    for office in every_engine().await {
        let grant = office.account("triage").await;
        deliver(&office, "earlier").await;
        office.clock.forward(1);
        let waiting = {
            let (mailroom, grant) = (office.mailroom.clone(), grant.clone());
            let wait = wait(WaitSince::Request, LONG);
            tokio::spawn(async move { mailroom.wait_for_message(&grant, wait).await })
        };
        office.clock.forward(1);
        // Whether the wait has begun by now or not: what is delivered later than the request counts.
        let id = deliver(&office, "awaited").await;
        let answer = tokio::time::timeout(LONG, waiting);
        let answer = answer.await.unwrap().unwrap().unwrap();
        assert_eq!(
            (subject(&answer), &answer.next_since),
            ("awaited".to_owned(), &id)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn since_takes_in_its_second_and_leaves_out_its_message() {
    for office in every_engine().await {
        let grant = office.account("triage").await;
        let before = office.mailroom.clock().unix_seconds();
        let first = deliver(&office, "first").await;
        office.clock.forward(10);
        let second = deliver(&office, "second").await;
        let found = async |since| waited(&office, &grant, wait(since, LONG)).await;
        assert_eq!(subject(&found(WaitSince::Time(before)).await), "first");
        assert_eq!(subject(&found(WaitSince::Time(0)).await), "first");
        assert_eq!(subject(&found(WaitSince::Time(before + 1)).await), "second");
        let next = found(since_id(&first)).await;
        assert_eq!(
            (subject(&next), &next.next_since),
            ("second".to_owned(), &second)
        );

        let in_vain = async |since| {
            let short = wait(since, Duration::from_millis(20));
            waited(&office, &grant, short).await
        };
        let behind_all = in_vain(since_id(&second)).await;
        assert_eq!(
            (behind_all.message, behind_all.next_since),
            (None, second.clone())
        );
        let later = in_vain(WaitSince::Time(before + 11)).await;
        assert_eq!(
            (later.message, later.next_since),
            (None, (before + 11).to_string())
        );
        // Waiting on from where a wait without a beginning ended shows neither old mail nor misses new.
        office.clock.forward(1);
        let now = in_vain(WaitSince::Request).await;
        assert_eq!((now.message, &now.next_since), (None, &second));
        let third = deliver(&office, "third").await;
        let on = found(since_id(&now.next_since)).await;
        assert_eq!((subject(&on), on.next_since), ("third".to_owned(), third));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_matches_ends_a_wait() {
    for office in every_engine().await {
        let grant = office.account("triage").await;
        deliver(&office, "Order 41").await;
        let matching = |query: MessageQuery| MessageWait {
            query,
            ..wait(WaitSince::Time(0), Duration::from_millis(20))
        };
        let incoming = MessageQuery {
            folders: FolderFilter::Incoming,
            ..MessageQuery::default()
        };
        let by = |change: fn(&mut MessageQuery)| {
            let mut query = incoming.clone();
            change(&mut query);
            matching(query)
        };
        for found in [
            by(|query| query.subject = Some("order".to_owned())),
            by(|query| query.from = vec!["ANN@a.example".to_owned()]),
            by(|query| {
                query.any_email = vec!["x@y.example".to_owned(), "ann@a.example".to_owned()]
            }),
            by(|query| query.has_attachment = Some(false)),
            by(|query| query.folders = FolderFilter::Named(vec!["inbox".to_owned()])),
        ] {
            let answer = waited(&office, &grant, found).await;
            assert_eq!(subject(&answer), "Order 41");
        }
        for missed in [
            by(|query| query.subject = Some("order 42".to_owned())),
            by(|query| query.from = vec!["bob@b.example".to_owned()]),
            by(|query| query.has_attachment = Some(true)),
            by(|query| query.folders = FolderFilter::Named(vec!["junk".to_owned()])),
            by(|query| query.thread_id = Some("nobody's".to_owned())),
        ] {
            assert_eq!(waited(&office, &grant, missed).await.message, None);
        }
        let nonsense = wait(since_id("nonsense"), LONG);
        let refused = office.mailroom.wait_for_message(&grant, nonsense).await;
        assert!(
            matches!(refused, Err(Refusal::Invalid { field: Some(field), .. }) if field == "since")
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reading_on_meets_every_message_of_many_at_once_exactly_once() {
    const SENDERS: usize = 8;
    const EACH: usize = 5;
    for office in every_engine().await {
        let grant = office.account("triage").await;
        let office = &office;
        let sending = async {
            let senders = (0..SENDERS).map(|sender| async move {
                for number in 0..EACH {
                    deliver(office, &format!("{sender}-{number}")).await;
                }
            });
            futures::future::join_all(senders).await;
        };
        let reading = async {
            let (mut seen, mut since) = (HashSet::new(), WaitSince::Time(0));
            while seen.len() < SENDERS * EACH {
                let answer = waited(office, &grant, wait(since, LONG)).await;
                let subject = subject(&answer);
                assert!(seen.insert(subject.clone()), "{subject} came twice");
                since = since_id(&answer.next_since);
            }
        };
        let both = async { tokio::join!(sending, reading) };
        tokio::time::timeout(LONG, both)
            .await
            .expect("no message is left out");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_has_so_many_places_and_whoever_leaves_frees_one() {
    for office in every_engine().await {
        let grant = office.account("triage").await;
        let other = office.account("other").await;
        let spawned = || {
            let (mailroom, grant) = (office.mailroom.clone(), grant.clone());
            // The probe below takes a place too, for a moment.
            tokio::spawn(async move {
                loop {
                    let wait = wait(WaitSince::Time(0), LONG);
                    match mailroom.wait_for_message(&grant, wait).await {
                        Err(Refusal::RateLimited { .. }) => tokio::task::yield_now().await,
                        ended => return ended,
                    }
                }
            })
        };
        let mut waits: Vec<_> = (0..WAITS_PER_GRANT_MAX).map(|_| spawned()).collect();
        let short = || wait(WaitSince::Time(0), Duration::from_millis(20));
        let is_full = async |full: bool| {
            let deadline = std::time::Instant::now() + LONG;
            loop {
                let answer = office.mailroom.wait_for_message(&grant, short()).await;
                match answer {
                    Err(Refusal::RateLimited { .. }) if full => return,
                    Ok(_) if !full => return,
                    Ok(_) | Err(Refusal::RateLimited { .. }) => {}
                    other => panic!("{other:?}"),
                }
                assert!(std::time::Instant::now() < deadline, "full: {full}");
            }
        };
        is_full(true).await;
        assert_eq!(waited(&office, &other, short()).await.message, None);
        waits.pop().expect("there are many").abort();
        is_full(false).await;

        // A stop ends them all, as if their time were over.
        office.mailroom.end_waits();
        let ended = tokio::time::timeout(LONG, futures::future::join_all(waits)).await;
        for answer in ended.expect("nobody waits on") {
            let answer = answer.unwrap().unwrap();
            assert_eq!((answer.message, answer.next_since), (None, "0".to_owned()));
        }
    }
}

const CODE: &str = "Your verification code is 482913.";
const LINK: &str = "See https://app.example/verify?t=abc to go on.";

#[tokio::test(flavor = "multi_thread")]
async fn waits_for_codes_and_links_pass_over_what_has_none() {
    for office in every_engine().await {
        let grant = office.account("triage").await;
        for (subject, body) in [
            ("Neither", "Hello there, see you on Tuesday."),
            ("Code", CODE),
            ("Link", LINK),
            ("Both", &format!("{CODE}\r\n{LINK}")),
        ] {
            let raw = format!(
                "From: Ann <ann@a.example>\r\nSubject: {subject}\r\nMessage-ID: <{subject}@a.example>\r\n\r\n{body}\r\n"
            );
            let to = ["triage@agents.localhost"];
            office.deliver_confirmed(&to, &raw).await;
            office.clock.forward(1);
        }
        let found = async |has_otp, has_link| {
            let mut subjects = Vec::new();
            let mut since = WaitSince::Time(0);
            loop {
                let one = MessageWait {
                    has_otp,
                    has_link,
                    ..wait(since, Duration::from_millis(500))
                };
                let waited = waited(&office, &grant, one).await;
                if waited.message.is_none() {
                    return subjects;
                }
                subjects.push(subject(&waited));
                since = WaitSince::Message(waited.next_since);
            }
        };
        assert_eq!(found(Some(true), None).await, ["Code", "Both"]);
        assert_eq!(found(None, Some(true)).await, ["Link", "Both"]);
        assert_eq!(found(Some(false), None).await, ["Neither", "Link"]);
        assert_eq!(found(None, Some(false)).await, ["Neither", "Code"]);
        assert_eq!(found(Some(true), Some(true)).await, ["Both"]);
        assert_eq!(found(Some(true), Some(false)).await, ["Code"]);
        assert_eq!(found(Some(false), Some(false)).await, ["Neither"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_arrives_while_waiting_ends_the_wait_and_other_mail_does_not() {
    for office in every_engine().await {
        let grant = office.account("triage").await;
        let waiting = {
            let (mailroom, grant) = (office.mailroom.clone(), grant.clone());
            let one = MessageWait {
                has_otp: Some(true),
                ..wait(WaitSince::Request, LONG)
            };
            tokio::spawn(async move { mailroom.wait_for_message(&grant, one).await })
        };
        office.clock.forward(1);
        for number in 0..5 {
            deliver(&office, &format!("Newsletter {number}")).await;
        }
        let raw = format!("From: Ann <ann@a.example>\r\nSubject: Sign in\r\n\r\n{CODE}\r\n");
        let to = ["triage@agents.localhost"];
        office.deliver_confirmed(&to, &raw).await;
        let answer = tokio::time::timeout(LONG, waiting);
        let answer = answer.await.unwrap().unwrap().unwrap();
        assert_eq!(subject(&answer), "Sign in");
    }
}
