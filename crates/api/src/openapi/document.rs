//! The whole document, put together from the route table.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::components::COMPONENTS;
use super::operation::{Operation, request_body, selection_name};
use super::{failures, parameter};
use crate::routes::{Access, Route};

/// What a reader must know before the first request.
const ABOUT: &str = "\
Mailboxes for programs. Every answer but downloads is a JSON object with `request_id`, which the header `X-Request-Id` \
repeats; what was asked for is in `data`.\n\n\
Unknown parameters are ignored; unknown fields of a body are ignored and named in `warnings`. An empty parameter equals \
an absent one, booleans are read in any letter case, lists may be repeated or comma-joined. Objects may get more members \
at any time. `HEAD` is answered wherever `GET` is, and a method that a path does not have with 405. Bodies may be \
compressed with gzip, and answers are when the client accepts it.";

/// Where the paths of the document begin, in a server without a prefix.
pub(super) const SERVER: &str = "/";

/// Builds the document for these routes.
#[must_use]
pub fn document(routes: &[Route]) -> Value {
    let mut paths = Map::new();
    let mut ids = BTreeSet::new();
    let mut tags = Vec::new();
    for route in routes {
        let Some(describe) = &route.describe else {
            continue;
        };
        if !tags.contains(&route.tag) {
            tags.push(route.tag);
        }
        insert(&mut paths, &mut ids, route, route.path, describe());
        if route.and_below {
            let path = format!("{}/{{below}}", route.path);
            insert(&mut paths, &mut ids, route, &path, describe().below());
        }
    }
    let tags: Vec<Value> = tags.iter().map(|tag| json!({ "name": tag })).collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Posthouse",
            "version": env!("CARGO_PKG_VERSION"),
            "description": ABOUT,
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": SERVER }],
        "security": [{ "apiKey": [] }],
        "tags": tags,
        "paths": paths,
        "components": {
            "securitySchemes": {
                "apiKey": { "type": "http", "scheme": "bearer", "description": "An API key, `phk_…`." },
            },
            "responses": failures::responses(),
            "schemas": schemas(&paths),
        },
    })
}

fn insert(
    paths: &mut Map<String, Value>,
    ids: &mut BTreeSet<String>,
    route: &Route,
    path: &str,
    mut operation: Operation,
) {
    // PUT and PATCH are the same, and some collections have two names: ids are unique all the same.
    while !ids.insert(operation.id.clone()) {
        operation.id.push_str(match route.method.as_str() {
            "PATCH" if !operation.id.ends_with("ByPatch") => "ByPatch",
            _ => "Again",
        });
    }
    let item = paths
        .entry(path)
        .or_insert_with(|| json!({ "parameters": path_parameters(path) }));
    let method = route.method.as_str().to_ascii_lowercase();
    item[method] = rendered(route, operation);
}

fn path_parameters(path: &str) -> Vec<Value> {
    path.split('/')
        .filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
        .map(parameter::of_path)
        .collect()
}

fn rendered(route: &Route, operation: Operation) -> Value {
    let mut json = json!({
        "operationId": operation.id,
        "tags": [route.tag],
        "summary": operation.summary,
    });
    if let Some(about) = &operation.about {
        json["description"] = about.as_str().into();
    }
    if route.access == Access::Public {
        json["security"] = json!([]);
    }
    let answers = operation.finished_answers();
    if let Some(body) = &operation.body {
        json["requestBody"] = request_body(body, operation.takes_form);
    }
    let mut responses = Map::new();
    for answer in answers {
        let response = responses
            .entry(answer.status.to_string())
            .or_insert_with(|| json!({ "description": answer.about, "content": {} }));
        // One status may have several forms.
        response["content"][answer.media_type] = json!({ "schema": answer.schema.into_json() });
    }
    let mut failed = failures::of_route(route);
    failed.extend(operation.failures);
    failed.sort_unstable();
    for status in failed {
        responses
            .entry(status.to_string())
            .or_insert_with(|| failures::reference(status));
    }
    let parameters = operation
        .parameters
        .into_iter()
        .map(|parameter| parameter.into_json());
    json["parameters"] = parameters.collect();
    json["responses"] = responses.into();
    json
}

/// Returns the components that are referred to, and those that they refer to.
fn schemas(paths: &Map<String, Value>) -> Map<String, Value> {
    let everything = Value::Object(paths.clone()).to_string();
    let mut schemas = Map::new();
    for component in COMPONENTS {
        schemas.insert(component.name.to_owned(), (component.schema)().into_json());
        let selection = selection_name(component.name);
        if everything.contains(&format!("/{selection}\"")) {
            schemas.insert(selection, (component.schema)().selection().into_json());
        }
    }
    schemas
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routes::routes;

    #[test]
    fn every_reference_leads_somewhere_and_every_component_is_referred_to() {
        let document = document(&routes());
        let text = document.to_string();
        for reference in text.split("\"$ref\":\"#").skip(1) {
            let pointer = reference.split('"').next().unwrap_or_default();
            assert!(document.pointer(pointer).is_some(), "nothing at {pointer}");
        }
        for component in COMPONENTS {
            let name = component.name;
            assert!(
                text.contains(&format!("schemas/{name}\"")),
                "{name} is not referred to"
            );
        }
    }

    #[test]
    fn a_body_is_described_where_one_is_read() {
        use crate::body::BodyRule;
        for route in routes() {
            let Some(describe) = &route.describe else {
                continue;
            };
            let operation = describe();
            assert_eq!(
                operation.body.is_some(),
                route.body != BodyRule::Ignored,
                "{route:?}"
            );
            assert_eq!(
                operation.takes_form,
                route.body == BodyRule::Mail,
                "{route:?}"
            );
        }
    }
}
