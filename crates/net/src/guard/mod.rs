//! Whom outward calls may reach.
//!
//! The rules, in the order in which they are asked for each address of a call:
//!
//! 1. An address in a range of [`GuardPolicy::allow`] may be reached, with `http` or `https`, on any port: the operator said so.
//! 2. Of the ports below 1024 only 80 and 443 may be called.
//! 3. A loopback address may be reached if [`GuardPolicy::allow_loopback_http`] is set (`--dev`), with `http` or `https`.
//! 4. Any other address must be global, and the scheme must be `https`.
//!
//! A name is refused if *one* of its addresses is refused: an answer that mixes inside and outside addresses
//! has no honest use.

mod error;
mod target;

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;

pub use self::error::{BadUrl, ForbiddenReason, GuardError, TimeoutStage};
pub use self::target::{Scheme, Target, TargetHost};
use crate::address_class::{AddressClass, NotGlobal, classify};
use crate::cidr::Cidr;
use crate::limits::ADDRESSES_PER_NAME_MAX;
use crate::resolver::Resolve;

/// What the operator decided about outward calls, and the parts that tests replace.
#[derive(Clone)]
pub struct GuardPolicy {
    /// Ranges that may be reached although they are not public (`--allow-net`).
    pub allow: Vec<Cidr>,
    /// Lets calls reach loopback addresses, over plain `http` too (`--dev`).
    pub allow_loopback_http: bool,
    /// Certificates trusted besides the system's, from [`crate::tls::read_certificates`].
    pub extra_roots: Vec<CertificateDer<'static>>,
    /// Turns names into addresses.
    pub resolver: Arc<dyn Resolve>,
}

impl GuardPolicy {
    /// Applies every rule that needs no name server. A name may still be refused later, for what it resolves to.
    pub fn check_target(&self, target: &Target) -> Result<(), GuardError> {
        match target.host() {
            TargetHost::Address(address) => self.check_address(*address, target),
            TargetHost::Name(name) if is_localhost(name) => {
                self.check_address(IpAddr::from([127, 0, 0, 1]), target)
            }
            TargetHost::Name(_) => self.check_name_early(target),
        }
    }

    /// Applies the rules to every address that a name resolved to.
    pub fn check_addresses(&self, addresses: &[IpAddr], target: &Target) -> Result<(), GuardError> {
        if addresses.len() > ADDRESSES_PER_NAME_MAX {
            return Err(GuardError::Forbidden {
                reason: ForbiddenReason::TooManyAddresses,
            });
        }
        addresses
            .iter()
            .try_for_each(|address| self.check_address(*address, target))
    }

    /// Applies the rules of the module documentation to one address.
    fn check_address(&self, address: IpAddr, target: &Target) -> Result<(), GuardError> {
        let refuse = |reason| Err(GuardError::Forbidden { reason });
        if self.allow.iter().any(|range| range.contains(address)) {
            return Ok(());
        }
        if is_privileged_port(target.port()) {
            return refuse(ForbiddenReason::Port(target.port()));
        }
        match classify(address) {
            AddressClass::NotGlobal(NotGlobal::Loopback) if self.allow_loopback_http => Ok(()),
            AddressClass::NotGlobal(reason) => refuse(ForbiddenReason::Address(reason)),
            AddressClass::Global if target.scheme() == Scheme::Http => {
                refuse(ForbiddenReason::PlainHttp)
            }
            AddressClass::Global => Ok(()),
        }
    }

    /// Refuses what no address behind the name could make right.
    fn check_name_early(&self, target: &Target) -> Result<(), GuardError> {
        if !self.allow.is_empty() {
            return Ok(());
        }
        if is_privileged_port(target.port()) {
            return Err(GuardError::Forbidden {
                reason: ForbiddenReason::Port(target.port()),
            });
        }
        if target.scheme() == Scheme::Http && !self.allow_loopback_http {
            return Err(GuardError::Forbidden {
                reason: ForbiddenReason::PlainHttp,
            });
        }
        Ok(())
    }
}

impl fmt::Debug for GuardPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuardPolicy")
            .field("allow", &self.allow)
            .field("allow_loopback_http", &self.allow_loopback_http)
            .field("extra_roots", &self.extra_roots.len())
            .finish_non_exhaustive()
    }
}

/// RFC 6761 6.3: `localhost` and everything below it is loopback, and no name server is asked.
pub(crate) fn is_localhost(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    let top_label = name.rsplit('.').next().unwrap_or(name);
    top_label.eq_ignore_ascii_case("localhost")
}

fn is_privileged_port(port: u16) -> bool {
    port < 1024 && port != 80 && port != 443
}

#[cfg(test)]
mod tests;
