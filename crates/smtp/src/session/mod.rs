//! One connection: commands in, replies out, one file per verb.
//!
//! The order that matters: replies are collected and written only when the input holds no further complete command (RFC 2920 3.2),
//! a `250` to message data is collected only after [`Intake::receive`] has returned, and the receipt of a message is confirmed only
//! after that `250` was written and further input then came.

mod bdat;
mod buffer;
mod data;
mod deliver;
mod ehlo;
mod helo;
mod help;
mod mail;
mod noop;
mod quit;
mod rcpt;
mod rset;
mod starttls;
mod vrfy;
mod wire;

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use posthouse_types::address::EmailAddress;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, debug, info, info_span};

use crate::config::SmtpConfig;
use crate::intake::Intake;
use crate::limits::{COMMAND_LINE_BYTES_MAX, COMMAND_TIMEOUT, ERRORS_PER_SESSION_MAX};
use crate::proto::command::{self, Command, SyntaxError};
use crate::proto::line::{self, LineScan};
use crate::proto::reply::{self, Reply};
use crate::proto::transaction::{OutOfOrder, Transaction};
use crate::telemetry::{self, Limit};
use bdat::ChunkedMessage;
use buffer::Budget;
use wire::{Lost, Wire};

/// What all sessions of a listener share.
pub struct Door<I> {
    config: Arc<SmtpConfig>,
    intake: I,
    tls: Option<TlsAcceptor>,
    handshakes: starttls::Handshakes,
    budget: Budget,
    postmaster: Option<EmailAddress>,
    hello: ehlo::Lines,
    stop: CancellationToken,
    session_ids: SessionIds,
}

impl<I: Intake> Door<I> {
    /// Makes the shared part of a listener. When `stop` is cancelled, idle sessions end and no new message is begun.
    #[must_use]
    pub fn new(config: Arc<SmtpConfig>, intake: I, stop: CancellationToken) -> Self {
        Self {
            tls: config.tls.as_deref().map(starttls::acceptor),
            handshakes: starttls::Handshakes::new(&config),
            budget: Budget::new(config.buffer_bytes_max),
            postmaster: EmailAddress::parse_envelope(&format!("postmaster@{}", config.hostname))
                .ok(),
            hello: ehlo::Lines::new(&config),
            session_ids: SessionIds::default(),
            config,
            intake,
            stop,
        }
    }

    /// Returns what the sessions hand their mail to.
    pub fn intake(&self) -> &I {
        &self.intake
    }
}

/// Ids that tell sessions apart in logs and trace lines, also across restarts.
#[derive(Default)]
struct SessionIds {
    seed: RandomState,
    next: AtomicU64,
}

impl SessionIds {
    fn next(&self) -> String {
        format!(
            "{:016x}",
            self.seed
                .hash_one(self.next.fetch_add(1, Ordering::Relaxed))
        )
    }
}

/// Serves one connection to its end: greeting, commands, an upgrade to TLS if asked for.
///
/// Never panics on what a peer sends. Dropping the future is like a crash: nothing that was answered 250 is undone, anything else is
/// as if it had not been sent.
pub async fn run<S, I>(door: &Door<I>, stream: S, peer: IpAddr)
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
    I: Intake,
{
    let id = door.session_ids.next();
    let span = info_span!("smtp", smtp.session = %id, smtp.peer = %peer);
    let conversation = async {
        let mut session = Session::new(door, Wire::new(stream), peer, id);
        session.greet();
        let end = session.converse().await;
        if let Ok(Next::Upgrade(slot)) = end {
            return session.upgrade(slot).await;
        }
        session.end(end).await;
    };
    conversation.instrument(span).await;
}

/// What comes after a command.
enum Next {
    /// The next command.
    Command,
    /// Nothing; the reply collected last says so.
    Close,
    /// Nothing, not even a goodbye: the peer does not speak SMTP.
    HangUp,
    /// TLS; the go-ahead is collected.
    Upgrade(starttls::HandshakeSlot),
}

