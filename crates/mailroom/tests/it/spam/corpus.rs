//! Letters made of templates: each template with a few fillings, always the same.

/// A letter and what it is.
pub struct Letter {
    pub raw: String,
    pub is_spam: bool,
    /// Names its template, for those who look for the reason of a failure.
    pub name: String,
    /// Whether its template is in the first half or the second; no template is in both.
    pub is_in_first_half: bool,
}

/// Letters that are made of each template.
const FILLINGS: usize = 3;

const SHOPS: [&str; 12] = [
    "Northwind",
    "Alder & Finch",
    "Birke",
    "Copperleaf",
    "Dunlin",
    "Estrella",
    "Fjord",
    "Granit",
    "Harbor",
    "Iris",
    "Juniper",
    "Kestrel",
];
const FIRST: [&str; 12] = [
    "Ann", "Bruno", "Chiara", "Dmitri", "Elena", "Farid", "Greta", "Hiro", "Ines", "Jonas",
    "Katrin", "Luis",
];
const LAST: [&str; 12] = [
    "Moreau", "Novak", "Okafor", "Petersen", "Quintero", "Rossi", "Sato", "Tanaka", "Ulrich",
    "Vasquez", "Weber", "Yilmaz",
];
const CITIES: [&str; 8] = [
    "Lyon", "Bergen", "Sevilla", "Leipzig", "Porto", "Graz", "Ghent", "Turku",
];
const MONTHS: [&str; 6] = ["January", "March", "May", "July", "September", "November"];

/// Returns all letters.
pub fn all_letters() -> Vec<Letter> {
    let ham = concat!(include_str!("ham.txt"), include_str!("ham_more.txt"));
    let spam = concat!(include_str!("spam.txt"), include_str!("spam_more.txt"));
    let mut all = letters(ham, false);
    all.extend(letters(spam, true));
    all
}

/// Reads the templates of one kind; a template is in the half that its place in the file says, and so are its letters.
fn letters(templates: &str, is_spam: bool) -> Vec<Letter> {
    let blocks = templates.split("\n%% ").skip(1).enumerate();
    blocks
        .flat_map(|(place, block)| {
            (0..FILLINGS).map(move |filling| {
                let number = place * FILLINGS + filling + usize::from(is_spam) * 1_000;
                let (scene, text) = block.split_once('\n').unwrap();
                Letter {
                    raw: letter(text, number as u64),
                    is_spam,
                    name: format!("{scene} {place}/{filling}"),
                    is_in_first_half: place % 2 == 0,
                }
            })
        })
        .collect()
}

fn letter(template: &str, number: u64) -> String {
    let text = filled(template, number);
    let (head, body) = text.split_once("\n\n").unwrap();
    let mut headers = vec![
        "To: triage@agents.localhost".to_owned(),
        format!(
            "Message-ID: <{:x}@mail{}.example>",
            mixed(number, 1),
            mixed(number, 2) % 97
        ),
        "Date: Mon, 21 Sep 2026 13:46:40 +0000".to_owned(),
        "MIME-Version: 1.0".to_owned(),
    ];
    let mut written = Written::default();
    for line in head.lines() {
        let (name, value) = line.split_once(": ").unwrap();
        match name {
            "From" | "Subject" => headers.push(line.to_owned()),
            "ReplyTo" => headers.push(format!("Reply-To: {value}")),
            "Reply" => headers.push(format!(
                "In-Reply-To: <{:x}@agents.localhost>",
                mixed(number, 3)
            )),
            "List" => headers.push("List-Unsubscribe: <https://lists.example/leave>".to_owned()),
            "Html" => written.is_html = true,
            "Both" => written.is_both = true,
            "Base64" => written.is_base64 = true,
            "Latin1" => written.charset = "iso-8859-1",
            "Cp1251" => written.charset = "windows-1251",
            "Attach" => written.attached = value.split_once(' '),
            other => panic!("unknown line {other} in a template"),
        }
    }
    let content = written.content(body.trim_end());
    format!("{}\n{content}", headers.join("\n")).replace('\n', "\r\n")
}

/// How a body is written down.
struct Written<'a> {
    is_html: bool,
    /// Twice: without its tags, and with them.
    is_both: bool,
    is_base64: bool,
    charset: &'static str,
    attached: Option<(&'a str, &'a str)>,
}

impl Default for Written<'_> {
    fn default() -> Self {
        Self {
            is_html: false,
            is_both: false,
            is_base64: false,
            charset: "utf-8",
            attached: None,
        }
    }
}

