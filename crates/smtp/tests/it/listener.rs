//! The listening socket: limits, real connections, graceful stop.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use posthouse_smtp::{SmtpConfig, serve};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::client::{Client, House, config};
use crate::recorder::Recorder;

struct Server {
    address: SocketAddr,
    recorder: Recorder,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Server {
    async fn start(config: SmtpConfig) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener
            .local_addr()
            .expect("a bound socket has an address");
        let (recorder, stop) = (Recorder::default(), CancellationToken::new());
        let task = tokio::spawn(serve(
            listener,
            Arc::new(config),
            recorder.clone(),
            stop.clone(),
        ));
        Self {
            address,
            recorder,
            stop,
            task,
        }
    }

    async fn connect(&self) -> Client<TcpStream> {
        Client::new(
            TcpStream::connect(self.address)
                .await
                .expect("the server listens"),
        )
    }

    async fn stopped(self) {
        tokio::time::timeout(Duration::from_secs(60), self.task)
            .await
            .expect("the server stops")
            .expect("the server does not panic");
    }
}

fn dev() -> SmtpConfig {
    SmtpConfig {
        loopback_is_exempt: true,
        ..config()
    }
}

#[tokio::test]
async fn messages_arrive_over_tcp() {
    let server = Server::start(dev()).await;
    let mut client = server.connect().await;
    assert!(client.reply().await.starts_with("220"));
    client.address().await;
    assert!(client.message("a: b").await.starts_with("250"));
    client.expect("QUIT", "221").await;
    assert_eq!(client.rest().await, "");
    assert_eq!(server.recorder.messages().len(), 1);
}

#[tokio::test]
async fn smtp_05_the_connection_limit_turns_away_one_and_recovers() {
    let server = Server::start(SmtpConfig {
        sessions_max: 2,
        ..dev()
    })
    .await;
    let mut witness = server.connect().await;
    assert!(witness.reply().await.starts_with("220"));
    let mut second = server.connect().await;
    assert!(second.reply().await.starts_with("220"));
    let third = server.connect().await;
    assert!(third.rest().await.starts_with("421 4.7.0"));
    witness.expect("NOOP", "250").await;
    second.hang_up().await;
    // The place of the second comes back as soon as its session has seen the end of the connection.
    let patience = tokio::time::Instant::now() + Duration::from_secs(60);
    loop {
        let mut next = server.connect().await;
        let greeting = next.reply().await;
        if greeting.starts_with("220") {
            break;
        }
        assert!(
            greeting.starts_with("421") && tokio::time::Instant::now() < patience,
            "{greeting}"
        );
    }
    witness.expect("NOOP", "250").await;
}

#[tokio::test]
async fn connections_of_one_address_are_bounded_outside_development() {
    let server = Server::start(config()).await;
    let mut open = Vec::new();
    for _ in 0..posthouse_net::limits::CONNECTIONS_CONCURRENT_MAX[0] {
        let mut client = server.connect().await;
        assert!(client.reply().await.starts_with("220"));
        open.push(client);
    }
    assert!(server.connect().await.rest().await.starts_with("421 4.7.0"));
}

#[tokio::test]
async fn a_stop_ends_idle_sessions_and_lets_a_message_finish() {
    let server = Server::start(dev()).await;
    let mut idle = server.connect().await;
    assert!(idle.reply().await.starts_with("220"));
    let mut busy = server.connect().await;
    assert!(busy.reply().await.starts_with("220"));
    busy.address().await;
    busy.expect("DATA", "354").await;
    server.stop.cancel();
    assert!(idle.rest().await.starts_with("421 4.3.2"));
    busy.send("a: b\r\n.\r\n").await;
    let rest = busy.rest().await;
    let codes: Vec<&str> = rest.lines().map(|line| &line[..3]).collect();
    assert_eq!(codes, ["250", "421"]);
    let recorder = server.recorder.clone();
    server.stopped().await;
    assert_eq!(recorder.messages().len(), 1);
}

#[tokio::test]
async fn sessions_that_do_not_finish_in_time_are_dropped_without_a_message() {
    let server = Server::start(SmtpConfig {
        drain_deadline: Duration::from_millis(1),
        ..dev()
    })
    .await;
    let mut busy = server.connect().await;
    assert!(busy.reply().await.starts_with("220"));
    busy.address().await;
    busy.expect("DATA", "354").await;
    server.stop.cancel();
    let recorder = server.recorder.clone();
    server.stopped().await;
    assert!(recorder.messages().is_empty());
}

#[tokio::test]
async fn chunks_of_one_message_may_finish_after_a_stop() {
    let house = House::new(config());
    let mut client = house.connect().await;
    client.address().await;
    client.send("BDAT 6\r\na: b\r\n").await;
    assert!(client.reply().await.starts_with("250"));
    house.stop.cancel();
    client.expect("BDAT 0 LAST", "250 2.0.0 message-1").await;
    assert!(client.rest().await.starts_with("421 4.3.2"));
}
