//! `GET /v3/openapi.json`: this document.

use std::sync::OnceLock;

use bytes::Bytes;
use http::{HeaderValue, header};

use super::{Operation, document, schema};
use crate::call::Call;
use crate::reply::Reply;
use crate::routes::{Answer, routes};

/// Describes itself.
pub fn operation() -> Operation {
    Operation::new("getOpenApiDocument", "Get this document")
        .about("Needs no API key.")
        .answer(
            200,
            "An OpenAPI 3.1 document.",
            schema::object([("openapi", schema::text())]),
        )
}

/// Answers the document, the same to everyone.
pub async fn get(call: Call) -> Answer {
    static PAGE: OnceLock<Bytes> = OnceLock::new();
    let page = || document(&routes()).to_string().into();
    let page = PAGE.get_or_init(page).clone();
    let prefix = call.config.path_prefix.trim_end_matches('/');
    let page = if prefix.is_empty() {
        page
    } else {
        below(prefix, &page)
    };
    let reply = Reply::text(page);
    Ok(reply.header(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    ))
}

/// Names the prefix that a proxy asks with.
fn below(prefix: &str, page: &[u8]) -> Bytes {
    let server = |url: &str| format!("\"url\":{}", serde_json::Value::from(url));
    let page = String::from_utf8_lossy(page);
    page.replacen(&server(super::SERVER), &server(prefix), 1)
        .into()
}
