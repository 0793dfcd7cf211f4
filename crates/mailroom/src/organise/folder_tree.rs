//! The rules of folder names and of where a folder may be.

use posthouse_store::tables::folders::Folder;
use posthouse_types::folders::SystemFolder;
use posthouse_types::ids::Key;

use crate::Refusal;
use crate::limits::{FOLDER_COLOUR_CHARACTERS_MAX, FOLDER_DEPTH_MAX, FOLDER_NAME_CHARACTERS_MAX};

/// Splits a name into the elements of its path, the last of which is the folder's own name.
pub(super) fn split(name: &str) -> Result<(Vec<&str>, &str), Refusal> {
    let characters = name.chars().count();
    if !(1..=FOLDER_NAME_CHARACTERS_MAX).contains(&characters) {
        return Err(wrong_name(format!(
            "expected 1 to {FOLDER_NAME_CHARACTERS_MAX} characters"
        )));
    }
    if name.chars().any(char::is_control) {
        return Err(wrong_name("must not contain control characters"));
    }
    let mut elements: Vec<&str> = name.split('/').collect();
    if elements.iter().any(|element| element.trim().is_empty()) {
        return Err(wrong_name("expected a name on each side of a /"));
    }
    let leaf = elements.pop().unwrap_or_default();
    Ok((elements, leaf))
}

/// Refuses colours that are no short text.
pub(super) fn check_colour(field: &str, colour: Option<&str>) -> Result<(), Refusal> {
    let Some(colour) = colour else { return Ok(()) };
    if colour.chars().count() > FOLDER_COLOUR_CHARACTERS_MAX {
        let message =
            format!("{field}: expected at most {FOLDER_COLOUR_CHARACTERS_MAX} characters");
        return Err(Refusal::invalid(field, message));
    }
    if colour.chars().any(char::is_control) {
        let message = format!("{field}: must not contain control characters");
        return Err(Refusal::invalid(field, message));
    }
    Ok(())
}

/// Returns the folder with a name below a parent, in any letter case; at top level also by a system folder's alias.
pub(super) fn child<'a>(all: &'a [Folder], parent: Option<Key>, name: &str) -> Option<&'a Folder> {
    let system = match parent {
        None => SystemFolder::from_name(name),
        Some(_) => None,
    };
    let wanted = name.to_lowercase();
    all.iter().find(|folder| match system {
        Some(system) => folder.system == Some(system),
        None => folder.parent == parent && folder.name.to_lowercase() == wanted,
    })
}

/// Refuses a name that is reserved or that another folder below the same parent has; `own` is the folder being renamed.
pub(super) fn check_free(
    all: &[Folder],
    parent: Option<Key>,
    name: &str,
    own: Option<Key>,
) -> Result<(), Refusal> {
    if parent.is_none() && SystemFolder::from_name(name).is_some() {
        return Err(wrong_name("this is the name of a system folder")
            .with_fix("choose another name, or put the folder below another one"));
    }
    match child(all, parent, name) {
        Some(folder) if Some(folder.id) != own => {
            Err(wrong_name("there is a folder with this name already"))
        }
        _ => Ok(()),
    }
}

/// Refuses to put a folder and what is below it deeper than folders nest; `height` counts the folder itself.
pub(super) fn check_depth(
    all: &[Folder],
    parent: Option<Key>,
    height: usize,
) -> Result<(), Refusal> {
    if ancestors(all, parent).count() + height > FOLDER_DEPTH_MAX {
        return Err(wrong_name(format!(
            "folders nest at most {FOLDER_DEPTH_MAX} deep"
        )));
    }
    Ok(())
}

/// Refuses to put a folder below itself.
pub(super) fn check_not_below(
    all: &[Folder],
    parent: Option<Key>,
    folder: Key,
) -> Result<(), Refusal> {
    if ancestors(all, parent).any(|above| above.id == folder) {
        return Err(wrong_name("a folder cannot be put below itself"));
    }
    Ok(())
}

