//! An HTTP client that checks, on every answer, what the contract promises of every answer.

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName};
use reqwest::{Method, redirect};
use serde_json::Value;

use crate::eventually::deadline;

/// A client of one server with one key.
#[derive(Clone)]
pub struct Api {
    http: reqwest::Client,
    base: String,
    key: Option<String>,
}

/// One request, for what the short forms cannot say.
#[derive(Default)]
pub struct Request<'a> {
    /// `GET` when empty.
    pub method: &'a str,
    /// Path and query, sent as they are.
    pub path: &'a str,
    /// Headers beside `Authorization`.
    pub headers: &'a [(&'a str, &'a str)],
    /// Body, `None` for none.
    pub body: Option<Vec<u8>>,
}

/// One answer.
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// Body as received.
    pub bytes: Vec<u8>,
    /// Method and path that were asked, for messages of failing tests.
    pub asked: String,
}

impl Api {
    /// Makes a client for a base URL such as `http://127.0.0.1:8025`.
    pub fn new(base: &str, key: Option<&str>) -> Self {
        let http = reqwest::Client::builder()
            .redirect(redirect::Policy::none())
            .no_proxy()
            .timeout(deadline())
            .build()
            .expect("an HTTP client without options that could fail");
        Self {
            http,
            base: base.to_owned(),
            key: key.map(str::to_owned),
        }
    }

    /// Returns the same client with another key.
    pub fn with_key(&self, key: &str) -> Self {
        Self {
            key: Some(key.to_owned()),
            ..self.clone()
        }
    }

    /// Returns the same client without credentials.
    pub fn without_key(&self) -> Self {
        Self {
            key: None,
            ..self.clone()
        }
    }

    /// Returns the base URL.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Sends a GET.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(Request {
            method: "GET",
            path,
            ..Request::default()
        })
        .await
    }

    /// Sends a DELETE without a body.
    pub async fn delete(&self, path: &str) -> Answer {
        self.send(Request {
            method: "DELETE",
            path,
            ..Request::default()
        })
        .await
    }

    /// Sends a POST with a JSON body.
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send_json("POST", path, body).await
    }

    /// Sends a POST with a JSON body to a server that may be gone; returns the status, if there is a whole answer.
    pub async fn try_post(&self, path: &str, body: Value) -> Option<u16> {
        let mut building = self.http.post(format!("{}{path}", self.base)).json(&body);
        if let Some(key) = &self.key {
            building = building.header(AUTHORIZATION, format!("Bearer {key}"));
        }
        let response = building.send().await.ok()?;
        let status = response.status().as_u16();
        response.bytes().await.ok().map(|_| status)
    }

    /// Sends a PUT with a JSON body.
    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.send_json("PUT", path, body).await
    }

    /// Sends a PATCH with a JSON body.
    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send_json("PATCH", path, body).await
    }

    /// Sends a JSON body with any method.
    pub async fn send_json(&self, method: &str, path: &str, body: Value) -> Answer {
        let headers = [("content-type", "application/json")];
        self.send(Request {
            method,
            path,
            headers: &headers,
            body: Some(body.to_string().into_bytes()),
        })
        .await
    }

    /// Sends any request.
    ///
    /// # Panics
    /// When the server does not answer, or answers against the contract of all answers.
    pub async fn send(&self, request: Request<'_>) -> Answer {
        let method = if request.method.is_empty() {
            "GET"
        } else {
            request.method
        };
        let asked = format!("{method} {}", request.path);
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let mut building = self
            .http
            .request(method, format!("{}{}", self.base, request.path));
        if let Some(key) = &self.key {
            building = building.header(AUTHORIZATION, format!("Bearer {key}"));
        }
        for (name, value) in request.headers {
            building = building.header(
                HeaderName::from_bytes(name.as_bytes()).expect("a header name"),
                *value,
            );
        }
        if let Some(body) = request.body {
            building = building.body(body);
        }
        let response = building
            .send()
            .await
            .unwrap_or_else(|error| panic!("{asked}: no answer: {error:?}"));
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let bytes = response
            .bytes()
            .await
            .unwrap_or_else(|error| panic!("{asked}: the answer breaks off: {error:?}"));
        let answer = Answer {
            status,
            headers,
            bytes: bytes.to_vec(),
            asked,
        };
        answer.assert_contract();
        answer
    }
}

