//! How often an application or an account may be asked for something, where the operator's plan sets rates.
//!
//! Token buckets of one second each: whoever stays below the rate never meets them. They are this process's own, and count
//! requests that showed a valid key, reads and writes alike.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use http::Method;
use posthouse_types::ids::Key;

use crate::error::ApiError;
use crate::routes::{Route, Scope};

/// Buckets kept at most; beyond that those that are full again are forgotten.
const BUCKETS_MAX: usize = 65_536;

/// What is counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Class {
    /// Everything that belongs to an application.
    Application,
    /// What is in a mailbox.
    Mailbox,
    /// Messages sent as JSON.
    SendJson,
    /// Messages sent as forms, or written down already.
    SendForm,
}

impl Class {
    fn per_second(self) -> u32 {
        match self {
            Self::Application => 50,
            Self::Mailbox | Self::SendJson => 200,
            Self::SendForm => 10,
        }
    }

    /// Returns the class of a request; `None` for what nobody owns.
    fn of(route: &Route, is_form: bool) -> Option<Self> {
        match route.scope {
            Scope::Grant
                if route.method == Method::POST && route.path.ends_with("/messages/send") =>
            {
                Some(if is_form {
                    Self::SendForm
                } else {
                    Self::SendJson
                })
            }
            // The grant itself is an object of its application.
            Scope::Grant if route.path.ends_with("/{grant_id}") => Some(Self::Application),
            Scope::Grant => Some(Self::Mailbox),
            Scope::Application => Some(Self::Application),
            _ => None,
        }
    }
}

/// Whose requests a bucket counts: an application's, or those for one spelling of an account's id.
type Owner = (Class, Key, String);

#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: f64,
    at: Instant,
}

/// Counts requests.
#[derive(Debug, Default)]
pub(crate) struct Pace(Mutex<HashMap<Owner, Bucket>>);

impl Pace {
    /// Takes a place for a request, or refuses it with a 429.
    pub(crate) fn take(
        &self,
        route: &Route,
        application: Key,
        account: Option<&str>,
        is_form: bool,
        now: Instant,
    ) -> Result<(), ApiError> {
        let Some(class) = Class::of(route, is_form) else {
            return Ok(());
        };
        let account = match class {
            Class::Application => String::new(),
            _ => account.unwrap_or_default().to_ascii_lowercase(),
        };
        if self.has_place((class, application, account), now) {
            return Ok(());
        }
        let rate = class.per_second();
        let message = format!("more than {rate} requests of this kind in a second");
        Err(ApiError::rate_limited(message, 1))
    }

    fn has_place(&self, owner: Owner, now: Instant) -> bool {
        let most = f64::from(owner.0.per_second());
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= BUCKETS_MAX && !buckets.contains_key(&owner) {
            buckets.retain(|_, bucket| now.duration_since(bucket.at).as_secs() < 1);
            if buckets.len() >= BUCKETS_MAX {
                buckets.clear();
            }
        }
        let bucket = buckets.entry(owner).or_insert(Bucket {
            tokens: most,
            at: now,
        });
        let gained = now.saturating_duration_since(bucket.at).as_secs_f64() * most;
        bucket.tokens = (bucket.tokens + gained).min(most);
        bucket.at = now;
        if bucket.tokens < 1.0 {
            return false;
        }
        bucket.tokens -= 1.0;
        true
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::routes::routes;

    fn taken(pace: &Pace, path: &str, method: Method, account: &str, is_form: bool) -> usize {
        let table = routes();
        let route = table
            .iter()
            .find(|route| route.path == path && route.method == method)
            .expect("a route");
        let now = Instant::now();
        let takes = (0..1_000).take_while(|_| {
            pace.take(route, Key(1), Some(account), is_form, now)
                .is_ok()
        });
        takes.count()
    }

    #[test]
    fn each_class_has_its_rate_and_accounts_have_their_own() {
        let send = "/v3/grants/{grant_id}/messages/send";
        let messages = "/v3/grants/{grant_id}/messages";
        for (path, method, is_form, expected) in [
            ("/v3/policies", Method::GET, false, 50),
            ("/v3/grants/{grant_id}", Method::GET, false, 50),
            (messages, Method::GET, false, 200),
            (send, Method::POST, false, 200),
            (send, Method::POST, true, 10),
        ] {
            let pace = Pace::default();
            assert_eq!(
                taken(&pace, path, method.clone(), "a", is_form),
                expected,
                "{path}"
            );
            let of_other = taken(&pace, path, method, "b", is_form);
            let shared = expected == 50;
            assert_eq!(of_other, if shared { 0 } else { expected }, "{path}");
        }
    }

    #[test]
    fn a_bucket_fills_with_time_and_never_beyond_its_rate() {
        let pace = Pace::default();
        let owner = || (Class::SendForm, Key(1), String::new());
        let start = Instant::now();
        let take = |at| (0..100).take_while(|_| pace.has_place(owner(), at)).count();
        assert_eq!(take(start), 10);
        assert_eq!(take(start + Duration::from_millis(500)), 5);
        assert_eq!(take(start + Duration::from_secs(60)), 10);
    }
}
