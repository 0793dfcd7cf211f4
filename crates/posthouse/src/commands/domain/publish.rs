//! The records of a domain are put into its zone by DNS UPDATE.
//!
//! The key stays with whoever runs the command: the server neither needs nor sees it.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use posthouse_net::dns_update::{self, NewRecord, UpdateKey};
use serde_json::Value;

use super::records::{WITH_RECORDS, each, kind, records, verify};
use crate::client::{Api, Failure};
use crate::output::{Screen, field};

/// Seconds for which others may remember a record.
const TTL_SECONDS: u32 = 3_600;

/// Seconds for which an earlier look counts.
const FRESH_SECONDS: u64 = 600;

/// Where records are put.
pub struct Target<'a> {
    /// The zone that the domain is in.
    pub zone: &'a str,
    /// Its primary name server.
    pub server: SocketAddr,
    /// The file with the key.
    pub key_file: &'a Path,
}

/// Looks which records are missing, puts those into the zone and looks for them again. Where another record stands in the
/// place of ours, people decide.
pub async fn publish(
    domain: &str,
    target: &Target<'_>,
    api: &Api,
    screen: &Screen,
) -> Result<(), Failure> {
    let key = read_key(target.key_file)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.map_or(0, |age| age.as_secs());
    let standings = fresh(domain, now, api).await?;
    let missing: Vec<&Value> = standings
        .iter()
        .filter(|standing| is_missing(standing))
        .collect();
    let types: Vec<String> = missing.iter().map(|standing| kind(standing)).collect();
    let new: Vec<NewRecord> = missing
        .into_iter()
        .flat_map(records)
        .map(new_record)
        .collect();
    if types.is_empty() {
        screen.text("Nothing is missing that could be published.");
        return Ok(());
    }
    let added = dns_update::add(target.server, target.zone, &new, &key, now);
    added.await.map_err(|error| Failure::Local {
        message: error.to_string(),
        fix: Some("does the name server allow this key to update the zone?".to_owned()),
    })?;
    if !screen.is_json() {
        screen.text(&format!("Published {} records.\n", new.len()));
    }
    verify(domain, &types, api, screen).await
}

/// Returns how every type stands; what was looked for a moment ago is not looked for again, because checks are counted.
async fn fresh(domain: &str, now: u64, api: &Api) -> Result<Vec<Value>, Failure> {
    let mut standings = each(domain, "info", &WITH_RECORDS, api).await?;
    for (standing, one) in standings.iter_mut().zip(WITH_RECORDS) {
        let looked = standing["details"]["checked_at"].as_u64().unwrap_or(0);
        if now.saturating_sub(looked) > FRESH_SECONDS
            && let Some(again) = each(domain, "verify", &[one], api).await?.pop()
        {
            *standing = again;
        }
    }
    Ok(standings)
}

/// A further key is optional, so that its record may be missing although the type is done.
fn is_missing(standing: &Value) -> bool {
    standing["status"] == "pending" || standing["status"] == "done" && kind(standing) == "dkim"
}

fn new_record(record: &Value) -> NewRecord {
    NewRecord {
        name: field(record, "fqdn"),
        kind: field(record, "type"),
        value: field(record, "value"),
        ttl: TTL_SECONDS,
    }
}

fn read_key(path: &Path) -> Result<UpdateKey, Failure> {
    let refused = |reason: String| Failure::Local {
        message: format!("{}: {reason}", path.display()),
        fix: None,
    };
    let text = std::fs::read_to_string(path).map_err(|error| refused(error.to_string()))?;
    let line = text.lines().next().unwrap_or_default();
    line.parse()
        .map_err(|error: dns_update::UpdateError| refused(error.to_string()))
}
