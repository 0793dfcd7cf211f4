//! Accounts, which the API calls grants.

use posthouse_types::ids::Key;

use crate::sql::{Row, Tx, like_escaped, placeholders};
use crate::{Param, StoreError};

const COLUMNS: &str = "g.id, g.application_id, g.workspace_id, g.email, g.name,
    CAST(CASE WHEN g.app_password_hash IS NULL THEN 0 ELSE 1 END AS BIGINT), g.plus_addressing, g.suspended_inbound,
    g.suspended_reason, g.last_activity_at, g.created_at, g.updated_at,
    (SELECT CAST(COALESCE(SUM(f.total_bytes), 0) AS BIGINT) FROM folders f WHERE f.grant_id = g.id)";

/// An account as the store keeps it, without its password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Its key.
    pub id: Key,
    /// The application that owns it.
    pub application: Key,
    /// The workspace it is in.
    pub workspace: Key,
    /// Its address, lower case.
    pub email: String,
    /// Its display name; empty when it has none.
    pub name: String,
    /// Whether mail clients can sign in.
    pub has_app_password: bool,
    /// Whether `local+anything@` is delivered to it.
    pub plus_addressing: bool,
    /// What happens to inbound mail while it is suspended (`accept`, `defer`, `reject`); `None` when it is not.
    pub suspended_inbound: Option<String>,
    /// Why it is suspended.
    pub suspended_reason: Option<String>,
    /// Unix seconds.
    pub last_activity_at: Option<i64>,
    /// Unix seconds.
    pub created_at: i64,
    /// Unix seconds.
    pub updated_at: i64,
    /// Bytes of its messages.
    pub storage_used: i64,
}

/// An account as it is created.
#[derive(Debug, Clone)]
pub struct NewGrant<'a> {
    /// Its key.
    pub id: Key,
    /// The application that owns it.
    pub application: Key,
    /// The workspace it is in.
    pub workspace: Key,
    /// Its address, lower case.
    pub email: &'a str,
    /// Its display name; empty when it has none.
    pub name: &'a str,
    /// bcrypt hash of its password.
    pub app_password_hash: Option<&'a str>,
    /// Whether `local+anything@` is delivered to it.
    pub plus_addressing: bool,
    /// Unix seconds.
    pub now: i64,
}

/// Creates an account; tells whether its address was free.
pub fn insert(tx: &mut dyn Tx, grant: &NewGrant<'_>) -> Result<bool, StoreError> {
    let inserted = tx.execute(
        "INSERT INTO grants (id, application_id, workspace_id, email, name, app_password_hash, plus_addressing,
           suspended_inbound, suspended_reason, last_activity_at, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, NULL, NULL, NULL, $8, $8) ON CONFLICT (email) DO NOTHING",
        &[
            grant.id.into(),
            grant.application.into(),
            grant.workspace.into(),
            grant.email.into(),
            grant.name.into(),
            grant.app_password_hash.into(),
            grant.plus_addressing.into(),
            grant.now.into(),
        ],
    )?;
    Ok(inserted > 0)
}

/// Returns an account of an application.
pub fn find(tx: &mut dyn Tx, application: Key, id: Key) -> Result<Option<Grant>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM grants g WHERE g.id = $1 AND g.application_id = $2");
    tx.query_opt(&sql, &[id.into(), application.into()], read)
}

/// Returns the account that has an address, whoever owns it.
pub fn by_email(tx: &mut dyn Tx, email: &str) -> Result<Option<Grant>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM grants g WHERE g.email = $1");
    tx.query_opt(&sql, &[email.into()], read)
}

const IDENTITY_COLUMNS: &str = "id, application_id, workspace_id, email, suspended_inbound";

/// What every request for an account's data needs to know of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Its key.
    pub id: Key,
    /// The application that owns it.
    pub application: Key,
    /// The workspace it is in.
    pub workspace: Key,
    /// Its address, lower case.
    pub email: String,
    /// It neither sends nor changes anything.
    pub is_suspended: bool,
}

/// How an account is suspended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suspension {
    /// What happens to its mail: `accept`, `defer` or `reject`.
    pub inbound: String,
    /// Why.
    pub reason: Option<String>,
}

/// What names an account.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum GrantName {
    /// Its key.
    Id(Key),
    /// Its address, lower case.
    Email(String),
}

/// Returns who an account is, in any application.
pub fn identify(tx: &mut dyn Tx, name: &GrantName) -> Result<Option<Identity>, StoreError> {
    let (column, value) = match name {
        GrantName::Id(id) => ("id", Param::from(*id)),
        GrantName::Email(email) => ("email", Param::from(email)),
    };
    let sql = format!("SELECT {IDENTITY_COLUMNS} FROM grants WHERE {column} = $1");
    tx.query_opt(&sql, &[value], read_identity)
}

