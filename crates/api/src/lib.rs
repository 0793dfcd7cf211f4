//! The HTTP door: the /v3 API, health and metrics.
//!
//! A handler parses, authorises, calls one function of the mailroom, and renders. There is no SQL here and no HTTP
//! below; no rule of the product lives in this crate, so every other door has the same rules.
//!
//! | module | what it is for |
//! |---|---|
//! | [`mod@routes`] | the route table: every method and path, who may call it, what its body may be |
//! | [`dispatch`] | one request from its head to its response, in one function |
//! | [`call`] | a request as its handler sees it, and the envelopes to answer with |
//! | [`query`], [`body`] | typed readers of parameters and JSON fields; what is wrong is named |
//! | [`error`] | the table of statuses and types: one `match` over the mailroom's refusals |
//! | [`reply`] | answers as one growing buffer |
//! | [`idempotency`] | the header, what makes two requests the same; kept answers are in [`reply`] |
//! | [`mod@serve`] | sockets, bounds and deadlines, the graceful stop |
//! | [`openapi`] | the document that describes every route |
//! | [`limits`] | every number |
//!
//! # How to add a resource
//!
//! 1. Make a folder named after the noun (`webhooks/`), one file per verb (`list.rs`, `create.rs`), and a `mod.rs` with
//!    `pub fn routes() -> Vec<Route>`:
//!
//!    ```text
//!    const COLLECTION: &str = "/v3/webhooks";
//!    const ONE: &str = "/v3/webhooks/{webhook_id}";
//!
//!    pub fn routes() -> Vec<Route> {
//!        let mut table = vec![
//!            Route::get(COLLECTION, Scope::Application, list::list).described(list::operation),
//!            Route::post(COLLECTION, Scope::Application, create::create).described(create::operation),
//!            Route::delete(ONE, Scope::Application, delete::delete).described(delete::operation),
//!        ];
//!        let update = Route::update(ONE, Scope::Application, update::update); // PUT and PATCH
//!        table.extend(update.map(|route| route.described(update::operation)));
//!        table
//!    }
//!    ```
//!
//!    `.admin()` asks for the admin permission, `.reads()` lets read-only keys through, `.public()` needs no key,
//!    `.body(BodyRule::Json { bytes_max })` raises the body limit or gives `DELETE` a body.
//! 2. Add the folder to the list of modules here and its `routes()` to [`routes::routes`]. Nothing else: 404, 405,
//!    authentication, request ids, gzip and the isolation tests follow from the table.
//! 3. Write the handlers, and beside each its description (see [`openapi::operation`]):
//!
//!    ```text
//!    pub async fn create(call: Call) -> Answer {
//!        let mut body = call.body.fields();
//!        let webhook = NewWebhook {
//!            webhook_url: body.required("webhook_url")?,          // 400 naming the field when absent or no string
//!            trigger_types: body.required::<Vec<String>>("trigger_types")?,
//!            description: body.optional("description")?,          // absent or null: None
//!        };
//!        let warnings = body.unknown();                           // before the first await
//!        let created = call.mailroom.create_webhook(call.actor()?, webhook).await?;   // Refusal becomes the answer
//!        Ok(call.object(&render(&created)).warnings(&warnings))   // .created(..) for the few 201s
//!    }
//!
//!    pub async fn list(call: Call) -> Answer {
//!        let paging = Paging::read(&call.query, PageSize::COMMON)?;
//!        let unread = call.query.flag("unread")?;
//!        ...
//!        Ok(call.list(&rows, page.next_cursor.as_deref()))
//!    }
//!    ```
//!
//!    Calls that honour `Idempotency-Key` wrap their work: `idempotent(&call, None, work(&call)).await`.
//!
//!    `call.parameter("webhook_id")` is the decoded path segment, `call.grant().await?` the account of `{grant_id}`,
//!    `call.select().reduce(value)` applies `select`, `body.change("x")?` tells absent, `null` and a value apart,
//!    `body.object("settings")?` reads nested objects with full paths in errors, `call.deleted()` answers a deletion.

pub mod body;
pub mod call;
pub mod config;
pub mod dispatch;
pub mod error;
pub mod holds;
pub mod idempotency;
pub mod limits;
pub mod openapi;
pub mod query;
pub mod reply;
pub mod request_id;
pub mod routes;
pub mod serve;
mod signed;

mod compress;
mod credentials;
mod router;
mod strict;

mod api_keys;
mod applications;
mod attachments;
mod audit;
mod callback_uris;
mod connect;
mod connectors;
mod contacts;
mod domain_reports;
mod domains;
mod drafts;
mod folders;
mod grants;
mod lists;
mod messages;
mod oauth;
mod operations;
mod pace;
mod pauses;
mod policies;
mod providers;
mod queue;
mod root;
mod rule_evaluations;
mod rules;
mod search_index;
mod suppressions;
mod threads;
mod transactional;
mod unsubscribe;
mod unsupported;
mod webhooks;
mod well_known;
mod workspaces;

pub use config::{ApiConfig, MetricsRender, Readiness, ReadinessCheck};
pub use dispatch::Api;
pub use routes::{Access, Route, Scope, routes};
pub use serve::{Doors, TlsDoor, serve, serve_doors};
