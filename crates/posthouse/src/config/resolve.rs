//! Turns the collected texts into the typed [`Config`]; every refusal names the key, the value and what is allowed.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use posthouse_mailroom::domains::MtaStsMode;
use posthouse_mailroom::receive::{CheckedPeers, DmarcAction};
use posthouse_net::acme::LETS_ENCRYPT;
use posthouse_net::cidr::{Cidr, CidrError};
use posthouse_types::address::EmailAddress;

use super::error::ConfigError;
use super::guard;
use super::layers::{Given, Layers, Source};
use super::outbound::{self, Outbound};
use super::plan;
use super::settings::{Preset, SETTINGS, by_key};
use super::spam;
use super::{Acme, Blobs, Config, Database, LogFormat, Role, Roles, TlsFiles};

/// What a listener may be told.
const ADDRESS_ALLOWED: &str =
    "ADDRESS:PORT such as 127.0.0.1:8025, [::]:25 or localhost:0, or `off`";

/// Checks every setting and fills in the defaults.
///
/// # Errors
/// The first value that cannot be understood, or the first pair that does not go together.
pub fn config(layers: &Layers) -> Result<Config, ConfigError> {
    let dev = match layers.given.get("dev") {
        Some(given) => parse(given, "true or false", switch)?,
        None => false,
    };
    let texts = Texts { layers, dev };
    let mut config = Config {
        dev,
        data_dir: texts.require("data_dir", "a directory", path)?,
        http: texts.listener("http")?,
        https: texts.listener("https")?,
        smtp: texts.listener("smtp")?,
        database: texts.require("database", "sqlite or postgres://…", database)?,
        blobs: texts.require("blobs", "file or s3://BUCKET/PREFIX", blobs)?,
        instance_key: texts.optional("instance_key", "a path", path)?,
        dns: texts.optional("dns", "ADDRESS:PORT such as 127.0.0.1:53", resolver_address)?,
        dns_anchor: texts.optional("dns_anchor", "a readable file", existing_file)?,
        mta_sts_port: texts.require("mta_sts_port", "1 to 65535", port)?,
        mta_sts_mode: texts.require("mta_sts_mode", "testing, enforce or none", mta_sts_mode)?,
        ca_file: texts.optional("ca_file", "a readable PEM file", existing_file)?,
        hostname: texts
            .optional("hostname", "a host name such as mail.example.org", hostname)?
            .unwrap_or_else(system_hostname),
        operator_email: texts.optional(
            "operator_email",
            "an address such as you@example.org",
            email_address,
        )?,
        public_ip: texts.many("public_ip", "an IPv4 or IPv6 address", ip)?,
        spf_include: texts.optional("spf_include", "a domain name", spf_include)?,
        trial_domain: texts
            .optional("trial_domain", "a domain name, or `none`", trial_domain)?
            .flatten(),
        outbound: outbound_mail(&texts)?,
        audit_days: texts.require("audit_days", "1 to 36500", audit_days)?,
        plan: plan::with_caps(
            texts.require("plan", "none, free or full", plan::plan)?,
            &texts.many("plan_caps", plan::CAPS_ALLOWED, plan::cap)?,
        ),
        hard_delete: texts.require("hard_delete", "true or false", switch)?,
        roles: roles(&texts)?,
        allow_net: texts.many("allow_net", "ADDRESS/BITS such as 10.0.0.0/8", cidr)?,
        webhook_attempts: texts.require("webhook_attempts", "1 to 10", webhook_attempts)?,
        tls: tls_files(&texts)?,
        acme: acme(&texts)?,
        ready_file: texts.optional("ready_file", "a path", path)?,
        inbound_checks: texts.require("inbound_checks", "public, all or off", inbound_checks)?,
        inbound_dmarc: texts.require("inbound_dmarc", "off, junk or reject", inbound_dmarc)?,
        dmarc_reports: texts.require("dmarc_reports", "true or false", switch)?,
        trusted_sealer: texts.many("trusted_sealer", "a domain name", hostname)?,
        inbound_check_time: texts.require(
            "inbound_check_time",
            "seconds from 1 to 60",
            inbound_check_time,
        )?,
        guarding: guard::read(&texts)?,
        spam: spam::read(&texts)?,
        region: texts.require("region", "us or eu", region)?,
        metrics_peer: texts.many("metrics_peer", "ADDRESS/BITS such as 10.0.0.0/8", cidr)?,
        metrics_token: texts.optional("metrics_token", "a token without spaces", token)?,
        log: texts.require(
            "log",
            "a level or directives such as info,posthouse_smtp=debug",
            log_filter,
        )?,
        log_format: texts.require("log_format", "text or json", log_format)?,
        warnings: warnings(layers),
    };
    check_pending(&texts)?;
    check_dev(&texts)?;
    if config.acme.is_some() && !config.hostname.contains('.') {
        return Err(ConfigError::Conflict(format!(
            "{} orders a certificate for the host name, and `{}` is none that others know; set --hostname",
            texts.source("acme"),
            config.hostname
        )));
    }
    if !dev && !config.hostname.contains('.') {
        let name = &config.hostname;
        config.warnings.push(format!(
            "other mail servers may not trust the name `{name}`: set --hostname to this server's full name in the DNS"
        ));
    }
    Ok(config)
}

