//! A private Postfix: its own configuration, queue and ports, relaying everything to the server under test.

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

impl Postfix {
    /// Starts a Postfix that relays to a mail port. Returns `None`, and says so, where Postfix is missing or may not be started.
    pub async fn start(relay_to: SocketAddr) -> Option<Self> {
        let program = tools::program("postfix")?;
        if !may_become_root() {
            tools::skipped("Postfix starts only as root");
            return None;
        }
        let directory = tempfile::Builder::new()
            .prefix("posthouse-test-postfix-")
            .tempdir()
            .expect("a temporary directory");
        let address = free_address();
        write_configuration(directory.path(), address, relay_to);
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

fn write_configuration(directory: &Path, address: SocketAddr, relay_to: SocketAddr) {
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
    let relay = format!("[{}]:{}", relay_to.ip(), relay_to.port());
    let mut main = format!(
        "compatibility_level = 3.6\nqueue_directory = {here}/queue\ndata_directory = {here}/data\n\
         maillog_file = {here}/log\nmaillog_file_prefixes = {here}\n"
    );
    let settings = [
        ("myhostname", "relay.example"),
        ("mydestination", ""),
        ("mynetworks", "127.0.0.0/8"),
        ("inet_interfaces", "127.0.0.1"),
        ("inet_protocols", "ipv4"),
        ("alias_maps", ""),
        ("local_recipient_maps", ""),
        ("smtpd_relay_restrictions", "permit_mynetworks, reject"),
        ("relayhost", relay.as_str()),
        ("smtp_tls_security_level", "encrypt"),
        ("smtp_tls_CAfile", ""),
        ("smtputf8_enable", "yes"),
        ("smtputf8_autodetect_classes", "all"),
        ("message_size_limit", "60000000"),
        ("mailbox_size_limit", "0"),
        ("smtp_destination_recipient_limit", "40"),
        ("default_destination_concurrency_limit", "4"),
        ("minimal_backoff_time", "1s"),
        ("queue_run_delay", "1s"),
    ];
    for (name, value) in settings {
        writeln!(main, "{name} = {value}").expect("a string takes it");
    }
    writeln!(
        main,
        "sender_dependent_default_transport_maps = inline:{{{{{CLEAR_SENDER} = clear:{relay}}}}}"
    )
    .expect("a string takes it");
    writeln!(
        main,
        "sender_dependent_relayhost_maps = inline:{{{{{CLEAR_SENDER} = {relay}}}}}"
    )
    .expect("a string takes it");
    std::fs::write(directory.join("etc/main.cf"), main).expect("main.cf");

    let port = address.port();
    let mut master = format!(
        "127.0.0.1:{port} inet n - n - - smtpd\nclear unix - - n - - smtp -o smtp_tls_security_level=none\n"
    );
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

fn as_root(program: &Path) -> std::process::Command {
    if is_root() {
        return std::process::Command::new(program);
    }
    let mut command = std::process::Command::new("sudo");
    command.arg("--non-interactive").arg(program);
    command
}
