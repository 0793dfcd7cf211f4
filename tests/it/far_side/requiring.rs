//! Mail that requires TLS, and mail that waives it, at servers that support that and at servers that do not. RFC 8689.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use posthouse_tests::api::Api;
use posthouse_tests::dns::{NameServer, Zone};
use posthouse_tests::eventually;
use posthouse_tests::server::{Account, Options, Posthouse};
use posthouse_tests::webhook::WebhookReceiver;
use rustls::ServerConfig;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::certificates::Authority;
use super::policy_web::PolicyWeb;

/// A server that can be trusted with everything, one that knows TLS alone, and one that knows nothing.
const MODERN: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 1);
const OLD: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
const BARE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 3);

/// The arguments of MAIL of what was taken, and whether it came over TLS.
type Taken = Arc<Mutex<Vec<(String, String, bool)>>>;

struct FarServer {
    tls: Option<Arc<ServerConfig>>,
    requires: bool,
    taken: Taken,
}

impl FarServer {
    async fn listen(self, address: SocketAddr) -> SocketAddr {
        let listener = TcpListener::bind(address).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let server = Arc::new(self);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let server = Arc::clone(&server);
                tokio::spawn(async move {
                    let mut stream = BufReader::new(stream);
                    stream.write_all(b"220 far.test\r\n").await.ok()?;
                    server.talk(&mut stream, false).await?;
                    // It asked for TLS.
                    let acceptor = TlsAcceptor::from(Arc::clone(server.tls.as_ref()?));
                    let encrypted = acceptor.accept(stream.into_inner()).await.ok()?;
                    server.talk(&mut BufReader::new(encrypted), true).await
                });
            }
        });
        address
    }

    /// Ends with something when TLS is to begin.
    async fn talk<S>(&self, stream: &mut BufReader<S>, is_encrypted: bool) -> Option<()>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let (mut mail, mut rcpt) = (String::new(), String::new());
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await.ok()? == 0 {
                return None;
            }
            let line = line.trim_end();
            let answer = match line.split([' ', ':']).next()? {
                "EHLO" => self.hello(is_encrypted),
                "STARTTLS" => {
                    stream.write_all(b"220 go on\r\n").await.ok()?;
                    return Some(());
                }
                "MAIL" => {
                    mail = line.to_owned();
                    "250 ok\r\n".to_owned()
                }
                "RCPT" => {
                    rcpt = line.to_owned();
                    "250 ok\r\n".to_owned()
                }
                "DATA" => {
                    stream.write_all(b"354 go on\r\n").await.ok()?;
                    let mut text = String::new();
                    while !text.ends_with("\r\n.\r\n") {
                        if stream.read_line(&mut text).await.ok()? == 0 {
                            return None;
                        }
                    }
                    let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
                    taken.push((mail.clone(), rcpt.clone(), is_encrypted));
                    "250 taken\r\n".to_owned()
                }
                "QUIT" => "221 bye\r\n".to_owned(),
                _ => "502 what?\r\n".to_owned(),
            };
            stream.write_all(answer.as_bytes()).await.ok()?;
        }
    }

    fn hello(&self, is_encrypted: bool) -> String {
        let mut offers = vec!["far.test"];
        if self.tls.is_some() && !is_encrypted {
            offers.push("STARTTLS");
        }
        if self.requires && is_encrypted {
            offers.push("REQUIRETLS");
        }
        let last = offers.pop().unwrap_or_default();
        let lines: String = offers
            .iter()
            .map(|line| format!("250-{line}\r\n"))
            .collect();
        format!("{lines}250 {last}\r\n")
    }
}

struct Scene {
    server: Posthouse,
    agent: Account,
    taken: Taken,
    events: WebhookReceiver,
    _dns: NameServer,
    _policies: PolicyWeb,
    _directory: tempfile::TempDir,
}

