//! From pieces of HTML to lines of plain text or Markdown.

use super::Options;
use super::invisible;
use super::line::{Line, Part};
use super::marks;
use crate::extract::links;
use crate::html::{Element, Piece, Role, Tag};
use crate::limits::CLEAN_TEXT_BYTES_MAX;

/// Lists and quotes within each other that are indented; deeper ones stay at this depth.
const INDENT_MAX: usize = 8;

/// Renders what a reader sees.
pub(crate) fn lines(pieces: &[Piece], options: &Options) -> Vec<Line> {
    let mut renderer = Renderer::new(options, data_tables(pieces));
    for (at, piece) in pieces.iter().enumerate() {
        if renderer.bytes >= CLEAN_TEXT_BYTES_MAX {
            break;
        }
        match piece {
            Piece::Open(tag) => renderer.open(at, tag),
            Piece::Close(element) => renderer.close(*element),
            Piece::Text(text) => renderer.text(text),
            Piece::Hidden(_) | Piece::Aside(_) => {}
        }
    }
    renderer.finish()
}

/// Finds the tables with rows of several cells and no table inside: the others only arrange the page.
fn data_tables(pieces: &[Piece]) -> Vec<usize> {
    struct Open {
        at: usize,
        cells_in_row: usize,
        is_wide: bool,
        nests: bool,
    }
    let mut open: Vec<Open> = Vec::new();
    let mut found = Vec::new();
    for (at, piece) in pieces.iter().enumerate() {
        match piece {
            Piece::Open(tag) if tag.element.is("table") => {
                if let Some(outer) = open.last_mut() {
                    outer.nests = true;
                }
                open.push(Open {
                    at,
                    cells_in_row: 0,
                    is_wide: false,
                    nests: false,
                });
            }
            Piece::Open(tag) => {
                let Some(table) = open.last_mut() else {
                    continue;
                };
                match tag.element.name() {
                    "tr" => table.cells_in_row = 0,
                    "td" | "th" => {
                        table.cells_in_row += 1;
                        table.is_wide |= table.cells_in_row > 1;
                    }
                    _ => {}
                }
            }
            Piece::Close(element) if element.is("table") => {
                found.extend(
                    open.pop()
                        .filter(|table| table.is_wide && !table.nests)
                        .map(|table| table.at),
                );
            }
            _ => {}
        }
    }
    found.sort_unstable();
    found
}

/// A list that is open, with the number of its next item if it counts.
struct List {
    next: Option<u32>,
}

/// A table of data that is open.
#[derive(Default)]
struct Table {
    rows: usize,
    cells: Vec<String>,
}

/// What an element that is open asks for at its end.
struct Open {
    element: Element,
    /// The part of the message outside it.
    part_before: Part,
    /// Put behind its content.
    tail: String,
    is_data_table: bool,
}

struct Renderer<'a> {
    options: &'a Options,
    data_tables: Vec<usize>,
    lines: Vec<Line>,
    bytes: usize,
    line: String,
    /// A space waits for the next word.
    space: bool,
    part: Part,
    preformatted: usize,
    quotes: usize,
    lists: Vec<List>,
    /// An item's sign waits for its text.
    bullet: Option<String>,
    table: Option<Table>,
    open: Vec<Open>,
}

impl<'a> Renderer<'a> {
    fn new(options: &'a Options, data_tables: Vec<usize>) -> Self {
        Self {
            options,
            data_tables,
            lines: Vec::new(),
            bytes: 0,
            line: String::new(),
            space: false,
            part: Part::Own,
            preformatted: 0,
            quotes: 0,
            lists: Vec::new(),
            bullet: None,
            table: None,
            open: Vec::new(),
        }
    }

    fn markdown(&self) -> bool {
        self.options.html_as_markdown
    }

    fn open(&mut self, at: usize, tag: &Tag) {
        let element = tag.element;
        let part_before = self.part;
        let mark = marks::part_of(tag);
        if mark.is_some() {
            self.end_paragraph();
        }
        if let Some(part) = mark.filter(|_| self.part != Part::History) {
            self.part = part;
        }
        match element.name() {
            "br" => return self.end_line(),
            "hr" => return self.rule(mark.is_some()),
            "img" => return self.image(tag),
            _ => {}
        }
        if element.role == Role::Void {
            return;
        }
        let mut open = Open {
            element,
            part_before,
            tail: String::new(),
            is_data_table: false,
        };
        if element.contains_inline_ends() {
            self.end_block(element);
        }
        self.open_block(at, element, &mut open);
        self.open_inline(tag, &mut open);
        self.open.push(open);
    }

