//! Contacts: the address book of an account.

use posthouse_types::ids::{IdCodec, Key};

use super::terms::Term;
use crate::sql::{Row, Tx, placeholders};
use crate::{Param, StoreError};

/// A contact as the store keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// Its key.
    pub id: Key,
    /// Where it comes from: `address_book` or `inbox`.
    pub source: String,
    /// Its members as a JSON object; what is empty is left out.
    pub document: String,
    /// A JSON object, if metadata was set.
    pub metadata: Option<String>,
    /// Unix seconds.
    pub created_at: i64,
    /// Unix seconds.
    pub updated_at: i64,
}

/// What a contact is sorted and found by, made of its members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContactIndex {
    /// Compared byte by byte, so that every engine sorts alike.
    pub sort_key: Vec<u8>,
    /// Each once.
    pub terms: Vec<Term>,
}

/// What kind of text a contact is found by. The labels are part of stored hashes: they never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContactField {
    /// An address, folded.
    Email,
    /// The digits of a telephone number.
    PhoneDigits,
}

impl ContactField {
    /// Returns the term for a text in this field.
    #[must_use]
    pub fn term(self, codec: &IdCodec, text: &str) -> Term {
        let label = match self {
            Self::Email => "contact_email",
            Self::PhoneDigits => "contact_phone",
        };
        Term(codec.authenticate(label, text.as_bytes()) as i64)
    }
}

/// The place of a contact in listings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContactPosition {
    /// As [`ContactIndex::sort_key`].
    pub sort_key: Vec<u8>,
    /// The contact's key.
    pub id: Key,
}

/// Which contacts of an account a listing wants; all conditions must hold.
#[derive(Debug, Clone)]
pub struct ContactSelection {
    /// The account.
    pub grant: Key,
    /// Where they come from; not empty.
    pub sources: Vec<String>,
    /// What they must all be found by.
    pub terms: Vec<Term>,
    /// Only contacts that come after this place.
    pub behind: Option<ContactPosition>,
    /// How many at most.
    pub limit: i64,
}

/// Adds a contact.
pub fn insert(
    tx: &mut dyn Tx,
    application: Key,
    grant: Key,
    contact: &Contact,
    index: &ContactIndex,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO contacts (id, application_id, grant_id, sort_key, source, document, metadata, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        &[
            contact.id.into(),
            application.into(),
            grant.into(),
            index.sort_key.as_slice().into(),
            (&contact.source).into(),
            (&contact.document).into(),
            contact.metadata.as_ref().into(),
            contact.created_at.into(),
            contact.updated_at.into(),
        ],
    )?;
    insert_terms(tx, grant, contact.id, &index.terms)
}

/// Returns a contact of an account.
pub fn find(tx: &mut dyn Tx, grant: Key, id: Key) -> Result<Option<Contact>, StoreError> {
    tx.query_opt(
        "SELECT id, source, document, metadata, created_at, updated_at FROM contacts WHERE id = $1 AND grant_id = $2",
        &[id.into(), grant.into()],
        read,
    )
}

/// Replaces the members, metadata and time of a contact; tells whether it is still there.
pub fn update(
    tx: &mut dyn Tx,
    grant: Key,
    contact: &Contact,
    index: &ContactIndex,
) -> Result<bool, StoreError> {
    let updated = tx.execute(
        "UPDATE contacts SET sort_key = $3, document = $4, metadata = $5, updated_at = $6
         WHERE id = $1 AND grant_id = $2",
        &[
            contact.id.into(),
            grant.into(),
            index.sort_key.as_slice().into(),
            (&contact.document).into(),
            contact.metadata.as_ref().into(),
            contact.updated_at.into(),
        ],
    )?;
    if updated == 0 {
        return Ok(false);
    }
    remove_terms(tx, grant, contact.id)?;
    insert_terms(tx, grant, contact.id, &index.terms)?;
    Ok(true)
}

/// Removes a contact; tells whether it was there.
pub fn delete(tx: &mut dyn Tx, grant: Key, id: Key) -> Result<bool, StoreError> {
    let removed = tx.execute(
        "DELETE FROM contacts WHERE id = $1 AND grant_id = $2",
        &[id.into(), grant.into()],
    )?;
    if removed == 0 {
        return Ok(false);
    }
    remove_terms(tx, grant, id)?;
    Ok(true)
}

