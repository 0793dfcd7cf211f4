//! What a contact may say.

use posthouse_types::address::EmailAddress;

use super::fields::{ContactChange, ContactEntry, ContactList, ContactText};
use super::{ENTRIES_MAX, NOTES_CHARACTERS_MAX, TEXT_CHARACTERS_MAX};
use crate::Refusal;

/// Checks every member of a change and brings it into the form in which it is kept: texts without surrounding space,
/// empty ones cleared, types among the known ones.
pub(super) fn checked(change: ContactChange) -> Result<ContactChange, Refusal> {
    let mut texts = Vec::with_capacity(change.texts.len());
    for (text, value) in change.texts {
        let value = value
            .map(|value| value.trim().to_owned())
            .filter(|value| !value.is_empty());
        if let Some(value) = &value {
            check_text(text, value)?;
        }
        texts.push((text, value));
    }
    let mut lists = Vec::with_capacity(change.lists.len());
    for (list, entries) in change.lists {
        if entries.len() > ENTRIES_MAX {
            return Err(wrong(
                list.name(),
                &format!("at most {ENTRIES_MAX} entries are kept"),
            ));
        }
        let entries: Result<Vec<ContactEntry>, Refusal> = entries
            .into_iter()
            .enumerate()
            .map(|(place, entry)| checked_entry(list, place, entry))
            .collect();
        lists.push((list, entries?));
    }
    Ok(ContactChange {
        texts,
        lists,
        metadata: change.metadata,
    })
}

fn check_text(text: ContactText, value: &str) -> Result<(), Refusal> {
    let most = match text {
        ContactText::Notes => NOTES_CHARACTERS_MAX,
        _ => TEXT_CHARACTERS_MAX,
    };
    check_length(text.name(), value, most)?;
    let has_lines = matches!(text, ContactText::Notes | ContactText::OfficeLocation);
    check_characters(text.name(), value, has_lines)?;
    if text == ContactText::Birthday && !is_birthday(value) {
        return Err(wrong(
            text.name(),
            "expected a date as YYYY-MM-DD, or --MM-DD without a year",
        ));
    }
    Ok(())
}

fn checked_entry(
    list: ContactList,
    place: usize,
    entry: ContactEntry,
) -> Result<ContactEntry, Refusal> {
    let path = |name: &str| format!("{}[{place}].{name}", list.name());
    let mut kept = ContactEntry::with_capacity(entry.len());
    for (name, value) in entry {
        let value = value.trim();
        if value.is_empty() {
            continue;
        }
        check_length(&path(name), value, TEXT_CHARACTERS_MAX)?;
        check_characters(&path(name), value, name == "street_address")?;
        let value = match name {
            "email" => checked_address(&path(name), value)?,
            "type" => known_type(list, value),
            _ => value.to_owned(),
        };
        kept.push((name, value));
    }
    if let Some(required) = list.required_text()
        && kept.iter().all(|(name, _)| *name != required)
    {
        return Err(wrong(&path(required), "required"));
    }
    Ok(kept)
}

fn checked_address(path: &str, value: &str) -> Result<String, Refusal> {
    EmailAddress::parse_strict(value)
        .map(|_| value.to_owned())
        .map_err(|error| wrong(path, &error.to_string()))
}

fn known_type(list: ContactList, value: &str) -> String {
    let lower = value.to_lowercase();
    match list.known_types() {
        Some(known) if !known.contains(&lower.as_str()) => "other".to_owned(),
        _ => lower,
    }
}

fn check_length(path: &str, value: &str, characters_max: usize) -> Result<(), Refusal> {
    if value.chars().count() > characters_max {
        return Err(wrong(
            path,
            &format!("at most {characters_max} characters are kept"),
        ));
    }
    Ok(())
}

/// Refuses what no line can have; some texts have several lines.
fn check_characters(path: &str, value: &str, has_lines: bool) -> Result<(), Refusal> {
    let is_wrong = |c: char| c.is_control() && !(has_lines && matches!(c, '\n' | '\r' | '\t'));
    if value.chars().any(is_wrong) {
        return Err(wrong(path, "control characters are not allowed"));
    }
    Ok(())
}

fn wrong(path: &str, message: &str) -> Refusal {
    Refusal::invalid(path, format!("{path}: {message}"))
}

/// Tells whether a text is a day of the calendar; without a year, 29 February is one.
fn is_birthday(text: &str) -> bool {
    let (year, rest) = match text.strip_prefix("--") {
        Some(rest) => (None, rest),
        None => match text.split_at_checked(4) {
            Some((year, rest)) => match (number(year, 4), rest.strip_prefix('-')) {
                (Some(year), Some(rest)) => (Some(year), rest),
                _ => return false,
            },
            None => return false,
        },
    };
    let Some((month, day)) = rest.split_once('-') else {
        return false;
    };
    let (Some(month), Some(day)) = (number(month, 2), number(day, 2)) else {
        return false;
    };
    (1..=days_of(year, month)).contains(&day)
}

/// Returns how many days a month has; 0 for one that does not exist.
fn days_of(year: Option<u32>, month: u32) -> u32 {
    let is_leap = year.is_none_or(|year| {
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
    });
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if is_leap => 29,
        2 => 28,
        _ => 0,
    }
}

fn number(text: &str, digits: usize) -> Option<u32> {
    let all_digits = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
    all_digits.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn birthdays_are_days_of_the_calendar_with_or_without_a_year() {
        for day in [
            "1984-02-29",
            "2000-02-29",
            "--02-29",
            "--12-31",
            "0001-01-01",
        ] {
            assert!(is_birthday(day), "{day}");
        }
        for nonsense in [
            "1983-02-29",
            "1900-02-29",
            "1984-13-01",
            "1984-00-10",
            "1984-04-31",
            "--04-31",
            "84-02-01",
            "1984-2-1",
            "1984-02-01T00:00",
            "-02-29",
            "----",
            "äö-ü-01",
            "1984",
            "",
        ] {
            assert!(!is_birthday(nonsense), "{nonsense}");
        }
    }

    #[test]
    fn types_that_nobody_knows_become_other() {
        assert_eq!(known_type(ContactList::Emails, "Work"), "work");
        assert_eq!(known_type(ContactList::Emails, "mobile"), "other");
        assert_eq!(known_type(ContactList::PhoneNumbers, "mobile"), "mobile");
        assert_eq!(known_type(ContactList::ImAddresses, "xmpp"), "xmpp");
    }

    #[test]
    fn an_entry_names_what_it_lacks() {
        let refused = |list, entry| match checked_entry(list, 1, entry) {
            Err(Refusal::Invalid { field, .. }) => field.unwrap_or_default(),
            other => panic!("{other:?}"),
        };
        let typed = vec![("type", "home".to_owned())];
        assert_eq!(
            refused(ContactList::Emails, typed.clone()),
            "emails[1].email"
        );
        assert!(checked_entry(ContactList::PhysicalAddresses, 0, typed).is_ok());
        let wrong = vec![("email", "no address".to_owned())];
        assert_eq!(refused(ContactList::Emails, wrong), "emails[1].email");
        let long = vec![("url", "x".repeat(TEXT_CHARACTERS_MAX + 1))];
        assert_eq!(refused(ContactList::WebPages, long), "web_pages[1].url");
    }
}
