//! One request and its bounded answer.

use ::http::header::{
    ACCEPT_ENCODING, CONNECTION, CONTENT_LENGTH, EXPECT, HOST, HeaderName, HeaderValue, TE,
    TRAILER, TRANSFER_ENCODING, UPGRADE, USER_AGENT,
};
use ::http::{Request, Uri};
use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use tokio::time::timeout;

use super::{Connection, GuardedRequest, GuardedResponse};
use crate::guard::{GuardError, Target};
use crate::limits::{HOOK_POOL_READY_WAIT_MAX, HOOK_RESPONSE_BYTES_MAX};

/// Fields that decide where a message goes and where it ends; a caller who passes on an outsider's wish must not set them.
static CLIENT_OWNED: [HeaderName; 11] = [
    HOST,
    CONTENT_LENGTH,
    TRANSFER_ENCODING,
    CONNECTION,
    TE,
    TRAILER,
    UPGRADE,
    EXPECT,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    HeaderName::from_static("proxy-authorization"),
];

const DEFAULT_USER_AGENT: HeaderValue =
    HeaderValue::from_static(concat!("posthouse/", env!("CARGO_PKG_VERSION")));

/// Why there is no answer.
pub(super) enum SendError {
    /// Not a byte went out; the request is handed back for another connection.
    NotSent(Box<Request<Full<Bytes>>>),
    /// The request went out, or part of it.
    Failed(GuardError),
}

/// Puts the request together; `Content-Length` comes from the body.
pub(super) fn build(target: &Target, request: GuardedRequest) -> Request<Full<Bytes>> {
    let mut outgoing = Request::new(Full::new(request.body));
    *outgoing.method_mut() = request.method;
    *outgoing.uri_mut() = Uri::from(target.path_and_query().clone());

    let headers = outgoing.headers_mut();
    *headers = request.headers;
    for owned in &CLIENT_OWNED {
        headers.remove(owned);
    }
    headers.insert(HOST, target.host_field());
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    headers.entry(USER_AGENT).or_insert(DEFAULT_USER_AGENT);
    outgoing
}

/// Sends a request and reads the answer. The connection comes back if it can serve another request.
pub(super) async fn send(
    mut connection: Connection,
    request: Request<Full<Bytes>>,
) -> Result<(GuardedResponse, Option<Connection>), SendError> {
    let response = connection
        .sender
        .try_send_request(request)
        .await
        .map_err(|mut failure| match failure.take_message() {
            Some(unsent) => SendError::NotSent(Box::new(unsent)),
            None => SendError::Failed(failed(failure.into_error())),
        })?;

    let (head, incoming) = response.into_parts();
    let (body, body_truncated) = read_bounded(incoming).await.map_err(SendError::Failed)?;
    let answer = GuardedResponse {
        status: head.status.as_u16(),
        headers: head.headers,
        body,
        body_truncated,
    };
    if body_truncated {
        // The rest of the body is still on its way: closing is the only way not to read it.
        return Ok((answer, None));
    }
    // Usually ready at once; a peer that answered without reading the whole request must not cost us its answer.
    let ready = timeout(HOOK_POOL_READY_WAIT_MAX, connection.sender.ready()).await;
    Ok((answer, matches!(ready, Ok(Ok(()))).then_some(connection)))
}

async fn read_bounded(mut incoming: Incoming) -> Result<(Bytes, bool), GuardError> {
    let mut body = BytesMut::new();
    while let Some(frame) = incoming.frame().await {
        // Trailers are bounded by the connection and of no use here.
        let Ok(data) = frame.map_err(failed)?.into_data() else {
            continue;
        };
        let room = HOOK_RESPONSE_BYTES_MAX - body.len();
        if data.len() > room {
            body.extend_from_slice(&data[..room]);
            return Ok((body.freeze(), true));
        }
        body.extend_from_slice(&data);
    }
    Ok((body.freeze(), false))
}

fn failed(source: hyper::Error) -> GuardError {
    if source.is_parse_too_large() {
        return GuardError::TooLarge;
    }
    GuardError::Protocol { source }
}
