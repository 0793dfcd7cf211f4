//! The whole arrangement: name server, far side, and a server under test whose domains are registered, published and verified.

use std::collections::HashMap;
use std::path::Path;

use posthouse_tests::database::Database;
use posthouse_tests::eventually;
use posthouse_tests::server::{Account, Options, Posthouse};
use rcgen::{KeyPair, PKCS_RSA_SHA256, RsaKeySize};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::certificates::{Authority, Pair};
use super::far_postfix::{self, BARE, FarPostfix, Plan, TRUSTED, UNKNOWN};
use super::greylist::Greylist;
use super::names::{Names, STRIPPED};
use super::policy_web::PolicyWeb;

/// Name of the server under test, in the zone of the first domain.
pub const HOST: &str = "mx.bots.test";

/// The first domain.
pub const DOMAIN: &str = "bots.test";

/// When this variable is set, the server under test keeps everything in PostgreSQL.
const ON_POSTGRES: &str = "POSTHOUSE_TEST_FAR_SIDE_ON_POSTGRES";

/// Every kind of record that is verified.
pub const KINDS: [&str; 9] = [
    "ownership",
    "mx",
    "spf",
    "dkim",
    "feedback",
    "dmarc",
    "arc",
    "tls_rpt",
    "mta_sts",
];

/// Far domains with an MTA-STS policy: the mail server that the MX names, the one that the policy names, the mode.
const STS_DOMAINS: [(&str, &str, &str, &str); 5] = [
    ("sts-good", "sts", "sts", "enforce"),
    ("sts-unlisted", "sts", "elsewhere", "enforce"),
    ("sts-unknown", "unknown", "unknown", "enforce"),
    ("sts-bare", "stsbare", "stsbare", "enforce"),
    ("sts-testing", "unknown", "unknown", "testing"),
];

/// Everything that takes part.
pub struct World {
    pub server: Posthouse,
    pub names: Names,
    pub far: FarPostfix,
    /// Key of `far.test` for DKIM, in PEM.
    pub far_key: std::path::PathBuf,
    directory: TempDir,
    _greylist: Greylist,
    _policies: PolicyWeb,
}

impl World {
    /// Puts everything up, with one domain. `None`, said aloud, where a program is missing.
    pub async fn start() -> Option<Self> {
        Self::start_with(&[DOMAIN], &[]).await
    }

    /// Puts everything up, with these domains (the first is [`DOMAIN`]) and further flags.
    pub async fn start_with(domains: &[&str], flags: &[&str]) -> Option<Self> {
        let world = Self::unregistered(domains, flags).await?;
        for domain in domains {
            let id = world.register(domain).await;
            world
                .names
                .publish(domain, &world.zone_file(&id).await)
                .await;
            for kind in KINDS {
                let found = world.verify(&id, kind).await;
                assert_eq!(found["status"], "done", "{kind} of {domain}: {found}");
            }
        }
        Some(world)
    }

    /// Puts everything up; the domains are delegated, and no more.
    pub async fn unregistered(domains: &[&str], flags: &[&str]) -> Option<Self> {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let at = directory.path();
        let zones: Vec<&str> = domains
            .iter()
            .copied()
            .chain(["far.test", STRIPPED])
            .collect();
        let names = Names::start(&zones).await?;
        let port = far_postfix::free_port();

        let (authority, nobody) = (Authority::new(), Authority::new());
        let hosts = ["mx", "sts", "stsbare"].map(|name| format!("{name}.far.test"));
        let trusted = authority.issue(&hosts);
        let unknown = nobody.issue(&["unknown.far.test".to_owned()]);
        let policies = policies(&authority).await;
        let far_key = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048);
        let far_key = far_key.expect("an RSA key");
        std::fs::write(at.join("far-key.pem"), far_key.serialize_pem()).expect("written");
        std::fs::write(at.join("roots.pem"), authority.pem()).expect("written");
        names
            .publish("far.test", &far_zone(port, &trusted, &far_key))
            .await;

