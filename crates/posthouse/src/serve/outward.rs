//! The one client through which calls to strangers' addresses go.

use std::sync::Arc;

use anyhow::Context;
use posthouse_net::guard::GuardPolicy;
use posthouse_net::http::GuardedClient;
use posthouse_net::resolver::Resolver;
use posthouse_net::tls::read_certificates;

use crate::config::Config;

/// Makes the client by the operator's rules: private addresses only where allowed, loopback in `--dev`.
///
/// # Errors
/// When the resolver or the further root certificates cannot be set up.
pub fn client(config: &Config) -> anyhow::Result<GuardedClient> {
    let resolver = match config.dns {
        Some(server) => Resolver::at(server),
        None => Resolver::system(),
    };
    let extra_roots = match &config.ca_file {
        Some(path) => read_certificates(path).context("cannot use --ca-file")?,
        None => Vec::new(),
    };
    Ok(GuardedClient::new(GuardPolicy {
        allow: config.allow_net.clone(),
        allow_loopback_http: config.dev,
        extra_roots,
        resolver: Arc::new(resolver.context("cannot set up DNS")?),
    }))
}
