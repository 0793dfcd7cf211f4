//! Workspaces: groups of accounts that policies and rules apply to.

use std::collections::HashMap;

use posthouse_types::ids::Key;

use crate::sql::{Row, Tx, placeholders};
use crate::{Param, StoreError};

const COLUMNS: &str = "id, application_id, name, domain, auto_group, is_default, created_at, updated_at, policy_id, rule_ids";

/// Accounts that one statement names at most.
const GRANTS_PER_STATEMENT_MAX: usize = 100;

/// A workspace as the store keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workspace {
    /// Its key.
    pub id: Key,
    /// The application it belongs to.
    pub application: Key,
    /// A name for people.
    pub name: String,
    /// The domain whose accounts it is for, as A-labels; unique within the application.
    pub domain: Option<String>,
    /// New accounts of the domain go here.
    pub auto_group: bool,
    /// The one that the application cannot be without.
    pub is_default: bool,
    /// Unix seconds.
    pub created_at: i64,
    /// Unix seconds.
    pub updated_at: i64,
    /// Its policy.
    pub policy: Option<Key>,
    /// Its rules, in the order in which they were named.
    pub rules: Vec<Key>,
}

/// Adds a workspace; [`StoreError::Conflict`] when another one of the application has its domain.
pub fn insert(tx: &mut dyn Tx, workspace: &Workspace) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO workspaces (id, application_id, name, domain, auto_group, is_default, policy_id, rule_ids,
           created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        &[
            workspace.id.into(),
            workspace.application.into(),
            (&workspace.name).into(),
            workspace.domain.as_ref().into(),
            workspace.auto_group.into(),
            workspace.is_default.into(),
            workspace.policy.into(),
            (&written(&workspace.rules)).into(),
            workspace.created_at.into(),
            workspace.updated_at.into(),
        ],
    )?;
    Ok(())
}

/// Returns a workspace of an application.
pub fn find(tx: &mut dyn Tx, application: Key, id: Key) -> Result<Option<Workspace>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM workspaces WHERE application_id = $1 AND id = $2");
    tx.query_opt(&sql, &[application.into(), id.into()], read)
}

/// Returns an application's workspace for a domain.
pub fn by_domain(
    tx: &mut dyn Tx,
    application: Key,
    domain: &str,
) -> Result<Option<Workspace>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM workspaces WHERE application_id = $1 AND domain = $2");
    tx.query_opt(&sql, &[application.into(), domain.into()], read)
}

/// Returns all workspaces of an application, oldest first.
pub fn of_application(tx: &mut dyn Tx, application: Key) -> Result<Vec<Workspace>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM workspaces WHERE application_id = $1 ORDER BY id");
    tx.query(&sql, &[application.into()], read)
}

/// Returns the workspace that a new account of a domain goes to: the one that groups the domain, else the default one.
pub fn for_domain(
    tx: &mut dyn Tx,
    application: Key,
    domain: &str,
) -> Result<Option<Key>, StoreError> {
    tx.query_opt(
        "SELECT COALESCE(
           (SELECT w.id FROM workspaces w WHERE w.application_id = a.id AND w.domain = $2 AND w.auto_group = 1),
           a.default_workspace_id) FROM applications a WHERE a.id = $1",
        &[application.into(), domain.into()],
        |row| row.key(0),
    )
}

/// Returns an application's default workspace.
pub fn default_of(tx: &mut dyn Tx, application: Key) -> Result<Option<Key>, StoreError> {
    tx.query_opt(
        "SELECT default_workspace_id FROM applications WHERE id = $1",
        &[application.into()],
        |row| row.key(0),
    )
}

/// Replaces a workspace's name and grouping.
pub fn update(
    tx: &mut dyn Tx,
    id: Key,
    name: &str,
    auto_group: bool,
    updated_at: i64,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE workspaces SET name = $2, auto_group = $3, updated_at = $4 WHERE id = $1",
        &[id.into(), name.into(), auto_group.into(), updated_at.into()],
    )?;
    Ok(())
}

/// Replaces what a workspace's accounts are governed by.
pub fn set_governance(
    tx: &mut dyn Tx,
    id: Key,
    policy: Option<Key>,
    rules: &[Key],
    updated_at: i64,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE workspaces SET policy_id = $2, rule_ids = $3, updated_at = $4 WHERE id = $1",
        &[
            id.into(),
            policy.into(),
            (&written(rules)).into(),
            updated_at.into(),
        ],
    )?;
    Ok(())
}

/// Returns some workspaces of an application that list a rule, lowest key first, for this transaction alone to change.
pub fn listing_rule(
    tx: &mut dyn Tx,
    application: Key,
    rule: Key,
    limit: i64,
) -> Result<Vec<Workspace>, StoreError> {
    let lock = tx.dialect().lock_rows();
    // Written as a list of numbers, each between brackets or commas.
    let sql = format!(
        "SELECT {COLUMNS} FROM workspaces WHERE application_id = $1
           AND REPLACE(REPLACE(rule_ids, '[', ','), ']', ',') LIKE $2 ORDER BY id LIMIT $3 {lock}"
    );
    let wanted = format!("%,{},%", rule.0);
    let params = [application.into(), (&wanted).into(), limit.into()];
    tx.query(&sql, &params, read)
}

