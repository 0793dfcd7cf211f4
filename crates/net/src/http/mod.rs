//! The one HTTP client for calls to addresses that outsiders chose.
//!
//! A call goes: read the URL ([`Target`]), ask the name server once, classify every answer, take a kept
//! connection whose peer is among those answers or open one to an answer, send, read a bounded answer. It does
//! not follow redirects (a `302` is an answer like any other), look at proxy variables, or unpack compression.
//!
//! Kept connections save a handshake when a receiver gets many events. They are the one place where an old check
//! could outlive its answer, so the name is resolved and checked anew for *every* call, and a kept connection is
//! used only if its peer is still among the answers and it is younger than
//! [`HOOK_POOL_AGE_MAX`](crate::limits::HOOK_POOL_AGE_MAX).

mod connect;
mod exchange;
mod pool;

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

pub use ::http::{HeaderMap, HeaderName, HeaderValue, Method};
use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1::SendRequest;
use tokio::task::AbortHandle;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;

use self::pool::{Pool, PoolKey};
use crate::guard::{GuardError, GuardPolicy, Target, TargetHost, TimeoutStage};
use crate::limits::{HOOK_CONNECT_DEADLINE, HOOK_TOTAL_DEADLINE, HOOK_TOTAL_DEADLINE_MAX};
use crate::{telemetry, tls};

/// The guarded client. Cheap to clone; clones share the kept connections.
#[derive(Clone)]
pub struct GuardedClient {
    inner: Arc<Inner>,
}

struct Inner {
    policy: GuardPolicy,
    tls: TlsConnector,
    pool: Pool,
}

/// One call.
#[derive(Debug, Clone)]
pub struct GuardedRequest {
    /// The method.
    pub method: Method,
    /// The URL as the outsider gave it; it is parsed and checked here.
    pub url: String,
    /// Fields to send. Those that steer the connection (`Host`, `Content-Length`, `Transfer-Encoding`, `Connection`
    /// and their kin) belong to the client and are dropped.
    pub headers: HeaderMap,
    /// The exact bytes of the body; empty for none.
    pub body: Bytes,
    /// For resolving, connecting and TLS together.
    pub connect_deadline: Duration,
    /// For the whole call, at most [`HOOK_TOTAL_DEADLINE_MAX`].
    pub total_deadline: Duration,
}

