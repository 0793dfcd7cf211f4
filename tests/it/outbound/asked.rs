//! An operator asks one process for mail that another one delivers.

use std::time::Duration;

use posthouse_tests::api::Api;
use posthouse_tests::database::Database;
use posthouse_tests::dns::{NameServer, Zone};
use posthouse_tests::server::{Options, Posthouse};
use posthouse_tests::sink::{Manners, Sink};
use posthouse_tests::{eventually, eventually_within};
use serde_json::json;

use super::{direct, queue, send};

/// Less than the time for which a destination is left alone that could not be reached.
const BEFORE_IT_WOULD_ANYWAY: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_reaches_the_process_that_has_left_the_destination_alone() {
    let Some(database) = Database::create().await else {
        return;
    };
    let directory = tempfile::tempdir().expect("a directory");
    let key = directory.path().join("key");
    std::fs::write(&key, "07".repeat(32)).expect("written");
    // Its port is where the destination will be, which is not there yet.
    let elsewhere = Sink::start(Manners::default()).await;
    let zone = Zone::default().address("shop.example", [127, 0, 0, 2].into());
    let dns = NameServer::start(zone).await;
    let options = |roles: &str| {
        let mut flags = direct(&dns, elsewhere.address().port());
        let key = key.display().to_string();
        for text in [
            "--database",
            database.url(),
            "--instance-key",
            &key,
            "--roles",
            roles,
        ] {
            flags.push(text.to_owned());
        }
        Options {
            flags,
            ..Options::default()
        }
    };
    let delivers = Posthouse::start_with(options("all")).await;
    let answers = Posthouse::start_with(options("api,smtp")).await;
    let api = delivers.api();
    let agent = delivers.create_account("agent").await;
    send(&api, &agent, &["a@shop.example"], "asked for").await;
    let row = eventually("the deferral", async || {
        let rows = queue(&api).await;
        rows.into_iter().find(|row| row["state"] == "deferred")
    })
    .await;
    let sink = elsewhere.beside(2, Manners::default()).await;
    let other = format!("http://{}", answers.ready().http);
    let other = Api::new(&other, Some(&delivers.ready().api_key));
    let id = row["id"].as_str().expect("an id");
    let path = format!("/v3/admin/queue/{id}/retry");
    other.post(&path, json!({})).await.expect(200);
    eventually_within(BEFORE_IT_WOULD_ANYWAY, "the mail", async || {
        (sink.captured().len() == 1).then_some(())
    })
    .await;
}
