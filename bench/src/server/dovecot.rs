//! Dovecot's LMTP server from the distribution's package, with a private configuration: one Maildir per mailbox,
//! every delivery synced before its answer. Its sdbox format was tried too: no faster, and its indexes broke when
//! several first deliveries met in a new mailbox.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::process::Process;
use super::{free_port, write};
use crate::limits::READY_WAIT_MAX;
use crate::smtp::client::{Dialect, Session};

/// A running Dovecot.
#[derive(Debug)]
pub struct Dovecot {
    /// The master process.
    pub process: Process,
    /// Where it accepts LMTP.
    pub lmtp: SocketAddr,
    /// Where it answers IMAP.
    pub imap: SocketAddr,
    mail: PathBuf,
}

impl Dovecot {
    /// Starts Dovecot in `folder` (on the disk to be measured). It takes mail for any local part. Needs root, as
    /// its LMTP processes change to the mailboxes' user.
    pub fn start(folder: &Path) -> Result<Self> {
        let mail = folder.join("mail");
        fs::create_dir_all(&mail)?;
        let owned = Command::new("chown")
            .arg("mail:mail")
            .arg(&mail)
            .status()
            .context("running chown")?;
        ensure!(
            owned.success(),
            "cannot give {} to the user `mail`",
            mail.display()
        );
        let lmtp = SocketAddr::from(([127, 0, 0, 1], free_port()?));
        let imap = SocketAddr::from(([127, 0, 0, 1], free_port()?));
        let config = folder.join("dovecot.conf");
        write(&config, &dovecot_conf(folder, &mail, lmtp, imap))?;
        let mut command = Command::new("dovecot");
        command.arg("-F").arg("-c").arg(&config);
        let mut process = Process::start(command, &folder.join("master.log"))?;
        process.wait_until(READY_WAIT_MAX, || {
            Session::open(lmtp, Dialect::Lmtp).is_ok_and(|session| session.quit().is_ok())
        })?;
        Ok(Self {
            process,
            lmtp,
            imap,
            mail,
        })
    }

    /// Returns the Maildir of a mailbox.
    pub fn maildir(folder: &Path, name: &str) -> PathBuf {
        folder.join("mail").join(name).join("box")
    }

    /// Counts the messages in all mailboxes by their files: a Maildir keeps one file per message, and moves it to
    /// `new` only when it is complete.
    pub fn messages(&self) -> Result<u64> {
        let mut count = 0;
        for home in fs::read_dir(&self.mail)? {
            let maildir = home?.path().join("box");
            count += files(&maildir.join("new"))? + files(&maildir.join("cur"))?;
        }
        Ok(count)
    }

    /// Ends Dovecot.
    pub fn stop(mut self) -> Result<()> {
        self.process.stop()?;
        Ok(())
    }
}

/// Returns the version of the installed Dovecot.
pub fn version() -> Result<String> {
    let output = Command::new("dovecot").arg("--version").output();
    let output =
        output.context("running dovecot (see docs/performance.md for the packages to install)")?;
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text
        .split_whitespace()
        .next()
        .unwrap_or("unknown")
        .to_owned())
}

fn files(folder: &Path) -> Result<u64> {
    let Ok(entries) = fs::read_dir(folder) else {
        // Made by the first delivery.
        return Ok(0);
    };
    let mut count = 0;
    for entry in entries {
        entry?;
        count += 1;
    }
    Ok(count)
}

fn dovecot_conf(folder: &Path, mail: &Path, lmtp: SocketAddr, imap: SocketAddr) -> String {
    let folder = folder.display();
    let mail = mail.display();
    format!(
        "\
protocols = lmtp imap
listen = 127.0.0.1
ssl = no
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/mail.log
mail_fsync = always
mail_location = maildir:{mail}/%n/box
mail_uid = mail
mail_gid = mail
first_valid_uid = 1
first_valid_gid = 1
passdb {{
  driver = static
  args = nopassword=y
}}
userdb {{
  driver = static
  args = uid=mail gid=mail home={mail}/%n allow_all_users=yes
}}
namespace inbox {{
  inbox = yes
}}
# 256 MB, the default, are too few for the index of a million messages.
service imap {{
  vsz_limit = 2G
}}
service imap-login {{
  inet_listener imap {{
    address = {imap_host}
    port = {imap_port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    address = {host}
    port = {port}
  }}
}}
",
        host = lmtp.ip(),
        port = lmtp.port(),
        imap_host = imap.ip(),
        imap_port = imap.port(),
    )
}
