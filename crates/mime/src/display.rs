//! Address fields of received mail, read leniently for display, search and rules.
//!
//! Nothing read here can be sent to without [`posthouse_types::address::EmailAddress::parse_strict`]. One pass without
//! recursion; quotes come first, so that no `;`, `,` or `@` within them is syntax.

use posthouse_types::address::{DisplayAddress, EmailAddress};

use crate::charset;
use crate::limits::ADDRESSES_PER_MESSAGE_MAX;
use crate::words::{self, WordBudget};

/// The mailboxes of one address field.
#[derive(Debug, Default)]
pub(crate) struct AddressList {
    pub(crate) addresses: Vec<DisplayAddress>,
    /// Obsolete or broken syntax, or a group: another reader may find other addresses.
    pub(crate) doubtful: bool,
    /// More addresses than there was room for, or more encoded words than are decoded.
    pub(crate) truncated: bool,
}

/// Reads the value of an address field: names decoded, groups flattened, comments dropped.
///
/// Returns at most [`ADDRESSES_PER_MESSAGE_MAX`] addresses. An entry without an address has an empty `email`.
pub fn parse_display(value: &str) -> Vec<DisplayAddress> {
    read(value.as_bytes(), ADDRESSES_PER_MESSAGE_MAX).addresses
}

/// Reads a field value, folds included; keeps at most `room` addresses.
pub(crate) fn read(raw: &[u8], room: usize) -> AddressList {
    let text = charset::undeclared(raw);
    let mut reader = Reader {
        text: &text,
        position: 0,
        room,
        budget: WordBudget::for_one_field(),
        list: AddressList::default(),
        entry: Entry::default(),
        in_group: false,
    };
    reader.run();
    reader.list.truncated |= reader.budget.exceeded;
    reader.list
}

/// Tells whether a sender's mailbox is one that every reader finds in the same place.
pub(crate) fn is_plain_mailbox(address: &DisplayAddress) -> bool {
    EmailAddress::parse_envelope(&address.email).is_ok()
}

/// One mailbox while it is being read.
#[derive(Debug, Default)]
struct Entry {
    /// Words outside brackets as they read: quotes and escapes undone, comments gone.
    phrase: String,
    /// The same as written, without blanks; the address when no brackets come.
    bare: String,
    /// An `@` outside quotes was there. Kept, because searching for it again would cost the square of the length.
    has_at: bool,
    /// Blanks came after the last word, and between two words.
    blank_pending: bool,
    has_blanks: bool,
    comment: String,
    in_brackets: Option<String>,
}

struct Reader<'t> {
    text: &'t str,
    position: usize,
    room: usize,
    budget: WordBudget,
    list: AddressList,
    entry: Entry,
    in_group: bool,
}

