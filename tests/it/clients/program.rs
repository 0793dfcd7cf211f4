//! The official command line as a client: its headers, gzip, the statuses it takes for success, and its decoder.

use std::io::Read;

use posthouse_tests::api::{Answer, Api, Request};
use serde_json::Value;

use super::strict::{Fields, assert_decodes};

/// Sends requests as that program does (C-1).
pub struct Program {
    api: Api,
}

impl Program {
    pub fn new(api: Api) -> Self {
        Self { api }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send("POST", path, Some(body)).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.send("PUT", path, Some(body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, None).await
    }

    /// Sends with the program's headers: a content type only with a body.
    pub async fn send(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        let content_type = body.is_some().then_some("application/json");
        let body = body.map(|body| body.to_string().into_bytes());
        self.send_bytes(method, path, content_type, body).await
    }

    /// Sends a body of any type.
    pub async fn send_bytes(
        &self,
        method: &str,
        path: &str,
        content_type: Option<&str>,
        body: Option<Vec<u8>>,
    ) -> Answer {
        let mut headers = vec![
            ("user-agent", "nylas-cli/3.1.0"),
            ("accept-encoding", "gzip"),
        ];
        if let Some(content_type) = content_type {
            headers.push(("content-type", content_type));
        }
        let mut answer = self
            .api
            .send(Request {
                method,
                path,
                headers: &headers,
                body,
            })
            .await;
        inflate(&mut answer);
        answer
    }
}

/// ALL-8: answers may be gzipped.
fn inflate(answer: &mut Answer) {
    if answer.header("content-encoding") != "gzip" {
        return;
    }
    let mut inflated = Vec::new();
    flate2::read::GzDecoder::new(answer.bytes.as_slice())
        .read_to_end(&mut inflated)
        .expect("a gzip stream");
    answer.bytes = inflated;
}

/// Decodes one object as the program does.
#[track_caller]
pub fn object(answer: &Answer, fields: Fields) -> Value {
    let data = answer.data();
    assert_decodes(&data, fields);
    data
}

/// Decodes a list as the program does; C-7: a cursor is a string.
#[track_caller]
pub fn list(answer: &Answer, fields: Fields) -> Vec<Value> {
    let cursor = &answer.json()["next_cursor"];
    assert!(cursor.is_null() || cursor.is_string(), "{cursor}");
    let rows = answer.rows();
    for row in &rows {
        assert_decodes(row, fields);
    }
    rows
}
