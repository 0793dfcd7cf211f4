//! The real binary, spawned on free ports with a store of its own.

use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::api::Api;
use crate::cli::Client;
use crate::database::{Bucket, Database};
use crate::eventually::eventually;
use crate::letter::Letter;
use crate::smtp::{Reply, SmtpClient};

/// Lines of the server's log that a failing test shows.
const LOG_LINES_SHOWN: usize = 120;

/// Domain on which a `--dev` server provisions accounts at once.
pub const TRIAL_DOMAIN: &str = "agents.localhost";

/// What differs from a plain `posthouse serve --dev`.
#[derive(Default)]
pub struct Options {
    /// PostgreSQL instead of SQLite.
    pub database: Option<Database>,
    /// S3 instead of a directory.
    pub bucket: Option<Bucket>,
    /// Where the API listens, for peers that must know before; else on a free port.
    pub http: Option<SocketAddr>,
    /// Further flags.
    pub flags: Vec<String>,
    /// Further environment variables.
    pub environment: Vec<(String, String)>,
}

/// A running server. It is killed, and its store removed, when this value is dropped; a failing test prints its log.
pub struct Posthouse {
    options: Options,
    directory: TempDir,
    process: Option<Child>,
    ready: Ready,
}

/// What the ready file says.
#[derive(Clone, Debug)]
pub struct Ready {
    /// Where the API listens.
    pub http: SocketAddr,
    /// Where it listens over TLS, if it does.
    pub https: Option<SocketAddr>,
    /// Where mail is received.
    pub smtp: SocketAddr,
    /// Key with every permission.
    pub api_key: String,
    /// The application of that key.
    pub application_id: String,
    /// The trial domain.
    pub domain: String,
}

/// An account that a test made.
#[derive(Clone, Debug)]
pub struct Account {
    /// Grant id.
    pub id: String,
    /// Address.
    pub email: String,
}

impl Posthouse {
    /// Starts a server as `posthouse serve --dev` does, on free ports and an empty store.
    pub async fn start() -> Self {
        Self::start_with(Options::default()).await
    }