/// Returns the selected contacts with their places, in order.
pub fn select(
    tx: &mut dyn Tx,
    selection: &ContactSelection,
) -> Result<Vec<(ContactPosition, Contact)>, StoreError> {
    let (sql, params) = select_statement(selection);
    tx.query(&sql, &params, |row| {
        let position = ContactPosition {
            sort_key: row.bytes(6)?.to_vec(),
            id: row.key(0)?,
        };
        Ok((position, read(row)?))
    })
}

/// A selection by terms begins at the first of them: many contacts belong to an account, few share an address.
fn select_statement(selection: &ContactSelection) -> (String, Vec<Param<'_>>) {
    let mut params: Vec<Param<'_>> = vec![selection.grant.into()];
    let mut from = "contacts c".to_owned();
    let mut conditions = "c.grant_id = $1".to_owned();
    for (number, term) in selection.terms.iter().enumerate() {
        params.push(Param::Int(term.0));
        let (name, term) = (format!("t{number}"), params.len());
        if number == 0 {
            from = format!("contact_terms {name} JOIN contacts c ON c.id = {name}.contact_id");
            conditions = format!("{name}.grant_id = $1 AND {name}.term = ${term}");
        } else {
            conditions.push_str(&format!(
                " AND EXISTS (SELECT 1 FROM contact_terms {name} WHERE {name}.grant_id = $1
                   AND {name}.term = ${term} AND {name}.contact_id = c.id)"
            ));
        }
    }
    let first = params.len() + 1;
    params.extend(selection.sources.iter().map(Param::from));
    let sources = placeholders(first, selection.sources.len());
    conditions.push_str(&format!(" AND c.source IN ({sources})"));
    if let Some(behind) = &selection.behind {
        params.push(behind.sort_key.as_slice().into());
        params.push(behind.id.into());
        let (key, id) = (params.len() - 1, params.len());
        conditions.push_str(&format!(" AND (c.sort_key, c.id) > (${key}, ${id})"));
    }
    params.push(selection.limit.into());
    let sql = format!(
        "SELECT c.id, c.source, c.document, c.metadata, c.created_at, c.updated_at, c.sort_key
         FROM {from} WHERE {conditions} ORDER BY c.sort_key, c.id LIMIT ${}",
        params.len()
    );
    (sql, params)
}

/// Removes up to `limit` contacts of an account, and what they are found by; tells how many.
pub fn remove_some(tx: &mut dyn Tx, grant: Key, limit: i64) -> Result<u64, StoreError> {
    let keys = tx.query(
        "SELECT id FROM contacts WHERE grant_id = $1 LIMIT $2",
        &[grant.into(), limit.into()],
        |row| row.key(0),
    )?;
    for key in &keys {
        delete(tx, grant, *key)?;
    }
    Ok(keys.len() as u64)
}

fn insert_terms(
    tx: &mut dyn Tx,
    grant: Key,
    contact: Key,
    terms: &[Term],
) -> Result<(), StoreError> {
    for term in terms {
        tx.execute(
            "INSERT INTO contact_terms (grant_id, term, contact_id) VALUES ($1, $2, $3)",
            &[grant.into(), Param::Int(term.0), contact.into()],
        )?;
    }
    Ok(())
}

fn remove_terms(tx: &mut dyn Tx, grant: Key, contact: Key) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM contact_terms WHERE contact_id = $1 AND grant_id + 0 = $2",
        &[contact.into(), grant.into()],
    )?;
    Ok(())
}

fn read(row: &dyn Row) -> Result<Contact, StoreError> {
    Ok(Contact {
        id: row.key(0)?,
        source: row.string(1)?,
        document: row.string(2)?,
        metadata: row.opt_string(3)?,
        created_at: row.int(4)?,
        updated_at: row.int(5)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::migrations::sqlite_plan as plan;

    #[test]
    fn listings_go_straight_to_their_rows() {
        let mut selection = ContactSelection {
            grant: Key(1),
            sources: vec!["address_book".to_owned()],
            terms: Vec::new(),
            behind: Some(ContactPosition {
                sort_key: vec![1],
                id: Key(2),
            }),
            limit: 31,
        };
        let all = plan(&select_statement(&selection).0);
        assert!(
            all.contains("SEARCH c USING INDEX contacts_in_order (grant_id=? AND "),
            "{all}"
        );
        assert!(!all.contains("TEMP B-TREE"), "{all}");
        selection.terms = vec![Term(7), Term(8)];
        let found = plan(&select_statement(&selection).0);
        assert!(
            found.contains("SEARCH t0 USING PRIMARY KEY (grant_id=? AND term=?)"),
            "{found}"
        );
        assert!(
            found.contains("SEARCH c USING INTEGER PRIMARY KEY"),
            "{found}"
        );
    }
}
