//! MTA-STS records and policies, which strangers' servers send.

use posthouse_net::limits::{MTA_STS_AGE_SECONDS_MAX, MTA_STS_MX_MAX};
use posthouse_net::tls_policy::mta_sts::{Mode, Policy, record_id};

use crate::Target;

/// Any bytes are a policy or refused, and what is understood stays within its bounds.
pub const TARGET: Target = Target {
    name: "mta_sts",
    run: play,
    seeds: &[
        b"version: STSv1\r\nmode: enforce\r\nmx: mail.example.com\r\nmx: *.example.net\r\nmax_age: 604800\r\n",
        b"version: STSv1\nmode: none\nmax_age: 0\n",
        b"v=STSv1; id=20160831085700Z;",
    ],
    dictionary: &[
        b"version: STSv1\n",
        b"mode: testing\n",
        b"mx: *.\n",
        b"max_age: 9999999999\n",
        b"v=STSv1;",
        b"id=",
        b"\r\n",
    ],
};

fn play(input: &[u8]) {
    if let Ok(policy) = Policy::parse(input) {
        assert!((0..=MTA_STS_AGE_SECONDS_MAX).contains(&policy.max_age_seconds));
        assert!(policy.mx.len() <= MTA_STS_MX_MAX);
        assert!(policy.mode == Mode::None || !policy.mx.is_empty());
        for pattern in &policy.mx {
            if !pattern.starts_with("*.") && !pattern.ends_with('.') {
                assert!(policy.names(pattern));
            }
        }
    }
    let text = String::from_utf8_lossy(input).into_owned();
    if let Some(id) = record_id(&[text]) {
        assert!(!id.is_empty() && id.len() <= 32);
    }
}
