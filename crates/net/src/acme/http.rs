//! The guarded client as the ACME library wants it.

use std::future::Future;
use std::pin::Pin;

use ::http::{Request, Response};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use instant_acme::{BodyWrapper, BytesResponse, Error, HttpClient};

use crate::http::{GuardedClient, GuardedRequest};
use crate::limits::ACME_CALL_DEADLINE;

pub(super) struct Guarded {
    client: GuardedClient,
}

impl Guarded {
    pub(super) fn new(client: &GuardedClient) -> Self {
        Self {
            client: client.clone(),
        }
    }
}

impl HttpClient for Guarded {
    fn request(
        &self,
        request: Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, Error>> + Send>> {
        let client = self.client.clone();
        Box::pin(async move {
            let (head, body) = request.into_parts();
            let body = match body.collect().await {
                Ok(body) => body.to_bytes(),
                Err(never) => match never {},
            };
            let mut call = GuardedRequest::new(head.method, head.uri.to_string());
            call.headers = head.headers;
            call.body = body;
            call.total_deadline = ACME_CALL_DEADLINE;
            let answer = client
                .request(call)
                .await
                .map_err(|error| Error::Other(Box::new(error)))?;
            if answer.body_truncated {
                return Err(Error::Str("an answer that is not too long"));
            }
            let mut response = Response::new(Full::new(answer.body));
            *response.status_mut() = ::http::StatusCode::from_u16(answer.status)
                .map_err(|_| Error::Str("a status that exists"))?;
            *response.headers_mut() = answer.headers;
            Ok(BytesResponse::from(response))
        })
    }
}
