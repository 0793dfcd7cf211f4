//! Records of a domain over the API, with a world in which nothing is published.

use std::net::IpAddr;
use std::sync::Arc;

use http::Method;
use posthouse_mailroom::domains::{Look, Sight, Surroundings};
use posthouse_net::resolver::Exchange;
use serde_json::{Value, json};

use crate::office::Office;

const DOMAIN: &str = "/v3/admin/domains/bots.example.org";

struct Nothing;

impl Sight for Nothing {
    fn texts<'a>(&'a self, _: &'a str) -> Look<'a, Vec<String>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn exchanges<'a>(&'a self, _: &'a str) -> Look<'a, Vec<Exchange>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn addresses<'a>(&'a self, _: &'a str) -> Look<'a, Vec<IpAddr>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn spf<'a>(&'a self, _: IpAddr, _: &'a str) -> Look<'a, String> {
        Box::pin(async { Ok("none".to_owned()) })
    }
}

async fn office() -> Office {
    let office = Office::open().await;
    office.door.mailroom.look_around_with(Surroundings {
        sight: Arc::new(Nothing),
        addresses: Vec::new(),
        spf_include: None,
    });
    let body = json!({"name": "Bots", "domain_address": "Bots.example.org"});
    let made = office.post("/v3/admin/domains", body).await;
    assert_eq!(made.status, 200, "{:?}", made.json);
    office
}

#[tokio::test]
async fn how_a_domains_mail_leaves_is_set_shown_and_undone() {
    let office = office().await;
    let put = async |body: Value| {
        office
            .call(&office.key, Method::PUT, DOMAIN, Some(body))
            .await
    };
    let plain = office.get(DOMAIN).await.json["data"].clone();
    assert_eq!(
        (&plain["source_addresses"], &plain["warm_up"]),
        (&json!([]), &Value::Null)
    );
    let set = put(json!({
        "source_addresses": ["192.0.2.11", "2001:db8:0::11"],
        "warm_up": {"per_day": [20, 50]},
    }))
    .await;
    let set = set.json["data"].clone();
    assert_eq!(
        set["source_addresses"],
        json!(["192.0.2.11", "2001:db8::11"])
    );
    assert_eq!(set["warm_up"]["per_day"], json!([20, 50]));
    let began = set["warm_up"]["started_at"].clone();
    // What is not named stays, and a warm-up goes on with new numbers.
    let more = put(json!({"name": "x", "warm_up": {}})).await.json["data"].clone();
    assert_eq!(more["source_addresses"], set["source_addresses"]);
    assert_eq!(more["warm_up"]["started_at"], began);
    assert_eq!(more["warm_up"]["per_day"][0], 50);
    let none = put(json!({"source_addresses": [], "warm_up": null}))
        .await
        .json["data"]
        .clone();
    assert_eq!(
        (&none["source_addresses"], &none["warm_up"]),
        (&json!([]), &Value::Null)
    );
    for bad in [
        json!({"source_addresses": ["mx.example.net"]}),
        json!({"source_addresses": null}),
        json!({"source_addresses": vec!["192.0.2.1"; 17]}),
        json!({"warm_up": {"per_day": [0]}}),
        json!({"warm_up": 50}),
    ] {
        let refused = put(bad.clone()).await;
        assert_eq!(refused.error().0, 400, "{bad}");
    }
}

#[tokio::test]
async fn info_and_verify_answer_the_record_and_how_it_stands() {
    let office = office().await;
    for kind in [
        "ownership",
        "mx",
        "spf",
        "dkim",
        "feedback",
        "dmarc",
        "arc",
        "tls_rpt",
        "mta_sts",
    ] {
        let body = json!({"type": kind});
        let info = office.post(&format!("{DOMAIN}/info"), body.clone()).await;
        assert_eq!(info.status, 200, "{:?}", info.json);
        let data = &info.json["data"];
        assert_eq!(data["attempt"]["type"], kind);
        assert_eq!(data["status"], "pending");
        // ARC is what was found of DKIM.
        if kind != "arc" {
            assert_eq!(data["details"]["found"], Value::Null);
        }
        let week = data["expires_at"].as_i64().unwrap() - data["created_at"].as_i64().unwrap();
        assert_eq!(week, 7 * 86_400);
        let verified = office.post(&format!("{DOMAIN}/verify"), body).await;
        assert_eq!(verified.status, 200);
        assert_eq!(verified.json["data"]["status"], "pending", "{kind}");
        assert_eq!(verified.json["data"]["attempt"], data["attempt"], "{kind}");
        let message = verified.json["data"]["message"].as_str().unwrap();
        assert!(message.contains("Expected"), "{kind}: {message}");
    }
    let dkim = office
        .post(&format!("{DOMAIN}/info"), json!({"type": "dkim"}))
        .await;
    let options = &dkim.json["data"]["attempt"]["options"];
    assert_eq!(options["host"], "ph1._domainkey");
    assert_eq!(options["fqdn"], "ph1._domainkey.bots.example.org");
    assert_eq!(options["type"], "TXT");
    assert_eq!(options["records"][1]["host"], "ph1e._domainkey");
}

