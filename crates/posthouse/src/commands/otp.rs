//! `posthouse otp`.

use serde_json::{Value, json};

use super::email::account;
use crate::cli::OtpCommand;
use crate::client::{Api, Failure, segment};
use crate::output::{Screen, field};

/// Newest messages that are looked at.
const MESSAGES_MAX: u32 = 20;

/// Runs one command of the group.
///
/// # Errors
/// Why it did not succeed.
pub async fn run(command: OtpCommand, api: &Api, screen: &Screen) -> Result<(), Failure> {
    match command {
        OtpCommand::Get(args) => get(&account::choose(args.mailbox, api).await?, api, screen).await,
    }
}

async fn get(account: &str, api: &Api, screen: &Screen) -> Result<(), Failure> {
    let path = format!(
        "/v3/grants/{}/messages?limit={MESSAGES_MAX}&fields=include_extracted&select=id,subject,date,extracted",
        segment(account)
    );
    let answer = api.get(&path).await?;
    let best = |message: &Value| message["extracted"]["otp_codes"][0].clone();
    let found = answer
        .rows()
        .iter()
        .find(|message| best(message).is_object());
    let Some(message) = found else {
        return Err(Failure::Local {
            message: format!("none of the newest {MESSAGES_MAX} messages has a one-time code"),
            fix: Some(
                "wait for the message and ask again; mail in Junk is not looked at".to_owned(),
            ),
        });
    };
    let code = best(message);
    if screen.is_json() {
        let document = json!({
            "code": code["code"],
            "confidence": code["confidence"],
            "message_id": message["id"],
            "subject": message["subject"],
            "date": message["date"],
        });
        screen.text(&document.to_string());
        return Ok(());
    }
    screen.text(&field(&code, "code"));
    Ok(())
}
