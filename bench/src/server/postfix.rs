//! Postfix from the distribution's package, with a private configuration: accepts for one domain and hands
//! everything to an LMTP server.
//!
//! Everything that decides its speed is left as shipped (process limits, concurrency, input flow delay), but for
//! what only helps it here: no DNS, no reverse lookups, no TLS, no chroot. It answers `250` after its queue file is
//! synced, as always.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::process::Process;
use super::{free_port, write};
use crate::limits::READY_WAIT_MAX;
use crate::smtp::client::{Dialect, Session};

const SERVICES: &str = "\
pickup    unix  n - n 60    1 pickup
cleanup   unix  n - n -     0 cleanup
qmgr      unix  n - n 300   1 qmgr
rewrite   unix  - - n -     - trivial-rewrite
bounce    unix  - - n -     0 bounce
defer     unix  - - n -     0 bounce
trace     unix  - - n -     0 bounce
verify    unix  - - n -     1 verify
flush     unix  n - n 1000? 0 flush
proxymap  unix  - - n -     - proxymap
proxywrite unix - - n -     1 proxymap
smtp      unix  - - n -     - smtp
relay     unix  - - n -     - smtp
showq     unix  n - n -     - showq
error     unix  - - n -     - error
retry     unix  - - n -     - error
discard   unix  - - n -     - discard
local     unix  - n n -     - local
virtual   unix  - n n -     - virtual
lmtp      unix  - - n -     - lmtp
anvil     unix  - - n -     1 anvil
scache    unix  - - n -     1 scache
postlog   unix-dgram n - n - 1 postlogd
";

/// A running Postfix.
#[derive(Debug)]
pub struct Postfix {
    /// The master process.
    pub process: Process,
    /// Where it accepts mail.
    pub smtp: SocketAddr,
}

impl Postfix {
    /// Starts Postfix in `folder` (on the disk to be measured), accepting for `mailboxes` and delivering to `lmtp`.
    /// Needs root, as Postfix's master does.
    pub fn start(
        folder: &Path,
        domain: &str,
        mailboxes: &[String],
        lmtp: SocketAddr,
        settings: &[String],
    ) -> Result<Self> {
        let config = folder.join("etc");
        fs::create_dir_all(&config)?;
        fs::create_dir_all(folder.join("queue"))?;
        let data = folder.join("data");
        fs::create_dir_all(&data)?;
        let owned = Command::new("chown")
            .arg("postfix:")
            .arg(&data)
            .status()
            .context("running chown")?;
        ensure!(
            owned.success(),
            "cannot give {} to the user `postfix`",
            data.display()
        );
        let port = free_port()?;
        let smtp = SocketAddr::from(([127, 0, 0, 1], port));
        let daemons = setting("daemon_directory")?;
        write(
            &config.join("main.cf"),
            &(main_cf(folder, &daemons, domain, lmtp) + &settings.join("\n") + "\n"),
        )?;
        write(
            &config.join("master.cf"),
            &format!("{smtp} inet n - n - - smtpd\n{SERVICES}"),
        )?;
        let boxes: String = mailboxes
            .iter()
            .map(|mailbox| format!("{mailbox} ok\n"))
            .collect();
        write(&config.join("boxes"), &boxes)?;

        // Creates the queue's folders, which master alone does not.
        let checked = Command::new("postfix")
            .arg("-c")
            .arg(&config)
            .arg("check")
            .output()
            .context("running postfix")?;
        ensure!(
            checked.status.success(),
            "postfix check: {}",
            String::from_utf8_lossy(&checked.stderr)
        );
        let mut command = Command::new(PathBuf::from(&daemons).join("master"));
        command.arg("-c").arg(&config).arg("-s");
        let mut process = Process::start(command, &folder.join("master.log"))?;
        process.wait_until(READY_WAIT_MAX, || {
            Session::open(smtp, Dialect::Smtp).is_ok_and(|session| session.quit().is_ok())
        })?;
        Ok(Self { process, smtp })
    }

    /// Ends Postfix.
    pub fn stop(mut self) -> Result<()> {
        self.process.stop()?;
        // Its children notice the closed pipe and go; a moment avoids that they meet a removed queue.
        std::thread::sleep(Duration::from_millis(200));
        Ok(())
    }
}

/// Returns the version of the installed Postfix.
pub fn version() -> Result<String> {
    setting("mail_version")
}

fn setting(name: &str) -> Result<String> {
    let output = Command::new("postconf").arg("-dh").arg(name).output();
    let output =
        output.context("running postconf (see docs/performance.md for the packages to install)")?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn main_cf(folder: &Path, daemons: &str, domain: &str, lmtp: SocketAddr) -> String {
    let folder = folder.display();
    format!(
        "\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
daemon_directory = {daemons}
maillog_file = {folder}/mail.log
maillog_file_prefixes = {folder}
mail_owner = postfix
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx.{domain}
mydestination =
alias_maps =
alias_database =
mynetworks = 127.0.0.0/8
virtual_mailbox_domains = {domain}
virtual_mailbox_maps = texthash:{folder}/etc/boxes
virtual_transport = lmtp:inet:{lmtp}
smtpd_relay_restrictions = reject_unauth_destination
smtpd_tls_security_level = none
lmtp_tls_security_level = none
smtpd_peername_lookup = no
disable_dns_lookups = yes
smtp_host_lookup = native
biff = no
"
    )
}
