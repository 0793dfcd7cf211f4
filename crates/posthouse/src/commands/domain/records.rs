//! The records of a domain: what to publish, what is found, keys.

use serde_json::{Value, json};

use super::place;
use crate::client::{Api, Failure};
use crate::output::{Screen, clean, field, moment, table};

/// Every type of record, in the order in which they are set up.
const TYPES: [&str; 9] = [
    "ownership",
    "mx",
    "spf",
    "dkim",
    "feedback",
    "dmarc",
    "arc",
    "tls_rpt",
    "mta_sts",
];

/// Those that have records of their own: ARC is what was found of DKIM.
pub(super) const WITH_RECORDS: [&str; 8] = [
    "ownership",
    "mx",
    "spf",
    "dkim",
    "feedback",
    "dmarc",
    "tls_rpt",
    "mta_sts",
];

/// Prints what to publish for every type, and what was found of it.
pub async fn dns(domain: &str, api: &Api, screen: &Screen) -> Result<(), Failure> {
    let standings = each(domain, "info", &TYPES, api).await?;
    if screen.is_json() {
        screen.text(&json!({ "data": standings }).to_string());
        return Ok(());
    }
    let with_records: Vec<&Value> = standings
        .iter()
        .filter(|standing| !records(standing).is_empty())
        .collect();
    if with_records.is_empty() {
        screen.text("A trial domain needs no records.");
        return Ok(());
    }
    let rows = with_records
        .iter()
        .flat_map(|standing| {
            records(standing).iter().map(|record| {
                vec![
                    kind(standing),
                    status(standing, screen),
                    field(record, "fqdn"),
                    field(record, "type"),
                    field(record, "value"),
                ]
            })
        })
        .collect();
    screen.text(&table(
        screen,
        &["FOR", "STATE", "NAME", "TYPE", "VALUE"],
        rows,
    ));
    let looked: Vec<&&Value> = with_records
        .iter()
        .filter(|standing| !standing["details"]["checked_at"].is_null())
        .collect();
    screen.text("");
    if looked.is_empty() {
        screen.text(&format!(
            "Nobody has looked for them yet: posthouse domain verify {domain}"
        ));
        return Ok(());
    }
    let rows = looked
        .iter()
        .map(|standing| {
            vec![
                kind(standing),
                status(standing, screen),
                moment(&standing["details"]["checked_at"]),
                field(standing, "message"),
            ]
        })
        .collect();
    screen.text(&table(screen, &["FOR", "STATE", "LOOKED", "RESULT"], rows));
    Ok(())
}

/// Looks for records now, and prints what was found.
pub async fn verify(
    domain: &str,
    types: &[String],
    api: &Api,
    screen: &Screen,
) -> Result<(), Failure> {
    let wanted: Vec<&str> = match types {
        [] => WITH_RECORDS.to_vec(),
        some => some.iter().map(String::as_str).collect(),
    };
    let standings = each(domain, "verify", &wanted, api).await?;
    if screen.is_json() {
        screen.text(&json!({ "data": standings }).to_string());
        return Ok(());
    }
    let rows = standings
        .iter()
        .map(|standing| {
            vec![
                kind(standing),
                status(standing, screen),
                field(standing, "message"),
            ]
        })
        .collect();
    screen.text(&table(screen, &["FOR", "STATE", "RESULT"], rows));
    let shown = api.get(&place(domain)).await?;
    screen.text("");
    screen.text(&match shown.data()["sending_ready"] == true {
        true => screen.good("The domain may send."),
        false => screen.caution("The domain may not send before ownership, spf and dkim are done."),
    });
    Ok(())
}

/// Prints the zone file.
pub async fn zone(domain: &str, api: &Api, screen: &Screen) -> Result<(), Failure> {
    let answer = api
        .get(&format!("{}/zone-file?format=json", place(domain)))
        .await?;
    if screen.is_json() {
        screen.verbatim(&answer);
        return Ok(());
    }
    let text = answer.data()["zone"].as_str().unwrap_or_default();
    let lines: Vec<String> = text.lines().map(clean).collect();
    screen.text(&lines.join("\n"));
    Ok(())
}

/// Makes new keys and prints their records.
pub async fn rotate(domain: &str, api: &Api, screen: &Screen) -> Result<(), Failure> {
    let answer = api
        .post(&format!("{}/dkim/rotate", place(domain)), &json!({}))
        .await?;
    if screen.is_json() {
        screen.verbatim(&answer);
        return Ok(());
    }
    let rows = records(answer.data())
        .iter()
        .map(|record| {
            vec![
                field(record, "fqdn"),
                field(record, "type"),
                field(record, "value"),
                field(record, "purpose"),
            ]
        })
        .collect();
    screen.text(&table(screen, &["NAME", "TYPE", "VALUE", "WHAT FOR"], rows));
    screen.text(&format!("\n{}", field(answer.data(), "message")));
    screen.text(&format!("  posthouse domain verify {domain} --type dkim"));
    Ok(())
}

pub(super) async fn each(
    domain: &str,
    verb: &str,
    types: &[&str],
    api: &Api,
) -> Result<Vec<Value>, Failure> {
    let path = format!("{}/{verb}", place(domain));
    let mut standings = Vec::with_capacity(types.len());
    for one in types {
        let answer = api.post(&path, &json!({ "type": one })).await?;
        standings.push(answer.data().clone());
    }
    Ok(standings)
}

pub(super) fn records(standing: &Value) -> &[Value] {
    standing["attempt"]["options"]["records"]
        .as_array()
        .map_or(&[], Vec::as_slice)
}

pub(super) fn kind(standing: &Value) -> String {
    field(&standing["attempt"], "type")
}

fn status(standing: &Value, screen: &Screen) -> String {
    let status = field(standing, "status");
    match status.as_str() {
        "done" => screen.good(&status),
        "failed" => screen.bad(&status),
        _ => screen.caution(&status),
    }
}
