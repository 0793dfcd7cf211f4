//! The far side's mail server: a Postfix with a mailbox that takes everything but for names that begin with `nobody`.
//!
//! On `127.0.0.2` it shows a certificate of the authority, on `127.0.0.3` it offers no TLS, on `127.0.0.4` it shows a certificate that nobody
//! can know. What is for `later@` it takes, and then reports that it could not be delivered after all.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::Path;

use posthouse_tests::eventually;
use tempfile::TempDir;

use super::certificates::Pair;
use crate::peers::postfix::{Postfix, Setup, as_root};

/// Where the far side shows its good certificate.
pub const TRUSTED: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
/// Where it offers no TLS.
pub const BARE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 3);
/// Where it shows a certificate that nobody can know.
pub const UNKNOWN: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 4);

/// The user that owns the mailbox when the test runs as root: nobody.
const UNPRIVILEGED_ID: u32 = 65_534;

/// A running far side.
pub struct FarPostfix {
    postfix: Postfix,
    directory: TempDir,
}

/// What arrived, as it was stored: lines end in a line feed alone.
#[derive(Clone, Debug)]
pub struct Arrived(Vec<u8>);

/// What the far side needs to know before it starts.
pub struct Plan<'a> {
    /// Its port, free at all of its addresses.
    pub port: u16,
    /// Shown at [`TRUSTED`].
    pub trusted: &'a Pair,
    /// Shown at [`UNKNOWN`].
    pub unknown: &'a Pair,
    /// Whom it asks about recipients.
    pub greylist: SocketAddr,
    /// Where it sends mail for these domains.
    pub domains: &'a [&'a str],
    /// The mail port of the server under test.
    pub back: SocketAddr,
}

impl FarPostfix {
    /// Starts it. `None`, said aloud, where Postfix is missing or may not be started.
    pub async fn start(plan: Plan<'_>) -> Option<Self> {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let here = directory.path();
        fs::set_permissions(here, fs::Permissions::from_mode(0o755)).expect("permissions");
        plan.trusted.write(&here.join("trusted.pem"));
        plan.unknown.write(&here.join("unknown.pem"));
        fs::write(
            here.join("domains"),
            "/(^|\\.)(far|stripped)\\.test$/ here\n",
        )
        .expect("written");
        fs::write(here.join("recipients"), "!/^nobody/ inbox/\n").expect("written");
        let owner = mailbox_owner();
        let mailboxes = here.join("mail");
        fs::create_dir(&mailboxes).expect("a directory");
        if owner == UNPRIVILEGED_ID {
            chown(&mailboxes, Some(owner), Some(owner)).expect("root gives it away");
        }
        let postfix = Postfix::start_as(setup(&plan, here, owner)).await?;
        Some(Self { postfix, directory })
    }

    /// The Postfix itself.
    pub fn postfix(&self) -> &Postfix {
        &self.postfix
    }

    /// Returns everything that arrived for a recipient so far.
    pub fn arrived(&self, recipient: &str) -> Vec<Arrived> {
        let wanted = format!("\nDelivered-To: {recipient}\n");
        let mut all = self.everything();
        all.retain(|one| one.head().contains(&wanted));
        all
    }

    /// Returns everything that arrived so far.
    pub fn everything(&self) -> Vec<Arrived> {
        let new = self.directory.path().join("mail/inbox/new");
        let files = fs::read_dir(new).into_iter().flatten().flatten();
        files
            .filter_map(|file| fs::read(file.path()).ok().map(Arrived))
            .collect()
    }

    /// Waits for the first message for a recipient.
    pub async fn wait_for(&self, recipient: &str) -> Arrived {
        eventually(
            &format!("mail for {recipient} at the far side"),
            async || self.arrived(recipient).pop(),
        )
        .await
    }
}

impl Drop for FarPostfix {
    fn drop(&mut self) {
        let mailboxes = self.directory.path().join("mail");
        drop(as_root(Path::new("rm")).arg("-rf").arg(mailboxes).status());
    }
}

impl Arrived {
    /// Returns the message with the line ends that it had on the wire.
    pub fn wire(&self) -> Vec<u8> {
        let lines: Vec<&[u8]> = self.0.split(|byte| *byte == b'\n').collect();
        lines.join(&b"\r\n"[..])
    }

