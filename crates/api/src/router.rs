//! From a request path to the routes of the table that have it.
//!
//! A tree of path segments. Literal segments win over parameters. Segments are percent-decoded exactly once, here, and
//! before they are compared, so that no spelling of a path reaches another check than the one of its route.

use std::collections::HashMap;
use std::sync::Arc;

use http::Method;
use percent_encoding::percent_decode_str;

use crate::error::ApiError;
use crate::limits::PATH_SEGMENTS_MAX;
use crate::routes::Route;

/// A compiled route table.
#[derive(Debug, Default)]
pub(crate) struct Router {
    root: Node,
}

#[derive(Debug, Default)]
struct Node {
    literals: HashMap<&'static str, Node>,
    parameter: Option<Box<Node>>,
    routes: Vec<Arc<Route>>,
    /// Those of them that answer everything below too.
    below: Vec<Arc<Route>>,
}

/// A route and the decoded values of its parameters, in order.
#[derive(Debug)]
pub(crate) struct Found {
    pub route: Arc<Route>,
    pub parameters: Vec<String>,
    /// The path is longer than the route's.
    pub is_below: bool,
}

impl Router {
    pub fn of(table: Vec<Route>) -> Self {
        let mut router = Self::default();
        for route in table {
            router.insert(Arc::new(route));
        }
        router
    }

    fn insert(&mut self, route: Arc<Route>) {
        let mut node = &mut self.root;
        let path: &'static str = route.path;
        for segment in path.trim_start_matches('/').split('/') {
            node = if segment.starts_with('{') {
                node.parameter.get_or_insert_default()
            } else {
                node.literals.entry(segment).or_default()
            };
        }
        if route.and_below {
            node.below.push(Arc::clone(&route));
        }
        node.routes.push(route);
    }

    /// Finds the route for a method and a raw path; 404 without a path, 405 without a method.
    pub fn find(&self, method: &Method, path: &str) -> Result<Found, ApiError> {
        let segments = decoded_segments(path).ok_or_else(ApiError::unknown_route)?;
        let mut parameters = Vec::new();
        let (routes, is_below) = self
            .root
            .find(&segments, &mut parameters)
            .ok_or_else(ApiError::unknown_route)?;
        let wanted = if method == Method::HEAD {
            &Method::GET
        } else {
            method
        };
        match routes.iter().find(|route| route.method == *wanted) {
            Some(route) => Ok(Found {
                route: Arc::clone(route),
                parameters,
                is_below,
            }),
            None => Err(wrong_method(routes)),
        }
    }
}

impl Node {
    /// Returns the routes of a path, and whether the path goes on below theirs.
    fn find(
        &self,
        segments: &[String],
        parameters: &mut Vec<String>,
    ) -> Option<(&[Arc<Route>], bool)> {
        let Some((first, others)) = segments.split_first() else {
            return (!self.routes.is_empty()).then_some((&self.routes, false));
        };
        if let Some(node) = self.literals.get(first.as_str())
            && let Some(found) = node.find(others, parameters)
        {
            return Some(found);
        }
        if let Some(node) = &self.parameter
            && !first.is_empty()
        {
            parameters.push(first.clone());
            if let Some(found) = node.find(others, parameters) {
                return Some(found);
            }
            parameters.pop();
        }
        (!self.below.is_empty()).then_some((&self.below, true))
    }
}

/// Splits a raw path at its slashes and decodes each segment once. Doubled leading slashes and a trailing one are
/// normalised away; text that is not UTF-8 or holds NUL names nothing.
fn decoded_segments(path: &str) -> Option<Vec<String>> {
    let mut segments = Vec::with_capacity(8);
    for segment in path.trim_matches('/').split('/') {
        if segments.len() == PATH_SEGMENTS_MAX {
            return None;
        }
        let decoded = percent_decode_str(segment).decode_utf8().ok()?;
        if decoded.contains('\0') {
            return None;
        }
        segments.push(decoded.into_owned());
    }
    Some(segments)
}

