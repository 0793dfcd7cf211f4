//! Families of the compatible service that agent accounts do not have.
//!
//! Listing them answers an empty list, so that tools that list everything keep working; anything else is a 400 that
//! names the feature.

use http::Method;

use crate::body::BodyRule;
use crate::call::Call;
use crate::error::ApiError;
use crate::openapi::Operation;
use crate::openapi::schema::any;
use crate::routes::{Answer, Route, Scope};

/// A family: what it is called, and its collection.
struct Family {
    feature: &'static str,
    path: &'static str,
}

const fn family(feature: &'static str, path: &'static str) -> Family {
    Family { feature, path }
}

/// Below an account.
const OF_GRANTS: &[Family] = &[
    family("signatures", "/v3/grants/{grant_id}/signatures"),
    family("templates", "/v3/grants/{grant_id}/templates"),
    family("workflows", "/v3/grants/{grant_id}/workflows"),
    family("notetakers", "/v3/grants/{grant_id}/notetakers"),
    family("scheduling pages", "/v3/grants/{grant_id}/scheduling"),
    family(
        "scheduling pages",
        "/v3/grants/{grant_id}/scheduling/configurations",
    ),
    family(
        "scheduling pages",
        "/v3/grants/{grant_id}/scheduling/bookings",
    ),
    family(
        "scheduling pages",
        "/v3/grants/{grant_id}/scheduling/sessions",
    ),
    family("room resources", "/v3/grants/{grant_id}/resources"),
    family("contact groups", "/v3/grants/{grant_id}/contacts/groups"),
    family(
        "smart compose drafts",
        "/v3/grants/{grant_id}/smart-compose",
    ),
    family(
        "smart compose drafts",
        "/v3/grants/{grant_id}/messages/smart-compose",
    ),
    family(
        "attachment uploads",
        "/v3/grants/{grant_id}/attachment-uploads",
    ),
];

/// Below an application.
const OF_APPLICATIONS: &[Family] = &[
    family("signatures", "/v3/signatures"),
    family("templates", "/v3/templates"),
    family("workflows", "/v3/workflows"),
    family("notetakers", "/v3/notetakers"),
    family("scheduling pages", "/v3/scheduling"),
    family("scheduling pages", "/v3/scheduling/configurations"),
    family("scheduling pages", "/v3/scheduling/bookings"),
    family("scheduling pages", "/v3/scheduling/sessions"),
    family("room resources", "/v3/resources"),
    family("smart compose drafts", "/v3/smart-compose"),
    family("attachment uploads", "/v3/attachment-uploads"),
    family("Pub/Sub channels", "/v3/channels/pubsub"),
    family("SNS channels", "/v3/channels/sns"),
    family("connector credentials", "/v3/connectors/{provider}/creds"),
];

/// Returns the routes of this folder.
pub fn routes() -> Vec<Route> {
    let of_grants = OF_GRANTS.iter().map(|family| (family, Scope::Grant));
    // The same answer for every application: there is nothing to tell apart.
    let of_applications = OF_APPLICATIONS.iter().map(|family| (family, Scope::Server));
    let mut table = Vec::new();
    for (family, scope) in of_grants.chain(of_applications) {
        for method in [
            Method::GET,
            Method::POST,
            Method::PUT,
            Method::PATCH,
            Method::DELETE,
        ] {
            let feature = family.feature;
            let describe = operation(&method, family);
            let route = Route::new(method, family.path, scope, move |call| {
                answer(call, feature)
            });
            // Whatever the body is, it would be refused.
            let route = route.body(BodyRule::Ignored).reads().and_below();
            table.push(route.described(describe));
        }
    }
    table
}

/// Describes what a method of a family is answered with.
fn operation(
    method: &Method,
    family: &'static Family,
) -> impl Fn() -> Operation + Send + Sync + 'static {
    let id = id(method, family.path);
    let lists = *method == Method::GET;
    move || {
        let summary = format!("Not supported: {}", family.feature);
        let operation = Operation::new(id.as_str(), summary);
        if lists {
            return operation.about("There are none.").page(any());
        }
        operation.about("Refused with 400.")
    }
}

/// `GET /v3/grants/{grant_id}/room-resources` is `getGrantsRoomResources`.
fn id(method: &Method, path: &str) -> String {
    let path = path.replace("/v3/", "").replace("/{grant_id}", "");
    let words = path.split(['/', '-', '_', '{', '}']);
    let words = words.filter(|word| !word.is_empty()).map(|word| {
        let (first, rest) = word.split_at(1);
        first.to_ascii_uppercase() + rest
    });
    method.as_str().to_ascii_lowercase() + &words.collect::<String>()
}

async fn answer(call: Call, feature: &'static str) -> Answer {
    // An account of somebody else is not there, for these paths too.
    if call.scope() == Scope::Grant {
        call.grant().await?;
    }
    if matches!(call.method, Method::GET | Method::HEAD) && !call.is_below() {
        let nothing: [(); 0] = [];
        return Ok(call.list(&nothing, None));
    }
    Err(ApiError::not_supported(format!(
        "{feature} are not supported for agent accounts"
    )))
}
