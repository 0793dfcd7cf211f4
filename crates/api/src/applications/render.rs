//! An application as JSON.

use posthouse_mailroom::applications::ApplicationView;
use serde_json::{Value, json};

use crate::callback_uris;

pub(super) fn application(view: &ApplicationView) -> Value {
    let uris: Vec<Value> = view
        .callback_uris
        .iter()
        .map(callback_uris::render)
        .collect();
    json!({
        "application_id": view.application_id,
        "organization_id": view.organization_id,
        "region": view.region,
        "environment": view.environment,
        "default_workspace_id": view.default_workspace_id,
        "branding": view.branding,
        "callback_uris": uris,
        "hosted_authentication": view.hosted_authentication,
        "idp_settings": view.idp_settings,
        "created_at": view.created_at,
        "updated_at": view.updated_at,
    })
}