impl Scene {
    async fn open() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let authority = Authority::new();
        let roots = directory.path().join("roots.pem");
        std::fs::write(&roots, authority.pem()).expect("written");
        let taken = Taken::default();
        let mut port = 0;
        for (host, address, has_tls, requires) in [
            ("modern", MODERN, true, true),
            ("old", OLD, true, false),
            ("bare", BARE, false, false),
        ] {
            let pair = authority.issue(&[format!("mx.{host}.test")]);
            let server = FarServer {
                tls: has_tls.then(|| pair.server_config()),
                requires,
                taken: Arc::clone(&taken),
            };
            port = server
                .listen(SocketAddr::from((address, port)))
                .await
                .port();
        }
        let policy = |host: &str, more: &str| {
            let text = format!(
                "version: STSv1\r\nmode: enforce\r\nmx: mx.{host}.test\r\n{more}max_age: 86400\r\n"
            );
            (format!("mta-sts.{host}.test"), text)
        };
        let both = "mx: mx.modern.test\r\n";
        let policies: HashMap<String, String> = [
            policy("modern", ""),
            policy("old", ""),
            policy("bare", ""),
            ("mta-sts.both.test".to_owned(), policy("old", both).1),
        ]
        .into();
        let hosts: Vec<String> = policies.keys().cloned().collect();
        let policies = PolicyWeb::start(&authority.issue(&hosts), policies).await;
        let mut zone = Zone::default();
        for (host, address) in [("modern", MODERN), ("old", OLD), ("bare", BARE)] {
            zone = with_policy(zone, &format!("{host}.test"))
                .mail_server(&format!("{host}.test"), 10, &format!("mx.{host}.test"))
                .address(&format!("mx.{host}.test"), address);
        }
        zone = with_policy(zone, "both.test")
            .mail_server("both.test", 10, "mx.old.test")
            .mail_server("both.test", 20, "mx.modern.test")
            .mail_server("free.test", 10, "mx.modern.test");
        let dns = NameServer::start(zone).await;
        let flags = [
            ("--outbound", "direct".to_owned()),
            ("--mx-port", port.to_string()),
            ("--mta-sts-port", policies.port().to_string()),
            ("--dns", dns.address().to_string()),
            ("--ca-file", roots.display().to_string()),
            ("--hostname", "mail.ours.example".to_owned()),
        ];
        let flags = flags
            .into_iter()
            .flat_map(|(flag, value)| [flag.to_owned(), value]);
        let server = Posthouse::start_with(Options {
            flags: flags.collect(),
            ..Options::default()
        })
        .await;
        let agent = server.create_account("agent").await;
        let events = WebhookReceiver::start().await;
        let body =
            json!({"webhook_url": events.url("/events"), "trigger_types": ["message.bounced"]});
        server.api().post("/v3/webhooks", body).await.expect(200);
        Self {
            server,
            agent,
            taken,
            events,
            _dns: dns,
            _policies: policies,
            _directory: directory,
        }
    }

    fn api(&self) -> Api {
        self.server.api()
    }

    async fn send(&self, domain: &str, query: &str, more: Value) {
        let mut body =
            json!({"to": [{"email": format!("a@{domain}")}], "subject": "x", "body": "x"});
        for (name, value) in more.as_object().expect("an object") {
            body[name] = value.clone();
        }
        let path = format!("/v3/grants/{}/messages/send{query}", self.agent.id);
        self.api().post(&path, body).await.expect(200);
    }

    async fn bounces(&self, count: usize) -> HashMap<String, String> {
        let told = eventually("the bounces", async || {
            let told = self.events.notifications();
            (told.len() >= count).then_some(told)
        })
        .await;
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        told.iter()
            .map(|one| one.json()["data"]["object"]["bounce"]["recipients"][0].clone())
            .map(|one| (text(&one["email"]), text(&one["diagnostic_code"])))
            .collect()
    }

    async fn taken(&self, count: usize) -> Vec<(String, String, bool)> {
        eventually("mail to arrive", async || {
            let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
            (taken.len() >= count).then(|| taken.clone())
        })
        .await
    }
}

fn with_policy(zone: Zone, domain: &str) -> Zone {
    zone.text(&format!("_mta-sts.{domain}"), "v=STSv1; id=1")
        .address(&format!("mta-sts.{domain}"), Ipv4Addr::LOCALHOST)
}

#[tokio::test(flavor = "multi_thread")]
async fn smtp_19_mail_that_requires_tls_goes_to_servers_that_keep_it_and_bounces_elsewhere() {
    let scene = Scene::open().await;
    for domain in [
        "modern.test",
        "both.test",
        "old.test",
        "bare.test",
        "free.test",
    ] {
        scene.send(domain, "?require_tls=true", json!({})).await;
    }
    let taken = scene.taken(2).await;
    for (mail, _, is_encrypted) in &taken {
        assert!(mail.ends_with(" REQUIRETLS") && *is_encrypted, "{taken:?}");
    }
    let bounced = scene.bounces(3).await;
    for (domain, reason) in [
        (
            "old.test",
            "550 5.7.30 mx.old.test does not support REQUIRETLS",
        ),
        (
            "bare.test",
            "550 5.7.30 MTA-STS refuses mx.bare.test: it does not offer STARTTLS",
        ),
        (
            "free.test",
            "550 5.7.30 required TLS refuses mx.modern.test: neither DNSSEC nor MTA-STS vouches for it",
        ),
    ] {
        let said = &bounced[&format!("a@{domain}")];
        assert!(said.starts_with(reason), "{said}");
    }
    // The others are not touched by it.
    scene.send("old.test", "", json!({})).await;
    let taken = scene.taken(3).await;
    assert_eq!(taken.len(), 3);
    assert!(!taken[2].0.contains("REQUIRETLS"), "{taken:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn drafts_and_scheduled_messages_require_tls_too() {
    let scene = Scene::open().await;
    let path = format!("/v3/grants/{}/drafts", scene.agent.id);
    let body = json!({"to": [{"email": "draft@old.test"}], "subject": "x", "body": "x"});
    let draft = scene
        .api()
        .post(&path, body)
        .await
        .expect(200)
        .text_of("id");
    let path = format!("{path}/{draft}?require_tls=true");
    scene.api().post(&path, json!({})).await.expect(200);
    let bounced = scene.bounces(1).await;
    assert!(
        bounced["draft@old.test"].starts_with("550 5.7.30 "),
        "{bounced:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_that_waives_tls_arrives_where_a_policy_would_keep_it_back() {
    let scene = Scene::open().await;
    let waives = json!({"custom_headers": [{"name": "TLS-Required", "value": "No"}]});
    scene.send("bare.test", "", json!({})).await;
    let row = eventually("the deferral", async || {
        let rows = scene.api().get("/v3/admin/queue").await.expect(200).rows();
        rows.into_iter().find(|row| row["state"] == "deferred")
    })
    .await;
    let said = row["last_reply"].as_str().expect("a reply");
    assert!(said.contains("it does not offer STARTTLS"), "{said}");
    // The destination is left alone for a while; an operator's word ends that.
    scene.send("bare.test", "", waives).await;
    let id = row["id"].as_str().expect("an id");
    let path = format!("/v3/admin/queue/{id}/retry");
    scene.api().post(&path, json!({})).await.expect(200);
    let taken = scene.taken(1).await;
    assert_eq!(taken.len(), 1);
    assert!(!taken[0].2, "{taken:?}");
}