    /// Starts a server with options.
    ///
    /// # Panics
    /// When it is not ready before the deadline.
    pub async fn start_with(options: Options) -> Self {
        let directory = tempfile::Builder::new()
            .prefix("posthouse-test-")
            .tempdir()
            .expect("a temporary directory");
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 0));
        let ready = Ready {
            http: nowhere,
            https: None,
            smtp: nowhere,
            api_key: String::new(),
            application_id: String::new(),
            domain: String::new(),
        };
        let mut server = Self {
            options,
            directory,
            process: None,
            ready,
        };
        server.launch().await;
        server
    }

    /// Stops the server with a signal as an operator would, and starts it again on the same store. Ports change.
    pub async fn restart(&mut self) {
        self.stop().await;
        self.launch().await;
    }

    /// Asks the server to stop (SIGTERM) and returns how it ended.
    pub async fn stop(&mut self) -> ExitStatus {
        let process = self.process.as_mut().expect("a running server");
        let pid = process.id().to_string();
        let sent = Command::new("sh")
            .args(["-c", "kill -s TERM \"$0\"", &pid])
            .status()
            .expect("a shell");
        assert!(sent.success(), "cannot signal process {pid}");
        let status = eventually("the server to stop after SIGTERM", async || {
            process.try_wait().expect("the state of a child")
        })
        .await;
        self.process = None;
        status
    }

    /// Kills the server at once, as a power cut of the process would (SIGKILL).
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            // Killing a process that has just ended is no failure of the test.
            drop(process.kill());
            drop(process.wait());
        }
    }

    /// Starts the server again on its store after [`kill`](Self::kill) or [`stop`](Self::stop).
    pub async fn launch(&mut self) {
        assert!(self.process.is_none(), "the server runs already");
        let ready_file = self.directory.path().join("ready.json");
        drop(std::fs::remove_file(&ready_file));
        self.process = Some(
            self.command(&ready_file)
                .spawn()
                .expect("the posthouse binary starts"),
        );
        let process = self.process.as_mut().expect("just started");
        let text = eventually("the server to be ready", async || {
            if let Some(status) = process.try_wait().expect("the state of a child") {
                panic!("the server ended before it was ready: {status}");
            }
            std::fs::read_to_string(&ready_file).ok()
        })
        .await;
        self.ready = Ready::read(&text);
    }

    fn command(&self, ready_file: &Path) -> Command {
        let log_path = self.log_path();
        let log = File::options()
            .create(true)
            .append(true)
            .open(log_path)
            .expect("a log file");
        let mut command = Command::new(binary());
        for (name, _) in
            std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("POSTHOUSE_"))
        {
            command.env_remove(name);
        }
        let http = self.options.http.unwrap_or(([127, 0, 0, 1], 0).into());
        command.args(["serve", "--dev", "--http"]);
        command.arg(http.to_string());
        command.args(["--smtp", "127.0.0.1:0"]);
        for listener in ["--submission", "--submissions", "--imap", "--imaps"] {
            command.args([listener, "off"]);
        }
        command
            .arg("--data-dir")
            .arg(self.data_directory())
            .arg("--ready-file")
            .arg(ready_file);
        if let Some(database) = &self.options.database {
            command.args(["--database", database.url()]);
        }
        if let Some(bucket) = &self.options.bucket {
            command
                .args(["--blobs", bucket.url()])
                .envs(bucket.environment());
        }
        command.args(&self.options.flags);
        for (name, value) in &self.options.environment {
            command.env(name, value);
        }
        command
            .current_dir(self.directory.path())
            .env("RUST_BACKTRACE", "1");
        command
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a log file"))
            .stderr(log);
        command
    }

    /// Returns what the ready file says.
    pub fn ready(&self) -> &Ready {
        &self.ready
    }

    /// Returns the directory of the store.
    pub fn data_directory(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    /// Returns the process id.
    ///
    /// # Panics
    /// When the server does not run.
    pub fn pid(&self) -> u32 {
        self.process.as_ref().expect("a running server").id()
    }

    /// Returns everything the server has logged since it was first started.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    fn log_path(&self) -> PathBuf {
        self.directory.path().join("log")
    }

    /// Returns an API client with the key of the first application.
    pub fn api(&self) -> Api {
        Api::new(
            &format!("http://{}", self.ready.http),
            Some(&self.ready.api_key),
        )
    }

    /// Returns a client command line with the key of the first application and an empty home directory.
    pub fn cli(&self) -> Client {
        Client::new(
            &self.directory.path().join("home"),
            self.api().base(),
            &self.ready.api_key,
        )
    }

    /// Opens an SMTP connection and reads the greeting.
    pub async fn smtp(&self) -> SmtpClient {
        SmtpClient::connect(self.ready.smtp).await
    }

    /// Delivers a letter over a connection of its own.
    ///
    /// # Panics
    /// When the server refuses it.
    pub async fn deliver(&self, letter: &Letter) -> Reply {
        let mut smtp = self.smtp().await;
        smtp.command("EHLO peer.example").await.expect(250);
        let reply = smtp.send_letter(letter).await.expect(250);
        smtp.command("QUIT").await.expect(221);
        reply
    }

    /// Makes an account on the trial domain.
    pub async fn create_account(&self, local_part: &str) -> Account {
        let email = format!("{local_part}@{TRIAL_DOMAIN}");
        let body = json!({"provider": "nylas", "settings": {"email": email}});
        let answer = self
            .api()
            .post("/v3/connect/custom", body)
            .await
            .expect(201);
        Account {
            id: answer.text_of("id"),
            email,
        }
    }

    /// Makes a second application and returns a client with its key.
    pub async fn create_application(&self, name: &str) -> Api {
        let application = self
            .api()
            .post("/v3/applications", json!({"name": name}))
            .await
            .expect(201);
        let keys = format!(
            "/v3/admin/applications/{}/api-keys",
            application.text_of("application_id")
        );
        let key = self
            .api()
            .post(&keys, json!({"name": "tests"}))
            .await
            .expect(200);
        self.api().with_key(&key.text_of("api_key"))
    }

    /// Waits until an account's mailbox lists so many messages, and returns them, newest first.
    pub async fn wait_for_messages(&self, account: &Account, count: usize) -> Vec<Value> {
        let api = self.api();
        let path = format!("/v3/grants/{}/messages?limit=200", account.id);
        eventually(
            &format!("{count} messages in {}", account.email),
            async || {
                let rows = api.get(&path).await.expect(200).rows();
                (rows.len() >= count).then_some(rows)
            },
        )
        .await
    }
}

impl Drop for Posthouse {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            let log = self.log();
            let lines: Vec<&str> = log.lines().collect();
            let shown = &lines[lines.len().saturating_sub(LOG_LINES_SHOWN)..];
            eprintln!(
                "---- the server's log ----\n{}\n--------------------------",
                shown.join("\n")
            );
        }
    }
}

impl Ready {
    fn read(text: &str) -> Self {
        let ready: Value = serde_json::from_str(text)
            .unwrap_or_else(|error| panic!("ready file ({error}): {text}"));
        let string = |name: &str| {
            let value = ready[name]
                .as_str()
                .unwrap_or_else(|| panic!("ready file without {name}: {text}"));
            value.to_owned()
        };
        let address = |name: &str| {
            let value = string(name);
            let bare = value.rsplit("//").next().unwrap_or_default();
            bare.parse()
                .unwrap_or_else(|error| panic!("ready file: {name} is {value}: {error}"))
        };
        Self {
            http: address("http"),
            https: ready["https"]
                .as_str()
                .map(|text| text.parse().expect("an address")),
            smtp: address("smtp"),
            api_key: string("api_key"),
            application_id: string("application_id"),
            domain: string("domain"),
        }
    }
}

/// Returns the binary that was built beside this test (`target/debug/posthouse`).
///
/// # Panics
/// When it is not there: `cargo test --package posthouse-tests` alone does not build it.
pub fn binary() -> PathBuf {
    let this_test = std::env::current_exe().expect("the path of this test");
    let built = this_test
        .ancestors()
        .find(|directory| directory.ends_with("debug") || directory.ends_with("release"));
    let binary = built.expect("tests are built by cargo").join("posthouse");
    assert!(
        binary.is_file(),
        "{} is missing: run `cargo build --package posthouse`",
        binary.display()
    );
    binary
}
