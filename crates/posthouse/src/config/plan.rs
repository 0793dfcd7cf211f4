//! What the operator caps for everybody.

use posthouse_mailroom::policies::{Cap, Plan};

/// What may be written for a cap.
pub(super) const CAPS_ALLOWED: &str = "CAP=NUMBER, such as sent_per_day=200 or storage=3G; -1 lifts a cap. Caps: accounts, rules, \
     lists, sent_per_day, sent_per_month, received_per_day, storage, traffic_per_month, message_size, attachment_size, \
     attachments, inbox_days, junk_days, outbound_size, recipients, trash_days";

/// Reads the name of a plan.
pub(super) fn plan(text: &str) -> Result<Plan, String> {
    match text {
        "none" => Ok(Plan::unlimited()),
        name => Plan::published(name).ok_or_else(|| "not a known plan".to_owned()),
    }
}

/// Reads one cap; `None` lifts it.
pub(super) fn cap(text: &str) -> Result<(Cap, Option<i64>), String> {
    let (name, number) = text.split_once('=').ok_or("the = is missing")?;
    let cap =
        Cap::named(name.trim()).ok_or_else(|| format!("there is no cap `{}`", name.trim()))?;
    let number = number.trim();
    if number == "-1" {
        return Ok((cap, None));
    }
    let (digits, unit) = match number.bytes().last().map(|byte| byte.to_ascii_uppercase()) {
        Some(b'K') => (&number[..number.len() - 1], 1 << 10),
        Some(b'M') => (&number[..number.len() - 1], 1 << 20),
        Some(b'G') => (&number[..number.len() - 1], 1 << 30),
        _ => (number, 1),
    };
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let number = plain.then(|| digits.parse::<i64>().ok()).flatten();
    let number = number.and_then(|number| number.checked_mul(unit));
    number
        .map(|number| (cap, Some(number)))
        .ok_or_else(|| "not a number".to_owned())
}

/// Lays caps over a plan.
pub(super) fn with_caps(mut plan: Plan, caps: &[(Cap, Option<i64>)]) -> Plan {
    for (cap, number) in caps {
        plan.set(*cap, *number);
    }
    plan
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn caps_are_numbers_with_units_and_lifted_by_minus_one() {
        assert_eq!(
            cap("sent_per_day=200"),
            Ok((Cap::named("sent_per_day").expect("a cap"), Some(200)))
        );
        assert_eq!(cap("storage = 3G").expect("a cap").1, Some(3 << 30));
        assert_eq!(cap("rules=-1").expect("a cap").1, None);
        for wrong in [
            "rules",
            "rules=",
            "rules=x",
            "rules=-2",
            "what=1",
            "storage=9999999999G",
            "rules=+1",
        ] {
            assert!(cap(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn caps_are_laid_over_the_plan() {
        let full = plan("full").expect("a plan");
        let caps = [
            cap("rules=7").expect("a cap"),
            cap("lists=-1").expect("a cap"),
        ];
        let both = with_caps(full, &caps);
        assert_eq!(both.cap(Cap::Rules), Some(7));
        assert_eq!(both.cap(Cap::Lists), None);
        assert_eq!(both.cap(Cap::Accounts), Some(20));
        assert!(plan("gold").is_err());
    }
}
