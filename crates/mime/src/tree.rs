//! The structure of a message: one pass over its lines that cuts it into parts.
//!
//! Open multiparts are a stack of boundaries; every line that starts with `--` is compared with them, innermost first.
//! A boundary of an outer multipart therefore ends everything within it, whatever was left open, so text behind a
//! missing closing boundary stays visible. Attached messages are leaves: nothing in them is interpreted. Parts hold
//! ranges of the raw octets, and the numbers of parts are their order.

use std::borrow::Cow;
use std::ops::Range;

use memchr::{memchr, memmem};

use crate::fields::{Field, FieldReader, HeaderEnd};
use crate::limits::{MEDIA_TYPE_BYTES_MAX, MIME_DEPTH_MAX, MIME_PARTS_MAX};
use crate::parameters::Parameters;
use crate::transfer::Encoding;

/// The fields of a part that say what it is.
#[derive(Debug, Default)]
pub(crate) struct PartFields<'a> {
    pub(crate) content_type: Option<Parameters<'a>>,
    pub(crate) disposition: Option<Parameters<'a>>,
    pub(crate) encoding: Option<Encoding>,
    pub(crate) content_id: Option<&'a [u8]>,
    /// Later fields of the same names: the first one counts, but other readers may take these.
    pub(crate) other_types: Vec<Parameters<'a>>,
    pub(crate) other_dispositions: Vec<Parameters<'a>>,
    /// Encodings of later fields that are not the first one; each once.
    pub(crate) other_encodings: Vec<Encoding>,
    /// Other readers may see another structure.
    pub(crate) ambiguous: bool,
    /// Not all of it was read: beyond a cap.
    pub(crate) truncated: bool,
}

impl<'a> PartFields<'a> {
    /// Takes the field if it describes the part; returns whether it did.
    pub(crate) fn take(&mut self, field: &Field<'a>) -> bool {
        if field.name.len() < 10 || !field.name[..8].eq_ignore_ascii_case(b"content-") {
            return false;
        }
        if field.is("Content-Type") {
            self.take_parameters(field.value, true);
        } else if field.is("Content-Disposition") {
            self.take_parameters(field.value, false);
        } else if field.is("Content-Transfer-Encoding") {
            self.take_encoding(Encoding::parse(field.value));
        } else if field.is("Content-ID") {
            self.content_id.get_or_insert(field.value);
        }
        true
    }

    fn take_encoding(&mut self, encoding: Encoding) {
        let first = *self.encoding.get_or_insert(encoding);
        if first == encoding {
            return;
        }
        self.ambiguous = true;
        if !self.other_encodings.contains(&encoding) {
            self.other_encodings.push(encoding);
        }
    }

    fn take_parameters(&mut self, value: &'a [u8], is_type: bool) {
        let parameters = Parameters::parse(value);
        let (slot, others) = if is_type {
            (&mut self.content_type, &mut self.other_types)
        } else {
            (&mut self.disposition, &mut self.other_dispositions)
        };
        if slot.is_none() {
            *slot = Some(parameters);
            return;
        }
        // The same twice is the same to everybody.
        if slot.as_ref() != Some(&parameters) {
            self.ambiguous |= is_type;
            others.push(parameters);
        }
    }

    /// Tells whether other readers may take the part for another one, or find files in it that are not found here.
    pub(crate) fn is_doubtful(&self) -> bool {
        self.ambiguous || self.has_odd_type() || self.dispositions().any(hides_a_name)
    }

