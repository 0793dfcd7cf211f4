//! Records of a domain: what is published, what is found, and what follows.

use posthouse_mailroom::Refusal;
use posthouse_mailroom::domains::{CheckStatus, DomainChanges, NewDomain, RecordKind, ReturnPath};
use posthouse_mailroom::send::Outgoing;
use posthouse_store::changes::ChangeKind;
use posthouse_store::{StoreError, Tx};

use crate::support::{Office, every_engine};
use crate::world::{World, verify};

const DAY: i64 = 86_400;
const DOMAIN: &str = "bots.example.org";

async fn register(office: &Office) {
    let new = NewDomain {
        name: "Bots".to_owned(),
        domain_address: DOMAIN.to_owned(),
        ..NewDomain::default()
    };
    office
        .mailroom
        .register_domain(&office.actor, new)
        .await
        .unwrap();
}

async fn publish_all(office: &Office, world: &World) {
    // Two kinds have a text record at the domain itself.
    for kind in RecordKind::ALL {
        if kind != RecordKind::Spf {
            let info = office.mailroom.domain_info(DOMAIN, kind.name(), None);
            world.publish(&info.await.unwrap());
        }
    }
    let own = |kind| office.mailroom.domain_info(DOMAIN, kind, None);
    let token = own("ownership").await.unwrap().records[0].value.clone();
    let policy = own("spf").await.unwrap().records[0].value.clone();
    world.set(
        DOMAIN,
        "TXT",
        &[&token, "google-site-verification=x", &policy],
    );
}

