//! Features of a message for the classifier: words, pairs of neighbours, and what headers, links and files show.
//!
//! Every feature is a keyed 63-bit hash, so that the store keeps no words. Of a long text the features with the smallest
//! hashes are taken: two messages that say the same are sampled alike, wherever in them it is said.

use std::collections::BTreeSet;

use super::files::ending;
use super::hosts::{is_freemail, registered, top_level};
use super::letter::{Letter, domain_of, front};
use super::limits::{
    ATTACHMENTS_MAX, FIELD_BYTES_MAX, HEAD_TOKENS_MAX, PAIR_TOKENS_MAX, SUBJECT_TOKENS_MAX,
    TEXT_BYTES_MAX, TOKENS_ASKED_MAX, WORD_CHARS_MAX, WORD_TOKENS_MAX, WORDS_READ_MAX,
};
use super::links::Link;
use super::signal::Signal;
use super::text::is_invisible;

/// One feature. Never negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token(pub i64);

/// The features of one message, by kind, each kind in its order of preference.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tokens {
    head: Vec<Token>,
    subject: Vec<Token>,
    words: Vec<Token>,
    pairs: Vec<Token>,
}

impl Tokens {
    /// Returns the features that are learned, each once.
    #[must_use]
    pub fn learned(&self) -> Vec<Token> {
        let all = [&self.head, &self.subject, &self.words, &self.pairs];
        once(all.into_iter().flatten().copied())
    }

    /// Returns the feature that stands for the author's address.
    #[must_use]
    pub fn author(&self) -> Option<Token> {
        self.head.first().copied()
    }

    /// Returns the features that are looked up, each once: some of every kind.
    #[must_use]
    pub fn asked(&self) -> Vec<Token> {
        let all = [&self.head, &self.subject, &self.words, &self.pairs];
        let some = all.into_iter().zip(TOKENS_ASKED_MAX);
        once(
            some.flat_map(|(tokens, most)| tokens.iter().take(most))
                .copied(),
        )
    }
}

fn once(tokens: impl Iterator<Item = Token>) -> Vec<Token> {
    let all: BTreeSet<Token> = tokens.collect();
    all.into_iter().collect()
}

/// Takes a message apart into features. `found` are the signals it shows, which are features in every language.
pub(super) fn of(letter: &Letter<'_>, links: &[Link], found: &[Signal], seed: u64) -> Tokens {
    let hash = Hash(seed);
    let mut head = head(letter, links, &hash);
    head.extend(found.iter().map(|signal| hash.of("!", signal.name)));
    let mut known = BTreeSet::new();
    head.retain(|token| known.insert(*token));
    head.truncate(HEAD_TOKENS_MAX);

    let (mut subject, pairs) = words(front(letter.subject, FIELD_BYTES_MAX), &hash, "s");
    subject.extend(pairs);
    let (body, pairs) = words(front(letter.text, TEXT_BYTES_MAX), &hash, "w");
    Tokens {
        head,
        subject: smallest(subject, SUBJECT_TOKENS_MAX),
        words: smallest(body, WORD_TOKENS_MAX),
        pairs: smallest(pairs, PAIR_TOKENS_MAX),
    }
}

fn smallest(mut tokens: Vec<Token>, most: usize) -> Vec<Token> {
    tokens.sort_unstable();
    tokens.dedup();
    tokens.truncate(most);
    tokens
}

fn head(letter: &Letter<'_>, links: &[Link], hash: &Hash) -> Vec<Token> {
    let author = letter.author();
    let domain = domain_of(&author);
    // First, as `Tokens::author` says.
    let mut head = vec![
        hash.of("author", &author),
        hash.of("author's domain", registered(domain)),
        hash.of("author's top", top_level(domain)),
    ];
    if is_freemail(domain) {
        head.push(hash.of("author's", "freemail"));
    }
    for answer in letter.reply_to.iter().take(2) {
        let address = answer.email.to_lowercase();
        head.push(hash.of("answers", registered(domain_of(&address))));
        if is_freemail(domain_of(&address)) {
            head.push(hash.of("answers", "freemail"));
        }
    }
    let is = |name: &'static str, yes: bool| yes.then(|| hash.of("is", name));
    head.extend(is("reply", letter.is_reply));
    head.extend(is("html", letter.html.is_some()));
    head.extend(is("addressed to nobody", letter.addressed == 0));
    head.extend(is("list", letter.fields("list-id").next().is_some()));
    head.extend(is(
        "list with exit",
        letter.fields("list-unsubscribe").next().is_some(),
    ));
    head.extend(is(
        "automatic",
        letter.fields("auto-submitted").next().is_some(),
    ));
    for name in ["x-mailer", "user-agent"] {
        let program = letter
            .fields(name)
            .next()
            .map(|value| front(value, FIELD_BYTES_MAX));
        let first = program.and_then(|value| value.split([' ', '/']).next());
        head.extend(first.map(|word| hash.of(name, word)));
    }
    head.push(hash.of("links", &links.len().min(8).to_string()));
    for link in links.iter().take(12) {
        head.push(hash.of("link", registered(&link.host)));
        head.push(hash.of("link's top", top_level(&link.host)));
        if registered(&link.host) == registered(domain) {
            head.push(hash.of("link", "to the author"));
        } else {
            head.push(hash.of("link", "elsewhere"));
        }
    }
    for file in letter.attachments.iter().take(ATTACHMENTS_MAX) {
        head.push(hash.of("file", &ending(file.filename)));
        head.push(hash.of("file's type", file.content_type));
    }
    head
}

