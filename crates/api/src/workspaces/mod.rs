//! Workspaces: groups of accounts that policies and rules apply to.

mod auto_group;
mod create;
mod delete;
mod get;
mod list;
mod manual_assign;
mod schema;
mod update;

use posthouse_mailroom::workspaces::{Governance, WorkspaceView};
use serde_json::{Value, json};

use crate::body::{Change, Fields};
use crate::error::ApiError;
use crate::routes::{Route, Scope};

pub(crate) use schema::WORKSPACE;

const COLLECTION: &str = "/v3/workspaces";
const ONE: &str = "/v3/workspaces/{workspace_id}";

/// Returns the routes of this folder.
pub fn routes() -> Vec<Route> {
    let mut table = vec![
        Route::get(COLLECTION, Scope::Application, list::list).described(list::operation),
        Route::post(COLLECTION, Scope::Application, create::create).described(create::operation),
        Route::post(
            "/v3/workspaces/auto-group",
            Scope::Application,
            auto_group::auto_group,
        )
        .described(auto_group::operation),
        Route::get(ONE, Scope::Application, get::get).described(get::operation),
        Route::delete(ONE, Scope::Application, delete::delete).described(delete::operation),
        Route::post(
            "/v3/workspaces/{workspace_id}/manual-assign",
            Scope::Application,
            manual_assign::manual_assign,
        )
        .described(manual_assign::operation),
    ];
    let update = Route::update(ONE, Scope::Application, update::update);
    table.extend(update.map(|route| route.described(update::operation)));
    table
}

/// Returns a workspace as JSON: every key is always there.
fn render(view: &WorkspaceView) -> Value {
    json!({
        "workspace_id": view.workspace_id,
        "application_id": view.application_id,
        "name": view.name,
        "domain": view.domain,
        "auto_group": view.auto_group,
        "default": view.is_default,
        "policy_id": view.policy_id,
        "rule_ids": view.rule_ids,
        "created_at": view.created_at,
        "updated_at": view.updated_at,
    })
}

/// Reads which policy and rules a body names; `null` detaches.
fn read_governance(body: &mut Fields<'_>) -> Result<Governance, ApiError> {
    Ok(Governance {
        policy_id: match body.change("policy_id")? {
            Change::Keep => None,
            Change::Clear => Some(None),
            Change::Set(id) => Some(Some(id)),
        },
        rule_ids: match body.change("rule_ids")? {
            Change::Keep => None,
            Change::Clear => Some(Vec::new()),
            Change::Set(ids) => Some(ids),
        },
    })
}