    pub(crate) fn dispositions(&self) -> impl Iterator<Item = &Parameters<'a>> {
        self.disposition.iter().chain(&self.other_dispositions)
    }

    pub(crate) fn types(&self) -> impl Iterator<Item = &Parameters<'a>> {
        self.content_type.iter().chain(&self.other_types)
    }

    /// A type that somebody else may be able to read, or one with a name that is not set off by a semicolon.
    fn has_odd_type(&self) -> bool {
        let Some(content_type) = &self.content_type else {
            return false;
        };
        if self.declared_type().is_some() {
            return hides_a_name(content_type);
        }
        // RFC 1049 and programs before MIME: nothing, or this word, is plain text to everybody.
        let is_text =
            content_type.token.is_empty() || content_type.token.eq_ignore_ascii_case(b"text");
        !is_text || content_type.malformed
    }

    /// Returns the declared media type as written, when it is well formed.
    pub(crate) fn declared_type(&self) -> Option<&'a [u8]> {
        let token = self.content_type.as_ref()?.token;
        let word = token
            .split(u8::is_ascii_whitespace)
            .next()
            .unwrap_or_default();
        let slash = memchr(b'/', word)?;
        let well_formed = slash > 0
            && slash + 1 < word.len()
            && word.len() <= MEDIA_TYPE_BYTES_MAX
            && word
                .iter()
                .all(|&byte| byte.is_ascii_graphic() && !b"\"<>@,:\\[]?=".contains(&byte));
        well_formed.then_some(word)
    }
}

/// `attachment filename=a.exe`: the first semicolon is missing, and some readers put up with that, or with quotes.
fn hides_a_name(parameters: &Parameters<'_>) -> bool {
    let token = parameters.token;
    let names = || {
        let mut words = token.windows(4);
        words.any(|word| word.eq_ignore_ascii_case(b"name"))
    };
    memchr(b'"', token).is_some() || memchr(b'=', token).is_some() && names()
}

/// How the children of a multipart belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Multipart {
    Alternative,
    Related,
    Digest,
    /// `mixed` and everything that is treated like it. RFC 2046 5.1.7.
    Mixed,
}

/// One part, in the order of the message.
#[derive(Debug)]
pub(crate) struct Part<'a> {
    pub(crate) fields: PartFields<'a>,
    /// Where the header starts.
    pub(crate) head: usize,
    /// The octets of the body, transfer encoding included, without the line end before the boundary.
    pub(crate) body: Range<usize>,
    /// Set when the part has children.
    pub(crate) multipart: Option<Multipart>,
    /// The number of the first part that is not within this one.
    pub(crate) end: usize,
    /// Where everything that belongs to it ends, what stands behind the last boundary of a multipart included.
    pub(crate) whole_end: usize,
    /// A multipart in which no part was found: shown as text, so that nothing hides in it.
    pub(crate) hollow: bool,
    /// Beyond a cap: kept, but not interpreted.
    pub(crate) opaque: bool,
    is_digest_child: bool,
}

impl<'a> Part<'a> {
    /// Returns the media type that counts, in the sender's case.
    pub(crate) fn media_type(&self) -> &'a [u8] {
        if self.hollow {
            return b"text/plain";
        }
        match self.fields.declared_type() {
            Some(declared) => declared,
            // RFC 2046 5.1.5 and RFC 2045 5.2: the defaults, also for an unreadable type
            None if self.is_digest_child && self.fields.content_type.is_none() => b"message/rfc822",
            None => b"text/plain",
        }
    }

    pub(crate) fn is_type(&self, media_type: &str) -> bool {
        self.media_type()
            .eq_ignore_ascii_case(media_type.as_bytes())
    }

    pub(crate) fn is_kind(&self, kind: &str) -> bool {
        let media_type = self.media_type();
        media_type
            .get(..kind.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(kind.as_bytes()))
            && media_type.get(kind.len()) == Some(&b'/')
    }

    pub(crate) fn encoding(&self) -> Encoding {
        // RFC 2045 6.4: multiparts are not encoded as a whole
        if self.hollow {
            Encoding::Identity
        } else {
            self.fields.encoding.unwrap_or_default()
        }
    }

    /// Returns every encoding that some reader could undo, the one that counts first.
    pub(crate) fn encodings(&self) -> impl Iterator<Item = Encoding> {
        let counts = self.encoding();
        let named = self.fields.encoding.into_iter();
        let others = named.chain(self.fields.other_encodings.iter().copied());
        std::iter::once(counts).chain(others.filter(move |other| *other != counts))
    }
}

