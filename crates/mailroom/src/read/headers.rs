//! Headers, sources, extracts and security of listed messages: the members that need more than the message's row.

use std::sync::Arc;

use base64::Engine;
use posthouse_store::blobs::BlobStore;
use posthouse_store::tables::acquaintances;
use posthouse_store::tables::blobs::BlobPlace;
use posthouse_store::tables::messages::{self, SourceRow};
use posthouse_store::{StoreError, Tx};
use posthouse_types::ids::{IdCodec, Key, Kind};

use super::list::{Listed, MessagePage, PAGE_BYTES_MAX};
use super::object::ObjectWriter;
use super::query::{Detail, HeaderDetail};
use super::{extracted, hints, security, source};
use crate::Refusal;
use crate::limits::{ACQUAINTANCES_MAX, EXTRACTED_PAGE_BYTES_MAX};
use crate::receive::document::Json;

/// What one object of a page still misses.
pub(crate) struct Wanted {
    row: SourceRow,
    what: Members,
}

enum Members {
    /// With the domains of the account and of those it knows, where they matter.
    Parts(Parts, Arc<[String]>),
    RawMime,
}

/// The members of one object that are made from its source.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Parts {
    headers: Option<HeaderDetail>,
    extracted: bool,
    security: bool,
}

impl Parts {
    /// Returns what a standard object misses of this detail, if anything.
    pub(crate) fn of(detail: Detail) -> Option<Self> {
        let Detail::With {
            headers,
            extracted,
            security,
            ..
        } = detail
        else {
            return None;
        };
        (headers.is_some() || extracted || security).then_some(Self {
            headers,
            extracted,
            security,
        })
    }
}

/// Returns what the objects of `ids` need to show these parts, in the same order.
pub(crate) fn wanted(
    tx: &mut dyn Tx,
    grant: Key,
    ids: &[Key],
    parts: Parts,
) -> Result<Vec<Wanted>, StoreError> {
    let rows = in_order(messages::sources(tx, grant, ids)?, ids);
    let known: Arc<[String]> = match parts.security {
        true => {
            let addresses = acquaintances::addresses(tx, grant, ACQUAINTANCES_MAX)?;
            hints::known_domains(&addresses).into()
        }
        false => Arc::default(),
    };
    Ok(rows
        .into_iter()
        .map(|row| Wanted {
            row,
            what: Members::Parts(parts, Arc::clone(&known)),
        })
        .collect())
}

/// Returns the reduced objects that carry nothing but a message's source.
pub(crate) fn raw_sources(
    tx: &mut dyn Tx,
    codec: &IdCodec,
    writer: &ObjectWriter<'_>,
    grant: Key,
    ids: &[Key],
) -> Result<Listed, StoreError> {
    let mut listed = Listed::default();
    for row in in_order(messages::sources(tx, grant, ids)?, ids) {
        let page = &mut listed.page;
        if !page.json.is_empty() {
            page.json.push(b',');
        }
        let id = codec.seal(Kind::Message, row.id);
        let object = format!(
            "{{\"grant_id\":\"{}\",\"object\":\"message\",\"id\":\"{id}\"}}",
            writer.grant_id()
        );
        page.json.extend_from_slice(object.as_bytes());
        page.ends.push(page.json.len());
        listed.wanted.push(Wanted {
            row,
            what: Members::RawMime,
        });
    }
    Ok(listed)
}

fn in_order(rows: Vec<SourceRow>, ids: &[Key]) -> Vec<SourceRow> {
    let mut by_id: std::collections::HashMap<Key, SourceRow> =
        rows.into_iter().map(|row| (row.id, row)).collect();
    ids.iter().filter_map(|id| by_id.remove(id)).collect()
}

/// Adds the missing members to each object, up to [`PAGE_BYTES_MAX`] of JSON and [`EXTRACTED_PAGE_BYTES_MAX`] of sources
/// read for `extracted` and `security`; `wanted` is in the order of the objects.
pub(crate) async fn complete(
    blobs: &BlobStore,
    page: MessagePage,
    wanted: Vec<Wanted>,
) -> Result<MessagePage, Refusal> {
    let mut completed = MessagePage {
        json: Vec::with_capacity(page.json.len()),
        ..MessagePage::default()
    };
    let mut read_bytes = 0;
    for (object, wanted) in page.objects().zip(wanted) {
        if completed.json.len() >= PAGE_BYTES_MAX || read_bytes >= EXTRACTED_PAGE_BYTES_MAX {
            break;
        }
        if !completed.json.is_empty() {
            completed.json.push(b',');
        }
        let Some(open) = object.strip_suffix(b"}") else {
            continue;
        };
        completed.json.extend_from_slice(open);
        read_bytes += append_members(blobs, &mut completed.json, wanted).await?;
        completed.json.push(b'}');
        completed.ends.push(completed.json.len());
    }
    Ok(completed)
}

