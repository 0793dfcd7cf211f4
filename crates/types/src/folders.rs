//! The six system folders and the names they answer to.

/// A folder that every account has from the start and that can be neither renamed nor deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(i64)]
#[expect(missing_docs, reason = "each variant is the folder's name")]
pub enum SystemFolder {
    Inbox = 1,
    Sent = 2,
    Drafts = 3,
    Trash = 4,
    Junk = 5,
    Archive = 6,
}

impl SystemFolder {
    /// All system folders in the order in which they are listed.
    pub const ALL: [Self; 6] = [
        Self::Inbox,
        Self::Sent,
        Self::Drafts,
        Self::Trash,
        Self::Junk,
        Self::Archive,
    ];

    /// Returns the folder's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Inbox => "Inbox",
            Self::Sent => "Sent",
            Self::Drafts => "Drafts",
            Self::Trash => "Trash",
            Self::Junk => "Junk",
            Self::Archive => "Archive",
        }
    }

    /// Returns the folder's attribute as the API shows it, such as `\Inbox`.
    #[must_use]
    pub fn attribute(self) -> &'static str {
        match self {
            Self::Inbox => "\\Inbox",
            Self::Sent => "\\Sent",
            Self::Drafts => "\\Drafts",
            Self::Trash => "\\Trash",
            Self::Junk => "\\Junk",
            Self::Archive => "\\Archive",
        }
    }

    /// Returns the folder a stored role number stands for.
    #[must_use]
    pub fn from_role(role: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|folder| *folder as i64 == role)
    }

    /// Returns the folder that a name or alias stands for, in any letter case.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "inbox" => Self::Inbox,
            "sent" | "sent items" | "sent mail" => Self::Sent,
            "drafts" | "draft" => Self::Drafts,
            "trash" | "deleted" | "deleted items" => Self::Trash,
            "junk" | "spam" | "junk email" => Self::Junk,
            "archive" | "all mail" => Self::Archive,
            _ => return None,
        })
    }

    /// Tells whether messages in this folder are left out of listings that name no folder.
    #[must_use]
    pub fn is_hidden(self) -> bool {
        matches!(self, Self::Trash | Self::Junk)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_alias_of_the_specification_finds_its_folder() {
        for (alias, folder) in [
            ("INBOX", SystemFolder::Inbox),
            ("Sent Items", SystemFolder::Sent),
            ("draft", SystemFolder::Drafts),
            ("Deleted Items", SystemFolder::Trash),
            ("SPAM", SystemFolder::Junk),
            ("All Mail", SystemFolder::Archive),
        ] {
            assert_eq!(SystemFolder::from_name(alias), Some(folder), "{alias}");
        }
        assert_eq!(SystemFolder::from_name("Clients"), None);
    }
}
