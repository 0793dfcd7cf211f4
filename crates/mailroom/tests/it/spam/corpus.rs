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
const FILLINGS: usize = 4;

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

/// Reads the templates of one kind; a template is in the half that its place in the file says, and so are its letters.
pub fn letters(templates: &str, is_spam: bool) -> Vec<Letter> {
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
    let mut attached = None;
    let mut kind = "text/plain";
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
            "Html" => kind = "text/html",
            "Attach" => attached = value.split_once(' '),
            other => panic!("unknown line {other} in a template"),
        }
    }
    let body = body.trim_end();
    let part = format!("Content-Type: {kind}; charset=utf-8\n\n{body}\n");
    let content = match attached {
        None => part,
        Some((name, media_type)) => format!(
            "Content-Type: multipart/mixed; boundary=b\n\n--b\n{part}\n--b\nContent-Type: {media_type}\n\
             Content-Disposition: attachment; filename=\"{name}\"\n\nbytes of {name}\n--b--\n"
        ),
    };
    format!("{}\n{content}", headers.join("\n")).replace('\n', "\r\n")
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
    let values: [(&str, String); 12] = [
        ("{shop}", shop.to_owned()),
        ("{host}", format!("{word}{}.example", digits(13, 2))),
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
