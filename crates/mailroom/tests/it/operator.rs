//! Mail to whoever looks after the server, and what the server writes to them.

use posthouse_mailroom::actor::GrantRef;
use posthouse_mailroom::domains::{DomainChanges, NewDomain};
use posthouse_mailroom::outbound::{AttemptReport, ClaimedMail, Outcome, Scope};
use posthouse_mailroom::read::MessageQuery;
use posthouse_mailroom::receive::{ReceiveRefusal, RecipientRefusal};
use posthouse_mailroom::send::QueueFilter;
use posthouse_store::changes::ChangeKind;
use posthouse_store::tables::reputation;
use posthouse_store::{Param, Tx};
use posthouse_types::address::EmailAddress;

use crate::support::{Office, every_engine, message};
use crate::suppressions::letter;

const OPERATOR: &str = "op@ops.example";
const HOST: &str = "mx.posthouse.example";

fn at(address: &str) -> EmailAddress {
    EmailAddress::parse_strict(address).unwrap()
}

async fn resolve(office: &Office, address: &str) -> Result<(), RecipientRefusal> {
    let found = office.mailroom.resolve_recipient(&at(address)).await;
    found.map(drop)
}

async fn claim(office: &Office) -> Vec<ClaimedMail> {
    let due = office
        .mailroom
        .claim_outbound(Scope::EachDomain, &|_| 1_000)
        .await;
    due.unwrap().claimed
}

async fn end(office: &Office, claimed: Vec<ClaimedMail>, outcome: &Outcome) {
    let reports: Vec<AttemptReport> = claimed
        .into_iter()
        .map(|mail| AttemptReport {
            outcomes: vec![outcome.clone(); mail.recipients.len()],
            mail,
        })
        .collect();
    office.mailroom.record_outcome(&reports).await.unwrap();
}

/// What waits for the operator, as it goes out: envelope sender and content.
async fn letters(office: &Office) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for mail in claim(office).await {
        if mail.recipients[0].address != OPERATOR {
            continue;
        }
        let wire = office.mailroom.wire_mail(&mail).await.unwrap();
        let content = String::from_utf8(wire.content.to_vec()).unwrap();
        found.push((wire.envelope_from, content));
        end(office, vec![mail], &Outcome::Delivered).await;
    }
    found
}

async fn events(office: &Office) -> i64 {
    let kinds = [
        ChangeKind::TransactionalDelivered as i64,
        ChangeKind::TransactionalBounced as i64,
    ];
    let counted = office.store.read(move |tx: &mut dyn Tx| {
        tx.query_one(
            "SELECT COUNT(*) FROM changes WHERE kind IN ($1, $2)",
            &[Param::Int(kinds[0]), Param::Int(kinds[1])],
            |row| row.int(0),
        )
    });
    counted.await.unwrap()
}

async fn inbox(office: &Office, grant: &GrantRef) -> Vec<String> {
    let listed = office.list(grant, MessageQuery::default()).await;
    let subject = |message: &serde_json::Value| message["subject"].as_str().unwrap().to_owned();
    listed.iter().map(subject).collect()
}