    fn open_block(&mut self, at: usize, element: Element, open: &mut Open) {
        match element.name() {
            "blockquote" => self.quotes += 1,
            "pre" => {
                if self.markdown() {
                    self.push_line("```");
                }
                self.preformatted += 1;
            }
            "ul" => self.lists.push(List { next: None }),
            "ol" => self.lists.push(List { next: Some(1) }),
            "li" => self.begin_item(),
            "table"
                if !self.options.ignore_tables && self.data_tables.binary_search(&at).is_ok() =>
            {
                open.is_data_table = true;
                self.table = Some(Table::default());
            }
            "tr" => {
                if let Some(table) = &mut self.table {
                    table.cells.clear();
                }
            }
            _ => {}
        }
        if let Some(level) = element.heading().filter(|_| self.markdown()) {
            self.line.push_str(&"#".repeat(level));
            self.line.push(' ');
        }
    }

    fn open_inline(&mut self, tag: &Tag, open: &mut Open) {
        let sign = match tag.element.name() {
            "b" | "strong" if self.markdown() => "**",
            "i" | "em" if self.markdown() => "*",
            "code" if self.markdown() && self.preformatted == 0 => "`",
            _ => "",
        };
        if !sign.is_empty() && tag.seen {
            self.put_sign(sign);
            sign.clone_into(&mut open.tail);
        }
        if !tag.element.is("a") || self.options.ignore_links || !tag.seen {
            return;
        }
        if let Some(url) = links::web_or_mail(&tag.href) {
            if self.markdown() {
                self.put_sign("[");
                open.tail = format!("]({})", links::in_parentheses(&url));
            } else {
                open.tail = format!(" <{url}>");
            }
        }
    }

    fn close(&mut self, element: Element) {
        let Some(open) = self.open.pop() else { return };
        debug_assert_eq!(open.element, element, "pieces are well nested");
        self.close_inline(&open.tail);
        match element.name() {
            "td" | "th" if self.table.is_some() => self.end_cell(),
            "tr" if self.table.is_some() => self.end_row(),
            _ if element.contains_inline_ends() => self.end_block(element),
            _ => {}
        }
        match element.name() {
            "blockquote" => self.quotes = self.quotes.saturating_sub(1),
            "pre" => {
                self.preformatted = self.preformatted.saturating_sub(1);
                if self.markdown() {
                    self.push_line("```");
                    self.end_paragraph();
                }
            }
            "ul" | "ol" => {
                self.lists.pop();
            }
            "table" if open.is_data_table => self.table = None,
            _ => {}
        }
        if self.part != open.part_before && self.part != Part::History {
            self.end_paragraph();
            self.part = open.part_before;
        }
    }

    /// Puts the sign that ends an inline element, or takes back the sign that began it when there is nothing inside.
    fn close_inline(&mut self, tail: &str) {
        if tail.is_empty() {
            return;
        }
        let sign = if tail.starts_with("](") { "[" } else { tail };
        if self.markdown() && self.line.ends_with(sign) && !sign.starts_with(' ') {
            self.line.truncate(self.line.len() - sign.len());
            return;
        }
        self.bytes += tail.len();
        let ended = self
            .lines
            .last_mut()
            .filter(|line| self.line.is_empty() && !line.text.is_empty());
        // The line that it belongs to may have ended inside the element.
        match ended {
            Some(line) => line.text.push_str(tail),
            None if self.line.trim().is_empty() => {}
            None => self.line.push_str(tail),
        }
    }

    fn put_sign(&mut self, sign: &str) {
        self.take_space();
        self.take_bullet();
        self.line.push_str(sign);
        self.bytes += sign.len();
    }

    fn text(&mut self, text: &str) {
        let text = invisible_free(text, self.preformatted > 0);
        if self.preformatted > 0 {
            return self.preformatted_text(&text);
        }
        for character in text.chars() {
            if character.is_whitespace() {
                self.space = true;
                continue;
            }
            self.take_space();
            self.take_bullet();
            if self.markdown() && matches!(character, '\\' | '`' | '*' | '_' | '[' | ']' | '<') {
                self.line.push('\\');
            }
            self.line.push(character);
            self.bytes += character.len_utf8();
        }
    }

