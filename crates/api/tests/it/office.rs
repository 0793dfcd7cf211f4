//! A door with its first application, and calls with a key and a JSON body.

use bytes::Bytes;
use http::{HeaderValue, Method, Request, header};
use http_body_util::Full;
use serde_json::Value;

use crate::door::{Answered, Door, request};

pub struct Office {
    pub door: Door,
    /// With the operator's permission.
    pub key: String,
    pub application_id: String,
}

impl Office {
    pub async fn open() -> Self {
        let door = Door::open().await;
        let bootstrap = door.mailroom.bootstrap(None).await.expect("a first start");
        Self {
            door,
            key: bootstrap.first_key.expect("a first key"),
            application_id: bootstrap.application_id,
        }
    }

    pub async fn get(&self, target: &str) -> Answered {
        self.call(&self.key, Method::GET, target, None).await
    }

    pub async fn delete(&self, target: &str) -> Answered {
        self.call(&self.key, Method::DELETE, target, None).await
    }

    pub async fn post(&self, target: &str, body: Value) -> Answered {
        self.call(&self.key, Method::POST, target, Some(body)).await
    }

    pub async fn patch(&self, target: &str, body: Value) -> Answered {
        self.call(&self.key, Method::PATCH, target, Some(body))
            .await
    }

    /// Calls with any key.
    pub async fn call(
        &self,
        key: &str,
        method: Method,
        target: &str,
        body: Option<Value>,
    ) -> Answered {
        self.door.send(with_key(key, method, target, body)).await
    }

    /// Makes an account and returns its object.
    pub async fn account(&self, email: &str) -> Value {
        let body = serde_json::json!({"provider": "nylas", "settings": {"email": email}});
        let made = self.post("/v3/connect/custom", body).await;
        assert_eq!(made.status, 201, "{:?}", made.json);
        made.json["data"].clone()
    }

    /// Makes another application and returns a key for all of it, without the operator's permission.
    pub async fn other_key(&self) -> String {
        let made = self
            .post("/v3/applications", serde_json::json!({"name": "Other"}))
            .await;
        assert_eq!(made.status, 201, "{:?}", made.json);
        let id = made.json["data"]["application_id"].as_str().expect("an id");
        self.make_key(id, serde_json::json!({"name": "Other"}))
            .await
    }

    /// Makes an API key and returns its text.
    pub async fn make_key(&self, application_id: &str, body: Value) -> String {
        let target = format!("/v3/admin/applications/{application_id}/api-keys");
        let made = self.post(&target, body).await;
        assert_eq!(made.status, 200, "{:?}", made.json);
        let text = made.json["data"]["api_key"].as_str();
        text.expect("the key, this once").to_owned()
    }
}

/// Returns a request with a key and perhaps a body.
pub fn with_key(
    key: &str,
    method: Method,
    target: &str,
    body: Option<Value>,
) -> Request<Full<Bytes>> {
    let mut request = request(method, target);
    let bearer = HeaderValue::from_str(&format!("Bearer {key}")).expect("a plain key");
    request.headers_mut().insert(header::AUTHORIZATION, bearer);
    if let Some(body) = body {
        let json = HeaderValue::from_static("application/json");
        request.headers_mut().insert(header::CONTENT_TYPE, json);
        *request.body_mut() = Full::from(body.to_string());
    }
    request
}
