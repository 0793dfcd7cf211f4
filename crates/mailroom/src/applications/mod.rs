//! Applications: the tenants of a server.

mod callback_uris;
mod create;
mod delete;
mod settings;
mod update;
mod view;

pub use callback_uris::{CallbackUriChanges, CallbackUriView, NewCallbackUri, PLATFORMS};
pub use create::{NewApplication, REGIONS};
pub use update::{ApplicationChanges, Branding};
pub use view::{ApplicationName, ApplicationView};

pub(crate) use create::{environment, nylas_connector};
pub(crate) use settings::Settings;
