//! What other servers tell of sent mail: found by its return path, believed for nothing else.

use posthouse_mailroom::actor::GrantRef;
use posthouse_mailroom::outbound::{AttemptReport, Outcome, Scope, return_path_token};
use posthouse_mailroom::read::{FolderFilter, MessageQuery};
use posthouse_mailroom::receive::{Accepted, RecipientRefusal};
use posthouse_mailroom::send::{DomainMail, QueueFilter};
use posthouse_store::changes::ChangeKind;
use posthouse_store::{Param, StoreError, Tx};
use posthouse_types::address::EmailAddress;
use posthouse_types::ids::{Key, Kind};
use serde_json::{Value, json};

use crate::support::{Office, every_engine};
use crate::suppressions::{letter, people, suppressed};

const HOST: &str = "bounce.agents.localhost";

/// Sends to addresses on one domain, lets another server take it, and returns the keys of its rows with the return path of
/// the first.
async fn send_off(office: &Office, grant: &GrantRef, to: &[&str]) -> (Vec<Key>, String) {
    office
        .mailroom
        .send_message(grant, letter(to), None)
        .await
        .unwrap();
    take_off(office).await
}

async fn take_off(office: &Office) -> (Vec<Key>, String) {
    let page = office
        .mailroom
        .list_queue(&office.actor, QueueFilter::default(), 50, None)
        .await;
    let mut rows: Vec<Key> = page
        .unwrap()
        .rows
        .iter()
        .map(|row| office.mailroom.open_id(Kind::Outbound, &row.id).unwrap())
        .collect();
    rows.sort_unstable();
    let due = office
        .mailroom
        .claim_outbound(Scope::EachDomain, &|_| 50)
        .await;
    for mail in due.unwrap().claimed {
        let report = AttemptReport {
            outcomes: vec![Outcome::Delivered; mail.recipients.len()],
            mail,
        };
        office.mailroom.record_outcome(&[report]).await.unwrap();
    }
    let token = return_path_token::seal(office.store.ids(), rows[0]);
    (rows, format!("b+{token}@{HOST}"))
}

fn dsn(recipients: &[(&str, &str, &str)]) -> String {
    let mut groups = String::new();
    for (recipient, action, diagnostic) in recipients {
        let status = diagnostic.split(' ').nth(1).unwrap_or("5.0.0");
        groups.push_str(&format!(
            "\r\nFinal-Recipient: rfc822; {recipient}\r\nAction: {action}\r\nStatus: {status}\r\nDiagnostic-Code: smtp; {diagnostic}\r\n"
        ));
    }
    format!(
        "From: MAILER-DAEMON@mx.shop.example\r\nSubject: Undelivered\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=x\r\n\r\n\
         --x\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n--x\r\nContent-Type: message/delivery-status\r\n\r\n\
         Reporting-MTA: dns; mx.shop.example\r\n{groups}--x--\r\n"
    )
}

fn complaint(mail_from: &str, recipient: Option<&str>) -> String {
    let recipient =
        recipient.map_or_else(String::new, |one| format!("Original-Rcpt-To: <{one}>\r\n"));
    format!(
        "From: fbl@shop.example\r\nContent-Type: multipart/report; report-type=feedback-report; boundary=x\r\n\r\n\
         --x\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\nVersion: 1\r\n\
         Original-Mail-From: <{mail_from}>\r\n{recipient}--x--\r\n"
    )
}

async fn deliver(office: &Office, to: &str, raw: &str) -> Accepted {
    office.deliver_confirmed(&[to], raw).await
}

async fn told(office: &Office, kind: ChangeKind) -> Vec<Value> {
    let all: Result<Vec<String>, StoreError> = office
        .store
        .read(move |tx: &mut dyn Tx| {
            tx.query(
                "SELECT data FROM changes WHERE kind = $1 ORDER BY seq",
                &[Param::Int(kind as i64)],
                |row| row.string(0),
            )
        })
        .await;
    let read = |text: &String| serde_json::from_str(text).unwrap();
    all.unwrap().iter().map(read).collect()
}

