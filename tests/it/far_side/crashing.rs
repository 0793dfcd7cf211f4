//! `kill -9` in the middle of handing mail to a Postfix: nothing is lost, and nothing doubled but what was being answered at that moment.

use std::collections::BTreeMap;
use std::time::Duration;

use posthouse_tests::{eventually, eventually_within};

use super::world::World;

/// Messages to deliver.
const MESSAGES: usize = 60;

/// Sessions with the far side, each of which may be waiting for an answer when the server dies.
const SESSIONS: usize = 4;

/// A killed process keeps its claims until they run out.
const CLAIMS_DEADLINE: Duration = Duration::from_secs(100);

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_postfix_takes_its_mail_each_message_arrives_and_only_the_window_is_doubled() {
    let sessions = SESSIONS.to_string();
    let flags = ["--destination-sessions", sessions.as_str()];
    let Some(mut world) = World::start_with(&["bots.test"], &flags).await else {
        return;
    };
    let agent = world.account("triage@bots.test").await;
    let mut ids = Vec::new();
    for number in 0..MESSAGES {
        let recipient = format!("buyer{number}@far.test");
        let sent = world.send(&agent, &[&recipient], "once").await;
        ids.push(
            sent["rfc822_message_id"]
                .as_str()
                .expect("an id")
                .to_owned(),
        );
        if number == MESSAGES / 2 {
            eventually("the first to arrive", async || {
                (!world.far.everything().is_empty()).then_some(())
            })
            .await;
        }
    }
    world.server.kill();
    world.server.launch().await;
    let times = eventually_within(CLAIMS_DEADLINE, "every message to arrive", async || {
        let mut times: BTreeMap<String, usize> = BTreeMap::new();
        for message in world.far.everything() {
            *times
                .entry(message.fields("Message-ID").remove(0))
                .or_default() += 1;
        }
        let is_quiet = world
            .server
            .api()
            .get("/v3/admin/queue")
            .await
            .expect(200)
            .rows()
            .is_empty();
        (is_quiet && ids.iter().all(|id| times.contains_key(id))).then_some(times)
    })
    .await;
    let twice = times.values().filter(|count| **count > 1).count();
    assert!(twice <= SESSIONS, "{twice} arrived twice");
    assert!(times.values().all(|count| *count <= 2));
    println!("{MESSAGES} messages, {twice} of them twice");
}
