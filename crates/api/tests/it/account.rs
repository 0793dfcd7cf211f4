//! An account with a key to read it, and strangers who write to it.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, header};
use http_body_util::Full;
use posthouse_api::Route;
use posthouse_mailroom::api_keys::NewApiKey;
use posthouse_mailroom::provision::NewAccount;
use posthouse_mailroom::receive::{InboundDelivery, Transmission};
use posthouse_types::address::EmailAddress;

use crate::door::{Answered, Door, request};

#[derive(Clone)]
pub struct Account {
    pub door: Arc<Door>,
    pub id: String,
    pub email: String,
    application: String,
    key: String,
}

impl Account {
    /// Opens a door with one application and an account in it.
    pub async fn open() -> Self {
        Self::over(posthouse_api::routes()).await
    }

    /// The same with another route table.
    pub async fn over(table: Vec<Route>) -> Self {
        let door = Arc::new(Door::with_routes(table).await);
        let bootstrap = door.mailroom.bootstrap(None).await.expect("a first start");
        let key = bootstrap.first_key.expect("a first start makes a key");
        let application = bootstrap.application_id;
        Self::create(door, application, key, "triage").await
    }

    /// Makes another account of the same application.
    pub async fn neighbour(&self, name: &str) -> Self {
        Self::create(
            Arc::clone(&self.door),
            self.application.clone(),
            self.key.clone(),
            name,
        )
        .await
    }

    async fn create(door: Arc<Door>, application: String, key: String, name: &str) -> Self {
        let actor = door
            .mailroom
            .authenticate(&key)
            .await
            .expect("the key works");
        let email = format!("{name}@agents.test");
        let new = NewAccount {
            provider: "nylas".to_owned(),
            email: email.clone(),
            ..NewAccount::default()
        };
        let account = door
            .mailroom
            .create_account(&actor, new)
            .await
            .expect("the trial domain is there");
        Self {
            door,
            application,
            id: account.id,
            email,
            key,
        }
    }

    /// Shows another key of the same application from now on.
    pub async fn with_new_key(&self, new: NewApiKey) -> Self {
        let new = NewApiKey {
            name: "test".to_owned(),
            ..new
        };
        let created = self
            .door
            .mailroom
            .create_api_key(&self.application, new)
            .await
            .expect("a new key");
        Self {
            key: created.text,
            ..self.clone()
        }
    }

    /// Asks for a path below the account.
    pub async fn get(&self, below: &str) -> Answered {
        self.door.send(self.request(Method::GET, below)).await
    }

    pub fn request(&self, method: Method, below: &str) -> Request<Full<Bytes>> {
        self.with_key(request(method, &format!("/v3/grants/{}{below}", self.id)))
    }

    pub fn with_key(&self, mut request: Request<Full<Bytes>>) -> Request<Full<Bytes>> {
        let value = HeaderValue::from_str(&format!("Bearer {}", self.key))
            .expect("a key is a header value");
        request.headers_mut().insert(header::AUTHORIZATION, value);
        request
    }

    /// Delivers an HTML message.
    pub async fn receive(&self, subject: &str, body: &str) {
        self.deliver(
            subject,
            &format!("Content-Type: text/html; charset=utf-8\r\n\r\n{body}\r\n"),
        )
        .await;
    }

    /// Delivers a message with one attached file.
    pub async fn receive_file(&self, filename: &str, content_type: &str, content: &str) {
        let parts = format!(
            "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n\
             see attached\r\n--b\r\nContent-Type: {content_type}\r\n\
             Content-Disposition: attachment; filename=\"{filename}\"\r\n\r\n{content}\r\n--b--\r\n"
        );
        self.deliver("A file", &parts).await;
    }

    async fn deliver(&self, subject: &str, rest: &str) {
        let address = EmailAddress::parse_strict(&self.email).expect("an address");
        let recipient = self
            .door
            .mailroom
            .resolve_recipient(&address)
            .await
            .expect("the account is known");
        let raw = format!(
            "From: Stranger <stranger@shop.example>\r\nTo: <{}>\r\nSubject: {subject}\r\n\
             Message-ID: <{}@shop.example>\r\nDate: Mon, 21 Sep 2026 14:13:20 +0000\r\n{rest}",
            self.email,
            uuid::Uuid::now_v7(),
        );
        let delivery = InboundDelivery {
            session_id: "test".to_owned(),
            peer: IpAddr::V4(Ipv4Addr::new(198, 51, 100, 1)),
            helo: "mx.shop.example".to_owned(),
            transmission: Transmission::Esmtp,
            tls: None,
            envelope_from: Some(
                EmailAddress::parse_strict("stranger@shop.example").expect("an address"),
            ),
            recipients: vec![recipient],
            raw: Bytes::from(raw),
        };
        self.door
            .mailroom
            .receive(delivery)
            .await
            .expect("the message is stored");
    }
}
