//! From tokens to well-nested pieces, each seen or unseen.

use html5gum::emitters::callback::CallbackEvent;
use memchr::memmem;

use super::colour::{Colour, WHITE};
use super::element::{Element, Role};
use super::look::Look;
use super::sheet::Sheet;
use super::tokenizer;
use crate::limits::{HTML_ATTRIBUTE_BYTES_MAX, HTML_BYTES_MAX, HTML_DEPTH_MAX, HTML_PIECES_MAX};

/// One step through a message's HTML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    /// An element begins; a [`Piece::Close`] follows for all but void ones.
    Open(Box<Tag>),
    /// The element opened last ends.
    Close(Element),
    /// Text that a reader sees, white space as written.
    Text(String),
    /// Text that is there and that no reader sees.
    Hidden(String),
    /// Text that some programs show and others do not: the title, and comments that address one of them.
    Aside(String),
}

/// A start tag with the attributes that matter to text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tag {
    pub(crate) element: Element,
    pub(crate) seen: bool,
    pub(crate) href: String,
    pub(crate) src: String,
    pub(crate) alt: String,
    /// What other attributes say, one a line.
    pub(crate) said: String,
    pub(crate) class: String,
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) style: String,
}

/// Reads HTML up to a bound; the same pieces for the same text, in linear time.
pub(crate) fn read(html: &str) -> Vec<Piece> {
    let html = &html[..html.floor_char_boundary(HTML_BYTES_MAX)];
    let mut reader = Reader {
        sheet: sheet_of(html),
        ..Reader::default()
    };
    tokens(html, |token| reader.take(token));
    reader.finish()
}

/// The beginning of a text, as far as it takes to see enough of it.
pub(crate) struct Beginning<'a> {
    html: &'a str,
    sheet: Sheet,
}

impl<'a> Beginning<'a> {
    /// Takes in the sheets. Cheaper than [`read`]: what is no sheet is passed over.
    pub(crate) fn of(html: &'a str) -> Self {
        let mut sheet = Sheet::default();
        let bytes = html.as_bytes();
        let mut at = 0;
        while let Some(found) = memchr::memchr(b'<', &bytes[at..]) {
            let rest = &bytes[at + found..];
            let length = if rest.starts_with(b"<!--") {
                memmem::find(&rest[4..], b"-->").map_or(rest.len(), |end| end + 7)
            } else if starts(rest, b"<style") {
                let end = memmem::find_iter(rest, b"</")
                    .find(|end| starts(&rest[*end..], b"</style"))
                    .unwrap_or(rest.len());
                let from = memchr::memchr(b'>', &rest[..end]).map_or(end, |from| from + 1);
                sheet.add(&html[at + found + from..at + found + end]);
                end
            } else {
                1
            };
            at += found + length;
        }
        Self { html, sheet }
    }

    /// Tells whether more than the tags themselves may hide something.
    pub(crate) fn has_sheets(&self) -> bool {
        !self.sheet.is_empty()
    }

    /// Returns the pieces of the first octets.
    pub(crate) fn read(&self, octets: usize) -> Vec<Piece> {
        let html = &self.html[..self.html.floor_char_boundary(octets)];
        let mut reader = Reader {
            sheet: self.sheet.clone(),
            ..Reader::default()
        };
        tokens(html, |token| reader.take(token));
        reader.finish()
    }
}

fn starts(bytes: &[u8], word: &[u8]) -> bool {
    bytes
        .get(..word.len())
        .is_some_and(|head| head.eq_ignore_ascii_case(word))
}

/// How a start tag says by itself that nobody sees what is in its element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Veil {
    /// Whatever its children say.
    Whole,
    /// Unless a child says otherwise.
    Default,
}

/// Returns what one start tag, `<p style="...">`, says about its element's visibility by its own attributes.
pub(crate) fn veil(tag: &str) -> Option<Veil> {
    let mut veil = None;
    tokens(tag, |token| {
        if let Token::Open(tag, _) = token {
            let is_gone = tag.look.gone.unwrap_or(tag.hidden);
            if is_gone {
                veil = Some(Veil::Whole);
            } else if tag.look.unseen == Some(true) || tag.look.tiny == Some(true) {
                veil = Some(Veil::Default);
            }
        }
    });
    veil
}

