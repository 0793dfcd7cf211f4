//! The listening sockets: HTTP/1.1 and HTTP/2, plain and over TLS, bounded connections, a graceful stop.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use posthouse_mailroom::Mailroom;
use posthouse_net::rate::{ConcurrencyByPrefix, ConcurrencyPermit};
use posthouse_net::tls::ACME_TLS_ALPN;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;

use crate::config::ApiConfig;
use crate::dispatch::Api;
use crate::limits::{
    ACCEPT_BACKOFF, CONNECTIONS_MAX, DRAIN_DEADLINE, HEADER_BYTES_MAX, HEADER_READ_DEADLINE,
    READ_BUFFER_BYTES_MAX, STREAMS_PER_CONNECTION_MAX, TLS_HANDSHAKE_DEADLINE,
};
use crate::strict::{StrictStream, Work};

/// How often an HTTP/2 peer is asked whether it is still there.
const HTTP2_PING_INTERVAL: Duration = Duration::from_secs(30);

/// The bound sockets; at least one of them is of use.
#[derive(Debug, Default)]
pub struct Doors {
    /// Plain HTTP.
    pub plain: Option<TcpListener>,
    /// HTTP over TLS.
    pub tls: Option<TlsDoor>,
}

/// A socket for HTTP over TLS.
#[derive(Debug)]
pub struct TlsDoor {
    /// The socket.
    pub listener: TcpListener,
    /// What is shown to clients, and the protocols they may speak.
    pub config: Arc<ServerConfig>,
}

/// Serves the API in plain HTTP on a bound listener: see [`serve_doors`].
///
/// # Errors
/// None at present: a connection that cannot be accepted is tried again.
pub async fn serve(
    listener: TcpListener,
    config: ApiConfig,
    mailroom: Mailroom,
    stop: CancellationToken,
) -> io::Result<()> {
    let doors = Doors {
        plain: Some(listener),
        tls: None,
    };
    serve_doors(doors, config, mailroom, stop).await
}

/// Serves the API on bound listeners until `stop` is cancelled; then no connection is accepted, running requests are
/// finished, and what still runs after [`DRAIN_DEADLINE`] is cut off.
///
/// # Errors
/// None at present: a connection that cannot be accepted is tried again.
pub async fn serve_doors(
    doors: Doors,
    config: ApiConfig,
    mailroom: Mailroom,
    stop: CancellationToken,
) -> io::Result<()> {
    let graceful = GracefulShutdown::new();
    let house = House {
        by_prefix: config.connections.clone(),
        api: Api::new(config, mailroom.clone()),
        connections: Arc::new(Semaphore::new(CONNECTIONS_MAX)),
        builder: Arc::new(protocols()),
        stop: stop.clone(),
    };
    let (tls_listener, acceptor) = match doors.tls {
        Some(door) => (Some(door.listener), Some(TlsAcceptor::from(door.config))),
        None => (None, None),
    };
    tokio::join!(
        house.accept(doors.plain, None, &graceful),
        house.accept(tls_listener, acceptor, &graceful),
    );
    // Those would hold up the stop for as long as they asked to wait.
    mailroom.end_waits();
    if tokio::time::timeout(DRAIN_DEADLINE, graceful.shutdown())
        .await
        .is_err()
    {
        tracing::warn!("some HTTP requests were cut off by the stop");
    }
    Ok(())
}

/// What all sockets share.
struct House {
    api: Api,
    by_prefix: ConcurrencyByPrefix,
    connections: Arc<Semaphore>,
    builder: Arc<auto::Builder<TokioExecutor>>,
    stop: CancellationToken,
}

