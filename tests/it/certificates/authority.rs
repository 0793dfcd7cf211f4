//! Pebble, the ACME server of Let's Encrypt's developers, with the DNS that it believes.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use posthouse_tests::eventually;
use posthouse_tests::server::{Options, Posthouse};
use posthouse_tests::tools::program;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, KeyUsagePurpose};
use serde_json::json;
use tempfile::TempDir;

/// The server's own name in these tests.
pub const HOST: &str = "mail.posthouse.test";

/// A running Pebble and its DNS; both end with this value.
pub struct Authority {
    dir: TempDir,
    processes: Vec<Child>,
    acme: SocketAddr,
    management: SocketAddr,
    dns: SocketAddr,
    dns_management: SocketAddr,
    /// Where Posthouse listens, which Pebble has to know before.
    pub http: SocketAddr,
    pub https: SocketAddr,
}

impl Drop for Authority {
    fn drop(&mut self) {
        for process in &mut self.processes {
            drop(process.kill());
            drop(process.wait());
        }
    }
}

impl Authority {
    /// Starts both, Pebble with these variables. `None`, said aloud, where they are not installed.
    pub async fn start(environment: &[(&str, &str)]) -> Option<Self> {
        let pebble = program("pebble")?;
        let challtestsrv = program("pebble-challtestsrv")?;
        let dir = tempfile::tempdir().expect("a temporary directory");
        make_certificates(dir.path());
        let [acme, management, dns, dns_management, http, https] = free_addresses();
        let config = json!({"pebble": {
            "listenAddress": acme.to_string(), "managementListenAddress": management.to_string(),
            "certificate": dir.path().join("cert.pem"), "privateKey": dir.path().join("key.pem"),
            "httpPort": http.port(), "tlsPort": https.port(), "ocspResponderURL": "",
            "externalAccountBindingRequired": false,
        }});
        let config_path = dir.path().join("config.json");
        std::fs::write(&config_path, config.to_string()).expect("written");
        let mut authority = Self {
            dir,
            processes: Vec::new(),
            acme,
            management,
            dns,
            dns_management,
            http,
            https,
        };
        authority.spawn(
            Command::new(challtestsrv)
                .args(["-dns01", &dns.to_string()])
                .args(["-management", &dns_management.to_string()])
                .args([
                    "-http01",
                    "",
                    "-https01",
                    "",
                    "-tlsalpn01",
                    "",
                    "-defaultIPv6",
                    "",
                ]),
        );
        authority.spawn(
            Command::new(pebble)
                .args(["-config".as_ref(), config_path.as_os_str()])
                .args(["-dnsserver", &dns.to_string()])
                .envs(environment.iter().copied()),
        );
        let client = authority.client();
        eventually("Pebble to answer", async || {
            client.get(authority.directory()).send().await.ok()
        })
        .await;
        Some(authority)
    }

    fn spawn(&mut self, command: &mut Command) {
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(self.dir.path().join("log"))
            .expect("a log file");
        let command = command.current_dir(self.dir.path()).stdin(Stdio::null());
        let again = log.try_clone().expect("a log file");
        let process = command.stdout(again).stderr(log).spawn().expect("starts");
        self.processes.push(process);
    }

    fn directory(&self) -> String {
        format!("https://{}/dir", self.acme)
    }

    /// What the two have said, for a test that fails.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("log")).unwrap_or_default()
    }

    fn ca_file(&self) -> PathBuf {
        self.dir.path().join("ca.pem")
    }

    fn client(&self) -> reqwest::Client {
        let ca = std::fs::read(self.ca_file()).expect("a file");
        let ca = reqwest::Certificate::from_pem(&ca).expect("a certificate");
        let builder = reqwest::Client::builder().tls_certs_only([ca]);
        builder.build().expect("a client")
    }

    /// The root of what Pebble issues.
    pub async fn root(&self) -> String {
        let url = format!("https://{}/roots/0", self.management);
        let answer = self.client().get(url).send().await.expect("an answer");
        answer.text().await.expect("a certificate")
    }

    /// Lets names lead to this address.
    pub async fn point_names_at(&self, address: &str) {
        self.tell_dns("set-default-ipv4", json!({"ip": address}))
            .await;
    }

    /// Lets a name have this text.
    pub async fn publish_text(&self, name: &str, text: &str) {
        let body = json!({"host": format!("{name}."), "value": text});
        self.tell_dns("set-txt", body).await;
    }

    async fn tell_dns(&self, what: &str, body: serde_json::Value) {
        let url = format!("http://{}/{what}", self.dns_management);
        let call = reqwest::Client::new().post(url).body(body.to_string());
        let answer = call.send().await.expect("an answer");
        assert!(answer.status().is_success());
    }

    /// Starts a Posthouse that orders from here and can prove names by HTTP, and by TLS if asked to.
    pub async fn customer(&self, with_https: bool) -> Posthouse {
        let https = match with_https {
            true => self.https.to_string(),
            false => "off".to_owned(),
        };
        let ca_file = self.ca_file();
        let flags = [
            ("--hostname", HOST),
            ("--https", &https),
            ("--acme", "hostmaster@posthouse.test"),
            ("--acme-directory", &self.directory()),
            ("--ca-file", ca_file.to_str().expect("a plain path")),
            ("--dns", &self.dns.to_string()),
            ("--public-ip", "127.0.0.1"),
        ];
        let flags = flags
            .iter()
            .flat_map(|(flag, value)| [(*flag).to_owned(), (*value).to_owned()]);
        let clock = self.dir.path().join("clock");
        let clock = clock.to_str().expect("a plain path").to_owned();
        Posthouse::start_with(Options {
            http: Some(self.http),
            flags: flags.collect(),
            environment: vec![("POSTHOUSE_TEST_CLOCK".to_owned(), clock)],
            ..Options::default()
        })
        .await
    }

    /// Moves the customer's clock ahead.
    pub fn ahead(&self, seconds: i64) {
        std::fs::write(self.dir.path().join("clock"), seconds.to_string()).expect("written");
    }
}

/// Addresses that were free a moment ago, each for itself.
fn free_addresses<const COUNT: usize>() -> [SocketAddr; COUNT] {
    let listeners: [TcpListener; COUNT] =
        std::array::from_fn(|_| TcpListener::bind("127.0.0.1:0").expect("a port"));
    listeners.map(|listener| listener.local_addr().expect("an address"))
}

/// A certificate for Pebble's own web server, and its authority.
fn make_certificates(dir: &Path) {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let key = KeyPair::generate().expect("a key");
    let issuer = CertifiedIssuer::self_signed(params, key).expect("an authority");
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new(["127.0.0.1".to_owned()]).expect("a name");
    let certificate = params.signed_by(&key, &issuer).expect("a certificate");
    let write = |name: &str, text: String| std::fs::write(dir.join(name), text).expect("written");
    write("ca.pem", issuer.pem());
    write("cert.pem", certificate.pem());
    write("key.pem", key.serialize_pem());
}
