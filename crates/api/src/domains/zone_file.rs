//! `GET /v3/admin/domains/{domain_id}/zone-file`

use serde_json::json;

use crate::call::Call;
use crate::openapi::schema::{flag, integer, list, object, text};
use crate::openapi::{Operation, Parameter};
use crate::reply::Reply;
use crate::routes::Answer;

const FORMATS: [&str; 2] = ["text", "json"];

/// Describes the answer.
pub fn operation() -> Operation {
    let record = object([
        ("type", text()),
        (
            "host",
            text().about("Below the domain; `@` for the domain itself."),
        ),
        ("name", text().about("The whole name.")),
        ("value", text()),
        ("ttl", integer()),
        ("purpose", text()),
        (
            "required",
            flag().about("Whether something fails without it."),
        ),
    ]);
    Operation::new("getDomainZoneFile", "Get all records of a domain")
        .about("As a zone file that name servers load as it is (RFC 1035); with `format=json` one by one, and the file in `zone`.")
        .query([Parameter::choice("format", &FORMATS, "The form of the answer.")])
        .bytes(200, "The zone file, or with `format=json` an envelope.", "text/plain")
        .answer(
            200,
            "With `format=json`.",
            object([
                ("request_id", text()),
                ("data", object([("records", list(record)), ("zone", text())])),
            ]),
        )
}

/// Answers all records of a domain, as text or one by one.
pub async fn zone_file(call: Call) -> Answer {
    let as_json = call.query.choice("format", &FORMATS)? == Some("json");
    let zone = call
        .mailroom
        .domain_zone(call.parameter("domain_id"))
        .await?;
    if as_json {
        return Ok(call.object(&json!({ "records": zone.records, "zone": zone.text })));
    }
    Ok(Reply::text(zone.text))
}
