//! The route table: every method and path that this server answers, in one place.
//!
//! The router, the `Allow` header, the read-only check and the isolation tests are all derived from [`routes`]; a
//! resource that is not in here does not exist.

use std::fmt;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use http::Method;

use crate::body::BodyRule;
use crate::call::Call;
use crate::error::ApiError;
use crate::limits::JSON_BODY_BYTES_MAX;
use crate::openapi::{Describe, Described, Operation};
use crate::reply::Reply;

/// What a handler returns.
pub type Answer = Result<Reply, ApiError>;

/// A handler behind a pointer.
pub(crate) type Handler = Arc<dyn Fn(Call) -> BoxFuture<'static, Answer> + Send + Sync>;

/// Who may call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anyone; the handler sees no actor.
    Public,
    /// Any valid API key.
    Key,
    /// A valid API key with the permission `admin`.
    AdminKey,
}

/// What the ids in a path belong to: the isolation tests put foreign ids there and expect 404.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Nothing: the answer is the same for every caller.
    Server,
    /// The application of the key.
    Application,
    /// The grant that the path names with `{grant_id}`.
    Grant,
    /// The organisation: what only an operator sees.
    Organization,
}

/// Whether a key that is read-only may call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Changes nothing.
    Read,
    /// May change something.
    Write,
}

/// One row of the table.
#[derive(Clone)]
pub struct Route {
    /// The method; `HEAD` is answered wherever `GET` is.
    pub method: Method,
    /// The path below the origin: literal segments, and `{name}` for one segment.
    pub path: &'static str,
    /// Whether every path below this one is answered here too, unless another route has it.
    pub and_below: bool,
    /// Who may call it.
    pub access: Access,
    /// Whose objects it names.
    pub scope: Scope,
    /// Whether read-only keys may call it; `GET` reads, every other method writes unless said otherwise.
    pub effect: Effect,
    /// What happens to the body; `POST`, `PUT` and `PATCH` take JSON unless said otherwise.
    pub body: BodyRule,
    /// The resource that its description is filed under.
    pub tag: &'static str,
    /// What the document says about it.
    pub(crate) describe: Option<Describe>,
    /// The same for the readers of its requests.
    pub(crate) names: Described,
    pub(crate) handler: Handler,
}

