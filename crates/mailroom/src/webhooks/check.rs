//! The rules for the fields of a destination.

use posthouse_types::address::EmailAddress;

use super::limits::{DESCRIPTION_CHARACTERS_MAX, NOTIFICATION_ADDRESSES_MAX, TRIGGER_TYPES_MAX};
use super::triggers;
use crate::Refusal;

/// Checks a subscription and returns it without repetitions.
pub(crate) fn trigger_types(names: Vec<String>) -> Result<Vec<String>, Refusal> {
    const FIELD: &str = "trigger_types";
    if names.is_empty() {
        return Err(Refusal::invalid(
            FIELD,
            "expected at least one trigger type",
        ));
    }
    if names.len() > TRIGGER_TYPES_MAX {
        return Err(Refusal::invalid(
            FIELD,
            format!("expected at most {TRIGGER_TYPES_MAX} trigger types"),
        ));
    }
    let mut distinct: Vec<String> = Vec::with_capacity(names.len());
    for (place, name) in names.into_iter().enumerate() {
        if !triggers::is_known(&name) {
            return Err(
                Refusal::invalid(format!("{FIELD}[{place}]"), "no such trigger type")
                    .with_fix("use a name such as message.created or grant.deleted"),
            );
        }
        if !distinct.contains(&name) {
            distinct.push(name);
        }
    }
    Ok(distinct)
}

/// Checks the text for people.
pub(crate) fn description(text: &str) -> Result<(), Refusal> {
    if text.chars().count() > DESCRIPTION_CHARACTERS_MAX {
        return Err(Refusal::invalid(
            "description",
            format!("expected at most {DESCRIPTION_CHARACTERS_MAX} characters"),
        ));
    }
    Ok(())
}

/// Checks who is told when a destination fails.
pub(crate) fn notification_addresses(addresses: &[String]) -> Result<(), Refusal> {
    const FIELD: &str = "notification_email_addresses";
    if addresses.len() > NOTIFICATION_ADDRESSES_MAX {
        return Err(Refusal::invalid(
            FIELD,
            format!("expected at most {NOTIFICATION_ADDRESSES_MAX} addresses"),
        ));
    }
    for (place, address) in addresses.iter().enumerate() {
        if EmailAddress::parse_strict(address).is_err() {
            return Err(Refusal::invalid(
                format!("{FIELD}[{place}]"),
                "expected an e-mail address",
            ));
        }
    }
    Ok(())
}