/// Keeps a workspace from being deleted until the transaction ends; tells whether it is there.
pub fn hold(tx: &mut dyn Tx, application: Key, id: Key) -> Result<bool, StoreError> {
    let sql = format!(
        "SELECT id FROM workspaces WHERE application_id = $1 AND id = $2 {}",
        tx.dialect().hold_row()
    );
    let found = tx.query_opt(&sql, &[application.into(), id.into()], |row| row.key(0))?;
    Ok(found.is_some())
}

/// Lets this transaction alone decide about a workspace until it ends.
pub fn lock(tx: &mut dyn Tx, id: Key) -> Result<(), StoreError> {
    let sql = format!(
        "SELECT id FROM workspaces WHERE id = $1 {}",
        tx.dialect().lock_rows()
    );
    tx.query_opt(&sql, &[id.into()], |row| row.key(0))?;
    Ok(())
}

/// What governs the accounts of a workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Governing {
    /// Grows with every change of what follows, and of what that says.
    pub version: i64,
    /// Its policy.
    pub policy: Option<Key>,
    /// Its rules.
    pub rules: Vec<Key>,
}

/// Returns what governs a workspace's accounts; `None`: it is gone.
pub fn governing(
    tx: &mut dyn Tx,
    application: Key,
    id: Key,
) -> Result<Option<Governing>, StoreError> {
    tx.query_opt(
        "SELECT governance_version, policy_id, rule_ids FROM workspaces WHERE application_id = $1 AND id = $2",
        &[application.into(), id.into()],
        |row| {
            Ok(Governing {
                version: row.int(0)?,
                policy: row.opt_key(1)?,
                rules: read_rules(row.text(2)?)?,
            })
        },
    )
}

/// Returns the workspace of each account that is there.
pub fn of_grants(
    tx: &mut dyn Tx,
    accounts: &[(Key, Key)],
) -> Result<HashMap<Key, Key>, StoreError> {
    let mut found = HashMap::with_capacity(accounts.len());
    for accounts in accounts.chunks(GRANTS_PER_STATEMENT_MAX) {
        let sql = format!(
            "SELECT id, workspace_id FROM grants WHERE id IN ({})",
            placeholders(1, accounts.len())
        );
        let params: Vec<Param<'_>> = accounts.iter().map(|(_, grant)| (*grant).into()).collect();
        found.extend(tx.query(&sql, &params, |row| Ok((row.key(0)?, row.key(1)?)))?);
    }
    Ok(found)
}

/// Notes that what governs a workspace's accounts has changed, in the transaction that changes it.
pub fn bump_governance(tx: &mut dyn Tx, id: Key) -> Result<(), StoreError> {
    tx.note_governance();
    tx.execute(
        "UPDATE workspaces SET governance_version = governance_version + 1 WHERE id = $1",
        &[id.into()],
    )?;
    Ok(())
}

/// Notes that a policy has changed, for all workspaces that have it.
pub fn bump_governance_of_policy(tx: &mut dyn Tx, policy: Key) -> Result<(), StoreError> {
    tx.note_governance();
    tx.execute(
        "UPDATE workspaces SET governance_version = governance_version + 1 WHERE policy_id = $1",
        &[policy.into()],
    )?;
    Ok(())
}

/// Notes that a rule has changed, for all workspaces of its application that list it.
pub fn bump_governance_of_rule(
    tx: &mut dyn Tx,
    application: Key,
    rule: Key,
) -> Result<(), StoreError> {
    tx.note_governance();
    let wanted = format!("%,{},%", rule.0);
    tx.execute(
        "UPDATE workspaces SET governance_version = governance_version + 1 WHERE application_id = $1
           AND REPLACE(REPLACE(rule_ids, '[', ','), ']', ',') LIKE $2",
        &[application.into(), (&wanted).into()],
    )?;
    Ok(())
}

/// Removes a workspace that has no accounts any more.
pub fn delete(tx: &mut dyn Tx, application: Key, id: Key) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM workspaces WHERE application_id = $1 AND id = $2 AND is_default = 0",
        &[application.into(), Param::from(id)],
    )?;
    Ok(())
}

fn read(row: &dyn Row) -> Result<Workspace, StoreError> {
    Ok(Workspace {
        id: row.key(0)?,
        application: row.key(1)?,
        name: row.string(2)?,
        domain: row.opt_string(3)?,
        auto_group: row.flag(4)?,
        is_default: row.flag(5)?,
        created_at: row.int(6)?,
        updated_at: row.int(7)?,
        policy: row.opt_key(8)?,
        rules: read_rules(row.text(9)?)?,
    })
}

/// Reads the rules of a workspace as the column holds them; what cannot be read is damage, never an empty list.
fn read_rules(text: &str) -> Result<Vec<Key>, StoreError> {
    let damage = || StoreError::Damaged("rules of a workspace".to_owned());
    let inner = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .ok_or_else(damage)?;
    if inner.is_empty() {
        return Ok(Vec::new());
    }
    inner
        .split(',')
        .map(|number| number.parse().map(Key).map_err(|_| damage()))
        .collect()
}

fn written(rules: &[Key]) -> String {
    let keys: Vec<String> = rules.iter().map(|rule| rule.0.to_string()).collect();
    format!("[{}]", keys.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_read_as_they_were_written_and_damage_is_told() {
        for rules in [vec![], vec![Key(7)], vec![Key(1 << 62), Key(3)]] {
            assert_eq!(read_rules(&written(&rules)).unwrap(), rules);
        }
        for broken in ["", "[1", "[\"1\"]", "null", "{}"] {
            let read = read_rules(broken);
            assert!(matches!(read, Err(StoreError::Damaged(_))), "{broken}");
        }
    }
}
