//! Spam goes to Junk with its reasons, moves teach, lists and a virus scanner are asked: the whole server.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use posthouse_tests::dns::{NameServer, Zone};
use posthouse_tests::eventually;
use posthouse_tests::letter::Letter;
use posthouse_tests::server::{Account, Options, Posthouse};
use posthouse_tests::smtp::Reply;
use serde_json::{Value, json};

async fn start(flags: &[&str]) -> Posthouse {
    let flags = flags.iter().map(|flag| (*flag).to_owned()).collect();
    Posthouse::start_with(Options {
        flags,
        ..Options::default()
    })
    .await
}

async fn messages(server: &Posthouse, account: &Account, folder: &str) -> Vec<Value> {
    let path = format!(
        "/v3/grants/{}/messages?in={folder}&fields=include_security&limit=50",
        account.id
    );
    server.api().get(&path).await.expect(200).rows()
}

fn codes(message: &Value) -> Vec<String> {
    let reasons = message["security"]["spam"]["reasons"].as_array().unwrap();
    let code = |reason: &Value| reason["code"].as_str().unwrap().to_owned();
    reasons.iter().map(code).collect()
}

async fn change(server: &Posthouse, account: &Account, message: &Value, body: Value) {
    let id = message["id"].as_str().unwrap();
    let path = format!("/v3/grants/{}/messages/{id}", account.id);
    server.api().put(&path, body).await.expect(200);
}

#[tokio::test]
async fn moves_teach_and_what_was_learned_shows_in_the_next_message() {
    let server = start(&[]).await;
    let account = server.create_account("triage").await;
    for number in 0..6 {
        let offer = Letter::to(&account.email)
            .from(&format!("offer{number}@pills.example"))
            .subject("Cheap watches")
            .text("Cheap watches and pills for everybody, order today and save a fortune.");
        let lunch = Letter::to(&account.email)
            .from(&format!("friend{number}@shop.example"))
            .subject("Lunch")
            .text("Shall we meet for lunch on Tuesday and talk about the budget?");
        server.deliver(&offer).await;
        server.deliver(&lunch).await;
    }
    for message in messages(&server, &account, "inbox").await {
        let body = match message["subject"].as_str() {
            Some("Lunch") => json!({"answered": true}),
            _ => json!({"folders": ["junk"]}),
        };
        change(&server, &account, &message, body).await;
    }
    let judged = eventually("what was learned is heard", async || {
        let offer = Letter::to(&account.email)
            .from("new@other.example")
            .subject("Watches")
            .text("Cheap watches and pills, order today!");
        server.deliver(&offer).await;
        let newest = messages(&server, &account, "inbox").await.remove(0);
        codes(&newest)
            .iter()
            .any(|code| code.starts_with("BAYES_SPAM"))
            .then_some(newest)
    });
    let spam = &judged.await["security"]["spam"];
    assert_eq!(
        (&spam["threshold"], &spam["verdict"]),
        (&json!(5.0), &json!("ham"))
    );
}

#[tokio::test]
async fn a_listed_peer_lies_in_junk_where_a_policy_asks_lists() {
    let listed: std::net::Ipv4Addr = "127.0.0.4".parse().unwrap();
    let names = NameServer::start(Zone::default().address("1.0.0.127.bl.example", listed)).await;
    let server = start(&[
        "--dns",
        &names.address().to_string(),
        "--inbound-checks",
        "all",
        "--dnsbl",
        "bl.example=6,mute.example",
    ])
    .await;
    let account = server.create_account("triage").await;
    let letter = Letter::to(&account.email).text("Are you there today?");
    server.deliver(&letter).await;
    assert_eq!(messages(&server, &account, "junk").await.len(), 0);

    let wish = json!({"name": "House", "spam_detection": {"use_list_dnsbl": true}});
    let policy = server.api().post("/v3/policies", wish).await.expect(200);
    let workspaces = server.api().get("/v3/workspaces").await.expect(200).rows();
    let id = workspaces[0]["workspace_id"].as_str().unwrap();
    let attach = json!({"policy_id": policy.data()["id"]});
    let path = format!("/v3/workspaces/{id}");
    server.api().patch(&path, attach).await.expect(200);

    server.deliver(&letter).await;
    let junk = messages(&server, &account, "junk").await;
    assert_eq!(junk.len(), 1);
    let codes = codes(&junk[0]);
    assert!(codes.contains(&"BLOCK_LIST".to_owned()), "{codes:?}");
}

