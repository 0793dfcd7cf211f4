//! HTTP-10: a connection whose HTTP/1 framing two readers could understand differently is refused.
//!
//! The HTTP library is lenient where proxies differ: it takes a bare LF as the end of a line, and `Content-Length` beside
//! `Transfer-Encoding`. Request smuggling lives on such differences, so the bytes are watched on their way in.

mod framing;

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use self::framing::Framing;
use crate::error::ApiError;
use crate::request_id::RequestId;

/// A socket that ends at the first byte of ambiguous framing.
#[derive(Debug)]
pub(crate) struct StrictStream {
    stream: TcpStream,
    framing: Framing,
}

impl StrictStream {
    pub fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            framing: Framing::default(),
        }
    }

    /// Tells the peer why, as far as it can be told without waiting.
    fn refuse(&self, reason: &'static str) -> io::Error {
        let reply = ApiError::bad_request(reason)
            .into_reply(RequestId::fresh())
            .finish();
        let body = reply.body.contiguous();
        let mut answer = format!(
            "HTTP/1.1 400 Bad Request\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: {}\r\n\
             connection: close\r\n\r\n",
            body.len()
        )
        .into_bytes();
        answer.extend_from_slice(&body);
        let _ = self.stream.try_write(&answer);
        metrics::counter!("posthouse_api_framing_refusals_total").increment(1);
        io::Error::new(io::ErrorKind::InvalidData, reason)
    }
}

impl AsyncRead for StrictStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        std::task::ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        let outcome = self.framing.watch(&buffer.filled()[before..]);
        if let Err(reason) = outcome {
            // What came with the ambiguous bytes is not handed on either.
            buffer.set_filled(before);
            return Poll::Ready(Err(self.refuse(reason)));
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for StrictStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