/// Collects the sheets first: a rule at the end also counts for text at the beginning.
fn sheet_of(html: &str) -> Sheet {
    let mut sheet = Sheet::default();
    if !html
        .as_bytes()
        .windows(6)
        .any(|window| window.eq_ignore_ascii_case(b"<style"))
    {
        return sheet;
    }
    let mut in_style = false;
    tokens(html, |token| match token {
        Token::Open(tag, _) => in_style = tag.element.is("style"),
        Token::Text(text) if in_style => sheet.add(text),
        _ => in_style = false,
    });
    sheet
}

/// What the tokenizer says, reduced to what matters here.
enum Token<'a> {
    Open(Box<RawTag>, bool),
    Close(Element),
    Text(&'a str),
    Comment(&'a str),
}

/// A start tag while its attributes come in.
struct RawTag {
    element: Element,
    attribute: Attribute,
    tag: Tag,
    hidden: bool,
    look: Look,
    legacy: Look,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Attribute {
    Href,
    Src,
    Alt,
    Class,
    Id,
    Type,
    Style,
    Colour,
    Background,
    BackgroundPicture,
    Said,
    Other,
}

impl RawTag {
    fn new(name: &[u8]) -> Self {
        let element = Element::of(name);
        Self {
            element,
            attribute: Attribute::Other,
            tag: Tag {
                element,
                seen: true,
                href: String::new(),
                src: String::new(),
                alt: String::new(),
                said: String::new(),
                class: String::new(),
                id: String::new(),
                kind: String::new(),
                style: String::new(),
            },
            hidden: false,
            look: Look::default(),
            legacy: Look::default(),
        }
    }

    fn take_name(&mut self, name: &[u8]) {
        self.attribute = match name {
            b"href" => Attribute::Href,
            b"src" => Attribute::Src,
            b"alt" => Attribute::Alt,
            b"class" => Attribute::Class,
            b"id" => Attribute::Id,
            b"type" => Attribute::Type,
            b"style" => Attribute::Style,
            b"color" => Attribute::Colour,
            b"bgcolor" => Attribute::Background,
            b"background" => Attribute::BackgroundPicture,
            b"title"
            | b"aria-label"
            | b"aria-description"
            | b"aria-roledescription"
            | b"placeholder"
            | b"value"
            | b"label"
            | b"summary"
            | b"content"
            | b"abbr" => Attribute::Said,
            _ => Attribute::Other,
        };
        self.hidden |= name == b"hidden";
    }

    fn take_value(&mut self, value: &[u8]) {
        let value = String::from_utf8_lossy(value);
        let slot = match self.attribute {
            Attribute::Href => &mut self.tag.href,
            Attribute::Src => &mut self.tag.src,
            Attribute::Alt => &mut self.tag.alt,
            Attribute::Class => &mut self.tag.class,
            Attribute::Id => &mut self.tag.id,
            Attribute::Type => &mut self.tag.kind,
            Attribute::Style => {
                self.look = Look::read(&value);
                &mut self.tag.style
            }
            Attribute::Colour => {
                self.legacy.colour = Colour::read(&value.to_ascii_lowercase());
                return;
            }
            Attribute::Background => {
                self.legacy.background = Colour::read(&value.to_ascii_lowercase()).map(Some);
                return;
            }
            Attribute::BackgroundPicture => {
                self.legacy.background = Some(None);
                return;
            }
            Attribute::Said => {
                let said = &value[..value.floor_char_boundary(HTML_ATTRIBUTE_BYTES_MAX)];
                if !said.trim().is_empty() {
                    self.tag.said.push_str(said);
                    self.tag.said.push('\n');
                }
                return;
            }
            Attribute::Other => return,
        };
        // The first of two attributes of one name counts; a cut address would lead elsewhere.
        if slot.is_empty() && value.len() <= HTML_ATTRIBUTE_BYTES_MAX {
            value.as_ref().clone_into(slot);
        }
    }
}

fn tokens(html: &str, mut take: impl FnMut(Token<'_>)) {
    let mut open: Option<RawTag> = None;
    tokenizer::events(html, |event| match event {
        CallbackEvent::OpenStartTag { name } => open = Some(RawTag::new(name)),
        CallbackEvent::AttributeName { name } => {
            if let Some(tag) = &mut open {
                tag.take_name(name);
            }
        }
        CallbackEvent::AttributeValue { value } => {
            if let Some(tag) = &mut open {
                tag.take_value(value);
            }
        }
        CallbackEvent::CloseStartTag { self_closing } => {
            if let Some(tag) = open.take() {
                take(Token::Open(Box::new(tag), self_closing));
            }
        }
        CallbackEvent::EndTag { name } => {
            open = None;
            take(Token::Close(Element::of(name)));
        }
        CallbackEvent::String { value } => take(Token::Text(&String::from_utf8_lossy(value))),
        CallbackEvent::Comment { value } => take(Token::Comment(&String::from_utf8_lossy(value))),
        CallbackEvent::Doctype { .. } | CallbackEvent::Error(_) => {}
    });
}

/// What holds inside an open element.
#[derive(Debug, Clone, Copy)]
struct Place {
    element: Element,
    gone: bool,
    unseen: bool,
    tiny: bool,
    colour: Option<Colour>,
    background: Option<Colour>,
}

impl Place {
    const SCREEN: Self = Self {
        element: Element::UNKNOWN,
        gone: false,
        unseen: false,
        tiny: false,
        colour: None,
        background: Some(WHITE),
    };

    fn inside(self, element: Element, look: Look) -> Self {
        Self {
            element,
            gone: self.gone || look.gone == Some(true) || element.role == Role::Unshown,
            unseen: look.unseen.unwrap_or(self.unseen),
            tiny: look.tiny.unwrap_or(self.tiny),
            colour: look.colour.or(self.colour),
            background: look.background.unwrap_or(self.background),
        }
    }

    fn is_seen(self) -> bool {
        let is_lost = |colour: Colour| {
            colour.transparent
                || self
                    .background
                    .is_some_and(|background| colour.is_lost_on(background))
        };
        !(self.gone || self.unseen || self.tiny || self.colour.is_some_and(is_lost))
    }
}

/// Returns the texts of HTML, whoever sees them.
fn said_by(html: &str) -> String {
    let mut said = String::new();
    let mut is_machinery = false;
    tokens(html, |token| match token {
        Token::Open(tag, _) => {
            is_machinery = tag.element.role == Role::Machine;
            if tag.element.role != Role::Inline {
                said.push(' ');
            }
        }
        Token::Close(element) => {
            is_machinery = false;
            if element.role != Role::Inline {
                said.push(' ');
            }
        }
        Token::Text(text) if !is_machinery => said.push_str(text),
        Token::Text(_) | Token::Comment(_) => {}
    });
    said.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[derive(Debug, Default)]
struct Reader {
    sheet: Sheet,
    pieces: Vec<Piece>,
    open: Vec<Place>,
}

impl Reader {
    fn take(&mut self, token: Token<'_>) {
        if self.pieces.len() >= HTML_PIECES_MAX {
            return;
        }
        match token {
            Token::Open(tag, self_closing) => self.open(*tag, self_closing),
            Token::Close(element) => self.close(element),
            Token::Text(text) => self.text(text),
            Token::Comment(text) => self.comment(text),
        }
    }

    fn place(&self) -> Place {
        self.open.last().copied().unwrap_or(Place::SCREEN)
    }

    fn open(&mut self, raw: RawTag, self_closing: bool) {
        let element = raw.element;
        if self_closing && element == Element::UNKNOWN {
            return;
        }
        while self
            .open
            .last()
            .is_some_and(|place| place.element.is_ended_by(element))
        {
            self.pop();
        }
        let of_sheet = self.sheet.look(element, &raw.tag.class, &raw.tag.id);
        let mut look = raw.legacy.overridden_by(of_sheet).overridden_by(raw.look);
        if raw.hidden && look.gone != Some(false) {
            look.gone = Some(true);
        }
        let mut place = self.place().inside(element, look);
        if element.is("a") && !raw.tag.href.is_empty() && look.colour.is_none() {
            // Mail programs show links in a colour of their own.
            place.colour = None;
        }
        let is_void = element.role == Role::Void;
        if self.open.len() >= HTML_DEPTH_MAX && !is_void {
            // What is nested deeper than anybody writes stays unopened, and hides what is around it if it hides.
            if let Some(last) = self.open.last_mut() {
                last.gone |= !place.is_seen();
            }
            return;
        }
        let tag = Tag {
            seen: place.is_seen(),
            ..raw.tag
        };
        self.pieces.push(Piece::Open(Box::new(tag)));
        if !is_void {
            self.open.push(place);
        }
    }

    fn close(&mut self, element: Element) {
        if element.is("br") {
            return;
        }
        let is_inline = !element.contains_inline_ends();
        for depth in (0..self.open.len()).rev() {
            let open = self.open[depth].element;
            if open == element {
                while self.open.len() > depth {
                    self.pop();
                }
                return;
            }
            // The end of an inline element does not reach out of its block, nor any end out of a cell.
            let is_cell = open.is("td") || open.is("th");
            let reaches_out = matches!(
                element.name(),
                "table" | "tr" | "tbody" | "thead" | "tfoot" | "html" | "body"
            );
            if (is_inline && open.contains_inline_ends()) || (is_cell && !reaches_out) {
                return;
            }
        }
    }

    fn pop(&mut self) {
        if let Some(place) = self.open.pop() {
            self.pieces.push(Piece::Close(place.element));
        }
    }

    fn text(&mut self, text: &str) {
        let place = self.place();
        if place.element.role == Role::Machine {
            if place.element.is("title") && !text.trim().is_empty() {
                self.pieces.push(Piece::Aside(text.to_owned()));
            }
            return;
        }
        let piece = if place.is_seen() {
            Piece::Text(text.to_owned())
        } else {
            Piece::Hidden(text.to_owned())
        };
        self.pieces.push(piece);
    }

    /// What comments hold that address one mail program is shown by that one; others are text that somebody left unseen.
    fn comment(&mut self, text: &str) {
        let text = text.trim();
        if text.starts_with("<![endif") || text.starts_with("[endif") {
            return;
        }
        if text.starts_with("[if") {
            let inside = text.split_once('>').map_or("", |(_, inside)| inside);
            let said = said_by(inside);
            if said.contains(char::is_alphabetic) {
                self.pieces.push(Piece::Aside(said));
            }
            return;
        }
        if text.contains(char::is_alphabetic) {
            self.pieces.push(Piece::Hidden(text.to_owned()));
        }
    }

    fn finish(mut self) -> Vec<Piece> {
        while !self.open.is_empty() {
            self.pop();
        }
        self.pieces
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(html: &str) -> String {
        let texts = read(html).into_iter().filter_map(|piece| match piece {
            Piece::Text(text) => Some(text),
            _ => None,
        });
        texts.collect::<String>().trim().to_owned()
    }

    #[test]
    fn agent_02_what_nobody_sees_is_no_text() {
        for html in [
            "<p style=\"display:none\">X</p>",
            "<p hidden>X</p>",
            "<font color=white>X</font>",
            "<table bgcolor=black><tr><td style='color:#000'>X</table>",
            "<div style='color:#fff;background:#fefefe'><b>X</b></div>",
            "<style>.s{display:none}</style><i class=s>X</i>",
            "<i class='t s'>X</i><style>.s{display:none}</style>",
            "<!-- X -->",
            "<script>X</script><style>X</style><title>X</title><noscript>X</noscript><template>X</template>",
            "<div style='font-size:0'><span>X</span></div>",
            "<div style='visibility:hidden'>X</div>",
        ] {
            assert_eq!(seen(html), "", "{html}");
        }
        assert_eq!(
            seen("<div style='font-size:0'><span style='font-size:14px'>X</span></div>"),
            "X"
        );
        assert_eq!(seen("<a style='color:#fff;background:#06c'>X</a>"), "X");
        assert_eq!(
            seen("<style>.b{background-color:#06c}</style><a class=b style='color:#fff'>X</a>"),
            "X"
        );
        assert_eq!(seen("<td background=x.png style='color:#fff'>X"), "X");
        assert_eq!(
            seen("<p style='color:white'>X<a href='https://x.example'>Y</a></p>"),
            "Y"
        );
        assert_eq!(seen("<p style='display:none'>X<p>Y"), "Y");
    }

    #[test]
    fn every_piece_that_opens_is_closed() {
        for html in [
            "<p>a<p>b",
            "<ul><li>a<li>b</ul>",
            "<b><table><tr><td>x</b></td></tr></table>",
            "</p></b>x",
            "<table><tr><td>a<td>b<tr><td>c",
            &"<div>".repeat(2_000),
            "<a href=",
            "<a href=\"x",
            "<",
        ] {
            let mut depth = 0_i64;
            for piece in read(html) {
                match piece {
                    Piece::Open(tag) if tag.element.role != Role::Void => depth += 1,
                    Piece::Close(_) => depth -= 1,
                    _ => {}
                }
                assert!((0..=HTML_DEPTH_MAX as i64).contains(&depth), "{html}");
            }
            assert_eq!(depth, 0, "{html}");
        }
    }

    #[test]
    fn agent_02_text_hidden_deeper_than_anybody_writes_stays_hidden() {
        let deep = format!(
            "{}<p style='display:none'>X",
            "<div>".repeat(HTML_DEPTH_MAX + 1)
        );
        assert_eq!(seen(&deep), "");
    }
}
