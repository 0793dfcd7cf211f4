//! Who has written to an account before. What is in Junk does not count: a spammer is not known for having tried.

use posthouse_store::tables::messages;
use posthouse_store::tables::terms::Field;
use posthouse_store::{StoreError, Tx};
use posthouse_types::ids::{IdCodec, Key};

/// Tells whether everybody has written to the account before; addresses must come folded.
pub(crate) fn all(
    tx: &mut dyn Tx,
    codec: &IdCodec,
    grant: Key,
    addresses: &[&str],
) -> Result<bool, StoreError> {
    for address in addresses {
        if !is_known(tx, codec, grant, address)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Returns those who have not written to the account before; addresses must come folded.
pub(crate) fn strangers(
    tx: &mut dyn Tx,
    codec: &IdCodec,
    grant: Key,
    addresses: &[String],
) -> Result<Vec<String>, StoreError> {
    let mut strangers = Vec::new();
    for address in addresses {
        if !is_known(tx, codec, grant, address)? {
            strangers.push(address.clone());
        }
    }
    Ok(strangers)
}

/// Tells whether somebody has written to the account before; the address must come folded.
pub(crate) fn is_known(
    tx: &mut dyn Tx,
    codec: &IdCodec,
    grant: Key,
    address: &str,
) -> Result<bool, StoreError> {
    messages::has_arrived_from(tx, grant, Field::From.term(codec, address))
}
