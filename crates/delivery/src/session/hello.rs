//! The beginning: greeting, EHLO or HELO, STARTTLS, AUTH.

use super::wire::Wire;
use super::{Deadlines, Lost, Phase, Session, Stream};
use crate::config::Credentials;
use crate::proto::capabilities::Capabilities;
use crate::proto::command;
use crate::proto::reply::Reply;

/// A server that has answered EHLO.
pub struct Greeted {
    wire: Wire,
    offered: Capabilities,
    deadlines: Deadlines,
    host: String,
}

impl std::fmt::Debug for Greeted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Greeted")
            .field("host", &self.host)
            .field("offered", &self.offered)
            .finish_non_exhaustive()
    }
}

/// Waits for the greeting on a new connection to `host` and introduces this server as `hostname`.
///
/// # Errors
/// [`Lost`].
pub async fn open(
    stream: Stream,
    host: &str,
    hostname: &str,
    deadlines: Deadlines,
) -> Result<Greeted, Lost> {
    let mut wire = Wire::new(stream);
    let greeting = wire.reply(deadlines.greeting, Phase::Greeting).await?;
    if !greeting.is_positive() {
        return Err(Lost::Refused(Phase::Greeting, greeting));
    }
    Greeted::introduce(wire, host, hostname, deadlines).await
}

impl Greeted {
    /// RFC 5321 3.2: a server that does not know EHLO is greeted in the old way, and offers nothing.
    async fn introduce(
        mut wire: Wire,
        host: &str,
        hostname: &str,
        deadlines: Deadlines,
    ) -> Result<Self, Lost> {
        let mut reply = say_hello(&mut wire, "EHLO", hostname, deadlines).await?;
        let offered = if reply.is_positive() {
            Capabilities::read(&reply)
        } else {
            if reply.is_permanent() {
                reply = say_hello(&mut wire, "HELO", hostname, deadlines).await?;
            }
            if !reply.is_positive() {
                return Err(Lost::Refused(Phase::Hello, reply));
            }
            Capabilities::default()
        };
        Ok(Self {
            wire,
            offered,
            deadlines,
            host: host.to_owned(),
        })
    }

    /// Returns what the server offers.
    #[must_use]
    pub fn offered(&self) -> &Capabilities {
        &self.offered
    }

    /// Asks for TLS and returns the stream on which the handshake is next. What the server said so far counts for nothing
    /// any more (RFC 3207 4.2).
    ///
    /// # Errors
    /// [`Lost`], also where the server refuses.
    pub async fn start_tls(mut self) -> Result<Stream, Lost> {
        let wait = self.deadlines.command;
        self.wire
            .write(b"STARTTLS\r\n", wait, Phase::StartTls)
            .await?;
        let reply = self.wire.reply(wait, Phase::StartTls).await?;
        if !reply.is_positive() {
            return Err(Lost::Refused(Phase::StartTls, reply));
        }
        self.wire.into_stream()
    }

    /// Begins anew on the encrypted stream.
    ///
    /// # Errors
    /// [`Lost`].
    pub async fn encrypted(
        stream: Stream,
        host: &str,
        hostname: &str,
        deadlines: Deadlines,
    ) -> Result<Self, Lost> {
        Self::introduce(Wire::new(stream), host, hostname, deadlines).await
    }

    /// Logs in. Only to be called on an encrypted stream.
    ///
    /// # Errors
    /// [`Lost`], also where the server refuses.
    pub async fn log_in(&mut self, credentials: &Credentials) -> Result<(), Lost> {
        let Credentials { username, password } = credentials;
        let mut reply = if self.offered.auth_plain || !self.offered.auth_login {
            self.ask(&command::auth_plain(username, password)).await?
        } else {
            self.ask(b"AUTH LOGIN\r\n").await?
        };
        if self.offered.auth_login && !self.offered.auth_plain {
            for step in [username, password] {
                if !reply.is_intermediate() {
                    break;
                }
                reply = self.ask(&command::auth_login_step(step)).await?;
            }
        }
        if reply.is_positive() {
            Ok(())
        } else {
            Err(Lost::NotLoggedIn(reply))
        }
    }

    async fn ask(&mut self, bytes: &[u8]) -> Result<Reply, Lost> {
        let wait = self.deadlines.command;
        self.wire.write(bytes, wait, Phase::Auth).await?;
        self.wire.reply(wait, Phase::Auth).await
    }

    /// Returns the session that messages go over.
    #[must_use]
    pub fn into_session(self) -> Session {
        Session {
            wire: self.wire,
            offered: self.offered,
            deadlines: self.deadlines,
            host: self.host,
            messages: 0,
            takes_chunks: false,
            is_dirty: false,
        }
    }
}

async fn say_hello(
    wire: &mut Wire,
    verb: &str,
    hostname: &str,
    deadlines: Deadlines,
) -> Result<Reply, Lost> {
    let mut line = Vec::new();
    command::hello(&mut line, verb, hostname);
    wire.write(&line, deadlines.command, Phase::Hello).await?;
    let reply = wire.reply(deadlines.command, Phase::Hello).await?;
    if reply.is_farewell() {
        return Err(Lost::Refused(Phase::Hello, reply));
    }
    Ok(reply)
}
