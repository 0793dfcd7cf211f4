//! `posthouse webhook`.

use serde_json::{Value, json};

use super::confirm::confirm;
use crate::cli::WebhookCommand;
use crate::client::{Api, Failure, segment};
use crate::output::{Screen, details, field, table};

/// Runs one command of the group.
///
/// # Errors
/// Why it did not succeed.
pub async fn run(command: WebhookCommand, api: &Api, screen: &Screen) -> Result<(), Failure> {
    match command {
        WebhookCommand::List => list(api, screen).await,
        WebhookCommand::Create {
            url,
            trigger,
            description,
            compressed,
        } => {
            let mut body = json!({ "webhook_url": url, "trigger_types": trigger });
            if let Some(description) = description {
                body["description"] = Value::String(description);
            }
            if compressed {
                body["compressed_delivery"] = Value::Bool(true);
            }
            create(&body, api, screen).await
        }
        WebhookCommand::Delete { webhook, yes } => delete(&webhook, yes, api, screen).await,
    }
}

async fn list(api: &Api, screen: &Screen) -> Result<(), Failure> {
    let answer = api.get("/v3/webhooks").await?;
    if screen.is_json() {
        screen.verbatim(&answer);
        return Ok(());
    }
    if answer.rows().is_empty() {
        screen.text("No webhooks yet. Create one:\n  posthouse webhook create --url https://your.app/hook --trigger message.created");
        return Ok(());
    }
    let rows = answer
        .rows()
        .iter()
        .map(|webhook| {
            let status = field(webhook, "status");
            let status = if status == "active" {
                screen.good(&status)
            } else {
                screen.caution(&status)
            };
            vec![
                field(webhook, "id"),
                status,
                field(webhook, "webhook_url"),
                field(webhook, "trigger_types"),
            ]
        })
        .collect();
    screen.text(&table(screen, &["ID", "STATUS", "URL", "TRIGGERS"], rows));
    Ok(())
}

async fn create(body: &Value, api: &Api, screen: &Screen) -> Result<(), Failure> {
    let answer = api.post("/v3/webhooks", body).await?;
    if screen.is_json() {
        screen.verbatim(&answer);
        return Ok(());
    }
    let webhook = answer.data();
    screen.text(&screen.good("Webhook created; the receiver answered the challenge."));
    let pairs = [
        ("ID", field(webhook, "id")),
        ("URL", field(webhook, "webhook_url")),
        ("Triggers", field(webhook, "trigger_types")),
        ("Status", field(webhook, "status")),
        ("Secret", screen.bold(&field(webhook, "webhook_secret"))),
    ];
    screen.text(&details(screen, &pairs));
    screen.text("\nKeep the secret: it is not shown again, and the receiver checks X-Nylas-Signature with it.");
    Ok(())
}

async fn delete(webhook: &str, yes: bool, api: &Api, screen: &Screen) -> Result<(), Failure> {
    let path = format!("/v3/webhooks/{}", segment(webhook));
    let found = api.get(&path).await?;
    let url = field(found.data(), "webhook_url");
    confirm(&format!("Delete the webhook to {url}?"), yes)?;
    let answer = api.delete(&path).await?;
    screen.outcome(&answer, &format!("Deleted the webhook to {url}."));
    Ok(())
}