fn wrong_method(routes: &[Arc<Route>]) -> ApiError {
    let mut allowed: Vec<&str> = Vec::with_capacity(routes.len());
    for route in routes {
        if !allowed.contains(&route.method.as_str()) {
            allowed.push(route.method.as_str());
        }
    }
    ApiError::method_not_allowed(&allowed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::Call;
    use crate::routes::{Answer, Scope};

    async fn nothing(_: Call) -> Answer {
        Err(ApiError::not_found())
    }

    fn router() -> Router {
        Router::of(vec![
            Route::get("/v3/webhooks", Scope::Application, nothing),
            Route::post("/v3/webhooks", Scope::Application, nothing),
            Route::get("/v3/webhooks/{id}", Scope::Application, nothing),
            Route::get("/v3/webhooks/ip-addresses", Scope::Application, nothing),
            Route::post(
                "/v3/webhooks/rotate-secret/{id}",
                Scope::Application,
                nothing,
            ),
            Route::new(
                Method::PUT,
                "/v3/webhooks/{id}/rotate-secret",
                Scope::Application,
                nothing,
            ),
            Route::get("/v3/templates", Scope::Application, nothing).and_below(),
            Route::get("/v3/templates/{id}/kept", Scope::Application, nothing),
        ])
    }

    fn found(method: Method, path: &str) -> Result<(&'static str, Vec<String>), u16> {
        let found = router()
            .find(&method, path)
            .map_err(|error| error.status().as_u16())?;
        Ok((found.route.path, found.parameters))
    }

    #[test]
    fn literals_win_over_parameters() {
        assert_eq!(
            found(Method::GET, "/v3/webhooks/ip-addresses").unwrap().0,
            "/v3/webhooks/ip-addresses"
        );
        assert_eq!(
            found(Method::GET, "/v3/webhooks/a%2Fb").unwrap(),
            ("/v3/webhooks/{id}", vec!["a/b".to_owned()])
        );
        let (path, values) =
            found(Method::PUT, "/v3/webhooks/rotate-secret/rotate-secret").unwrap_or_default();
        assert_eq!((path, values.len()), ("", 0), "only POST is there");
    }

    #[test]
    fn slashes_at_both_ends_are_normalised_away_and_inner_ones_are_not() {
        for path in [
            "/v3/webhooks",
            "//v3/webhooks",
            "/v3/webhooks/",
            "///v3/webhooks//",
        ] {
            assert_eq!(
                found(Method::GET, path).unwrap().0,
                "/v3/webhooks",
                "{path}"
            );
        }
        assert_eq!(found(Method::GET, "/v3//webhooks"), Err(404));
    }

    #[test]
    fn http_05_odd_spellings_reach_their_own_route_or_none() {
        assert_eq!(
            found(Method::GET, "/%763/webhooks").unwrap().0,
            "/v3/webhooks"
        );
        assert_eq!(found(Method::GET, "/v3/webhooks/%2e%2e").unwrap().1, [".."]);
        assert_eq!(found(Method::GET, "/v3/webhooks/%2541").unwrap().1, ["%41"]);
        assert_eq!(found(Method::GET, "/v3/x/../webhooks"), Err(404));
        assert_eq!(found(Method::GET, "/v3/webhooks/%00"), Err(404));
        assert_eq!(found(Method::GET, "/v3/webhooks/%C0%AF"), Err(404));
        assert_eq!(found(Method::GET, &"/a".repeat(1_000)), Err(404));
    }

    #[test]
    fn a_wrong_method_names_the_right_ones() {
        let error = router().find(&Method::DELETE, "/v3/webhooks").unwrap_err();
        assert_eq!(
            (error.status().as_u16(), error.message()),
            (405, "use GET or POST")
        );
        assert_eq!(
            found(Method::HEAD, "/v3/webhooks").unwrap().0,
            "/v3/webhooks"
        );
    }

    #[test]
    fn a_route_may_answer_for_all_paths_below_it() {
        let below = |path: &str| {
            router()
                .find(&Method::GET, path)
                .map(|found| (found.route.path, found.is_below))
                .ok()
        };
        assert_eq!(below("/v3/templates"), Some(("/v3/templates", false)));
        assert_eq!(below("/v3/templates/a/b"), Some(("/v3/templates", true)));
        assert_eq!(
            below("/v3/templates/a/kept"),
            Some(("/v3/templates/{id}/kept", false))
        );
        assert_eq!(found(Method::POST, "/v3/templates/a"), Err(405));
    }
}
