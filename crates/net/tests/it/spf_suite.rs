//! The published test suite of RFC 7208, which pyspf's source package carries: each of its zones is served by a name
//! server on loopback, and asked through the resolver.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use posthouse_net::authentication::spf::{Query, check_host};
use posthouse_net::resolver::Resolver;
use serde_json::Value;

use crate::zone::{self, Zone};

/// Tests whose result is another, each with its reason. `docs/conformance.md` says the same.
const DIFFERENT: &[&str] = &[];

/// Tests of the suite; fewer means that it was not read.
const TESTS_MIN: usize = 190;

const TO_JSON: &str = "import json, sys, yaml\n\
    text = open(sys.argv[1], encoding='utf-8').read()\n\
    json.dump(list(yaml.safe_load_all(text)), sys.stdout, default=str)";

#[tokio::test(flavor = "multi_thread")]
async fn auth_01_the_suite_of_rfc_7208_is_passed() {
    let Some(scenarios) = suite() else {
        return;
    };
    let mut failures: BTreeMap<String, String> = BTreeMap::new();
    let mut count = 0;
    for scenario in scenarios
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| !one.is_null())
    {
        let server = zone_of(scenario).serve().await;
        let resolver = Resolver::at(server.address).unwrap();
        for (name, test) in scenario["tests"].as_object().unwrap() {
            count += 1;
            let result = run(&resolver, test).await;
            if !expected(test).contains(&result) {
                let section = scenario["description"].as_str().unwrap_or_default();
                let expected = expected(test).join(" or ");
                failures.insert(name.clone(), format!("{section}: {result}, not {expected}"));
            }
        }
    }
    println!("{count} tests, {} different", failures.len());
    assert!(count >= TESTS_MIN, "{count} tests");
    let unexplained: Vec<_> = failures
        .iter()
        .filter(|(name, _)| !DIFFERENT.contains(&name.as_str()))
        .collect();
    assert!(unexplained.is_empty(), "{unexplained:#?}");
    let stale: Vec<_> = DIFFERENT
        .iter()
        .filter(|name| !failures.contains_key(**name))
        .collect();
    assert!(stale.is_empty(), "these pass by now: {stale:?}");
}

async fn run(resolver: &Resolver, test: &Value) -> &'static str {
    let text = |member: &str| test[member].as_str().unwrap_or_default().to_owned();
    let (helo, sender) = (text("helo"), text("mailfrom"));
    let (local_part, domain) = match sender.rsplit_once('@') {
        Some(("", domain)) => ("postmaster", domain),
        Some((local_part, domain)) => (local_part, domain),
        None => ("postmaster", helo.as_str()),
    };
    let query = Query {
        peer: text("host").parse().unwrap(),
        helo: &helo,
        local_part,
        domain,
    };
    check_host(resolver, query).await.word()
}

fn expected(test: &Value) -> Vec<&str> {
    match &test["result"] {
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        one => one.as_str().into_iter().collect(),
    }
}

/// Returns the records of a scenario. Where no TXT record is given, those of the retired type SPF stand for it.
fn zone_of(scenario: &Value) -> Zone {
    let mut zone = Zone::default();
    for (name, records) in scenario["zonedata"].as_object().unwrap() {
        zone.add_name(name);
        let records = records.as_array().unwrap();
        let has_txt = records.iter().any(|record| record.get("TXT").is_some());
        for record in records {
            let Some(record) = record.as_object() else {
                zone.add_trouble(name);
                continue;
            };
            for (kind, value) in record {
                add(&mut zone, name, kind, value, has_txt);
            }
        }
    }
    zone
}

fn add(zone: &mut Zone, name: &str, kind: &str, value: &Value, has_txt: bool) {
    let text = || value.as_str().unwrap();
    let data = match kind {
        "TXT" => texts(value),
        "SPF" if !has_txt => texts(value),
        "SPF" => return,
        "A" | "AAAA" => zone::address(text()),
        "MX" => zone::mx(
            value[0].as_u64().unwrap() as u16,
            value[1].as_str().unwrap(),
        ),
        "PTR" => zone::ptr(text()),
        "CNAME" => zone::cname(text()),
        other => panic!("a record of type {other}"),
    };
    if value.as_str() != Some("NONE") {
        zone.add(name, data);
    }
}

fn texts(value: &Value) -> hickory_resolver::proto::rr::RData {
    match value {
        Value::Array(several) => {
            let mut texts: Vec<&str> = several.iter().filter_map(Value::as_str).collect();
            // RFC 1035 3.3.14: one string or more; a record without any cannot be sent.
            if texts.is_empty() {
                texts.push("");
            }
            zone::txt(&texts)
        }
        one => zone::txt(&[one.as_str().unwrap()]),
    }
}

/// Returns the suite as JSON; `None`, said aloud, where it was not fetched.
fn suite() -> Option<Value> {
    let tools = tools();
    let python = tools.join("python/bin/python");
    let yaml = tools.join("pyspf/test/rfc7208-tests.yml");
    if !python.exists() || !yaml.exists() {
        assert!(
            std::env::var_os("CI").is_none(),
            "the SPF suite was not fetched"
        );
        let note = "skipped: the SPF suite is not there; `cargo xtask test` fetches it";
        let _ = writeln!(std::io::stderr(), "{note}");
        return None;
    }
    let output = Command::new(python)
        .arg("-c")
        .arg(TO_JSON)
        .arg(yaml)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

fn tools() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(directory) => PathBuf::from(directory).join("test-tools"),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/test-tools"),
    }
}
