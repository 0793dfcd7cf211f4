//! What the far side sends carries who sent it: in a header that nobody can forge, and in the API.

use posthouse_tests::eventually;
use posthouse_tests::letter::Letter;
use posthouse_tests::server::Account;
use posthouse_tests::tools;
use serde_json::Value;
use tokio::process::Command;

use super::verifying::run_on;
use super::world::{HOST, World};
use crate::peers::postfix::queue;

async fn sent_and_read(world: &World, agent: &Account, letter: &Letter, folder: &str) -> Value {
    queue(&mut world.far.postfix().connect().await, letter, "").await;
    let api = world.server.api();
    let list = format!("/v3/grants/{}/messages?in={folder}", agent.id);
    let found = eventually(&format!("a letter in {folder}"), async || {
        api.get(&list).await.expect(200).rows().pop()
    })
    .await;
    assert_eq!(found["subject"], letter.subject.as_str());
    let path = format!(
        "/v3/grants/{}/messages/{}",
        agent.id,
        found["id"].as_str().expect("an id")
    );
    let mut read = api
        .get(&format!("{path}?fields=include_headers"))
        .await
        .expect(200)
        .data();
    let secured = api
        .get(&format!("{path}?fields=include_security"))
        .await
        .expect(200)
        .data();
    read["security"] = secured["security"].clone();
    read
}

/// Returns the Authentication-Results that this server wrote.
fn results(message: &Value) -> Vec<String> {
    let headers = message["headers"].as_array().expect("headers");
    let named = headers
        .iter()
        .filter(|header| header["name"] == "Authentication-Results");
    named
        .filter_map(|header| header["value"].as_str().map(str::to_owned))
        .filter(|value| value.starts_with(HOST))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_from_the_far_side_carries_its_verdicts_and_what_is_forged_goes_to_junk() {
    let Some(python) = tools::python() else {
        return;
    };
    let Some(world) = World::start().await else {
        return;
    };
    let agent = world.account("triage@bots.test").await;
    let letter = Letter::to(&agent.email)
        .from("buyer@far.test")
        .subject("signed");
    let mut sign = Command::new(python);
    sign.arg(tools::source_file("verifiers/sign.py"))
        .args(["far.test", "key"])
        .arg(&world.far_key);
    let signature = run_on(&letter.wire(), &mut sign).await;
    let letter = letter.header(signature.trim_end());
    let message = sent_and_read(&world, &agent, &letter, "inbox").await;
    let security = &message["security"];
    assert_eq!(security["spf"]["result"], "pass", "{security}");
    assert_eq!(security["dkim"][0]["result"], "pass", "{security}");
    assert_eq!(security["dkim"][0]["domain"], "far.test");
    assert_eq!(security["dkim"][0]["selector"], "key");
    assert_eq!(security["dmarc"]["result"], "pass", "{security}");
    let written = results(&message);
    assert_eq!(written.len(), 1, "{written:?}");
    for verdict in ["spf=pass", "dkim=pass", "dmarc=pass", "header.d=far.test"] {
        assert!(written[0].contains(verdict), "{verdict}: {written:?}");
    }

    let mut forged = Letter::to(&agent.email)
        .from("boss@far.test")
        .subject("forged")
        .header(&format!(
            "Authentication-Results: {HOST}; dmarc=pass header.from=far.test"
        ))
        .header(signature.trim_end());
    forged.sender = "thief@null.far.test".to_owned();
    let message = sent_and_read(&world, &agent, &forged, "junk").await;
    let security = &message["security"];
    assert_eq!(security["dkim"][0]["result"], "fail", "{security}");
    assert_eq!(security["dmarc"]["result"], "fail", "{security}");
    assert_eq!(security["dmarc"]["policy"], "reject", "{security}");
    let written = results(&message);
    assert_eq!(written.len(), 1, "{written:?}");
    assert!(written[0].contains("dmarc=fail"), "{written:?}");
}
