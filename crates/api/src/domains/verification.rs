//! How one kind of record stands: what `info`, `verify` and `rotate` have in common.

use posthouse_mailroom::domains::{DnsRecord, RecordKind, Verification};
use serde_json::{Value, json};

use crate::body::Fields;
use crate::call::Call;
use crate::error::ApiError;
use crate::openapi::schema::{
    Component, Member, Schema, flag, integer, list, object, one_of, optional, required, text, time,
    uuid,
};

/// What the standing of a record is answered as.
pub(crate) const VERIFICATION: Component = Component::new("DomainVerification", verification);

/// How a check can come out.
const STATUSES: [&str; 3] = ["pending", "done", "failed"];

/// What a caller asks for.
pub(super) struct Attempt {
    pub(super) kind: String,
    pub(super) key_length: Option<i64>,
}

/// Describes the body.
pub(super) fn body() -> Schema {
    let kinds = RecordKind::ALL.map(RecordKind::name);
    let length = integer().about("Bits of the RSA key, while it is not in use: 2048 or 4096.");
    object([
        required("type", one_of(&kinds)),
        optional("options", object([optional("key_length", length)])),
    ])
}

/// Reads the body. Options that have no effect here are ignored with a warning.
pub(super) fn read(call: &Call) -> Result<(Attempt, Vec<String>), ApiError> {
    let mut body = call.body.fields();
    let kind = body.required("type")?;
    let mut options: Option<Fields<'_>> = body.object("options")?;
    let key_length = match &mut options {
        Some(options) => options.optional("key_length")?,
        None => None,
    };
    let mut warnings = body.unknown();
    warnings.extend(options.iter().flat_map(Fields::unknown));
    Ok((Attempt { kind, key_length }, warnings))
}

/// Returns the standing as JSON.
pub(super) fn render(verification: &Verification) -> Value {
    let first = verification.records.first();
    let name = first.map_or(&verification.domain_address, |record| &record.name);
    let records: Vec<Value> = verification.records.iter().map(short).collect();
    json!({
        "domain_id": verification.domain_id,
        "attempt": {
            "type": verification.kind.name(),
            // The Python SDK knows these three here only.
            "host": first.map_or("", |record| record.host.as_str()),
            "value": first.map_or("", |record| record.value.as_str()),
            "status": verification.status.name(),
            "options": {
                "host": first.map_or("", |record| record.host.as_str()),
                "type": first.map_or("", |record| record.record_type),
                "value": first.map_or("", |record| record.value.as_str()),
                "fqdn": name,
                "records": records,
            },
        },
        "status": verification.status.name(),
        "details": { "found": verification.found, "checked_at": verification.checked_at },
        "created_at": verification.created_at,
        "expires_at": verification.expires_at,
        "message": verification.message,
    })
}

fn short(record: &DnsRecord) -> Value {
    json!({
        "host": record.host,
        "type": record.record_type,
        "value": record.value,
        "fqdn": record.name,
        "purpose": record.purpose,
        "required": record.required,
    })
}

fn verification() -> Schema {
    let options = object(
        record_members().into_iter().chain([(
            "records",
            list(object(
                record_members()
                    .into_iter()
                    .chain([("purpose", text()), ("required", flag())]),
            ))
            .about("All records of this type."),
        )]),
    );
    let details = object([
        (
            "found",
            text()
                .nullable()
                .about("What was found last; `null` when nobody has looked yet."),
        ),
        ("checked_at", time().nullable()),
    ]);
    object([
        ("domain_id", uuid()),
        (
            "attempt",
            object([
                ("type", one_of(&RecordKind::ALL.map(RecordKind::name))),
                ("host", text()),
                ("value", text()),
                ("status", one_of(&STATUSES)),
                ("options", options),
            ]),
        ),
        ("status", one_of(&STATUSES)),
        ("details", details),
        ("created_at", time()),
        ("expires_at", time()),
        (
            "message",
            text().about("What was expected and what was found."),
        ),
    ])
}

fn record_members() -> [Member; 4] {
    [
        (
            "host",
            text().about("Below the domain; `@` for the domain itself."),
        ),
        ("type", text()),
        ("value", text()),
        ("fqdn", text()),
    ]
}