/// All parts of a message in preorder; the root is number 0.
#[derive(Debug, Default)]
pub(crate) struct Tree<'a> {
    pub(crate) parts: Vec<Part<'a>>,
    pub(crate) truncated: bool,
    pub(crate) ambiguous: bool,
    /// What lies behind the last part that is counted.
    pub(crate) rest: Option<Rest>,
}

/// Parts that were not looked at, because there are too many before them.
#[derive(Debug)]
pub(crate) struct Rest {
    /// Where the first of them starts.
    pub(crate) head: usize,
    /// Boundaries that end what is open there, innermost first, each as a line of its own.
    pub(crate) closing: Vec<u8>,
}

/// The root's header, already read.
#[derive(Debug)]
pub(crate) struct RootHead<'a> {
    pub(crate) fields: PartFields<'a>,
    pub(crate) body_start: usize,
    pub(crate) end: HeaderEnd,
}

struct Open<'a> {
    part: usize,
    boundary: Cow<'a, [u8]>,
    is_digest: bool,
    /// The last of its children.
    child: Option<usize>,
}

struct Scan<'a> {
    raw: &'a [u8],
    tree: Tree<'a>,
    open: Vec<Open<'a>>,
    open_leaf: Option<usize>,
}

/// Cuts the message into parts. Linear in its length; bounded by [`MIME_PARTS_MAX`] and [`MIME_DEPTH_MAX`].
pub(crate) fn scan<'a>(raw: &'a [u8], root: RootHead<'a>) -> Tree<'a> {
    let mut scan = Scan {
        raw,
        tree: Tree::default(),
        open: Vec::new(),
        open_leaf: None,
    };
    let mut position = root.body_start;
    scan.begin(root.fields, 0, position, root.end == HeaderEnd::Overflow);
    let dashes = memmem::Finder::new(b"\n--");
    let mut end = raw.len();
    while !scan.open.is_empty() {
        let Some(start) = next_dashes(raw, position, &dashes) else {
            break;
        };
        let line = line_at(raw, start);
        position = start + line.len();
        let Some((level, closing)) = scan.boundary_level(line) else {
            continue;
        };
        scan.close_above(level, start);
        if closing {
            scan.close_top(start);
            continue;
        }
        if scan.tree.parts.len() == MIME_PARTS_MAX {
            scan.leave_rest(position);
            end = start;
            break;
        }
        position = scan.read_part(position);
    }
    scan.close_all(end);
    scan.tree
}

impl<'a> Scan<'a> {
    /// Reads the header of a part and returns where its body starts.
    fn read_part(&mut self, start: usize) -> usize {
        let mut reader = FieldReader::new(self.raw, start);
        let mut fields = PartFields::default();
        while let Some(field) = reader.next(|line| self.exact_level(line).is_some()) {
            fields.take(&field);
        }
        fields.ambiguous |= reader.is_doubtful();
        fields.truncated |= reader.surplus;
        self.begin(
            fields,
            start,
            reader.body_start(),
            reader.ended() == HeaderEnd::Overflow,
        );
        reader.body_start()
    }

    fn begin(&mut self, mut fields: PartFields<'a>, head: usize, body_start: usize, opaque: bool) {
        let number = self.tree.parts.len();
        let is_digest_child = self.open.last().is_some_and(|open| open.is_digest);
        let mut opened = None;
        if !opaque && let Some(kind) = multipart_kind(&mut fields) {
            match boundary(&mut fields) {
                Some(_) if self.open.len() == MIME_DEPTH_MAX => self.tree.truncated = true,
                Some(boundary) => {
                    fields.ambiguous |= self.open.iter().any(|open| open.boundary == boundary);
                    opened = Some((kind, boundary));
                }
                None => fields.ambiguous = true,
            }
        }
        let is_cut = fields.types().any(|one| one.truncated);
        let is_cut = is_cut || fields.dispositions().any(|one| one.truncated);
        fields.truncated |= opaque || is_cut;
        self.tree.truncated |= fields.truncated;
        self.tree.ambiguous |= fields.ambiguous;
        if let Some(open) = self.open.last_mut() {
            open.child = Some(number);
        }
        let is_multipart = fields.declared_type().is_some_and(is_multipart_type);
        let too_deep = is_multipart && opened.is_none() && self.open.len() == MIME_DEPTH_MAX;
        self.tree.parts.push(Part {
            fields,
            head,
            body: body_start..body_start,
            multipart: opened.as_ref().map(|&(kind, _)| kind),
            end: number + 1,
            whole_end: self.raw.len(),
            hollow: is_multipart && opened.is_none() && !too_deep && !opaque,
            opaque: opaque || too_deep,
            is_digest_child,
        });
        match opened {
            Some((kind, boundary)) => self.open.push(Open {
                part: number,
                boundary,
                is_digest: kind == Multipart::Digest,
                child: None,
            }),
            None => self.open_leaf = Some(number),
        }
    }