/// Counts the accounts of the installation, up to `most`.
pub fn count_up_to(tx: &mut dyn Tx, most: u64) -> Result<u64, StoreError> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    tx.query_one(
        "SELECT COUNT(*) FROM (SELECT id FROM grants LIMIT $1) g",
        &[most.into()],
        |row| Ok(u64::try_from(row.int(0)?).unwrap_or_default()),
    )
}

/// Tells whether an application has any account.
pub fn any_of_application(tx: &mut dyn Tx, application: Key) -> Result<bool, StoreError> {
    let found = tx.query_opt(
        "SELECT id FROM grants WHERE application_id = $1 LIMIT 1",
        &[application.into()],
        |_| Ok(()),
    )?;
    Ok(found.is_some())
}

/// By what a listing is sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SortBy {
    /// When accounts were made.
    #[default]
    CreatedAt,
    /// When they were last changed.
    UpdatedAt,
}

/// Which accounts a listing wants; all conditions must hold.
#[derive(Debug, Clone)]
pub struct Filter {
    /// Of this application.
    pub application: Key,
    /// In this workspace.
    pub workspace: Option<Key>,
    /// This one.
    pub grant: Option<Key>,
    /// With this address, lower case.
    pub email: Option<String>,
    /// Made at this Unix second or later.
    pub since: Option<i64>,
    /// Made at this Unix second or earlier.
    pub before: Option<i64>,
    /// At (`true`) or not at (`false`) one of these domains, each with whether its subdomains count.
    pub at_domains: Option<(bool, Vec<(String, bool)>)>,
    /// By what to sort.
    pub sort: SortBy,
    /// Oldest first rather than newest first.
    pub ascending: bool,
    /// How many at most.
    pub limit: i64,
    /// How many to leave out first.
    pub offset: i64,
}

/// Returns the accounts a filter selects.
pub fn list(tx: &mut dyn Tx, filter: &Filter) -> Result<Vec<Grant>, StoreError> {
    let patterns = match &filter.at_domains {
        Some((_, domains)) => domain_patterns(domains),
        None => Vec::new(),
    };
    let mut sql = format!("SELECT {COLUMNS} FROM grants g WHERE g.application_id = $1");
    let mut params: Vec<Param<'_>> = vec![filter.application.into()];
    let conditions: [(&str, Option<Param<'_>>); 5] = [
        ("g.workspace_id =", filter.workspace.map(Into::into)),
        ("g.id =", filter.grant.map(Into::into)),
        ("g.email =", filter.email.as_ref().map(Into::into)),
        ("g.created_at >=", filter.since.map(Into::into)),
        ("g.created_at <=", filter.before.map(Into::into)),
    ];
    for (condition, value) in conditions {
        if let Some(value) = value {
            params.push(value);
            sql.push_str(&format!(" AND {condition} ${}", params.len()));
        }
    }
    if let Some((wanted, _)) = &filter.at_domains {
        let mut any = vec!["0 = 1".to_owned()];
        for pattern in &patterns {
            params.push(pattern.into());
            any.push(format!("g.email LIKE ${} ESCAPE '\\'", params.len()));
        }
        let not = if *wanted { "" } else { "NOT " };
        sql.push_str(&format!(" AND {not}({})", any.join(" OR ")));
    }
    let direction = if filter.ascending { "ASC" } else { "DESC" };
    let order = match filter.sort {
        // Keys grow with the time of creation.
        SortBy::CreatedAt => format!("g.id {direction}"),
        SortBy::UpdatedAt => format!("g.updated_at {direction}, g.id {direction}"),
    };
    params.push(filter.limit.into());
    params.push(filter.offset.into());
    let count = params.len();
    sql.push_str(&format!(
        " ORDER BY {order} LIMIT ${} OFFSET ${count}",
        count - 1
    ));
    tx.query(&sql, &params, read)
}

fn domain_patterns(domains: &[(String, bool)]) -> Vec<String> {
    let mut patterns = Vec::with_capacity(domains.len());
    for (domain, subdomains) in domains {
        patterns.push(format!("%@{}", like_escaped(domain)));
        if *subdomains {
            patterns.push(format!("%.{}", like_escaped(domain)));
        }
    }
    patterns
}

/// Returns the distinct domains of all accounts at `domain` or below it, of whatever application.
pub fn domains_in_use(tx: &mut dyn Tx, domain: &str) -> Result<Vec<String>, StoreError> {
    let patterns = domain_patterns(&[(domain.to_owned(), true)]);
    let mut found = std::collections::BTreeSet::new();
    tx.for_each(
        "SELECT email FROM grants WHERE email LIKE $1 ESCAPE '\\' OR email LIKE $2 ESCAPE '\\'",
        &[(&patterns[0]).into(), (&patterns[1]).into()],
        &mut |row| {
            if let Some((_, at)) = row.text(0)?.rsplit_once('@')
                && !found.contains(at)
            {
                found.insert(at.to_owned());
            }
            Ok(())
        },
    )?;
    Ok(found.into_iter().collect())
}

/// Returns up to `limit` accounts of a workspace that were made after `behind`, oldest first.
pub fn of_workspace(
    tx: &mut dyn Tx,
    workspace: Key,
    behind: Option<Key>,
    limit: i64,
) -> Result<Vec<Identity>, StoreError> {
    let sql = format!(
        "SELECT {IDENTITY_COLUMNS} FROM grants WHERE workspace_id = $1 AND id > $2 ORDER BY id LIMIT $3"
    );
    tx.query(
        &sql,
        &[
            workspace.into(),
            behind.map_or(0, |key| key.0).into(),
            limit.into(),
        ],
        read_identity,
    )
}

/// Returns those of the named accounts that an application has.
pub fn identify_each(
    tx: &mut dyn Tx,
    application: Key,
    ids: &[Key],
) -> Result<Vec<Identity>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT {IDENTITY_COLUMNS} FROM grants WHERE application_id = $1 AND id IN ({}) ORDER BY id",
        placeholders(2, ids.len())
    );
    let mut params: Vec<Param<'_>> = vec![application.into()];
    params.extend(ids.iter().map(|id| Param::from(*id)));
    tx.query(&sql, &params, read_identity)
}

