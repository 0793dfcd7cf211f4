//! Contacts are listed.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use posthouse_store::Tx;
use posthouse_store::tables::contacts::{self, ContactPosition, ContactSelection};
use posthouse_store::tables::terms::Field;
use posthouse_types::ids::{IdCodec, Key};
use serde_json::Value;

use super::index::{email_term, phone_term};
use super::object::object;
use super::{ADDRESS_BOOK, SOURCES};
use crate::actor::GrantRef;
use crate::{Mailroom, Refusal};

/// Filters of a listing; all that are set must hold.
#[derive(Debug, Clone, Default)]
pub struct ContactQuery {
    /// An address the contact has.
    pub email: Option<String>,
    /// A telephone number the contact has; digits are compared.
    pub phone_number: Option<String>,
    /// Where contacts come from; the address book when empty.
    pub sources: Vec<String>,
    /// Metadata pairs as `key:value`, all of which must hold.
    pub metadata_pairs: Vec<String>,
}

/// A page of contacts, by surname, then given name.
#[derive(Debug, Default)]
pub struct ContactPage {
    /// The contacts' objects.
    pub contacts: Vec<Value>,
    /// The cursor of the next page, if rows remain.
    pub next_cursor: Option<String>,
}

impl Mailroom {
    /// Lists contacts of an account; `limit` is at least 1.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] for a source there is none of, and for a cursor of another listing.
    pub async fn list_contacts(
        &self,
        grant: &GrantRef,
        query: ContactQuery,
        limit: usize,
        cursor: Option<&str>,
    ) -> Result<ContactPage, Refusal> {
        let codec = self.store().ids();
        let owner = grant.grant;
        let behind = cursor
            .map(|cursor| open_cursor(codec, owner, cursor))
            .transpose()?;
        let Some(mut selection) = selection(codec, owner, query)? else {
            return Ok(ContactPage::default());
        };
        selection.behind = behind;
        // One more than asked for tells whether rows remain.
        selection.limit = limit as i64 + 1;
        let mut found = self
            .store()
            .read(move |tx: &mut dyn Tx| -> Result<_, Refusal> {
                Ok(contacts::select(tx, &selection)?)
            })
            .await?;
        let remain = found.len() > limit;
        found.truncate(limit);
        let last = found.last().filter(|_| remain);
        let next_cursor = last.map(|(position, _)| seal_cursor(codec, owner, position));
        let mut page = ContactPage {
            contacts: Vec::with_capacity(found.len()),
            next_cursor,
        };
        for (_, contact) in &found {
            page.contacts.push(object(codec, owner, contact)?);
        }
        Ok(page)
    }
}

/// Turns a query into a selection of rows, or `None` when nothing can match.
fn selection(
    codec: &IdCodec,
    grant: Key,
    query: ContactQuery,
) -> Result<Option<ContactSelection>, Refusal> {
    let mut sources = query.sources;
    if sources.is_empty() {
        sources.push(ADDRESS_BOOK.to_owned());
    }
    if sources
        .iter()
        .any(|source| !SOURCES.contains(&source.as_str()))
    {
        let message = format!("source: expected some of {}", SOURCES.join(", "));
        return Err(Refusal::invalid("source", message));
    }
    sources.sort_unstable();
    sources.dedup();
    let mut terms = Vec::new();
    if let Some(email) = &query.email {
        terms.push(email_term(codec, email));
    }
    if let Some(number) = &query.phone_number {
        let Some(term) = phone_term(codec, number) else {
            return Ok(None);
        };
        terms.push(term);
    }
    let pairs = query.metadata_pairs.iter();
    terms.extend(pairs.map(|pair| Field::Metadata.term(codec, pair)));
    Ok(Some(ContactSelection {
        grant,
        sources,
        terms,
        behind: None,
        limit: 0,
    }))
}

const CURSOR_LABEL: &str = "cursor/contacts";
const KEY_BYTES: usize = size_of::<i64>();
const MAC_BYTES: usize = size_of::<u64>();

/// Returns the text of a place, bound to the account so that it is of no use elsewhere.
fn seal_cursor(codec: &IdCodec, grant: Key, position: &ContactPosition) -> String {
    let mut bytes = position.id.0.to_be_bytes().to_vec();
    bytes.extend_from_slice(&position.sort_key);
    let mac = mac(codec, grant, &bytes);
    bytes.extend_from_slice(&mac);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Reads a cursor that [`seal_cursor`] made for this account.
fn open_cursor(codec: &IdCodec, grant: Key, text: &str) -> Result<ContactPosition, Refusal> {
    let malformed = || {
        Refusal::invalid("page_token", "not a next_cursor of this listing")
            .with_fix("repeat the request without page_token to start at the first page")
    };
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| malformed())?;
    let (place, seal) = bytes
        .split_last_chunk::<MAC_BYTES>()
        .ok_or_else(malformed)?;
    if mac(codec, grant, place) != *seal {
        return Err(malformed());
    }
    let (id, sort_key) = place
        .split_first_chunk::<KEY_BYTES>()
        .ok_or_else(malformed)?;
    Ok(ContactPosition {
        sort_key: sort_key.to_vec(),
        id: Key(i64::from_be_bytes(*id)),
    })
}

fn mac(codec: &IdCodec, grant: Key, place: &[u8]) -> [u8; MAC_BYTES] {
    let bound = [&grant.0.to_be_bytes(), place].concat();
    codec.authenticate(CURSOR_LABEL, &bound).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn http_07_a_cursor_of_another_account_or_an_edited_one_is_refused() {
        let codec = IdCodec::new([9; 16]);
        let position = ContactPosition {
            sort_key: b"buyer\0bo".to_vec(),
            id: Key(77),
        };
        let cursor = seal_cursor(&codec, Key(1), &position);
        assert_eq!(open_cursor(&codec, Key(1), &cursor).unwrap(), position);
        assert!(open_cursor(&codec, Key(2), &cursor).is_err());
        for edited in [
            "",
            "A",
            &cursor[1..],
            &cursor[..20],
            "%%%",
            &format!("{cursor}A"),
        ] {
            assert!(open_cursor(&codec, Key(1), edited).is_err(), "{edited}");
        }
    }
}
