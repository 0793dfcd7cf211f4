//! What a route's description names, so that the readers of parameters and fields can hold handlers to it.
//!
//! In debug builds a handler that asks for a parameter or a field which its description lacks panics, and so does the
//! test that sent the request fail. In release builds there is nothing of this.

use super::Describe;
use crate::body::FieldPath;

/// The names of one route; without a description, and in release builds, none are checked.
#[derive(Debug, Clone, Default)]
pub(crate) struct Described {
    #[cfg(debug_assertions)]
    names: Option<debug::LazyNames>,
}

#[cfg(debug_assertions)]
impl Described {
    pub fn by(describe: &Describe) -> Self {
        Self {
            names: Some(debug::lazy(describe.clone())),
        }
    }

    pub fn check_parameter(&self, name: &str) {
        assert_eq!(self.missing_parameter(name), None);
    }

    pub fn check_field(&self, object: &FieldPath, name: &str) {
        assert_eq!(self.missing_field(object, name), None);
    }

    fn missing_parameter(&self, name: &str) -> Option<String> {
        let names = self.names.as_ref()?;
        let text = || format!("{} does not describe the parameter {name}", names.operation);
        (!names.parameters.contains(name)).then(text)
    }

    fn missing_field(&self, object: &FieldPath, name: &str) -> Option<String> {
        let names = self.names.as_ref()?;
        let path = debug::without_indexes(&object.child(name).to_string());
        let text = || format!("{} does not describe the field {path}", names.operation);
        (!names.fields.contains(&path)).then(text)
    }
}

#[cfg(not(debug_assertions))]
impl Described {
    pub fn by(_: &Describe) -> Self {
        Self {}
    }

    pub fn check_parameter(&self, _: &str) {}

    pub fn check_field(&self, _: &FieldPath, _: &str) {}
}

#[cfg(debug_assertions)]
mod debug {
    use std::collections::HashSet;
    use std::sync::{Arc, LazyLock};

    use serde_json::{Map, Value};

    use super::Describe;
    use crate::openapi::components::COMPONENTS;
    use crate::openapi::parameter::Parameter;

    pub(super) type LazyNames = Arc<LazyLock<Names, Box<dyn FnOnce() -> Names + Send + Sync>>>;

    #[derive(Debug)]
    pub(super) struct Names {
        pub operation: String,
        pub parameters: HashSet<&'static str>,
        /// Paths of fields, with `[]` for every item of an array.
        pub fields: HashSet<String>,
    }

    /// A server has hundreds of routes and a test calls few of them.
    pub(super) fn lazy(describe: Describe) -> LazyNames {
        Arc::new(LazyLock::new(Box::new(move || {
            let operation = describe();
            let names = operation
                .parameters
                .iter()
                .filter_map(Parameter::query_name);
            let mut fields = HashSet::new();
            if let Some(body) = &operation.body {
                collect(body.as_json(), "", &mut fields);
            }
            Names {
                parameters: names.collect(),
                operation: operation.id,
                fields,
            }
        })))
    }

    /// Collects the paths of all members below a schema.
    fn collect(schema: &Map<String, Value>, path: &str, fields: &mut HashSet<String>) {
        if let Some(Value::String(reference)) = schema.get("$ref") {
            let name = reference.rsplit('/').next().unwrap_or_default();
            let component = COMPONENTS.iter().find(|component| component.name == name);
            let component = component.expect("references lead to components");
            collect((component.schema)().as_json(), path, fields);
        }
        for form in schema
            .get("anyOf")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            collect_value(form, path, fields);
        }
        if let Some(items) = schema.get("items") {
            collect_value(items, &format!("{path}[]"), fields);
        }
        let members = schema.get("properties").and_then(Value::as_object);
        for (name, member) in members.into_iter().flatten() {
            let below = if path.is_empty() {
                name.clone()
            } else {
                format!("{path}.{name}")
            };
            collect_value(member, &below, fields);
            fields.insert(below);
        }
    }

    fn collect_value(schema: &Value, path: &str, fields: &mut HashSet<String>) {
        if let Some(schema) = schema.as_object() {
            collect(schema, path, fields);
        }
    }

    /// `to[3].email` is `to[].email`.
    pub(super) fn without_indexes(path: &str) -> String {
        let mut is_index = false;
        let keep = |character: &char| {
            match character {
                '[' => is_index = true,
                ']' => is_index = false,
                _ => return !is_index,
            }
            true
        };
        path.chars().filter(keep).collect()
    }
}

#[cfg(all(test, debug_assertions))]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::openapi::{Operation, Parameter, schema};
    use crate::query::Query;

    fn described() -> Described {
        let describe: Describe = Arc::new(|| {
            let address = schema::object([schema::required("email", schema::email())]);
            Operation::new("sendSomething", "Send something")
                .query([Parameter::flag("unread", "Unread alone.")])
                .body(schema::object([schema::optional(
                    "to",
                    schema::list(address),
                )]))
        });
        Described::by(&describe)
    }

    #[test]
    fn what_is_described_may_be_asked_for() {
        let described = described();
        described.check_parameter("unread");
        described.check_field(&FieldPath::default(), "to");
        described.check_field(&FieldPath::default().child("to").item(12), "email");
        Query::parse(Some("a=b")).unwrap().text("a");
    }

    #[test]
    fn what_is_not_described_is_named() {
        let described = described();
        assert_eq!(
            described.missing_parameter("starred").as_deref(),
            Some("sendSomething does not describe the parameter starred")
        );
        let item = FieldPath::default().child("to").item(0);
        assert_eq!(
            described.missing_field(&item, "name").as_deref(),
            Some("sendSomething does not describe the field to[].name")
        );
    }
}
