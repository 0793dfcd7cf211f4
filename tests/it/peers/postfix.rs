//! A private Postfix: its own configuration, queue and ports, relaying everything to the server under test, or being what a test sets up.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use posthouse_tests::letter::Letter;
use posthouse_tests::smtp::{SmtpClient, dot_stuffed};
use posthouse_tests::tools;
use tempfile::TempDir;

/// Envelope sender whose mail Postfix relays without TLS; all other mail goes over STARTTLS.
pub const CLEAR_SENDER: &str = "clear@shop.example";

/// A running Postfix. It is stopped, and its directory removed, when this value is dropped.
pub struct Postfix {
    program: PathBuf,
    directory: TempDir,
    address: SocketAddr,
}

/// What makes one private Postfix different from another.
#[derive(Default)]
pub struct Setup {
    /// Where it listens, and what is special there (`-o name=value`).
    pub doors: Vec<(SocketAddr, String)>,
    /// Its settings, beside those that every one has.
    pub settings: Vec<(&'static str, String)>,
    /// Further services, as lines of `master.cf`.
    pub services: Vec<String>,
}

impl Postfix {
    /// Starts a Postfix that relays to a mail port. Returns `None`, and says so, where Postfix is missing or may not be started.
    pub async fn start(relay_to: SocketAddr) -> Option<Self> {
        Self::start_as(relaying(free_address(), relay_to)).await
    }

    /// Starts a Postfix that is set up otherwise.
    pub async fn start_as(setup: Setup) -> Option<Self> {
        let program = tools::program("postfix")?;
        if !may_become_root() {
            tools::skipped("Postfix starts only as root");
            return None;
        }
        let directory = tempfile::Builder::new()
            .prefix("posthouse-test-postfix-")
            .tempdir()
            .expect("a temporary directory");
        let address = setup.doors[0].0;
        write_configuration(directory.path(), &setup);
        let postfix = Self {
            program,
            directory,
            address,
        };
        let started = postfix.command("start");
        assert!(started, "Postfix does not start:\n{}", postfix.log());
        let connected = posthouse_tests::eventually("Postfix to listen", async || {
            SmtpClient::try_connect(address).await.ok()
        });
        drop(connected.await);
        Some(postfix)
    }

    /// Stops it at once; its queue stays.
    pub fn stop(&self) {
        assert!(self.command("abort"), "Postfix does not stop");
    }

    /// Starts it again.
    pub fn start_again(&self) {
        assert!(self.command("start"), "Postfix does not start");
    }

    /// Connects to Postfix as a mail program does, and says EHLO.
    pub async fn connect(&self) -> SmtpClient {
        let mut client = SmtpClient::connect(self.address).await;
        client.command("EHLO client.example").await.expect(250);
        client
    }

    /// Returns where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns what Postfix has logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.directory.path().join("log")).unwrap_or_default()
    }

    fn command(&self, verb: &str) -> bool {
        let configuration = self.directory.path().join("etc");
        let mut command = as_root(&self.program);
        command.arg("-c").arg(configuration).arg(verb);
        let output = command.stdin(Stdio::null()).output().expect("Postfix runs");
        if !output.status.success() {
            eprintln!(
                "postfix {verb}: {}",
                String::from_utf8_lossy(&output.stderr)
            );
        }
        output.status.success()
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("---- Postfix's log ----\n{}", self.log());
        }
        self.command("abort");
        // Its files belong to root and to the user postfix.
        drop(
            as_root(Path::new("rm"))
                .arg("-rf")
                .arg(self.directory.path())
                .status(),
        );
    }
}

/// Puts a letter into Postfix's queue, with parameters for MAIL.
pub async fn queue(client: &mut SmtpClient, letter: &Letter, parameters: &str) {
    client
        .command(&format!("MAIL FROM:<{}>{parameters}", letter.sender))
        .await
        .expect(250);
    for recipient in &letter.recipients {
        client
            .command(&format!("RCPT TO:<{recipient}>"))
            .await
            .expect(250);
    }
    client.command("DATA").await.expect(354);
    client.write(&dot_stuffed(&letter.wire())).await;
    client.write(b".\r\n").await;
    client.read_reply().await.expect(250);
}

