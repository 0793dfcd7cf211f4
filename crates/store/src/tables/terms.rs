//! What a message can be found by: keyed hashes of addresses by role, header ids, subjects and metadata pairs.
//!
//! One narrow tree serves all exact look-ups; a 64-bit keyed hash stands for the text, so outsiders cannot make two
//! texts collide.

use posthouse_types::ids::{IdCodec, Key};

use crate::sql::{Tx, placeholders};
use crate::{Param, StoreError};

/// The hash under which a message is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Term(pub i64);

/// What kind of text a term stands for. The labels are part of stored hashes: they never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "each variant is named for the field it stands for"
)]
pub enum Field {
    From,
    To,
    Cc,
    Bcc,
    ReplyTo,
    HeaderId,
    Subject,
    Metadata,
}

impl Field {
    /// Returns the term for a text in this field; addresses must come folded.
    #[must_use]
    pub fn term(self, codec: &IdCodec, text: &str) -> Term {
        let label = match self {
            Self::From => "from",
            Self::To => "to",
            Self::Cc => "cc",
            Self::Bcc => "bcc",
            Self::ReplyTo => "reply_to",
            Self::HeaderId => "header_id",
            Self::Subject => "subject",
            Self::Metadata => "metadata",
        };
        Term(codec.authenticate(label, text.as_bytes()) as i64)
    }
}

/// Makes a message findable by its terms, of which each may occur once.
pub fn insert(
    tx: &mut dyn Tx,
    grant: Key,
    message: Key,
    date_at: i64,
    terms: &[Term],
) -> Result<(), StoreError> {
    // SQLite and PostgreSQL both take far more placeholders; short statements keep the statement cache useful.
    for chunk in terms.chunks(16) {
        let mut sql =
            String::from("INSERT INTO message_terms (grant_id, date_at, message_id, term) VALUES ");
        let mut params = vec![grant.into(), Param::Int(date_at), message.into()];
        for (place, term) in chunk.iter().enumerate() {
            if place > 0 {
                sql.push_str(", ");
            }
            sql.push_str("($1, $2, $3, $");
            sql.push_str(&(place + 4).to_string());
            sql.push(')');
            params.push(Param::Int(term.0));
        }
        tx.execute(&sql, &params)?;
    }
    Ok(())
}

/// Ends that a message is found by terms.
pub fn remove(
    tx: &mut dyn Tx,
    grant: Key,
    message: Key,
    date_at: i64,
    terms: &[Term],
) -> Result<(), StoreError> {
    for chunk in terms.chunks(16) {
        let sql = format!(
            "DELETE FROM message_terms WHERE grant_id = $1 AND date_at = $2 AND message_id = $3 AND term IN ({})",
            placeholders(4, chunk.len())
        );
        let mut params = vec![grant.into(), Param::Int(date_at), message.into()];
        params.extend(chunk.iter().map(|term| Param::Int(term.0)));
        tx.execute(&sql, &params)?;
    }
    Ok(())
}
