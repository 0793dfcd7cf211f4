//! Who asks, and what they may reach.

use posthouse_types::ids::Key;

/// The holder of an API key, as authentication found it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The application every look-up is confined to.
    pub application: Key,
    /// The key that was shown.
    pub api_key: Key,
    /// The part of the application the key may reach.
    pub scope: Scope,
    /// The key may read only.
    pub read_only: bool,
    /// The key has the operator's permission.
    pub admin: bool,
    /// It is a service account, which belongs to no application.
    pub is_service_account: bool,
}

/// The part of an application that a key may reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Everything.
    Application,
    /// One workspace, its accounts and their data.
    Workspace(Key),
    /// One account and its data.
    Grant(Key),
}

/// An account that an actor was found to be allowed to reach: the only way to its data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantRef {
    /// The application that owns the account.
    pub application: Key,
    /// The account.
    pub grant: Key,
    /// Its address, lower case.
    pub email: String,
}