/// Relays everything to one server, over TLS but for [`CLEAR_SENDER`].
fn relaying(address: SocketAddr, relay_to: SocketAddr) -> Setup {
    let relay = format!("[{}]:{}", relay_to.ip(), relay_to.port());
    let clear = format!("inline:{{{{{CLEAR_SENDER} = clear:{relay}}}}}");
    Setup {
        doors: vec![(address, String::new())],
        settings: vec![
            ("myhostname", "relay.example".to_owned()),
            ("relayhost", relay.clone()),
            ("smtp_tls_security_level", "encrypt".to_owned()),
            ("smtp_destination_recipient_limit", "40".to_owned()),
            ("default_destination_concurrency_limit", "4".to_owned()),
            ("sender_dependent_default_transport_maps", clear),
            (
                "sender_dependent_relayhost_maps",
                format!("inline:{{{{{CLEAR_SENDER} = {relay}}}}}"),
            ),
        ],
        services: vec!["clear unix - - n - - smtp -o smtp_tls_security_level=none".to_owned()],
    }
}

fn write_configuration(directory: &Path, setup: &Setup) {
    use std::os::unix::fs::PermissionsExt;
    for name in ["etc", "queue", "data"] {
        std::fs::create_dir(directory.join(name)).expect("a directory");
    }
    // Postfix's own user walks through these.
    for path in [
        directory.to_path_buf(),
        directory.join("etc"),
        directory.join("queue"),
    ] {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755))
            .expect("permissions");
    }
    let chown = as_root(Path::new("chown"))
        .arg("postfix")
        .arg(directory.join("data"))
        .status();
    assert!(
        chown.is_ok_and(|status| status.success()),
        "the user postfix owns its data directory"
    );

    let here = directory.display();
    let mut main = format!(
        "compatibility_level = 3.6\nqueue_directory = {here}/queue\ndata_directory = {here}/data\n\
         maillog_file = {here}/log\nmaillog_file_prefixes = {here}\n"
    );
    let settings = [
        ("mydestination", ""),
        ("mynetworks", "127.0.0.0/8"),
        ("inet_interfaces", "127.0.0.1"),
        ("inet_protocols", "ipv4"),
        ("alias_maps", ""),
        ("local_recipient_maps", ""),
        ("smtpd_relay_restrictions", "permit_mynetworks, reject"),
        ("smtp_tls_CAfile", ""),
        ("smtputf8_enable", "yes"),
        ("smtputf8_autodetect_classes", "all"),
        ("message_size_limit", "60000000"),
        ("mailbox_size_limit", "0"),
        ("minimal_backoff_time", "1s"),
        ("queue_run_delay", "1s"),
    ];
    for (name, value) in settings {
        writeln!(main, "{name} = {value}").expect("a string takes it");
    }
    for (name, value) in &setup.settings {
        writeln!(main, "{name} = {value}").expect("a string takes it");
    }
    std::fs::write(directory.join("etc/main.cf"), main).expect("main.cf");

    let mut master = String::new();
    for (address, options) in &setup.doors {
        writeln!(master, "{address} inet n - n - - smtpd {options}").expect("a string takes it");
    }
    for service in &setup.services {
        writeln!(master, "{service}").expect("a string takes it");
    }
    let services = [
        "pickup unix n - n 60 1 pickup",
        "cleanup unix n - n - 0 cleanup",
        "qmgr unix n - n 1 1 qmgr",
        "tlsmgr unix - - n 1000? 1 tlsmgr",
        "rewrite unix - - n - - trivial-rewrite",
        "bounce unix - - n - 0 bounce",
        "defer unix - - n - 0 bounce",
        "trace unix - - n - 0 bounce",
        "verify unix - - n - 1 verify",
        "flush unix n - n 1000? 0 flush",
        "proxymap unix - - n - - proxymap",
        "smtp unix - - n - - smtp",
        "relay unix - - n - - smtp",
        "showq unix n - n - - showq",
        "error unix - - n - - error",
        "retry unix - - n - - error",
        "discard unix - - n - - discard",
        "anvil unix - - n - 1 anvil",
        "scache unix - - n - 1 scache",
        "postlog unix-dgram n - n - 1 postlogd",
    ];
    for service in services {
        writeln!(master, "{service}").expect("a string takes it");
    }
    std::fs::write(directory.join("etc/master.cf"), master).expect("master.cf");
    let chown = as_root(Path::new("chown"))
        .args(["-R", "root"])
        .arg(directory.join("etc"))
        .arg(directory.join("queue"))
        .status();
    assert!(
        chown.is_ok_and(|status| status.success()),
        "root owns the configuration"
    );
}

fn free_address() -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address")
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

fn may_become_root() -> bool {
    let quiet = |command: &mut std::process::Command| {
        command
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    };
    is_root() || quiet(&mut as_root(Path::new("true")))
}

/// A command that runs as root; without being root, with a `sudo` that must not ask for a password.
pub fn as_root(program: &Path) -> std::process::Command {
    if is_root() {
        return std::process::Command::new(program);
    }
    let mut command = std::process::Command::new("sudo");
    command.arg("--non-interactive").arg(program);
    command
}