    /// Finds the multipart whose boundary the line is, and whether it is its closing one.
    fn boundary_level(&mut self, line: &[u8]) -> Option<(usize, bool)> {
        let found = self.exact_level(line);
        if found.is_some() {
            return found;
        }
        // RFC 2046 5.1.1 lets readers be content with a prefix; we are not, but say so.
        for open in &self.open {
            if line[2..].starts_with(&open.boundary) {
                self.tree.ambiguous = true;
                self.tree.parts[open.part].fields.ambiguous = true;
            }
        }
        None
    }

    /// Leaves everything from here on unread.
    fn leave_rest(&mut self, head: usize) {
        self.tree.truncated = true;
        let lines = self.open.iter().rev();
        let lines = lines.map(|open| [b"\r\n--", &*open.boundary, b"--"].concat());
        let mut closing = lines.collect::<Vec<_>>().concat();
        closing.extend_from_slice(b"\r\n");
        self.tree.rest = Some(Rest { head, closing });
    }

    fn exact_level(&self, line: &[u8]) -> Option<(usize, bool)> {
        let content = line.get(2..)?.trim_ascii_end();
        for (level, open) in self.open.iter().enumerate().rev() {
            if content == &*open.boundary {
                return Some((level, false));
            }
            if content.strip_suffix(b"--") == Some(&*open.boundary) {
                return Some((level, true));
            }
        }
        None
    }

    /// Ends the open leaf and all multiparts within the one at `level`.
    fn close_above(&mut self, level: usize, line_start: usize) {
        self.close_leaf(line_start);
        while self.open.len() > level + 1 {
            self.close_top(line_start);
        }
        self.close_child(line_start);
    }

    /// The last child of the innermost multipart is over, with all that stood behind its own boundaries.
    fn close_child(&mut self, line_start: usize) {
        if let Some(child) = self.open.last().and_then(|open| open.child) {
            let part = &mut self.tree.parts[child];
            part.whole_end = before_line_end(self.raw, part.body.start, line_start);
        }
    }

    fn close_leaf(&mut self, line_start: usize) {
        if let Some(leaf) = self.open_leaf.take() {
            let part = &mut self.tree.parts[leaf];
            part.body.end = before_line_end(self.raw, part.body.start, line_start);
        }
    }

    /// Ends the innermost multipart.
    fn close_top(&mut self, line_start: usize) {
        self.close_child(line_start);
        let Some(open) = self.open.pop() else { return };
        let next_number = self.tree.parts.len();
        let part = &mut self.tree.parts[open.part];
        part.end = next_number;
        part.body.end = before_line_end(self.raw, part.body.start, line_start);
        if next_number == open.part + 1 {
            part.multipart = None;
            part.hollow = true;
            part.fields.ambiguous = true;
            self.tree.ambiguous = true;
        }
    }

    fn close_all(&mut self, end: usize) {
        let at_end_of_message = end == self.raw.len();
        if at_end_of_message && let Some(leaf) = self.open_leaf.take() {
            self.tree.parts[leaf].body.end = end;
        }
        self.close_leaf(end);
        while let Some(open) = self.open.last() {
            let (number, child) = (open.part, open.child);
            self.close_top(end);
            if at_end_of_message {
                self.tree.parts[number].body.end = end;
                if let Some(child) = child {
                    self.tree.parts[child].whole_end = end;
                }
            }
        }
    }
}

