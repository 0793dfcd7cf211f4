//! The listening socket: HTTP/1.1 and HTTP/2 without TLS, bounded connections, a graceful stop.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use posthouse_mailroom::Mailroom;
use posthouse_net::rate::ConcurrencyPermit;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use crate::config::ApiConfig;
use crate::dispatch::Api;
use crate::limits::{
    ACCEPT_BACKOFF, CONNECTIONS_MAX, DRAIN_DEADLINE, HEADER_BYTES_MAX, HEADER_READ_DEADLINE,
    READ_BUFFER_BYTES_MAX, STREAMS_PER_CONNECTION_MAX,
};
use crate::strict::{StrictStream, Work};

/// How often an HTTP/2 peer is asked whether it is still there.
const HTTP2_PING_INTERVAL: Duration = Duration::from_secs(30);

/// Serves the API on a bound listener until `stop` is cancelled; then no connection is accepted, running requests are
/// finished, and what still runs after [`DRAIN_DEADLINE`] is cut off.
///
/// # Errors
/// None at present: a connection that cannot be accepted is tried again.
pub async fn serve(
    listener: TcpListener,
    config: ApiConfig,
    mailroom: Mailroom,
    stop: CancellationToken,
) -> io::Result<()> {
    let by_prefix = config.connections.clone();
    let api = Api::new(config, mailroom.clone());
    let connections = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let graceful = GracefulShutdown::new();
    let builder = Arc::new(protocols());
    loop {
        let permit = tokio::select! {
            () = stop.cancelled() => break,
            permit = Arc::clone(&connections).acquire_owned() => permit.expect("the semaphore is never closed"),
        };
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                // Closed without a word: a flood is not worth an answer.
                let Some(place) = by_prefix.try_acquire(peer.ip()) else {
                    continue;
                };
                attend(
                    api.clone(),
                    &builder,
                    &graceful,
                    stream,
                    peer,
                    Places {
                        _open: permit,
                        _network: place,
                    },
                );
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept an HTTP connection: {error}");
                tokio::time::sleep(ACCEPT_BACKOFF).await;
            }
        }
    }
    drop(listener);
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

fn attend(
    api: Api,
    builder: &Arc<auto::Builder<TokioExecutor>>,
    graceful: &GracefulShutdown,
    stream: TcpStream,
    peer: SocketAddr,
    places: Places,
) {
    // Answers are written whole, so waiting for more bytes only adds delay.
    let _ = stream.set_nodelay(true);
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
    let connection = graceful.watch(connection);
    tokio::spawn(async move {
        let _places = places;
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
    });
}