impl Reader<'_> {
    fn run(&mut self) {
        while let Some(character) = self.next() {
            match character {
                ',' => self.finish_entry(),
                ';' => {
                    self.finish_entry();
                    self.in_group = false;
                }
                ':' if !self.in_group && self.entry.could_name_a_group() => self.start_group(),
                '(' => self.comment(),
                '"' => self.quoted(),
                '<' => self.brackets(),
                '=' => self.encoded_word(),
                c if c.is_ascii_whitespace() => self.entry.blank_pending = true,
                c => self.entry.push(c),
            }
        }
        self.finish_entry();
    }

    fn next(&mut self) -> Option<char> {
        let character = self.text[self.position..].chars().next()?;
        self.position += character.len_utf8();
        Some(character)
    }

    /// RFC 5322 3.4: what came before the colon names the group.
    fn start_group(&mut self) {
        self.entry = Entry::default();
        self.in_group = true;
        self.list.doubtful = true;
    }

    /// Reads a comment after its opening parenthesis, inner ones included.
    fn comment(&mut self) {
        let mut depth = 1_usize;
        let mut comment = String::new();
        while let Some(character) = self.next() {
            match character {
                '(' => depth += 1,
                ')' => depth -= 1,
                '\\' => {
                    comment.extend(self.next());
                    continue;
                }
                _ => {}
            }
            if depth == 0 {
                break;
            }
            comment.push(character);
        }
        self.list.doubtful |= depth > 0;
        if self.entry.comment.is_empty() {
            self.entry.comment = comment;
        }
    }

    /// Reads a quoted string after its opening quote.
    fn quoted(&mut self) {
        self.list.doubtful |= self.entry.in_brackets.is_some();
        self.entry.start_word();
        self.entry.bare.push('"');
        loop {
            match self.next() {
                Some('"') => break,
                Some('\\') => {
                    let escaped = self.next();
                    self.entry.bare.push('\\');
                    self.entry.bare.extend(escaped);
                    self.entry.phrase.extend(escaped);
                }
                Some(character) => {
                    self.entry.bare.push(character);
                    self.entry.phrase.push(character);
                }
                None => {
                    self.list.doubtful = true;
                    break;
                }
            }
        }
        self.entry.bare.push('"');
    }

    /// Reads an address after its opening bracket; without a closing one it ends with the entry.
    fn brackets(&mut self) {
        let mut address = String::new();
        let mut in_quotes = false;
        let mut closed = false;
        let is_route = self.text[self.position..].starts_with('@');
        while let Some(character) = self.next() {
            match character {
                '\\' if in_quotes => {
                    address.push('\\');
                    address.extend(self.next());
                    continue;
                }
                '"' => in_quotes = !in_quotes,
                '>' if !in_quotes => {
                    closed = true;
                    break;
                }
                ',' | ';' if !in_quotes && !is_route => {
                    self.position -= 1;
                    break;
                }
                '(' if !in_quotes => {
                    self.list.doubtful = true;
                    let own_comment = std::mem::take(&mut self.entry.comment);
                    self.comment();
                    self.entry.comment = own_comment;
                    continue;
                }
                c if c.is_ascii_whitespace() && !in_quotes => {
                    self.list.doubtful |= !address.is_empty();
                    continue;
                }
                _ => {}
            }
            address.push(character);
        }
        self.list.doubtful |= !closed || is_route || self.entry.in_brackets.is_some();
        // RFC 5322 4.4: the route of an obsolete address ends with a colon
        let without_route = if is_route {
            address
                .split_once(':')
                .map_or(address.as_str(), |(_, mailbox)| mailbox)
        } else {
            &address
        };
        // Of two addresses in brackets the first one counts, and the field is doubtful.
        if self.entry.in_brackets.is_none() {
            self.entry.in_brackets = Some(without_route.to_owned());
        }
    }

    /// Takes an encoded word as a whole, because broken ones hold commas and brackets; decoding comes later.
    fn encoded_word(&mut self) {
        let start = self.position - 1;
        match words::word_len(&self.text.as_bytes()[start..]) {
            Some(len) => {
                let word = &self.text[start..start + len];
                self.entry.push_word(word);
                self.position = start + len;
            }
            None => self.entry.push('='),
        }
    }

    fn finish_entry(&mut self) {
        let entry = std::mem::take(&mut self.entry);
        let Some(address) = self.address_of(entry) else {
            return;
        };
        if self.list.addresses.len() == self.room {
            self.list.truncated = true;
            return;
        }
        self.list.addresses.push(address);
    }

    fn address_of(&mut self, entry: Entry) -> Option<DisplayAddress> {
        let Entry {
            phrase,
            bare,
            comment,
            in_brackets,
            has_at,
            has_blanks,
            ..
        } = entry;
        if let Some(email) = in_brackets {
            let name = if phrase.trim().is_empty() {
                comment
            } else {
                phrase
            };
            return Some(DisplayAddress {
                name: self.name(&name),
                email: clean(&email),
            });
        }
        if bare.is_empty() {
            return None;
        }
        // Without brackets: an address if it could be one, else a name without an address.
        if has_at || !phrase.contains(' ') && !bare.starts_with("=?") {
            self.list.doubtful |= has_blanks;
            return Some(DisplayAddress {
                name: self.name(&comment),
                email: clean(&bare),
            });
        }
        Some(DisplayAddress {
            name: self.name(&phrase),
            email: String::new(),
        })
    }

    fn name(&mut self, text: &str) -> String {
        words::decode_text(text.trim(), &mut self.budget)
            .trim()
            .to_owned()
    }
}

impl Entry {
    fn could_name_a_group(&self) -> bool {
        !self.has_at && self.in_brackets.is_none()
    }

