//! Families of the compatible service that agent accounts do not have.
//!
//! Listing them answers an empty list, so that tools that list everything keep working; anything else is a 400 that
//! names the feature.

use http::Method;
use posthouse_mailroom::read::Detail;

use crate::body::BodyRule;
use crate::call::Call;
use crate::error::ApiError;
use crate::openapi::Operation;
use crate::openapi::schema::any;
use crate::routes::{Answer, Route, Scope};

/// A family: what it is called, and its collection in one of its two forms.
struct Family {
    feature: &'static str,
    path: &'static str,
    scope: Scope,
}

/// Makes the two forms of each family: below an account, and below the application.
macro_rules! families {
    ($($feature:literal at $path:literal),* $(,)?) => {
        &[$(
            Family {
                feature: $feature,
                path: concat!("/v3/grants/{grant_id}/", $path),
                scope: Scope::Grant,
            },
            // The same answer for every application: there is nothing to tell apart.
            Family {
                feature: $feature,
                path: concat!("/v3/", $path),
                scope: Scope::Server,
            },
        )*]
    };
}

const FAMILIES: &[Family] = families![
    "signatures" at "signatures",
    "templates" at "templates",
    "workflows" at "workflows",
    "notetakers" at "notetakers",
    "scheduling pages" at "scheduling",
    "scheduling pages" at "scheduling/configurations",
    "scheduling pages" at "scheduling/bookings",
    "scheduling pages" at "scheduling/sessions",
    "room resources" at "resources",
    "contact groups" at "contacts/groups",
    "smart compose drafts" at "smart-compose",
    "smart compose drafts" at "messages/smart-compose",
    "attachment uploads" at "attachment-uploads",
    "Pub/Sub channels" at "channels/pubsub",
    "SNS channels" at "channels/sns",
    "connector credentials" at "connectors/{provider}/creds",
];

/// A reply that is composed for the caller, which belongs to a message and not to a collection.
const COMPOSED_REPLY: Family = Family {
    feature: "smart compose drafts",
    path: "/v3/grants/{grant_id}/messages/{message_id}/smart-compose",
    scope: Scope::Grant,
};

/// Returns the routes of this folder.
pub fn routes() -> Vec<Route> {
    let mut table = Vec::new();
    for family in FAMILIES.iter().chain([&COMPOSED_REPLY]) {
        for method in [
            Method::GET,
            Method::POST,
            Method::PUT,
            Method::PATCH,
            Method::DELETE,
        ] {
            let feature = family.feature;
            let describe = operation(&method, family);
            let route = Route::new(method, family.path, family.scope, move |call| {
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
    // An account or a message of somebody else is not there, for these paths too.
    if call.scope() == Scope::Grant {
        let grant = call.grant().await?;
        if let Some(message) = call.parameter_if_any("message_id") {
            call.mailroom
                .get_message(&grant, message, Detail::Standard)
                .await?;
        }
    }
    if matches!(call.method, Method::GET | Method::HEAD) && !call.is_below() {
        let nothing: [(); 0] = [];
        return Ok(call.list(&nothing, None));
    }
    Err(ApiError::not_supported(format!(
        "{feature} are not supported for agent accounts"
    )))
}
