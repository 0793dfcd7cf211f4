//! MAIL: opens a transaction.

use tokio::io::{AsyncRead, AsyncWrite};

use super::{Next, Session};
use crate::intake::Intake;
use crate::limits::MAIL_PER_SESSION_MAX;
use crate::proto::command::{MailFrom, SyntaxError};
use crate::proto::reply;
use crate::proto::transaction::OutOfOrder;
use crate::telemetry::{self, Limit, Reason};

impl<S: AsyncRead + AsyncWrite + Unpin + Send, I: Intake> Session<'_, S, I> {
    pub(super) fn mail(&mut self, mail: MailFrom) -> Next {
        if self.hello.is_none() {
            return self.out_of_order(OutOfOrder::NeedsHello);
        }
        // RFC 8689 4.1: it is announced over TLS only, and so known there only. That it is kept here is all that it asks for.
        if mail.parameters.require_tls && self.tls.is_none() {
            return self.say(&reply::to_syntax_error(SyntaxError::UnknownParameter));
        }
        self.tally.transactions += 1;
        if self.tally.transactions > MAIL_PER_SESSION_MAX {
            telemetry::limit_hit(Limit::Transactions);
            return self.say_and_close(&reply::TOO_MANY_TRANSACTIONS);
        }
        // RFC 1870 6.1: a message announced as too large is refused before it is sent. The number allocates nothing.
        let announced = usize::try_from(mail.parameters.size.unwrap_or(0)).unwrap_or(usize::MAX);
        if announced > self.door.config.message_bytes_max {
            telemetry::limit_hit(Limit::MessageSize);
            telemetry::refused(Reason::TooLarge);
            return self.say(&reply::MESSAGE_TOO_LARGE);
        }
        match self.transaction.open(mail.sender, mail.parameters.smtputf8) {
            Ok(()) => {
                if let Ok(envelope) = self.transaction.addressing() {
                    envelope.announced_bytes = mail.parameters.size;
                }
                self.say(&reply::SENDER_OK)
            }
            Err(reason) => self.out_of_order(reason),
        }
    }
}
