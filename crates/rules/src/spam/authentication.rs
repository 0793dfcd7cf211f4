//! What the checks of the sender count for.

use super::letter::{Asked, Authentication, Outcome};
use super::signal::{
    DKIM_FAIL, DKIM_PASS, DMARC_FAIL, DMARC_FAIL_QUARANTINE, DMARC_FAIL_REJECT, DMARC_PASS,
    NOTHING_PASSED, SPF_FAIL, SPF_SOFTFAIL, Signal,
};

/// Judges the checks. Passing speaks little for a message: spammers sign, too.
pub(super) fn signals(checks: &Authentication) -> Vec<Signal> {
    let mut found = Vec::new();
    match checks.dmarc {
        Outcome::Pass => found.push(DMARC_PASS.plain()),
        Outcome::Fail | Outcome::SoftFail if !checks.is_vouched_for => {
            found.push(match checks.policy {
                Asked::Nothing => DMARC_FAIL.plain(),
                Asked::Quarantine => DMARC_FAIL_QUARANTINE.plain(),
                Asked::Reject => DMARC_FAIL_REJECT.plain(),
            });
        }
        _ => {}
    }
    match checks.dkim {
        Outcome::Pass => found.push(DKIM_PASS.plain()),
        Outcome::Fail | Outcome::SoftFail => found.push(DKIM_FAIL.plain()),
        Outcome::Unknown => {}
    }
    // A forwarded message fails SPF and is still its author's.
    if checks.is_proven() || checks.dkim == Outcome::Pass {
        return found;
    }
    match checks.spf {
        Outcome::Fail => found.push(SPF_FAIL.plain()),
        Outcome::SoftFail => found.push(SPF_SOFTFAIL.plain()),
        Outcome::Unknown => found.push(NOTHING_PASSED.plain()),
        Outcome::Pass => {}
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(checks: Authentication) -> Vec<&'static str> {
        signals(&checks).iter().map(|signal| signal.name).collect()
    }

    const PLAIN: Authentication = Authentication {
        spf: Outcome::Unknown,
        dkim: Outcome::Unknown,
        dmarc: Outcome::Unknown,
        policy: Asked::Nothing,
        is_vouched_for: false,
    };

    #[test]
    fn a_forwarded_message_is_not_blamed_for_its_forwarder() {
        let checks = Authentication {
            spf: Outcome::Fail,
            dkim: Outcome::Pass,
            dmarc: Outcome::Pass,
            ..PLAIN
        };
        assert_eq!(names(checks), ["DMARC_PASS", "DKIM_PASS"]);
        let vouched = Authentication {
            dmarc: Outcome::Fail,
            policy: Asked::Reject,
            is_vouched_for: true,
            ..PLAIN
        };
        assert_eq!(names(vouched), [""; 0]);
    }

    #[test]
    fn what_a_domain_asks_for_is_what_its_forgeries_count() {
        for (policy, name) in [
            (Asked::Nothing, "DMARC_FAIL"),
            (Asked::Quarantine, "DMARC_FAIL_QUARANTINE"),
            (Asked::Reject, "DMARC_FAIL_REJECT"),
        ] {
            let checks = Authentication {
                dmarc: Outcome::Fail,
                spf: Outcome::Fail,
                policy,
                ..PLAIN
            };
            assert_eq!(names(checks), [name, "SPF_FAIL"]);
        }
        assert_eq!(names(PLAIN), ["NOTHING_PASSED"]);
    }
}
