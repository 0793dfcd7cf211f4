//! How the far side answers is what the sender is told: taken, refused, come again, and taken but failed after all.

use posthouse_tests::eventually;
use posthouse_tests::webhook::WebhookReceiver;
use serde_json::{Value, json};

use super::world::World;

/// Enough for the first retry, which comes after five minutes at most.
const RETRY_SECONDS: u32 = 600;

/// What webhooks told.
struct Told(WebhookReceiver);

impl Told {
    async fn about(world: &World) -> Self {
        let receiver = WebhookReceiver::start().await;
        let hook = json!({
            "trigger_types": ["message.delivered", "message.bounced"],
            "webhook_url": receiver.url("/hook"),
        });
        world
            .server
            .api()
            .post("/v3/webhooks", hook)
            .await
            .expect(200);
        Self(receiver)
    }

    /// Returns the events of a type about a message so far.
    fn events(&self, kind: &str, message: &Value) -> Vec<Value> {
        let all = self.0.notifications().into_iter().map(|one| one.json());
        let about = |event: &Value| {
            event["type"] == kind && event["data"]["object"]["message"]["id"] == message["id"]
        };
        all.filter(about)
            .map(|event| event["data"]["object"].clone())
            .collect()
    }

    async fn first(&self, kind: &str, message: &Value) -> Value {
        eventually(
            &format!("{kind} about {}", message["subject"]),
            async || self.events(kind, message).pop(),
        )
        .await
    }
}

async fn suppressed(world: &World) -> Vec<String> {
    let rows = world
        .server
        .api()
        .get("/v3/suppressions")
        .await
        .expect(200)
        .rows();
    rows.iter()
        .map(|row| row["address"].as_str().expect("an address").to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_recipient_has_its_own_outcome_told_once_and_who_is_refused_gets_nothing_more() {
    let Some(world) = World::start().await else {
        return;
    };
    let told = Told::about(&world).await;
    let agent = world.account("triage@bots.test").await;
    let sent = world
        .send(&agent, &["buyer@far.test", "nobody@far.test"], "one of two")
        .await;
    let bounced = told.first("message.bounced", &sent).await;
    let refused = &bounced["bounce"]["recipients"];
    assert_eq!(refused[0]["email"], "nobody@far.test", "{bounced}");
    let code = refused[0]["diagnostic_code"].as_str().expect("a reply");
    assert!(code.starts_with("550 5.1.1"), "{code}");
    let delivered = told.first("message.delivered", &sent).await;
    assert_eq!(
        delivered["delivered"]["recipients"],
        json!(["buyer@far.test"])
    );

    let null = world
        .send(&agent, &["buyer@null.far.test"], "no mail, thank you")
        .await;
    let bounced = told.first("message.bounced", &null).await;
    let code = bounced["bounce"]["recipients"][0]["diagnostic_code"].as_str();
    assert!(
        code.is_some_and(|code| code.starts_with("556 5.1.10")),
        "{bounced}"
    );

    assert!(
        suppressed(&world)
            .await
            .contains(&"nobody@far.test".to_owned())
    );
    let again = json!({"to": [{"email": "nobody@far.test"}], "subject": "again", "body": "x"});
    let path = format!("/v3/grants/{}/messages/send", agent.id);
    let answer = world.server.api().post(&path, again).await.expect(400);
    assert_eq!(answer.error_type(), "recipient_suppressed");

    // What comes after them has been told, so nothing of them is still to be.
    let last = world.send(&agent, &["last@far.test"], "the last").await;
    told.first("message.delivered", &last).await;
    assert_eq!(told.events("message.delivered", &sent).len(), 1);
    assert_eq!(told.events("message.bounced", &sent).len(), 1);
    world.far.wait_for("last@far.test").await;
    assert_eq!(world.far.arrived("buyer@far.test").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_the_far_side_sends_later_bounces_the_message_it_names() {
    let Some(world) = World::start().await else {
        return;
    };
    let told = Told::about(&world).await;
    let agent = world.account("triage@bots.test").await;
    let sent = world
        .send(&agent, &["later@far.test"], "taken at first")
        .await;
    told.first("message.delivered", &sent).await;
    let bounced = told.first("message.bounced", &sent).await;
    assert_eq!(
        bounced["bounce"]["recipients"][0]["email"], "later@far.test",
        "{bounced}"
    );
    assert_eq!(suppressed(&world).await, ["later@far.test"]);
    let path = format!("/v3/grants/{}/messages?in=inbox", agent.id);
    let inbox = world.server.api().get(&path).await.expect(200).rows();
    assert!(
        inbox.is_empty(),
        "reports are no mail for the agent: {inbox:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn greylisted_mail_comes_again_on_its_schedule_and_arrives_once() {
    let Some(world) = World::start().await else {
        return;
    };
    let told = Told::about(&world).await;
    let agent = world.account("triage@bots.test").await;
    let sent = world.send(&agent, &["grey@far.test"], "come again").await;
    let row = world.wait_until_deferred("grey@far.test").await;
    let reply = row["last_reply"].as_str().expect("a reply");
    assert!(reply.starts_with("450 4.2.0"), "{reply}");
    assert!(world.far.everything().is_empty());
    world.set_clock_ahead(RETRY_SECONDS);
    told.first("message.delivered", &sent).await;
    world.far.wait_for("grey@far.test").await;
    assert_eq!(world.far.arrived("grey@far.test").len(), 1);
    assert_eq!(told.events("message.bounced", &sent), Vec::<Value>::new());
    assert!(world.queued("grey@far.test").await.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_for_a_far_side_that_is_down_waits_until_it_is_up_again() {
    let Some(world) = World::start().await else {
        return;
    };
    let told = Told::about(&world).await;
    let agent = world.account("triage@bots.test").await;
    world.far.postfix().stop();
    let sent = world.send(&agent, &["buyer@far.test"], "patience").await;
    let row = world.wait_until_deferred("buyer@far.test").await;
    let reply = row["last_reply"].as_str().expect("a reason");
    assert!(reply.starts_with("451 4.4.1"), "{reply}");
    world.far.postfix().start_again();
    let queue_id = row["id"].as_str().expect("an id");
    let path = format!("/v3/admin/queue/{queue_id}/retry");
    world.server.api().post(&path, json!({})).await.expect(200);
    // A destination that could not be reached is left alone for half a minute, but not against the operator's will.
    eventually("the mail to arrive", async || {
        (!told.events("message.delivered", &sent).is_empty()).then_some(())
    })
    .await;
    world.far.wait_for("buyer@far.test").await;
    assert_eq!(world.far.arrived("buyer@far.test").len(), 1);
}
