//! What leads outward: names, the one client through which calls to strangers' addresses go, TLS to other mail servers.

use std::sync::Arc;

use anyhow::Context;
use posthouse_mailroom::kept_policies::KeptPolicies;
use posthouse_net::guard::GuardPolicy;
use posthouse_net::http::GuardedClient;
use posthouse_net::resolver::Resolver;
use posthouse_net::tls::read_certificates;
use posthouse_net::tls_policy::TlsPolicies;
use posthouse_net::tls_policy::mta_sts::Source;
use posthouse_store::Store;

use crate::config::Config;

/// The ways outward.
pub struct Outward {
    /// Asks the DNS.
    pub resolver: Resolver,
    /// Calls strangers' addresses.
    pub client: GuardedClient,
    /// Decides about TLS to other mail servers.
    pub tls_policies: TlsPolicies,
}

/// Opens them by the operator's rules: private addresses only where allowed, loopback in `--dev`.
///
/// # Errors
/// When the resolver or the further root certificates cannot be set up.
pub fn open(config: &Config, store: &Store) -> anyhow::Result<Outward> {
    let resolver = resolver(config)?;
    let extra_roots = match &config.ca_file {
        Some(path) => read_certificates(path).context("cannot use --ca-file")?,
        None => Vec::new(),
    };
    let client = GuardedClient::new(GuardPolicy {
        allow: config.allow_net.clone(),
        allow_loopback_http: config.dev,
        extra_roots: extra_roots.clone(),
        resolver: Arc::new(resolver.clone()),
    });
    let policies = Source {
        client: client.clone(),
        port: config.mta_sts_port,
        keeper: Arc::new(KeptPolicies::new(store.clone())),
    };
    let clock = store.clock().clone();
    Ok(Outward {
        tls_policies: TlsPolicies::new(resolver.clone(), policies, &extra_roots, clock),
        resolver,
        client,
    })
}

fn resolver(config: &Config) -> anyhow::Result<Resolver> {
    let resolver = match config.dns {
        Some(server) => Resolver::at(server),
        None => Resolver::system(),
    };
    let resolver = resolver.context("cannot set up DNS")?;
    match &config.dns_anchor {
        Some(path) => resolver
            .with_anchor(path)
            .context("cannot use --dns-anchor"),
        None => Ok(resolver),
    }
}
