//! An authoritative Knot DNS on loopback. It serves a signed root, signs every zone itself, and takes zone files as they are.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use posthouse_tests::{eventually, tools};
use tempfile::TempDir;

/// A zone that the root vouches for, and that is served without a single signature: somebody on the way has taken them.
pub const STRIPPED: &str = "stripped.test";

/// A running name server; it ends when this value is dropped.
pub struct Names {
    directory: TempDir,
    server: Child,
    address: SocketAddr,
}

impl Names {
    /// Starts a server for a root that vouches for these zones; they have no content yet. `None`, said aloud, where Knot is missing.
    pub async fn start(zones: &[&str]) -> Option<Self> {
        let (knotd, keymgr) = (tools::program("knotd")?, tools::program("keymgr")?);
        let directory = tempfile::tempdir().expect("a temporary directory");
        let at = directory.path();
        let address = free_address();
        std::fs::create_dir(at.join("db")).expect("a directory");
        std::fs::write(at.join("knot.conf"), configuration(at, address, zones)).expect("written");
        let mut root = "$TTL 60\n. SOA ns.far.test. hostmaster.far.test. 1 3600 900 86400 60\n\
                        . NS ns.far.test.\nns.far.test. A 127.0.0.1\n"
            .to_owned();
        for zone in zones {
            generate_key(&keymgr, at, zone);
            let fingerprints = run(&keymgr, at, &[zone, "ds"]);
            let sha256 = fingerprints
                .lines()
                .find(|line| line.split_whitespace().nth(4) == Some("2"))
                .expect("a fingerprint by SHA-256");
            root.push_str(&format!("{zone}. NS ns.far.test.\n{sha256}\n"));
        }
        generate_key(&keymgr, at, ".");
        // An anchor file names the class, which keymgr leaves out.
        let anchor = run(&keymgr, at, &[".", "dnskey"]).replace(" DNSKEY ", " IN DNSKEY ");
        std::fs::write(at.join("anchor"), anchor).expect("written");
        std::fs::write(at.join("root.zone"), root).expect("written");
        let log = std::fs::File::create(at.join("log")).expect("a log file");
        let server = Command::new(knotd)
            .arg("-c")
            .arg(at.join("knot.conf"))
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("Knot starts");
        let names = Self {
            directory,
            server,
            address,
        };
        names.wait_for_log("server started").await;
        Some(names)
    }

    /// Publishes a zone file, not a byte changed.
    pub async fn publish(&self, zone: &str, text: &str) {
        let seen = self.log().len();
        std::fs::write(self.file_of(zone), text).expect("written");
        let hang_up = Command::new("sh")
            .args(["-c", "kill -s HUP \"$0\"", &self.server.id().to_string()])
            .status();
        assert!(hang_up.is_ok_and(|status| status.success()));
        eventually(&format!("the zone {zone} to be loaded"), async || {
            let news = self.log().split_off(seen);
            let refused = format!("[{zone}.] zone event 'load' failed");
            assert!(!news.contains(&refused), "{news}");
            news.contains(&format!("[{zone}.] loaded, serial"))
                .then_some(())
        })
        .await;
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The root's key.
    pub fn anchor(&self) -> PathBuf {
        self.directory.path().join("anchor")
    }

    fn file_of(&self, zone: &str) -> PathBuf {
        self.directory.path().join(format!("{zone}.zone"))
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.directory.path().join("log")).unwrap_or_default()
    }

    async fn wait_for_log(&self, words: &str) {
        eventually(&format!("Knot to say {words:?}"), async || {
            self.log().contains(words).then_some(())
        })
        .await;
    }
}

impl Drop for Names {
    fn drop(&mut self) {
        drop(self.server.kill());
        drop(self.server.wait());
        if std::thread::panicking() {
            eprintln!("---- Knot's log ----\n{}", self.log());
        }
    }
}

fn configuration(at: &Path, address: SocketAddr, zones: &[&str]) -> String {
    let here = at.display();
    let (ip, port) = (address.ip(), address.port());
    let mut text = format!(
        "server:\n    listen: {ip}@{port}\n    rundir: {here}\n    pidfile: {here}/pid\n\
         log:\n  - target: stderr\n    any: info\ndatabase:\n    storage: {here}/db\n\
         policy:\n  - id: signed\n    algorithm: ecdsap256sha256\n    single-type-signing: on\n\
         template:\n  - id: default\n    storage: {here}\n    zonefile-load: whole\n    zonefile-sync: -1\n    \
         journal-content: none\n    dnssec-signing: on\n    dnssec-policy: signed\n\
         zone:\n  - domain: .\n    file: {here}/root.zone\n"
    );
    for zone in zones {
        text.push_str(&format!(
            "  - domain: {zone}.\n    file: {here}/{zone}.zone\n"
        ));
        if *zone == STRIPPED {
            text.push_str("    dnssec-signing: off\n");
        }
    }
    text
}

/// One key for everything, as the policy has it.
fn generate_key(keymgr: &Path, at: &Path, zone: &str) {
    let kind = ["algorithm=ecdsap256sha256", "ksk=yes", "zsk=yes"];
    run(keymgr, at, &[&[zone, "generate"], &kind[..]].concat());
}

fn run(keymgr: &Path, at: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new(keymgr);
    command.arg("-c").arg(at.join("knot.conf")).args(arguments);
    let output = command.output().expect("keymgr runs");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {stderr}");
    String::from_utf8(output.stdout).expect("text")
}

/// Free for both protocols a moment ago.
fn free_address() -> SocketAddr {
    loop {
        let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = udp.local_addr().expect("an address");
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
}
