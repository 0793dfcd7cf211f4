//! What arrives at the far side is verified there by programs that others wrote.

use std::process::Stdio;

use posthouse_tests::tools;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use super::far_postfix::Arrived;
use super::world::{DOMAIN, HOST, World};

/// The fields of which no second one may be added on the way.
const OVERSIGNED: [&str; 4] = ["from", "to", "subject", "date"];

/// Runs a program that reads a message; returns what it prints.
pub async fn run_on(message: &[u8], command: &mut Command) -> String {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut process = command.kill_on_drop(true).spawn().expect("it starts");
    let mut stdin = process.stdin.take().expect("a pipe");
    // A program that ends early says why.
    drop(stdin.write_all(message).await);
    drop(stdin);
    let output = process.wait_with_output().await.expect("it ends");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {stderr}");
    String::from_utf8(output.stdout).expect("text")
}

async fn verdicts(world: &World, message: &Arrived, wire: &[u8], command: &mut Command) -> Value {
    let port = world.names.address().port().to_string();
    command.args([&port, "127.0.0.1", HOST, &message.return_path()]);
    let printed = run_on(wire, command).await;
    serde_json::from_str(&printed).unwrap_or_else(|error| panic!("{error}: {printed}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_arrives_passes_dkim_by_both_keys_and_spf_and_dmarc_at_independent_verifiers() {
    let (Some(python), Some(modules)) = (tools::python(), tools::node_modules()) else {
        return;
    };
    let (Some(node), Some(opendkim)) = (tools::program("node"), tools::program("opendkim")) else {
        return;
    };
    let Some(world) = World::start().await else {
        return;
    };
    let agent = world.account("triage@bots.test").await;
    world
        .send(&agent, &["buyer@far.test"], "Grüße from an agent")
        .await;
    let message = world.far.wait_for("buyer@far.test").await;
    assert_eq!(message.fields("DKIM-Signature").len(), 2);
    assert!(
        message.return_path().ends_with("@bounce.bots.test"),
        "{}",
        message.return_path()
    );

    let wire = message.wire();
    let dkimpy = || {
        let mut command = Command::new(&python);
        command.arg(tools::source_file("verifiers/verify.py"));
        command
    };
    let found = verdicts(&world, &message, &wire, &mut dkimpy()).await;
    assert_eq!(found["spf"], "pass", "pyspf: {found}");
    let signatures = found["dkim"].as_array().expect("a list").clone();
    for algorithm in ["rsa-sha256", "ed25519-sha256"] {
        let signature = signatures.iter().find(|one| one["algorithm"] == algorithm);
        let signature = signature.unwrap_or_else(|| panic!("dkimpy: no {algorithm}: {found}"));
        assert_eq!(signature["valid"], true, "dkimpy: {found}");
        assert_eq!(signature["domain"], DOMAIN);
        let signed = signature["signed"].as_array().expect("a list");
        for name in OVERSIGNED {
            let times = signed.iter().filter(|one| *one == name).count();
            assert!(times >= 2, "{name} could be added: {signed:?}");
        }
    }

    // A verifier that is content with everything would prove nothing.
    let changed = [&wire, &b"One line more.\r\n"[..]].concat();
    let found = verdicts(&world, &message, &changed, &mut dkimpy()).await;
    let signatures = found["dkim"].as_array().expect("a list");
    assert!(
        signatures.iter().all(|one| one["valid"] == false),
        "{found}"
    );

    let mut command = Command::new(node);
    command.arg(tools::source_file("verifiers/verify.mjs"));
    command.env("NODE_MODULES", &modules);
    let found = verdicts(&world, &message, &wire, &mut command).await;
    let dkim = found["dkim"].as_array().expect("a list");
    assert_eq!(dkim.len(), 2, "mailauth: {found}");
    assert!(
        dkim.iter().all(|one| one["result"] == "pass"),
        "mailauth: {found}"
    );
    assert_eq!(
        (&found["spf"], &found["dmarc"]),
        (&json!("pass"), &json!("pass")),
        "mailauth: {found}"
    );

    verify_with_opendkim(&opendkim, &world, &message).await;
}

/// It knows RSA alone, and reads keys from a file.
async fn verify_with_opendkim(opendkim: &std::path::Path, world: &World, message: &Arrived) {
    let directory = tempfile::tempdir().expect("a directory");
    let at = |name: &str| directory.path().join(name);
    let zone = world
        .server
        .cli()
        .run(&["domain", "zone", DOMAIN])
        .await
        .expect(0)
        .stdout;
    let mut keys = String::new();
    for line in zone.lines().filter(|line| line.contains("._domainkey ")) {
        let (selector, _) = line.split_once(' ').expect("a name");
        let text: Vec<&str> = line.split('"').skip(1).step_by(2).collect();
        keys.push_str(&format!("{selector}.{DOMAIN} {}\n", text.concat()));
    }
    std::fs::write(at("keys"), keys).expect("written");
    let configuration = format!("TestPublicKeys {}\nMode v\n", at("keys").display());
    std::fs::write(at("conf"), configuration).expect("written");
    std::fs::write(at("message"), message.wire()).expect("written");
    let mut command = Command::new(opendkim);
    command
        .arg("-x")
        .arg(at("conf"))
        .arg("-vv")
        .arg("-t")
        .arg(at("message"));
    let output = command.output().await.expect("it runs");
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(output.status.success(), "opendkim: {said}");
    assert!(
        said.contains("verification (s=") && said.contains("succeeded"),
        "opendkim: {said}"
    );
}
