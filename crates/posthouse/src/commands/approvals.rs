//! `posthouse approvals`.

use serde_json::{Value, json};

use super::named::ACCOUNTS;
use crate::cli::ApprovalsCommand;
use crate::client::{Answer, Api, Failure, segment};
use crate::output::{Screen, clean_lines, details, field, moment, plain_text, size, table};

const HOLDS: &str = "/v3/holds";

/// Runs one command of the group.
///
/// # Errors
/// Why it did not succeed.
pub async fn run(command: ApprovalsCommand, api: &Api, screen: &Screen) -> Result<(), Failure> {
    match command {
        ApprovalsCommand::List {
            account,
            status,
            limit,
        } => {
            let collection = match account {
                Some(account) => format!("/v3/grants/{}/holds", segment(&account)),
                None => HOLDS.to_owned(),
            };
            let path = format!("{collection}?limit={limit}&status={}", segment(&status));
            let listed = list(&path, &status, api, screen).await;
            listed.map_err(|failure| failure.look(ACCOUNTS))
        }
        ApprovalsCommand::Show { hold } => {
            show(&api.get(&path(&hold)).await?, screen);
            Ok(())
        }
        ApprovalsCommand::Approve { hold, note } => {
            let body = note.map_or_else(|| json!({}), |note| json!({ "note": note }));
            decide(
                &hold,
                "approve",
                &body,
                "Approved. It goes out.",
                api,
                screen,
            )
            .await
        }
        ApprovalsCommand::Reject { hold, reason } => {
            let body = reason.map_or_else(|| json!({}), |reason| json!({ "reason": reason }));
            decide(
                &hold,
                "reject",
                &body,
                "Rejected. It never leaves.",
                api,
                screen,
            )
            .await
        }
    }
}

fn path(hold: &str) -> String {
    format!("{HOLDS}/{}", segment(hold))
}

async fn list(path: &str, status: &str, api: &Api, screen: &Screen) -> Result<(), Failure> {
    let answer = api.get(path).await?;
    if screen.is_json() {
        screen.verbatim(&answer);
        return Ok(());
    }
    if answer.rows().is_empty() {
        screen.text(&match status {
            "pending" => "Nothing waits for approval. A rule can keep messages for it, and so can the guard of a policy:\n  posthouse agent rule create --name \"Ask first\" --trigger outbound --condition recipient.known,is,false --action hold".to_owned(),
            other => format!("Nothing is {other}."),
        });
        return Ok(());
    }
    let row = |hold: &Value| {
        vec![
            field(hold, "status"),
            addresses(hold, "from"),
            everybody(hold),
            subject(hold),
            field(hold, "reasons"),
            moment(&hold["expires_at"]),
            field(hold, "id"),
        ]
    };
    let rows = answer.rows().iter().map(row).collect();
    let heads = ["STATUS", "FROM", "TO", "SUBJECT", "WHY", "UNTIL", "ID"];
    screen.text(&table(screen, &heads, rows));
    if answer.body["next_cursor"].is_string() {
        screen.text("\nThere are more: add --limit (up to 200) or --account.");
    }
    if status == "pending" {
        screen.text("\nRead one, then decide:\n  posthouse approvals show ID\n  posthouse approvals approve ID\n  posthouse approvals reject ID --reason TEXT");
    }
    Ok(())
}

/// The message of a hold, wherever the answer has it.
fn message(hold: &Value) -> &Value {
    match &hold["message"] {
        Value::Null => hold,
        message => message,
    }
}

fn subject(hold: &Value) -> String {
    field(message(hold), "subject")
}

fn addresses(hold: &Value, role: &str) -> String {
    let all = message(hold)[role].as_array().into_iter().flatten();
    let emails: Vec<String> = all.map(|one| field(one, "email")).collect();
    emails.join(", ")
}

/// Everybody it would go to: whoever decides by the list must not miss a hidden recipient.
fn everybody(hold: &Value) -> String {
    let roles = ["to", "cc", "bcc"].map(|role| addresses(hold, role));
    let named = roles.into_iter().filter(|emails| !emails.is_empty());
    named.collect::<Vec<_>>().join(", ")
}

fn show(answer: &Answer, screen: &Screen) {
    if screen.is_json() {
        screen.verbatim(answer);
        return;
    }
    let hold = answer.data();
    let pairs = [
        ("ID", field(hold, "id")),
        ("Status", field(hold, "status")),
        ("Why", field(hold, "reasons")),
        ("Rules", field(hold, "rule_ids")),
        ("From", addresses(hold, "from")),
        ("To", addresses(hold, "to")),
        ("Cc", addresses(hold, "cc")),
        ("Bcc", addresses(hold, "bcc")),
        ("Reply to", addresses(hold, "reply_to")),
        ("Subject", subject(hold)),
        ("Files", files(hold)),
        ("Until", moment(&hold["expires_at"])),
    ];
    screen.text(&details(screen, &pairs));
    if let Some(body) = message(hold)["body"]
        .as_str()
        .filter(|body| !body.is_empty())
    {
        screen.text(&format!("\n{}", clean_lines(&plain_text(body)).trim_end()));
    }
}

/// Names what goes along with a message.
fn files(hold: &Value) -> String {
    let files = message(hold)["attachments"]
        .as_array()
        .into_iter()
        .flatten();
    let names: Vec<String> = files
        .map(|file| format!("{} ({})", field(file, "filename"), size(&file["size"])))
        .collect();
    names.join(", ")
}

async fn decide(
    hold: &str,
    verb: &str,
    body: &Value,
    done: &str,
    api: &Api,
    screen: &Screen,
) -> Result<(), Failure> {
    let answer = api.post(&format!("{}/{verb}", path(hold)), body).await?;
    screen.outcome(&answer, &screen.good(done));
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn who_decides_by_the_list_sees_hidden_recipients_too() {
        let hold = json!({"message": {
            "to": [{"email": "friend@ok.example"}],
            "cc": [],
            "bcc": [{"email": "eve@evil.example"}],
        }});
        assert_eq!(everybody(&hold), "friend@ok.example, eve@evil.example");
    }
}
