//! Checks of what mail needs besides the server: addresses that point back to its name, and a way out.
//!
//! They are made from this machine, so they say something about the server only where it runs.

use std::net::{IpAddr, SocketAddr};

use posthouse_net::probe;
use posthouse_net::resolver::{LiveDns, Resolver};
use serde_json::Value;

use super::Check;
use crate::client::Api;
use crate::output::clean;

/// The port at which mail servers listen for each other.
const SMTP_PORT: u16 = 25;

/// What to look at and from where.
pub struct Place<'a> {
    /// A name server instead of the system's.
    pub dns: Option<SocketAddr>,
    /// A mail server that everybody can reach, perhaps with a port.
    pub probe: &'a str,
}

/// Runs the checks.
pub async fn check(place: &Place<'_>, api: Option<&Api>, checks: &mut Vec<Check>) {
    let resolver = match place.dns {
        Some(server) => Resolver::at(server),
        None => Resolver::system(),
    };
    let resolver = resolver.and_then(|resolver| Ok((resolver.live()?, resolver)));
    let (live, resolver) = match resolver {
        Ok(both) => both,
        Err(error) => {
            let fix = "look at /etc/resolv.conf, or name a resolver with --dns";
            checks.push(Check::fail("DNS", error.to_string(), fix));
            return;
        }
    };
    if let Some(api) = api {
        pointers(api, &live, checks).await;
    }
    checks.push(way_out(&resolver, place.probe).await);
}

async fn way_out(resolver: &Resolver, probed: &str) -> Check {
    let (host, port) = match probed.rsplit_once(':') {
        Some((host, digits)) => (host, digits.parse().unwrap_or(SMTP_PORT)),
        None => (probed, SMTP_PORT),
    };
    match probe::greeting(resolver, host, port).await {
        Ok(greeting) => Check::ok("outbound port 25", clean(&greeting)),
        Err(error) => Check::fail(
            "outbound port 25",
            error.to_string(),
            "ask your provider to open port 25 outward, or send through a relay: --outbound relay:HOST:PORT",
        ),
    }
}

/// Other servers refuse mail from addresses that point back to no name, or to one that is not theirs.
async fn pointers(api: &Api, live: &LiveDns, checks: &mut Vec<Check>) {
    let addresses = match api.get("/v3/webhooks/ip-addresses").await {
        Ok(answer) => addresses(answer.data()),
        Err(failure) => {
            let fix = "use a key for the whole application";
            checks.push(Check::warn("addresses", failure.message(), fix));
            return;
        }
    };
    if addresses.is_empty() {
        checks.push(Check::warn(
            "addresses",
            "the server has not been told its public addresses",
            "start it with --public-ip ADDRESS, once for each address that it sends from",
        ));
    }
    for address in addresses {
        checks.push(pointer(address, live).await);
    }
}

async fn pointer(address: IpAddr, live: &LiveDns) -> Check {
    let fix = format!(
        "ask whoever gave you {address} to set its PTR record to the server's --hostname, and publish an address record for that name"
    );
    let names = match live.names_of(address).await {
        Ok(names) => names,
        Err(error) => return Check::warn("PTR", format!("{address}: {error}"), fix),
    };
    let Some(name) = names.first() else {
        return Check::fail("PTR", format!("{address} has no name"), fix);
    };
    match live.addresses(name).await {
        Ok(back) if back.contains(&address) => {
            Check::ok("PTR", format!("{address} is {}", clean(name)))
        }
        Ok(_) | Err(_) => {
            let detail = format!("{address} is {}, which is not there", clean(name));
            Check::fail("PTR", detail, fix)
        }
    }
}

fn addresses(data: &Value) -> Vec<IpAddr> {
    let texts = data["ip_addresses"].as_array().into_iter().flatten();
    texts
        .filter_map(Value::as_str)
        .filter_map(|text| text.parse().ok())
        .collect()
}
