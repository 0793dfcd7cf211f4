//! From a request to its response, in one function that reads from top to bottom.
//!
//! There is no middleware: a page of messages passes from its handler to the socket without being boxed, wrapped or
//! copied. The order is fixed: bounds of the head → route → key → permission → query → body → handler → envelope.

use std::any::Any;
use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use http::request::Parts;
use http::{HeaderValue, Request, Response, StatusCode};
use hyper::body::Body;
use posthouse_mailroom::actor::Actor;
use posthouse_mailroom::service_accounts::SignedRequest;
use posthouse_mailroom::{Mailroom, Refusal};
use posthouse_types::ids::Kind;

use crate::body::{self, BodyRoom, JsonBody};
use crate::call::Call;
use crate::compress::{accepts_gzip, compress};
use crate::config::ApiConfig;
use crate::credentials::bearer;
use crate::error::ApiError;
use crate::idempotency;
use crate::limits::{HEADER_BYTES_MAX, HEADER_FIELDS_MAX, REQUEST_DEADLINE, URL_BYTES_MAX};
use crate::pace::Pace;
use crate::query::Query;
use crate::reply::{Reply, ReplyBody, X_REQUEST_ID};
use crate::request_id::RequestId;
use crate::router::Router;
use crate::routes::{Access, Answer, Effect, Route, routes};
use crate::signed::{Signed, signed};

/// The HTTP door without its socket: clones share everything.
#[derive(Clone)]
pub struct Api {
    mailroom: Mailroom,
    config: Arc<ApiConfig>,
    router: Arc<Router>,
    room: Arc<BodyRoom>,
    pace: Arc<Pace>,
}

impl Api {
    /// Builds the door over the use cases.
    #[must_use]
    pub fn new(config: ApiConfig, mailroom: Mailroom) -> Self {
        Self::with_routes(config, mailroom, routes())
    }

    /// Builds the door over another table than [`routes`].
    #[must_use]
    pub fn with_routes(config: ApiConfig, mailroom: Mailroom, table: Vec<Route>) -> Self {
        Self {
            mailroom,
            config: Arc::new(config),
            router: Arc::new(Router::of(table)),
            room: Arc::default(),
            pace: Arc::default(),
        }
    }

