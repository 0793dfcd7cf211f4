//! The elements that make a difference to text.

/// How an element breaks the text around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Part of a line.
    Inline,
    /// Begins and ends a line.
    Block,
    /// Begins and ends a paragraph.
    Paragraph,
    /// Has no content and no end tag.
    Void,
    /// Has content that is never shown, and is none that somebody hid.
    Machine,
    /// Has content that mail programs do not show.
    Unshown,
}

/// An element by its name; all unknown ones are the same inline element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Element {
    name: &'static str,
    pub(crate) role: Role,
}

/// Sorted by name.
const ELEMENTS: &[(&str, Role)] = &[
    ("a", Role::Inline),
    ("address", Role::Block),
    ("area", Role::Void),
    ("article", Role::Block),
    ("aside", Role::Block),
    ("b", Role::Inline),
    ("base", Role::Void),
    ("blockquote", Role::Paragraph),
    ("body", Role::Block),
    ("br", Role::Void),
    ("caption", Role::Block),
    ("center", Role::Block),
    ("code", Role::Inline),
    ("col", Role::Void),
    ("dd", Role::Block),
    ("del", Role::Inline),
    ("div", Role::Block),
    ("dl", Role::Paragraph),
    ("dt", Role::Block),
    ("em", Role::Inline),
    ("embed", Role::Void),
    ("fieldset", Role::Block),
    ("figure", Role::Block),
    ("font", Role::Inline),
    ("footer", Role::Block),
    ("form", Role::Block),
    ("h1", Role::Paragraph),
    ("h2", Role::Paragraph),
    ("h3", Role::Paragraph),
    ("h4", Role::Paragraph),
    ("h5", Role::Paragraph),
    ("h6", Role::Paragraph),
    ("head", Role::Block),
    ("header", Role::Block),
    ("hr", Role::Void),
    ("html", Role::Block),
    ("i", Role::Inline),
    ("iframe", Role::Unshown),
    ("img", Role::Void),
    ("input", Role::Void),
    ("li", Role::Block),
    ("link", Role::Void),
    ("main", Role::Block),
    ("meta", Role::Void),
    ("nav", Role::Block),
    ("noembed", Role::Unshown),
    ("noframes", Role::Unshown),
    ("noscript", Role::Unshown),
    ("object", Role::Unshown),
    ("ol", Role::Paragraph),
    ("p", Role::Paragraph),
    ("param", Role::Void),
    ("pre", Role::Paragraph),
    ("script", Role::Machine),
    ("section", Role::Block),
    ("source", Role::Void),
    ("span", Role::Inline),
    ("strong", Role::Inline),
    ("style", Role::Machine),
    ("table", Role::Paragraph),
    ("tbody", Role::Block),
    ("td", Role::Block),
    ("template", Role::Unshown),
    ("tfoot", Role::Block),
    ("th", Role::Block),
    ("thead", Role::Block),
    ("title", Role::Machine),
    ("tr", Role::Block),
    ("track", Role::Void),
    ("u", Role::Inline),
    ("ul", Role::Paragraph),
    ("wbr", Role::Void),
];

impl Element {
    /// Any element without a meaning of its own.
    pub(crate) const UNKNOWN: Self = Self {
        name: "",
        role: Role::Inline,
    };

    /// Returns the element of a tag's name, which the tokenizer has in lower case.
    pub(crate) fn of(name: &[u8]) -> Self {
        let found = ELEMENTS.binary_search_by(|(known, _)| known.as_bytes().cmp(name));
        found.map_or(Self::UNKNOWN, |at| {
            let (name, role) = ELEMENTS[at];
            Self { name, role }
        })
    }

    pub(crate) fn name(self) -> &'static str {
        self.name
    }

    pub(crate) fn is(self, name: &str) -> bool {
        self.name == name
    }

    /// Returns whether the end tag of an element inside it leaves it open, as cells and quotes do.
    pub(crate) fn contains_inline_ends(self) -> bool {
        matches!(self.role, Role::Block | Role::Paragraph)
    }

    /// Returns the level of a heading, 1 to 6.
    pub(crate) fn heading(self) -> Option<usize> {
        let level = self.name.strip_prefix('h')?;
        level.parse().ok().filter(|level| (1..=6).contains(level))
    }

    /// Returns whether opening `next` ends this element although nobody closed it.
    pub(crate) fn is_ended_by(self, next: Self) -> bool {
        match self.name {
            "p" => next.contains_inline_ends(),
            "li" => next.is("li"),
            "dt" | "dd" => matches!(next.name, "dt" | "dd"),
            "td" | "th" => matches!(next.name, "td" | "th" | "tr" | "tbody" | "tfoot"),
            "tr" => matches!(next.name, "tr" | "tbody" | "tfoot"),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_found_by_name() {
        assert!(ELEMENTS.is_sorted_by_key(|(name, _)| *name));
        assert_eq!(Element::of(b"table").role, Role::Paragraph);
        assert_eq!(Element::of(b"o:p").name(), "");
        assert_eq!(Element::of(b"h3").heading(), Some(3));
        assert_eq!(
            (
                Element::of(b"hr").heading(),
                Element::of(b"header").heading()
            ),
            (None, None)
        );
    }
}