async fn inbox(office: &Office, grant: &GrantRef) -> usize {
    let query = MessageQuery {
        folders: FolderFilter::Named(vec!["inbox".to_owned()]),
        ..MessageQuery::default()
    };
    office.list(grant, query).await.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_report_bounces_its_message_suppresses_the_address_and_is_mail_for_the_sender() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        let (_, path) = send_off(&office, &agent, &["Gone@shop.example", "bo@shop.example"]).await;
        let raw = dsn(&[
            ("gone@shop.example", "failed", "550 5.1.1 no such user"),
            ("bo@shop.example", "delayed", "451 4.4.1 later"),
        ]);
        let accepted = deliver(&office, &path, &raw).await;
        assert_eq!(accepted.message_ids.len(), 1);
        let events = told(&office, ChangeKind::MessageBounced).await;
        assert_eq!(events.len(), 1);
        let bounce = &events[0]["bounce"];
        assert_eq!(bounce["type"], "NoEmail");
        assert_eq!(
            bounce["recipients"],
            json!([{"email": "Gone@shop.example", "diagnostic_code": "550 5.1.1 no such user"}])
        );
        assert_eq!(events[0]["message"]["subject"], "Quote");
        let found = suppressed(&office).await;
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].address, "gone@shop.example");
        assert_eq!(inbox(&office, &agent).await, 1);

        // The same once more, in other bytes: nothing new.
        deliver(&office, &path, &raw.replace("Sorry", "Sorry again")).await;
        assert_eq!(told(&office, ChangeKind::MessageBounced).await.len(), 1);
        assert_eq!(inbox(&office, &agent).await, 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_without_a_token_of_this_server_have_no_effect() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        let (rows, path) = send_off(&office, &agent, &["bo@shop.example"]).await;
        let raw = dsn(&[("bo@shop.example", "failed", "550 5.1.1 no such user")]);
        deliver(&office, "agent@agents.localhost", &raw).await;
        let (local, _) = path.split_once('@').unwrap();
        let changed = format!("{}0", &local[..local.len() - 1]);
        let other_kind = office.mailroom.public_id(Kind::Outbound, rows[0]);
        let unknown = return_path_token::seal(office.store.ids(), Key(77));
        for (address, refusal) in [
            (format!("{changed}@{HOST}"), RecipientRefusal::Relay),
            (
                format!("b+{}@{HOST}", other_kind.replace('-', "")),
                RecipientRefusal::Relay,
            ),
            (format!("b+{unknown}@{HOST}"), RecipientRefusal::Unknown),
            (
                format!("{local}@bounce.elsewhere.example"),
                RecipientRefusal::Unknown,
            ),
        ] {
            if address == path {
                continue;
            }
            let address = EmailAddress::parse_strict(&address).unwrap();
            let refused = office.mailroom.resolve_recipient(&address).await;
            assert_eq!(refused.unwrap_err(), refusal, "{address}");
        }
        let forged = complaint("agent@agents.localhost", Some("bo@shop.example"));
        deliver(&office, "complaints@mx.posthouse.example", &forged).await;
        assert_eq!(told(&office, ChangeKind::MessageBounced).await.len(), 0);
        assert_eq!(told(&office, ChangeKind::MessageComplaint).await.len(), 0);
        assert_eq!(suppressed(&office).await, []);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_complaint_is_told_and_suppresses_whoever_complained() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        let (_, path) = send_off(&office, &agent, &["bo@shop.example", "cy@shop.example"]).await;
        // Nobody knows which of the two it was.
        deliver(
            &office,
            "complaints@mx.posthouse.example",
            &complaint(&path, None),
        )
        .await;
        assert_eq!(told(&office, ChangeKind::MessageComplaint).await.len(), 0);
        let raw = complaint(&path, Some("cy@shop.example"));
        let accepted = deliver(&office, "complaints@mx.posthouse.example", &raw).await;
        assert_eq!(accepted.message_ids, Vec::<String>::new());
        let events = told(&office, ChangeKind::MessageComplaint).await;
        assert_eq!(events.len(), 1);
        assert_eq!(
            events[0]["complaint"],
            json!({"reported_at": 1_790_000_000, "type": "abuse", "complained_recipients": ["cy@shop.example"]})
        );
        let found = suppressed(&office).await;
        assert_eq!(
            (found[0].address.as_str(), found[0].reason),
            ("cy@shop.example", "complaint")
        );
        // At the return path itself; no mail for the agent.
        let raw = complaint("somebody@shop.example", Some("bo@shop.example"));
        deliver(&office, &path, &raw).await;
        assert_eq!(told(&office, ChangeKind::MessageComplaint).await.len(), 2);
        let wanted = raw.replace("Feedback-Type: abuse", "Feedback-Type: not-spam");
        deliver(&office, &path, &wanted).await;
        assert_eq!(told(&office, ChangeKind::MessageComplaint).await.len(), 2);
        assert_eq!(inbox(&office, &agent).await, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_automatic_answer_to_the_return_path_is_mail_for_the_sender() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        let (_, path) = send_off(&office, &agent, &["bo@shop.example"]).await;
        let raw = "From: bo@shop.example\r\nSubject: Out of office\r\nAuto-Submitted: auto-replied\r\n\r\nUntil Monday.\r\n";
        deliver(&office, &path, raw).await;
        assert_eq!(inbox(&office, &agent).await, 1);
        assert_eq!(told(&office, ChangeKind::MessageBounced).await.len(), 0);
        office
            .mailroom
            .delete_account(
                &office.actor,
                &office.mailroom.public_id(Kind::Grant, agent.grant),
            )
            .await
            .unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_about_mail_of_a_domain_reaches_no_mailbox() {
    for office in every_engine().await {
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
        let domain = office
            .mailroom
            .domain_for(&office.actor, "own.agents.localhost")
            .await
            .unwrap();
        let mut mail = letter(&["bo@shop.example"]);
        mail.from = people(&["shop@own.agents.localhost"]).pop();
        office
            .mailroom
            .send_for_domain(&domain, DomainMail::Parts(Box::new(mail)), None)
            .await
            .unwrap();
        let (_, path) = take_off(&office).await;
        // The address was another one where the mail ended; the message went to nobody else.
        let raw = dsn(&[("bo@elsewhere.example", "failed", "552 5.2.2 mailbox full")]);
        let accepted = deliver(&office, &path, &raw).await;
        assert_eq!(accepted.message_ids, Vec::<String>::new());
        let events = told(&office, ChangeKind::TransactionalBounced).await;
        assert_eq!(events.len(), 1);
        assert_eq!(events[0]["bounce"]["type"], "MailboxFull");
        assert_eq!(
            events[0]["bounce"]["recipients"][0]["email"],
            "bo@shop.example"
        );
        assert_eq!(suppressed(&office).await, []);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn aggregate_reports_about_registered_domains_are_kept_once_and_listed() {
    for office in every_engine().await {
        let raw = |domain: &str, number: u32| {
            format!(
                "From: dmarc@shop.example\r\nSubject: Report\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n\
                 --x\r\nContent-Type: application/xml; name=\"r.xml\"\r\nContent-Disposition: attachment; filename=\"r.xml\"\r\n\r\n\
                 <feedback><report_metadata><org_name>Shop</org_name><report_id>{number}</report_id>\
                 <date_range><begin>1790000000</begin><end>1790086400</end></date_range></report_metadata>\
                 <policy_published><domain>{domain}</domain><p>none</p></policy_published>\
                 <record><row><source_ip>192.0.2.1</source_ip><count>7</count></row></record></feedback>\r\n--x--\r\n"
            )
        };
        let at = "dmarc-reports@mx.posthouse.example";
        for (domain, number) in [
            ("agents.localhost", 1),
            ("agents.localhost", 1),
            ("agents.localhost", 2),
            ("elsewhere.example", 3),
        ] {
            deliver(&office, at, &raw(domain, number)).await;
        }
        deliver(&office, at, "Subject: x\r\n\r\nno report\r\n").await;
        let list = |kind: &'static str, page: Option<String>| {
            let mailroom = office.mailroom.clone();
            async move {
                mailroom
                    .list_domain_reports("agents.localhost", kind, 1, page.as_deref())
                    .await
            }
        };
        let first = list("dmarc", None).await.unwrap();
        let second = list("dmarc", first.next.clone()).await.unwrap();
        assert_eq!(second.next, None);
        let ids: Vec<&str> = [&first, &second]
            .iter()
            .flat_map(|page| page.rows.iter().map(|row| row.report_id.as_str()))
            .collect();
        assert_eq!(ids, ["2", "1"]);
        assert_eq!(first.rows[0].document["records"][0]["count"], 7);
        assert_eq!(list("tls", None).await.unwrap().rows, []);
        assert!(list("else", None).await.is_err());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_leaves_with_a_return_path_that_leads_back_as_soon_as_its_domain_has_one() {
    for office in every_engine().await {
        let new = posthouse_mailroom::domains::NewDomain {
            name: "Bots".to_owned(),
            domain_address: "bots.example.org".to_owned(),
            ..posthouse_mailroom::domains::NewDomain::default()
        };
        office
            .mailroom
            .register_domain(&office.actor, new)
            .await
            .unwrap();
        office
            .store
            .write(|tx: &mut dyn Tx| {
                tx.execute(
                    "UPDATE domains SET verified_ownership = 1, verified_mx = 1, verified_spf = 1, verified_dkim = 1,
                       verified_feedback = 1 WHERE address = 'bots.example.org'",
                    &[],
                )
            })
            .await
            .unwrap();
        let new = posthouse_mailroom::provision::NewAccount {
            provider: "nylas".to_owned(),
            email: "triage@bots.example.org".to_owned(),
            ..posthouse_mailroom::provision::NewAccount::default()
        };
        let account = office
            .mailroom
            .create_account(&office.actor, new)
            .await
            .unwrap();
        let agent = office
            .mailroom
            .grant_for(&office.actor, &account.id)
            .await
            .unwrap();
        office
            .mailroom
            .send_message(&agent, letter(&["gone@shop.example"]), None)
            .await
            .unwrap();
        let due = office
            .mailroom
            .claim_outbound(Scope::EachDomain, &|_| 50)
            .await;
        let mail = due.unwrap().claimed.remove(0);
        let path = office
            .mailroom
            .wire_mail(&mail)
            .await
            .unwrap()
            .envelope_from;
        let report = AttemptReport {
            outcomes: vec![Outcome::Delivered],
            mail,
        };
        office.mailroom.record_outcome(&[report]).await.unwrap();
        assert!(path.starts_with("b+") && path.ends_with("@bounce.bots.example.org"));
        let raw = dsn(&[("gone@shop.example", "failed", "550 5.1.1 no such user")]);
        deliver(
            &office,
            &path
                .to_uppercase()
                .replace("BOUNCE.BOTS.EXAMPLE.ORG", "bounce.bots.example.org"),
            &raw,
        )
        .await;
        assert_eq!(told(&office, ChangeKind::MessageBounced).await.len(), 1);
        assert_eq!(inbox(&office, &agent).await, 1);
        // A report is forgotten with what it is about.
        office.clock.forward(31 * 24 * 3_600);
        while office.mailroom.expire_records().await.unwrap() {}
        let address = EmailAddress::parse_strict(&path).unwrap();
        let refused = office.mailroom.resolve_recipient(&address).await;
        assert_eq!(refused.unwrap_err(), RecipientRefusal::Unknown);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_speaks_of_those_alone_whose_mail_had_its_return_path() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        let to = ["a@shop.example", "c@shop.example", "b@far.example"];
        let (rows, at_shop) = send_off(&office, &agent, &to).await;
        let token = return_path_token::seal(office.store.ids(), rows[2]);
        let at_far = format!("b+{token}@{HOST}");
        // Whoever got it at far.example cannot speak for those at shop.example, and the other way about.
        let raw = dsn(&[("b@far.example", "failed", "550 5.1.1 no such user")]);
        deliver(&office, &at_shop, &raw).await;
        let raw = complaint(&at_shop, Some("b@far.example"));
        deliver(&office, "complaints@mx.posthouse.example", &raw).await;
        assert_eq!(suppressed(&office).await.len(), 0);
        // Where the path is one recipient's, the complaint need not name it.
        let raw = complaint(&at_far, None);
        deliver(&office, "complaints@mx.posthouse.example", &raw).await;
        let found = suppressed(&office).await;
        assert_eq!(found.len(), 1);
        assert_eq!(
            (found[0].address.as_str(), found[0].reason),
            ("b@far.example", "complaint")
        );
    }
}