    fn preformatted_text(&mut self, text: &str) {
        self.take_bullet();
        for (number, line) in text.split('\n').enumerate() {
            if number > 0 {
                self.end_line();
            }
            self.line.push_str(line.trim_end_matches('\r'));
            self.bytes += line.len() + 1;
        }
    }

    fn take_space(&mut self) {
        let wanted = self.space && !self.line.is_empty() && !self.line.ends_with([' ', '\n', '[']);
        self.space = false;
        if wanted {
            self.line.push(' ');
        }
    }

    fn begin_item(&mut self) {
        let depth = self.lists.len().saturating_sub(1).min(INDENT_MAX);
        let sign = match self.lists.last_mut().and_then(|list| list.next.as_mut()) {
            Some(number) => {
                let sign = format!("{number}. ");
                *number = number.saturating_add(1);
                sign
            }
            None => "- ".to_owned(),
        };
        self.bullet = Some(format!("{}{sign}", "  ".repeat(depth)));
    }

    fn take_bullet(&mut self) {
        if let Some(bullet) = self.bullet.take() {
            self.line.push_str(&bullet);
        }
    }

    fn image(&mut self, tag: &Tag) {
        if self.options.ignore_images || !tag.seen {
            return;
        }
        let alt = invisible::without(tag.alt.trim());
        if !self.options.images_as_markdown {
            return self.text(&alt);
        }
        let Some(url) = links::web_or_cid(&tag.src) else {
            return self.text(&alt);
        };
        let alt: String = alt
            .chars()
            .filter(|c| !matches!(c, '[' | ']' | '\\'))
            .collect();
        self.put_sign(&format!("![{alt}]({})", links::in_parentheses(&url)));
    }

    fn rule(&mut self, is_mark: bool) {
        self.end_paragraph();
        if !is_mark {
            self.push_line("---");
            self.end_paragraph();
        }
    }

    fn end_cell(&mut self) {
        let cell = std::mem::take(&mut self.line);
        self.space = false;
        if let Some(table) = &mut self.table {
            table.cells.push(cell.trim().replace('|', "\\|"));
        }
    }

    fn end_row(&mut self) {
        let Some(mut table) = self.table.take() else {
            return;
        };
        if table.cells.iter().any(|cell| !cell.is_empty()) {
            table.rows += 1;
            let row = table.cells.join(" | ");
            let text = if self.markdown() {
                format!("| {row} |")
            } else {
                row
            };
            self.push_line(&text);
            if table.rows == 1 && self.markdown() {
                self.push_line(&format!("|{}", " --- |".repeat(table.cells.len())));
            }
        }
        table.cells.clear();
        self.table = Some(table);
    }

    fn end_block(&mut self, element: Element) {
        // Inside a table of data, a block only separates words.
        if self.table.is_some() && !element.is("table") {
            self.space = true;
            return;
        }
        let is_paragraph = element.role == Role::Paragraph;
        if is_paragraph && (self.lists.is_empty() || element.is("pre")) {
            self.end_paragraph();
        } else if !self.line.is_empty() {
            self.end_line();
        }
    }

    fn end_paragraph(&mut self) {
        if !self.line.is_empty() {
            self.end_line();
        }
        if self.lines.last().is_some_and(|line| !line.text.is_empty()) {
            self.lines.push(Line {
                text: String::new(),
                part: self.part,
            });
        }
    }

    fn end_line(&mut self) {
        if self.table.is_some() {
            self.space = true;
            return;
        }
        let text = std::mem::take(&mut self.line);
        self.space = false;
        self.push_line(text.trim_end());
    }

    fn push_line(&mut self, text: &str) {
        let quotes = if self.part == Part::Own {
            self.quotes.min(INDENT_MAX)
        } else {
            0
        };
        let text = if quotes > 0 && self.markdown() {
            format!("{} {text}", ">".repeat(quotes))
        } else {
            text.to_owned()
        };
        self.bytes += text.len() + 1;
        self.lines.push(Line {
            text,
            part: self.part,
        });
    }

    fn finish(mut self) -> Vec<Line> {
        self.table = None;
        self.end_paragraph();
        self.lines
    }
}

/// Takes out what shows nothing, but leaves line ends where they matter.
fn invisible_free(text: &str, keeps_lines: bool) -> String {
    text.chars()
        .filter(|&c| !invisible::is_invisible(c))
        .map(|c| if c == '\u{a0}' { ' ' } else { c })
        .filter(|&c| c == '\t' || !c.is_control() || c.is_whitespace())
        .map(|c| if !keeps_lines && c == '\n' { ' ' } else { c })
        .collect()
}
