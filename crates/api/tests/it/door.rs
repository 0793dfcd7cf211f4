//! A door over an empty store in a temporary directory, and a client that calls it in process.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use posthouse_api::{Api, ApiConfig, Readiness, Route};
use posthouse_mailroom::{Mailroom, MailroomConfig};
use posthouse_net::rate::{ConcurrencyByPrefix, PrefixLimiter, PrefixLimits};
use posthouse_store::{Store, StoreConfig};
use posthouse_types::clock::SystemClock;
use serde_json::Value;
use tempfile::TempDir;

use crate::contract;

/// Wrong keys an address may show in a minute in these tests.
pub const FAILURES_MAX: u32 = 3;

/// Connections an address may have open in these tests.
pub const CONNECTIONS_MAX: u32 = 4;

pub struct Door {
    pub api: Api,
    pub mailroom: Mailroom,
    /// Whether the document describes its routes.
    is_described: bool,
    _directory: TempDir,
}

/// An answer with its body parsed; [`Value::Null`] when it is no JSON.
#[derive(Debug)]
pub struct Answered {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub bytes: Bytes,
    pub json: Value,
}

impl Door {
    pub async fn open() -> Self {
        Self::with_routes(posthouse_api::routes()).await
    }

    pub async fn with_routes(table: Vec<Route>) -> Self {
        let directory = TempDir::new().expect("a temporary directory");
        let mailroom = mailroom(&directory).await;
        Self {
            is_described: table.len() == posthouse_api::routes().len(),
            api: Api::with_routes(config(), mailroom.clone(), table),
            mailroom,
            _directory: directory,
        }
    }

    /// Behind a proxy that passes this prefix on.
    pub async fn below(prefix: &str) -> Self {
        let directory = TempDir::new().expect("a temporary directory");
        let mailroom = mailroom(&directory).await;
        let config = ApiConfig {
            path_prefix: prefix.to_owned(),
            ..config()
        };
        Self {
            api: Api::new(config, mailroom.clone()),
            mailroom,
            is_described: false,
            _directory: directory,
        }
    }

    pub async fn get(&self, target: &str) -> Answered {
        self.send(request(Method::GET, target)).await
    }

    pub async fn send(&self, request: Request<Full<Bytes>>) -> Answered {
        self.send_from(request, IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7)))
            .await
    }

    pub async fn send_from(&self, request: Request<Full<Bytes>>, peer: IpAddr) -> Answered {
        let (method, target) = (request.method().clone(), request.uri().to_string());
        let response = self.api.answer(request, peer).await;
        let (head, body) = response.into_parts();
        let bytes = body.collect().await.expect("a full body").to_bytes();
        let json = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        if self.is_described {
            contract::check(&method, &target, head.status, &head.headers, &json);
        }
        Answered {
            status: head.status,
            headers: head.headers,
            bytes,
            json,
        }
    }
}

impl Answered {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The shape that every error has; returns its type and message.
    pub fn error(&self) -> (u16, &str, &str) {
        let text = |field: &str| self.json["error"][field].as_str().unwrap_or_default();
        assert_eq!(
            self.json["request_id"].as_str(),
            self.header("x-request-id"),
            "{self:?}"
        );
        assert_eq!(
            self.header("content-type"),
            Some("application/json; charset=utf-8")
        );
        assert!(
            !text("type").is_empty() && !text("message").is_empty(),
            "{self:?}"
        );
        (self.status.as_u16(), text("type"), text("message"))
    }
}

pub fn request(method: Method, target: &str) -> Request<Full<Bytes>> {
    Request::builder()
        .method(method)
        .uri(target)
        .body(Full::default())
        .expect("a valid request")
}

pub fn config() -> ApiConfig {
    let limits = PrefixLimits {
        name: "test_authentication_failures",
        window: Duration::from_secs(60),
        per_level: [FAILURES_MAX, FAILURES_MAX * 3, FAILURES_MAX * 9],
        exempt: Vec::new(),
    };
    ApiConfig {
        path_prefix: String::new(),
        connections: ConcurrencyByPrefix::new("test_connections", [CONNECTIONS_MAX; 3], Vec::new()),
        authentication_failures: Arc::new(PrefixLimiter::new(limits)),
        readiness: Arc::new(|| async { Readiness::default() }.boxed()),
        metrics: Arc::new(|| "posthouse_up 1\n".to_owned()),
        metrics_peers: Vec::new(),
        metrics_token: Some("metrics-token".to_owned()),
    }
}

pub async fn mailroom(directory: &TempDir) -> Mailroom {
    let config = StoreConfig {
        database: "sqlite".to_owned(),
        blobs: "file".to_owned(),
        data_dir: directory.path().to_owned(),
        readers_max: 2,
    };
    let store = Store::open(&config, Arc::new(SystemClock))
        .await
        .expect("an embedded store opens");
    let config = MailroomConfig {
        hostname: "mx.posthouse.test".to_owned(),
        dev: true,
        trial_domain: Some("agents.test".to_owned()),
        region: "us".to_owned(),
        instance_key: [7; 32],
        bcrypt_cost: 4,
    };
    Mailroom::new(store, config)
}