    fn push(&mut self, character: char) {
        self.start_word();
        self.has_at |= character == '@';
        self.phrase.push(character);
        self.bare.push(character);
    }

    fn push_word(&mut self, word: &str) {
        self.start_word();
        self.phrase.push_str(word);
        self.bare.push_str(word);
    }

    /// Settles the blanks before a word: one in the phrase, none in the address.
    fn start_word(&mut self) {
        if std::mem::take(&mut self.blank_pending) && !self.bare.is_empty() {
            self.has_blanks = true;
            self.phrase.push(' ');
        }
    }
}

fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    charset::push_clean(&mut out, text);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(value: &str) -> Vec<(String, String)> {
        parse_display(value)
            .into_iter()
            .map(|address| (address.name, address.email))
            .collect()
    }

    fn one(value: &str) -> (String, String) {
        let mut all = pairs(value);
        assert_eq!(all.len(), 1, "{value}: {all:?}");
        all.remove(0)
    }

    fn pair(name: &str, email: &str) -> (String, String) {
        (name.to_owned(), email.to_owned())
    }

    #[test]
    fn names_and_addresses_are_found_in_every_common_form() {
        let table = [
            ("a@b.example", pair("", "a@b.example")),
            ("<a@b.example>", pair("", "a@b.example")),
            ("Ann Lee <a@b.example>", pair("Ann Lee", "a@b.example")),
            (
                "\"Lee, Ann\" <a@b.example>",
                pair("Lee, Ann", "a@b.example"),
            ),
            (
                "\"Ann \\\"A\\\" Lee\"<a@b.example>",
                pair("Ann \"A\" Lee", "a@b.example"),
            ),
            ("a@b.example (Ann Lee)", pair("Ann Lee", "a@b.example")),
            (
                "=?utf-8?Q?J=C3=BCrgen?= =?utf-8?Q?_M=2E?= <j@b.example>",
                pair("Jürgen M.", "j@b.example"),
            ),
            (
                "\"=?utf-8?B?w6k=?=\" <e@b.example>",
                pair("é", "e@b.example"),
            ),
            (
                "=?utf-8?Q?Lee, Ann?= <a@b.example>",
                pair("Lee, Ann", "a@b.example"),
            ),
            ("Jürgen\r\n <j@b.example>", pair("Jürgen", "j@b.example")),
            ("root", pair("", "root")),
            ("Just A Name", pair("Just A Name", "")),
            ("<\"a b\"@b.example>", pair("", "\"a b\"@b.example")),
            (
                "<@x.example,@y.example:a@b.example>",
                pair("", "a@b.example"),
            ),
            (
                "a@x.example <a@b.example>",
                pair("a@x.example", "a@b.example"),
            ),
        ];
        for (value, expected) in table {
            assert_eq!(one(value), expected, "{value}");
        }
    }

    #[test]
    fn lists_and_groups_are_flattened() {
        assert_eq!(pairs("a@b.example, , C <c@d.example>,").len(), 2);
        assert_eq!(
            pairs("Team: a@b.example, C <c@d.example>; e@f.example").len(),
            3
        );
        assert!(pairs("undisclosed-recipients:;").is_empty());
        assert!(pairs("").is_empty());
    }

    #[test]
    fn syntax_within_quotes_is_no_syntax() {
        assert_eq!(
            one("\"a;b, c:d <x@y.example>\" <a@b.example>"),
            pair("a;b, c:d <x@y.example>", "a@b.example")
        );
        assert_eq!(
            one("\"a@evil.example x\"@b.example").1,
            "\"a@evil.example x\"@b.example"
        );
    }

    #[test]
    fn an_address_in_an_encoded_name_stays_a_name() {
        assert_eq!(
            one("=?utf-8?Q?boss=40ok.example_=3Cboss=40ok.example=3E?= <a@evil.example>"),
            pair("boss@ok.example <boss@ok.example>", "a@evil.example")
        );
    }

    #[test]
    fn addresses_are_kept_up_to_the_room() {
        let value = "a@b.example,".repeat(3);
        assert!(!read(value.as_bytes(), 3).truncated);
        let list = read(value.as_bytes(), 2);
        assert_eq!((list.addresses.len(), list.truncated), (2, true));
    }
}
