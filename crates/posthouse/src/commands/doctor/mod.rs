//! `posthouse doctor`: every check says ok, warn or fail, and what to do.

mod data_dir;
mod mail;
mod server;

use serde_json::{Value, json};

use crate::cli::DoctorArgs;
use crate::client::{Api, Failure, Origin, Profile};
use crate::output::{Screen, table};

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Ok,
    Warn,
    Fail,
}

impl Outcome {
    fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

/// One line of the diagnosis.
struct Check {
    name: &'static str,
    outcome: Outcome,
    detail: String,
    fix: Option<String>,
}

impl Check {
    fn ok(name: &'static str, detail: impl Into<String>) -> Self {
        Self {
            name,
            outcome: Outcome::Ok,
            detail: detail.into(),
            fix: None,
        }
    }

    fn warn(name: &'static str, detail: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            name,
            outcome: Outcome::Warn,
            detail: detail.into(),
            fix: Some(fix.into()),
        }
    }

    fn fail(name: &'static str, detail: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            name,
            outcome: Outcome::Fail,
            detail: detail.into(),
            fix: Some(fix.into()),
        }
    }

    fn json(&self) -> Value {
        json!({ "name": self.name, "status": self.outcome.name(), "detail": self.detail, "fix": self.fix })
    }
}

/// Runs all checks and prints them.
///
/// # Errors
/// [`Failure::Unhealthy`] when at least one failed.
pub async fn run(args: &DoctorArgs, screen: &Screen) -> Result<(), Failure> {
    let mut checks = Vec::new();
    let server = connect();
    match &server {
        Ok((api, origin)) => {
            checks.push(Check::ok("profile", origin));
            server::check(api, &mut checks).await;
        }
        Err(failure) => checks.push(Check::fail(
            "profile",
            failure.message(),
            failure.fix().unwrap_or_default(),
        )),
    }
    if args.mail {
        let place = mail::Place {
            dns: args.dns,
            probe: &args.probe,
        };
        let api = server.as_ref().ok().map(|(api, _)| api);
        mail::check(&place, api, &mut checks).await;
    }
    if let Some(directory) = &args.data_dir {
        data_dir::check(directory, &mut checks);
    }
    let healthy = checks.iter().all(|check| check.outcome != Outcome::Fail);
    if screen.is_json() {
        let rows: Vec<Value> = checks.iter().map(Check::json).collect();
        screen.text(&json!({ "healthy": healthy, "checks": rows }).to_string());
    } else {
        show(&checks, healthy, screen);
    }
    if healthy {
        Ok(())
    } else {
        Err(Failure::Unhealthy)
    }
}

fn connect() -> Result<(Api, String), Failure> {
    let (profile, origin) = Profile::find()?;
    let place = match origin {
        Origin::Environment => "POSTHOUSE_URL and POSTHOUSE_API_KEY".to_owned(),
        Origin::File(path) => path.display().to_string(),
    };
    Ok((
        Api::new(&profile)?,
        format!("{} (from {place})", profile.url),
    ))
}

fn show(checks: &[Check], healthy: bool, screen: &Screen) {
    let rows = checks
        .iter()
        .map(|check| {
            let mark = match check.outcome {
                Outcome::Ok => screen.good("ok"),
                Outcome::Warn => screen.caution("warn"),
                Outcome::Fail => screen.bad("fail"),
            };
            let fix = check
                .fix
                .as_ref()
                .filter(|fix| !fix.is_empty())
                .map(|fix| format!("\n→ {fix}"))
                .unwrap_or_default();
            vec![
                mark,
                check.name.to_owned(),
                format!("{}{fix}", check.detail),
            ]
        })
        .collect();
    screen.text(&table(screen, &["", "CHECK", "RESULT"], rows));
    let warned = checks.iter().any(|check| check.outcome == Outcome::Warn);
    let verdict = match (healthy, warned) {
        (true, false) => screen.good("Everything works."),
        (true, true) => screen.caution("It works, with remarks."),
        (false, _) => screen.bad("Something is broken; the lines with → say what to do."),
    };
    screen.text(&format!("\n{verdict}"));
}