/// Moves an account to another workspace.
pub fn move_to(tx: &mut dyn Tx, id: Key, workspace: Key, now: i64) -> Result<(), StoreError> {
    tx.note_governance();
    tx.execute(
        "UPDATE grants SET workspace_id = $2, updated_at = $3 WHERE id = $1",
        &[id.into(), workspace.into(), now.into()],
    )?;
    Ok(())
}

/// What an update writes: the whole of what can change.
#[derive(Debug, Clone)]
pub struct GrantUpdate<'a> {
    /// The display name; empty for none.
    pub name: &'a str,
    /// The workspace.
    pub workspace: Key,
    /// Whether `local+anything@` is delivered to it.
    pub plus_addressing: bool,
    /// Unix seconds.
    pub updated_at: i64,
}

/// Replaces what an update may change, but for the password.
pub fn update(tx: &mut dyn Tx, id: Key, update: &GrantUpdate<'_>) -> Result<(), StoreError> {
    tx.note_governance();
    tx.execute(
        "UPDATE grants SET name = $2, workspace_id = $3, plus_addressing = $4, updated_at = $5 WHERE id = $1",
        &[
            id.into(),
            update.name.into(),
            update.workspace.into(),
            update.plus_addressing.into(),
            update.updated_at.into(),
        ],
    )?;
    Ok(())
}

/// Replaces an account's password hash; `None` ends protocol access.
pub fn set_app_password(
    tx: &mut dyn Tx,
    id: Key,
    app_password_hash: Option<&str>,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE grants SET app_password_hash = $2 WHERE id = $1",
        &[id.into(), app_password_hash.into()],
    )?;
    Ok(())
}

/// Suspends an account, or lets it go on.
pub fn set_suspension(
    tx: &mut dyn Tx,
    id: Key,
    suspension: Option<&Suspension>,
    now: i64,
) -> Result<(), StoreError> {
    let (inbound, reason) = match suspension {
        Some(suspension) => (Some(&suspension.inbound), suspension.reason.as_ref()),
        None => (None, None),
    };
    tx.execute(
        "UPDATE grants SET suspended_inbound = $2, suspended_reason = $3, updated_at = $4 WHERE id = $1",
        &[id.into(), inbound.into(), reason.into(), now.into()],
    )?;
    Ok(())
}

fn read(row: &dyn Row) -> Result<Grant, StoreError> {
    Ok(Grant {
        id: row.key(0)?,
        application: row.key(1)?,
        workspace: row.key(2)?,
        email: row.string(3)?,
        name: row.string(4)?,
        has_app_password: row.flag(5)?,
        plus_addressing: row.flag(6)?,
        suspended_inbound: row.opt_string(7)?,
        suspended_reason: row.opt_string(8)?,
        last_activity_at: row.opt_int(9)?,
        created_at: row.int(10)?,
        updated_at: row.int(11)?,
        storage_used: row.int(12)?,
    })
}

fn read_identity(row: &dyn Row) -> Result<Identity, StoreError> {
    Ok(Identity {
        id: row.key(0)?,
        application: row.key(1)?,
        workspace: row.key(2)?,
        email: row.string(3)?,
        is_suspended: row.opt_string(4)?.is_some(),
    })
}