    /// Returns the header section, beginning with a line end.
    pub fn head(&self) -> String {
        let text = String::from_utf8_lossy(&self.0);
        let head = text.split_once("\n\n").map_or(&*text, |(head, _)| head);
        format!("\n{head}\n")
    }

    /// Returns the fields of a name, unfolded, the topmost first.
    pub fn fields(&self, name: &str) -> Vec<String> {
        let unfolded = self.head().replace("\n\t", " ").replace("\n ", " ");
        let start = format!("{}:", name.to_ascii_lowercase());
        let lines = unfolded
            .lines()
            .filter(|line| line.to_ascii_lowercase().starts_with(&start));
        lines
            .map(|line| line[start.len()..].trim().to_owned())
            .collect()
    }

    /// Returns the envelope sender.
    pub fn return_path(&self) -> String {
        let field = self.fields("Return-Path").remove(0);
        field.trim_matches(['<', '>']).to_owned()
    }
}

/// Returns a port that was free a moment ago at every address of the far side.
pub fn free_port() -> u16 {
    loop {
        let first = TcpListener::bind((TRUSTED, 0)).expect("a free port");
        let port = first.local_addr().expect("an address").port();
        if [BARE, UNKNOWN]
            .iter()
            .all(|ip| TcpListener::bind((*ip, port)).is_ok())
        {
            return port;
        }
    }
}

fn mailbox_owner() -> u32 {
    match fs::metadata("/proc/self").map(|own| own.uid()) {
        Ok(0) | Err(_) => UNPRIVILEGED_ID,
        Ok(own) => own,
    }
}

fn setup(plan: &Plan<'_>, here: &Path, owner: u32) -> Setup {
    let path = |name: &str| here.join(name).display().to_string();
    let regexp = |name: &str| format!("regexp:{}", path(name));
    let mut routes = "inline:{ {later@far.test = later:}".to_owned();
    for domain in plan.domains {
        let back = plan.back;
        for name in [(*domain).to_owned(), format!("bounce.{domain}")] {
            routes.push_str(&format!(
                ", {{{name} = smtp:[{}]:{}}}",
                back.ip(),
                back.port()
            ));
        }
    }
    routes.push_str(" }");
    let door = |ip: Ipv4Addr, options: String| (SocketAddr::from((ip, plan.port)), options);
    Setup {
        doors: vec![
            door(TRUSTED, String::new()),
            door(BARE, "-o smtpd_tls_security_level=none".to_owned()),
            door(
                UNKNOWN,
                format!("-o smtpd_tls_chain_files={}", path("unknown.pem")),
            ),
        ],
        settings: vec![
            ("myhostname", "mx.far.test".to_owned()),
            ("smtp_bind_address", TRUSTED.to_string()),
            ("disable_dns_lookups", "yes".to_owned()),
            ("smtpd_peername_lookup", "no".to_owned()),
            ("smtpd_tls_chain_files", path("trusted.pem")),
            ("smtpd_tls_security_level", "may".to_owned()),
            ("smtpd_tls_received_header", "yes".to_owned()),
            ("smtp_tls_security_level", "may".to_owned()),
            ("smtpd_error_sleep_time", "0".to_owned()),
            ("smtpd_hard_error_limit", "1000".to_owned()),
            (
                "smtpd_recipient_restrictions",
                format!("check_policy_service inet:{}, permit", plan.greylist),
            ),
            ("transport_maps", routes),
            ("virtual_mailbox_domains", regexp("domains")),
            ("virtual_mailbox_maps", regexp("recipients")),
            ("virtual_mailbox_base", path("mail")),
            ("virtual_mailbox_limit", "0".to_owned()),
            ("virtual_uid_maps", format!("static:{owner}")),
            ("virtual_gid_maps", format!("static:{owner}")),
        ],
        services: vec![
            "virtual unix - n n - - virtual".to_owned(),
            // 67: the status by which a command says that there is no such user.
            "later unix - n n - - pipe user=nobody argv=/bin/sh -c {exit 67}".to_owned(),
        ],
    }
}
