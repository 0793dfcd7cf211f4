//! The table of settings: the one place that names each flag, its variable, its TOML key and its default.
//!
//! The command line, the environment overlay, the TOML reader and the generated reference page are all built from
//! [`SETTINGS`]; the meaning of a value is parsed once, in [`super::resolve`].

/// How many values a setting takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Present or absent; `true` or `false` in the environment and the file.
    Switch,
    /// One value.
    One,
    /// A repeatable flag; comma-separated in the environment, an array in the file.
    Many,
}

/// What a setting is when nobody sets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preset {
    /// Nothing.
    Unset,
    /// This text, parsed as if somebody had written it.
    Text(&'static str),
    /// Worked out at start-up, as described.
    Derived(&'static str),
}

/// One setting of `posthouse serve`.
#[derive(Debug)]
pub struct Setting {
    /// TOML key; the flag and the variable are spelled from it.
    pub key: &'static str,
    /// Placeholder of the value in help texts; empty for a switch.
    pub value: &'static str,
    /// How many values it takes.
    pub shape: Shape,
    /// Default of a production server.
    pub preset: Preset,
    /// Default with `--dev`.
    pub dev_preset: Preset,
    /// What it does, in one or two sentences.
    pub meaning: &'static str,
    /// Why setting it changes nothing yet; `None` for a setting in effect.
    pub without_effect: Option<&'static str>,
}

impl Setting {
    /// The long flag without its dashes: `data-dir`.
    pub fn long(&self) -> String {
        self.key.replace('_', "-")
    }

    /// The environment variable: `POSTHOUSE_DATA_DIR`.
    pub fn variable(&self) -> String {
        format!("{VARIABLE_PREFIX}{}", self.key.to_ascii_uppercase())
    }

    /// The default that applies.
    pub fn preset_for(&self, dev: bool) -> Preset {
        if dev { self.dev_preset } else { self.preset }
    }
}

/// Prefix of every environment variable that Posthouse reads.
pub const VARIABLE_PREFIX: &str = "POSTHOUSE_";

/// Finds a setting by its TOML key.
pub fn by_key(key: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.key == key)
}

use Preset::{Derived, Text, Unset};
use Shape::{Many, One, Switch};

const SUBMISSION_PENDING: &str = "this release has no submission service";
const IMAP_PENDING: &str = "this release has no IMAP service";

