//! Every text that leaves with a message, as the guard reads it: whatever any reader could get at, and where it was.

use posthouse_mime::{ParsedMessage, Spot, SpotKind, every_text};
use posthouse_rules::guard::limits::SCANNED_BYTES_MAX;
use posthouse_rules::guard::{Passage, Place};

/// Octets of a message, of what is decoded from it and of messages within it that are looked at. Twice the largest message
/// that is accepted, and some.
const WALKED_BYTES_MAX: usize = 128 << 20;
/// Characters of the name of a field that is told. Longer ones, and ones with digits, may be what must not be told.
const FIELD_NAME_CHARACTERS_MAX: usize = 40;

/// The texts of a message.
#[derive(Default)]
pub(super) struct Texts {
    /// With the place and whether a machine wrote it.
    list: Vec<(Place, String, bool)>,
    octets: usize,
    /// There is more than was read.
    pub(super) is_cut: bool,
}

impl Texts {
    /// Reads every text, in time linear in the message.
    pub(super) fn of(raw: &[u8], message: &ParsedMessage) -> Self {
        let mut texts = Self::default();
        let mut is_html = false;
        let is_whole = every_text(raw, WALKED_BYTES_MAX, |spot, text| {
            if let (&[_], SpotKind::Field(name)) = (spot.path, spot.kind)
                && name.eq_ignore_ascii_case("Content-Type")
            {
                is_html = is_html_type(text);
            }
            texts.take(message, &spot, text, &mut is_html);
        });
        texts.is_cut |= !is_whole;
        // Of several readings the one is told that people know.
        texts.list.sort_by_key(|(place, ..)| rank(place));
        texts
    }

    /// Returns them as the guard takes them.
    pub(super) fn passages(&self) -> Vec<Passage<'_>> {
        let passages = self.list.iter();
        passages
            .map(|(place, text, is_machinery)| Passage {
                place: place.clone(),
                text,
                is_machinery: *is_machinery,
            })
            .collect()
    }

    fn take(&mut self, message: &ParsedMessage, spot: &Spot<'_>, text: &str, is_html: &mut bool) {
        let part = spot.path.first().copied().unwrap_or_default();
        let file = message
            .attachments
            .iter()
            .position(|file| file.part == part);
        let is_inner = spot.path.len() > 1;
        if let SpotKind::FieldNames = spot.kind
            && !is_inner
        {
            // The header of the next part: without a type it is plain text.
            let has_type = text
                .lines()
                .any(|name| name.eq_ignore_ascii_case("Content-Type"));
            *is_html &= has_type;
        }
        let place = match (spot.kind, file) {
            (SpotKind::Parameter("name" | "filename"), Some(number)) if !is_inner => {
                Place::FileName(number + 1)
            }
            (SpotKind::Field(name), None) if !is_inner => place_of_field(name),
            (SpotKind::Field(name), Some(_)) if !is_inner => Place::Header(shown(name)),
            (_, Some(number)) => Place::File(number + 1),
            (SpotKind::Body, None) if *is_html => Place::HtmlSource,
            (SpotKind::Body, None) => Place::Text,
            (SpotKind::Seen, None) => Place::Html,
            (SpotKind::Unseen, None) => Place::HiddenHtml,
            (SpotKind::Attributes, None) => Place::HtmlSource,
            (SpotKind::Field(_) | SpotKind::FieldNames | SpotKind::Parameter(_), None)
            | (SpotKind::Between, None) => Place::Structure,
        };
        match spot.kind {
            SpotKind::Field(name) if is_address_field(name) => {
                self.push(place.clone(), text, true);
                self.push(place, &without_addresses(text, message), false);
            }
            SpotKind::Between => {
                self.push(place.clone(), text, true);
                let lines = text.lines().filter(|line| !line.starts_with("--"));
                self.push(place, &lines.collect::<Vec<_>>().join("\n"), false);
            }
            kind => self.push(place, text, is_machinery(kind, text)),
        }
    }

    fn push(&mut self, place: Place, text: &str, is_machinery: bool) {
        let room = (SCANNED_BYTES_MAX + 1).saturating_sub(self.octets);
        let text = &text[..text.floor_char_boundary(room.min(text.len()))];
        self.octets += text.len();
        self.is_cut |= self.octets >= SCANNED_BYTES_MAX;
        if !text.is_empty() {
            self.list.push((place, text.to_owned(), is_machinery));
        }
    }
}

fn is_html_type(value: &str) -> bool {
    let value = value.trim_start();
    value
        .get(..9)
        .is_some_and(|head| head.eq_ignore_ascii_case("text/html"))
}

fn rank(place: &Place) -> u8 {
    match place {
        Place::Subject => 0,
        Place::Text => 1,
        Place::Html => 2,
        Place::HiddenHtml => 3,
        Place::HtmlSource => 4,
        Place::FileName(_) => 5,
        Place::Header(_) => 6,
        Place::File(_) => 7,
        _ => 8,
    }
}

fn place_of_field(name: &str) -> Place {
    if name.eq_ignore_ascii_case("Subject") {
        return Place::Subject;
    }
    Place::Header(shown(name))
}

/// Returns the name of a field as it is told; nothing when the name itself may hold something.
fn shown(name: &str) -> String {
    let is_name = name.len() <= FIELD_NAME_CHARACTERS_MAX
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphabetic() || byte == b'-');
    if is_name {
        name.to_owned()
    } else {
        String::new()
    }
}

fn is_address_field(name: &str) -> bool {
    const FIELDS: [&str; 7] = [
        "from",
        "sender",
        "to",
        "cc",
        "bcc",
        "reply-to",
        "return-path",
    ];
    FIELDS.iter().any(|field| name.eq_ignore_ascii_case(field))
}

/// What is said in a field of addresses beside the addresses: an operator's patterns mean texts.
fn without_addresses(text: &str, message: &ParsedMessage) -> String {
    let lists = [
        &message.from,
        &message.to,
        &message.cc,
        &message.bcc,
        &message.reply_to,
    ];
    let is_address = |word: &str| {
        let word = word.trim_matches(['<', '>', ',', ';']);
        lists
            .iter()
            .any(|list| list.iter().any(|one| one.email.eq_ignore_ascii_case(word)))
    };
    // Bounded: a field of very many addresses is said as it is.
    if lists.iter().map(|list| list.len()).sum::<usize>() > 200 {
        return text
            .split_whitespace()
            .filter(|word| !word.contains('@'))
            .collect::<Vec<_>>()
            .join(" ");
    }
    let words = text.split_whitespace().filter(|word| !is_address(word));
    words.collect::<Vec<_>>().join(" ")
}

/// Tells what programs write into every message, as they write it.
fn is_machinery(kind: SpotKind<'_>, text: &str) -> bool {
    let text = text.trim();
    match kind {
        SpotKind::FieldNames => true,
        SpotKind::Parameter(name) => matches!(
            name,
            "boundary" | "charset" | "format" | "delsp" | "report-type" | "protocol" | "micalg"
        ),
        SpotKind::Field(name) => match name.to_ascii_lowercase().as_str() {
            "mime-version"
            | "content-type"
            | "content-transfer-encoding"
            | "content-disposition" => true,
            "date" => text.len() <= 40,
            "message-id" => {
                let local = text
                    .trim_start_matches('<')
                    .split('@')
                    .next()
                    .unwrap_or_default();
                local.len() <= 36
                    && local
                        .bytes()
                        .all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
            }
            _ => false,
        },
        _ => false,
    }
}