/// Returns the words of a text and the pairs of neighbours.
fn words(text: &str, hash: &Hash, kind: &'static str) -> (Vec<Token>, Vec<Token>) {
    let mut reader = Reader {
        hash,
        kind,
        words: Vec::new(),
        pairs: Vec::new(),
        before: None,
    };
    let mut word = String::new();
    let mut wide_before: Option<char> = None;
    for character in text.chars() {
        if is_invisible(character) || character == '\u{ad}' {
            continue;
        }
        if is_wide(character) {
            reader.take(&mut word);
            // Scripts without spaces: two neighbouring characters are a word.
            if let Some(before) = wide_before {
                word.extend([before, character]);
                reader.take(&mut word);
            }
            wide_before = Some(character);
        } else if character.is_alphanumeric() || (character == '\'' && !word.is_empty()) {
            wide_before = None;
            word.extend(character.to_lowercase());
        } else {
            wide_before = None;
            if "$€£¥%₽₹".contains(character) {
                reader.take(&mut word);
                word.push(character);
            }
            reader.take(&mut word);
        }
        if reader.words.len() >= WORDS_READ_MAX {
            break;
        }
    }
    reader.take(&mut word);
    (reader.words, reader.pairs)
}

/// Characters of scripts that are written without spaces between words.
pub(super) fn is_wide(character: char) -> bool {
    matches!(character, '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{3041}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{20000}'..='\u{3ffff}')
}

struct Reader<'h> {
    hash: &'h Hash,
    kind: &'static str,
    words: Vec<Token>,
    pairs: Vec<Token>,
    before: Option<Token>,
}

impl Reader<'_> {
    fn take(&mut self, word: &mut String) {
        if word.is_empty() {
            return;
        }
        let shape = normal(word.trim_end_matches('\''));
        let token = self.hash.of(self.kind, &shape);
        self.words.push(token);
        if let Some(before) = self.before {
            self.pairs.push(self.hash.pair(before, token));
        }
        self.before = Some(token);
        word.clear();
    }
}

/// Returns a word as it is compared: numbers by their length, look-alike letters as what they look like, monsters by
/// their beginning.
fn normal(word: &str) -> String {
    if word.bytes().all(|byte| byte.is_ascii_digit()) {
        return format!("#{}", word.len().min(12));
    }
    let has_latin = word.bytes().any(|byte| byte.is_ascii_alphabetic());
    let mut normal: String = if has_latin && !word.is_ascii() {
        word.chars().map(latin_look).collect()
    } else {
        word.to_owned()
    };
    if let Some((end, _)) = normal.char_indices().nth(WORD_CHARS_MAX) {
        let begin = normal.floor_char_boundary(4);
        normal = format!("~{}{}", &normal[..begin], end / 8);
    }
    normal
}

/// Returns the Latin letter that a Cyrillic or Greek one looks like.
pub(super) fn latin_look(character: char) -> char {
    match character {
        'а' | 'α' => 'a',
        'с' | 'ϲ' => 'c',
        'ԁ' => 'd',
        'е' | 'ε' => 'e',
        'һ' => 'h',
        'і' | 'ι' => 'i',
        'ј' => 'j',
        'κ' => 'k',
        'ӏ' => 'l',
        'о' | 'ο' => 'o',
        'р' | 'ρ' => 'p',
        'ԛ' => 'q',
        'ѕ' => 's',
        'т' | 'τ' => 't',
        'υ' => 'u',
        'ԝ' => 'w',
        'ν' => 'v',
        'х' | 'χ' => 'x',
        'у' => 'y',
        other => other,
    }
}

/// A keyed hash: outsiders cannot make two features collide without the key, and the store says nothing of words.
struct Hash(u64);

impl Hash {
    fn of(&self, kind: &str, text: &str) -> Token {
        let mut state = self.0 ^ 0xcbf2_9ce4_8422_2325;
        for byte in kind.bytes().chain([0]).chain(text.bytes()) {
            state = (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        Token(finished(state ^ self.0.rotate_left(17)))
    }

    fn pair(&self, left: Token, right: Token) -> Token {
        let state = (left.0 as u64).rotate_left(21) ^ (right.0 as u64) ^ self.0;
        Token(finished(state.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
    }
}

/// The last step of SplitMix64 (Steele, Lea, Flood 2014), without the sign.
fn finished(mut state: u64) -> i64 {
    state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((state ^ (state >> 31)) >> 1) as i64
}
