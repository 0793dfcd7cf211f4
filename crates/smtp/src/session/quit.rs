//! QUIT: the end. A message half arrived is forgotten.

use tokio::io::{AsyncRead, AsyncWrite};

use super::{Next, Session};
use crate::intake::Intake;
use crate::proto::reply;

impl<S: AsyncRead + AsyncWrite + Unpin + Send, I: Intake> Session<'_, S, I> {
    pub(super) fn quit(&mut self) -> Next {
        self.say_and_close(&reply::GOODBYE)
    }
}
