//! Field paths as they appear in errors: `settings.email`, `to[1].email`.

use std::fmt;

/// Longest name of a path that is repeated to the caller, in bytes; the name came from the caller's body.
const NAME_BYTES_MAX: usize = 64;

/// A path below the top of a body.
#[derive(Debug, Clone, Default)]
pub struct FieldPath {
    text: String,
    /// Where each step began, to undo it.
    marks: Vec<usize>,
}

impl FieldPath {
    /// Steps into a field. Names are cut to a sane length and stripped of control characters.
    pub fn push_name(&mut self, name: &str) {
        self.marks.push(self.text.len());
        if !self.text.is_empty() {
            self.text.push('.');
        }
        let shown = name.chars().filter(|character| !character.is_control());
        for character in shown {
            if self.text.len() >= self.marks.last().copied().unwrap_or_default() + NAME_BYTES_MAX {
                self.text.push('…');
                break;
            }
            self.text.push(character);
        }
    }

    /// Steps into an item of an array.
    pub fn push_index(&mut self, index: usize) {
        self.marks.push(self.text.len());
        self.text.push_str(&format!("[{index}]"));
    }

    /// Undoes the last step.
    pub fn pop(&mut self) {
        let mark = self.marks.pop().unwrap_or_default();
        self.text.truncate(mark);
    }

    /// Returns the path of a field below this one.
    #[must_use]
    pub fn child(&self, name: &str) -> Self {
        let mut path = self.clone();
        path.push_name(name);
        path
    }

    /// Returns the path of an item of this array.
    #[must_use]
    pub fn item(&self, index: usize) -> Self {
        let mut path = self.clone();
        path.push_index(index);
        path
    }

    /// Returns whether this is the body itself.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.text.is_empty()
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(if self.is_root() { "body" } else { &self.text })
    }
}
