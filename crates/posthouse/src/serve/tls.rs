//! Certificates of the TLS listeners.

use std::path::Path;
use std::sync::Arc;

use posthouse_net::tls::{TlsSetupError, TlsSource, server_config};

use crate::config::Config;

/// Where self-signed certificates are kept in the data directory.
const DIRECTORY: &str = "tls";

/// The server side for mail: STARTTLS.
///
/// # Errors
/// What is wrong with the files.
pub fn for_mail(
    config: &Config,
    data_dir: &Path,
) -> Result<Arc<rustls::ServerConfig>, TlsSetupError> {
    server_config(&source(config, data_dir), &[])
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
