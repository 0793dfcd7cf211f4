//! Every text of a body's HTML, for whoever looks for words in it.

use crate::html::{self, Piece, Role};

/// The texts of one body, each piece behind the other.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HtmlTexts {
    /// What a reader sees. Elements that end no line do not cut a word in two; others begin a line.
    pub seen: String,
    /// What no reader sees: texts made invisible, and comments.
    pub unseen: String,
    /// What may be shown beside the body: where links lead and images come from, what stands for images, what other
    /// attributes and the title say, and what comments hold that address one mail program; one a line.
    pub attributes: String,
}

/// Reads HTML up to [`HTML_BYTES_MAX`](crate::limits::HTML_BYTES_MAX).
#[must_use]
pub fn html_texts(html: &str) -> HtmlTexts {
    let mut texts = HtmlTexts::default();
    for piece in html::read(html) {
        match piece {
            Piece::Text(text) => texts.seen.push_str(&text),
            Piece::Hidden(text) => texts.unseen.push_str(&text),
            Piece::Aside(text) => {
                texts.attributes.push_str(&text);
                texts.attributes.push('\n');
            }
            Piece::Open(tag) => {
                for attribute in [&tag.href, &tag.src, &tag.alt] {
                    if !attribute.is_empty() {
                        texts.attributes.push_str(attribute);
                        texts.attributes.push('\n');
                    }
                }
                texts.attributes.push_str(&tag.said);
                texts.pass(tag.element.role, tag.element.name());
            }
            Piece::Close(element) => texts.pass(element.role, element.name()),
        }
    }
    texts
}

impl HtmlTexts {
    fn pass(&mut self, role: Role, name: &str) {
        // What ends no line can be put into a word, and nobody sees it: an image of no size, a script, a place for a break.
        let ends_line = match role {
            Role::Block | Role::Paragraph => true,
            Role::Void => matches!(name, "br" | "hr"),
            Role::Inline | Role::Machine | Role::Unshown => false,
        };
        if !ends_line {
            return;
        }
        for text in [&mut self.seen, &mut self.unseen] {
            if !text.is_empty() && !text.ends_with('\n') {
                text.push('\n');
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agent_02_what_only_some_programs_show_is_told() {
        let texts = html_texts(
            "<title>T1</title><!--[if mso]><table><tr><td>o<b>n</b>e</td><td>two<style>x</style></td></tr></table><![endif]-->\
             <!--[if !mso]><!--><p title='T2' aria-label=T3>seen</p><!--<![endif]--><img alt=A><input placeholder=T4>",
        );
        assert_eq!(texts.attributes, "T1\none two\nT2\nT3\nA\nT4\n");
        assert_eq!(texts.seen.trim(), "seen");
        assert_eq!(texts.unseen, "");
    }

    #[test]
    fn agent_04_nothing_that_ends_no_line_cuts_a_word_in_two() {
        for between in [
            "<wbr>",
            "<img src=x>",
            "<input type=hidden>",
            "<script>x</script>",
            "<style>x{}</style>",
            "<template>x</template>",
            "<object></object>",
            "<meta name=x>",
            "<o:p></o:p>",
        ] {
            let texts = html_texts(&format!("<div>gh{between}p_</div>x"));
            assert_eq!(texts.seen, "ghp_\nx", "{between}");
        }
        for between in ["<br>", "<hr>", "<p>", "</div>", "<td>", "<li>"] {
            let texts = html_texts(&format!("<div>one{between}two"));
            assert!(texts.seen.starts_with("one\ntwo"), "{between}");
        }
    }

    #[test]
    fn a_word_is_whole_whatever_elements_are_within_it_and_hidden_text_is_apart() {
        let texts = html_texts(
            "<p>gh<b>p</b>_ab<!-- note --><i style='display:none'>hid<u>den</u></i>cd</p><p>next&#33;\
             <a href='https://x.example/?k=1&amp;l=2'>here</a><img src=cid:a alt='a &lt;b'>",
        );
        assert_eq!(texts.seen, "ghp_abcd\nnext!here\n");
        assert!(texts.unseen.contains("hidden") && texts.unseen.contains("note"));
        assert_eq!(
            texts.attributes,
            "https://x.example/?k=1&l=2\ncid:a\na <b\n"
        );
    }
}
