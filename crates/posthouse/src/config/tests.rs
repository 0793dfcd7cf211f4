//! Precedence and refusals, with the environment passed in.

use std::collections::HashMap;
use std::path::PathBuf;

use super::layers::{environment, gather};
use super::resolve::config;
use super::settings::{SETTINGS, Shape};
use super::{Config, ConfigError, Database, LogFormat, Role, ServeFlags, markdown};

/// What the server would run with.
fn load(
    file: Option<&str>,
    variables: &[(&str, &str)],
    flags: &[(&'static str, &[&str])],
) -> Result<Config, ConfigError> {
    let directory = tempfile::tempdir().expect("temporary directory");
    let mut serve_flags = ServeFlags::default();
    if let Some(text) = file {
        let path = directory.path().join("posthouse.toml");
        std::fs::write(&path, text).expect("write the file");
        serve_flags.config = Some(path);
    }
    for (key, texts) in flags {
        serve_flags
            .values
            .insert(key, texts.iter().map(|text| (*text).to_owned()).collect());
    }
    let mut environment: HashMap<String, String> = variables
        .iter()
        .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
        .collect();
    // The name of the machine that runs the tests may or may not be a full one.
    environment
        .entry("POSTHOUSE_HOSTNAME".to_owned())
        .or_insert_with(|| "mx.example.org".to_owned());
    config(&gather(&serve_flags, environment)?)
}

fn refusal(
    file: Option<&str>,
    variables: &[(&str, &str)],
    flags: &[(&'static str, &[&str])],
) -> String {
    load(file, variables, flags)
        .expect_err("must be refused")
        .to_string()
}

#[test]
fn a_switch_is_off_unless_file_environment_or_flag_turn_it_on() {
    let on = |file, variables: &[(&str, &str)], flags: &[(&'static str, &[&str])]| {
        load(file, variables, flags).expect("a switch").hard_delete
    };
    let flag: &[(&'static str, &[&str])] = &[("hard_delete", &["true"])];
    assert!(!on(None, &[], &[]));
    assert!(on(Some("hard_delete = true"), &[], &[]));
    assert!(!on(
        Some("hard_delete = true"),
        &[("POSTHOUSE_HARD_DELETE", "false")],
        &[]
    ));
    assert!(on(None, &[("POSTHOUSE_HARD_DELETE", "1")], &[]));
    assert!(on(Some("hard_delete = false"), &[], flag));
    let refused = refusal(Some("hard_delete = \"on\""), &[], &[]);
    assert!(refused.contains("true or false"), "{refused}");
}

#[test]
fn defaults_differ_between_dev_and_production() {
    let production = load(None, &[], &[]).expect("defaults");
    assert_eq!(production.data_dir, PathBuf::from("/var/lib/posthouse"));
    assert_eq!(production.smtp, Some("[::]:25".parse().expect("address")));
    assert_eq!(production.trial_domain, None);
    let dev = load(None, &[], &[("dev", &["true"])]).expect("defaults");
    assert_eq!(dev.data_dir, PathBuf::from("./posthouse-data"));
    assert_eq!(dev.smtp, Some("127.0.0.1:2525".parse().expect("address")));
    assert_eq!(dev.trial_domain.as_deref(), Some("agents.localhost"));
    assert!(dev.warnings.is_empty());
}

#[test]
fn file_beats_default_variable_beats_file_flag_beats_variable() {
    let file = Some("http = \"127.0.0.1:1\"\nlog_format = \"json\"\n");
    let from_file = load(file, &[], &[]).expect("valid");
    assert_eq!(
        from_file.http,
        Some("127.0.0.1:1".parse().expect("address"))
    );
    let from_variable = load(file, &[("POSTHOUSE_HTTP", "127.0.0.1:2")], &[]).expect("valid");
    assert_eq!(
        from_variable.http,
        Some("127.0.0.1:2".parse().expect("address"))
    );
    let from_flag = load(
        file,
        &[("POSTHOUSE_HTTP", "127.0.0.1:2")],
        &[("http", &["127.0.0.1:3"])],
    )
    .expect("valid");
    assert_eq!(
        from_flag.http,
        Some("127.0.0.1:3".parse().expect("address"))
    );
    assert_eq!(from_flag.log_format, LogFormat::Json);
}

#[test]
fn empty_variable_counts_as_unset() {
    let config = load(
        Some("http = \"127.0.0.1:1\"\n"),
        &[("POSTHOUSE_HTTP", "")],
        &[],
    )
    .expect("valid");
    assert_eq!(config.http, Some("127.0.0.1:1".parse().expect("address")));
}

#[test]
fn dev_can_be_chosen_in_the_file_and_turned_off_by_the_environment() {
    assert!(load(Some("dev = true\n"), &[], &[]).expect("valid").dev);
    assert!(
        !load(Some("dev = true\n"), &[("POSTHOUSE_DEV", "false")], &[])
            .expect("valid")
            .dev
    );
}

#[test]
fn repeatable_settings_are_arrays_in_the_file_and_comma_lists_in_the_environment() {
    let from_file = load(
        Some("roles = [\"api\", \"smtp\"]\nallow_net = \"10.0.0.0/8\"\n"),
        &[],
        &[],
    )
    .expect("valid");
    assert!(from_file.roles.include(Role::Smtp) && !from_file.roles.include(Role::Webhooks));
    assert_eq!(from_file.allow_net, ["10.0.0.0/8".parse().expect("range")]);
    let variables = [
        ("POSTHOUSE_ROLES", "webhooks, jobs"),
        ("POSTHOUSE_PUBLIC_IP", "192.0.2.1,2001:db8::1"),
    ];
    let from_environment = load(None, &variables, &[]).expect("valid");
    assert!(
        from_environment.roles.include(Role::Jobs) && !from_environment.roles.include(Role::Api)
    );
    assert_eq!(from_environment.public_ip.len(), 2);
}

#[test]
fn unknown_key_is_refused_with_the_likely_one() {
    let text = refusal(Some("data-dir = \"/srv\"\n"), &[], &[]);
    assert!(
        text.contains("unknown key `data-dir`, did you mean `data_dir`?"),
        "{text}"
    );
    let text = refusal(Some("colour = \"red\"\n"), &[], &[]);
    assert!(
        text.contains("unknown key `colour`; `posthouse config-reference`"),
        "{text}"
    );
}

#[test]
fn refusals_name_the_place_the_value_and_what_is_allowed() {
    let text = refusal(None, &[("POSTHOUSE_SMTP", "somewhere")], &[]);
    assert!(
        text.starts_with("POSTHOUSE_SMTP: invalid value `somewhere`"),
        "{text}"
    );
    assert!(text.contains("allowed: ADDRESS:PORT"), "{text}");
    let text = refusal(None, &[], &[("log_format", &["xml"])]);
    assert!(
        text.starts_with("--log-format: invalid value `xml`")
            && text.ends_with("allowed: text or json"),
        "{text}"
    );
    let text = refusal(Some("mx_port = 70000\n"), &[], &[]);
    assert!(
        text.contains("mx_port in ") && text.contains("`70000`") && text.contains("1 to 65535"),
        "{text}"
    );
    let text = refusal(Some("http = [1.5]\n"), &[], &[]);
    assert!(text.contains("array"), "{text}");
    let text = refusal(None, &[], &[("http", &["127.0.0.1"])]);
    assert!(text.contains("the port is missing"), "{text}");
}

#[test]
fn dev_refuses_every_listener_that_is_not_on_loopback() {
    for key in [
        "http",
        "https",
        "smtp",
        "submission",
        "submissions",
        "imap",
        "imaps",
    ] {
        let text = refusal(None, &[], &[("dev", &["true"]), (key, &["0.0.0.0:0"])]);
        assert!(text.contains("loopback only"), "{key}: {text}");
    }
    assert!(load(None, &[], &[("dev", &["true"]), ("smtp", &["[::1]:0"])]).is_ok());
    assert!(load(None, &[], &[("dev", &["true"]), ("http", &["localhost:0"])]).is_ok());
}

#[test]
fn settings_without_effect_are_warned_about_unless_they_ask_for_nothing() {
    let config = load(
        None,
        &[],
        &[
            ("imap", &["127.0.0.1:0"]),
            ("submissions", &["127.0.0.1:465"]),
        ],
    )
    .expect("valid");
    assert_eq!(
        config.warnings,
        [
            "--submissions has no effect: this release has no submission service",
            "--imap has no effect: this release has no IMAP service"
        ]
    );
    let quiet = load(None, &[], &[("imap", &["off"]), ("outbound", &["capture"])]).expect("valid");
    assert!(quiet.warnings.is_empty());
}

#[test]
fn misspelt_variable_is_warned_about_and_client_variables_are_not() {
    let variables = [
        ("POSTHOUSE_HTPP", "x"),
        ("POSTHOUSE_URL", "http://x"),
        ("POSTHOUSE_API_KEY", "k"),
    ];
    let config = load(None, &variables, &[]).expect("valid");
    assert_eq!(config.warnings.len(), 1);
    assert!(config.warnings[0].starts_with("POSTHOUSE_HTPP is set but is not a setting"));
}

#[test]
fn certificate_and_key_go_together() {
    let text = refusal(None, &[], &[("tls_cert", &["/dev/null"])]);
    assert!(text.contains("--tls-cert is set without tls_key"), "{text}");
    let text = refusal(None, &[], &[("tls_cert", &["/nowhere/cert.pem"])]);
    assert!(text.contains("/nowhere/cert.pem"), "{text}");
}

#[test]
fn database_and_blobs_take_their_schemes_only() {
    let config = load(None, &[], &[("database", &["postgres://u@h/d"])]).expect("valid");
    assert_eq!(
        config.database,
        Database::Postgres("postgres://u@h/d".to_owned())
    );
    assert!(refusal(None, &[], &[("database", &["mysql://x"])]).contains("sqlite or postgres://"));
    let mistyped = refusal(None, &[], &[("database", &["postgers://u:p@ss@h/d"])]);
    assert!(
        mistyped.contains("`postgers://…@h/d`") && !mistyped.contains("p@ss"),
        "{mistyped}"
    );
    assert!(refusal(None, &[], &[("blobs", &["s3:///prefix"])]).contains("the bucket is missing"));
}

#[test]
fn reference_page_lists_every_setting_once_with_all_spellings() {
    let page = markdown();
    for setting in SETTINGS {
        let spellings = [
            format!("| `--{}{} |", setting.long(), flag_end(setting)),
            format!("| `{}` |", setting.variable()),
            format!("| `{}` |", setting.key),
        ];
        for spelling in spellings {
            assert_eq!(page.matches(&spelling).count(), 1, "{spelling}");
        }
        assert_eq!(
            setting.shape == Shape::Switch,
            setting.value.is_empty(),
            "{}",
            setting.key
        );
    }
}

/// What follows the flag in its cell.
fn flag_end(setting: &super::settings::Setting) -> String {
    match setting.shape {
        Shape::Switch => "`".to_owned(),
        Shape::One => format!(" {}`", setting.value),
        Shape::Many => format!(" {}` …", setting.value),
    }
}

#[test]
fn short_host_name_is_remarked_on_outside_dev_only() {
    let flags: [(&'static str, &[&str]); 1] = [("hostname", &["mx"])];
    let config = load(None, &[], &flags).expect("valid");
    assert!(
        config.warnings[0].contains("set --hostname"),
        "{:?}",
        config.warnings
    );
    let dev = load(None, &[("POSTHOUSE_DEV", "1")], &flags).expect("valid");
    assert!(dev.warnings.is_empty());
}

#[test]
fn token_that_anybody_could_show_is_refused() {
    for token in ["", " ", "two words"] {
        let text = refusal(None, &[], &[("metrics_token", &[token])]);
        assert!(text.starts_with("--metrics-token: invalid value"), "{text}");
    }
}

#[cfg(unix)]
#[test]
fn variable_that_is_no_text_is_refused_when_it_is_ours_and_passed_over_otherwise() {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;
    let odd = || OsString::from_vec(vec![b'/', 0xff]);
    let others = [(OsString::from("HOME"), odd()), (odd(), odd())];
    assert!(environment(others.into_iter()).expect("fine").is_empty());
    let ours = [(OsString::from("POSTHOUSE_DATA_DIR"), odd())];
    let text = environment(ours.into_iter())
        .expect_err("must be refused")
        .to_string();
    assert!(text.contains("POSTHOUSE_DATA_DIR"), "{text}");
}

#[test]
fn certificates_are_given_or_ordered_and_ordered_for_names_that_others_know() {
    let given = "/dev/null";
    let acme: (&str, &[&str]) = ("acme", &["you@example.org"]);
    let text = refusal(
        None,
        &[],
        &[
            acme,
            ("hostname", &["mail.example.org"]),
            ("tls_cert", &[given]),
            ("tls_key", &[given]),
        ],
    );
    assert!(text.contains("either yours or ordered"), "{text}");
    let text = refusal(None, &[], &[acme, ("hostname", &["mail"])]);
    assert!(text.contains("set --hostname"), "{text}");
    let text = refusal(None, &[], &[("acme_directory", &["http://ca.example"])]);
    assert!(text.contains("not an https:// URL"), "{text}");
    let text = refusal(None, &[], &[("mta_sts_mode", &["strict"])]);
    assert!(text.contains("testing, enforce or none"), "{text}");
}
