//! Messages as text for readers who want what was said and nothing around it.
//!
//! Hidden text never gets through: not scripts, style sheets or comments, and nothing that a mail program would not show.

mod attribution;
mod closing;
pub(crate) mod invisible;
pub(crate) mod line;
mod marks;
mod render;
mod reply;

use crate::html::{self, Piece};
use crate::message::ParsedMessage;
use line::Line;

/// What a cleaned message leaves out, and how it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Leaves out where links lead; their text stays.
    pub ignore_links: bool,
    /// Leaves out images and what they say instead.
    pub ignore_images: bool,
    /// Writes images as `![text](address)`, else only their text.
    pub images_as_markdown: bool,
    /// Writes the cells of tables one after the other, not in rows.
    pub ignore_tables: bool,
    /// Leaves out the last greeting and what stands below it.
    pub remove_conclusion_phrases: bool,
    /// Writes Markdown: headings, emphasis, links, rules, tables.
    pub html_as_markdown: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            ignore_links: true,
            ignore_images: true,
            images_as_markdown: true,
            ignore_tables: true,
            remove_conclusion_phrases: true,
            html_as_markdown: false,
        }
    }
}

/// Returns what the author of a message says: without quotes, history and signature, up to
/// [`CLEAN_TEXT_BYTES_MAX`](crate::limits::CLEAN_TEXT_BYTES_MAX).
///
/// A message that is nothing but quotes, such as a forwarded one, is returned with them.
#[must_use]
pub fn conversation(message: &ParsedMessage, options: &Options) -> String {
    let lines = lines(message, options);
    let mut own = reply::own(&lines);
    if own.iter().all(|line| line.is_blank()) {
        own = lines.iter().collect();
    }
    if options.remove_conclusion_phrases {
        closing::remove(&mut own);
    }
    line::join(own.into_iter())
}

/// Returns the text above quotes and signature, empty when there is none.
#[must_use]
pub fn reply_text(message: &ParsedMessage) -> String {
    let lines = lines(message, &Options::default());
    line::join(reply::own(&lines).into_iter())
}

fn lines(message: &ParsedMessage, options: &Options) -> Vec<Line> {
    match &message.html {
        Some(html) => lines_of_html(&html::read(html), options),
        None => line::lines_of(message.text.as_deref().unwrap_or_default()),
    }
}

pub(crate) fn lines_of_html(pieces: &[Piece], options: &Options) -> Vec<Line> {
    render::lines(pieces, options)
}

/// Returns the text above quotes and signature of lines.
pub(crate) fn reply_of(lines: &[Line]) -> String {
    line::join(reply::own(lines).into_iter())
}