impl Written<'_> {
    /// Returns fields, an empty line and the body.
    fn content(&self, body: &str) -> String {
        let part = match (self.is_both, self.is_html) {
            (true, _) => format!(
                "Content-Type: multipart/alternative; boundary=a\n\n--a\n{}\n--a\n{}\n--a--\n",
                self.part("plain", &without_tags(body)),
                self.part("html", body)
            ),
            (false, true) => self.part("html", body),
            (false, false) => self.part("plain", body),
        };
        match self.attached {
            None => part,
            Some((name, media_type)) => format!(
                "Content-Type: multipart/mixed; boundary=b\n\n--b\n{part}\n--b\nContent-Type: {media_type}\n\
                 Content-Disposition: attachment; filename=\"{name}\"\n\nbytes of {name}\n--b--\n"
            ),
        }
    }

    fn part(&self, kind: &str, body: &str) -> String {
        let charset = self.charset;
        let (encoding, body) = match (self.is_base64, charset) {
            (true, _) => ("base64", base64(&encoded(body, charset))),
            (false, "utf-8") => ("8bit", body.to_owned()),
            (false, _) => (
                "quoted-printable",
                quoted_printable(&encoded(body, charset)),
            ),
        };
        format!(
            "Content-Type: text/{kind}; charset={charset}\nContent-Transfer-Encoding: {encoding}\n\n{body}\n"
        )
    }
}

fn without_tags(html: &str) -> String {
    let pieces = html.split('<').map(|piece| match piece.split_once('>') {
        Some((_, text)) => text,
        None => piece,
    });
    pieces.collect::<Vec<_>>().join("\n")
}

/// Writes a text in a charset of one byte for each character, or as it is.
fn encoded(text: &str, charset: &str) -> Vec<u8> {
    let byte = |character: char| match (charset, u32::from(character)) {
        (_, code @ 0..=0x7f) | ("iso-8859-1", code @ 0xa0..=0xff) => code as u8,
        ("windows-1251", 0x401) => 0xa8,
        ("windows-1251", 0x451) => 0xb8,
        ("windows-1251", code @ 0x410..=0x44f) => (code - 0x410 + 0xc0) as u8,
        _ => panic!("{charset} has no {character}"),
    };
    match charset {
        "utf-8" => text.as_bytes().to_vec(),
        _ => text.chars().map(byte).collect(),
    }
}

/// RFC 2045 6.7, with a soft break after every 60 octets or so.
fn quoted_printable(bytes: &[u8]) -> String {
    let mut text = String::new();
    let mut line = 0;
    for byte in bytes {
        if *byte == b'\n' {
            text.push('\n');
            line = 0;
            continue;
        }
        let piece = match byte {
            b'=' | 0x80.. => format!("={byte:02X}"),
            byte => char::from(*byte).to_string(),
        };
        line += piece.len();
        text.push_str(&piece);
        if line > 60 {
            text.push_str("=\n");
            line = 0;
        }
    }
    text
}

/// RFC 2045 6.8.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for (place, three) in bytes.chunks(3).enumerate() {
        let number = (0..3).fold(0_usize, |number, at| {
            number << 8 | usize::from(three.get(at).copied().unwrap_or_default())
        });
        for at in 0..4 {
            let letter = LETTERS[number >> (18 - 6 * at) & 63];
            text.push(if at > three.len() { '=' } else { letter.into() });
        }
        if place % 19 == 18 {
            text.push('\n');
        }
    }
    text
}

fn filled(template: &str, number: u64) -> String {
    let pick =
        |list: &[&'static str], salt: u64| list[(mixed(number, salt) % list.len() as u64) as usize];
    let digits = |salt: u64, count: u32| {
        let bound = 10_u64.pow(count);
        format!(
            "{:0width$}",
            mixed(number, salt) % bound,
            width = count as usize
        )
    };
    let shop = pick(&SHOPS, 10);
    let word: String = shop
        .to_lowercase()
        .chars()
        .filter(char::is_ascii_alphabetic)
        .collect();
    let amount = format!("{}.{} EUR", 12 + mixed(number, 11) % 400, digits(12, 2));
    let values: [(&str, String); 16] = [
        ("{shop}", shop.to_owned()),
        ("{host}", format!("{word}{}.example", digits(13, 4))),
        (
            "{badhost}",
            format!(
                "{}-{}.example",
                pick(&FIRST, 14).to_lowercase(),
                digits(15, 3)
            ),
        ),
        ("{first}", pick(&FIRST, 16).to_owned()),
        ("{last}", pick(&LAST, 17).to_owned()),
        ("{city}", pick(&CITIES, 18).to_owned()),
        (
            "{date}",
            format!("{} {}", 1 + mixed(number, 19) % 28, pick(&MONTHS, 20)),
        ),
        ("{amount}", amount),
        ("{n2}", format!("{}", 10 + mixed(number, 21) % 89)),
        ("{n4}", digits(22, 4)),
        ("{n6}", format!("{}", 100_000 + mixed(number, 23) % 899_999)),
        ("{n8}", digits(24, 8)),
        ("{zw}", "\u{200b}".to_owned()),
        ("{cyra}", "\u{430}".to_owned()),
        ("{cyre}", "\u{435}".to_owned()),
        ("{cyro}", "\u{43e}".to_owned()),
    ];
    values
        .iter()
        .fold(template.to_owned(), |text, (slot, value)| {
            text.replace(slot, value)
        })
}

/// A number that looks made up, always the same one.
fn mixed(number: u64, salt: u64) -> u64 {
    let mut state =
        number.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ salt.wrapping_mul(0xd1b5_4a32_d192_ed03);
    state = (state ^ (state >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    state ^ (state >> 32)
}
