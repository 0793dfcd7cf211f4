//! Metadata: what applications note down about an object, and the five keys it can be found by.

use std::collections::{BTreeMap, BTreeSet};

use posthouse_store::tables::messages::{self, Placed};
use posthouse_store::tables::terms::{self, Field, Term};
use posthouse_store::{StoreError, Tx};
use posthouse_types::ids::{IdCodec, Key};

use crate::Refusal;

/// Pairs of one object.
pub const METADATA_PAIRS_MAX: usize = 50;
/// Characters of a key.
pub const METADATA_KEY_CHARACTERS_MAX: usize = 40;
/// Characters of a value.
pub const METADATA_VALUE_CHARACTERS_MAX: usize = 500;

/// The keys whose pairs listings can be filtered by.
const FOUND_BY: [&str; 5] = ["key1", "key2", "key3", "key4", "key5"];

/// Pairs of text within their limits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Metadata(BTreeMap<String, String>);

impl Metadata {
    /// Takes pairs if they are within the limits.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] that names the pair.
    pub fn new(pairs: BTreeMap<String, String>) -> Result<Self, Refusal> {
        let wrong = |field: String, message: String| {
            Err(Refusal::invalid(
                field.clone(),
                format!("{field}: {message}"),
            ))
        };
        if pairs.len() > METADATA_PAIRS_MAX {
            let message = format!("at most {METADATA_PAIRS_MAX} pairs are kept");
            return wrong("metadata".to_owned(), message);
        }
        for (key, value) in &pairs {
            if !(1..=METADATA_KEY_CHARACTERS_MAX).contains(&key.chars().count()) {
                let message = format!("keys have 1 to {METADATA_KEY_CHARACTERS_MAX} characters");
                return wrong("metadata".to_owned(), message);
            }
            if value.chars().count() > METADATA_VALUE_CHARACTERS_MAX {
                // In words: clients take a text with that number for a failure of the server.
                let message = "values have at most five hundred characters".to_owned();
                return wrong(format!("metadata.{key}"), message);
            }
        }
        Ok(Self(pairs))
    }

    /// Returns the form in which a row keeps it; `None` when there is none.
    pub(crate) fn stored(&self) -> Option<String> {
        if self.0.is_empty() {
            return None;
        }
        Some(serde_json::to_string(&self.0).expect("a map of texts serialises"))
    }

    /// Reads the stored form.
    pub(crate) fn read(stored: Option<&str>) -> Result<Self, StoreError> {
        let Some(json) = stored else {
            return Ok(Self::default());
        };
        serde_json::from_str(json)
            .map(Self)
            .map_err(|error| StoreError::Fault(format!("metadata is damaged: {error}")))
    }

    /// Returns what an object with these pairs can be found by.
    pub(crate) fn terms(&self, codec: &IdCodec) -> BTreeSet<Term> {
        FOUND_BY
            .iter()
            .filter_map(|key| Some((key, self.0.get(*key)?)))
            .map(|(key, value)| Field::Metadata.term(codec, &format!("{key}:{value}")))
            .collect()
    }
}

/// Replaces the metadata of a message and what it is found by; does nothing when it stays the same.
pub(super) fn replace(
    tx: &mut dyn Tx,
    codec: &IdCodec,
    grant: Key,
    message: &Placed,
    metadata: &Metadata,
) -> Result<(), StoreError> {
    let before = Metadata::read(message.metadata.as_deref())?;
    if before == *metadata {
        return Ok(());
    }
    messages::set_metadata(tx, message.id, metadata.stored().as_deref())?;
    let (old, new) = (before.terms(codec), metadata.terms(codec));
    let gone: Vec<Term> = old.difference(&new).copied().collect();
    let fresh: Vec<Term> = new.difference(&old).copied().collect();
    terms::remove(tx, grant, message.id, message.date_at, &gone)?;
    terms::insert(tx, grant, message.id, message.date_at, &fresh)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        let owned = pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        owned.collect()
    }

    #[test]
    fn pairs_are_taken_up_to_their_limits_and_no_further() {
        let numbered = |count: usize| {
            let pairs = (0..count).map(|number| (format!("k{number}"), String::new()));
            pairs.collect::<BTreeMap<_, _>>()
        };
        assert!(Metadata::new(numbered(METADATA_PAIRS_MAX)).is_ok());
        assert!(Metadata::new(numbered(METADATA_PAIRS_MAX + 1)).is_err());
        assert!(Metadata::new(pairs(&[(&"ä".repeat(40), &"ß".repeat(500))])).is_ok());
        assert!(Metadata::new(pairs(&[(&"k".repeat(41), "v")])).is_err());
        assert!(Metadata::new(pairs(&[("", "v")])).is_err());
        let refusal = Metadata::new(pairs(&[("key1", &"v".repeat(501))])).unwrap_err();
        assert!(
            matches!(refusal, Refusal::Invalid { field: Some(field), .. } if field == "metadata.key1")
        );
    }

    #[test]
    fn only_the_five_keys_can_be_found_by_and_what_is_stored_comes_back() {
        let codec = IdCodec::new([3; 16]);
        let metadata =
            Metadata::new(pairs(&[("key1", "a"), ("key5", "b"), ("key6", "c")])).unwrap();
        let expected = ["key1:a", "key5:b"].map(|text| Field::Metadata.term(&codec, text));
        assert_eq!(metadata.terms(&codec), expected.into());
        assert_eq!(
            Metadata::read(metadata.stored().as_deref()).unwrap(),
            metadata
        );
        assert_eq!(Metadata::default().stored(), None);
    }
}
