//! Certificates of the TLS listeners, and what each listener speaks.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use posthouse_net::tls::{ACME_TLS_ALPN, Certificates, TlsSetupError, TlsSource, service_config};

use crate::config::Config;

/// Where self-signed certificates are kept in the data directory.
const DIRECTORY: &str = "tls";

/// What all listeners show: the operator's certificate or a self-signed one, and later what is ordered.
///
/// # Errors
/// What is wrong with the files.
pub fn certificates(config: &Config, data_dir: &Path) -> anyhow::Result<Arc<Certificates>> {
    Certificates::from_source(&source(config, data_dir)).context("cannot set up TLS")
}

/// The server side for mail: STARTTLS.
///
/// # Errors
/// When the library refuses.
pub fn for_mail(
    certificates: &Arc<Certificates>,
) -> Result<Arc<rustls::ServerConfig>, TlsSetupError> {
    service_config(certificates, &[])
}

/// The server side for HTTP; certificate authorities come here, too.
///
/// # Errors
/// When the library refuses.
pub fn for_http(
    certificates: &Arc<Certificates>,
) -> Result<Arc<rustls::ServerConfig>, TlsSetupError> {
    service_config(certificates, &["h2", "http/1.1", ACME_TLS_ALPN])
}

fn source(config: &Config, data_dir: &Path) -> TlsSource {
    match &config.tls {
        Some(files) => TlsSource::Files {
            cert: files.cert.clone(),
            key: files.key.clone(),
        },
        None => TlsSource::SelfSigned {
            names: names(config),
            dir: Some(data_dir.join(DIRECTORY)),
        },
    }
}

fn names(config: &Config) -> Vec<String> {
    let mut names = vec![config.hostname.clone()];
    if config.dev && config.hostname != "localhost" {
        names.push("localhost".to_owned());
    }
    names
}