        let forged = "@ 60 SOA ns.far.test. hostmaster.far.test. 1 3600 900 86400 60\n@ 60 NS ns.far.test.\n\
                      @ 60 MX 10 sts.far.test.\n";
        names.publish(STRIPPED, forged).await;
        let server = serve(at, &names, port, policies.port(), flags).await;
        let greylist = Greylist::start().await;
        let plan = Plan {
            port,
            trusted: &trusted,
            unknown: &unknown,
            greylist: greylist.address(),
            domains,
            back: server.ready().smtp,
        };
        let far = FarPostfix::start(plan).await?;
        Some(Self {
            server,
            names,
            far,
            far_key: at.join("far-key.pem"),
            directory,
            _greylist: greylist,
            _policies: policies,
        })
    }

    /// Registers a domain; returns its id.
    pub async fn register(&self, domain: &str) -> String {
        let body = json!({"name": domain, "domain_address": domain});
        let answer = self.server.api().post("/v3/admin/domains", body).await;
        answer.expect(200).text_of("id")
    }

    /// Returns the zone file that is printed for a domain.
    pub async fn zone_file(&self, id: &str) -> String {
        let path = format!("/v3/admin/domains/{id}/zone-file");
        self.server.api().get(&path).await.expect(200).text()
    }

    /// Has one kind of record looked for.
    pub async fn verify(&self, id: &str, kind: &str) -> Value {
        let path = format!("/v3/admin/domains/{id}/verify");
        let answer = self.server.api().post(&path, json!({"type": kind})).await;
        answer.expect(200).data()
    }

    /// Makes an account on a domain.
    pub async fn account(&self, email: &str) -> Account {
        let body = json!({"provider": "nylas", "settings": {"email": email}});
        let answer = self.server.api().post("/v3/connect/custom", body).await;
        Account {
            id: answer.expect(201).text_of("id"),
            email: email.to_owned(),
        }
    }

    /// Sends a message to recipients; returns what the API answers.
    pub async fn send(&self, from: &Account, to: &[&str], subject: &str) -> Value {
        let to: Vec<Value> = to.iter().map(|email| json!({"email": email})).collect();
        let body = json!({"to": to, "subject": subject, "body": "<p>Grüße, and a line.</p>\n.\n<p>The end</p>"});
        let path = format!("/v3/grants/{}/messages/send", from.id);
        self.server.api().post(&path, body).await.expect(200).data()
    }

    /// Returns what waits in the queue for a recipient.
    pub async fn queued(&self, recipient: &str) -> Option<Value> {
        let rows = self
            .server
            .api()
            .get("/v3/admin/queue?limit=200")
            .await
            .expect(200)
            .rows();
        rows.into_iter().find(|row| row["recipient"] == recipient)
    }

    /// Waits until mail for a recipient was attempted in vain, and returns what the queue says of it.
    pub async fn wait_until_deferred(&self, recipient: &str) -> Value {
        eventually(
            &format!("mail for {recipient} to be deferred"),
            async || {
                self.queued(recipient)
                    .await
                    .filter(|row| row["state"] == "deferred")
            },
        )
        .await
    }

    /// Moves the clock of the server under test this far ahead of the machine's.
    pub fn set_clock_ahead(&self, seconds: u32) {
        let clock = self.directory.path().join("clock");
        std::fs::write(clock, seconds.to_string()).expect("written");
    }
}

async fn serve(at: &Path, names: &Names, port: u16, web_port: u16, flags: &[&str]) -> Posthouse {
    let text = |path: &Path| path.to_str().expect("a plain path").to_owned();
    let mut all: Vec<String> = [
        ("--hostname", HOST.to_owned()),
        ("--public-ip", "127.0.0.1".to_owned()),
        ("--dns", names.address().to_string()),
        ("--dns-anchor", text(&names.anchor())),
        ("--outbound", "direct".to_owned()),
        ("--mx-port", port.to_string()),
        ("--mta-sts-port", web_port.to_string()),
        ("--ca-file", text(&at.join("roots.pem"))),
        ("--allow-net", "127.0.0.0/8".to_owned()),
        ("--inbound-checks", "all".to_owned()),
        ("--log", "info,posthouse_delivery=debug".to_owned()),
    ]
    .into_iter()
    .flat_map(|(flag, value)| [flag.to_owned(), value])
    .collect();
    all.extend(flags.iter().map(|flag| (*flag).to_owned()));
    let database = match std::env::var_os(ON_POSTGRES) {
        Some(_) => Database::create().await,
        None => None,
    };
    Posthouse::start_with(Options {
        database,
        flags: all,
        environment: vec![("POSTHOUSE_TEST_CLOCK".to_owned(), text(&at.join("clock")))],
        ..Options::default()
    })
    .await
}

async fn policies(authority: &Authority) -> PolicyWeb {
    let host = |domain: &str| format!("mta-sts.{domain}.far.test");
    let policies: HashMap<String, String> = STS_DOMAINS
        .iter()
        .map(|(domain, _, listed, mode)| {
            let lines = format!(
                "version: STSv1\r\nmode: {mode}\r\nmx: {listed}.far.test\r\nmax_age: 86400\r\n"
            );
            (host(domain), lines)
        })
        .collect();
    let hosts: Vec<String> = policies.keys().cloned().collect();
    PolicyWeb::start(&authority.issue(&hosts), policies).await
}

/// The far side's zone: good and bad TLSA records, domains with policies, SPF, DKIM and DMARC.
fn far_zone(port: u16, trusted: &Pair, key: &KeyPair) -> String {
    use base64::Engine as _;
    use rcgen::PublicKeyData as _;
    let right = trusted.tlsa();
    let wrong = format!("3 1 1 {}", "5c".repeat(32));
    let public = base64::engine::general_purpose::STANDARD.encode(key.subject_public_key_info());
    let (one, other) = public.split_at(200);
    let mut zone = format!(
        "$ORIGIN far.test.\n$TTL 60\n@ SOA ns hostmaster 1 3600 900 86400 60\n@ NS ns\nns A 127.0.0.1\n\
         @ MX 10 mx\n@ TXT \"v=spf1 ip4:{TRUSTED} -all\"\n_dmarc TXT \"v=DMARC1; p=reject\"\n\
         key._domainkey TXT \"v=DKIM1; k=rsa; p={one}\" \"{other}\"\n\
         mx A {TRUSTED}\n_{port}._tcp.mx TLSA {right}\n\
         wrong-tlsa MX 10 wrong\nwrong A {TRUSTED}\n_{port}._tcp.wrong TLSA {wrong}\n\
         bare-tlsa MX 10 bare\nbare A {BARE}\n_{port}._tcp.bare TLSA {right}\n\
         sts A {TRUSTED}\nstsbare A {BARE}\nunknown A {UNKNOWN}\nnull MX 0 .\n"
    );
    for (domain, host, _, _) in STS_DOMAINS {
        zone.push_str(&format!(
            "{domain} MX 10 {host}\n_mta-sts.{domain} TXT \"v=STSv1; id=1\"\nmta-sts.{domain} A 127.0.0.1\n"
        ));
    }
    zone
}
