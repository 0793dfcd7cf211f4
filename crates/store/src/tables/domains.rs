//! Registered domains: where accounts can be.

use posthouse_types::ids::Key;

use std::net::IpAddr;

use super::{dkim_keys, domain_checks, warm_up};
use crate::sql::{Row, Tx, placeholders};
use crate::{Param, StoreError};

/// An account that was deleted is shown as none: ids are never used again.
const COLUMNS: &str = "d.id, d.address, d.name, d.application_id, d.branded, d.include_subdomains,
    (SELECT g.id FROM grants g WHERE g.id = d.catch_all_grant_id), d.verified_ownership, d.verified_mx, d.verified_spf,
    d.verified_dkim, d.verified_feedback, d.verified_dmarc, d.verified_arc, d.last_checked_at, d.created_at,
    d.updated_at, (SELECT c.checked_at FROM domain_checks c WHERE c.domain_id = d.id AND c.kind = 'ownership'),
    d.source_addresses, d.warm_up, d.warm_up_started_at";

/// Names asked for in one query at most.
const NAMES_PER_QUERY_MAX: usize = 500;

/// Which records of a domain were found in DNS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Verified {
    /// The registrant controls the domain.
    pub ownership: bool,
    /// Mail for the domain comes to this server.
    pub mx: bool,
    /// This server may send for the domain.
    pub spf: bool,
    /// Our signing key is published.
    pub dkim: bool,
    /// Bounces come to this server.
    pub feedback: bool,
    /// The domain has a DMARC policy.
    pub dmarc: bool,
    /// Follows from the signing key.
    pub arc: bool,
}

impl Verified {
    /// Everything: domains that need no DNS.
    pub const ALL: Self = Self {
        ownership: true,
        mx: true,
        spf: true,
        dkim: true,
        feedback: true,
        dmarc: true,
        arc: true,
    };
}

/// A registered domain as the store keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisteredDomain {
    /// Its key.
    pub id: Key,
    /// The domain as A-labels, unique on the server.
    pub address: String,
    /// A name for people.
    pub name: String,
    /// The one application that may create accounts on it, or `None` for all of them.
    pub application: Option<Key>,
    /// A trial domain of this server.
    pub branded: bool,
    /// Accounts may be at any name below it.
    pub include_subdomains: bool,
    /// The account that gets mail for addresses nobody has.
    pub catch_all_grant: Option<Key>,
    /// What was found in DNS.
    pub verified: Verified,
    /// Unix seconds of the last look into DNS.
    pub last_checked_at: Option<i64>,
    /// Unix seconds.
    pub created_at: i64,
    /// Unix seconds.
    pub updated_at: i64,
    /// Unix seconds of the last check of the ownership.
    pub ownership_checked_at: Option<i64>,
    /// Addresses of this host that its mail leaves from; none: whatever the host chooses.
    pub source_addresses: Vec<IpAddr>,
    /// How it begins to send.
    pub warm_up: Option<WarmUp>,
}

/// How much a domain sends while receivers get to know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WarmUp {
    /// Recipients of other servers on each day; behind the last one, as many as there are.
    pub per_day: Vec<i64>,
    /// Unix seconds; its day is the first one.
    pub started_at: i64,
}

impl RegisteredDomain {
    /// Tells whether accounts of this application may be on the domain.
    #[must_use]
    pub fn serves(&self, application: Key) -> bool {
        self.application.is_none_or(|owner| owner == application)
    }

    /// Tells whether a check in DNS found that the registrant does not control the domain.
    #[must_use]
    pub fn ownership_failed(&self) -> bool {
        self.ownership_checked_at.is_some() && !self.verified.ownership
    }
}