    /// Answers one request. Never fails: what goes wrong, panics included, is an answer of its own.
    pub async fn answer<B>(&self, request: Request<B>, peer: IpAddr) -> Response<ReplyBody>
    where
        B: Body<Data = Bytes> + Unpin,
    {
        let started = Instant::now();
        let request_id = RequestId::fresh();
        let (head, mut body) = request.into_parts();
        let wants_gzip = accepts_gzip(&head.headers);
        let expects = head.headers.get(http::header::EXPECT).cloned();
        let mut route = None;
        let work = AssertUnwindSafe(self.run(head, &mut body, peer, request_id, &mut route))
            .catch_unwind();
        let answer = match tokio::time::timeout(REQUEST_DEADLINE, work).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(panic)) => Err(ApiError::internal(format!(
                "a handler panicked: {}",
                panic_text(&*panic)
            ))),
            Err(_) => Err(ApiError::unavailable("the request took too long")),
        };
        let reply = match answer {
            Ok(reply) => reply,
            Err(error) => {
                if expects.is_none() {
                    body::discard(&mut body).await;
                }
                refused(error, request_id)
            }
        };
        let only_reads = route
            .as_deref()
            .is_some_and(|route| route.effect == Effect::Read);
        let room = only_reads.then_some(&*self.room);
        let response = finish(reply, request_id, wants_gzip, room).await;
        observe(route.as_deref(), request_id, peer, &response, started);
        response
    }

    async fn run<B>(
        &self,
        head: Parts,
        body: &mut B,
        peer: IpAddr,
        request_id: RequestId,
        matched: &mut Option<Arc<Route>>,
    ) -> Answer
    where
        B: Body<Data = Bytes> + Unpin,
    {
        check_bounds(&head)?;
        let path = self.own_path(head.uri.path())?;
        let found = self.router.find(&head.method, path)?;
        let route = found.route;
        *matched = Some(Arc::clone(&route));
        let signed = signed(&route, &head.headers);
        let mut actor = match (route.access, &signed) {
            (Access::Public, _) => None,
            (_, Some(signed)) => {
                self.expect_signer(signed, peer).await?;
                None
            }
            (Access::Key | Access::AdminKey, None) => Some(self.authenticate(&head, peer).await?),
        };
        if let Some(actor) = &actor {
            check_permission(&route, actor)?;
            self.keep_pace(&route, &found.parameters, actor, &head)?;
        }
        let query = Query::parse(head.uri.query())?;
        let (raw, share) = body::read(route.body, &head.headers, body, &self.room).await?;
        if let Some(signed) = &signed {
            let signer = self.authenticate_signed(&head, path, signed, &raw, peer);
            actor = Some(self.acting_for(signer.await?, &query)?);
        }
        let parsed = JsonBody::of(route.body, &head.headers, raw).await?;
        let is_repeatable = idempotency::has_key(&head.headers);
        let mut mailroom = match (&actor, route.effect) {
            (Some(actor), Effect::Write) => self.mailroom.on_behalf_of(actor, request_id.as_str()),
            _ => self.mailroom.clone(),
        };
        if is_repeatable {
            mailroom = mailroom.for_one_request();
        }
        let call = Call {
            mailroom,
            config: Arc::clone(&self.config),
            request_id,
            peer,
            method: head.method,
            uri: head.uri,
            headers: head.headers,
            query: query.described(route.names.clone()),
            body: parsed.described(route.names.clone()),
            actor,
            route: Arc::clone(&route),
            parameters: found.parameters,
            is_below: found.is_below,
        };
        let work = (route.handler)(call);
        let work = async move {
            let answer = work.await;
            drop(share);
            answer
        };
        match is_repeatable {
            true => to_its_end(work.boxed()).await,
            false => work.await,
        }
    }

    /// Refuses what comes faster than the operator's plan lets it.
    fn keep_pace(
        &self,
        route: &Route,
        parameters: &[String],
        actor: &Actor,
        head: &Parts,
    ) -> Result<(), ApiError> {
        if !self.mailroom.paces_requests() {
            return Ok(());
        }
        let place = route.parameters().position(|name| name == "grant_id");
        let account = place.and_then(|place| parameters.get(place));
        let is_form = body::is_form(&head.headers);
        let account = account.map(String::as_str);
        self.pace
            .take(route, actor.application, account, is_form, Instant::now())
    }

    fn own_path<'a>(&self, path: &'a str) -> Result<&'a str, ApiError> {
        let prefix = self.config.path_prefix.trim_end_matches('/');
        // Health checks and metrics are asked for behind the proxy, without its prefix.
        match path.strip_prefix(prefix) {
            Some(rest) if rest.is_empty() || rest.starts_with('/') => Ok(rest),
            _ => Ok(path),
        }
    }

    async fn authenticate(&self, head: &Parts, peer: IpAddr) -> Result<Actor, ApiError> {
        // A request without credentials is no failed guess and costs nothing.
        let token = bearer(&head.headers).ok_or_else(ApiError::unauthorized)?;
        self.expect_patience(peer)?;
        self.judged(self.mailroom.authenticate(token).await, peer)
    }

    /// Refuses a signed request before its body is read, if nobody can have signed it.
    async fn expect_signer(&self, signed: &Signed, peer: IpAddr) -> Result<(), ApiError> {
        self.expect_patience(peer)?;
        let expected = self.mailroom.expect_signer(&signed.kid, &signed.timestamp);
        self.judged(expected.await, peer)
    }

    async fn authenticate_signed(
        &self,
        head: &Parts,
        path: &str,
        signed: &Signed,
        body: &[u8],
        peer: IpAddr,
    ) -> Result<Actor, ApiError> {
        let request = SignedRequest {
            kid: &signed.kid,
            timestamp: &signed.timestamp,
            nonce: &signed.nonce,
            signature: &signed.signature,
            method: head.method.as_str(),
            path,
            body,
        };
        self.judged(self.mailroom.authenticate_signed(request).await, peer)
    }

    /// A service account belongs to no application: where a route is about one, the query names it.
    fn acting_for(&self, mut actor: Actor, query: &Query) -> Result<Actor, ApiError> {
        if let Some(id) = query.text("application_id") {
            actor.application = self.mailroom.open_id(Kind::Application, id)?;
        }
        Ok(actor)
    }

    fn expect_patience(&self, peer: IpAddr) -> Result<(), ApiError> {
        let failures = &self.config.authentication_failures;
        let check = failures.check(peer, Instant::now());
        check.map_err(|wait| {
            ApiError::rate_limited("too many failed authentications", wait.as_secs() + 1)
        })
    }

    /// Counts a failed guess.
    fn judged<T>(&self, outcome: Result<T, Refusal>, peer: IpAddr) -> Result<T, ApiError> {
        if let Err(Refusal::Unauthorized) = &outcome {
            let failures = &self.config.authentication_failures;
            failures.count(peer, Instant::now());
            metrics::counter!("posthouse_api_authentication_failures_total").increment(1);
        }
        Ok(outcome?)
    }
}

