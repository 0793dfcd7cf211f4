//! Certificates that an authority issues to this server: what is there, what is being ordered, and who answers challenges.

use crate::StoreError;
use crate::sql::Tx;

/// A certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateRow {
    /// The name it is for.
    pub name: String,
    /// PEM: the certificate, then its issuers.
    pub chain: String,
    /// PKCS #8, encrypted.
    pub private_key: Vec<u8>,
    /// Unix seconds from which it is valid.
    pub issued_at: i64,
    /// Unix seconds at which it runs out.
    pub expires_at: i64,
    /// Unix seconds at which it was stored.
    pub stored_at: i64,
}

/// Work on a name that was claimed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedOrder {
    /// The name.
    pub name: String,
    /// Where its open order is.
    pub url: Option<String>,
    /// The key of that order, encrypted.
    pub private_key: Option<Vec<u8>>,
    /// What proves that the claim is the newest.
    pub token: i64,
    /// Failures in a row.
    pub failures: i64,
}

/// How the work on a name stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderState {
    /// The name.
    pub name: String,
    /// Failures in a row.
    pub failures: i64,
    /// What the last one was.
    pub error: String,
    /// When somebody looks next, in microseconds.
    pub due_us: i64,
}

/// Returns every certificate.
pub fn all(tx: &mut dyn Tx) -> Result<Vec<CertificateRow>, StoreError> {
    tx.query(
        "SELECT name, chain, private_key, issued_at, expires_at, stored_at FROM certificates ORDER BY name",
        &[],
        |row| {
            Ok(CertificateRow {
                name: row.string(0)?,
                chain: row.string(1)?,
                private_key: row.bytes(2)?.to_vec(),
                issued_at: row.int(3)?,
                expires_at: row.int(4)?,
                stored_at: row.int(5)?,
            })
        },
    )
}

/// Returns two numbers that change when a certificate does.
pub fn sign_of_all(tx: &mut dyn Tx) -> Result<(i64, i64), StoreError> {
    tx.query_one(
        "SELECT COUNT(*), CAST(COALESCE(SUM(stored_at), 0) AS BIGINT) FROM certificates",
        &[],
        |row| Ok((row.int(0)?, row.int(1)?)),
    )
}

/// Stores a certificate in place of an older one for its name.
pub fn put(tx: &mut dyn Tx, certificate: &CertificateRow) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO certificates (name, chain, private_key, issued_at, expires_at, stored_at)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (name) DO UPDATE SET chain = excluded.chain, private_key = excluded.private_key,
           issued_at = excluded.issued_at, expires_at = excluded.expires_at, stored_at = excluded.stored_at",
        &[
            (&certificate.name).into(),
            (&certificate.chain).into(),
            certificate.private_key.as_slice().into(),
            certificate.issued_at.into(),
            certificate.expires_at.into(),
            certificate.stored_at.into(),
        ],
    )?;
    Ok(())
}

/// Sees to it that there is work for a name; what is there stays as it is.
pub fn want(tx: &mut dyn Tx, name: &str, due_us: i64) -> Result<bool, StoreError> {
    let inserted = tx.execute(
        "INSERT INTO certificate_orders (name, due_us) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING",
        &[name.into(), due_us.into()],
    )?;
    Ok(inserted > 0)
}

/// Forgets a name that is not ours any more, with its certificate.
pub fn forget(tx: &mut dyn Tx, name: &str) -> Result<(), StoreError> {
    for table in ["certificate_orders", "certificates", "acme_challenges"] {
        let sql = format!("DELETE FROM {table} WHERE name = $1");
        tx.execute(&sql, &[name.into()])?;
    }
    Ok(())
}

/// Returns how the work on every name stands.
pub fn states(tx: &mut dyn Tx) -> Result<Vec<OrderState>, StoreError> {
    tx.query(
        "SELECT name, failures, error, due_us FROM certificate_orders ORDER BY name",
        &[],
        |row| {
            Ok(OrderState {
                name: row.string(0)?,
                failures: row.int(1)?,
                error: row.string(2)?,
                due_us: row.int(3)?,
            })
        },
    )
}

/// Claims the name that has been due for longest, until `until_us`.
pub fn claim(
    tx: &mut dyn Tx,
    now_us: i64,
    until_us: i64,
) -> Result<Option<ClaimedOrder>, StoreError> {
    let sql = format!(
        "WITH due AS MATERIALIZED (SELECT name FROM certificate_orders
           WHERE due_us <= $1 ORDER BY due_us, name LIMIT 1 {})
         UPDATE certificate_orders SET due_us = $2, claimed = 1, claim_token = claim_token + 1
         WHERE name IN (SELECT name FROM due)
         RETURNING name, url, private_key, claim_token, failures",
        tx.dialect().skip_locked()
    );
    tx.query_opt(&sql, &[now_us.into(), until_us.into()], |row| {
        Ok(ClaimedOrder {
            name: row.string(0)?,
            url: row.opt_string(1)?,
            private_key: row.opt_bytes(2)?.map(<[u8]>::to_vec),
            token: row.int(3)?,
            failures: row.int(4)?,
        })
    })
}

