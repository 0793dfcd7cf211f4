//! Rules from the words of the command line, and in words for people.

use serde_json::{Map, Value, json};

use super::data;
use crate::cli::{MatchOperator, RuleTrigger, RuleWords};
use crate::client::Failure;
use crate::output::{clean, field};

/// Returns the API's word for a direction.
pub fn trigger(trigger: RuleTrigger) -> &'static str {
    match trigger {
        RuleTrigger::Inbound => "inbound",
        RuleTrigger::Outbound => "outbound",
    }
}

/// Makes the body of a request from what was typed; flags win over the data.
///
/// # Errors
/// [`Failure::Usage`] for a condition of another form, and whatever is wrong with the data.
pub fn body(words: &RuleWords) -> Result<Map<String, Value>, Failure> {
    let mut body = data::read(&words.data)?;
    let texts = [("name", &words.name), ("description", &words.description)];
    for (name, text) in texts {
        if let Some(text) = text {
            body.insert(name.to_owned(), json!(text));
        }
    }
    if let Some(way) = words.trigger {
        body.insert("trigger".to_owned(), json!(trigger(way)));
    }
    if let Some(priority) = words.priority {
        body.insert("priority".to_owned(), json!(priority));
    }
    if words.enabled || words.disabled {
        body.insert("enabled".to_owned(), json!(words.enabled));
    }
    if !words.condition.is_empty() {
        let conditions: Result<Vec<Value>, Failure> =
            words.condition.iter().map(|text| condition(text)).collect();
        let operator = match words.match_operator {
            Some(MatchOperator::Any) => "any",
            Some(MatchOperator::All) | None => "all",
        };
        let matching = json!({ "operator": operator, "conditions": conditions? });
        body.insert("match".to_owned(), matching);
    } else if words.match_operator.is_some() {
        return Err(Failure::usage(
            "--match-operator says how conditions are joined, and there are none",
            "add --condition",
        ));
    }
    if !words.action.is_empty() {
        let actions: Vec<Value> = words.action.iter().map(|text| action(text)).collect();
        body.insert("actions".to_owned(), Value::Array(actions));
    }
    Ok(body)
}

/// Returns a name for a rule that was given none.
pub fn name_of(body: &Map<String, Value>) -> String {
    let rule = Value::Object(body.clone());
    let text = format!("{}: {}", then(&rule), when(&rule));
    text.chars().take(200).collect()
}

/// Reads `field,operator,value`; lists take several values.
fn condition(text: &str) -> Result<Value, Failure> {
    let mut parts = text.splitn(3, ',').map(str::trim);
    let (Some(name), Some(operator), Some(value)) = (parts.next(), parts.next(), parts.next())
    else {
        return Err(Failure::Usage {
            message: format!("`{text}` is no condition"),
            fix: Some("write it like from.domain,is,spam.example".to_owned()),
        });
    };
    let value = match operator {
        "in_list" | "not_in_list" => value.split(',').map(str::trim).collect(),
        "gte" | "lte" => value
            .parse::<f64>()
            .map_or_else(|_| json!(value), |number| json!(number)),
        _ => json!(value),
    };
    Ok(json!({ "field": name, "operator": operator, "value": value }))
}

fn action(text: &str) -> Value {
    match text.split_once('=') {
        Some((kind, value)) => json!({ "type": kind.trim(), "value": value.trim() }),
        None => json!({ "type": text.trim() }),
    }
}

/// What a rule looks for, in a line.
pub fn when(rule: &Value) -> String {
    let joined = match rule["match"]["operator"].as_str() {
        Some("any") => " or ",
        _ => " and ",
    };
    let conditions = rule["match"]["conditions"].as_array();
    let texts: Vec<String> = conditions
        .into_iter()
        .flatten()
        .map(|condition| {
            format!(
                "{} {} {}",
                field(condition, "field"),
                field(condition, "operator"),
                field(condition, "value")
            )
        })
        .collect();
    texts.join(joined)
}

/// What a rule does, in a line.
pub fn then(rule: &Value) -> String {
    let actions = rule["actions"].as_array();
    let texts: Vec<String> = actions
        .into_iter()
        .flatten()
        .map(|action| match action["value"].as_str() {
            Some(value) => format!("{} {}", field(action, "type"), clean(value)),
            None => field(action, "type"),
        })
        .collect();
    texts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_is_read_with_the_value_its_operator_takes() {
        for (text, value) in [
            ("from.domain,is,spam.example", json!("spam.example")),
            ("subject,contains,a, b", json!("a, b")),
            ("from.address,in_list,one, two", json!(["one", "two"])),
            ("from.address, not_in_list ,one", json!(["one"])),
            ("spam.score,gte,3.5", json!(3.5)),
            ("recipient.known,is,false", json!("false")),
        ] {
            assert_eq!(condition(text).unwrap()["value"], value, "{text}");
        }
        for wrong in ["", "from.domain", "from.domain,is"] {
            assert!(
                matches!(condition(wrong), Err(Failure::Usage { .. })),
                "{wrong}"
            );
        }
    }

    #[test]
    fn an_action_has_a_value_behind_an_equals_sign() {
        assert_eq!(action("block"), json!({"type": "block"}));
        assert_eq!(
            action("assign_to_folder=Leads/2026"),
            json!({"type": "assign_to_folder", "value": "Leads/2026"})
        );
    }
}