#[tokio::test]
async fn what_no_client_should_send_is_refused_and_what_has_no_effect_is_named() {
    let office = office().await;
    for body in [json!({}), json!({"type": "bimi"}), json!({"type": 1})] {
        let refused = office.post(&format!("{DOMAIN}/info"), body).await;
        assert_eq!(refused.error().0, 400);
    }
    let short = json!({"type": "dkim", "options": {"key_length": 512}});
    let refused = office.post(&format!("{DOMAIN}/verify"), short).await;
    assert_eq!(refused.json["error"]["field"], "options.key_length");
    let odd = json!({"type": "mx", "options": {"colour": "red"}});
    let warned = office.post(&format!("{DOMAIN}/info"), odd).await;
    assert!(
        warned.json["warnings"].to_string().contains("colour"),
        "{:?}",
        warned.json
    );
    let absent = office
        .post(
            "/v3/admin/domains/other.example/info",
            json!({"type": "mx"}),
        )
        .await;
    assert_eq!(absent.error().0, 404);
    let key = office.other_key().await;
    let forbidden = office
        .call(
            &key,
            Method::POST,
            &format!("{DOMAIN}/verify"),
            Some(json!({"type": "mx"})),
        )
        .await;
    assert_eq!(forbidden.error().0, 403);
}

#[tokio::test]
async fn the_zone_file_is_text_and_its_records_are_json() {
    let office = office().await;
    let text = office.get(&format!("{DOMAIN}/zone-file")).await;
    let content_type = text.header("content-type").unwrap();
    assert!(content_type.starts_with("text/plain"), "{content_type}");
    let zone = String::from_utf8(text.bytes.to_vec()).unwrap();
    assert!(zone.contains("$ORIGIN bots.example.org."), "{zone}");
    let listed = office.get(&format!("{DOMAIN}/zone-file?format=json")).await;
    let records = listed.json["data"]["records"].as_array().unwrap();
    assert!(records.len() > 10);
    for record in records {
        for member in [
            "type", "host", "name", "value", "ttl", "purpose", "required",
        ] {
            assert!(!record[member].is_null(), "{member}: {record}");
        }
    }
    assert!(
        listed.json["data"]["zone"]
            .as_str()
            .unwrap()
            .contains("$ORIGIN")
    );
    let refused = office.get(&format!("{DOMAIN}/zone-file?format=xml")).await;
    assert_eq!(refused.error().0, 400);
}

#[tokio::test]
async fn keys_are_made_anew_only_where_some_sign() {
    let office = office().await;
    let rotated = office
        .post(&format!("{DOMAIN}/dkim/rotate"), json!({}))
        .await;
    let options = &rotated.json["data"]["attempt"]["options"];
    assert_eq!(
        options["host"], "ph1._domainkey",
        "the first pair has not signed yet"
    );
    let trial = "/v3/admin/domains/agents.test/dkim/rotate";
    assert_eq!(office.post(trial, json!({})).await.error().0, 400);
}

#[tokio::test]
async fn aliases_are_added_listed_and_taken_away() {
    let office = Office::open().await;
    let account = office.account("sales@agents.test").await;
    let aliases = format!("/v3/grants/{}/aliases", account["id"].as_str().unwrap());
    let added = office
        .post(&aliases, json!({"address": "Orders@agents.test"}))
        .await;
    assert_eq!(added.status, 201, "{:?}", added.json);
    assert_eq!(added.json["data"]["address"], "orders@agents.test");
    let listed = office.get(&aliases).await;
    assert_eq!(listed.json["data"][0], added.json["data"]);
    let shown = office
        .get("/v3/grants/sales@agents.test?expose_aliases=true")
        .await;
    assert_eq!(
        shown.json["data"]["email_aliases"],
        json!(["orders@agents.test"])
    );
    let taken = json!({"provider": "nylas", "settings": {"email": "orders@agents.test"}});
    assert_eq!(
        office.post("/v3/connect/custom", taken).await.error().0,
        409
    );
    let one = format!("{aliases}/orders%40agents.test");
    assert_eq!(office.delete(&one).await.status, 200);
    assert_eq!(office.delete(&one).await.error().0, 404);
    let other = office.other_key().await;
    let foreign = office.call(&other, Method::GET, &aliases, None).await;
    assert_eq!(foreign.error().0, 404);
}

#[tokio::test]
async fn an_account_is_created_with_its_aliases() {
    let office = Office::open().await;
    let with = |email: &str, aliases: Value| json!({"provider": "nylas", "settings": {"email": email, "aliases": aliases}});
    let body = with("sales@agents.test", json!(["Orders@agents.test"]));
    let made = office.post("/v3/connect/custom", body).await;
    assert_eq!(made.status, 201, "{:?}", made.json);
    assert!(made.json.get("warnings").is_none(), "{:?}", made.json);
    let id = made.json["data"]["id"].as_str().unwrap();
    let shown = office
        .get(&format!("/v3/grants/{id}?expose_aliases=true"))
        .await;
    assert_eq!(
        shown.json["data"]["email_aliases"],
        json!(["orders@agents.test"])
    );
    for (aliases, status) in [
        (json!(["orders@agents.test"]), 409),
        (json!(["x@elsewhere.example"]), 400),
        (json!(["no address"]), 400),
        (json!("orders@agents.test"), 400),
    ] {
        let body = with("two@agents.test", aliases.clone());
        let refused = office.post("/v3/connect/custom", body).await;
        assert_eq!(refused.error().0, status, "{aliases}");
    }
    assert_eq!(
        office.get("/v3/grants/two@agents.test").await.error().0,
        404
    );
    // Another application cannot take what is an alias here.
    let other = office.other_key().await;
    let body = with("sales2@agents.test", json!(["orders@agents.test"]));
    let refused = office
        .call(&other, Method::POST, "/v3/connect/custom", Some(body))
        .await;
    assert_eq!(refused.error().0, 409);
}
