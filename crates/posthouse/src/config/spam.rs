//! How spam and malware are found: the settings, and what they say.

use std::str::FromStr;
use std::time::Duration;

use posthouse_mailroom::spam::VirusTrouble;
use posthouse_net::scanners::Place;
use posthouse_net::scanners::block_list::{BLOCK_LISTS_MAX, Zone};

use super::error::ConfigError;
use super::resolve::Texts;
use super::settings::Preset::{self, Text, Unset};
use super::settings::Setting;
use super::settings::Shape::{self, Many, One};

/// The settings of spam filtering.
#[derive(Clone, Debug, PartialEq)]
pub struct Spam {
    /// Score above which mail goes to Junk.
    pub threshold: f64,
    /// Block lists of addresses.
    pub address_lists: Vec<Zone>,
    /// Block lists of domains.
    pub domain_lists: Vec<Zone>,
    /// An rspamd.
    pub rspamd: Option<Place>,
    /// A SpamAssassin.
    pub spamassassin: Option<Place>,
    /// A clamd.
    pub clamd: Option<Place>,
    /// What becomes of mail that clamd cannot look at.
    pub virus_trouble: VirusTrouble,
    /// How long each scanner may take for one message.
    pub scan_time: Duration,
}

const PLACE_ALLOWED: &str =
    "HOST:PORT or the path of a socket, such as 127.0.0.1:3310 or /run/clamav/clamd.ctl";
const ZONE_ALLOWED: &str =
    "ZONE or ZONE=SCORE, at most 10 of them, such as zen.example.org or zen.example.org=3.5";

/// `--spam-threshold`
pub(super) const THRESHOLD: Setting = setting(
    "spam_threshold",
    "SCORE",
    One,
    Text("5.0"),
    "Score above which arriving mail goes to Junk, 1 to 100; a policy's `spam_sensitivity` divides it.",
);
/// `--dnsbl`
pub(super) const DNSBL: Setting = setting(
    "dnsbl",
    "ZONE",
    Many,
    Unset,
    "Block list in the DNS that is asked about the addresses of peers, where a policy has `use_list_dnsbl`; with `=SCORE`, what being on it \
     counts (otherwise 2.5). None is built in: a list sees who sends mail to you, and has terms for those who ask it.",
);
/// `--link-dnsbl`
pub(super) const LINK_DNSBL: Setting = setting(
    "link_dnsbl",
    "ZONE",
    Many,
    Unset,
    "Block list in the DNS that is asked about the domains that links of a message lead to, where a policy has `use_list_dnsbl`; scores as \
     for `--dnsbl`.",
);
/// `--rspamd`
pub(super) const RSPAMD: Setting = setting(
    "rspamd",
    "PLACE",
    One,
    Unset,
    "An rspamd that judges arriving mail as well: HOST:PORT of its normal worker (11333), or the path of a socket. Its score counts as a share \
     of what it requires. When it is silent, mail passes without it.",
);
/// `--spamassassin`
pub(super) const SPAMASSASSIN: Setting = setting(
    "spamassassin",
    "PLACE",
    One,
    Unset,
    "A SpamAssassin (spamd) that judges arriving mail as well: HOST:PORT (783), or the path of a socket. Counts as `--rspamd` does.",
);
/// `--clamd`
pub(super) const CLAMD: Setting = setting(
    "clamd",
    "PLACE",
    One,
    Unset,
    "A ClamAV (clamd) that looks at mail in both directions: HOST:PORT (3310), or the path of a socket. Arriving malware is refused with 554, \
     outgoing with 403 and the event `message.rejected`.",
);
/// `--clamd-silent`
pub(super) const CLAMD_SILENT: Setting = setting(
    "clamd_silent",
    "WHAT",
    One,
    Text("wait"),
    "What becomes of mail when clamd cannot look at it: `wait`, arriving mail is put off with 451 and sending answered with 503; `pass`, it \
     passes with a line in the log.",
);
/// `--scan-time`
pub(super) const SCAN_TIME: Setting = setting(
    "scan_time",
    "SECONDS",
    One,
    Text("20"),
    "How long each scanner may take for one message, 1 to 120.",
);

const fn setting(
    key: &'static str,
    value: &'static str,
    shape: Shape,
    preset: Preset,
    meaning: &'static str,
) -> Setting {
    Setting {
        key,
        value,
        shape,
        preset,
        dev_preset: preset,
        meaning,
        without_effect: None,
    }
}

/// Reads them all.
pub(super) fn read(texts: &Texts<'_>) -> Result<Spam, ConfigError> {
    let lists = |key| -> Result<Vec<Zone>, ConfigError> {
        let zones = texts.many(key, ZONE_ALLOWED, spelled::<Zone>)?;
        if zones.len() > BLOCK_LISTS_MAX {
            let source = texts.source(key);
            return Err(ConfigError::Conflict(format!(
                "{source}: at most {BLOCK_LISTS_MAX} lists are asked"
            )));
        }
        Ok(zones)
    };
    Ok(Spam {
        threshold: texts.require("spam_threshold", "1 to 100", threshold)?,
        address_lists: lists("dnsbl")?,
        domain_lists: lists("link_dnsbl")?,
        rspamd: texts.optional("rspamd", PLACE_ALLOWED, spelled::<Place>)?,
        spamassassin: texts.optional("spamassassin", PLACE_ALLOWED, spelled::<Place>)?,
        clamd: texts.optional("clamd", PLACE_ALLOWED, spelled::<Place>)?,
        virus_trouble: texts.require("clamd_silent", "wait or pass", virus_trouble)?,
        scan_time: texts.require("scan_time", "seconds from 1 to 120", scan_time)?,
    })
}

fn spelled<T: FromStr<Err: ToString>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error: T::Err| error.to_string())
}

fn threshold(text: &str) -> Result<f64, String> {
    let number: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    (1.0..=100.0)
        .contains(&number)
        .then_some(number)
        .ok_or_else(|| "out of range".to_owned())
}

fn virus_trouble(text: &str) -> Result<VirusTrouble, String> {
    match text {
        "wait" => Ok(VirusTrouble::Wait),
        "pass" => Ok(VirusTrouble::Pass),
        _ => Err("neither of them".to_owned()),
    }
}

fn scan_time(text: &str) -> Result<Duration, String> {
    let seconds: u64 = text.parse().map_err(|_| "not a number".to_owned())?;
    (1..=120)
        .contains(&seconds)
        .then(|| Duration::from_secs(seconds))
        .ok_or_else(|| "out of range".to_owned())
}
