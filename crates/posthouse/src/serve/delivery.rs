//! Delivery to other servers, in the words of its crate.

use anyhow::Context;
use posthouse_delivery::{Credentials, DeliveryConfig, Next, Relay};
use posthouse_mailroom::Mailroom;
use tokio_util::sync::CancellationToken;

use super::outward::Outward;
use super::parts::Parts;
use crate::config::{Config, OutboundMode};

/// Starts delivery, unless mail for others is only captured.
///
/// # Errors
/// When the relay's password cannot be read.
pub fn start(
    config: &Config,
    parts: &mut Parts,
    mailroom: &Mailroom,
    outward: &Outward,
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    let outbound = &config.outbound;
    let next = match &outbound.mode {
        OutboundMode::Capture => return Ok(()),
        OutboundMode::Direct => Next::Direct {
            port: outbound.mx_port,
        },
        OutboundMode::Relay { host, port } => Next::Relay(Relay {
            host: host.clone(),
            port: *port,
            credentials: credentials(config)?,
        }),
    };
    let delivery = DeliveryConfig {
        next,
        allow: config.allow_net.clone(),
        allow_loopback: config.dev,
        own_addresses: config.public_ip.clone(),
        sessions_per_destination_max: outbound.sessions_per_destination,
        messages_per_second_max: outbound.rate_per_destination,
        ..DeliveryConfig::new(&config.hostname)
    };
    let worker = posthouse_delivery::run(
        mailroom.clone(),
        outward.resolver.clone(),
        outward.tls_policies.clone(),
        delivery,
        stop.clone(),
    );
    parts.add("delivery", worker);
    Ok(())
}

fn credentials(config: &Config) -> anyhow::Result<Option<Credentials>> {
    let Some((username, path)) = &config.outbound.relay_login else {
        return Ok(None);
    };
    let password = std::fs::read_to_string(path).context("cannot read relay_password_file")?;
    Ok(Some(Credentials {
        username: username.clone(),
        password: password.trim_end_matches(['\r', '\n']).to_owned(),
    }))
}
