//! `posthouse agent account suspend` and `resume`.

use serde_json::{Value, json};

use super::{describe, path};
use crate::client::{Answer, Api, Failure};
use crate::output::{Screen, field};

/// Suspends an account.
///
/// # Errors
/// Not found, or how the server refused it.
pub async fn suspend(
    account: &str,
    reason: Option<String>,
    inbound: Option<String>,
    api: &Api,
    screen: &Screen,
) -> Result<(), Failure> {
    let mut body = json!({});
    for (name, text) in [("reason", reason), ("inbound", inbound)] {
        if let Some(text) = text {
            body[name] = Value::String(text);
        }
    }
    let answer = api
        .post(&format!("{}/suspend", path(account)), &body)
        .await?;
    let email = field(answer.data(), "email");
    let done =
        format!("Account suspended. Let it work again:\n  posthouse agent account resume {email}");
    show(&answer, &done, screen);
    Ok(())
}

/// Lets a suspended account work again.
///
/// # Errors
/// Not found, or how the server refused it.
pub async fn resume(account: &str, api: &Api, screen: &Screen) -> Result<(), Failure> {
    let answer = api
        .post(&format!("{}/resume", path(account)), &json!({}))
        .await?;
    show(&answer, "Account resumed.", screen);
    Ok(())
}

fn show(answer: &Answer, done: &str, screen: &Screen) {
    if screen.is_json() {
        screen.verbatim(answer);
        return;
    }
    screen.text(&screen.good(done));
    screen.text(&describe(screen, answer.data()));
}
