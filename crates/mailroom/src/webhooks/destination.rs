//! Destinations as callers see and ask for them.

use posthouse_store::tables::webhooks::{Webhook, WebhookScope};
use posthouse_types::ids::{Key, Kind};

use super::SigningSecret;
use crate::actor::{Actor, Scope};
use crate::{Mailroom, Refusal};

/// A destination as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// Public id.
    pub id: String,
    /// A text for people.
    pub description: String,
    /// The names it subscribes to, as they were given.
    pub trigger_types: Vec<String>,
    /// Where notifications go.
    pub webhook_url: String,
    /// How it is doing.
    pub status: DestinationStatus,
    /// Who is told when it fails.
    pub notification_email_addresses: Vec<String>,
    /// Whether notifications are compressed.
    pub compressed_delivery: bool,
    /// `application`, `workspace` or `grant`: whose events it gets.
    pub scope_type: &'static str,
    /// Public id of that application, workspace or account.
    pub scope_id: String,
    /// Whether it hears of messages in Junk.
    pub include_junk: bool,
    /// Unix seconds.
    pub status_updated_at: i64,
    /// Unix seconds.
    pub created_at: i64,
    /// Unix seconds.
    pub updated_at: i64,
}

/// A destination and its secret, which is shown when it is made and never again.
#[derive(Debug, Clone)]
pub struct RevealedDestination {
    /// The destination.
    pub destination: Destination,
    /// Its new secret.
    pub secret: SigningSecret,
}

/// How a destination is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DestinationStatus {
    /// It gets notifications.
    Active,
    /// Its owner switched it off.
    Pause,
    /// It gets notifications and fails most of them.
    Failing,
    /// It failed for so long that it was switched off.
    Failed,
}

impl DestinationStatus {
    /// Returns the name that the API and the store use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Pause => "pause",
            Self::Failing => "failing",
            Self::Failed => "failed",
        }
    }

    /// Tells whether notifications are delivered.
    #[must_use]
    pub fn delivers(self) -> bool {
        matches!(self, Self::Active | Self::Failing)
    }

    pub(crate) fn from_stored(name: &str) -> Self {
        match name {
            "active" => Self::Active,
            "failing" => Self::Failing,
            "failed" => Self::Failed,
            // What is not understood is not delivered to.
            _ => Self::Pause,
        }
    }
}

/// What a new destination is asked to be.
#[derive(Debug, Clone, Default)]
pub struct NewDestination {
    /// The names it subscribes to.
    pub trigger_types: Vec<String>,
    /// Where notifications go.
    pub webhook_url: String,
    /// A text for people.
    pub description: String,
    /// Who is told when it fails.
    pub notification_email_addresses: Vec<String>,
    /// Whether notifications are compressed.
    pub compressed_delivery: bool,
    /// Whose events it gets; without one, all that the caller's key may reach.
    pub scope: Option<RequestedScope>,
    /// Whether it hears of messages in Junk.
    pub include_junk: bool,
}

/// Whose events a destination is asked to get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestedScope {
    /// `application`, `workspace` or `grant`.
    pub kind: String,
    /// Public id of the object; may be left out for the application.
    pub id: Option<String>,
}

/// What an update asks for; what is absent or empty stays as it is.
#[derive(Debug, Clone, Default)]
pub struct DestinationChange {
    /// The names it subscribes to.
    pub trigger_types: Option<Vec<String>>,
    /// Where notifications go.
    pub webhook_url: Option<String>,
    /// A text for people.
    pub description: Option<String>,
    /// `active`, or `pause` or its alias `inactive`.
    pub status: Option<String>,
    /// Who is told when it fails.
    pub notification_email_addresses: Option<Vec<String>>,
    /// Whether notifications are compressed.
    pub compressed_delivery: Option<bool>,
}

impl Mailroom {
    pub(crate) fn show_destination(&self, row: &Webhook) -> Destination {
        let (scope_type, scope_kind, scope_key) = match row.scope {
            WebhookScope::Application => ("application", Kind::Application, row.application),
            WebhookScope::Workspace(workspace) => ("workspace", Kind::Workspace, workspace),
            WebhookScope::Grant(grant) => ("grant", Kind::Grant, grant),
        };
        Destination {
            id: self.public_id(Kind::Webhook, row.id),
            description: row.description.clone(),
            trigger_types: read_strings(&row.trigger_types),
            webhook_url: row.url.clone(),
            status: DestinationStatus::from_stored(&row.status),
            notification_email_addresses: read_strings(&row.notification_emails),
            compressed_delivery: row.compressed_delivery,
            scope_type,
            scope_id: self.public_id(scope_kind, scope_key),
            include_junk: row.include_junk,
            status_updated_at: row.status_updated_at,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// Reads a stored array of strings; what is no such array is empty.
pub(crate) fn read_strings(stored: &str) -> Vec<String> {
    serde_json::from_str(stored).unwrap_or_default()
}

/// Writes an array of strings for the store.
pub(crate) fn write_strings(strings: &[String]) -> String {
    serde_json::to_string(strings).expect("strings are JSON")
}

/// The destinations that a key may reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// All of the application.
    All,
    /// Those scoped to a workspace.
    OfWorkspace(Key),
}

impl Reach {
    /// Returns what a key may reach; keys of one account know no destinations.
    pub(crate) fn of(actor: &Actor) -> Result<Self, Refusal> {
        match actor.scope {
            Scope::Application => Ok(Self::All),
            Scope::Workspace(workspace) => Ok(Self::OfWorkspace(workspace)),
            Scope::Grant(_) => Err(Refusal::Forbidden {
                message: "this API key reaches one account only, and no webhooks".to_owned(),
            }),
        }
    }

    pub(crate) fn covers(self, scope: WebhookScope) -> bool {
        match self {
            Self::All => true,
            Self::OfWorkspace(workspace) => scope == WebhookScope::Workspace(workspace),
        }
    }
}
