//! RSET: forgets the transaction, keeps the greeting.

use tokio::io::{AsyncRead, AsyncWrite};

use super::{Next, Session};
use crate::intake::Intake;
use crate::proto::reply;

impl<S: AsyncRead + AsyncWrite + Unpin + Send, I: Intake> Session<'_, S, I> {
    pub(super) fn rset(&mut self) -> Next {
        self.transaction.reset();
        self.say(&reply::OK)
    }
}
