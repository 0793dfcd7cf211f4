//! EHLO: forgets everything and says what is offered.

use std::borrow::Cow;

use tokio::io::{AsyncRead, AsyncWrite};

use super::{Hello, Next, Session};
use crate::config::SmtpConfig;
use crate::intake::Intake;
use crate::limits::MAIL_PER_SESSION_MAX;
use crate::proto::command::ClientName;
use crate::proto::reply;

/// The whole answer to EHLO, written once per listener.
pub(super) struct Lines {
    plain: Vec<u8>,
    with_starttls: Vec<u8>,
    within_tls: Vec<u8>,
}

impl Lines {
    pub(super) fn new(config: &SmtpConfig) -> Self {
        let mut offers: Vec<Cow<'_, str>> = vec![
            config.hostname.as_str().into(),
            "PIPELINING".into(),
            format!("SIZE {}", config.message_bytes_max).into(), // RFC 1870
            "8BITMIME".into(),
            "SMTPUTF8".into(),
            "CHUNKING".into(),
            "ENHANCEDSTATUSCODES".into(),
            // RFC 9422 4: limits that a client can plan with.
            format!(
                "LIMITS MAILMAX={MAIL_PER_SESSION_MAX} RCPTMAX={}",
                config.rcpt_max
            )
            .into(),
        ];
        let mut plain = Vec::new();
        reply::write_lines(&mut plain, "250", &offers);
        // RFC 8689 2: announced where TLS is active, and nowhere else.
        offers.push("REQUIRETLS".into());
        let mut within_tls = Vec::new();
        reply::write_lines(&mut within_tls, "250", &offers);
        offers.pop();
        offers.push("STARTTLS".into());
        let mut with_starttls = Vec::new();
        reply::write_lines(&mut with_starttls, "250", &offers);
        Self {
            plain,
            with_starttls,
            within_tls,
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send, I: Intake> Session<'_, S, I> {
    // RFC 5321 4.1.4: EHLO within a session clears all buffers and resets the state, as RSET does.
    pub(super) fn ehlo(&mut self, name: ClientName) -> Next {
        self.transaction.reset();
        self.hello = Some(Hello {
            name: name.into_string(),
            extended: true,
        });
        let door = self.door;
        // RFC 3207 4.2: STARTTLS is not offered once TLS is active.
        self.wire
            .reply_bytes(match (self.tls.is_some(), door.tls.is_some()) {
                (true, _) => &door.hello.within_tls,
                (false, true) => &door.hello.with_starttls,
                (false, false) => &door.hello.plain,
            });
        Next::Command
    }
}
