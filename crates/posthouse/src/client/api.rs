//! One request, one answer.

use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Method;
use serde_json::Value;
use tokio::io::{AsyncWrite, AsyncWriteExt};

use super::{Failure, Profile, warnings};

/// Longest time to a connection.
const CONNECT_DEADLINE: Duration = Duration::from_secs(5);
/// Longest time to a whole answer; the server answers within 120 s.
const ANSWER_DEADLINE: Duration = Duration::from_secs(125);
/// Largest answer that is read; a page of 200 messages with long bodies fits.
const ANSWER_BYTES_MAX: usize = 512 * 1024 * 1024;

/// What stays readable in a path segment.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'@');

/// Encodes one path segment or query value.
pub fn segment(text: &str) -> String {
    utf8_percent_encode(text, SEGMENT).to_string()
}

/// A connection to one server with one key.
#[derive(Debug)]
pub struct Api {
    http: reqwest::Client,
    base: String,
    key: String,
}

/// A successful answer.
#[derive(Debug)]
pub struct Answer {
    /// The body as received.
    pub text: String,
    /// The body's JSON.
    pub body: Value,
}

impl Answer {
    /// The `data` of the envelope.
    pub fn data(&self) -> &Value {
        &self.body["data"]
    }

    /// The rows of a list; empty when it is none.
    pub fn rows(&self) -> &[Value] {
        self.data().as_array().map_or(&[], Vec::as_slice)
    }

    /// The rows of a list that has them one level deeper, as that of rules has; empty when it is none.
    pub fn items(&self) -> &[Value] {
        self.data()["items"].as_array().map_or(&[], Vec::as_slice)
    }
}

impl Api {
    /// Prepares a client; nothing is sent yet.
    ///
    /// # Errors
    /// [`Failure::Local`] when the system's certificates cannot be read.
    pub fn new(profile: &Profile) -> Result<Self, Failure> {
        let mut builder = reqwest::Client::builder()
            .connect_timeout(CONNECT_DEADLINE)
            .timeout(ANSWER_DEADLINE)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("posthouse-cli/", env!("CARGO_PKG_VERSION")));
        // A proxy of the environment cannot reach a server on this machine.
        if is_loopback(&profile.url) {
            builder = builder.no_proxy();
        }
        let http = builder.build().map_err(|error| Failure::Local {
            message: format!("cannot prepare HTTP: {error}"),
            fix: None,
        })?;
        Ok(Self {
            http,
            base: profile.url.clone(),
            key: profile.api_key.clone(),
        })
    }

    /// The server's base URL.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// GET of a path such as `/v3/grants`.
    pub async fn get(&self, path: &str) -> Result<Answer, Failure> {
        self.call(Method::GET, path, None).await
    }

    /// POST of a JSON body.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Answer, Failure> {
        self.call(Method::POST, path, Some(body)).await
    }

    /// PATCH of a JSON body.
    pub async fn patch(&self, path: &str, body: &Value) -> Result<Answer, Failure> {
        self.call(Method::PATCH, path, Some(body)).await
    }

    /// DELETE without a body.
    pub async fn delete(&self, path: &str) -> Result<Answer, Failure> {
        self.call(Method::DELETE, path, None).await
    }

    /// DELETE with a JSON body that says what is to go.
    pub async fn delete_with(&self, path: &str, body: &Value) -> Result<Answer, Failure> {
        self.call(Method::DELETE, path, Some(body)).await
    }

    /// GET of a file, into a writer, whatever its size.
    ///
    /// # Errors
    /// Whatever the server said, or that the writer did not take it.
    pub async fn download(
        &self,
        path: &str,
        into: &mut (impl AsyncWrite + Unpin),
    ) -> Result<(), Failure> {
        let request = self
            .http
            .get(format!("{}{path}", self.base))
            .bearer_auth(&self.key);
        let mut response = request
            .send()
            .await
            .map_err(|error| self.unreachable(&error))?;
        let status = response.status().as_u16();
        if status != 200 {
            let text = self.read(response).await?;
            self.judge(status, text)?;
            return Err(self.not_posthouse(status));
        }
        let lost = |error: std::io::Error| Failure::Local {
            message: format!("cannot write the file: {error}"),
            fix: None,
        };
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| self.unreachable(&error))?
        {
            into.write_all(&chunk).await.map_err(lost)?;
        }
        into.flush().await.map_err(lost)
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Answer, Failure> {
        let mut request = self
            .http
            .request(method, format!("{}{path}", self.base))
            .bearer_auth(&self.key);
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request
            .send()
            .await
            .map_err(|error| self.unreachable(&error))?;
        let status = response.status().as_u16();
        let text = self.read(response).await?;
        self.judge(status, text)
    }

    /// Tells an answer from an error, and both from what no Posthouse says.
    fn judge(&self, status: u16, text: String) -> Result<Answer, Failure> {
        let body = serde_json::from_str::<Value>(&text).map_err(|_| self.not_posthouse(status))?;
        if !body.is_object() {
            return Err(self.not_posthouse(status));
        }
        if (200..300).contains(&status) {
            warnings::note(&body);
            return Ok(Answer { text, body });
        }
        if body.get("error").is_none() {
            return Err(self.not_posthouse(status));
        }
        Err(Failure::Api {
            status,
            text,
            body,
            look: None,
        })
    }

    fn not_posthouse(&self, status: u16) -> Failure {
        Failure::NotPosthouse {
            url: self.base.clone(),
            status,
        }
    }

    /// GET of a path outside the API: the status, the text and the `Date` header, whatever they are.
    pub async fn probe(&self, path: &str) -> Result<(u16, String, Option<String>), Failure> {
        let request = self.http.get(format!("{}{path}", self.base));
        let response = request
            .send()
            .await
            .map_err(|error| self.unreachable(&error))?;
        let status = response.status().as_u16();
        let date = response
            .headers()
            .get("date")
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned);
        let text = self.read(response).await?;
        Ok((status, text, date))
    }

    async fn read(&self, mut response: reqwest::Response) -> Result<String, Failure> {
        let mut bytes = Vec::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| self.unreachable(&error))?
        {
            if bytes.len() + chunk.len() > ANSWER_BYTES_MAX {
                let message = format!(
                    "the answer of {} is larger than {ANSWER_BYTES_MAX} bytes",
                    self.base
                );
                return Err(Failure::Local { message, fix: None });
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn unreachable(&self, error: &reqwest::Error) -> Failure {
        let mut deepest: &dyn std::error::Error = error;
        while let Some(source) = deepest.source() {
            deepest = source;
            let refused = source
                .downcast_ref::<std::io::Error>()
                .is_some_and(|cause| cause.kind() == std::io::ErrorKind::ConnectionRefused);
            if refused {
                return Failure::Unreachable {
                    url: self.base.clone(),
                    cause: None,
                };
            }
        }
        let cause = if error.is_timeout() {
            "no answer in time".to_owned()
        } else {
            deepest.to_string()
        };
        Failure::Unreachable {
            url: self.base.clone(),
            cause: Some(cause),
        }
    }
}

fn is_loopback(url: &str) -> bool {
    let authority = url.split_once("://").map_or(url, |(_, rest)| rest);
    ["127.", "localhost", "[::1]"]
        .iter()
        .any(|start| authority.starts_with(start))
}