/// Appends the members; returns the octets that were parsed for them.
async fn append_members(
    blobs: &BlobStore,
    out: &mut Vec<u8>,
    wanted: Wanted,
) -> Result<usize, Refusal> {
    match wanted.what {
        Members::RawMime => {
            let raw = source::whole(blobs, wanted.row).await?;
            out.extend_from_slice(b",\"raw_mime\":\"");
            out.extend_from_slice(base64(raw).await?.as_bytes());
            out.push(b'"');
            Ok(0)
        }
        Members::Parts(parts, known) => append_parts(blobs, out, wanted.row, parts, known).await,
    }
}

async fn append_parts(
    blobs: &BlobStore,
    out: &mut Vec<u8>,
    row: SourceRow,
    parts: Parts,
    known_domains: Arc<[String]>,
) -> Result<usize, Refusal> {
    // Strangers' mail has trace lines; what the account sent itself came from nobody who could be checked.
    let is_own = row.trace.is_empty();
    let is_parsed = parts.extracted || (parts.security && !is_own);
    let mut length = 0;
    let members = if is_parsed {
        let verdicts = row.verdicts.clone();
        let raw = source::whole(blobs, row).await?;
        length = raw.len();
        source::away_from_async_threads(move || {
            let checked = Checked {
                is_own,
                verdicts,
                known_domains,
            };
            parsed_members(&raw, parts, &checked)
        })
        .await?
    } else if let Some(which) = parts.headers {
        headers_member(&header_section(blobs, row).await?, which)
    } else {
        String::new()
    };
    out.extend_from_slice(members.as_bytes());
    if parts.security && is_own {
        out.extend_from_slice(b",\"security\":null");
    }
    Ok(length)
}

/// Where a message came from.
struct Checked {
    /// The account sent it itself.
    is_own: bool,
    verdicts: Option<String>,
    /// Domains of the account and of those it knows.
    known_domains: Arc<[String]>,
}

/// Parses a message once and returns everything that is made from it.
fn parsed_members(raw: &[u8], parts: Parts, checked: &Checked) -> String {
    let message = posthouse_mime::parse(raw);
    let mut members = String::new();
    if let Some(which) = parts.headers {
        members += &headers_member(posthouse_mime::header_section(raw), which);
    }
    if parts.extracted {
        let verdicts = checked.verdicts.as_deref();
        members += &extracted::member(raw, &message, verdicts, checked.is_own);
    }
    if parts.security && !checked.is_own {
        let verdicts = checked.verdicts.as_deref();
        members += &security::member(raw, &message, verdicts, &checked.known_domains);
    }
    members
}

async fn base64(raw: Vec<u8>) -> Result<String, Refusal> {
    let encode = move || base64::engine::general_purpose::URL_SAFE.encode(raw);
    source::away_from_async_threads(encode).await
}

/// Returns trace and header section, without fetching a large blob for it.
async fn header_section(blobs: &BlobStore, row: SourceRow) -> Result<Vec<u8>, Refusal> {
    if let (BlobPlace::External { .. }, Some(section)) = (&row.blob, &row.header_section) {
        return Ok([row.trace.as_slice(), section].concat());
    }
    let raw = source::whole(blobs, row).await?;
    Ok(posthouse_mime::header_section(&raw).to_vec())
}

/// Returns the member `headers` with the comma before it.
pub(crate) fn headers_member(section: &[u8], which: HeaderDetail) -> String {
    const BASIC: [&str; 3] = ["message-id", "in-reply-to", "references"];
    let mut json = Json::with_capacity(section.len() * 2);
    json.raw(",\"headers\":[");
    let mut first = true;
    for (name, value) in posthouse_mime::headers(section) {
        if which == HeaderDetail::Basic && !BASIC.contains(&name.to_ascii_lowercase().as_str()) {
            continue;
        }
        json.raw(if first { "{\"name\":" } else { ",{\"name\":" })
            .string(&name);
        json.raw(",\"value\":").string(&value).raw("}");
        first = false;
    }
    json.raw("]");
    json.finish()
}