/// Settings that are accepted and change nothing are still checked: a typing error should not wait for a later release.
fn check_pending(texts: &Texts<'_>) -> Result<(), ConfigError> {
    for key in ["submission", "submissions", "imap", "imaps"] {
        texts.listener(key)?;
    }
    Ok(())
}

/// `--dev` hands out an API key and trusts webhooks to loopback: it must not be reachable from elsewhere.
fn check_dev(texts: &Texts<'_>) -> Result<(), ConfigError> {
    if !texts.dev {
        return Ok(());
    }
    for key in [
        "http",
        "https",
        "smtp",
        "submission",
        "submissions",
        "imap",
        "imaps",
    ] {
        let Some(address) = texts.listener(key)? else {
            continue;
        };
        if !address.ip().is_loopback() {
            let source = texts.source(key);
            return Err(ConfigError::Conflict(format!(
                "{source}: {address} is not a loopback address, and --dev listens on loopback only; \
                 use 127.0.0.1:{port}, or start without --dev",
                port = address.port()
            )));
        }
    }
    Ok(())
}

fn warnings(layers: &Layers) -> Vec<String> {
    let mut warnings = Vec::new();
    for setting in SETTINGS {
        let (Some(reason), Some(given)) = (setting.without_effect, layers.given.get(setting.key))
        else {
            continue;
        };
        let asks_for_nothing = given
            .texts
            .iter()
            .all(|text| text == "off" || text == "capture");
        if !asks_for_nothing {
            warnings.push(format!("{} has no effect: {reason}", given.source));
        }
    }
    if let Some(given) = layers.given.get("roles")
        && given.texts.iter().any(|text| text == "imap")
    {
        warnings.push(format!(
            "{}: role imap has no effect: this release has no IMAP service",
            given.source
        ));
    }
    for name in &layers.unknown_variables {
        warnings.push(format!(
            "{name} is set but is not a setting; `posthouse config-reference` lists all variables"
        ));
    }
    warnings
}

/// The texts with the defaults behind them.
pub(super) struct Texts<'a> {
    layers: &'a Layers,
    dev: bool,
}

