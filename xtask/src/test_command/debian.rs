//! Debian packages that the tests need: databases, interpreters for the SDKs, mail programs as peers.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::{find_program, is_root, postgres, run_to_success};

/// A program of ours to start and the packages that bring it.
struct Need {
    name: &'static str,
    is_there: fn() -> bool,
    packages: &'static [&'static str],
}

/// Where its package keeps a sample of spam and one of wanted mail.
const SPAMASSASSIN_SAMPLES: &str = "/usr/share/doc/spamassassin/examples";

const NEEDS: [Need; 13] = [
    Need {
        name: "PostgreSQL",
        is_there: || postgres::server_programs().is_some(),
        packages: &["postgresql"],
    },
    Need {
        name: "swaks",
        is_there: || find_program("swaks").is_some() && perl_has("Net::SSLeay"),
        packages: &["swaks", "libnet-ssleay-perl"],
    },
    Need {
        name: "Postfix",
        is_there: || find_program("postfix").is_some(),
        packages: &["postfix"],
    },
    Need {
        name: "Knot DNS",
        is_there: || find_program("knotd").is_some() && find_program("keymgr").is_some(),
        packages: &["knot"],
    },
    Need {
        name: "OpenDKIM",
        is_there: || find_program("opendkim").is_some(),
        packages: &["opendkim"],
    },
    Need {
        name: "BIND",
        is_there: || find_program("named").is_some(),
        packages: &["bind9"],
    },
    Need {
        name: "Pebble",
        is_there: || find_program("pebble").is_some(),
        packages: &["pebble"],
    },
    Need {
        name: "SpamAssassin",
        is_there: || find_program("spamd").is_some() && Path::new(SPAMASSASSIN_SAMPLES).is_dir(),
        packages: &["spamassassin", "spamd"],
    },
    Need {
        name: "rspamd",
        is_there: || find_program("rspamd").is_some(),
        packages: &["rspamd"],
    },
    Need {
        name: "ClamAV",
        is_there: || find_program("clamd").is_some(),
        packages: &["clamav-daemon"],
    },
    Need {
        name: "Python",
        is_there: python_makes_environments,
        packages: &["python3", "python3-venv"],
    },
    Need {
        name: "Node",
        is_there: || find_program("node").is_some(),
        packages: &["nodejs"],
    },
    Need {
        name: "npm",
        is_there: || find_program("npm").is_some(),
        packages: &["npm"],
    },
];

/// Keeps packages from starting services: the tests start their own, on ports and directories of their own.
const POLICY_FILE: &str = "/usr/sbin/policy-rc.d";

/// Installs what is missing. What cannot be installed is added to the refusals.
pub fn install(refusals: &mut Vec<String>) -> Result<()> {
    if missing().is_empty() {
        println!("    nothing is missing");
        return Ok(());
    }
    if !becomes_root() {
        eprintln!("    this user is not root, and sudo does not make it root without a password");
    } else if let Err(error) = install_packages(&missing()) {
        eprintln!("    {error:#}");
    }
    let left = missing();
    if !left.is_empty() {
        refusals.push(by_hand(&left));
    }
    Ok(())
}

/// What is missing, with the command that brings it.
fn by_hand(needs: &[&Need]) -> String {
    let names: Vec<&str> = needs.iter().map(|need| need.name).collect();
    format!(
        "{}; on Debian: sudo apt-get install --no-install-recommends {}",
        names.join(", "),
        packages_of(needs).join(" ")
    )
}

fn missing() -> Vec<&'static Need> {
    NEEDS.iter().filter(|need| !(need.is_there)()).collect()
}

fn install_packages(needs: &[&Need]) -> Result<()> {
    let packages = packages_of(needs);
    println!("    installing {}", packages.join(", "));
    let guarded = !Path::new(POLICY_FILE).exists();
    if guarded {
        let write =
            format!("printf '#!/bin/sh\\nexit 101\\n' > {POLICY_FILE} && chmod 755 {POLICY_FILE}");
        run_to_success(as_root("sh").args(["-c", &write]))?;
    }
    // The lists of a fresh image are empty or old: update them only when the first attempt fails.
    let mut outcome = apt_get_install(&packages);
    if outcome.is_err() {
        outcome =
            run_to_success(&mut apt_get(&["update"])).and_then(|()| apt_get_install(&packages));
    }
    if guarded {
        run_to_success(as_root("rm").args(["-f", POLICY_FILE]))?;
    }
    outcome
}

fn packages_of(needs: &[&Need]) -> Vec<&'static str> {
    needs
        .iter()
        .flat_map(|need| need.packages)
        .copied()
        .collect()
}

fn apt_get_install(packages: &[&str]) -> Result<()> {
    let mut command = apt_get(&["install", "--yes", "--no-install-recommends"]);
    run_to_success(command.args(packages))
}

fn apt_get(arguments: &[&str]) -> Command {
    let mut command = as_root("env");
    command.args([
        "DEBIAN_FRONTEND=noninteractive",
        "apt-get",
        "-qq",
        "-o",
        "DPkg::Lock::Timeout=300",
        "-o",
        "Dpkg::Use-Pty=0",
    ]);
    command.args(arguments);
    command
}

/// Runs a program as root; without being root, with a `sudo` that must not ask for a password.
fn as_root(program: &str) -> Command {
    if is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("sudo");
    command.args(["--non-interactive", program]);
    command
}

/// Tells whether [`as_root`] works.
fn becomes_root() -> bool {
    succeeds(&mut as_root("true"))
}

fn perl_has(module: &str) -> bool {
    succeeds(Command::new("perl").args([&format!("-M{module}"), "-e", "1"]))
}

/// Debian splits `ensurepip` from Python, and without it an environment has no pip.
fn python_makes_environments() -> bool {
    succeeds(Command::new("python3").args(["-c", "import venv, ensurepip"]))
}

fn succeeds(command: &mut Command) -> bool {
    let silent = command
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null());
    silent.status().is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_one_line_with_the_command_that_brings_it() {
        let needs: Vec<&Need> = NEEDS
            .iter()
            .filter(|need| ["swaks", "Node"].contains(&need.name))
            .collect();
        assert_eq!(
            by_hand(&needs),
            "swaks, Node; on Debian: sudo apt-get install --no-install-recommends swaks libnet-ssleay-perl nodejs"
        );
    }
}
