//! API keys: made, shown once, recognised by their digest, revoked.

mod authenticate;
mod create;
mod list;
mod reach;
mod revoke;
mod secret;

pub use create::{CreatedApiKey, NewApiKey, NewScope};
pub use list::{ApiKeyStatus, ApiKeyView, ScopeView};

pub(crate) use authenticate::KnownKey;
pub(crate) use create::operator_key;
pub(crate) use posthouse_store::tables::api_keys::KeyDigest;
pub(crate) use secret::KeyText;
