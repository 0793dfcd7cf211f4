//! A mailbox as the official command line sees it.

use posthouse_tests::letter::Letter;
use posthouse_tests::server::{Account, Posthouse};
use serde_json::Value;

use super::program::{Program, list};
use super::strict::{FOLDER, MESSAGE};

/// A server with one account, as the program with a default grant sees it.
pub struct Mailbox {
    pub server: Posthouse,
    pub program: Program,
    pub account: Account,
    pub base: String,
}

impl Mailbox {
    pub async fn open() -> Self {
        let server = Posthouse::start().await;
        let account = server.create_account("agent").await;
        Self {
            program: Program::new(server.api()),
            base: format!("/v3/grants/{}", account.id),
            server,
            account,
        }
    }

    pub async fn receive(&self, subject: &str) -> String {
        self.receive_letter(Letter::to(&self.account.email).subject(subject))
            .await
    }

    /// Delivers a letter and returns the id of its message.
    pub async fn receive_letter(&self, letter: Letter) -> String {
        self.server.deliver(&letter).await;
        let newest = self.messages("limit=1").await;
        assert_eq!(newest[0]["subject"], letter.subject.as_str());
        id(&newest[0])
    }

    pub async fn messages(&self, query: &str) -> Vec<Value> {
        let path = format!("{}/messages?{query}", self.base);
        list(&self.program.get(&path).await.expect(200), MESSAGE)
    }

    pub async fn subjects(&self, query: &str) -> Vec<String> {
        let messages = self.messages(query).await;
        let subjects = messages.iter().filter_map(|one| one["subject"].as_str());
        subjects.map(str::to_owned).collect()
    }

    pub async fn folders(&self) -> Vec<Value> {
        let path = format!("{}/folders", self.base);
        let answer = self.program.get(&path).await.expect(200);
        let has_more = answer.json().get("next_cursor").is_some();
        assert!(!has_more, "all folders are on page one");
        list(&answer, FOLDER)
    }

    pub async fn folder(&self, name: &str) -> String {
        let folders = self.folders().await;
        let found = folders.iter().find(|folder| folder["name"] == name);
        id(found.unwrap_or_else(|| panic!("no folder {name}: {folders:?}")))
    }
}

/// Returns the id of an object.
pub fn id(object: &Value) -> String {
    object["id"].as_str().expect("an id").to_owned()
}
