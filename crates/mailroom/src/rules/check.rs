//! A rule is held against what is there.

use std::collections::HashMap;

use posthouse_rules::list::ListType;
use posthouse_rules::rule::{Fault, Rule};
use posthouse_store::Tx;
use posthouse_store::tables::lists;
use posthouse_types::ids::{Key, Kind};

use crate::{Mailroom, Refusal};

/// Turns a fault of the pure room into a refusal.
pub(super) fn refused(fault: Fault) -> Refusal {
    if fault.is_reference {
        return Refusal::InvalidReference {
            field: fault.field,
            message: fault.message,
        };
    }
    Refusal::Invalid {
        field: Some(fault.field).filter(|field| !field.is_empty()),
        message: fault.message,
        fix: None,
    }
}

impl Mailroom {
    /// Checks that the lists a rule names are there and hold what its fields look for; lists in `known` are passed over.
    pub(super) fn check_lists(
        &self,
        tx: &mut dyn Tx,
        application: Key,
        rule: &Rule,
        known: &[Key],
    ) -> Result<(), Refusal> {
        let mut ids: Vec<Key> = rule.named_lists().map(|named| named.list).collect();
        ids.sort_unstable();
        ids.dedup();
        let kinds: HashMap<Key, i64> = lists::kinds(tx, application, &ids)?.into_iter().collect();
        for named in rule.named_lists() {
            let why = match kinds.get(&named.list).copied().map(ListType::from_stored) {
                Some(Some(kind)) if kind == named.wanted => continue,
                Some(Some(kind)) => {
                    format!(": it holds {}, not {}", plural(kind), plural(named.wanted))
                }
                // Named before and deleted since: a change of something else does not fail for it.
                None if known.contains(&named.list) => continue,
                None | Some(None) => String::new(),
            };
            let id = self.public_id(Kind::List, named.list);
            return Err(refused(Fault::list(named.path, &id, &why)));
        }
        Ok(())
    }
}

fn plural(kind: ListType) -> &'static str {
    match kind {
        ListType::Domain => "domains",
        ListType::Tld => "endings of domains (tld)",
        ListType::Address => "addresses",
    }
}
