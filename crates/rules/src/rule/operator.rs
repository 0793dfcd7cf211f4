//! How a condition compares.

/// How a condition compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operator {
    /// Any value equals.
    Is,
    /// No value equals.
    IsNot,
    /// Any value has the text in it.
    Contains,
    /// Any value is in one of the lists.
    InList,
    /// Any value is in none of the lists.
    NotInList,
    /// A number is at least.
    Gte,
    /// A number is at most.
    Lte,
}

impl Operator {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Is,
        Self::IsNot,
        Self::Contains,
        Self::InList,
        Self::NotInList,
        Self::Gte,
        Self::Lte,
    ];

    /// Returns the name that the API uses.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Is => "is",
            Self::IsNot => "is_not",
            Self::Contains => "contains",
            Self::InList => "in_list",
            Self::NotInList => "not_in_list",
            Self::Gte => "gte",
            Self::Lte => "lte",
        }
    }

    /// Returns what a name stands for.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }

    /// Tells whether its value is an array of list ids.
    #[must_use]
    pub fn takes_lists(self) -> bool {
        matches!(self, Self::InList | Self::NotInList)
    }
}