impl Route {
    /// Makes a route that any key may call.
    pub fn new<H, F>(method: Method, path: &'static str, scope: Scope, handler: H) -> Self
    where
        H: Fn(Call) -> F + Send + Sync + 'static,
        F: Future<Output = Answer> + Send + 'static,
    {
        let reads = method == Method::GET;
        let body = if reads || method == Method::DELETE {
            BodyRule::Ignored
        } else {
            BodyRule::Json {
                bytes_max: JSON_BODY_BYTES_MAX,
            }
        };
        Self {
            effect: if reads { Effect::Read } else { Effect::Write },
            method,
            path,
            and_below: false,
            access: Access::Key,
            scope,
            body,
            tag: "",
            describe: None,
            names: Described::default(),
            handler: Arc::new(move |call| handler(call).boxed()),
        }
    }

    /// Makes a `GET` route.
    pub fn get<H, F>(path: &'static str, scope: Scope, handler: H) -> Self
    where
        H: Fn(Call) -> F + Send + Sync + 'static,
        F: Future<Output = Answer> + Send + 'static,
    {
        Self::new(Method::GET, path, scope, handler)
    }

    /// Makes a `POST` route.
    pub fn post<H, F>(path: &'static str, scope: Scope, handler: H) -> Self
    where
        H: Fn(Call) -> F + Send + Sync + 'static,
        F: Future<Output = Answer> + Send + 'static,
    {
        Self::new(Method::POST, path, scope, handler)
    }

    /// Makes the two routes of an update: `PUT` and `PATCH` are the same everywhere.
    pub fn update<H, F>(path: &'static str, scope: Scope, handler: H) -> [Self; 2]
    where
        H: Fn(Call) -> F + Copy + Send + Sync + 'static,
        F: Future<Output = Answer> + Send + 'static,
    {
        [
            Self::new(Method::PUT, path, scope, handler),
            Self::new(Method::PATCH, path, scope, handler),
        ]
    }

    /// Makes a `DELETE` route.
    pub fn delete<H, F>(path: &'static str, scope: Scope, handler: H) -> Self
    where
        H: Fn(Call) -> F + Send + Sync + 'static,
        F: Future<Output = Answer> + Send + 'static,
    {
        Self::new(Method::DELETE, path, scope, handler)
    }

    /// Opens the route to callers without a key; their body is not read unless the route asks for it afterwards.
    #[must_use]
    pub fn public(mut self) -> Self {
        self.access = Access::Public;
        self.body = BodyRule::Ignored;
        self
    }

    /// Asks for the permission `admin`.
    #[must_use]
    pub fn admin(mut self) -> Self {
        self.access = Access::AdminKey;
        self
    }

    /// Changes what happens to the body.
    #[must_use]
    pub fn body(mut self, rule: BodyRule) -> Self {
        self.body = rule;
        self
    }

    /// Answers every path below this one too, unless another route has it.
    #[must_use]
    pub fn and_below(mut self) -> Self {
        self.and_below = true;
        self
    }

    /// Lets read-only keys call a route that is no `GET` and changes nothing.
    #[must_use]
    pub fn reads(mut self) -> Self {
        self.effect = Effect::Read;
        self
    }

    /// Describes the route to its users.
    #[must_use]
    pub fn described(mut self, describe: impl Fn() -> Operation + Send + Sync + 'static) -> Self {
        let describe: Describe = Arc::new(describe);
        self.names = Described::by(&describe);
        self.describe = Some(describe);
        self
    }

    /// Returns whether the document says something about it.
    #[must_use]
    pub fn is_described(&self) -> bool {
        self.describe.is_some()
    }

    /// Returns the names of the path's parameters in order.
    pub fn parameters(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.path
            .split('/')
            .filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
    }
}

impl fmt::Debug for Route {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{} {} ({:?}, {:?}, {:?})",
            self.method, self.path, self.access, self.scope, self.effect
        )
    }
}

/// Returns every route. Each resource folder contributes its own.
#[must_use]
pub fn routes() -> Vec<Route> {
    let mut table = Vec::with_capacity(512);
    table.extend(filed("Operations", crate::operations::routes()));
    table.extend(filed("Server", crate::openapi::table()));
    table.extend(filed("Server", crate::root::routes()));
    table.extend(filed("OAuth", crate::oauth::routes()));
    table.extend(filed("Providers", crate::providers::routes()));
    table.extend(filed("Applications", crate::applications::routes()));
    table.extend(filed("Callback URIs", crate::callback_uris::routes()));
    table.extend(filed("API keys", crate::api_keys::routes()));
    table.extend(filed("Connectors", crate::connectors::routes()));
    table.extend(filed("Grants", crate::connect::routes()));
    table.extend(filed("Grants", crate::grants::routes()));
    table.extend(filed("Workspaces", crate::workspaces::routes()));
    table.extend(filed("Policies", crate::policies::routes()));
    table.extend(filed("Rules", crate::rules::routes()));
    table.extend(filed("Lists", crate::lists::routes()));
    table.extend(filed("Rules", crate::rule_evaluations::routes()));
    table.extend(filed("Domains", crate::domains::routes()));
    table.extend(filed("Domains", crate::domain_reports::routes()));
    table.extend(filed("Messages", crate::messages::routes()));
    table.extend(filed("Drafts", crate::drafts::routes()));
    table.extend(filed("Messages", crate::transactional::routes()));
    table.extend(filed("Threads", crate::threads::routes()));
    table.extend(filed("Queue", crate::queue::routes()));
    table.extend(filed("Queue", crate::pauses::routes()));
    table.extend(filed("Holds", crate::holds::routes()));
    table.extend(filed("Audit", crate::audit::routes()));
    table.extend(filed("Suppressions", crate::suppressions::routes()));
    table.extend(filed("Suppressions", crate::unsubscribe::routes()));
    table.extend(filed("Search index", crate::search_index::routes()));
    table.extend(filed("Folders", crate::folders::routes()));
    table.extend(filed("Attachments", crate::attachments::routes()));
    table.extend(filed("Webhooks", crate::webhooks::routes()));
    table.extend(filed("Contacts", crate::contacts::routes()));
    table.extend(filed("Server", crate::well_known::routes()));
    table.extend(filed("Not supported", crate::unsupported::routes()));
    table
}

/// Files the descriptions of a resource's routes under its name.
fn filed(tag: &'static str, routes: Vec<Route>) -> impl Iterator<Item = Route> {
    routes.into_iter().map(move |route| Route { tag, ..route })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn no_method_and_path_is_there_twice() {
        let mut seen = HashSet::new();
        for route in routes() {
            let shape: Vec<_> = route
                .path
                .split('/')
                .map(|part| if part.starts_with('{') { "{}" } else { part })
                .collect();
            assert!(
                seen.insert((route.method.clone(), shape.join("/"))),
                "{route:?} is in the table twice"
            );
        }
    }

    #[test]
    fn every_route_below_v3_needs_a_key_but_the_oauth_answers() {
        for route in routes() {
            let open = !route.path.starts_with("/v3")
                || matches!(route.path, "/v3/openapi.json")
                || route.path.starts_with("/v3/connect/");
            assert!(open || route.access != Access::Public, "{route:?}");
        }
    }

    #[test]
    fn every_route_is_filed_under_a_resource() {
        for route in routes() {
            assert!(!route.tag.is_empty(), "{route:?}");
        }
    }

    #[test]
    fn grant_scope_and_grant_id_go_together() {
        for route in routes() {
            let names_grant = route.path.starts_with("/v3/grants/{grant_id}/");
            assert_eq!(
                names_grant,
                route.scope == Scope::Grant && route.path != "/v3/grants/{grant_id}",
                "{route:?}"
            );
        }
    }

    #[test]
    fn paths_are_plain_and_their_parameters_distinct() {
        for route in routes() {
            assert!(
                route.path.starts_with('/') && !route.path.ends_with('/'),
                "{route:?}"
            );
            let names: Vec<_> = route.parameters().collect();
            let distinct: HashSet<_> = names.iter().collect();
            assert_eq!(names.len(), distinct.len(), "{route:?}");
        }
    }
}
