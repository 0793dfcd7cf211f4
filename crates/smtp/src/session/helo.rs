//! HELO: forgets everything; offers nothing.

use tokio::io::{AsyncRead, AsyncWrite};

use super::{Hello, Next, Session};
use crate::intake::Intake;
use crate::proto::command::ClientName;
use crate::proto::reply::Reply;

impl<S: AsyncRead + AsyncWrite + Unpin + Send, I: Intake> Session<'_, S, I> {
    pub(super) fn helo(&mut self, name: ClientName) -> Next {
        self.transaction.reset();
        self.hello = Some(Hello {
            name: name.into_string(),
            extended: false,
        });
        let hostname = self.door.config.hostname.clone();
        self.say(&Reply::new("250", "", "").with_text(hostname))
    }
}