/// Registers a domain; tells whether it was free.
pub fn insert(tx: &mut dyn Tx, domain: &RegisteredDomain) -> Result<bool, StoreError> {
    let inserted = tx.execute(
        "INSERT INTO domains (id, address, name, application_id, branded, include_subdomains, catch_all_grant_id,
           verified_ownership, verified_mx, verified_spf, verified_dkim, verified_feedback, verified_dmarc,
           verified_arc, last_checked_at, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
         ON CONFLICT (address) DO NOTHING",
        &[
            domain.id.into(),
            (&domain.address).into(),
            (&domain.name).into(),
            domain.application.into(),
            domain.branded.into(),
            domain.include_subdomains.into(),
            domain.catch_all_grant.into(),
            domain.verified.ownership.into(),
            domain.verified.mx.into(),
            domain.verified.spf.into(),
            domain.verified.dkim.into(),
            domain.verified.feedback.into(),
            domain.verified.dmarc.into(),
            domain.verified.arc.into(),
            domain.last_checked_at.into(),
            domain.created_at.into(),
            domain.updated_at.into(),
        ],
    )?;
    Ok(inserted > 0)
}

/// Returns a domain by its key.
pub fn find(tx: &mut dyn Tx, id: Key) -> Result<Option<RegisteredDomain>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM domains d WHERE d.id = $1");
    tx.query_opt(&sql, &[id.into()], read)
}

/// Returns a domain by its name.
pub fn by_address(tx: &mut dyn Tx, address: &str) -> Result<Option<RegisteredDomain>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM domains d WHERE d.address = $1");
    tx.query_opt(&sql, &[address.into()], read)
}

/// Returns up to `limit` domains registered after `behind`, oldest first.
pub fn page(
    tx: &mut dyn Tx,
    behind: Option<Key>,
    limit: i64,
) -> Result<Vec<RegisteredDomain>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM domains d WHERE d.id > $1 ORDER BY d.id LIMIT $2");
    let behind = behind.map_or(0, |key| key.0);
    tx.query(&sql, &[behind.into(), limit.into()], read)
}

/// Returns the registered domain that an address at `name` belongs to: the name itself, else the nearest registered
/// name above it that includes its subdomains.
pub fn covering(tx: &mut dyn Tx, name: &str) -> Result<Option<RegisteredDomain>, StoreError> {
    let found = covering_each(tx, &[name])?;
    Ok(found.into_iter().next().flatten())
}

/// Returns [`covering`] for each name, in the same order.
pub fn covering_each(
    tx: &mut dyn Tx,
    names: &[&str],
) -> Result<Vec<Option<RegisteredDomain>>, StoreError> {
    let mut candidates: Vec<&str> = names.iter().flat_map(|name| self_and_above(name)).collect();
    candidates.sort_unstable();
    candidates.dedup();
    let mut registered = std::collections::HashMap::new();
    for chunk in candidates.chunks(NAMES_PER_QUERY_MAX) {
        let sql = format!(
            "SELECT {COLUMNS} FROM domains d WHERE d.address IN ({})",
            placeholders(1, chunk.len())
        );
        let params: Vec<Param<'_>> = chunk.iter().map(|name| Param::Text(name)).collect();
        for domain in tx.query(&sql, &params, read)? {
            registered.insert(domain.address.clone(), domain);
        }
    }
    let cover = |name: &&str| {
        self_and_above(name)
            .filter_map(|candidate| registered.get(candidate))
            .find(|domain| domain.address == **name || domain.include_subdomains)
            .cloned()
    };
    Ok(names.iter().map(cover).collect())
}

/// Returns the names of all domains whose ownership check failed, with whether their subdomains are included.
pub fn with_failed_ownership(tx: &mut dyn Tx) -> Result<Vec<(String, bool)>, StoreError> {
    tx.query(
        "SELECT d.address, d.include_subdomains FROM domains d
         WHERE d.verified_ownership = 0
           AND EXISTS (SELECT 1 FROM domain_checks c WHERE c.domain_id = d.id AND c.kind = 'ownership')",
        &[],
        |row| Ok((row.string(0)?, row.flag(1)?)),
    )
}

/// Replaces what an update may change.
pub fn update(tx: &mut dyn Tx, domain: &RegisteredDomain) -> Result<(), StoreError> {
    let addresses = joined(&domain.source_addresses);
    let per_day = domain
        .warm_up
        .as_ref()
        .map(|warm_up| joined(&warm_up.per_day));
    let started_at = domain.warm_up.as_ref().map(|warm_up| warm_up.started_at);
    tx.execute(
        "UPDATE domains SET name = $2, include_subdomains = $3, catch_all_grant_id = $4, updated_at = $5,
           source_addresses = $6, warm_up = $7, warm_up_started_at = $8 WHERE id = $1",
        &[
            domain.id.into(),
            (&domain.name).into(),
            domain.include_subdomains.into(),
            domain.catch_all_grant.into(),
            domain.updated_at.into(),
            (&addresses).into(),
            per_day.as_ref().into(),
            started_at.into(),
        ],
    )?;
    Ok(())
}

