//! What a contact consists of.

use crate::organise::Metadata;

/// A member that is one text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each variant is the API's name of the member")]
pub enum ContactText {
    GivenName,
    MiddleName,
    Surname,
    Suffix,
    Nickname,
    Birthday,
    CompanyName,
    JobTitle,
    ManagerName,
    OfficeLocation,
    Notes,
    PictureUrl,
    DisplayName,
}

impl ContactText {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 13] = [
        Self::GivenName,
        Self::MiddleName,
        Self::Surname,
        Self::Suffix,
        Self::Nickname,
        Self::Birthday,
        Self::CompanyName,
        Self::JobTitle,
        Self::ManagerName,
        Self::OfficeLocation,
        Self::Notes,
        Self::PictureUrl,
        Self::DisplayName,
    ];

    /// Returns the member's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::GivenName => "given_name",
            Self::MiddleName => "middle_name",
            Self::Surname => "surname",
            Self::Suffix => "suffix",
            Self::Nickname => "nickname",
            Self::Birthday => "birthday",
            Self::CompanyName => "company_name",
            Self::JobTitle => "job_title",
            Self::ManagerName => "manager_name",
            Self::OfficeLocation => "office_location",
            Self::Notes => "notes",
            Self::PictureUrl => "picture_url",
            Self::DisplayName => "display_name",
        }
    }
}

/// A member that is a list of entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each variant is the API's name of the member")]
pub enum ContactList {
    Emails,
    PhoneNumbers,
    ImAddresses,
    PhysicalAddresses,
    WebPages,
}

impl ContactList {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 5] = [
        Self::Emails,
        Self::PhoneNumbers,
        Self::ImAddresses,
        Self::PhysicalAddresses,
        Self::WebPages,
    ];

    /// Returns the member's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Emails => "emails",
            Self::PhoneNumbers => "phone_numbers",
            Self::ImAddresses => "im_addresses",
            Self::PhysicalAddresses => "physical_addresses",
            Self::WebPages => "web_pages",
        }
    }

    /// Returns the names of the texts of an entry, `type` last.
    #[must_use]
    pub fn entry_texts(self) -> &'static [&'static str] {
        match self {
            Self::Emails => &["email", "type"],
            Self::PhoneNumbers => &["number", "type"],
            Self::ImAddresses => &["im_address", "type"],
            Self::PhysicalAddresses => &[
                "street_address",
                "city",
                "postal_code",
                "state",
                "country",
                "type",
            ],
            Self::WebPages => &["url", "type"],
        }
    }

    /// Returns the text that an entry cannot be without.
    pub(crate) fn required_text(self) -> Option<&'static str> {
        match self {
            Self::PhysicalAddresses => None,
            other => other.entry_texts().first().copied(),
        }
    }

    /// Returns the types that are kept as they are; others become `other`. `None`: all are kept.
    pub(crate) fn known_types(self) -> Option<&'static [&'static str]> {
        match self {
            Self::PhoneNumbers => Some(&["work", "home", "mobile", "other"]),
            Self::ImAddresses => None,
            _ => Some(&["work", "home", "other"]),
        }
    }
}

/// The texts of one entry by name, as far as they are set.
pub type ContactEntry = Vec<(&'static str, String)>;

/// What is said about a contact, when it is made or changed. What is not said stays.
#[derive(Debug, Clone, Default)]
pub struct ContactChange {
    /// New texts; `None` clears one.
    pub texts: Vec<(ContactText, Option<String>)>,
    /// New lists; each replaces the whole list.
    pub lists: Vec<(ContactList, Vec<ContactEntry>)>,
    /// Replaces all metadata.
    pub metadata: Option<Metadata>,
}
