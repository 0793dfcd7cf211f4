//! The header as rules see it: only the fields that they ask for, each brought into its spelling once for a message.

use std::collections::{BTreeMap, BTreeSet};

use crate::fold::folded;

/// Fields of a header, in lower case, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Headers {
    values: BTreeMap<String, Vec<String>>,
}

impl Headers {
    /// Takes over those of a message's fields that are wanted; names of `wanted` are in lower case.
    #[must_use]
    pub fn gather(
        wanted: &BTreeSet<String>,
        fields: impl IntoIterator<Item = (String, String)>,
    ) -> Self {
        let mut headers = Self::default();
        for (name, value) in fields {
            let name = folded(name.trim());
            if wanted.contains(&name) {
                let values = headers.values.entry(name).or_default();
                values.push(folded(value.trim()));
            }
        }
        headers
    }

    /// Returns the values of all fields of a name, in order, without blanks around them.
    #[must_use]
    pub fn values(&self, name: &str) -> &[String] {
        self.values.get(name).map_or(&[], Vec::as_slice)
    }
}