impl Answer {
    /// Returns the answer when it has the status that the test expects.
    ///
    /// # Panics
    /// When it has another one; the message shows the body.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(
            self.status,
            status,
            "{} answered {}: {}",
            self.asked,
            self.status,
            self.text()
        );
        self
    }

    /// Returns the body as JSON.
    ///
    /// # Panics
    /// When it is not JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        let parsed = serde_json::from_slice(&self.bytes);
        parsed.unwrap_or_else(|error| {
            panic!("{} answered no JSON ({error}): {}", self.asked, self.text())
        })
    }

    /// Returns `data` of the envelope.
    #[track_caller]
    pub fn data(&self) -> Value {
        self.json()["data"].clone()
    }

    /// Returns the rows of a list.
    ///
    /// # Panics
    /// When `data` is not an array.
    #[track_caller]
    pub fn rows(&self) -> Vec<Value> {
        let data = self.data();
        let rows = data
            .as_array()
            .unwrap_or_else(|| panic!("{}: data is no array: {data}", self.asked));
        rows.clone()
    }

    /// Returns one string of `data`.
    ///
    /// # Panics
    /// When it is missing or no string.
    #[track_caller]
    pub fn text_of(&self, field: &str) -> String {
        let data = self.data();
        let text = data[field]
            .as_str()
            .unwrap_or_else(|| panic!("{}: no string {field} in {data}", self.asked));
        text.to_owned()
    }

    /// Returns `error.type`.
    #[track_caller]
    pub fn error_type(&self) -> String {
        self.json()["error"]["type"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    /// Returns `error.message`.
    #[track_caller]
    pub fn error_message(&self) -> String {
        self.json()["error"]["message"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    /// Returns a header, empty when absent.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// Returns the body as text, for messages.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// Returns the body with its request id blanked, for comparing answers byte by byte.
    pub fn text_without_request_id(&self) -> String {
        self.text().replace(self.header("x-request-id"), "-")
    }

    /// What every answer of the API keeps: a request id in the header and the same in a JSON body; an error has a type and a message; a list is
    /// never null; nothing is empty and nothing is a redirect.
    #[track_caller]
    fn assert_contract(&self) {
        let is_api = self.asked.contains(" /v3") || self.asked.contains(" //v3");
        if !is_api {
            return;
        }
        let asked = &self.asked;
        let request_id = self.header("x-request-id");
        assert!(!request_id.is_empty(), "{asked}: no X-Request-Id");
        assert!(
            self.status != 204 && !(300..400).contains(&self.status),
            "{asked}: status {}",
            self.status
        );
        if !self
            .header(CONTENT_TYPE.as_str())
            .starts_with("application/json")
        {
            assert!(
                self.status < 400,
                "{asked}: an error that is no JSON: {}",
                self.text()
            );
            return;
        }
        if self.header("content-encoding") == "gzip" {
            return;
        }
        let body = self.json();
        if body.get("openapi").is_some() || body.get("error").is_some_and(Value::is_string) {
            return; // the document itself, and the OAuth paths, which have a form of their own
        }
        assert_eq!(
            body["request_id"], request_id,
            "{asked}: request ids differ: {body}"
        );
        if self.status >= 400 {
            for field in ["type", "message"] {
                let text = body["error"][field].as_str().unwrap_or_default();
                assert!(!text.is_empty(), "{asked}: error without {field}: {body}");
            }
            return;
        }
        let may_be_null = asked.contains("/messages/wait");
        assert!(
            may_be_null || body.get("data") != Some(&Value::Null),
            "{asked}: data is null"
        );
        assert_ne!(
            body.get("next_cursor"),
            Some(&Value::from("")),
            "{asked}: next_cursor is empty"
        );
    }
}