impl Texts<'_> {
    fn given(&self, key: &'static str) -> Option<Given> {
        if let Some(given) = self.layers.given.get(key) {
            return Some(given.clone());
        }
        let setting = by_key(key).expect("callers name settings of the table");
        match setting.preset_for(self.dev) {
            Preset::Text(text) => Some(Given {
                texts: vec![text.to_owned()],
                source: Source::Default(setting.key),
            }),
            Preset::Unset | Preset::Derived(_) => None,
        }
    }

    pub(super) fn source(&self, key: &'static str) -> Source {
        self.given(key)
            .map_or(Source::Default(key), |given| given.source)
    }

    pub(super) fn optional<T>(
        &self,
        key: &'static str,
        allowed: &'static str,
        read: Reader<T>,
    ) -> Result<Option<T>, ConfigError> {
        self.given(key)
            .map(|given| parse(&given, allowed, read))
            .transpose()
    }

    pub(super) fn require<T>(
        &self,
        key: &'static str,
        allowed: &'static str,
        read: Reader<T>,
    ) -> Result<T, ConfigError> {
        let given = self
            .given(key)
            .expect("required settings have a default text");
        parse(&given, allowed, read)
    }

    pub(super) fn many<T>(
        &self,
        key: &'static str,
        allowed: &'static str,
        read: Reader<T>,
    ) -> Result<Vec<T>, ConfigError> {
        let Some(given) = self.given(key) else {
            return Ok(Vec::new());
        };
        given
            .texts
            .iter()
            .map(|text| parse_text(text, &given.source, allowed, read))
            .collect()
    }

    fn listener(&self, key: &'static str) -> Result<Option<SocketAddr>, ConfigError> {
        self.require(key, ADDRESS_ALLOWED, listener)
    }
}

/// Reads one text, or says what is wrong with it.
pub(super) type Reader<T> = fn(&str) -> Result<T, String>;

fn parse<T>(given: &Given, allowed: &'static str, read: Reader<T>) -> Result<T, ConfigError> {
    let text = given.texts.last().expect("a given setting has a text");
    parse_text(text, &given.source, allowed, read)
}

fn parse_text<T>(
    text: &str,
    source: &Source,
    allowed: &'static str,
    read: Reader<T>,
) -> Result<T, ConfigError> {
    read(text).map_err(|reason| ConfigError::Invalid {
        source_: source.clone(),
        value: without_password(text),
        reason,
        allowed,
    })
}

/// Hides the user and password of a URL: a refusal ends up in logs.
fn without_password(text: &str) -> String {
    let place = text
        .split_once("://")
        .and_then(|(scheme, rest)| Some((scheme, rest.rsplit_once('@')?.1)));
    match place {
        Some((scheme, place)) => format!("{scheme}://…@{place}"),
        None => text.to_owned(),
    }
}

fn switch(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Ok(true),
        "false" | "0" | "no" | "off" => Ok(false),
        _ => Err("not a switch".to_owned()),
    }
}

fn token(text: &str) -> Result<String, String> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("empty, or nothing that a header can carry".to_owned());
    }
    Ok(text.to_owned())
}

fn path(text: &str) -> Result<PathBuf, String> {
    if text.is_empty() {
        Err("empty".to_owned())
    } else {
        Ok(PathBuf::from(text))
    }
}

fn existing_file(text: &str) -> Result<PathBuf, String> {
    std::fs::File::open(text).map_err(|error| error.to_string())?;
    Ok(PathBuf::from(text))
}

fn listener(text: &str) -> Result<Option<SocketAddr>, String> {
    if text.eq_ignore_ascii_case("off") {
        return Ok(None);
    }
    socket_address(text).map(Some)
}

fn socket_address(text: &str) -> Result<SocketAddr, String> {
    if let Ok(address) = text.parse::<SocketAddr>() {
        return Ok(address);
    }
    // A name would have to be resolved, and may resolve to several addresses; only the one everybody writes is taken.
    if let Some(digits) = text.strip_prefix("localhost:") {
        return Ok(SocketAddr::new(
            IpAddr::V4(Ipv4Addr::LOCALHOST),
            port_or_zero(digits)?,
        ));
    }
    if text.parse::<IpAddr>().is_ok() || text == "localhost" {
        return Err("the port is missing".to_owned());
    }
    Err("not an address with a port".to_owned())
}

fn resolver_address(text: &str) -> Result<SocketAddr, String> {
    let address = socket_address(text)?;
    if address.port() == 0 {
        Err("the port is 0".to_owned())
    } else {
        Ok(address)
    }
}

fn audit_days(text: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(days) if (1..=36_500).contains(&days) => Ok(days),
        _ => Err("not a number of days".to_owned()),
    }
}

