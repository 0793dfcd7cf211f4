//! Accounts as they are shown.

use std::collections::HashMap;

use posthouse_store::tables::domains;
use posthouse_store::tables::grants::Grant;
use posthouse_store::{StoreError, Tx};
use posthouse_types::ids::Kind;

use crate::Mailroom;

/// Whether an account is in good order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountStatus {
    /// It is.
    Valid,
    /// The ownership check of its domain fails.
    Invalid,
}

impl AccountStatus {
    /// Returns the API's word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Invalid => "invalid",
        }
    }
}

/// An account as it is shown. Its password is nowhere in here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountView {
    /// Public id.
    pub id: String,
    /// Its address, lower case.
    pub email: String,
    /// Its display name; empty when it has none.
    pub name: String,
    /// Whether it is in good order.
    pub status: AccountStatus,
    /// Public id of its workspace.
    pub workspace_id: String,
    /// Suspended.
    pub blocked: bool,
    /// Why it is suspended.
    pub suspended_reason: Option<String>,
    /// `local+anything@` is delivered to it.
    pub plus_addressing: bool,
    /// Mail clients can sign in.
    pub protocol_access: bool,
    /// Bytes of its messages.
    pub storage_used: i64,
    /// Unix seconds.
    pub last_activity_at: Option<i64>,
    /// Unix seconds.
    pub created_at: i64,
    /// Unix seconds.
    pub updated_at: i64,
}

impl Mailroom {
    /// Shows accounts; looks at all their domains at once.
    pub(crate) fn view_accounts(
        &self,
        tx: &mut dyn Tx,
        rows: &[Grant],
    ) -> Result<Vec<AccountView>, StoreError> {
        let names: Vec<&str> = rows.iter().map(|row| domain_of(&row.email)).collect();
        let covering = domains::covering_each(tx, &names)?;
        let status: HashMap<&str, AccountStatus> = names
            .iter()
            .zip(covering)
            .map(|(name, domain)| {
                let failed = domain.is_some_and(|domain| domain.ownership_failed());
                let status = if failed {
                    AccountStatus::Invalid
                } else {
                    AccountStatus::Valid
                };
                (*name, status)
            })
            .collect();
        Ok(rows
            .iter()
            .map(|row| self.view_account(row, status[domain_of(&row.email)]))
            .collect())
    }

    /// Shows one account whose domain is known already.
    pub(crate) fn view_account(&self, row: &Grant, status: AccountStatus) -> AccountView {
        AccountView {
            id: self.public_id(Kind::Grant, row.id),
            email: row.email.clone(),
            name: row.name.clone(),
            status,
            workspace_id: self.public_id(Kind::Workspace, row.workspace),
            blocked: row.suspended_inbound.is_some(),
            suspended_reason: row.suspended_reason.clone(),
            plus_addressing: row.plus_addressing,
            protocol_access: row.has_app_password,
            storage_used: row.storage_used,
            last_activity_at: row.last_activity_at,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// Returns the domain of a stored address.
pub(crate) fn domain_of(email: &str) -> &str {
    email.rsplit_once('@').map_or("", |(_, domain)| domain)
}
