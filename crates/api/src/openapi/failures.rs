//! The refusals that routes have in common, each once: operations refer to them by status.

use serde_json::{Map, Value, json};

use super::schema::{Schema, object, one_of, optional, text, uuid};
use crate::body::BodyRule;
use crate::routes::{Access, Route, Scope};

/// What the paths of an account's data begin with.
const BELOW_A_GRANT: &str = "/v3/grants/{grant_id}/";

/// A status that a request may be refused with.
struct Failure {
    status: u16,
    name: &'static str,
    about: &'static str,
    /// Every `error.type` there is with it.
    types: &'static [&'static str],
}

const fn failure(
    status: u16,
    name: &'static str,
    about: &'static str,
    types: &'static [&'static str],
) -> Failure {
    Failure {
        status,
        name,
        about,
        types,
    }
}

const FAILURES: &[Failure] = &[
    failure(
        400,
        "BadRequest",
        "A parameter or field is wrong (`error.field` names it), or asks for what this service does not have.",
        &[
            "invalid_request_error",
            "invalid_field",
            "not_supported",
            "api.invalid_idempotency_key",
            "domain_not_verified",
            "recipient_suppressed",
            "sending_paused",
            "70005",
        ],
    ),
    failure(
        401,
        "Unauthorized",
        "No API key, or none that is valid.",
        &["unauthorized"],
    ),
    failure(
        403,
        "Forbidden",
        "The API key may not do this: it is read-only, for something else, or has no permission `admin`.",
        &["forbidden", "forbidden_access"],
    ),
    failure(
        404,
        "NotFound",
        "What the path or a field names is not there, or not for this API key.",
        &["not_found_error", "api.not_found_error"],
    ),
    failure(
        405,
        "MethodNotAllowed",
        "The path has other methods; `Allow` names them.",
        &["method_not_allowed"],
    ),
    failure(
        409,
        "Conflict",
        "It contradicts what is there, or the `Idempotency-Key` is in use.",
        &[
            "conflict",
            "api.invalid_idempotent_request",
            "api.concurrent_idempotent_request",
        ],
    ),
    failure(
        413,
        "TooLarge",
        "The body is too large.",
        &["request_too_large"],
    ),
    failure(
        414,
        "UrlTooLong",
        "The URL is too long.",
        &["request_too_large"],
    ),
    failure(
        415,
        "UnsupportedMediaType",
        "The body is not of the content type or encoding that is read here.",
        &["unsupported_media_type"],
    ),
    failure(
        416,
        "RangeNotSatisfiable",
        "The range lies behind the end of the file.",
        &["invalid_request_error"],
    ),
    failure(
        423,
        "Suspended",
        "The account is suspended.",
        &["api.resource_blocked"],
    ),
    failure(
        429,
        "TooManyRequests",
        "Too many requests; `Retry-After` says in how many seconds to come again.",
        &["rate_limit_error"],
    ),
    failure(
        431,
        "HeadersTooLarge",
        "The header section is too large.",
        &["request_too_large"],
    ),
    failure(
        500,
        "InternalError",
        "A defect of the server; `request_id` finds its cause in the log.",
        &["unexpected_error"],
    ),
    failure(
        503,
        "Unavailable",
        "Not possible for the moment; `Retry-After` says in how many seconds to come again.",
        &["service_unavailable"],
    ),
];

/// Returns the statuses that every request of a route may be refused with, whatever its handler does.
pub(super) fn of_route(route: &Route) -> Vec<u16> {
    let mut statuses = vec![400, 414, 431, 500, 503];
    if route.access != Access::Public {
        statuses.extend([401, 403, 429]);
    }
    if route.path.contains('{') {
        statuses.push(404);
    }
    if route.scope == Scope::Grant && route.path.starts_with(BELOW_A_GRANT) {
        statuses.push(423);
    }
    if route.body != BodyRule::Ignored {
        statuses.extend([413, 415]);
    }
    statuses
}

/// Refers to the answer of a status.
pub(super) fn reference(status: u16) -> Value {
    let failure = FAILURES.iter().find(|failure| failure.status == status);
    let name = failure.expect("a status of the table").name;
    json!({ "$ref": format!("#/components/responses/{name}") })
}

/// Returns `#/components/responses`.
pub(super) fn responses() -> Map<String, Value> {
    let one = |failure: &Failure| {
        let mut response = json!({
            "description": failure.about,
            "content": { "application/json": { "schema": envelope(failure.types).into_json() } },
        });
        let header = match failure.status {
            429 | 503 => Some(("Retry-After", json!({ "type": "integer", "minimum": 1 }))),
            405 => Some(("Allow", json!({ "type": "string" }))),
            _ => None,
        };
        if let Some((name, schema)) = header {
            response["headers"] = json!({ name: { "schema": schema } });
        }
        (failure.name.to_owned(), response)
    };
    FAILURES.iter().map(one).collect()
}

fn envelope(types: &[&str]) -> Schema {
    object([
        ("request_id", uuid()),
        (
            "error",
            object([
                ("type", one_of(types).about("Stable; made for programs.")),
                (
                    "message",
                    text().at_least(1).about("Made for people; may change."),
                ),
                optional(
                    "field",
                    text().about("The parameter or field path that is wrong."),
                ),
                optional("fix", text().about("What to do next.")),
            ]),
        ),
    ])
}

/// Returns whether a status with this `error.type` is in the table.
#[cfg(test)]
pub(crate) fn is_described(status: u16, kind: &str) -> bool {
    FAILURES
        .iter()
        .any(|failure| failure.status == status && failure.types.contains(&kind))
}
