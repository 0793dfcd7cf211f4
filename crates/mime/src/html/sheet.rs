//! The style sheets of a message, as far as they hide or colour text.

use std::collections::HashMap;

use super::element::Element;
use super::look::Look;

/// Rules kept of all sheets; newsletters have some hundred.
const RULES_MAX: usize = 2_000;
/// Octets of a selector; longer ones belong to no message.
const SELECTOR_BYTES_MAX: usize = 100;
/// Classes of one element that are looked up.
pub(crate) const CLASSES_MAX: usize = 16;

/// Looks by selector: an element, a class, an id, or an element with one of them.
///
/// Of a longer selector the last step counts, so a rule may hide more than it does on the screen, never less. Rules for
/// certain devices are passed over.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sheet {
    looks: HashMap<String, Look>,
}

impl Sheet {
    /// Adds the rules of one `style` element.
    pub(crate) fn add(&mut self, css: &str) {
        let mut rest = css;
        while let Some(opening) = rest.find('{') {
            let head = rest[..opening]
                .rsplit(['}', ';'])
                .next()
                .unwrap_or_default();
            let head = head.rsplit("*/").next().unwrap_or(head).trim();
            rest = &rest[opening + 1..];
            if head.starts_with('@') {
                rest = behind_block(rest);
                continue;
            }
            let closing = rest.find('}').unwrap_or(rest.len());
            self.add_rule(head, &rest[..closing]);
            rest = rest.get(closing + 1..).unwrap_or_default();
        }
    }

    /// Tells whether no rule was kept.
    pub(crate) fn is_empty(&self) -> bool {
        self.looks.is_empty()
    }

    /// Returns what the sheets say about an element.
    pub(crate) fn look(&self, element: Element, class: &str, id: &str) -> Look {
        if self.looks.is_empty() {
            return Look::default();
        }
        let name = element.name();
        let mut look = Look::default();
        let mut apply = |selector: &str| {
            if let Some(more) = self.looks.get(selector) {
                look = look.overridden_by(*more);
            }
        };
        apply("*");
        apply(name);
        for class in class.split_ascii_whitespace().take(CLASSES_MAX) {
            if class.len() <= SELECTOR_BYTES_MAX {
                apply(&format!(".{class}"));
                apply(&format!("{name}.{class}"));
            }
        }
        if !id.is_empty() && id.len() <= SELECTOR_BYTES_MAX {
            apply(&format!("#{id}"));
            apply(&format!("{name}#{id}"));
        }
        look
    }

    fn add_rule(&mut self, selectors: &str, declarations: &str) {
        let look = Look::read(declarations);
        if look == Look::default() {
            return;
        }
        for selector in selectors.split(',') {
            let step = selector
                .split_ascii_whitespace()
                .next_back()
                .unwrap_or_default();
            // States of the pointer and pieces of an element say nothing about its text.
            if step.is_empty()
                || step.len() > SELECTOR_BYTES_MAX
                || step.contains([':', '[', '>', '+', '~'])
            {
                continue;
            }
            if self.looks.len() >= RULES_MAX && !self.looks.contains_key(step) {
                return;
            }
            let before = self.looks.get(step).copied().unwrap_or_default();
            self.looks
                .insert(step.to_owned(), before.overridden_by(look));
        }
    }
}

/// Returns what follows a block whose opening brace has been read.
fn behind_block(css: &str) -> &str {
    let mut depth = 1_usize;
    for (at, byte) in css.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return &css[at + 1..];
        }
    }
    ""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agent_02_rules_of_a_sheet_hide_text() {
        let mut sheet = Sheet::default();
        sheet.add("/* a */ .h , p.x{display:none} @media (max-width:1px){ .m{display:none} p{color:red} } #i { font-size:0 }\n a:hover{display:none} td .deep{visibility:hidden}");
        let p = Element::of(b"p");
        assert_eq!(sheet.look(p, "a h", "").gone, Some(true));
        assert_eq!(sheet.look(p, "x", "").gone, Some(true));
        assert_eq!(sheet.look(Element::of(b"div"), "x", "").gone, None);
        assert_eq!(sheet.look(p, "m", "").gone, None);
        assert_eq!(sheet.look(p, "", "i").tiny, Some(true));
        assert_eq!(sheet.look(p, "deep", "").unseen, Some(true));
        assert_eq!(sheet.look(Element::of(b"a"), "", ""), Look::default());
        for broken in ["{", "}", "a{", "@media{", "@", "{}{}{", "a}b{c"] {
            Sheet::default().add(broken);
        }
    }
}
