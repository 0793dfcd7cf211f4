//! Where a domain's mail leaves from, and how much of it a day.

use std::net::IpAddr;

use posthouse_tests::dns::NameServer;
use posthouse_tests::eventually;
use posthouse_tests::server::{Account, Options, Posthouse};
use posthouse_tests::sink::{Manners, Sink};
use serde_json::json;

use super::misbehaving::Clock;
use super::{direct, queue, send, server, until_queue_is_empty, zone};

async fn account_on(server: &Posthouse, domain: &str) -> Account {
    let api = server.api();
    let body = json!({"name": domain, "domain_address": domain});
    api.post("/v3/admin/domains", body).await.expect(200);
    let email = format!("agent@{domain}");
    let body = json!({"provider": "nylas", "settings": {"email": email}});
    let id = api
        .post("/v3/connect/custom", body)
        .await
        .expect(201)
        .text_of("id");
    Account { id, email }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_domains_mail_leaves_from_its_own_address_over_sessions_of_its_own() {
    let sink = Sink::start(Manners::default()).await;
    let dns = NameServer::start(zone()).await;
    let server = server(&dns, &sink).await;
    let api = server.api();
    let plain = server.create_account("plain").await;
    let chosen = account_on(&server, "chosen.agents.localhost").await;
    let absent = account_on(&server, "absent.agents.localhost").await;
    let cli = server.cli();
    cli.run(&[
        "domain",
        "set",
        "chosen.agents.localhost",
        "--source-address",
        "127.0.0.7,::1",
    ])
    .await
    .expect(0);
    let path = "/v3/admin/domains/absent.agents.localhost";
    let body = json!({"source_addresses": ["192.0.2.77"]});
    let changed = api.put(path, body).await.expect(200).data();
    assert_eq!(changed["source_addresses"], json!(["192.0.2.77"]));
    for number in 0..4 {
        let subject = format!("plain {number}");
        send(&api, &plain, &["a@shop.example"], &subject).await;
        let subject = format!("chosen {number}");
        send(&api, &chosen, &["a@shop.example"], &subject).await;
    }
    let captured = eventually("eight messages", async || {
        let captured = sink.captured();
        (captured.len() == 8).then_some(captured)
    })
    .await;
    for one in captured {
        let from: IpAddr = match one.text().contains("Subject: chosen") {
            true => [127, 0, 0, 7].into(),
            false => [127, 0, 0, 1].into(),
        };
        assert_eq!(one.peer, from, "{}", one.text());
    }
    // An address that this host has not keeps the mail, and says so.
    send(&api, &absent, &["b@shop.example"], "absent").await;
    let row = eventually("the deferral", async || {
        let rows = queue(&api).await;
        rows.into_iter().find(|row| row["state"] == "deferred")
    })
    .await;
    let said = row["last_reply"].as_str().expect("a reply");
    assert!(said.contains("192.0.2.77"), "{said}");
    // What was set is not forgotten by other changes, and is undone by its own.
    api.put(path, json!({"name": "other"})).await.expect(200);
    let shown = api.get(path).await.expect(200).data();
    assert_eq!(shown["source_addresses"], json!(["192.0.2.77"]));
    cli.run(&[
        "domain",
        "set",
        "absent.agents.localhost",
        "--no-source-address",
    ])
    .await
    .expect(0);
    let id = row["id"].as_str().expect("an id");
    api.post(&format!("/v3/admin/queue/{id}/retry"), json!({}))
        .await
        .expect(200);
    until_queue_is_empty(&api).await;
    assert_eq!(sink.captured().len(), 9);
    for bad in ["localhost", "0.0.0.0"] {
        api.put(path, json!({"source_addresses": [bad]}))
            .await
            .expect(400);
    }
}

/// Returns the seconds until more than an hour of the next day has gone, whatever the time is: by then what waits for the day
/// is due.
fn until_tomorrow() -> i64 {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .expect("a time after 1970");
    let left = 86_400 - now.as_secs() % 86_400;
    i64::try_from(left).expect("less than a day") + 3_660
}

#[tokio::test(flavor = "multi_thread")]
async fn a_domain_that_warms_up_sends_its_number_a_day_and_the_rest_on_the_next_ones() {
    let clock = Clock::new();
    let sink = Sink::start(Manners::default()).await;
    let dns = NameServer::start(zone()).await;
    let server = Posthouse::start_with(Options {
        flags: direct(&dns, sink.address().port()),
        environment: vec![clock.environment()],
        ..Options::default()
    })
    .await;
    let api = server.api();
    let fresh = account_on(&server, "fresh.agents.localhost").await;
    let old = server.create_account("old").await;
    let cli = server.cli();
    cli.run(&["domain", "set", "fresh.agents.localhost", "--warm-up=2,3"])
        .await
        .expect(0);
    for number in 0..4 {
        let to = [
            format!("a{number}@shop.example"),
            format!("b{number}@shop.example"),
        ];
        send(&api, &fresh, &[&to[0], &to[1]], "fresh").await;
        send(&api, &old, &[&to[0]], "old").await;
    }
    // Mail that stays here is not counted.
    send(&api, &fresh, &["old@agents.localhost"], "inside").await;
    let arrived = |subject: &str| {
        let wanted = format!("Subject: {subject}\r\n");
        let captured = sink.captured();
        let of_subject = captured.iter().filter(|one| one.text().contains(&wanted));
        of_subject.map(|one| one.rcpts.len()).sum::<usize>()
    };
    let waiting = eventually("the day's number to be used up", async || {
        let rows = queue(&api).await;
        let explained = |row: &serde_json::Value| {
            let said = row["last_reply"].as_str().unwrap_or_default();
            said.contains("warms up")
        };
        (rows.len() == 6 && rows.iter().all(explained)).then_some(rows)
    })
    .await;
    assert_eq!((arrived("fresh"), arrived("old")), (2, 4));
    for row in &waiting {
        assert_eq!(
            (&row["state"], &row["attempts"]),
            (&json!("queued"), &json!(0))
        );
        let due = row["next_attempt_at"].as_i64().expect("a time");
        assert!(due % 86_400 <= 3_600, "{due}");
    }
    // Asked for by an operator it is still not its day.
    let id = waiting[0]["id"].as_str().expect("an id");
    api.post(&format!("/v3/admin/queue/{id}/retry"), json!({}))
        .await
        .expect(200);
    let tomorrow = until_tomorrow();
    clock.ahead(tomorrow);
    eventually("the second day's", async || {
        (arrived("fresh") == 5).then_some(())
    })
    .await;
    clock.ahead(tomorrow + 86_400);
    until_queue_is_empty(&api).await;
    assert_eq!(arrived("fresh"), 8);
}
