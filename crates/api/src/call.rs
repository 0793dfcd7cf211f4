//! One request as its handler sees it: authenticated, parsed, with the means to answer.

use std::net::IpAddr;
use std::sync::Arc;

use http::{HeaderMap, Method, StatusCode, Uri};
use posthouse_mailroom::Mailroom;
use posthouse_mailroom::actor::{Actor, GrantRef};
use posthouse_types::ids::Kind;
use serde::Serialize;

use crate::body::JsonBody;
use crate::config::ApiConfig;
use crate::error::ApiError;
use crate::query::{Query, Select};
use crate::reply::Reply;
use crate::request_id::RequestId;
use crate::routes::{Effect, Route, Scope};

/// A request on its way through a handler.
pub struct Call {
    /// The use cases.
    pub mailroom: Mailroom,
    /// The settings of this door.
    pub config: Arc<ApiConfig>,
    /// The id of this request.
    pub request_id: RequestId,
    /// Where the request came from.
    pub peer: IpAddr,
    /// The method as sent; `HEAD` for the `HEAD` of a `GET` route.
    pub method: Method,
    /// The request target as sent.
    pub uri: Uri,
    /// The header fields as sent.
    pub headers: HeaderMap,
    /// The decoded query parameters.
    pub query: Query,
    /// The body, `{}` where there is none.
    pub body: JsonBody,
    pub(crate) actor: Option<Actor>,
    pub(crate) route: Arc<Route>,
    pub(crate) parameters: Vec<String>,
    pub(crate) is_below: bool,
}

impl Call {
    /// Returns who calls; 401 on a public route.
    pub fn actor(&self) -> Result<&Actor, ApiError> {
        self.actor.as_ref().ok_or_else(ApiError::unauthorized)
    }

    /// Returns the decoded value of a path parameter.
    ///
    /// # Panics
    /// When the route has no parameter of this name: a mistake in the table.
    #[must_use]
    pub fn parameter(&self, name: &str) -> &str {
        self.parameter_if_any(name)
            .expect("handlers ask for parameters of their own path")
    }

    /// Returns the decoded value of a path parameter that only some of a handler's routes have.
    #[must_use]
    pub fn parameter_if_any(&self, name: &str) -> Option<&str> {
        let position = self
            .route
            .parameters()
            .position(|parameter| parameter == name)?;
        self.parameters.get(position).map(String::as_str)
    }

    /// Returns whether the path goes on below the route's own (see [`Route::and_below`]).
    #[must_use]
    pub fn is_below(&self) -> bool {
        self.is_below
    }

    /// Returns what the ids in the path belong to.
    #[must_use]
    pub fn scope(&self) -> Scope {
        self.route.scope
    }

    /// Resolves `{grant_id}` of the path in any of its spellings; 404 outside the key's scope, 423 for what a suspended
    /// account may not do.
    pub async fn grant(&self) -> Result<GrantRef, ApiError> {
        let writes = self.route.effect == Effect::Write;
        Ok(self
            .mailroom
            .active_grant_for(self.actor()?, self.parameter("grant_id"), writes)
            .await?)
    }

    /// Returns the canonical id of an account, whatever spelling the request used.
    #[must_use]
    pub fn grant_id(&self, grant: &GrantRef) -> String {
        self.mailroom.public_id(Kind::Grant, grant.grant)
    }

    /// Returns the fields that the caller selected.
    #[must_use]
    pub fn select(&self) -> Select {
        Select::read(&self.query)
    }

    /// Answers 200 with one object.
    pub fn object(&self, data: &impl Serialize) -> Reply {
        Reply::envelope_with_room(StatusCode::OK, self.request_id, 1_024).field("data", data)
    }

    /// Answers 201 with one object.
    pub fn created(&self, data: &impl Serialize) -> Reply {
        self.object(data).status(StatusCode::CREATED)
    }

    /// Answers 200 with a page; no cursor means the last one.
    pub fn list<T: Serialize>(&self, rows: &[T], next_cursor: Option<&str>) -> Reply {
        Reply::envelope_with_room(StatusCode::OK, self.request_id, 256 * (rows.len() + 1))
            .field("data", &rows)
            .next_cursor(next_cursor)
    }

    /// Answers 200 with a page of a collection that pages by offset.
    pub fn offset_list<T: Serialize>(&self, rows: &[T], limit: u32, offset: u32) -> Reply {
        self.list(rows, None)
            .field("limit", &limit)
            .field("offset", &offset)
    }

    /// Answers 200 to a deletion.
    pub fn deleted(&self) -> Reply {
        Reply::envelope(StatusCode::OK, self.request_id)
    }
}
