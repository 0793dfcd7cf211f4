//! HELP: the verbs.

use tokio::io::{AsyncRead, AsyncWrite};

use super::{Next, Session};
use crate::intake::Intake;
use crate::proto::reply;

impl<S: AsyncRead + AsyncWrite + Unpin + Send, I: Intake> Session<'_, S, I> {
    pub(super) fn help(&mut self) -> Next {
        self.say(&reply::HELP)
    }
}
