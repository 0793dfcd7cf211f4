//! The real clamd, spamd and rspamd, each started here on a socket of its own where it is installed; and scanners that do not behave.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use posthouse_net::resolver::{Answer, Resolve, ResolveError};
use posthouse_net::scanners::clamd::{Clamd, Finding};
use posthouse_net::scanners::rspamd::Rspamd;
use posthouse_net::scanners::spamassassin::Spamd;
use posthouse_net::scanners::{Place, ScanError, Specimen};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixListener;

/// How long a scanner may take to load what it knows.
const START_DEADLINE: Duration = Duration::from_secs(90);
/// How long one question may take here.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the tests' own signature stands for.
const MARKER: &str = "posthouse-own-malware-marker";

struct Nobody;

impl Resolve for Nobody {
    fn lookup<'a>(&'a self, _name: &'a str) -> Answer<'a> {
        Box::pin(async { Err(ResolveError::NotFound) })
    }
}

/// A scanner that ends with the test.
struct Scanner {
    child: Child,
    directory: tempfile::TempDir,
}

impl Drop for Scanner {
    /// Asks it to end first, so that the processes it has made end with it.
    fn drop(&mut self) {
        drop(
            Command::new("kill")
                .arg(self.child.id().to_string())
                .status(),
        );
        let asked = Instant::now();
        while asked.elapsed() < Duration::from_secs(10) {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Scanner {
    /// Starts a program in a directory of its own; `None`, said aloud, where it is not installed.
    fn start(program: &str, arrange: impl FnOnce(&Path) -> Vec<String>) -> Option<Self> {
        let places = ["/usr/sbin", "/usr/bin"].map(|place| PathBuf::from(place).join(program));
        let Some(path) = places.into_iter().find(|path| path.exists()) else {
            assert!(
                std::env::var_os("CI").is_none(),
                "{program} is not installed"
            );
            let note = "is not installed; `cargo xtask test` installs it";
            let _ = writeln!(std::io::stderr(), "skipped: {program} {note}");
            return None;
        };
        let directory = tempfile::tempdir().unwrap();
        let arguments = arrange(directory.path());
        let child = Command::new(path)
            .args(arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Some(Self { child, directory })
    }

    fn place(&self) -> Place {
        Place::Unix(self.directory.path().join("sock"))
    }
}

fn nobody() -> Arc<dyn Resolve> {
    Arc::new(Nobody)
}

fn specimen(body: &str) -> Specimen {
    Specimen {
        raw: Bytes::from(format!(
            "From: Ann <ann@shop.example>\r\nTo: bot@agents.example\r\nSubject: Hello\r\nMessage-ID: <1@shop.example>\r\n\
             Date: Mon, 21 Sep 2026 13:46:40 +0000\r\n\r\n{body}\r\n"
        )),
        peer: "192.0.2.7".parse().unwrap(),
        helo: "mx.shop.example".to_owned(),
        envelope_from: "ann@shop.example".to_owned(),
        recipients: vec!["bot@agents.example".to_owned()],
    }
}

/// The text that all spam filters know, in halves so that this file is no spam.
fn gtube() -> String {
    [
        "XJS*C4JDBQADN1.NSBN3*2IDNEN*",
        "GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X",
    ]
    .concat()
}

/// Asks until somebody answers.
async fn once_up<T, F>(mut ask: impl FnMut() -> F) -> T
where
    F: Future<Output = Result<T, ScanError>>,
{
    let begun = Instant::now();
    loop {
        match ask().await {
            Ok(answer) => return answer,
            Err(error) => assert!(begun.elapsed() < START_DEADLINE, "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn clamd_finds_what_a_signature_of_ones_own_names() {
    let clamd = Scanner::start("clamd", |directory| {
        let hex: String = MARKER.bytes().map(|byte| format!("{byte:02x}")).collect();
        let database = directory.join("db");
        std::fs::create_dir(&database).unwrap();
        std::fs::write(
            database.join("own.ndb"),
            format!("Posthouse.Own.Marker:0:*:{hex}\n"),
        )
        .unwrap();
        let settings = format!(
            "Foreground yes\nDatabaseDirectory {}\nLocalSocket {}\nStreamMaxLength 1M\n",
            database.display(),
            directory.join("sock").display()
        );
        let file = directory.join("clamd.conf");
        std::fs::write(&file, settings).unwrap();
        vec!["-c".to_owned(), file.display().to_string()]
    });
    let Some(clamd) = clamd else { return };
    let client = Clamd::new(clamd.place(), nobody(), PATIENCE);
    assert_eq!(once_up(|| client.scan(b"hello")).await, Finding::Clean);
    // Across the border of two chunks, and behind an encoding that only a mail reader opens.
    let mut long = vec![b'x'; 64 * 1024 - 10];
    long.extend_from_slice(MARKER.as_bytes());
    let encoded = b"MIME-Version: 1.0\r\nFrom: a@b.example\r\nSubject: x\r\nContent-Type: application/octet-stream; name=a.bin\r\n\
        Content-Transfer-Encoding: base64\r\n\r\ncG9zdGhvdXNlLW93bi1tYWx3YXJlLW1hcmtlcg==\r\n";
    for raw in [long.as_slice(), encoded] {
        let Finding::Infected(name) = client.scan(raw).await.unwrap() else {
            panic!("the marker was not found");
        };
        assert!(name.starts_with("Posthouse.Own.Marker"), "{name}");
    }
    // What it does not take whole it has not looked at.
    let too_long = vec![b'x'; 2 * 1024 * 1024];
    assert!(client.scan(&too_long).await.is_err());
}

#[tokio::test]
async fn spamassassin_judges_what_it_is_shown() {
    let spamd = Scanner::start("spamd", |directory| {
        let socket = format!("--socketpath={}", directory.join("sock").display());
        let home = format!("--helper-home-dir={}", directory.display());
        [
            "-L",
            "--nouser-config",
            "-x",
            "-m",
            "1",
            "-u",
            "nobody",
            &home,
            &socket,
        ]
        .map(str::to_owned)
        .to_vec()
    });
    let Some(spamd) = spamd else { return };
    let client = Spamd::new(spamd.place(), nobody(), PATIENCE);
    let spam = specimen(&gtube());
    let opinion = once_up(|| client.check(&spam)).await;
    assert!(opinion.score > opinion.required, "{opinion:?}");
    assert!(
        opinion.rules.iter().any(|rule| rule == "GTUBE"),
        "{opinion:?}"
    );
    let opinion = client
        .check(&specimen("Shall we say one o'clock?"))
        .await
        .unwrap();
    assert!(opinion.score < opinion.required, "{opinion:?}");
}

#[tokio::test]
async fn rspamd_judges_what_it_is_shown() {
    let rspamd = Scanner::start("rspamd", |directory| {
        let here = directory.display();
        let settings = format!(
            "options {{ pidfile = \"{here}/pid\"; tempdir = \"{here}\"; hs_cache_dir = \"{here}\";\n\
               control_socket = \"{here}/control mode=0600\";\n\
               dns {{ nameserver = [\"127.0.0.1:9\"]; timeout = 1s; retransmits = 1; }} }}\n\
             logging {{ type = \"console\"; level = \"error\"; }}\n\
             metric {{ name = \"default\"; actions {{ reject = 15; add_header = 6; }} }}\n\
             worker \"normal\" {{ bind_socket = \"{here}/sock mode=0666\"; count = 1; }}\n"
        );
        let file = directory.join("rspamd.conf");
        std::fs::write(&file, settings).unwrap();
        // As root, which tests in a container are, it wants to be asked for it.
        ["-f", "-i", "-c", &file.display().to_string()]
            .map(str::to_owned)
            .to_vec()
    });
    let Some(rspamd) = rspamd else { return };
    let client = Rspamd::new(rspamd.place(), nobody(), PATIENCE);
    let spam = specimen(&gtube());
    let opinion = once_up(|| client.check(&spam)).await;
    assert!(opinion.score >= opinion.required, "{opinion:?}");
    assert_eq!(opinion.rules, ["GTUBE"]);
    let opinion = client
        .check(&specimen("Shall we say one o'clock?"))
        .await
        .unwrap();
    assert!(opinion.score < opinion.required, "{opinion:?}");
}

/// A scanner that reads some, says this, and stays or goes.
fn misbehaving(says: &'static [u8], stays: bool) -> (tempfile::TempDir, Place) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sock");
    let listener = UnixListener::bind(&path).unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut some = [0; 64];
                let _ = stream.read(&mut some).await;
                let _ = stream.write_all(says).await;
                if stays {
                    std::future::pending::<()>().await;
                }
            });
        }
    });
    (directory, Place::Unix(path))
}

#[tokio::test]
async fn a_scanner_that_does_not_behave_has_said_nothing() {
    let mail = specimen("hello");
    let short = Duration::from_millis(200);
    for says in [
        b"" as &[u8],
        b"\0",
        b"stream: OK",
        b"HTTP/1.1 200 OK\r\n\r\n{}",
        b"SPAMD/1.1 0 EX_OK\r\n",
    ] {
        for stays in [false, true] {
            let (_directory, place) = misbehaving(says, stays);
            let spamd = Spamd::new(place.clone(), nobody(), short)
                .check(&mail)
                .await;
            let rspamd = Rspamd::new(place.clone(), nobody(), short)
                .check(&mail)
                .await;
            assert!(spamd.is_err() && rspamd.is_err(), "{says:?}");
            let clamd = Clamd::new(place, nobody(), short).scan(&mail.raw).await;
            // One that hangs up in the middle may be heard before that is known; one that only stays may not.
            assert!(
                clamd.is_err() || (says == b"stream: OK" && !stays),
                "{says:?}"
            );
        }
    }
    let nowhere: Place = "nowhere.example:783".parse().unwrap();
    let error = Spamd::new(nowhere, nobody(), short)
        .check(&mail)
        .await
        .unwrap_err();
    assert!(matches!(error, ScanError::NoAddress), "{error}");
}
