//! VRFY and EXPN: always the same answers, so that nothing can be learnt.

use tokio::io::{AsyncRead, AsyncWrite};

use super::{Next, Session};
use crate::intake::Intake;
use crate::proto::reply;

impl<S: AsyncRead + AsyncWrite + Unpin + Send, I: Intake> Session<'_, S, I> {
    // RFC 5321 7.3: VRFY may be disabled, and then answers 252.
    pub(super) fn vrfy(&mut self) -> Next {
        self.say(&reply::NOT_VERIFIED)
    }

    pub(super) fn expn(&mut self) -> Next {
        self.fault(&reply::NO_EXPN)
    }
}
