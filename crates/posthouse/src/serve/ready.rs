//! The ready file: JSON for supervisors and tests, there once every listener is bound.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::Context;
use serde_json::{Value, json};

use super::private_file;

/// What the server is and where it listens.
#[derive(Debug)]
pub struct Ready {
    /// The API in plain HTTP.
    pub http: Option<SocketAddr>,
    /// The API over TLS.
    pub https: Option<SocketAddr>,
    /// Mail from other servers.
    pub smtp: Option<SocketAddr>,
    /// The key of a development server.
    pub dev_key: Option<String>,
    /// The first application.
    pub application_id: String,
    /// The trial domain.
    pub domain: Option<String>,
}

impl Ready {
    /// The base URL of the API.
    pub fn url(&self) -> Option<String> {
        self.http.map(|address| format!("http://{address}"))
    }

    /// The document. All keys are always there, null where off.
    pub fn json(&self) -> Value {
        let shown = |address: Option<SocketAddr>| address.map(|address| address.to_string());
        json!({
            "http": shown(self.http),
            "https": shown(self.https),
            "smtp": shown(self.smtp),
            "submission": null,
            "submissions": null,
            "imap": null,
            "imaps": null,
            "api_key": self.dev_key,
            "dashboard_url": null,
            "application_id": self.application_id,
            "domain": self.domain,
            "pid": std::process::id(),
        })
    }

    /// Removes the file of an earlier run: whoever waits for this one would take it for ours.
    ///
    /// # Errors
    /// What the system said; no file is fine.
    pub fn withdraw(path: &Path) -> anyhow::Result<()> {
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).with_context(|| {
                    format!(
                        "cannot remove the ready file {} of an earlier start",
                        path.display()
                    )
                })
            }
            _ => Ok(()),
        }
    }

    /// Writes it by rename; private, as it may hold a key.
    ///
    /// # Errors
    /// What the system said.
    pub fn write(&self, path: &Path) -> anyhow::Result<()> {
        let text = format!("{}\n", self.json());
        private_file::write(path, &text)
            .with_context(|| format!("cannot write the ready file {}", path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn document_has_every_promised_key() {
        let ready = Ready {
            http: Some("127.0.0.1:8025".parse().expect("address")),
            https: None,
            smtp: None,
            dev_key: None,
            application_id: "app".to_owned(),
            domain: None,
        };
        let document = ready.json();
        let keys: Vec<&str> = document
            .as_object()
            .expect("object")
            .keys()
            .map(String::as_str)
            .collect();
        let promised = [
            "http",
            "https",
            "smtp",
            "submission",
            "submissions",
            "imap",
            "imaps",
            "api_key",
            "dashboard_url",
            "application_id",
            "domain",
            "pid",
        ];
        assert_eq!(keys, promised);
        assert_eq!(document["http"], "127.0.0.1:8025");
        assert_eq!(document["smtp"], Value::Null);
    }
}
