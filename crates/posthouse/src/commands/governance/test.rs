//! `posthouse agent rule test`: rules are tried on a message, and nothing comes of it.

use serde_json::{Map, Value, json};

use super::{RULES, data, rule_words};
use crate::cli::RuleTest;
use crate::client::{Api, Failure};
use crate::commands::named;
use crate::output::{Screen, clean, details, field, table};

/// Tries rules on a message and tells which conditions matched.
///
/// # Errors
/// [`Failure::Usage`] when no rules or no message are named, else what the server said.
pub async fn run(args: &RuleTest, api: &Api, screen: &Screen) -> Result<(), Failure> {
    let body = body(args)?;
    let answer = api.post(&format!("{RULES}/dry-run"), &body).await;
    let answer = answer.map_err(|failure| match args.account.is_some() {
        true => failure.look(named::ACCOUNTS),
        false => failure.look(named::WORKSPACES),
    })?;
    if screen.is_json() {
        screen.verbatim(&answer);
        return Ok(());
    }
    let outcome = answer.data();
    let word = field(outcome, "outcome");
    let shown = match word.as_str() {
        "deliver" => screen.good(&word),
        "hold" => screen.caution(&word),
        _ => screen.bad(&word),
    };
    let pairs = [
        ("Outcome", shown),
        ("Folder", field(outcome, "folder")),
        ("Actions", applied(&outcome["applied_actions"])),
    ];
    screen.text(&details(screen, &pairs));
    let rows = trace(outcome);
    if rows.is_empty() {
        screen
            .text("\nNo rule that is on looks at mail that goes this way. What there is:\n  posthouse agent rule list");
        return Ok(());
    }
    let heads = ["RULE", "MATCHED", "CONDITION", "ACTUAL", "HOLDS"];
    screen.text(&format!("\n{}", table(screen, &heads, rows)));
    Ok(())
}

fn body(args: &RuleTest) -> Result<Value, Failure> {
    let mut body = json!({ "trigger": rule_words::trigger(args.trigger) });
    if !args.rule.is_empty() {
        body["rule_ids"] = json!(args.rule);
    } else if let Some(workspace) = &args.workspace {
        body["workspace_id"] = json!(workspace);
    } else if args.account.is_none() {
        return Err(Failure::usage(
            "which rules?",
            "add --rule, --workspace or --account",
        ));
    }
    if let Some(account) = &args.account {
        body["grant_id"] = json!(account);
    }
    if let Some(message) = &args.message {
        body["message_id"] = json!(message);
        return Ok(body);
    }
    let message = made_up(args)?;
    if message.is_empty() {
        return Err(Failure::usage(
            "which message?",
            "add --from, --to and --subject, or --message with --account",
        ));
    }
    body["message"] = Value::Object(message);
    Ok(body)
}

fn made_up(args: &RuleTest) -> Result<Map<String, Value>, Failure> {
    let mut message = data::read(&args.data)?;
    if let Some(from) = &args.from {
        message.insert("from".to_owned(), json!([{ "email": from }]));
    }
    if !args.to.is_empty() {
        let to: Vec<Value> = args.to.iter().map(|to| json!({ "email": to })).collect();
        message.insert("to".to_owned(), Value::Array(to));
    }
    if let Some(subject) = &args.subject {
        message.insert("subject".to_owned(), json!(subject));
    }
    if let Some(score) = args.spam_score {
        message.insert("spam_score".to_owned(), json!(score));
    }
    Ok(message)
}

/// The names of what would be done.
fn applied(actions: &Value) -> String {
    let Some(members) = actions.as_object() else {
        return String::new();
    };
    let done = members.iter().filter(|(_, value)| match value {
        Value::Bool(flag) => *flag,
        Value::Array(all) => !all.is_empty(),
        _ => false,
    });
    let names: Vec<String> = done.map(|(name, _)| clean(name)).collect();
    names.join(", ")
}

/// A line for each condition of each rule that was looked at.
fn trace(outcome: &Value) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for rule in outcome["trace"].as_array().into_iter().flatten() {
        let conditions = rule["conditions"].as_array().into_iter().flatten();
        for (place, condition) in conditions.enumerate() {
            let (name, matched) = match place {
                0 => (field(rule, "name"), yes_or_no(&rule["matched"])),
                _ => (String::new(), String::new()),
            };
            let wanted = format!(
                "{} {} {}",
                field(condition, "field"),
                field(condition, "operator"),
                field(condition, "value")
            );
            rows.push(vec![
                name,
                matched,
                wanted,
                actual(condition),
                yes_or_no(&condition["matched"]),
            ]);
        }
    }
    rows
}

/// What a condition looked at; an address that nobody can read has no text.
fn actual(condition: &Value) -> String {
    let Some(values) = condition["actual"].as_array() else {
        return field(condition, "actual");
    };
    let texts: Vec<String> = values
        .iter()
        .map(|value| match value {
            Value::Null => "unreadable".to_owned(),
            Value::String(text) => clean(text),
            other => clean(&other.to_string()),
        })
        .collect();
    texts.join(", ")
}

fn yes_or_no(flag: &Value) -> String {
    match flag.as_bool() {
        Some(true) => "yes".to_owned(),
        Some(false) => "no".to_owned(),
        None => "not asked".to_owned(),
    }
}
