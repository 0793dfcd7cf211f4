//! Checks through the API: does it answer, is the clock right, is the key good, can accounts be made.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;

use super::Check;
use crate::client::{Api, Failure};
use crate::output::{clean, field, http_date_unix};

/// Difference of clocks that is worth a remark.
const CLOCK_SECONDS_WARN: i64 = 5;
/// Difference of clocks at which signed requests are refused.
const CLOCK_SECONDS_FAIL: i64 = 300;

/// Runs the checks in order; without an answer the later ones make no sense.
pub async fn check(api: &Api, checks: &mut Vec<Check>) {
    let date = match api.probe("/healthz").await {
        Ok((200, _, date)) => {
            checks.push(Check::ok("reachable", format!("{} answers", api.base())));
            date
        }
        Ok((status, _, _)) => {
            let detail = format!("{}/healthz answered HTTP {status}", api.base());
            checks.push(Check::fail(
                "reachable",
                detail,
                "is this URL a Posthouse? posthouse init",
            ));
            return;
        }
        Err(failure) => {
            checks.push(Check::fail(
                "reachable",
                failure.message(),
                "posthouse serve --dev, or another URL: posthouse init",
            ));
            return;
        }
    };
    checks.push(ready(api).await);
    checks.push(clock(date.as_deref()));
    let application = api.get("/v3/applications").await;
    let key_good = application.is_ok();
    checks.push(key(
        application.map(|answer| field(answer.data(), "application_id"))
    ));
    if key_good {
        checks.push(connector(api).await);
        checks.push(domains(api).await);
    }
}

async fn ready(api: &Api) -> Check {
    match api.probe("/readyz").await {
        Ok((200, text, _)) => match notes(&text) {
            None => Check::ok("ready", "the server takes traffic"),
            Some(notes) => Check::warn("ready", notes, "look at the server's log"),
        },
        Ok((status, text, _)) => {
            let reason = clean(text.trim());
            Check::fail(
                "ready",
                format!("/readyz answered HTTP {status}: {reason}"),
                "look at the server's log",
            )
        }
        Err(failure) => Check::fail("ready", failure.message(), "look at the server's log"),
    }
}

/// What a server that takes traffic remarks on.
fn notes(text: &str) -> Option<String> {
    let body: Value = serde_json::from_str(text).ok()?;
    let notes = field(&body["data"], "notes");
    (!notes.is_empty()).then_some(notes)
}

fn clock(date: Option<&str>) -> Check {
    let Some(server) = date.and_then(http_date_unix) else {
        return Check::warn(
            "clock",
            "the server does not tell its time",
            "is there a proxy that removes the Date header?",
        );
    };
    let here = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |age| age.as_secs().cast_signed());
    let seconds = (server - here).abs();
    let detail = format!("this machine and the server differ by {seconds} s");
    if seconds >= CLOCK_SECONDS_FAIL {
        return Check::fail(
            "clock",
            detail,
            "synchronise both clocks (chrony, systemd-timesyncd): signatures are refused",
        );
    }
    if seconds >= CLOCK_SECONDS_WARN {
        return Check::warn(
            "clock",
            detail,
            "synchronise both clocks (chrony, systemd-timesyncd)",
        );
    }
    Check::ok("clock", detail)
}

fn key(application: Result<String, Failure>) -> Check {
    match application {
        Ok(id) => Check::ok("API key", format!("valid, application {id}")),
        Err(failure) => {
            let fix = failure.fix().unwrap_or_else(|| "posthouse init".to_owned());
            Check::fail("API key", failure.message(), fix)
        }
    }
}

async fn connector(api: &Api) -> Check {
    match api.get("/v3/connectors").await {
        Ok(answer)
            if answer
                .rows()
                .iter()
                .any(|connector| connector["provider"] == "nylas") =>
        {
            Check::ok("connector", "agent accounts can be made")
        }
        Ok(_) => Check::warn(
            "connector",
            "there is none for agent accounts",
            "it is made again with the next account",
        ),
        Err(failure) => Check::warn(
            "connector",
            failure.message(),
            "use a key that reaches the whole application",
        ),
    }
}

async fn domains(api: &Api) -> Check {
    let answer = match api.get("/v3/admin/domains?limit=200").await {
        Ok(answer) => answer,
        Err(failure) => {
            return Check::warn(
                "domains",
                failure.message(),
                "use a key with permission admin to see the domains",
            );
        }
    };
    let domains = answer.rows();
    if domains.is_empty() {
        return Check::fail(
            "domains",
            "none is registered: no account can be made",
            "register one, or start with --trial-domain",
        );
    }
    let unverified: Vec<String> = domains.iter().filter_map(lacking).collect();
    if unverified.is_empty() {
        let names: Vec<String> = domains
            .iter()
            .map(|domain| field(domain, "domain_address"))
            .collect();
        return Check::ok("domains", names.join(", "));
    }
    Check::warn(
        "domains",
        unverified.join("; "),
        "posthouse domain dns DOMAIN says what to publish, posthouse domain verify DOMAIN looks for it",
    )
}

/// Names the records without which a domain does not receive or send.
fn lacking(domain: &Value) -> Option<String> {
    let missing: Vec<&str> = ["ownership", "mx", "spf", "dkim"]
        .into_iter()
        .filter(|kind| domain[format!("verified_{kind}")] == false)
        .collect();
    (!missing.is_empty()).then(|| {
        let domain = field(domain, "domain_address");
        format!("{domain}: {} not found", missing.join(", "))
    })
}
