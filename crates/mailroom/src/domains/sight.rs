//! What a check of a domain may ask the world: the seam that tests replace.

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};

use posthouse_net::resolver::{Exchange, LiveDns, LiveError};

use crate::{Mailroom, Refusal};

/// What a look becomes.
pub type Look<'a, T> = Pin<Box<dyn Future<Output = Result<T, LiveError>> + Send + 'a>>;

/// Looks at DNS as it is now, past every cache. That a name has nothing is an answer: an empty one.
pub trait Sight: Send + Sync {
    /// Returns the text records of a name.
    fn texts<'a>(&'a self, name: &'a str) -> Look<'a, Vec<String>>;

    /// Returns the mail exchangers of a name, the most preferred first.
    fn exchanges<'a>(&'a self, name: &'a str) -> Look<'a, Vec<Exchange>>;

    /// Returns the addresses of a name.
    fn addresses<'a>(&'a self, name: &'a str) -> Look<'a, Vec<IpAddr>>;

    /// Evaluates the domain's SPF for mail from an address; returns the result's name: `pass`, `fail`, `softfail` …
    fn spf<'a>(&'a self, address: IpAddr, domain: &'a str) -> Look<'a, String>;
}

impl Sight for LiveDns {
    fn texts<'a>(&'a self, name: &'a str) -> Look<'a, Vec<String>> {
        Box::pin(self.texts(name))
    }

    fn exchanges<'a>(&'a self, name: &'a str) -> Look<'a, Vec<Exchange>> {
        Box::pin(self.exchanges(name))
    }

    fn addresses<'a>(&'a self, name: &'a str) -> Look<'a, Vec<IpAddr>> {
        Box::pin(self.addresses(name))
    }

    fn spf<'a>(&'a self, address: IpAddr, domain: &'a str) -> Look<'a, String> {
        Box::pin(async move { Ok(self.spf(address, domain).await?.to_owned()) })
    }
}

/// How the world meets this server's mail.
#[derive(Clone)]
pub struct Surroundings {
    /// Looks at DNS.
    pub sight: Arc<dyn Sight>,
    /// Where this server receives and sends; empty when the operator has not said, and then it is where the host name is.
    pub addresses: Vec<IpAddr>,
    /// What the operator wants included in SPF records instead of the mail host.
    pub spf_include: Option<String>,
}

/// The surroundings, once they are known.
#[derive(Default)]
pub(crate) struct View(OnceLock<Surroundings>);

impl Mailroom {
    /// Gives the mailroom eyes for DNS. To be called once, before doors are opened.
    pub fn look_around_with(&self, surroundings: Surroundings) {
        if self.inner.view.0.set(surroundings).is_err() {
            tracing::warn!("the mailroom was given second eyes, which it does not use");
        }
    }

    pub(super) fn surroundings(&self) -> Result<&Surroundings, Refusal> {
        self.inner.view.0.get().ok_or_else(|| Refusal::Unavailable {
            message: "this server looks nothing up in DNS".to_owned(),
        })
    }

    /// Returns the surroundings if they are known, for what does without.
    pub(crate) fn surroundings_if_any(&self) -> Option<&Surroundings> {
        self.inner.view.0.get()
    }
}