/// Does the work even when the client goes away or its deadline passes meanwhile: what is being committed is committed all
/// the same, and who repeats the request is to get that answer instead of a second message.
async fn to_its_end(work: BoxFuture<'static, Answer>) -> Answer {
    match tokio::spawn(work).await {
        Ok(answer) => answer,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            Err(_) => Err(ApiError::unavailable("the server stops")),
        },
    }
}

fn check_bounds(head: &Parts) -> Result<(), ApiError> {
    let target = head.uri.path().len() + head.uri.query().map_or(0, |query| query.len() + 1);
    if target > URL_BYTES_MAX {
        return Err(ApiError::url_too_long());
    }
    let bytes: usize = head
        .headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + 4)
        .sum();
    if bytes > HEADER_BYTES_MAX || head.headers.len() > HEADER_FIELDS_MAX {
        return Err(ApiError::headers_too_large());
    }
    Ok(())
}

/// HTTP-12: the one place where what a key may do is compared with what a route does.
fn check_permission(route: &Route, actor: &Actor) -> Result<(), ApiError> {
    if route.access == Access::AdminKey && !actor.admin {
        return Err(ApiError::forbidden(
            "this needs an API key with the permission admin",
        ));
    }
    if actor.read_only && route.effect == Effect::Write {
        return Err(ApiError::forbidden("this API key is read-only"));
    }
    Ok(())
}

fn refused(error: ApiError, request_id: RequestId) -> Reply {
    if let Some(cause) = error.cause() {
        tracing::error!(request.id = %request_id, cause, "request failed: {cause}");
    }
    error.into_reply(request_id)
}

/// Makes the response. `room` bounds what may wait to be read by its client: only where nothing was changed, since what
/// was changed is told in any case.
async fn finish(
    reply: Reply,
    request_id: RequestId,
    wants_gzip: bool,
    room: Option<&BodyRoom>,
) -> Response<ReplyBody> {
    let mut answer = reply.finish();
    if wants_gzip {
        answer = compress(answer).await;
    }
    if let Some(room) = room {
        match room.departure(answer.body.len()) {
            Ok(None) => {}
            Ok(Some(share)) => answer.body = answer.body.counted(&share),
            Err(error) => answer = refused(error, request_id).finish(),
        }
    }
    let mut response = Response::new(answer.body);
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    let id = HeaderValue::from_str(request_id.as_str()).expect("a UUID is a header value");
    // A replayed answer brings the id that is in its body.
    response.headers_mut().entry(X_REQUEST_ID).or_insert(id);
    response
}

fn observe(
    route: Option<&Route>,
    request_id: RequestId,
    peer: IpAddr,
    response: &Response<ReplyBody>,
    started: Instant,
) {
    let path = route.map_or("unknown", |route| route.path);
    let method = route.map_or("-", |route| route.method.as_str()).to_owned();
    let status = response.status();
    let elapsed = started.elapsed();
    metrics::counter!("posthouse_api_requests_total", "method" => method, "route" => path, "status" => class(status))
        .increment(1);
    metrics::histogram!("posthouse_api_request_seconds", "route" => path)
        .record(elapsed.as_secs_f64());
    tracing::debug!(
        request.id = %request_id,
        http.route = path,
        http.status = status.as_u16(),
        http.peer = %peer,
        duration_ms = elapsed.as_millis() as u64,
        "{path} answered {status}",
    );
}

fn class(status: StatusCode) -> &'static str {
    match status.as_u16() {
        ..300 => "2xx",
        300..400 => "3xx",
        400..500 => "4xx",
        500.. => "5xx",
    }
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    if let Some(text) = panic.downcast_ref::<&str>() {
        return text;
    }
    panic
        .downcast_ref::<String>()
        .map_or("no text", String::as_str)
}