/// Notes what was found in DNS.
pub fn set_verified(
    tx: &mut dyn Tx,
    id: Key,
    verified: Verified,
    checked_at: i64,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE domains SET verified_ownership = $2, verified_mx = $3, verified_spf = $4, verified_dkim = $5,
           verified_feedback = $6, verified_dmarc = $7, verified_arc = $8, last_checked_at = $9 WHERE id = $1",
        &[
            id.into(),
            verified.ownership.into(),
            verified.mx.into(),
            verified.spf.into(),
            verified.dkim.into(),
            verified.feedback.into(),
            verified.dmarc.into(),
            verified.arc.into(),
            checked_at.into(),
        ],
    )?;
    Ok(())
}

/// Lets one transaction at a time decide about a domain and its keys, until it ends; returns the domain.
pub fn lock(tx: &mut dyn Tx, id: Key) -> Result<Option<RegisteredDomain>, StoreError> {
    let lock = tx.dialect().lock_rows();
    let held = tx.query_opt(
        &format!("SELECT id FROM domains WHERE id = $1 {lock}"),
        &[id.into()],
        |row| row.key(0),
    )?;
    match held {
        Some(id) => find(tx, id),
        None => Ok(None),
    }
}

/// Removes a domain that no account is on, with its keys and what was found of it.
pub fn delete(tx: &mut dyn Tx, id: Key) -> Result<(), StoreError> {
    dkim_keys::delete_of_domain(tx, id)?;
    domain_checks::delete_of_domain(tx, id)?;
    warm_up::delete_of_domain(tx, id)?;
    tx.execute("DELETE FROM domains WHERE id = $1", &[Param::from(id)])?;
    Ok(())
}

/// Returns a name, then each name above it: `a.b.c`, `b.c`, `c`.
fn self_and_above(name: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(name), |name| {
        name.split_once('.').map(|(_, above)| above)
    })
}

/// Lists are kept as text: they are small, and read with their domain.
fn joined(list: &[impl ToString]) -> String {
    let texts: Vec<String> = list.iter().map(ToString::to_string).collect();
    texts.join(",")
}

fn parted<T: std::str::FromStr>(text: &str) -> Result<Vec<T>, StoreError> {
    text.split(',')
        .filter(|one| !one.is_empty())
        .map(|one| {
            one.parse()
                .map_err(|_| StoreError::Fault(format!("a domain's settings are damaged: {text}")))
        })
        .collect()
}

fn read_warm_up(row: &dyn Row) -> Result<Option<WarmUp>, StoreError> {
    let (Some(per_day), Some(started_at)) = (row.opt_string(19)?, row.opt_int(20)?) else {
        return Ok(None);
    };
    Ok(Some(WarmUp {
        per_day: parted(&per_day)?,
        started_at,
    }))
}

fn read(row: &dyn Row) -> Result<RegisteredDomain, StoreError> {
    Ok(RegisteredDomain {
        id: row.key(0)?,
        address: row.string(1)?,
        name: row.string(2)?,
        application: row.opt_key(3)?,
        branded: row.flag(4)?,
        include_subdomains: row.flag(5)?,
        catch_all_grant: row.opt_key(6)?,
        verified: Verified {
            ownership: row.flag(7)?,
            mx: row.flag(8)?,
            spf: row.flag(9)?,
            dkim: row.flag(10)?,
            feedback: row.flag(11)?,
            dmarc: row.flag(12)?,
            arc: row.flag(13)?,
        },
        last_checked_at: row.opt_int(14)?,
        created_at: row.int(15)?,
        updated_at: row.int(16)?,
        ownership_checked_at: row.opt_int(17)?,
        source_addresses: parted(&row.string(18)?)?,
        warm_up: read_warm_up(row)?,
    })
}
