//! Lines of a message's text, with what they are part of.

/// Where a line comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// The author wrote it, as far as the markup tells.
    Own,
    /// Somebody else wrote it before.
    Quoted,
    /// The author's signature.
    Signature,
    /// The head of a forwarded or answered message: everything from here on is older.
    History,
}

/// One line of text without its line end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) text: String,
    pub(crate) part: Part,
}

impl Line {
    pub(crate) fn is_blank(&self) -> bool {
        self.text.trim().is_empty()
    }
}

/// Cuts plain text into lines; quoting by `>` is known.
pub(crate) fn lines_of(text: &str) -> Vec<Line> {
    let text = &text[..text.floor_char_boundary(crate::limits::CLEAN_TEXT_BYTES_MAX)];
    let line = |line: &str| Line {
        part: if line.starts_with('>') {
            Part::Quoted
        } else {
            Part::Own
        },
        text: crate::clean::invisible::without(line.trim_end()),
    };
    text.lines().map(line).collect()
}

/// Joins lines, at most one blank line in a row and none at the ends.
pub(crate) fn join<'a>(lines: impl Iterator<Item = &'a Line>) -> String {
    let mut out = String::new();
    let mut blank = false;
    for line in lines {
        if line.is_blank() {
            blank = !out.is_empty();
            continue;
        }
        if !out.is_empty() {
            out.push_str(if blank { "\n\n" } else { "\n" });
        }
        blank = false;
        out.push_str(line.text.trim_end());
    }
    out.truncate(out.floor_char_boundary(crate::limits::CLEAN_TEXT_BYTES_MAX));
    out
}