/// Makes what a former process had claimed due again.
pub fn release_all(tx: &mut dyn Tx, now_us: i64) -> Result<u64, StoreError> {
    tx.execute(
        "UPDATE certificate_orders SET due_us = $1, claimed = 0, claim_token = claim_token + 1 WHERE claimed = 1",
        &[now_us.into()],
    )
}

/// Notes the order that was opened under a claim; tells whether the claim is still the newest.
pub fn opened(
    tx: &mut dyn Tx,
    claim: &ClaimedOrder,
    url: &str,
    private_key: &[u8],
) -> Result<bool, StoreError> {
    let changed = tx.execute(
        "UPDATE certificate_orders SET url = $3, private_key = $4 WHERE name = $1 AND claim_token = $2",
        &[
            (&claim.name).into(),
            claim.token.into(),
            url.into(),
            private_key.into(),
        ],
    )?;
    Ok(changed > 0)
}

/// Ends a claim: nothing is open any more, and the name is due again at `due_us`. `error` is empty after a success. Tells
/// whether the claim was still the newest.
pub fn close(
    tx: &mut dyn Tx,
    claim: &ClaimedOrder,
    due_us: i64,
    error: &str,
) -> Result<bool, StoreError> {
    let failures = if error.is_empty() {
        0
    } else {
        claim.failures + 1
    };
    let changed = tx.execute(
        "UPDATE certificate_orders SET url = NULL, private_key = NULL, claimed = 0, due_us = $3, failures = $4, error = $5
         WHERE name = $1 AND claim_token = $2",
        &[
            (&claim.name).into(),
            claim.token.into(),
            due_us.into(),
            failures.into(),
            error.into(),
        ],
    )?;
    if changed > 0 {
        tx.execute(
            "DELETE FROM acme_challenges WHERE name = $1",
            &[(&claim.name).into()],
        )?;
    }
    Ok(changed > 0)
}

/// Returns when the next name is due, in microseconds.
pub fn next_due(tx: &mut dyn Tx) -> Result<Option<i64>, StoreError> {
    tx.query_one("SELECT MIN(due_us) FROM certificate_orders", &[], |row| {
        row.opt_int(0)
    })
}

/// Returns the account at an authority, encrypted.
pub fn account(tx: &mut dyn Tx, directory: &str) -> Result<Option<Vec<u8>>, StoreError> {
    tx.query_opt(
        "SELECT credentials FROM acme_accounts WHERE directory = $1",
        &[directory.into()],
        |row| Ok(row.bytes(0)?.to_vec()),
    )
}

/// Keeps an account unless there is one already; tells whether it was kept.
pub fn keep_account(
    tx: &mut dyn Tx,
    directory: &str,
    credentials: &[u8],
    now: i64,
) -> Result<bool, StoreError> {
    let inserted = tx.execute(
        "INSERT INTO acme_accounts (directory, credentials, created_at) VALUES ($1, $2, $3)
         ON CONFLICT (directory) DO NOTHING",
        &[directory.into(), credentials.into(), now.into()],
    )?;
    Ok(inserted > 0)
}

/// Forgets an account that the authority does not know.
pub fn drop_account(tx: &mut dyn Tx, directory: &str) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM acme_accounts WHERE directory = $1",
        &[directory.into()],
    )?;
    Ok(())
}

/// Puts up the answer to a challenge.
pub fn put_challenge(
    tx: &mut dyn Tx,
    token: &str,
    name: &str,
    answer: &str,
    now: i64,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO acme_challenges (token, name, answer, created_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (token) DO UPDATE SET name = excluded.name, answer = excluded.answer",
        &[token.into(), name.into(), answer.into(), now.into()],
    )?;
    Ok(())
}

/// Returns the answer to a challenge.
pub fn challenge(tx: &mut dyn Tx, token: &str) -> Result<Option<String>, StoreError> {
    tx.query_opt(
        "SELECT answer FROM acme_challenges WHERE token = $1",
        &[token.into()],
        |row| row.string(0),
    )
}

/// Returns the name and answer of every open challenge.
pub fn challenges(tx: &mut dyn Tx) -> Result<Vec<(String, String)>, StoreError> {
    tx.query(
        "SELECT name, answer FROM acme_challenges ORDER BY name LIMIT 1000",
        &[],
        |row| Ok((row.string(0)?, row.string(1)?)),
    )
}