/// Returns a folder and all folders above it, from below.
fn ancestors(all: &[Folder], first: Option<Key>) -> impl Iterator<Item = &Folder> {
    let find = |key: Option<Key>| all.iter().find(|folder| Some(folder.id) == key);
    std::iter::successors(find(first), move |folder| find(folder.parent)).take(FOLDER_DEPTH_MAX + 1)
}

/// Returns a folder and all below it, each before its children.
pub(super) fn subtree(all: &[Folder], root: Key) -> Vec<&Folder> {
    let mut found: Vec<&Folder> = all.iter().filter(|folder| folder.id == root).collect();
    let mut seen = 0;
    while let Some(folder) = found.get(seen) {
        let above = Some(folder.id);
        found.extend(all.iter().filter(|other| other.parent == above));
        seen += 1;
    }
    found
}

/// Returns how many levels a folder and those below it take up.
pub(super) fn height(all: &[Folder], root: Key) -> usize {
    let above_root = ancestors(all, Some(root)).count();
    let depths = subtree(all, root)
        .into_iter()
        .map(|folder| ancestors(all, Some(folder.id)).count());
    depths.max().unwrap_or(above_root) + 1 - above_root
}

pub(super) fn wrong_name(message: impl std::fmt::Display) -> Refusal {
    Refusal::invalid("name", format!("name: {message}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(id: i64, parent: Option<i64>, name: &str) -> Folder {
        Folder {
            id: Key(id),
            parent: parent.map(Key),
            name: name.to_owned(),
            system: None,
            total_count: 0,
            unread_count: 0,
            total_bytes: 0,
            text_color: None,
            background_color: None,
        }
    }

    fn clients() -> Vec<Folder> {
        vec![
            folder(1, None, "Clients"),
            folder(2, Some(1), "Acme"),
            folder(3, Some(2), "Bills"),
            folder(4, None, "Acme"),
        ]
    }

    #[test]
    fn names_are_split_at_every_slash_and_have_no_empty_element() {
        assert_eq!(split("Acme").unwrap(), (vec![], "Acme"));
        assert_eq!(split("a/b/c").unwrap(), (vec!["a", "b"], "c"));
        for wrong in [
            "",
            "/",
            "a/",
            "/a",
            "a//b",
            " ",
            "a/ /b",
            "a\u{7}",
            &"x".repeat(1_025),
        ] {
            assert!(split(wrong).is_err(), "{wrong:?}");
        }
        assert!(split(&"ä".repeat(1_024)).is_ok());
    }

    #[test]
    fn names_are_taken_in_any_letter_case_among_siblings_only() {
        let all = clients();
        assert!(check_free(&all, Some(Key(1)), "ACME", None).is_err());
        assert!(check_free(&all, Some(Key(1)), "ACME", Some(Key(2))).is_ok());
        assert!(check_free(&all, Some(Key(2)), "Acme", None).is_ok());
        for reserved in ["INBOX", "sent items", "Spam", "all mail", "draft"] {
            assert!(
                check_free(&all, None, reserved, None).is_err(),
                "{reserved}"
            );
            assert!(
                check_free(&all, Some(Key(1)), reserved, None).is_ok(),
                "{reserved}"
            );
        }
    }

    #[test]
    fn a_subtree_has_its_height_and_goes_below_anything_but_itself() {
        let all = clients();
        let keys = |root| {
            subtree(&all, Key(root))
                .into_iter()
                .map(|folder| folder.id.0)
                .collect::<Vec<_>>()
        };
        assert_eq!((keys(1), keys(4)), (vec![1, 2, 3], vec![4]));
        assert_eq!(
            (
                height(&all, Key(1)),
                height(&all, Key(2)),
                height(&all, Key(3))
            ),
            (3, 2, 1)
        );
        assert!(check_not_below(&all, Some(Key(3)), Key(1)).is_err());
        assert!(check_not_below(&all, Some(Key(1)), Key(1)).is_err());
        assert!(check_not_below(&all, Some(Key(4)), Key(1)).is_ok());
        assert!(check_not_below(&all, None, Key(1)).is_ok());
        assert!(check_depth(&all, Some(Key(3)), 17).is_ok());
        assert!(check_depth(&all, Some(Key(3)), 18).is_err());
    }
}