impl House {
    /// Accepts until the stop; for no listener there is nothing to do.
    async fn accept(
        &self,
        listener: Option<TcpListener>,
        acceptor: Option<TlsAcceptor>,
        graceful: &GracefulShutdown,
    ) {
        let Some(listener) = listener else {
            return;
        };
        loop {
            let permit = tokio::select! {
                () = self.stop.cancelled() => return,
                permit = Arc::clone(&self.connections).acquire_owned() => permit.expect("the semaphore is never closed"),
            };
            let accepted = tokio::select! {
                () = self.stop.cancelled() => return,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, peer)) => {
                    // Closed without a word: a flood is not worth an answer.
                    let Some(place) = self.by_prefix.try_acquire(peer.ip()) else {
                        continue;
                    };
                    let places = Places {
                        _open: permit,
                        _network: place,
                    };
                    self.receive(stream, peer, acceptor.clone(), graceful.watcher(), places);
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept an HTTP connection: {error}");
                    tokio::time::sleep(ACCEPT_BACKOFF).await;
                }
            }
        }
    }

    fn receive(
        &self,
        stream: TcpStream,
        peer: SocketAddr,
        acceptor: Option<TlsAcceptor>,
        watcher: Watcher,
        places: Places,
    ) {
        // Answers are written whole, so waiting for more bytes only adds delay.
        let _ = stream.set_nodelay(true);
        let (api, builder) = (self.api.clone(), Arc::clone(&self.builder));
        let stop = self.stop.clone();
        tokio::spawn(async move {
            let _places = places;
            let Some(acceptor) = acceptor else {
                attend(api, &builder, watcher, stream, peer).await;
                return;
            };
            let encrypted = tokio::select! {
                () = stop.cancelled() => return,
                encrypted = shake_hands(acceptor, stream) => encrypted,
            };
            if let Some(encrypted) = encrypted {
                attend(api, &builder, watcher, encrypted, peer).await;
            }
        });
    }
}

/// `None` when it comes to nothing, or when it was all that the peer wanted.
async fn shake_hands(acceptor: TlsAcceptor, stream: TcpStream) -> Option<TlsStream<TcpStream>> {
    let handshake = acceptor.accept(stream);
    match tokio::time::timeout(TLS_HANDSHAKE_DEADLINE, handshake).await {
        // RFC 8737 3: an authority that asks for a proof of our name has it by now and says no more.
        Ok(Ok(encrypted)) => {
            let protocol = encrypted.get_ref().1.alpn_protocol();
            (protocol != Some(ACME_TLS_ALPN.as_bytes())).then_some(encrypted)
        }
        Ok(Err(error)) => {
            metrics::counter!("posthouse_api_tls_handshake_failures_total").increment(1);
            tracing::debug!(%error, "a TLS handshake failed: {error}");
            None
        }
        Err(_) => {
            metrics::counter!("posthouse_api_tls_handshake_failures_total").increment(1);
            None
        }
    }
}

/// What a connection holds until it ends.
struct Places {
    _open: OwnedSemaphorePermit,
    _network: ConcurrencyPermit,
}

fn protocols() -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        // The deadlines of heads and of idle connections are the stream's.
        .header_read_timeout(None)
        .max_buf_size(READ_BUFFER_BYTES_MAX)
        .keep_alive(true);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(HEADER_BYTES_MAX as u32)
        .max_concurrent_streams(STREAMS_PER_CONNECTION_MAX)
        .keep_alive_interval(HTTP2_PING_INTERVAL);
    builder
}

async fn attend<S>(
    api: Api,
    builder: &auto::Builder<TokioExecutor>,
    watcher: Watcher,
    stream: S,
    peer: SocketAddr,
) where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let work = Work::default();
    let stream = StrictStream::new(stream, work.clone());
    let requests = work.clone();
    let service = service_fn(move |request| {
        let running = requests.begin();
        let api = api.clone();
        async move {
            let answer = api.answer(request, peer.ip().to_canonical()).await;
            drop(running);
            Ok::<_, std::convert::Infallible>(answer)
        }
    });
    let connection = builder
        .serve_connection(TokioIo::new(stream), service)
        .into_owned();
    let connection = watcher.watch(connection);
    tokio::pin!(connection);
    // The stream does not look into HTTP/2: a peer that never gets as far as a first request is dropped here.
    tokio::select! {
        _ = &mut connection => return,
        () = tokio::time::sleep(HEADER_READ_DEADLINE) => {}
    }
    if !work.began() {
        return;
    }
    if let Err(error) = connection.await {
        tracing::debug!(%error, http.peer = %peer.ip(), "HTTP connection ended: {error}");
    }
}
