//! rspamd, asked over HTTP: `POST /checkv2`.

use std::sync::Arc;
use std::time::Duration;

use ::http::{HeaderName, HeaderValue, Method, Request};
use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::time::timeout;

use super::{ANSWER_BYTES_MAX, Opinion, Place, RULES_MAX, ScanError, Specimen, one_line};
use crate::resolver::Resolve;

/// Recipients that it is told of.
const RECIPIENTS_TOLD_MAX: usize = 20;

/// An rspamd.
#[derive(Clone)]
pub struct Rspamd {
    place: Place,
    resolver: Arc<dyn Resolve>,
    deadline: Duration,
}

impl Rspamd {
    /// Makes a client; nothing is opened yet.
    pub fn new(place: Place, resolver: Arc<dyn Resolve>, deadline: Duration) -> Self {
        Self {
            place,
            resolver,
            deadline,
        }
    }

    /// Has a message judged.
    ///
    /// # Errors
    /// [`ScanError`] when there is no verdict.
    pub async fn check(&self, specimen: &Specimen) -> Result<Opinion, ScanError> {
        let exchange = async {
            let line = self.place.connect(&self.resolver).await?;
            let (mut sender, connection) =
                http1::handshake(TokioIo::new(line)).await.map_err(failed)?;
            let answer = async {
                let response = sender
                    .send_request(self.request(specimen))
                    .await
                    .map_err(failed)?;
                let status = response.status();
                let body = read_body(response.into_body()).await?;
                if status != 200 {
                    return Err(ScanError::answer(format!("HTTP {status}")));
                }
                read(&body)
            };
            // The connection works only while it is asked to. When it ends first, the answer is there, or never comes and says so.
            let work = async {
                drop(connection.await);
                std::future::pending().await
            };
            tokio::select! {
                answer = answer => answer,
                never = work => never,
            }
        };
        timeout(self.deadline, exchange)
            .await
            .map_err(|_| ScanError::Timeout)?
    }

    fn request(&self, specimen: &Specimen) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::new(specimen.raw.clone()));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = ::http::Uri::from_static("/checkv2");
        let fields = request.headers_mut();
        let mut put = |name: &'static str, value: &str| {
            if let Ok(value) = HeaderValue::from_bytes(one_line(value).as_bytes()) {
                fields.append(HeaderName::from_static(name), value);
            }
        };
        put("host", &self.place.to_string().replace('/', "_"));
        put("connection", "close");
        put("ip", &specimen.peer.to_string());
        put("helo", &specimen.helo);
        put("from", &specimen.envelope_from);
        for recipient in specimen.recipients.iter().take(RECIPIENTS_TOLD_MAX) {
            put("rcpt", recipient);
        }
        request
    }
}

fn failed(error: hyper::Error) -> ScanError {
    ScanError::Io(std::io::Error::other(error))
}

async fn read_body(mut incoming: hyper::body::Incoming) -> Result<Vec<u8>, ScanError> {
    let mut body = BytesMut::new();
    while let Some(frame) = incoming.frame().await {
        let Ok(data) = frame.map_err(failed)?.into_data() else {
            continue;
        };
        if body.len() + data.len() > ANSWER_BYTES_MAX {
            return Err(ScanError::answer("more than fits"));
        }
        body.extend_from_slice(&data);
    }
    Ok(body.to_vec())
}

/// Reads the score, what is required, and the symbols, the heaviest first.
fn read(body: &[u8]) -> Result<Opinion, ScanError> {
    let answer: Value = serde_json::from_slice(body).map_err(|_| ScanError::answer(body))?;
    let number = |name: &str| answer[name].as_f64().filter(|number| number.is_finite());
    let (Some(score), Some(required)) = (number("score"), number("required_score")) else {
        return Err(ScanError::answer(body));
    };
    let mut rules: Vec<(f64, String)> = answer["symbols"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, symbol)| (symbol["score"].as_f64().unwrap_or_default(), one_line(name)))
        .collect();
    rules.sort_by(|a, b| b.0.abs().total_cmp(&a.0.abs()));
    rules.truncate(RULES_MAX);
    Ok(Opinion {
        score,
        required,
        rules: rules.into_iter().map(|(_, name)| name).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_score_is_read_with_the_heaviest_symbols_first() {
        let body = br#"{"score":15.2,"required_score":15.0,"action":"reject","symbols":{
            "A":{"name":"A","score":0.0},"GTUBE":{"score":14.0},"B":{"score":1.2}}}"#;
        let opinion = read(body).unwrap();
        assert_eq!((opinion.score, opinion.required), (15.2, 15.0));
        assert_eq!(opinion.rules, ["GTUBE", "B", "A"]);
        for body in [
            "",
            "{}",
            "[]",
            r#"{"error":"unauthorized"}"#,
            r#"{"score":"1","required_score":2}"#,
        ] {
            assert!(read(body.as_bytes()).is_err(), "{body}");
        }
    }
}
