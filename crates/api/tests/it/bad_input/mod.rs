//! Every writable field of the mail routes, wrong in every way: the answer is a 400 that names the field, and nothing is
//! stored.

mod bodies;
mod bounds;
mod forms;
mod queries;
mod table;

use bytes::Bytes;
use http::{HeaderValue, Method, header};
use http_body_util::Full;
use serde_json::{Value, json};

use crate::door::Answered;
use crate::office::{Office, with_key};

/// An account with a message, a folder and a contact, whose state can be compared.
pub struct Desk {
    pub office: Office,
    grant: String,
    ids: Vec<(&'static str, String)>,
}

impl Desk {
    pub async fn open() -> Self {
        let office = Office::open().await;
        let account = office.account("agent@agents.test").await;
        let grant = account["id"].as_str().expect("an id").to_owned();
        let mut desk = Self {
            office,
            grant,
            ids: Vec::new(),
        };
        let letter = json!({"to": [{"email": "buyer@shop.example"}], "subject": "First", "body": "<p>One</p>"});
        let sent = desk.call(Method::POST, "/messages/send", &letter).await;
        let folder = desk
            .call(Method::POST, "/folders", &json!({"name": "Clients"}))
            .await;
        let contact = desk
            .call(Method::POST, "/contacts", &json!({"given_name": "Ann"}))
            .await;
        let draft = json!({"subject": "Draft"});
        let draft = desk.call(Method::POST, "/drafts", &draft).await;
        let id = |answer: &Answered, name: &str| {
            let id = answer.json["data"][name].as_str();
            id.unwrap_or_else(|| panic!("{answer:?}")).to_owned()
        };
        desk.ids = vec![
            ("{message}", id(&sent, "id")),
            ("{thread}", id(&sent, "thread_id")),
            ("{folder}", id(&folder, "id")),
            ("{contact}", id(&contact, "id")),
            ("{draft}", id(&draft, "id")),
        ];
        desk
    }

    /// Returns a path below the account, with the ids of its objects in place of their names.
    pub fn path(&self, below: &str) -> String {
        let below = self
            .ids
            .iter()
            .fold(below.to_owned(), |path, (name, id)| path.replace(name, id));
        format!("/v3/grants/{}{below}", self.grant)
    }

    pub async fn call(&self, method: Method, below: &str, body: &Value) -> Answered {
        self.call_raw(method, below, "application/json", body.to_string())
            .await
    }

    pub async fn call_raw(
        &self,
        method: Method,
        below: &str,
        content_type: &str,
        body: impl Into<Bytes>,
    ) -> Answered {
        let mut request = with_key(&self.office.key, method, &self.path(below), None);
        let content_type = HeaderValue::from_str(content_type).expect("a plain type");
        request
            .headers_mut()
            .insert(header::CONTENT_TYPE, content_type);
        *request.body_mut() = Full::from(body.into());
        self.office.door.send(request).await
    }

    pub async fn get(&self, below: &str) -> Answered {
        self.office.get(&self.path(below)).await
    }

    /// Everything that a refused request must leave as it was.
    pub async fn state(&self) -> Vec<Value> {
        let mut state = vec![self.office.get("/v3/admin/queue").await.json["data"].clone()];
        for below in [
            "/messages?in=all",
            "/folders",
            "/threads?in=all",
            "/contacts",
            "/drafts",
            "/messages/schedules",
        ] {
            let seen = self.get(below).await;
            assert_eq!(seen.status, 200, "{below}: {seen:?}");
            state.push(seen.json["data"].clone());
        }
        state
    }
}

/// Asserts the refusal of one field: the shape of every error, the status, and the path.
#[track_caller]
pub fn assert_refused(case: &str, answer: &Answered, field: &str) {
    assert!(answer.status.is_client_error(), "{case}: {}", answer.status);
    let (status, kind, message) = answer.error();
    assert_eq!(
        (status, kind),
        (400, "invalid_request_error"),
        "{case}: {message}"
    );
    let named = answer.json["error"]["field"].as_str();
    assert_eq!(named, Some(field), "{case}: {message}");
    assert!(message.chars().count() < 400, "{case}: {message}");
    for word in ["429", "500", "502", "503", "timeout"] {
        assert!(!message.contains(word), "{case}: {message}");
    }
}

/// Puts a value at a path such as `to[0].email` of a body.
pub fn put(body: &Value, path: &str, value: Value) -> Value {
    let pointer = format!("/{}", path.replace(['.', '['], "/").replace(']', ""));
    let mut changed = body.clone();
    match changed.pointer_mut(&pointer) {
        Some(place) => *place = value,
        None => changed[path] = value,
    }
    changed
}