/// Every setting, in the order of the reference page.
pub const SETTINGS: &[Setting] = &[
    Setting {
        key: "dev",
        value: "",
        shape: Switch,
        preset: Unset,
        dev_preset: Unset,
        meaning: "One-machine defaults: initialises the data directory, plain HTTP, self-signed TLS for mail, the trial domain \
                  agents.localhost verified at once, webhooks to loopback over http:// allowed. Refuses to listen on anything but loopback.",
        without_effect: None,
    },
    Setting {
        key: "data_dir",
        value: "DIR",
        shape: One,
        preset: Text("/var/lib/posthouse"),
        dev_preset: Text("./posthouse-data"),
        meaning: "Directory of the embedded database, large messages and keys. One server at a time may open it.",
        without_effect: None,
    },
    Setting {
        key: "http",
        value: "ADDR",
        shape: One,
        preset: Text("127.0.0.1:8025"),
        dev_preset: Text("127.0.0.1:8025"),
        meaning: "Listener of the API in plain HTTP. Port 0 picks a free port; `off` disables any listener.",
        without_effect: None,
    },
    Setting {
        key: "https",
        value: "ADDR",
        shape: One,
        preset: Text("off"),
        dev_preset: Text("off"),
        meaning: "Listener of the API over TLS; it also serves the MTA-STS policies of registered domains.",
        without_effect: None,
    },
    Setting {
        key: "smtp",
        value: "ADDR",
        shape: One,
        preset: Text("[::]:25"),
        dev_preset: Text("127.0.0.1:2525"),
        meaning: "Listener for mail from other servers (MX).",
        without_effect: None,
    },
    Setting {
        key: "submission",
        value: "ADDR",
        shape: One,
        preset: Text("[::]:587"),
        dev_preset: Text("127.0.0.1:2587"),
        meaning: "Listener for mail clients that send, with STARTTLS.",
        without_effect: Some(SUBMISSION_PENDING),
    },
    Setting {
        key: "submissions",
        value: "ADDR",
        shape: One,
        preset: Text("[::]:465"),
        dev_preset: Text("127.0.0.1:2465"),
        meaning: "Listener for mail clients that send, over TLS.",
        without_effect: Some(SUBMISSION_PENDING),
    },
    Setting {
        key: "imap",
        value: "ADDR",
        shape: One,
        preset: Text("[::]:143"),
        dev_preset: Text("127.0.0.1:2143"),
        meaning: "Listener for mail clients that read, with STARTTLS.",
        without_effect: Some(IMAP_PENDING),
    },
    Setting {
        key: "imaps",
        value: "ADDR",
        shape: One,
        preset: Text("[::]:993"),
        dev_preset: Text("127.0.0.1:2993"),
        meaning: "Listener for mail clients that read, over TLS.",
        without_effect: Some(IMAP_PENDING),
    },
    Setting {
        key: "database",
        value: "URL",
        shape: One,
        preset: Text("sqlite"),
        dev_preset: Text("sqlite"),
        meaning: "`sqlite` (embedded, in the data directory) or `postgres://USER:PASSWORD@HOST/NAME`.",
        without_effect: None,
    },
    Setting {
        key: "blobs",
        value: "URL",
        shape: One,
        preset: Text("file"),
        dev_preset: Text("file"),
        meaning: "Where large messages go: `file` (in the data directory) or `s3://BUCKET/PREFIX` with the usual AWS_ variables.",
        without_effect: None,
    },
    Setting {
        key: "instance_key",
        value: "FILE",
        shape: One,
        preset: Derived("instance-key in the data directory, made at first start"),
        dev_preset: Derived("instance-key in the data directory, made at first start"),
        meaning: "Key that encrypts secrets inside the database: 64 hexadecimal digits. Servers that share a database need the same one.",
        without_effect: None,
    },
    Setting {
        key: "dns",
        value: "ADDR:PORT",
        shape: One,
        preset: Derived("the system's resolver"),
        dev_preset: Derived("the system's resolver"),
        meaning: "DNS resolver to use instead of the system's.",
        without_effect: None,
    },
    Setting {
        key: "dns_anchor",
        value: "FILE",
        shape: One,
        preset: Unset,
        dev_preset: Unset,
        meaning: "DNSSEC root key (DNSKEY records) to trust instead of the public one. With it, every answer that DANE goes by must be provable.",
        without_effect: None,
    },
    Setting {
        key: "ca_file",
        value: "FILE",
        shape: One,
        preset: Unset,
        dev_preset: Unset,
        meaning: "Further root certificates (PEM) for outward TLS, for example to webhook receivers.",
        without_effect: None,
    },
    Setting {
        key: "outbound",
        value: "MODE",
        shape: One,
        preset: Text("direct"),
        dev_preset: Text("capture"),
        meaning: "What happens to mail for other servers: `capture` (kept, delivered nowhere), `direct` (to their MX) or `relay:HOST:PORT`.",
        without_effect: None,
    },
    Setting {
        key: "mx_port",
        value: "PORT",
        shape: One,
        preset: Text("25"),
        dev_preset: Text("25"),
        meaning: "Port of other mail servers in direct delivery.",
        without_effect: None,
    },
    Setting {
        key: "relay_username",
        value: "NAME",
        shape: One,
        preset: Unset,
        dev_preset: Unset,
        meaning: "Name to log in by at the relay. Then TLS with a certificate that can be verified is a must.",
        without_effect: None,
    },
    Setting {
        key: "relay_password_file",
        value: "FILE",
        shape: One,
        preset: Unset,
        dev_preset: Unset,
        meaning: "File that holds the password for the relay. Goes with relay_username.",
        without_effect: None,
    },
    Setting {
        key: "retry_hours",
        value: "HOURS",
        shape: One,
        preset: Text("48"),
        dev_preset: Text("48"),
        meaning: "How long mail is tried again that another server does not take for now, 1 to 240; then it bounces.",
        without_effect: None,
    },
    Setting {
        key: "send_rate",
        value: "COUNT",
        shape: One,
        preset: Unset,
        dev_preset: Unset,
        meaning: "Messages that an application may send in a second, 1 to 10000; without it, any number. What comes beyond waits \
                  up to 90 seconds, then it is refused.",
        without_effect: None,
    },
    Setting {
        key: "public_url",
        value: "URL",
        shape: One,
        preset: Unset,
        dev_preset: Unset,
        meaning: "Where the API is reached from outside, for example `https://mail.example.org`: links in messages begin with it \
                  (`list_unsubscribe` of sends).",
        without_effect: None,
    },
    Setting {
        key: "reputation_pauses",
        value: "ON",
        shape: One,
        preset: Text("on"),
        dev_preset: Text("on"),
        meaning: "Whether accounts, sending domains and applications are paused when 10 % of their mail comes back or 0.5 % is \
                  complained about: `on` or `off`. `posthouse pauses` lists and lifts pauses.",
        without_effect: None,
    },
    Setting {
        key: "destination_sessions",
        value: "COUNT",
        shape: One,
        preset: Text("20"),
        dev_preset: Text("20"),
        meaning: "Sessions with one destination at the same time, 1 to 100.",
        without_effect: None,
    },
    Setting {
        key: "destination_rate",
        value: "COUNT",
        shape: One,
        preset: Unset,
        dev_preset: Unset,
        meaning: "Messages to one destination in a second, 1 to 10000. Without it there is no limit.",
        without_effect: None,
    },
    Setting {
        key: "mta_sts_port",
        value: "PORT",
        shape: One,
        preset: Text("443"),
        dev_preset: Text("443"),
        meaning: "Port at which MTA-STS policies of other domains are fetched.",
        without_effect: None,
    },
    Setting {
        key: "mta_sts_mode",
        value: "MODE",
        shape: One,
        preset: Text("testing"),
        dev_preset: Text("testing"),
        meaning: "What the MTA-STS policies of our domains ask of other servers: `testing` (report), `enforce` (deliver over verified TLS \
                  only) or `none` (nothing any more). The id in the domains' `_mta-sts` records changes with it.",
        without_effect: None,
    },
    Setting {
        key: "hostname",
        value: "NAME",
        shape: One,
        preset: Derived("the system's name"),
        dev_preset: Text("localhost"),
        meaning: "Name of this server in greetings, Received lines and DNS records.",
        without_effect: None,
    },
    Setting {
        key: "operator_email",
        value: "ADDR",
        shape: One,
        preset: Unset,
        dev_preset: Unset,
        meaning: "Where the operator reads mail: this server writes there when a sender's mail comes back or is complained about too \
                  often, and mail to `postmaster@` and `abuse@` of its domains and of its host name goes there where no account has the \
                  address. Without it that mail is refused, or taken by the domain's catch-all account, and the log alone tells.",
        without_effect: None,
    },
    Setting {
        key: "public_ip",
        value: "IP",
        shape: Many,
        preset: Unset,
        dev_preset: Unset,
        meaning: "Address at which the world meets this server; /v3/webhooks/ip-addresses reports it.",
        without_effect: None,
    },
    Setting {
        key: "spf_include",
        value: "NAME",
        shape: One,
        preset: Unset,
        dev_preset: Unset,
        meaning: "What SPF records of domains include instead of naming this server, for example `_spf.example.org`: for servers whose mail \
                  leaves through others.",
        without_effect: None,
    },
    Setting {
        key: "trial_domain",
        value: "NAME",
        shape: One,
        preset: Unset,
        dev_preset: Text("agents.localhost"),
        meaning: "Domain on which accounts can be made without registering one.",
        without_effect: None,
    },
    Setting {
        key: "inbound_checks",
        value: "WHOSE",
        shape: One,
        preset: Text("public"),
        dev_preset: Text("public"),
        meaning: "Whose mail is checked by SPF, DKIM, DMARC and ARC: `public`, everybody's, SPF for peers with a public address only; \
                  `all`, SPF for private and loopback addresses as well; `off`, nobody's.",
        without_effect: None,
    },
    Setting {
        key: "inbound_dmarc",
        value: "WHAT",
        shape: One,
        preset: Text("junk"),
        dev_preset: Text("junk"),
        meaning: "What becomes of mail that fails DMARC where the author's domain asks for quarantine or rejection: `junk`, it goes to Junk; \
                  `reject`, it is refused with 550 where the domain asks for rejection; `off`, the verdict is shown and nothing follows.",
        without_effect: None,
    },
    Setting {
        key: "dmarc_reports",
        value: "",
        shape: Switch,
        preset: Text("false"),
        dev_preset: Text("false"),
        meaning: "Tells domains once a day how mail in their name was judged here, where their DMARC records ask for it: aggregate reports \
                  (RFC 9990), sent as postmaster@ the host name. Counts the mail of peers with a public address.",
        without_effect: None,
    },
    Setting {
        key: "trusted_sealer",
        value: "DOMAIN",
        shape: Many,
        preset: Unset,
        dev_preset: Unset,
        meaning: "Domain of a forwarder or mailing list whose ARC seals are believed: mail that failed DMARC only because it passed there is \
                  taken as it was found there. Without any, ARC is shown and decides nothing.",
        without_effect: None,
    },
    Setting {
        key: "inbound_check_time",
        value: "SECONDS",
        shape: One,
        preset: Text("10"),
        dev_preset: Text("10"),
        meaning: "How long the checks of one arriving message may wait for the DNS, 1 to 60. What is not answered by then is a temporary \
                  error; the message is taken all the same.",
        without_effect: None,
    },
    super::spam::THRESHOLD,
    super::spam::DNSBL,
    super::spam::LINK_DNSBL,
    super::spam::RSPAMD,
    super::spam::SPAMASSASSIN,
    super::spam::CLAMD,
    super::spam::CLAMD_SILENT,
    super::spam::SCAN_TIME,
    super::guard::HOLD_HOURS,
    super::guard::LOOP_THREAD_REPLIES,
    super::guard::LOOP_ADDRESS_REPLIES,
    Setting {
        key: "audit_days",
        value: "DAYS",
        shape: One,
        preset: Text("365"),
        dev_preset: Text("365"),
        meaning: "How long the audit log is kept, 1 to 36500; that old entries went is an entry, too.",
        without_effect: None,
    },
    Setting {
        key: "plan",
        value: "PLAN",
        shape: One,
        preset: Text("none"),
        dev_preset: Text("none"),
        meaning: "What everybody is capped to: `none`, or the published numbers of the compatible service's plans, `free` or `full`. \
                  Policies may set limits up to a cap. See docs/policies.md.",
        without_effect: None,
    },
    Setting {
        key: "plan_caps",
        value: "CAP=NUMBER",
        shape: Many,
        preset: Unset,
        dev_preset: Unset,
        meaning: "Single caps, laid over the plan, such as `sent_per_day=200`, `storage=3G` or `rules=-1` for none.",
        without_effect: None,
    },
    Setting {
        key: "hard_delete",
        value: "",
        shape: Switch,
        preset: Text("false"),
        dev_preset: Text("false"),
        meaning: "Lets `DELETE …/messages/{id}?hard_delete=true` delete a message for good at once. Without it the parameter is ignored, and the \
                  message goes to Trash.",
        without_effect: None,
    },
    Setting {
        key: "roles",
        value: "ROLE",
        shape: Many,
        preset: Text("all"),
        dev_preset: Text("all"),
        meaning: "What this process does: `all`, or any of `api`, `smtp`, `imap`, `delivery`, `webhooks`, `jobs`.",
        without_effect: None,
    },
    Setting {
        key: "allow_net",
        value: "CIDR",
        shape: Many,
        preset: Unset,
        dev_preset: Unset,
        meaning: "Private address range that outward calls (webhooks, other mail servers) may reach nevertheless.",
        without_effect: None,
    },
    Setting {
        key: "webhook_attempts",
        value: "COUNT",
        shape: One,
        preset: Text("3"),
        dev_preset: Text("3"),
        meaning: "Attempts for each webhook delivery, 1 to 10.",
        without_effect: None,
    },
    Setting {
        key: "tls_cert",
        value: "FILE",
        shape: One,
        preset: Derived("self-signed, made at start-up"),
        dev_preset: Derived("self-signed, made at start-up"),
        meaning: "Certificate chain (PEM) for every TLS listener, read again when it changes. Goes with tls_key.",
        without_effect: None,
    },
    Setting {
        key: "tls_key",
        value: "FILE",
        shape: One,
        preset: Unset,
        dev_preset: Unset,
        meaning: "Private key (PEM) of tls_cert.",
        without_effect: None,
    },
    Setting {
        key: "acme",
        value: "EMAIL",
        shape: One,
        preset: Unset,
        dev_preset: Unset,
        meaning: "Orders certificates through ACME with this contact address and renews them: for the host name, and for `mta-sts.` of \
                  each verified domain. Agrees to the authority's terms. Goes without tls_cert.",
        without_effect: None,
    },
    Setting {
        key: "acme_directory",
        value: "URL",
        shape: One,
        preset: Unset,
        dev_preset: Unset,
        meaning: "ACME directory to use instead of Let's Encrypt.",
        without_effect: None,
    },
    Setting {
        key: "ready_file",
        value: "PATH",
        shape: One,
        preset: Unset,
        dev_preset: Unset,
        meaning: "File that appears once every listener is bound: JSON with the actual addresses, for supervisors and tests.",
        without_effect: None,
    },
    Setting {
        key: "region",
        value: "NAME",
        shape: One,
        preset: Text("us"),
        dev_preset: Text("us"),
        meaning: "Region that the API reports: `us` or `eu`. Taken when the store is first initialised.",
        without_effect: None,
    },
    Setting {
        key: "metrics_peer",
        value: "CIDR",
        shape: Many,
        preset: Unset,
        dev_preset: Unset,
        meaning: "Address range that may read /metrics besides loopback.",
        without_effect: None,
    },
    Setting {
        key: "metrics_token",
        value: "TOKEN",
        shape: One,
        preset: Unset,
        dev_preset: Unset,
        meaning: "Bearer token with which /metrics may be read from anywhere.",
        without_effect: None,
    },
    Setting {
        key: "log",
        value: "FILTER",
        shape: One,
        preset: Text("info"),
        dev_preset: Text("info"),
        meaning: "What is logged: a level (`error`, `warn`, `info`, `debug`, `trace`) or per-module directives such as `info,posthouse_smtp=debug`.",
        without_effect: None,
    },
    Setting {
        key: "log_format",
        value: "FORMAT",
        shape: One,
        preset: Text("text"),
        dev_preset: Text("text"),
        meaning: "`text` for people or `json`, one object a line, on standard error.",
        without_effect: None,
    },
];