impl GuardedRequest {
    /// Makes a call with no fields, no body and the usual deadlines.
    pub fn new(method: Method, url: impl Into<String>) -> Self {
        Self {
            method,
            url: url.into(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
            connect_deadline: HOOK_CONNECT_DEADLINE,
            total_deadline: HOOK_TOTAL_DEADLINE,
        }
    }
}

/// The answer, whatever its status.
#[derive(Debug, Clone)]
pub struct GuardedResponse {
    /// The status code; redirects are reported, not followed.
    pub status: u16,
    /// The fields of the answer.
    pub headers: HeaderMap,
    /// The first [`HOOK_RESPONSE_BYTES_MAX`](crate::limits::HOOK_RESPONSE_BYTES_MAX) bytes of the body, as they came.
    pub body: Bytes,
    /// Whether there was more.
    pub body_truncated: bool,
}

/// A connection on which a request can be sent. Dropping it closes the connection.
struct Connection {
    sender: SendRequest<Full<Bytes>>,
    peer: IpAddr,
    opened: Instant,
    /// The task that moves the bytes; it has nobody to work for once the connection is dropped.
    driver: AbortHandle,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl GuardedClient {
    /// Makes a client that obeys `policy`. Reads the system's root certificates from disk, so call it at start.
    pub fn new(policy: GuardPolicy) -> Self {
        if !policy.allow.is_empty() || policy.allow_loopback_http {
            tracing::info!(
                allow = ?policy.allow,
                allow_loopback_http = policy.allow_loopback_http,
                "outward calls may reach addresses that are not public"
            );
        }
        let config = tls::http_client_config(&policy.extra_roots);
        let inner = Inner {
            policy,
            tls: TlsConnector::from(config),
            pool: Pool::default(),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Checks a URL as far as that is possible without asking a name server: syntax, scheme, port, literal addresses.
    ///
    /// Fit for telling a user early. It is no replacement for the check inside [`request`](Self::request).
    pub fn check_url(&self, url: &str) -> Result<(), GuardError> {
        self.inner.policy.check_target(&Target::parse(url)?)
    }

    /// Makes one call; sends it at most once.
    ///
    /// An error after the request went out (`Timeout`, `TooLarge`, `Protocol`) does not say whether the peer
    /// acted on it. Dropping the future closes the connection.
    pub async fn request(&self, request: GuardedRequest) -> Result<GuardedResponse, GuardError> {
        let started = Instant::now();
        let total_deadline = request.total_deadline.min(HOOK_TOTAL_DEADLINE_MAX);
        let outcome = match timeout_at(started + total_deadline, self.call(request, started)).await
        {
            Ok(outcome) => outcome,
            Err(_) => Err(timeout(TimeoutStage::Total, total_deadline)),
        };
        telemetry::count_call(outcome.as_ref().err().map_or("answered", GuardError::kind));
        outcome
    }

    async fn call(
        &self,
        request: GuardedRequest,
        started: Instant,
    ) -> Result<GuardedResponse, GuardError> {
        let target = Target::parse(&request.url)?;
        self.inner.policy.check_target(&target)?;

        let connect_deadline = request.connect_deadline;
        let connect_by = started + connect_deadline;
        let too_slow = |_| timeout(TimeoutStage::Connect, connect_deadline);
        let addresses = timeout_at(connect_by, self.checked_addresses(&target))
            .await
            .map_err(too_slow)??;

        let key = PoolKey::of(&target);
        let mut outgoing = exchange::build(&target, request);
        while let Some(kept) = self.inner.pool.take(&key, &addresses) {
            match exchange::send(kept, outgoing).await {
                Ok((response, connection)) => return Ok(self.finish(key, response, connection)),
                // The peer closed it while it lay idle and has seen nothing: try the next one.
                Err(exchange::SendError::NotSent(unsent)) => outgoing = *unsent,
                Err(exchange::SendError::Failed(error)) => return Err(error),
            }
        }

        let opening = connect::open(&target, &addresses, &self.inner.tls, connect_by);
        let connection = timeout_at(connect_by, opening).await.map_err(too_slow)??;
        match exchange::send(connection, outgoing).await {
            Ok((response, connection)) => Ok(self.finish(key, response, connection)),
            Err(exchange::SendError::NotSent(_)) => Err(GuardError::Connect {
                source: std::io::ErrorKind::ConnectionReset.into(),
            }),
            Err(exchange::SendError::Failed(error)) => Err(error),
        }
    }

    /// Returns the addresses of the target if each of them may be called. The only place where a name is resolved.
    async fn checked_addresses(&self, target: &Target) -> Result<Vec<IpAddr>, GuardError> {
        let name = match target.host() {
            // Already classified with the URL.
            TargetHost::Address(address) => return Ok(vec![*address]),
            TargetHost::Name(name) => name,
        };
        let addresses = self.inner.policy.resolver.lookup(name).await?;
        if addresses.is_empty() {
            return Err(crate::resolver::ResolveError::NotFound.into());
        }
        self.inner.policy.check_addresses(&addresses, target).inspect_err(|error| {
            tracing::debug!(%error, host = %name, ?addresses, "a name resolves to an address that may not be called");
        })?;
        Ok(addresses)
    }

    fn finish(
        &self,
        key: PoolKey,
        response: GuardedResponse,
        connection: Option<Connection>,
    ) -> GuardedResponse {
        if let Some(connection) = connection {
            self.inner.pool.put(key, connection);
        }
        response
    }
}

impl fmt::Debug for GuardedClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuardedClient")
            .field("policy", &self.inner.policy)
            .finish_non_exhaustive()
    }
}

fn timeout(stage: TimeoutStage, deadline: Duration) -> GuardError {
    GuardError::Timeout {
        stage,
        seconds: deadline.as_secs_f32(),
    }
}
