//! HTTP-10: a connection whose HTTP/1 framing two readers could understand differently is refused.
//!
//! The HTTP library is lenient where proxies differ: it takes a bare LF as the end of a line, and `Content-Length` beside
//! `Transfer-Encoding`. Request smuggling lives on such differences, so the bytes are watched on their way in.

//!
//! What the library itself refuses (a malformed request line, an endless head) it answers without a body; those answers
//! get one on their way out, since clients parse every answer as JSON.

mod framing;
mod patience;

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use self::framing::Framing;
use self::patience::{Patience, Tired};
use crate::error::ApiError;
use crate::request_id::RequestId;

pub(crate) use self::patience::Work;

/// Longest answer of the HTTP library to what it refuses, in bytes; it has a date and no body.
const BARE_REFUSAL_BYTES_MAX: usize = 256;

/// A connection that ends at the first byte of ambiguous framing, and when its peer is waited for in vain.
#[derive(Debug)]
pub(crate) struct StrictStream<S> {
    stream: S,
    framing: Framing,
    patience: Patience,
}

impl<S: AsyncRead + AsyncWrite + Unpin> StrictStream<S> {
    pub fn new(stream: S, work: Work) -> Self {
        Self {
            stream,
            framing: Framing::default(),
            patience: Patience::new(work),
        }
    }

    /// Ends the connection with the reason.
    fn refuse(&mut self, reason: &'static str) -> io::Error {
        self.say(ApiError::bad_request(reason));
        metrics::counter!("posthouse_api_framing_refusals_total").increment(1);
        io::Error::new(io::ErrorKind::InvalidData, reason)
    }

    /// Tells the peer why its connection ends, as far as it can be told without waiting.
    fn say(&mut self, error: ApiError) {
        let status = error.status();
        let request_id = RequestId::fresh();
        let body = error.into_reply(request_id).finish().body.contiguous();
        let mut answer = format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/json; charset=utf-8\r\nx-request-id: {request_id}\r\n\
             content-length: {}\r\nconnection: close\r\n\r\n",
            body.len()
        )
        .into_bytes();
        answer.extend_from_slice(&body);
        let mut unheard = Context::from_waker(Waker::noop());
        let mut stream = Pin::new(&mut self.stream);
        if stream.as_mut().poll_write(&mut unheard, &answer).is_ready() {
            // Encrypted bytes would else stay behind.
            let _ = stream.poll_flush(&mut unheard);
        }
    }

    fn read_or_tire(
        &mut self,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Poll::Ready(read) = Pin::new(&mut self.stream).poll_read(context, buffer) {
            return Poll::Ready(read);
        }
        match std::task::ready!(self.patience.poll_tired(&self.framing, context)) {
            Tired::SlowHead => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            // As if the peer had gone.
            Tired::Idle => Poll::Ready(Ok(())),
        }
    }
}

/// Returns what to answer instead of an answer that the HTTP library made itself: those are no JSON. All of ours have a
/// request id.
fn instead_of(bytes: &[u8]) -> Option<ApiError> {
    let status = bytes.strip_prefix(b"HTTP/1.1 ")?.get(..3)?;
    let bare = status[0] == b'4'
        && bytes.len() <= BARE_REFUSAL_BYTES_MAX
        && bytes.ends_with(b"\r\n\r\n")
        && !bytes.windows(12).any(|window| window == b"x-request-id");
    bare.then(|| match status {
        b"414" => ApiError::url_too_long(),
        b"431" => ApiError::headers_too_large(),
        _ => ApiError::bad_request("the request is not valid HTTP"),
    })
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for StrictStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        std::task::ready!(self.read_or_tire(context, buffer))?;
        let this = &mut *self;
        if let Err(reason) = this.framing.watch(&buffer.filled()[before..]) {
            // What came with the ambiguous bytes is not handed on either.
            buffer.set_filled(before);
            return Poll::Ready(Err(self.refuse(reason)));
        }
        this.patience.heard(&this.framing);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for StrictStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if let Some(error) = instead_of(bytes) {
            self.say(error);
            return Poll::Ready(Ok(bytes.len()));
        }
        self.patience.said();
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if let [only] = slices
            && let Some(error) = instead_of(only)
        {
            self.say(error);
            return Poll::Ready(Ok(only.len()));
        }
        self.patience.said();
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
