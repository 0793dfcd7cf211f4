//! `metadata_pair=key1:value`: filters on the five indexed metadata keys.

use super::Query;
use crate::error::ApiError;
use crate::limits::METADATA_PAIRS_MAX;

const KEYS: [&str; 5] = ["key1", "key2", "key3", "key4", "key5"];

/// Values of one key that are kept. A message has one of each, so two find nothing as surely as fifty do, and each that is
/// kept is one more condition whose order a database has to think about.
const VALUES_PER_KEY_MAX: usize = 2;

/// Reads every different pair of a query as `key:value`; they are AND-ed.
pub fn metadata_pairs(query: &Query) -> Result<Vec<String>, ApiError> {
    let pairs = query.list_of_at_most("metadata_pair", METADATA_PAIRS_MAX)?;
    let mut kept: Vec<String> = Vec::with_capacity(pairs.len().min(KEYS.len()));
    for pair in pairs {
        let Some((key, _)) = pair.split_once(':') else {
            return Err(ApiError::invalid("metadata_pair", "expected key:value"));
        };
        if !KEYS.contains(&key) {
            return Err(ApiError::invalid(
                "metadata_pair",
                "only key1 to key5 can be filtered on",
            ));
        }
        let of_key = kept
            .iter()
            .filter(|other| other.split_once(':').is_some_and(|(other, _)| other == key));
        if of_key.count() < VALUES_PER_KEY_MAX && !kept.contains(&pair) {
            kept.push(pair);
        }
    }
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(raw: &str) -> Result<Vec<String>, ApiError> {
        metadata_pairs(&Query::parse(Some(raw)).unwrap())
    }

    #[test]
    fn pairs_come_repeated_or_comma_joined() {
        let expected = ["key1:a", "key2:b:c"];
        assert_eq!(pairs("metadata_pair=key1:a,key2:b:c").unwrap(), expected);
        assert_eq!(
            pairs("metadata_pair=key1%3Aa&metadata_pair=key2%3Ab%3Ac").unwrap(),
            expected
        );
    }

    #[test]
    fn other_keys_and_loose_words_are_refused() {
        assert!(pairs("metadata_pair=key6:a").is_err());
        assert!(pairs("metadata_pair=key1").is_err());
        assert!(pairs("metadata_pair=Key1:a").is_err());
        assert!(pairs("metadata_pair=key1:a,key1:b,key1:c,key6:a").is_err());
    }

    #[test]
    fn a_flood_of_pairs_makes_few_conditions() {
        let same = "metadata_pair=key1:a&".repeat(METADATA_PAIRS_MAX);
        assert_eq!(pairs(&same).unwrap(), ["key1:a"]);
        let different: Vec<String> = (0..METADATA_PAIRS_MAX)
            .map(|number| format!("key{}:{number}", number % 5 + 1))
            .collect();
        let kept = pairs(&format!("metadata_pair={}", different.join(","))).unwrap();
        assert_eq!(kept.len(), KEYS.len() * VALUES_PER_KEY_MAX);
    }
}
