//! `posthouse otp`.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::email::account;
use crate::cli::{OtpCommand, OtpWatchArgs};
use crate::client::{Api, Failure, segment};
use crate::output::{Screen, field};

/// Newest messages that are looked at.
const MESSAGES_MAX: u32 = 20;
/// Longest time that one request waits.
const WAIT_SECONDS_MAX: u64 = 60;

/// Runs one command of the group.
///
/// # Errors
/// Why it did not succeed.
pub async fn run(command: OtpCommand, api: &Api, screen: &Screen) -> Result<(), Failure> {
    match command {
        OtpCommand::Get(args) => get(&account::choose(args.mailbox, api).await?, api, screen).await,
        OtpCommand::Watch(args) => watch(args, api, screen).await,
    }
}

async fn get(account: &str, api: &Api, screen: &Screen) -> Result<(), Failure> {
    let path = format!(
        "/v3/grants/{}/messages?limit={MESSAGES_MAX}&fields=include_extracted&select=id,subject,date,extracted",
        segment(account)
    );
    let answer = api.get(&path).await?;
    let found = answer.rows().iter().find_map(|message| {
        let code = best_code(message)?;
        Some((message, code))
    });
    let Some((message, code)) = found else {
        return Err(Failure::Local {
            message: format!("none of the newest {MESSAGES_MAX} messages has a one-time code"),
            fix: Some(
                "wait for the message and ask again; mail in Junk is not looked at".to_owned(),
            ),
        });
    };
    print(message, code, screen);
    Ok(())
}

/// Prints codes as they arrive.
async fn watch(args: OtpWatchArgs, api: &Api, screen: &Screen) -> Result<(), Failure> {
    let account = account::choose(args.mailbox, api).await?;
    let mut base = format!(
        "/v3/grants/{}/messages/wait?has_otp=true&fields=include_extracted&select=id,subject,date,extracted",
        segment(&account)
    );
    if let Some(from) = args.from {
        base.push_str(&format!("&from={}", segment(&from)));
    }
    let patience = args
        .timeout
        .map(|seconds| Duration::from_secs(seconds.into()));
    let mut since = String::new();
    let mut codes = 0;
    let mut last = Instant::now();
    while args.count.is_none_or(|count| codes < count) {
        let seconds = match patience {
            None => WAIT_SECONDS_MAX,
            Some(patience) => {
                let left = patience.saturating_sub(last.elapsed()).as_secs();
                left.clamp(1, WAIT_SECONDS_MAX)
            }
        };
        let answer = api.get(&format!("{base}&timeout={seconds}{since}")).await?;
        if let Some(next) = answer.body["next_since"].as_str() {
            since = format!("&since={}", segment(next));
        }
        if let Some(code) = best_code(answer.data()) {
            print(answer.data(), code, screen);
            codes += 1;
            last = Instant::now();
        } else if patience.is_some_and(|patience| last.elapsed() >= patience) {
            return Err(Failure::Local {
                message: format!("no code came within {} seconds", args.timeout.unwrap_or(0)),
                fix: Some(
                    "mail in Junk is not looked at: posthouse email list --folder junk".to_owned(),
                ),
            });
        }
    }
    Ok(())
}

fn best_code(message: &Value) -> Option<&Value> {
    message["extracted"]["otp_codes"].as_array()?.first()
}

fn print(message: &Value, code: &Value, screen: &Screen) {
    if !screen.is_json() {
        screen.text(&field(code, "code"));
        return;
    }
    let document = json!({
        "code": code["code"],
        "confidence": code["confidence"],
        "message_id": message["id"],
        "subject": message["subject"],
        "date": message["date"],
    });
    screen.text(&document.to_string());
}
