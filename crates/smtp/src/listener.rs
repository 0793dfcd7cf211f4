//! Accepts connections: limits before anything is read, one task each, and a stop that lets messages finish.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use posthouse_net::limits::{CONNECTIONS_CONCURRENT_MAX, CONNECTIONS_PER_MINUTE_MAX};
use posthouse_net::rate::{ConcurrencyByPrefix, ConcurrencyPermit, PrefixLimiter, PrefixLimits};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

use crate::config::SmtpConfig;
use crate::intake::Intake;
use crate::limits::{ACCEPT_RETRY_DELAY, CONNECTION_RATE_WINDOW};
use crate::proto::reply;
use crate::session::{self, Door};
use crate::telemetry::{self, Limit, OpenConnection};

/// Serves a listening socket until `stop` is cancelled and the sessions have ended.
///
/// On `stop` no connection is accepted any more and idle sessions end with 421; sessions in the middle of a message may finish it
/// within [`SmtpConfig::drain_deadline`], after which they are dropped, which loses nothing that was answered 250.
pub async fn serve<I: Intake>(
    listener: TcpListener,
    config: Arc<SmtpConfig>,
    intake: I,
    stop: CancellationToken,
) {
    telemetry::describe();
    let gate = Gate::new(&config);
    let door = Arc::new(Door::new(Arc::clone(&config), intake, stop.clone()));
    let sessions = TaskTracker::new();
    let abort = CancellationToken::new();
    if let Ok(address) = listener.local_addr() {
        info!(smtp.address = %address, "SMTP listener started");
    }
    loop {
        let accepted = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, address)) => admit(stream, address, &gate, &door, &sessions, &abort),
            Err(error) => {
                warn!(%error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_RETRY_DELAY).await;
            }
        }
    }
    drop(listener);
    sessions.close();
    if tokio::time::timeout(config.drain_deadline, sessions.wait())
        .await
        .is_err()
    {
        warn!(
            sessions = sessions.len(),
            "sessions did not end in time and are dropped"
        );
        abort.cancel();
        sessions.wait().await;
    }
    info!("SMTP listener stopped");
}

fn admit<I: Intake>(
    stream: TcpStream,
    address: SocketAddr,
    gate: &Gate,
    door: &Arc<Door<I>>,
    sessions: &TaskTracker,
    abort: &CancellationToken,
) {
    let peer = address.ip().to_canonical();
    let place = match gate.admit(peer) {
        Ok(place) => place,
        Err(limit) => {
            telemetry::limit_hit(limit);
            return turn_away(stream);
        }
    };
    if let Err(error) = stream.set_nodelay(true) {
        warn!(%error, "cannot set TCP_NODELAY");
    }
    let (door, abort) = (Arc::clone(door), abort.clone());
    sessions.spawn(async move {
        let _counted = (OpenConnection::count(), place);
        tokio::select! {
            biased;
            () = abort.cancelled() => {}
            () = session::run(&*door, stream, peer) => {}
        }
    });
}

/// Says why, without waiting: a fresh socket has room for one line, and if it has not, silence will do.
fn turn_away(stream: TcpStream) {
    let mut line = Vec::new();
    reply::TOO_MANY_CONNECTIONS.write(&mut line);
    let _ = stream
        .into_std()
        .and_then(|mut stream| io::Write::write_all(&mut stream, &line));
}

/// The connection limits, per prefix and in all.
struct Gate {
    sessions: Arc<Semaphore>,
    at_once: ConcurrencyByPrefix,
    per_minute: PrefixLimiter,
}

/// A place among the connections, until it is dropped.
struct Place {
    _session: OwnedSemaphorePermit,
    _prefix: ConcurrencyPermit,
}

impl Gate {
    fn new(config: &SmtpConfig) -> Self {
        let exempt = config.uncounted_networks();
        Self {
            sessions: Arc::new(Semaphore::new(
                config.sessions_max.min(Semaphore::MAX_PERMITS),
            )),
            at_once: ConcurrencyByPrefix::new(
                "smtp_connections",
                CONNECTIONS_CONCURRENT_MAX,
                exempt.clone(),
            ),
            per_minute: PrefixLimiter::new(PrefixLimits {
                name: "smtp_connection_rate",
                window: CONNECTION_RATE_WINDOW,
                per_level: CONNECTIONS_PER_MINUTE_MAX,
                exempt,
            }),
        }
    }

    fn admit(&self, peer: std::net::IpAddr) -> Result<Place, Limit> {
        let session = Arc::clone(&self.sessions)
            .try_acquire_owned()
            .map_err(|_| Limit::Sessions)?;
        let prefix = self
            .at_once
            .try_acquire(peer)
            .ok_or(Limit::PrefixConnections)?;
        self.per_minute
            .check_and_count(peer, Instant::now())
            .map_err(|_| Limit::PrefixConnections)?;
        Ok(Place {
            _session: session,
            _prefix: prefix,
        })
    }
}
