//! What an entry says.

use std::net::IpAddr;

use posthouse_types::ids::{Key, Kind};

use crate::Mailroom;
use crate::actor::Actor;

/// Who does something, and in which request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doer {
    /// The application it acts in.
    pub(crate) application: Option<Key>,
    /// Public id of an API key, `service_account:…`, `smtp:…` with the network of a peer, or `system`.
    pub(crate) actor: String,
    /// Id of the request or session; empty for what the server does by itself.
    pub(crate) request_id: String,
}

impl Doer {
    /// The server itself.
    pub(crate) fn system() -> Self {
        Self {
            application: None,
            actor: "system".to_owned(),
            request_id: String::new(),
        }
    }

    /// A mail server that connected, by the network it is in (IPv4 /24, IPv6 /48), and its session.
    pub(crate) fn peer(peer: IpAddr, session_id: &str) -> Self {
        let network = match peer.to_canonical() {
            IpAddr::V4(address) => {
                let [a, b, c, _] = address.octets();
                format!("{a}.{b}.{c}.0/24")
            }
            IpAddr::V6(address) => {
                let [a, b, c, ..] = address.segments();
                format!("{a:x}:{b:x}:{c:x}::/48")
            }
        };
        Self {
            application: None,
            actor: format!("smtp:{network}"),
            request_id: session_id.to_owned(),
        }
    }
}

impl Mailroom {
    /// Returns a handle whose effects are noted down as those of a mail server that connected, in a session.
    #[must_use]
    pub fn on_behalf_of_peer(&self, peer: IpAddr, session_id: &str) -> Self {
        self.done_by(Doer::peer(peer, session_id))
    }

    /// Returns a handle whose effects are noted down as a key's, under a request's id.
    #[must_use]
    pub fn on_behalf_of(&self, actor: &Actor, request_id: &str) -> Self {
        let key = self.public_id(Kind::ApiKey, actor.api_key);
        self.done_by(Doer {
            application: Some(actor.application),
            actor: match actor.is_service_account {
                true => format!("service_account:{key}"),
                false => key,
            },
            request_id: request_id.to_owned(),
        })
    }
}

/// What a deed was done to.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Object<'a> {
    /// Nothing that is kept.
    None,
    /// A row.
    Row(Kind, Key),
    /// Something known by a name: its kind and the name.
    Named(&'static str, &'a str),
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It was done.
    Done,
    /// A rule or the guard refused it.
    Blocked,
    /// It waits for approval.
    Held,
    /// It was stored in Junk.
    Junked,
    /// It was refused for another reason.
    Rejected,
    /// A part of it was thrown out.
    Dropped,
    /// It was done, and something about it is worth a look.
    Warned,
    /// It could not be decided, and was refused for that.
    Failed,
}

impl Outcome {
    /// Returns the word that stands for it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Blocked => "blocked",
            Self::Held => "held",
            Self::Junked => "junked",
            Self::Rejected => "rejected",
            Self::Dropped => "dropped",
            Self::Warned => "warned",
            Self::Failed => "failed",
        }
    }
}

/// An entry to be written. Never holds what a message says.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AuditEntry<'a> {
    /// Whose log it is in.
    pub(crate) application: Key,
    /// What was done, as `resource.verb`.
    pub(crate) action: &'static str,
    /// To what.
    pub(crate) object: Object<'a>,
    /// The account that it concerns.
    pub(crate) grant: Option<Key>,
    /// Everybody a message goes to, Bcc included.
    pub(crate) recipients: &'a [&'a str],
    /// The policy that decided.
    pub(crate) policy: Option<Key>,
    /// The rules that decided.
    pub(crate) rules: &'a [Key],
    /// What came of it.
    pub(crate) outcome: Outcome,
    /// Why, in words; may be empty.
    pub(crate) reason: &'a str,
}

impl<'a> AuditEntry<'a> {
    /// Makes an entry of something that was done.
    pub(crate) fn done(application: Key, action: &'static str, object: Object<'a>) -> Self {
        Self {
            application,
            action,
            object,
            grant: None,
            recipients: &[],
            policy: None,
            rules: &[],
            outcome: Outcome::Done,
            reason: "",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_is_known_by_its_network_alone() {
        for (peer, actor) in [
            ("198.51.100.7", "smtp:198.51.100.0/24"),
            ("::ffff:198.51.100.7", "smtp:198.51.100.0/24"),
            ("2001:db8:1:2::3", "smtp:2001:db8:1::/48"),
        ] {
            assert_eq!(Doer::peer(peer.parse().unwrap(), "s1").actor, actor);
        }
    }
}
