//! How securely mail leaves: by what DNSSEC and policies of the far side ask for, and not at all where it does not do as it says.

use posthouse_tests::server::Account;

use super::names::STRIPPED;
use super::world::World;

/// What the queue tells a sender whose mail may not go.
async fn refusal(world: &World, agent: &Account, domain: &str) -> String {
    let recipient = format!("buyer@{domain}");
    world.send(agent, &[&recipient], "not in the clear").await;
    let row = world.wait_until_deferred(&recipient).await;
    assert!(world.far.arrived(&recipient).is_empty(), "{domain} has it");
    row["last_reply"].as_str().expect("a reason").to_owned()
}

async fn arrival(world: &World, agent: &Account, recipient: &str) -> String {
    world.send(agent, &[recipient], "sealed").await;
    let arrived = world.far.wait_for(recipient).await;
    arrived.fields("Received").remove(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn smtp_19_dane_is_enforced_mail_goes_to_the_right_key_and_to_no_other_and_never_in_the_clear()
 {
    let Some(world) = World::start().await else {
        return;
    };
    let agent = world.account("triage@bots.test").await;
    let received = arrival(&world, &agent, "buyer@far.test").await;
    assert!(received.contains("using TLSv1.3"), "{received}");
    assert!(received.contains("with ESMTPS"), "{received}");

    let wrong = refusal(&world, &agent, "wrong-tlsa.far.test").await;
    assert!(
        wrong.contains("DANE") && wrong.contains("wrong.far.test"),
        "{wrong}"
    );
    let bare = refusal(&world, &agent, "bare-tlsa.far.test").await;
    assert!(bare.contains("DANE") && bare.contains("STARTTLS"), "{bare}");
}

#[tokio::test(flavor = "multi_thread")]
async fn smtp_19_enforced_policies_are_kept_to_and_policies_that_are_tried_out_hinder_nothing() {
    let Some(world) = World::start().await else {
        return;
    };
    let agent = world.account("triage@bots.test").await;
    for domain in ["sts-good", "sts-testing"] {
        let received = arrival(&world, &agent, &format!("buyer@{domain}.far.test")).await;
        assert!(received.contains("with ESMTPS"), "{domain}: {received}");
    }
    for (domain, reason) in [
        ("sts-unlisted", "sts.far.test"),
        ("sts-unknown", "certificate"),
        ("sts-bare", "STARTTLS"),
    ] {
        let reply = refusal(&world, &agent, &format!("{domain}.far.test")).await;
        assert!(
            reply.contains("MTA-STS") && reply.contains(reason),
            "{domain}: {reply}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn smtp_19_mail_waits_when_the_signatures_of_a_signed_domain_are_missing() {
    let Some(world) = World::start().await else {
        return;
    };
    let agent = world.account("triage@bots.test").await;
    // Its MX names a server that would take the mail, over TLS and with a trusted certificate.
    let reply = refusal(&world, &agent, STRIPPED).await;
    println!("{reply}");
    assert!(reply.contains("DNSSEC"), "{reply}");
}