fn port_or_zero(text: &str) -> Result<u16, String> {
    text.parse()
        .map_err(|_| "the port is not a number from 0 to 65535".to_owned())
}

fn port(text: &str) -> Result<u16, String> {
    match text.parse() {
        Ok(0) | Err(_) => Err("not a port".to_owned()),
        Ok(port) => Ok(port),
    }
}

fn database(text: &str) -> Result<Database, String> {
    if text == "sqlite" {
        return Ok(Database::Sqlite);
    }
    if text.starts_with("postgres://") || text.starts_with("postgresql://") {
        return Ok(Database::Postgres(text.to_owned()));
    }
    Err("not a known engine".to_owned())
}

fn blobs(text: &str) -> Result<Blobs, String> {
    if text == "file" {
        return Ok(Blobs::Directory);
    }
    match text.strip_prefix("s3://") {
        Some(rest) if !rest.is_empty() && !rest.starts_with('/') => Ok(Blobs::S3(text.to_owned())),
        Some(_) => Err("the bucket is missing".to_owned()),
        None => Err("not a known blob store".to_owned()),
    }
}

fn outbound_mail(texts: &Texts<'_>) -> Result<Outbound, ConfigError> {
    let username = texts.optional("relay_username", "a name", outbound::username)?;
    let password = texts.optional("relay_password_file", "a readable file", existing_file)?;
    let relay_login = match (username, password) {
        (Some(username), Some(password)) => Some((username, password)),
        (None, None) => None,
        _ => {
            return Err(ConfigError::Conflict(
                "relay_username and relay_password_file go together; set both or neither"
                    .to_owned(),
            ));
        }
    };
    Ok(Outbound {
        mode: texts.require(
            "outbound",
            "capture, direct or relay:HOST:PORT",
            outbound::mode,
        )?,
        mx_port: texts.require("mx_port", "1 to 65535", port)?,
        relay_login,
        retry_period: texts.require("retry_hours", "1 to 240", outbound::retry_hours)?,
        sessions_per_destination: texts.require(
            "destination_sessions",
            "1 to 100",
            outbound::sessions,
        )?,
        public_url: texts.optional("public_url", "an https:// URL", outbound::public_url)?,
        rate_per_application: texts.optional("send_rate", "1 to 10000", outbound::rate)?,
        pauses_senders: texts.require("reputation_pauses", "on or off", outbound::on_or_off)?,
        rate_per_destination: texts.optional("destination_rate", "1 to 10000", outbound::rate)?,
    })
}

fn email_address(text: &str) -> Result<EmailAddress, String> {
    EmailAddress::parse_strict(text).map_err(|error| error.to_string())
}

fn hostname(text: &str) -> Result<String, String> {
    let labels_fine = text.split('.').all(|label| {
        !label.is_empty()
            && label.len() <= 63
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    });
    if labels_fine && text.len() <= 253 {
        return Ok(text.to_ascii_lowercase());
    }
    Err("not a host name".to_owned())
}

/// Unlike a host name, what SPF includes usually begins with an underscore.
fn spf_include(text: &str) -> Result<String, String> {
    hostname(&text.replace('_', "x")).map(|_| text.to_ascii_lowercase())
}

fn trial_domain(text: &str) -> Result<Option<String>, String> {
    if text == "none" {
        return Ok(None);
    }
    hostname(text).map(Some)
}

/// The name the kernel goes by; `localhost` where there is none that fits in a greeting.
fn system_hostname() -> String {
    let kernel = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    hostname(kernel.trim()).unwrap_or_else(|_| "localhost".to_owned())
}

fn ip(text: &str) -> Result<IpAddr, String> {
    text.parse().map_err(|_| "not an address".to_owned())
}

fn cidr(text: &str) -> Result<Cidr, String> {
    text.parse().map_err(|error: CidrError| error.to_string())
}

fn roles(texts: &Texts<'_>) -> Result<Roles, ConfigError> {
    let given: Vec<Vec<Role>> = texts.many(
        "roles",
        "all, or any of api, smtp, imap, delivery, webhooks, jobs",
        role,
    )?;
    let mut roles: Vec<Role> = given.into_iter().flatten().collect();
    roles.sort();
    roles.dedup();
    Ok(Roles(roles))
}

