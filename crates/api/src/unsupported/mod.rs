//! Families of the compatible service that agent accounts do not have.
//!
//! Listing them answers an empty list, so that tools that list everything keep working; anything else is a 400 that
//! names the feature.

use http::Method;

use crate::body::BodyRule;
use crate::call::Call;
use crate::error::ApiError;
use crate::routes::{Answer, Route, Scope};

/// One family: the paths of its collection and of everything below.
struct Family {
    feature: &'static str,
    scope: Scope,
    collection: &'static str,
    below: &'static str,
}

macro_rules! grant_family {
    ($feature:literal, $path:literal) => {
        Family {
            feature: $feature,
            scope: Scope::Grant,
            collection: concat!("/v3/grants/{grant_id}/", $path),
            below: concat!("/v3/grants/{grant_id}/", $path, "/{*rest}"),
        }
    };
}

macro_rules! application_family {
    ($feature:literal, $path:literal) => {
        Family {
            feature: $feature,
            scope: Scope::Application,
            collection: concat!("/v3/", $path),
            below: concat!("/v3/", $path, "/{*rest}"),
        }
    };
}

const FAMILIES: &[Family] = &[
    grant_family!("signatures", "signatures"),
    grant_family!("templates", "templates"),
    grant_family!("workflows", "workflows"),
    grant_family!("notetakers", "notetakers"),
    grant_family!("scheduling pages", "scheduling/{kind}"),
    grant_family!("room resources", "resources"),
    grant_family!("contact groups", "contacts/groups"),
    grant_family!("smart compose drafts", "smart-compose"),
    grant_family!("smart compose drafts", "messages/smart-compose"),
    grant_family!("attachment uploads", "attachment-uploads"),
    application_family!("signatures", "signatures"),
    application_family!("templates", "templates"),
    application_family!("workflows", "workflows"),
    application_family!("notetakers", "notetakers"),
    application_family!("scheduling pages", "scheduling/{kind}"),
    application_family!("room resources", "resources"),
    application_family!("smart compose drafts", "smart-compose"),
    application_family!("attachment uploads", "attachment-uploads"),
    application_family!("Pub/Sub channels", "channels/pubsub"),
    application_family!("SNS channels", "channels/sns"),
    application_family!("connector credentials", "connectors/{provider}/creds"),
];

/// Returns the routes of this folder.
pub fn routes() -> Vec<Route> {
    let mut table = Vec::new();
    for family in FAMILIES {
        table.push(Route::get(family.collection, family.scope, list));
        for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            table.push(refusal(method, family.collection, family));
        }
        for method in [
            Method::GET,
            Method::POST,
            Method::PUT,
            Method::PATCH,
            Method::DELETE,
        ] {
            table.push(refusal(method, family.below, family));
        }
    }
    table
}

fn refusal(method: Method, path: &'static str, family: &Family) -> Route {
    let feature = family.feature;
    // The body would be refused anyway, whatever its type.
    Route::new(method, path, family.scope, move |call| {
        refuse(call, feature)
    })
    .body(BodyRule::Ignored)
    .reads()
}

async fn list(call: Call) -> Answer {
    check_grant(&call).await?;
    let nothing: [(); 0] = [];
    Ok(call.list(&nothing, None))
}

async fn refuse(call: Call, feature: &'static str) -> Answer {
    check_grant(&call).await?;
    Err(ApiError::not_supported(format!(
        "{feature} are not supported for agent accounts"
    )))
}

/// An account of somebody else is not there, for these paths too.
async fn check_grant(call: &Call) -> Result<(), ApiError> {
    if call.scope() == Scope::Grant {
        call.grant().await?;
    }
    Ok(())
}
