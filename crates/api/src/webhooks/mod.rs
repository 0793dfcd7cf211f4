//! Webhooks: the destinations that an application is notified at.

mod create;
mod delete;
mod get;
mod ip_addresses;
mod list;
mod mock_payload;
mod rotate_secret;
mod schema;
mod send_test_event;
mod update;

use http::Method;
use posthouse_mailroom::webhooks::{Destination, RevealedDestination};
use serde_json::{Value, json};

use crate::routes::{Route, Scope};

pub(crate) use schema::WEBHOOK;

const COLLECTION: &str = "/v3/webhooks";
const ONE: &str = "/v3/webhooks/{webhook_id}";

/// Returns the routes of this folder.
pub fn routes() -> Vec<Route> {
    let application = Scope::Application;
    let mut table = vec![
        Route::get(COLLECTION, application, list::list).described(list::operation),
        Route::post(COLLECTION, application, create::create).described(create::operation),
        Route::get(
            "/v3/webhooks/ip-addresses",
            Scope::Server,
            ip_addresses::ip_addresses,
        )
        .described(ip_addresses::operation),
        Route::post(
            "/v3/webhooks/mock-payload",
            Scope::Server,
            mock_payload::mock_payload,
        )
        .reads()
        .described(mock_payload::operation),
        Route::post(
            "/v3/webhooks/send-test-event",
            Scope::Server,
            send_test_event::send_test_event,
        )
        .described(send_test_event::operation),
        // The two spellings that official clients use.
        Route::post(
            "/v3/webhooks/rotate-secret/{webhook_id}",
            application,
            rotate_secret::rotate_secret,
        )
        .described(rotate_secret::operation),
        Route::new(
            Method::PUT,
            "/v3/webhooks/{webhook_id}/rotate-secret",
            application,
            rotate_secret::rotate_secret,
        )
        .described(rotate_secret::operation_by_put),
        Route::get(ONE, application, get::get).described(get::operation),
        Route::delete(ONE, application, delete::delete).described(delete::operation),
    ];
    let update = Route::update(ONE, application, update::update);
    table.extend(update.map(|route| route.described(update::operation)));
    table
}

fn render(destination: &Destination) -> Value {
    json!({
        "id": destination.id,
        "description": destination.description,
        "trigger_types": destination.trigger_types,
        "webhook_url": destination.webhook_url,
        "status": destination.status.name(),
        "notification_email_addresses": destination.notification_email_addresses,
        "compressed_delivery": destination.compressed_delivery,
        "scope": { "type": destination.scope_type, "id": destination.scope_id },
        "include_junk": destination.include_junk,
        "status_updated_at": destination.status_updated_at,
        "created_at": destination.created_at,
        "updated_at": destination.updated_at,
    })
}

/// Renders a destination with its secret: for the answers that made the secret, and no other.
fn render_revealed(revealed: &RevealedDestination) -> Value {
    let mut object = render(&revealed.destination);
    object["webhook_secret"] = revealed.secret.reveal().into();
    object
}