/// ClamAV with one signature, as long as this lives.
struct Clamd {
    child: Child,
    directory: tempfile::TempDir,
}

impl Drop for Clamd {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

const MARKER: &str = "posthouse-own-malware-marker";

impl Clamd {
    /// Starts it; `None`, said aloud, where it is not installed.
    async fn start() -> Option<Self> {
        let program = PathBuf::from("/usr/sbin/clamd");
        if !program.exists() {
            assert!(std::env::var_os("CI").is_none(), "clamd is not installed");
            let note = "skipped: clamd is not installed; `cargo xtask test` installs it";
            let _ = writeln!(std::io::stderr(), "{note}");
            return None;
        }
        let directory = tempfile::tempdir().unwrap();
        let hex: String = MARKER.bytes().map(|byte| format!("{byte:02x}")).collect();
        let signature = format!("Posthouse.Own.Marker:0:*:{hex}\n");
        std::fs::write(directory.path().join("own.ndb"), signature).unwrap();
        let socket = socket(directory.path());
        let settings = format!(
            "Foreground yes\nDatabaseDirectory {}\nLocalSocket {}\n",
            directory.path().display(),
            socket.display()
        );
        let file = directory.path().join("clamd.conf");
        std::fs::write(&file, settings).unwrap();
        let child = Command::new(program)
            .arg("-c")
            .arg(file)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let listens = async || std::os::unix::net::UnixStream::connect(&socket).ok();
        eventually("clamd listens", listens).await;
        Some(Self { child, directory })
    }
}

fn socket(directory: &Path) -> PathBuf {
    directory.join("clamd.sock")
}

async fn hand_over(server: &Posthouse, letter: &Letter) -> Reply {
    let mut smtp = server.smtp().await;
    smtp.command("EHLO peer.example").await.expect(250);
    smtp.send_letter(letter).await
}

#[tokio::test]
async fn clamav_keeps_malware_out_and_in() {
    let Some(clamd) = Clamd::start().await else {
        return;
    };
    let place = socket(clamd.directory.path());
    let server = start(&["--clamd", place.to_str().unwrap()]).await;
    let account = server.create_account("triage").await;
    let clean = Letter::to(&account.email).text("hello");
    server.deliver(&clean).await;
    let file = MARKER.as_bytes();
    let infected = Letter::to(&account.email).file("a.bin", "application/octet-stream", file);
    let reply = hand_over(&server, &infected).await.expect(554);
    assert!(reply.text().contains("5.7.1"), "{}", reply.text());
    assert_eq!(messages(&server, &account, "inbox").await.len(), 1);

    let path = format!("/v3/grants/{}/messages/send", account.id);
    let to = json!([{"email": "x@shop.example"}]);
    let send = |body: &str| json!({"to": to, "subject": "File", "body": body});
    server.api().post(&path, send("hello")).await.expect(200);
    let refused = server.api().post(&path, send(MARKER)).await.expect(403);
    assert!(refused.error_message().contains("Posthouse.Own.Marker"));
    let audit = server.api().get("/v3/admin/audit").await.expect(200);
    let rejected = audit
        .rows()
        .iter()
        .filter(|row| row["outcome"] == "rejected")
        .count();
    assert_eq!(rejected, 2);

    // Without a scanner mail waits.
    drop(clamd);
    hand_over(&server, &clean).await.expect(451);
    server.api().post(&path, send("hello")).await.expect(503);
}