fn role(text: &str) -> Result<Vec<Role>, String> {
    if text == "all" {
        return Ok(Role::ALL.to_vec());
    }
    let found = Role::ALL.into_iter().find(|role| role.name() == text);
    found
        .map(|role| vec![role])
        .ok_or_else(|| "not a role".to_owned())
}

fn tls_files(texts: &Texts<'_>) -> Result<Option<TlsFiles>, ConfigError> {
    let cert = texts.optional("tls_cert", "a readable PEM file", existing_file)?;
    let key = texts.optional("tls_key", "a readable PEM file", existing_file)?;
    match (cert, key) {
        (Some(cert), Some(key)) => Ok(Some(TlsFiles { cert, key })),
        (None, None) => Ok(None),
        (Some(_), None) => Err(ConfigError::Conflict(format!(
            "{} is set without tls_key; set both or neither",
            texts.source("tls_cert")
        ))),
        (None, Some(_)) => Err(ConfigError::Conflict(format!(
            "{} is set without tls_cert; set both or neither",
            texts.source("tls_key")
        ))),
    }
}

fn acme(texts: &Texts<'_>) -> Result<Option<Acme>, ConfigError> {
    let contact = texts.optional("acme", "an address such as you@example.org", contact)?;
    let directory = texts.optional("acme_directory", "an https:// URL", https_url)?;
    let Some(contact) = contact else {
        return Ok(None);
    };
    if texts.given("tls_cert").is_some() {
        return Err(ConfigError::Conflict(format!(
            "{} and {} are both set; certificates are either yours or ordered",
            texts.source("acme"),
            texts.source("tls_cert")
        )));
    }
    Ok(Some(Acme {
        contact,
        directory: directory.unwrap_or_else(|| LETS_ENCRYPT.to_owned()),
    }))
}

fn mta_sts_mode(text: &str) -> Result<MtaStsMode, String> {
    let found = MtaStsMode::ALL.into_iter().find(|mode| mode.name() == text);
    found.ok_or_else(|| "not a mode".to_owned())
}

fn webhook_attempts(text: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(count) if (1..=10).contains(&count) => Ok(count),
        _ => Err("not a number of attempts".to_owned()),
    }
}

fn contact(text: &str) -> Result<String, String> {
    let (local, domain) = text.split_once('@').ok_or("not an address")?;
    if local.is_empty() || domain.is_empty() {
        Err("not an address".to_owned())
    } else {
        Ok(text.to_owned())
    }
}

fn https_url(text: &str) -> Result<String, String> {
    if text.starts_with("https://") {
        Ok(text.to_owned())
    } else {
        Err("not an https:// URL".to_owned())
    }
}

fn inbound_checks(text: &str) -> Result<CheckedPeers, String> {
    match text {
        "public" => Ok(CheckedPeers::Public),
        "all" => Ok(CheckedPeers::All),
        "off" => Ok(CheckedPeers::None),
        _ => Err("not known".to_owned()),
    }
}

fn inbound_dmarc(text: &str) -> Result<DmarcAction, String> {
    match text {
        "off" => Ok(DmarcAction::Off),
        "junk" => Ok(DmarcAction::Junk),
        "reject" => Ok(DmarcAction::Reject),
        _ => Err("not known".to_owned()),
    }
}

fn inbound_check_time(text: &str) -> Result<Duration, String> {
    match text.parse() {
        Ok(seconds) if (1..=60).contains(&seconds) => Ok(Duration::from_secs(seconds)),
        _ => Err("not such a number".to_owned()),
    }
}

fn region(text: &str) -> Result<String, String> {
    if text == "us" || text == "eu" {
        Ok(text.to_owned())
    } else {
        Err("not a region".to_owned())
    }
}

fn log_filter(text: &str) -> Result<String, String> {
    match tracing_subscriber::EnvFilter::try_new(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

fn log_format(text: &str) -> Result<LogFormat, String> {
    match text {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err("not a format".to_owned()),
    }
}
