//! Every answer that the tests of this crate get is held against the OpenAPI document: its status must be described, and
//! its body must be what the document says of that status.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

use http::{HeaderMap, Method, StatusCode};
use jsonschema::Validator;
use serde_json::{Value, json};

/// Fails the test when the document does not say that a request may be answered like this.
pub fn check(method: &Method, target: &str, status: StatusCode, headers: &HeaderMap, body: &Value) {
    let place = format!("{method} {target} answered {status}");
    // Too long or too much before there is a route.
    if matches!(status.as_u16(), 414 | 431) {
        return valid(&place, &response(status, "UrlTooLong"), false, body);
    }
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let Some(item) = CONTRACT.item(path) else {
        assert_eq!(status, 404, "{place}, but the path is not described");
        return;
    };
    let verb = method.as_str().to_ascii_lowercase();
    let verb = if verb == "head" {
        "get".to_owned()
    } else {
        verb
    };
    let Some(operation) = item.get(verb) else {
        assert_eq!(status, 405, "{place}, but the method is not described");
        return valid(&place, &response(status, "MethodNotAllowed"), false, body);
    };
    assert_ne!(status, 500, "{place}: {body}");
    let described = operation["responses"]
        .get(status.as_str())
        .unwrap_or_else(|| panic!("{place}, which is not described: {body}"));
    if method == Method::HEAD || headers.contains_key("content-encoding") {
        return;
    }
    let described = CONTRACT.resolved(described);
    let content = described["content"]
        .as_object()
        .expect("answers have content");
    let sent = headers
        .get("content-type")
        .and_then(|value| value.to_str().ok());
    let essence = sent
        .and_then(|text| text.split(';').next())
        .unwrap_or_default();
    let media = content.get(essence).or_else(|| content.get("*/*"));
    let media = media.unwrap_or_else(|| panic!("{place} with {essence}, which is not described"));
    if essence == "application/json" {
        valid(&place, &media["schema"], query.contains("select="), body);
    }
}

fn response(status: StatusCode, name: &str) -> Value {
    let pointer = format!("/components/responses/{name}/content/application~1json/schema");
    let schema = CONTRACT.document.pointer(&pointer);
    schema
        .unwrap_or_else(|| panic!("nothing is said about {status}"))
        .clone()
}

fn valid(place: &str, schema: &Value, is_selected: bool, body: &Value) {
    let validator = CONTRACT.validator(schema, is_selected);
    let errors: Vec<String> = validator
        .iter_errors(body)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(
        errors.is_empty(),
        "{place} otherwise than described: {errors:#?}\n{body:#}"
    );
}

static CONTRACT: LazyLock<Contract> = LazyLock::new(|| Contract {
    document: posthouse_api::openapi::document(&posthouse_api::routes()),
    validators: Mutex::default(),
});

struct Contract {
    document: Value,
    validators: Mutex<HashMap<String, Arc<Validator>>>,
}

impl Contract {
    /// Finds what is said about a path: literal segments win over parameters.
    fn item(&self, path: &str) -> Option<&Value> {
        let wanted: Vec<&str> = path.trim_matches('/').split('/').collect();
        let paths = self.document["paths"].as_object().expect("paths");
        let found = paths.iter().filter_map(|(template, item)| {
            let template: Vec<&str> = template.trim_matches('/').split('/').collect();
            Some((literals(&template, &wanted)?, item))
        });
        found
            .max_by_key(|(literals, _)| *literals)
            .map(|(_, item)| item)
    }

    fn resolved<'a>(&'a self, value: &'a Value) -> &'a Value {
        match value["$ref"].as_str() {
            Some(path) => self
                .document
                .pointer(&path[1..])
                .expect("references lead somewhere"),
            None => value,
        }
    }

    fn validator(&self, schema: &Value, is_selected: bool) -> Arc<Validator> {
        let mut schema = schema.clone();
        if !is_selected {
            expect_whole_objects(&mut schema);
        }
        let mut validators = self.validators.lock().expect("no test panics in here");
        let made = validators.entry(schema.to_string()).or_insert_with(|| {
            let schema = json!({ "allOf": [schema], "components": self.document["components"] });
            let options = jsonschema::draft202012::options().should_validate_formats(true);
            Arc::new(
                options
                    .build(&schema)
                    .expect("the document has valid schemas"),
            )
        });
        Arc::clone(made)
    }
}

/// Counts the literal segments that a template shares with a path; `None` when it is no template of it.
fn literals(template: &[&str], wanted: &[&str]) -> Option<usize> {
    let goes_below = template.last() == Some(&"{below}");
    if template.len() != wanted.len() && !(goes_below && wanted.len() > template.len()) {
        return None;
    }
    let mut count = 0;
    for (left, right) in template.iter().zip(wanted) {
        if left == right {
            count += 1;
        } else if !left.starts_with('{') || right.is_empty() {
            return None;
        }
    }
    Some(count)
}

/// Without `select` nothing may be missing.
fn expect_whole_objects(schema: &mut Value) {
    let is_choice = schema["anyOf"][1]["$ref"]
        .as_str()
        .is_some_and(|path| path.contains("/Selected"));
    if is_choice {
        *schema = schema["anyOf"][0].take();
        return;
    }
    match schema {
        Value::Object(members) => members.values_mut().for_each(expect_whole_objects),
        Value::Array(items) => items.iter_mut().for_each(expect_whole_objects),
        _ => {}
    }
}