/// How the client introduced itself.
#[derive(Clone, Debug)]
struct Hello {
    name: String,
    /// EHLO rather than HELO.
    extended: bool,
}

/// What a peer has used up of its patience-bound allowances; survives STARTTLS.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    errors: usize,
    unknown_recipients: usize,
    transactions: usize,
}

struct Session<'a, S, I: Intake> {
    door: &'a Door<I>,
    wire: Wire<S>,
    peer: IpAddr,
    id: String,
    /// TLS version and cipher suite once TLS is active.
    tls: Option<String>,
    hello: Option<Hello>,
    transaction: Transaction<I::Recipient, ChunkedMessage>,
    /// Accepted messages whose 250 the peer has not shown to have read.
    unread_acceptances: Vec<I::Receipt>,
    tally: Tally,
    /// No command was read yet.
    fresh: bool,
}

impl<'a, S, I> Session<'a, S, I>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
    I: Intake,
{
    fn new(door: &'a Door<I>, wire: Wire<S>, peer: IpAddr, id: String) -> Self {
        Self {
            door,
            wire,
            peer,
            id,
            tls: None,
            hello: None,
            transaction: Transaction::Idle,
            unread_acceptances: Vec::new(),
            tally: Tally::default(),
            fresh: true,
        }
    }

    fn greet(&mut self) {
        let line = format!("{} ESMTP Posthouse", self.door.config.hostname);
        self.wire.reply(&Reply::new("220", "", "").with_text(line));
    }

    /// Reads and obeys commands until something else than a command is next.
    async fn converse(&mut self) -> Result<Next, Lost> {
        loop {
            let next = match self.next_command().await? {
                Input::Command(parsed) => self.obey(parsed).await?,
                Input::End(next) => next,
            };
            if !matches!(next, Next::Command) {
                return Ok(next);
            }
            if self.wire.output_is_full() {
                self.wire.flush().await?;
            }
        }
    }

    async fn next_command(&mut self) -> Result<Input, Lost> {
        let deadline = wire::within(COMMAND_TIMEOUT);
        loop {
            let scanned = line::scan(self.wire.input(), COMMAND_LINE_BYTES_MAX);
            match scanned {
                LineScan::Partial => self.wait_for_command(deadline).await?,
                LineScan::Line { text, used } => {
                    if std::mem::take(&mut self.fresh) && command::is_http_request(text) {
                        info!("an HTTP request came instead of SMTP, hanging up");
                        return Ok(Input::End(Next::HangUp));
                    }
                    let parsed = command::parse(text);
                    self.wire.consume(used);
                    return Ok(Input::Command(parsed));
                }
                LineScan::Stray { used } => {
                    self.wire.consume(used);
                    self.fresh = false;
                    if let next @ (Next::Close | Next::HangUp) = self.fault(&reply::STRAY_LINE_END)
                    {
                        return Ok(Input::End(next));
                    }
                    if !self.skip_line().await? {
                        return Ok(Input::End(self.line_too_long()));
                    }
                }
                LineScan::TooLong => return Ok(Input::End(self.line_too_long())),
            }
        }
    }

    /// Waits for input at a place where a stopping server may end the session.
    async fn wait_for_command(&mut self, deadline: tokio::time::Instant) -> Result<(), Lost> {
        self.wire.flush().await?;
        let door = self.door;
        if self.transaction.is_chunking() {
            self.wire.fill(deadline).await?;
        } else {
            tokio::select! {
                biased;
                filled = self.wire.fill(deadline) => filled?,
                () = door.stop.cancelled() => return Err(Lost::Stopping),
            }
        }
        self.confirm_acceptances();
        Ok(())
    }

    /// Throws the rest of a broken line away; false if it is endless.
    async fn skip_line(&mut self) -> Result<bool, Lost> {
        let deadline = wire::within(COMMAND_TIMEOUT);
        let mut skipped = 0;
        loop {
            let (count, found) = line::skip_to_line_end(self.wire.input());
            self.wire.consume(count);
            skipped += count;
            if skipped > COMMAND_LINE_BYTES_MAX {
                return Ok(false);
            }
            if found {
                return Ok(true);
            }
            self.wait_for_command(deadline).await?;
        }
    }

    /// Confirms what was accepted: input came after the 250 was written. Input that was in the buffer before proves nothing.
    fn confirm_acceptances(&mut self) {
        for receipt in self.unread_acceptances.drain(..) {
            self.door.intake.confirm(receipt);
        }
    }

    async fn obey(&mut self, parsed: Result<Command, SyntaxError>) -> Result<Next, Lost> {
        let command = match parsed {
            Ok(command) => command,
            Err(error) => return Ok(self.syntax_error(error)),
        };
        match command {
            Command::Ehlo(name) => Ok(self.ehlo(name)),
            Command::Helo(name) => Ok(self.helo(name)),
            Command::Mail(mail) => Ok(self.mail(mail)),
            Command::Rcpt(rcpt) => self.rcpt(rcpt).await,
            Command::Data => self.data().await,
            Command::Bdat(chunk) => self.bdat(chunk).await,
            Command::Rset => Ok(self.rset()),
            Command::Noop => Ok(self.noop()),
            Command::Vrfy => Ok(self.vrfy()),
            Command::Expn => Ok(self.expn()),
            Command::Help => Ok(self.help()),
            Command::StartTls => Ok(self.starttls()),
            Command::Auth => Ok(self.fault(&reply::NO_AUTH)),
            Command::Quit => Ok(self.quit()),
        }
    }

    fn say(&mut self, reply: &Reply) -> Next {
        self.wire.reply(reply);
        Next::Command
    }

    fn say_and_close(&mut self, reply: &Reply) -> Next {
        self.wire.reply(reply);
        Next::Close
    }

    /// Answers a mistake of the peer; the last one allowed ends the session.
    fn fault(&mut self, reply: &Reply) -> Next {
        self.tally.errors += 1;
        debug!(
            smtp.code = reply.code(),
            smtp.status = reply.status(),
            "command refused"
        );
        if self.tally.errors < ERRORS_PER_SESSION_MAX {
            return self.say(reply);
        }
        telemetry::limit_hit(Limit::Errors);
        self.say_and_close(&reply::TOO_MANY_ERRORS)
    }

    fn syntax_error(&mut self, error: SyntaxError) -> Next {
        let next = self.fault(&reply::to_syntax_error(error));
        match error {
            // How many bytes follow is unknown, and they must not be read as commands.
            SyntaxError::ChunkSize => Next::Close,
            _ => next,
        }
    }

    fn out_of_order(&mut self, reason: OutOfOrder) -> Next {
        let reply = reply::to_out_of_order(reason);
        match reason.is_peers_fault() {
            true => self.fault(&reply),
            false => self.say(&reply),
        }
    }

    fn line_too_long(&mut self) -> Next {
        telemetry::limit_hit(Limit::CommandLine);
        self.say_and_close(&reply::LINE_TOO_LONG)
    }

    /// Says goodbye in the way the end of the conversation asks for.
    async fn end(mut self, end: Result<Next, Lost>) {
        match end {
            Ok(Next::HangUp) => return,
            Ok(_) => {}
            Err(Lost::Closed) => return debug!("peer closed the connection"),
            Err(Lost::Broken(error)) => return debug!(%error, "connection broke"),
            Err(Lost::TimedOut(limit)) => {
                telemetry::limit_hit(limit);
                self.wire.reply(&reply::TIMED_OUT);
            }
            Err(Lost::Stopping) => self.wire.reply(&reply::SHUTTING_DOWN),
        }
        self.wire.close().await;
    }
}

/// What the peer sent.
enum Input {
    Command(Result<Command, SyntaxError>),
    End(Next),
}