/// Returns where the next line that starts with two dashes begins.
fn next_dashes(raw: &[u8], position: usize, dashes: &memmem::Finder<'_>) -> Option<usize> {
    let rest = raw.get(position..)?;
    let at_line_start = position == 0 || raw[position - 1] == b'\n';
    if at_line_start && rest.starts_with(b"--") {
        return Some(position);
    }
    dashes.find(rest).map(|at| position + at + 1)
}

fn line_at(raw: &[u8], start: usize) -> &[u8] {
    let rest = &raw[start..];
    memchr(b'\n', rest).map_or(rest, |at| &rest[..=at])
}

/// RFC 2046 5.1.1: the line end before a boundary belongs to the boundary.
fn before_line_end(raw: &[u8], body_start: usize, line_start: usize) -> usize {
    let body = raw.get(body_start..line_start).unwrap_or_default();
    let body = body.strip_suffix(b"\n").unwrap_or(body);
    let body = body.strip_suffix(b"\r").unwrap_or(body);
    body_start + body.len()
}

fn is_multipart_type(media_type: &[u8]) -> bool {
    media_type
        .get(..10)
        .is_some_and(|head| head.eq_ignore_ascii_case(b"multipart/"))
}

fn multipart_kind(fields: &mut PartFields<'_>) -> Option<Multipart> {
    let token = fields.content_type.as_ref()?.token;
    let says_multipart = token
        .get(..9)
        .is_some_and(|head| head.eq_ignore_ascii_case(b"multipart"));
    if !says_multipart {
        return None;
    }
    let declared = fields
        .declared_type()
        .filter(|media_type| is_multipart_type(media_type));
    let encoded = fields
        .encoding
        .is_some_and(|encoding| encoding != Encoding::Identity);
    // Some readers undo an encoding of the whole, and some find a type in what we find broken.
    fields.ambiguous |= encoded || declared != Some(token);
    let subtype = &declared?[10..];
    let kinds = [
        ("alternative", Multipart::Alternative),
        ("related", Multipart::Related),
        ("digest", Multipart::Digest),
    ];
    let known = kinds
        .into_iter()
        .find(|(name, _)| subtype.eq_ignore_ascii_case(name.as_bytes()));
    Some(known.map_or(Multipart::Mixed, |(_, kind)| kind))
}

/// Chooses the boundary: the first literal one. Everything that another reader could take for it is marked.
fn boundary<'a>(fields: &mut PartFields<'a>) -> Option<Cow<'a, [u8]>> {
    let parameters = fields.content_type.as_mut()?;
    fields.ambiguous |= parameters.has_rfc2231("boundary")
        || parameters.all("boundary").count() > 1
        || parameters.truncated;
    let Some(literal) = parameters.first("boundary") else {
        let extended = parameters.extended("boundary").next();
        let assembled = extended.or_else(|| parameters.continued("boundary"))?;
        return (!assembled.is_empty()).then(|| Cow::Owned(assembled.into_bytes()));
    };
    let mut chosen = literal.value.clone();
    let mut doubtful = literal.after_malformed
        || memmem::find(&chosen, b"=?").is_some()
        || matches!(chosen, Cow::Owned(_));
    // RFC 2046 5.1.1: a boundary does not end with white space, and an unquoted one holds none
    let end = match literal.quoted {
        true => chosen.trim_ascii_end().len(),
        false => chosen
            .iter()
            .position(|&byte| byte.is_ascii_whitespace() || byte == b'(')
            .unwrap_or(chosen.len()),
    };
    doubtful |= end != chosen.len();
    chosen = match chosen {
        Cow::Borrowed(bytes) => Cow::Borrowed(&bytes[..end]),
        Cow::Owned(mut bytes) => {
            bytes.truncate(end);
            Cow::Owned(bytes)
        }
    };
    fields.ambiguous |= doubtful;
    Some(chosen).filter(|boundary| !boundary.is_empty())
}
