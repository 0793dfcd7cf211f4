//! A name server with a signed root, from Debian's tools: `dnssec-keygen` and `dnssec-signzone` sign, `knotd` serves.
//!
//! | zone | what a validating resolver finds |
//! |---|---|
//! | `signed.` | signed, and the root vouches for it |
//! | `plain.` | not signed, and the root says so |
//! | `forged.` | signed, then every `192.0.2.1` was made a `192.0.2.66` |
//! | `stripped.` | the root vouches for keys, and there is not one signature |

use std::fs;
use std::io::Write as _;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// A running name server; it ends with this value.
pub struct SignedZones {
    dir: TempDir,
    server: Child,
    pub address: SocketAddr,
}

impl Drop for SignedZones {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

impl SignedZones {
    /// Serves these records, named absolutely or relative to each of the zones. `None`, said aloud, where the tools are missing.
    pub fn serving(records: &str) -> Option<Self> {
        if !["dnssec-keygen", "dnssec-signzone", "knotd"]
            .into_iter()
            .all(installed)
        {
            let may_be_missing = std::env::var_os("CI").is_none();
            assert!(may_be_missing, "bind9-utils or knot is not installed");
            // Past the capture of test output, which would hide it.
            let _ = writeln!(
                std::io::stderr(),
                "skipped: bind9-utils or knot is not installed"
            );
            return None;
        }
        let dir = tempfile::tempdir().unwrap();
        let at = dir.path();
        let mut delegations = String::new();
        for zone in ["signed.", "forged.", "stripped."] {
            make_key(at, zone);
            write_zone(at, zone, records);
            sign(at, zone);
            delegations.push_str(&fs::read_to_string(at.join(format!("dsset-{zone}"))).unwrap());
        }
        write_zone(at, "plain.", records);
        fs::copy(at.join("plain..zone"), at.join("plain..signed")).unwrap();
        fs::copy(at.join("stripped..zone"), at.join("stripped..signed")).unwrap();
        let forged = at.join("forged..signed");
        let text = fs::read_to_string(&forged).unwrap();
        assert!(text.contains("192.0.2.1"));
        fs::write(&forged, text.replace("192.0.2.1", "192.0.2.66")).unwrap();

        for zone in ["signed", "plain", "forged", "stripped"] {
            delegations.push_str(&format!("{zone}. NS ns.{zone}.\nns.{zone}. A 127.0.0.1\n"));
        }
        make_key(at, ".");
        write_zone(at, ".", &delegations);
        sign(at, ".");
        let (server, address) = serve(at);
        Some(Self {
            dir,
            server,
            address,
        })
    }

    /// The root's key.
    pub fn anchor(&self) -> PathBuf {
        self.dir.path().join("anchor")
    }
}

fn installed(tool: &str) -> bool {
    let places = ["/usr/sbin", "/usr/bin"];
    places
        .iter()
        .any(|place| Path::new(place).join(tool).exists())
}

fn run(at: &Path, tool: &str, arguments: &[&str]) -> String {
    let output = Command::new(tool)
        .args(arguments)
        .current_dir(at)
        .env("PATH", "/usr/sbin:/usr/bin:/bin")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{tool} {arguments:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

/// One key for everything, in `<zone>key`; the root's is the anchor too.
fn make_key(at: &Path, zone: &str) {
    let name = run(
        at,
        "dnssec-keygen",
        &["-q", "-a", "ECDSAP256SHA256", "-f", "KSK", zone],
    );
    let record = fs::read_to_string(at.join(format!("{}.key", name.trim()))).unwrap();
    fs::write(at.join(format!("{zone}key")), &record).unwrap();
    if zone == "." {
        let key: Vec<&str> = record
            .lines()
            .filter(|line| !line.starts_with(';'))
            .collect();
        fs::write(at.join("anchor"), format!("{}\n", key.join("\n"))).unwrap();
    }
}

fn write_zone(at: &Path, zone: &str, records: &str) {
    let apex = if zone == "." {
        String::new()
    } else {
        zone.to_owned()
    };
    let ns = if zone == "." {
        "ns.signed.".to_owned()
    } else {
        format!("ns.{apex}")
    };
    let glue = if zone == "." {
        String::new()
    } else {
        format!("{ns} A 127.0.0.1\n")
    };
    let text = format!(
        "$ORIGIN {zone}\n$TTL 300\n@ SOA {ns} hostmaster.{apex} 1 3600 600 86400 300\n@ NS {ns}\n{glue}{records}\n"
    );
    let text = if zone == "." {
        text.replace("hostmaster. ", "hostmaster.signed. ")
    } else {
        text
    };
    fs::write(at.join(format!("{zone}.zone")), text).unwrap();
}

fn sign(at: &Path, zone: &str) {
    let (input, output) = (format!("{zone}.zone"), format!("{zone}.signed"));
    run(
        at,
        "dnssec-signzone",
        &[
            "-q", "-S", "-z", "-K", ".", "-o", zone, "-f", &output, &input,
        ],
    );
}

fn serve(at: &Path) -> (Child, SocketAddr) {
    let address = free_address();
    let mut text = format!(
        "server:\n    listen: {}@{}\n    rundir: {dir}\n    pidfile: {dir}/pid\nlog:\n  - target: stderr\n    any: error\ndatabase:\n    storage: {dir}/db\ntemplate:\n  - id: default\n    storage: {dir}\n    semantic-checks: off\n    zonefile-load: whole\n    journal-content: none\nzone:\n",
        address.ip(),
        address.port(),
        dir = at.display()
    );
    for zone in [".", "signed.", "plain.", "forged.", "stripped."] {
        text.push_str(&format!(
            "  - domain: {zone}\n    file: {}/{zone}.signed\n",
            at.display()
        ));
    }
    fs::write(at.join("knot.conf"), text).unwrap();
    let log = fs::File::create(at.join("knot.log")).unwrap();
    let server = Command::new("/usr/sbin/knotd")
        .arg("-c")
        .arg(at.join("knot.conf"))
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .unwrap();
    wait_until_it_answers(address, at);
    (server, address)
}

/// Free for both protocols a moment ago.
fn free_address() -> SocketAddr {
    loop {
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = udp.local_addr().unwrap();
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
}

/// Asks for the start of authority of the zone that is loaded last until it comes.
fn wait_until_it_answers(address: SocketAddr, at: &Path) {
    let question =
        b"\x12\x34\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x08stripped\x00\x00\x06\x00\x01";
    let asker = UdpSocket::bind("127.0.0.1:0").unwrap();
    asker
        .set_read_timeout(Some(Duration::from_millis(50)))
        .unwrap();
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(20) {
        let mut answer = [0; 512];
        let _ = asker.send_to(question, address);
        if let Ok(length) = asker.recv(&mut answer)
            && length > 12
            && answer[3] & 0x0f == 0
        {
            return;
        }
    }
    let log = fs::read_to_string(at.join("knot.log")).unwrap_or_default();
    panic!("the name server does not answer: {log}");
}
