//! A resolver whose answers the test changes, and clients that use it.

use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use posthouse_net::guard::GuardPolicy;
use posthouse_net::http::{GuardedClient, GuardedRequest, Method};
use posthouse_net::resolver::{Answer, Resolve, ResolveError};

/// How long a test waits for what should happen at once.
pub const PATIENCE: Duration = Duration::from_secs(20);

type Answers = Result<Vec<IpAddr>, ResolveError>;

/// Gives every name the same answer, which can be changed at any time; counts how often it was asked.
#[derive(Default)]
pub struct Names {
    answers: Mutex<Option<Answers>>,
    asked: AtomicUsize,
}

impl Names {
    pub fn answering(addresses: &[&str]) -> Arc<Self> {
        let names = Arc::new(Self::default());
        names.answer(addresses);
        names
    }

    /// Never answers.
    pub fn silent() -> Arc<Self> {
        Arc::default()
    }

    pub fn answer(&self, addresses: &[&str]) {
        let addresses = addresses.iter().map(|text| text.parse().unwrap()).collect();
        *self.answers.lock().unwrap() = Some(Ok(addresses));
    }

    pub fn fail(&self, error: ResolveError) {
        *self.answers.lock().unwrap() = Some(Err(error));
    }

    pub fn times_asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

impl Resolve for Names {
    fn lookup<'a>(&'a self, _name: &'a str) -> Answer<'a> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let answers = self.answers.lock().unwrap().clone();
        Box::pin(async move {
            match answers {
                Some(answers) => answers,
                None => std::future::pending().await,
            }
        })
    }
}

/// The policy of a production server, with these ranges allowed.
pub fn policy(allow: &[&str], names: Arc<Names>) -> GuardPolicy {
    GuardPolicy {
        allow: allow.iter().map(|range| range.parse().unwrap()).collect(),
        allow_loopback_http: false,
        extra_roots: Vec::new(),
        resolver: names,
    }
}

/// A client that may reach 127.0.0.0/8, where the scripted peers live.
pub fn client(names: Arc<Names>) -> GuardedClient {
    GuardedClient::new(policy(&["127.0.0.0/8"], names))
}

/// A client that may reach public addresses only.
pub fn strict_client(names: Arc<Names>) -> GuardedClient {
    GuardedClient::new(policy(&[], names))
}

pub fn post(url: impl Into<String>) -> GuardedRequest {
    GuardedRequest {
        body: "{}".into(),
        ..GuardedRequest::new(Method::POST, url)
    }
}