async fn events(office: &Office) -> Vec<(ChangeKind, String)> {
    // Not by the reader of the log, which waits for transactions of other databases of the server.
    let rows = office
        .store
        .read(|tx: &mut dyn Tx| -> Result<_, StoreError> {
            let sql = "SELECT kind, data FROM changes WHERE kind IN (80, 81) ORDER BY seq";
            tx.query(sql, &[], |row| Ok((row.int(0)?, row.string(1)?)))
        });
    let event = |(kind, data): (i64, String)| {
        let data: serde_json::Value = serde_json::from_str(&data).unwrap();
        let kind = match kind == ChangeKind::DomainVerified as i64 {
            true => ChangeKind::DomainVerified,
            false => ChangeKind::DomainUnverified,
        };
        (kind, data["type"].as_str().unwrap().to_owned())
    };
    rows.await.unwrap().into_iter().map(event).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_record_turns_done_once_it_is_published_and_the_domain_may_send() {
    for office in every_engine().await {
        register(&office).await;
        let world = World::around(&office);
        for kind in RecordKind::ALL {
            let (status, message) = verify(&office, DOMAIN, kind.name()).await;
            assert_eq!(status, CheckStatus::Pending, "{kind:?}: {message}");
            assert!(message.contains("found nothing"), "{kind:?}: {message}");
        }
        publish_all(&office, &world).await;
        for kind in RecordKind::ALL {
            let (status, message) = verify(&office, DOMAIN, kind.name()).await;
            assert_eq!(status, CheckStatus::Done, "{kind:?}: {message}");
        }
        let domain = office.mailroom.get_domain(DOMAIN).await.unwrap();
        assert!(domain.verified_ownership && domain.verified_mx && domain.verified_spf);
        assert!(domain.verified_dkim && domain.verified_arc && domain.verified_feedback);
        assert!(domain.verified_dmarc && domain.sending_ready);
        let announced = events(&office).await;
        assert_eq!(announced.len(), RecordKind::ALL.len() - 1);
        assert!(
            announced
                .iter()
                .all(|(kind, _)| *kind == ChangeKind::DomainVerified)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_in_the_place_of_ours_is_a_conflict_that_says_what_was_found() {
    for office in every_engine().await {
        register(&office).await;
        let world = World::around(&office);
        world.set("mail.other.example", "A", &["198.51.100.9"]);
        world.set("sink.example", "A", &[crate::world::HERE]);
        let table = [
            ("ownership", DOMAIN, "TXT", "posthouse-verify=0000"),
            ("mx", DOMAIN, "MX", "5 mail.other.example."),
            ("mx", DOMAIN, "MX", "0 ."),
            ("spf", DOMAIN, "TXT", "v=spf1 -all"),
            (
                "dkim",
                "ph1._domainkey.bots.example.org",
                "TXT",
                "v=DKIM1; p=AAAA",
            ),
            (
                "feedback",
                "bounce.bots.example.org",
                "MX",
                "1 mail.other.example.",
            ),
            (
                "dmarc",
                "_dmarc.bots.example.org",
                "TXT",
                "v=DMARC1; p=what",
            ),
            (
                "tls_rpt",
                "_smtp._tls.bots.example.org",
                "TXT",
                "v=TLSRPTv2",
            ),
            ("mta_sts", "_mta-sts.bots.example.org", "TXT", "v=STSv0"),
        ];
        for (kind, name, record_type, value) in table {
            world.set(name, record_type, &[value]);
            let (status, message) = verify(&office, DOMAIN, kind).await;
            assert_eq!(status, CheckStatus::Failed, "{kind}: {message}");
            assert!(message.contains(value), "{kind}: {message}");
            assert!(message.contains("Expected"), "{kind}: {message}");
            world.set(name, record_type, &[]);
        }
        world.set(
            DOMAIN,
            "TXT",
            &["v=spf1 a:mx.posthouse.example ~all", "v=spf1 -all"],
        );
        let (status, message) = verify(&office, DOMAIN, "spf").await;
        assert_eq!(status, CheckStatus::Failed);
        assert!(message.contains("Only one"), "{message}");
        // Any host will do that is this server.
        world.set(DOMAIN, "MX", &["7 sink.example."]);
        assert_eq!(verify(&office, DOMAIN, "mx").await.0, CheckStatus::Done);
        // The policy of the name above counts.
        world.set("_dmarc.example.org", "TXT", &["v=DMARC1; p=reject"]);
        assert_eq!(verify(&office, DOMAIN, "dmarc").await.0, CheckStatus::Done);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn spf_names_the_addresses_that_a_domains_mail_leaves_from_and_its_check_asks_about_them() {
    for office in every_engine().await {
        register(&office).await;
        let world = World::around(&office);
        publish_all(&office, &world).await;
        assert_eq!(verify(&office, DOMAIN, "spf").await.0, CheckStatus::Done);
        let changes = DomainChanges {
            source_addresses: Some(vec!["198.51.100.7".to_owned(), "2001:db8::7".to_owned()]),
            ..DomainChanges::default()
        };
        let changed = office.mailroom.update_domain(DOMAIN, changes).await;
        assert_eq!(changed.unwrap().source_addresses.len(), 2);
        let (status, message) = verify(&office, DOMAIN, "spf").await;
        assert_eq!(status, CheckStatus::Failed);
        assert!(message.contains("for 198.51.100.7"), "{message}");
        let info = office.mailroom.domain_info(DOMAIN, "spf", None).await;
        assert_eq!(
            info.unwrap().records[0].value,
            "v=spf1 mx a:mx.posthouse.example ip4:198.51.100.7 ip6:2001:db8::7 ~all"
        );
        // Of the other family this server's own addresses go on to count; of this one they no longer do.
        let only = "v=spf1 ip4:198.51.100.7 ip4:2001:db8::7 ~all";
        world.set(DOMAIN, "TXT", &[only]);
        let (status, message) = verify(&office, DOMAIN, "spf").await;
        assert_eq!(status, CheckStatus::Done, "{message}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn both_keys_sign_once_found_and_a_new_pair_takes_over_with_overlap() {
    for office in every_engine().await {
        register(&office).await;
        let world = World::around(&office);
        let signers = async || office.mailroom.signers_for(DOMAIN).await.unwrap().len();
        let info = async || {
            let info = office.mailroom.domain_info(DOMAIN, "dkim", None);
            info.await.unwrap()
        };
        assert_eq!(signers().await, 0);
        let first = info().await;
        assert_eq!(first.records[0].host, "ph1._domainkey");
        // The Ed25519 record is optional.
        world.set(&first.records[0].name, "TXT", &[&first.records[0].value]);
        assert_eq!(verify(&office, DOMAIN, "dkim").await.0, CheckStatus::Done);
        assert_eq!(signers().await, 1);
        world.publish(&first);
        verify(&office, DOMAIN, "dkim").await;
        assert_eq!(signers().await, 2);
        world.set(&first.records[1].name, "TXT", &[]);
        assert_eq!(verify(&office, DOMAIN, "dkim").await.0, CheckStatus::Done);
        assert_eq!(signers().await, 1, "nobody could verify the other");

        let rotated = office.mailroom.rotate_domain_keys(DOMAIN).await.unwrap();
        assert_eq!(rotated.records[0].host, "ph2._domainkey");
        let again = office.mailroom.rotate_domain_keys(DOMAIN).await.unwrap();
        assert_eq!(again.records, rotated.records, "one new pair at a time");
        let (status, message) = verify(&office, DOMAIN, "dkim").await;
        assert_eq!(status, CheckStatus::Pending);
        assert!(message.contains("ph1 is found and signs"), "{message}");
        assert!(
            office
                .mailroom
                .get_domain(DOMAIN)
                .await
                .unwrap()
                .verified_dkim
        );
        assert_eq!(signers().await, 1);
        world.publish(&rotated);
        assert_eq!(verify(&office, DOMAIN, "dkim").await.0, CheckStatus::Done);
        assert_eq!(signers().await, 2);
        let hosts: Vec<String> = info()
            .await
            .records
            .into_iter()
            .map(|one| one.host)
            .collect();
        assert_eq!(hosts, ["ph2._domainkey", "ph2e._domainkey"]);
        let zone = office.mailroom.domain_zone(DOMAIN).await.unwrap();
        assert!(
            zone.text.contains("\nph1._domainkey IN TXT "),
            "{}",
            zone.text
        );
        office.clock.forward(8 * DAY);
        let zone = office.mailroom.domain_zone(DOMAIN).await.unwrap();
        assert!(!zone.text.contains("\nph1._domainkey IN TXT "));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_longer_key_is_made_while_nobody_signs_and_odd_lengths_are_refused() {
    let office = every_engine().await.remove(0);
    register(&office).await;
    World::around(&office);
    let length = async |bits| {
        let info = office.mailroom.domain_info(DOMAIN, "dkim", Some(bits));
        info.await.map(|info| info.records[0].value.len())
    };
    let raised = length(1_024).await.unwrap();
    assert!(
        (380..440).contains(&raised),
        "2048 bits in {raised} characters"
    );
    assert_eq!(length(2_048).await.unwrap(), raised);
    assert!(length(4_096).await.unwrap() > 700);
    assert!(matches!(length(512).await, Err(Refusal::Invalid { .. })));
    let unknown = office.mailroom.domain_info(DOMAIN, "bimi", None).await;
    assert!(matches!(unknown, Err(Refusal::Invalid { .. })));
    let nobody = office
        .mailroom
        .verify_domain("other.example", "mx", None)
        .await;
    assert!(matches!(nobody, Err(Refusal::NotFound)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_is_gone_counts_for_three_days_and_then_the_domain_may_not_send() {
    for office in every_engine().await {
        register(&office).await;
        let world = World::around(&office);
        publish_all(&office, &world).await;
        for kind in ["ownership", "spf", "dkim", "dmarc"] {
            assert_eq!(verify(&office, DOMAIN, kind).await.0, CheckStatus::Done);
        }
        let mailroom = &office.mailroom;
        let ready = async || mailroom.get_domain(DOMAIN).await.unwrap().sending_ready;
        world.set(DOMAIN, "TXT", &[]);
        // Nothing is due on the first day.
        mailroom.recheck_domains("one").await.unwrap();
        assert!(ready().await);
        for day in 1..=3 {
            office.clock.forward(DAY + 60);
            mailroom.recheck_domains("one").await.unwrap();
            assert!(ready().await, "day {day}");
        }
        office.clock.forward(DAY + 60);
        world.be_silent(true);
        mailroom.recheck_domains("one").await.unwrap();
        assert!(ready().await, "silence is held against nobody");
        world.be_silent(false);
        office.clock.forward(DAY + 60);
        mailroom.recheck_domains("one").await.unwrap();
        let domain = mailroom.get_domain(DOMAIN).await.unwrap();
        assert!(!domain.sending_ready && !domain.verified_ownership && !domain.verified_spf);
        assert!(domain.verified_dkim && domain.verified_dmarc);
        let lost: Vec<String> = events(&office)
            .await
            .into_iter()
            .filter(|(kind, _)| *kind == ChangeKind::DomainUnverified)
            .map(|(_, of)| of)
            .collect();
        assert_eq!(lost, ["ownership", "spf"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_process_at_a_time_looks_again() {
    for office in every_engine().await {
        register(&office).await;
        let world = World::around(&office);
        publish_all(&office, &world).await;
        verify(&office, DOMAIN, "dmarc").await;
        let checked = async || {
            let domain = office.mailroom.get_domain(DOMAIN).await.unwrap();
            domain.last_checked_at
        };
        let first = checked().await;
        office.mailroom.recheck_domains("one").await.unwrap();
        office.clock.forward(DAY + 60);
        office.mailroom.recheck_domains("one").await.unwrap();
        let second = checked().await;
        assert!(second > first);
        office.mailroom.recheck_domains("two").await.unwrap();
        assert_eq!(checked().await, second);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bounces_come_back_to_the_narrowest_place_that_is_known_to_come_here() {
    for office in every_engine().await {
        register(&office).await;
        let world = World::around(&office);
        let path = async |domain: &str| office.mailroom.return_path(domain).await.unwrap();
        assert_eq!(path(DOMAIN).await, ReturnPath::Plain);
        publish_all(&office, &world).await;
        verify(&office, DOMAIN, "mx").await;
        assert_eq!(path(DOMAIN).await, ReturnPath::Domain(DOMAIN.to_owned()));
        verify(&office, DOMAIN, "feedback").await;
        let bounce = ReturnPath::Feedback("bounce.bots.example.org".to_owned());
        assert_eq!(path("BOTS.example.org").await, bounce);
        assert_eq!(path("sub.bots.example.org").await, ReturnPath::Plain);
        assert_eq!(path("agents.localhost").await, ReturnPath::Plain);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_domain_that_is_not_ready_does_not_send_and_names_what_is_missing() {
    for office in every_engine().await {
        register(&office).await;
        let world = World::around(&office);
        let account = office
            .provision(&office.actor, "a@bots.example.org")
            .await
            .unwrap();
        let grant = office
            .mailroom
            .grant_for(&office.actor, &account.id)
            .await
            .unwrap();
        let send = async || {
            let outgoing = Outgoing {
                to: vec![posthouse_types::address::DisplayAddress {
                    name: String::new(),
                    email: "b@agents.localhost".to_owned(),
                }],
                ..Outgoing::default()
            };
            office.mailroom.send_message(&grant, outgoing, None).await
        };
        publish_all(&office, &world).await;
        verify(&office, DOMAIN, "ownership").await;
        let refused = send().await;
        let Err(Refusal::DomainNotVerified { message }) = refused else {
            panic!("{refused:?}");
        };
        assert_eq!(
            message,
            "domain bots.example.org is not verified: dkim, spf missing"
        );
        verify(&office, DOMAIN, "dkim").await;
        verify(&office, DOMAIN, "spf").await;
        assert!(!matches!(
            send().await,
            Err(Refusal::DomainNotVerified { .. })
        ));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn trial_domains_need_no_records_and_no_checks() {
    let office = every_engine().await.remove(0);
    let world = World::around(&office);
    world.be_silent(true);
    for kind in RecordKind::ALL {
        let trial = "agents.localhost";
        assert_eq!(
            verify(&office, trial, kind.name()).await.0,
            CheckStatus::Done
        );
    }
    assert!(
        office
            .mailroom
            .rotate_domain_keys("agents.localhost")
            .await
            .is_err()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_domain_can_be_looked_at_twenty_times_at_once() {
    let office = every_engine().await.remove(0);
    register(&office).await;
    World::around(&office);
    let once = || office.mailroom.verify_domain(DOMAIN, "mx", None);
    for _ in 0..20 {
        once().await.unwrap();
    }
    assert!(matches!(once().await, Err(Refusal::RateLimited { .. })));
    office.clock.forward(5);
    once().await.unwrap();
    assert!(once().await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_domain_with_keys_and_checks_can_be_given_up() {
    for office in every_engine().await {
        register(&office).await;
        World::around(&office);
        verify(&office, DOMAIN, "dkim").await;
        let before = office.mailroom.domain_info(DOMAIN, "ownership", None).await;
        office.mailroom.delete_domain(DOMAIN).await.unwrap();
        register(&office).await;
        let after = office.mailroom.domain_info(DOMAIN, "ownership", None).await;
        let value = |info: Result<posthouse_mailroom::domains::Verification, Refusal>| {
            info.unwrap().records[0].value.clone()
        };
        assert_ne!(
            value(before),
            value(after),
            "a former owner's proof is worth nothing"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn smtp_07_hostile_texts_in_dns_are_kept_short_and_plain() {
    for office in every_engine().await {
        register(&office).await;
        let world = World::around(&office);
        let name = "ph1._domainkey.bots.example.org";
        let endless = "x".repeat(60_000);
        for hostile in [
            "\0\u{1b}[2J\r\nSet-Cookie: a",
            endless.as_str(),
            "\u{202e}",
            "",
        ] {
            world.set(name, "TXT", &[hostile]);
            let (status, message) = verify(&office, DOMAIN, "dkim").await;
            assert_eq!(status, CheckStatus::Failed);
            assert!(!message.contains(char::is_control), "{message:?}");
            assert!(message.chars().count() <= 2_000);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ops_02_signing_keys_in_a_dump_of_the_database_are_unreadable() {
    use posthouse_net::authentication::{DkimKey, KeyAlgorithm};
    for office in every_engine().await {
        register(&office).await;
        World::around(&office);
        verify(&office, DOMAIN, "dkim").await;
        let kept = office.store.read(|tx: &mut dyn Tx| {
            let sql = "SELECT private_key FROM dkim_keys";
            tx.query(sql, &[], |row| Ok(row.bytes(0)?.to_vec()))
        });
        let kept: Result<Vec<Vec<u8>>, StoreError> = kept.await;
        let kept = kept.unwrap();
        assert_eq!(kept.len(), 2);
        for sealed in kept {
            for start in 0..sealed.len() {
                for algorithm in [KeyAlgorithm::RsaSha256, KeyAlgorithm::Ed25519Sha256] {
                    assert!(DkimKey::from_pkcs8(algorithm, &sealed[start..]).is_err());
                }
            }
        }
    }
}