async fn run_local_mail(office: &Office) {
    while office.mailroom.deliver_local_mail().await.unwrap() {}
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_to_postmaster_and_abuse_goes_to_the_operator_where_no_account_has_the_address() {
    for office in every_engine().await {
        office.mailroom.write_to(at(OPERATOR));
        let agent = office.account("agent").await;
        let raw = message(
            &["Subject: Your bot", "Message-ID: <1@shop.example>"],
            "It writes too much.",
        );
        let to = [
            "Postmaster@agents.localhost",
            "abuse@agents.localhost",
            "agent@agents.localhost",
        ];
        let accepted = office.deliver_confirmed(&to, &raw).await;
        assert_eq!(accepted.message_ids.len(), 1, "the account's own copy");
        assert_eq!(inbox(&office, &agent).await, ["Your bot"]);

        let sent = letters(&office).await;
        assert_eq!(sent.len(), 1, "once, by whatever address");
        let (envelope_from, content) = &sent[0];
        assert_eq!(envelope_from, "");
        assert!(content.ends_with(&raw), "not a byte of it is changed");
        assert!(
            content.contains("\r\nDelivered-To: Postmaster@agents.localhost\r\n"),
            "{content}"
        );
        assert!(
            content.contains("Received: from client.example ([192.0.2.7])"),
            "{content}"
        );
        assert!(!content.contains("Return-Path:") && !content.contains("DKIM-Signature:"));
        assert_eq!(events(&office).await, 0, "nobody's application sent it");

        // It comes back: where it went leads here.
        let refused = office
            .deliver(&["postmaster@agents.localhost"], content)
            .await;
        assert_eq!(refused.unwrap_err(), ReceiveRefusal::TooManyHops);
        // The mail host's own name, a domain with accounts or not.
        resolve(&office, &format!("postmaster@{HOST}"))
            .await
            .unwrap();
        resolve(&office, &format!("abuse@{HOST}")).await.unwrap();
        let unknown = resolve(&office, &format!("info@{HOST}")).await;
        assert_eq!(unknown.unwrap_err(), RecipientRefusal::Relay);
        let unknown = resolve(&office, "info@agents.localhost").await;
        assert_eq!(unknown.unwrap_err(), RecipientRefusal::Unknown);
        let strange = resolve(&office, "postmaster@elsewhere.example").await;
        assert_eq!(strange.unwrap_err(), RecipientRefusal::Relay);
        // An account of that name comes first.
        let own = office.account("postmaster").await;
        office
            .deliver_confirmed(&["postmaster@agents.localhost"], &raw)
            .await;
        assert_eq!(inbox(&office, &own).await, ["Your bot"]);
        assert_eq!(letters(&office).await.len(), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_operators_address_the_catch_all_gets_that_mail_or_nobody() {
    for office in every_engine().await {
        let refused = resolve(&office, "postmaster@agents.localhost").await;
        assert_eq!(refused.unwrap_err(), RecipientRefusal::Unknown);
        let refused = resolve(&office, &format!("postmaster@{HOST}")).await;
        assert_eq!(refused.unwrap_err(), RecipientRefusal::Relay);
        let new = NewDomain {
            name: "Own".to_owned(),
            domain_address: "own.example".to_owned(),
            ..NewDomain::default()
        };
        let domain = office
            .mailroom
            .register_domain(&office.actor, new)
            .await
            .unwrap();
        let agent = office.account("agent").await;
        let changes = DomainChanges {
            catch_all_grant_id: Some(Some(
                office
                    .mailroom
                    .public_id(posthouse_types::ids::Kind::Grant, agent.grant),
            )),
            ..DomainChanges::default()
        };
        office
            .mailroom
            .update_domain(&domain.id, changes)
            .await
            .unwrap();
        let raw = message(&["Subject: To whom it may concern"], "x");
        office
            .deliver_confirmed(&["postmaster@own.example"], &raw)
            .await;
        assert_eq!(inbox(&office, &agent).await, ["To whom it may concern"]);
        // With one it is the operator's before anybody's who takes everything.
        office.mailroom.write_to(at(OPERATOR));
        office.deliver_confirmed(&["abuse@own.example"], &raw).await;
        assert_eq!(letters(&office).await.len(), 1);
        assert_eq!(inbox(&office, &agent).await.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_with_an_account_here_gets_that_mail_there() {
    for office in every_engine().await {
        office.mailroom.write_to(at("boss@agents.localhost"));
        // Without the account it waits at its sender.
        let waits = resolve(&office, "abuse@agents.localhost").await;
        assert_eq!(waits.unwrap_err(), RecipientRefusal::Deferred);
        let boss = office.account("boss").await;
        let raw = message(&["Subject: Your bot"], "x");
        let accepted = office
            .deliver_confirmed(&["abuse@agents.localhost"], &raw)
            .await;
        assert_eq!(accepted.message_ids.len(), 1);
        assert_eq!(inbox(&office, &boss).await, ["Your bot"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_of_accounts_here_to_postmaster_goes_to_the_operator_too() {
    for office in every_engine().await {
        office.mailroom.write_to(at(OPERATOR));
        let agent = office.account("agent").await;
        let sent =
            office
                .mailroom
                .send_message(&agent, letter(&["postmaster@agents.localhost"]), None);
        sent.await.unwrap();
        run_local_mail(&office).await;
        let sent = letters(&office).await;
        assert_eq!(sent.len(), 1);
        assert!(sent[0].1.contains("Subject: Quote"));
        let page = office
            .mailroom
            .list_queue(&office.actor, QueueFilter::default(), 50, None)
            .await;
        assert!(page.unwrap().rows.is_empty(), "the row has left the queue");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_of_accounts_here_to_addresses_of_reports_does_not_wait_for_ever() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        let to = ["dmarc-reports@mx.posthouse.example"];
        let sent = office.mailroom.send_message(&agent, letter(&to), None);
        sent.await.unwrap();
        run_local_mail(&office).await;
        let page = office
            .mailroom
            .list_queue(&office.actor, QueueFilter::default(), 50, None)
            .await;
        assert!(page.unwrap().rows.is_empty(), "it has bounced");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn so_much_mail_for_the_operator_goes_on_in_an_hour_and_the_rest_waits() {
    for office in every_engine().await {
        office.mailroom.write_to(at(OPERATOR));
        let to = ["abuse@agents.localhost"];
        for number in 0..200 {
            let raw = message(&[&format!("Subject: {number}")], "x");
            office.deliver_confirmed(&to, &raw).await;
        }
        let refused = office.deliver(&to, &message(&["Subject: last"], "x")).await;
        assert_eq!(refused.unwrap_err(), ReceiveRefusal::Unavailable);
        office.clock.forward(3_600);
        office
            .deliver(&to, &message(&["Subject: last"], "x"))
            .await
            .unwrap();
        assert_eq!(letters(&office).await.len(), 201);
    }
}

/// Lets an application have served recipients without trouble.
async fn serve(office: &Office, recipients: i64) {
    let application = office.actor.application;
    office
        .store
        .write(move |tx: &mut dyn Tx| reputation::serve(tx, application, recipients))
        .await
        .unwrap();
}

/// Sends to addresses that are not there, and lets the mail come back.
async fn bounce(office: &Office, grant: &GrantRef, label: &str, times: usize) {
    for number in 0..times {
        let to = format!("{label}{number}@nowhere.example");
        let sent = office.mailroom.send_message(grant, letter(&[&to]), None);
        sent.await.unwrap();
    }
    let mut claimed = claim(office).await;
    claimed.retain(|mail| mail.recipients[0].address != OPERATOR);
    let gone = Outcome::Failed {
        reply: "550 5.1.1 no such user".to_owned(),
    };
    end(office, claimed, &gone).await;
}

/// Waits until the claims of earlier looks have ended.
fn let_claims_end(office: &Office) {
    office.clock.forward(120);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rate_to_be_looked_at_is_written_to_the_operator_once() {
    for office in every_engine().await {
        office.mailroom.write_to(at(OPERATOR));
        let agent = office.account("agent").await;
        serve(&office, 185).await;
        bounce(&office, &agent, "a", 9).await;
        assert_eq!(letters(&office).await.len(), 0, "9 of 194");
        bounce(&office, &agent, "b", 6).await;
        let_claims_end(&office);
        let sent = letters(&office).await;
        assert_eq!(sent.len(), 1, "15 of 200, told once");
        let (envelope_from, text) = &sent[0];
        assert_eq!(envelope_from, "");
        for part in [
            "From: Posthouse <postmaster@mx.posthouse.example>",
            "To: op@ops.example",
            "Subject: Too many bounces: the application",
            "Auto-Submitted: auto-generated",
            "15 of the last 200 recipients (7.50 %)",
            "the account agent@agents.localhost: 15",
            "posthouse suppression list",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert_eq!(events(&office).await, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_is_written_to_the_operator_and_does_not_keep_that_letter() {
    for office in every_engine().await {
        office.mailroom.write_to(at(OPERATOR));
        let agent = office.account("agent").await;
        serve(&office, 185).await;
        bounce(&office, &agent, "a", 23).await;
        let pauses = office.mailroom.list_pauses(&office.actor, 50, None).await;
        let pause = pauses.unwrap().rows.pop().expect("a pause");
        let_claims_end(&office);
        let sent = letters(&office).await;
        let about_pause: Vec<&String> = sent
            .iter()
            .map(|(_, text)| text)
            .filter(|text| text.contains("Sending is paused"))
            .collect();
        assert_eq!(about_pause.len(), 1, "{sent:?}");
        let command = format!("posthouse pauses lift {}", pause.id);
        assert!(about_pause[0].contains(&command), "{}", about_pause[0]);
        // A letter that came back here ends here: this server wrote it.
        let returned = about_pause[0].clone();
        let accepted = office
            .deliver(&["postmaster@agents.localhost"], &returned)
            .await;
        assert_eq!(accepted.unwrap().message_ids.len(), 0);
        let_claims_end(&office);
        assert_eq!(letters(&office).await.len(), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_that_does_not_arrive_hurts_nobodys_reputation_and_is_no_event() {
    for office in every_engine().await {
        office.mailroom.write_to(at(OPERATOR));
        let raw = message(&["Subject: Your bot"], "x");
        office
            .deliver_confirmed(&["abuse@agents.localhost"], &raw)
            .await;
        let gone = Outcome::Failed {
            reply: "550 5.1.1 no such user".to_owned(),
        };
        let claimed = claim(&office).await;
        assert_eq!(claimed.len(), 1);
        end(&office, claimed, &gone).await;
        assert_eq!(events(&office).await, 0);
        assert_eq!(crate::suppressions::suppressed(&office).await.len(), 0);
        let rows = office.store.read(|tx: &mut dyn Tx| {
            tx.query_one("SELECT COUNT(*) FROM reputation", &[], |row| row.int(0))
        });
        assert_eq!(rows.await.unwrap(), 0);
    }
}
