//! One file per table family: the SQL of the product and the rows it reads and writes.

pub mod api_keys;
pub mod applications;
pub mod blobs;
pub mod callback_uris;
pub mod connectors;
pub mod contacts;
pub mod deleted_grants;
pub mod deliveries;
pub mod domains;
pub mod drafts;
pub mod folders;
pub mod grants;
pub mod idempotency;
pub mod installation;
pub mod messages;
pub mod outbound;
pub mod receipts;
pub mod recipients;
pub mod schedules;
pub mod search;
pub mod terms;
pub mod threads;
pub mod tracked;
pub mod webhooks;
pub mod workspaces;
