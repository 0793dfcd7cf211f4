//! What the words around digits call them: the number of a card, or of something else.
//!
//! The nearest word decides. A word for something else counts only while it can be the number's own: not across the end of
//! a sentence, and not across words such as `paid with`. In German, Dutch and Scandinavian compounds the last part says
//! what a thing is: a `Kreditkartennummer` is a card's, a `Geschenkkartenbestellung` an order.

use super::around;

/// What words call a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Label {
    /// The number of a payment card.
    Card,
    /// The number of something else.
    Other,
}

/// Words between a number and the word for something else that it is the number of.
const OTHER_WORDS_MAX: usize = 8;

/// Words of a paragraph that is a heading: `Your order number`.
const HEADING_WORDS_MAX: usize = 3;

/// As [`OTHER_WORDS_MAX`], of words that every mail may have.
const WEAK_WORDS_MAX: usize = 3;

/// Sorted. Words of their own for what is no card.
const OTHER_WORDS: [&str; 88] = [
    "airwaybill",
    "awb",
    "backorder",
    "barcode",
    "booking",
    "bsn",
    "colis",
    "commande",
    "consignment",
    "coupon",
    "creditnote",
    "ean",
    "envio",
    "envío",
    "factura",
    "facture",
    "factuur",
    "fattura",
    "fax",
    "fbid",
    "fidélité",
    "gtin",
    "guia",
    "gutschrift",
    "iban",
    "iccid",
    "imei",
    "imsi",
    "invoice",
    "isbn",
    "issn",
    "kenteken",
    "konto",
    "licence",
    "license",
    "loyalty",
    "meid",
    "msisdn",
    "order",
    "ordine",
    "ordre",
    "pacco",
    "paket",
    "pakket",
    "paquete",
    "parcel",
    "passport",
    "pedido",
    "phone",
    "po",
    "preorder",
    "rastreio",
    "ref",
    "reference",
    "referencia",
    "reservation",
    "riferimento",
    "rma",
    "référence",
    "seguimiento",
    "serial",
    "shipment",
    "shipping",
    "siren",
    "siret",
    "sku",
    "sn",
    "spedizione",
    "suivi",
    "swift",
    "tel",
    "telefon",
    "telefono",
    "telephone",
    "teléfono",
    "ticket",
    "timestamp",
    "tracking",
    "txn",
    "téléphone",
    "upc",
    "vat",
    "voucher",
    "zamówienie",
    "заказ",
    "заказа",
    "注文番号",
    "订单号",
];

/// Sorted. Words that call a card's number too (`card id`, `card account`), or that have other meanings.
const WEAK_WORDS: [&str; 42] = [
    "account",
    "application",
    "article",
    "batch",
    "build",
    "case",
    "claim",
    "client",
    "code",
    "compte",
    "confirmation",
    "conto",
    "contract",
    "cuenta",
    "customer",
    "delivery",
    "device",
    "document",
    "dossier",
    "file",
    "id",
    "incident",
    "item",
    "job",
    "klant",
    "lot",
    "member",
    "message",
    "meter",
    "mobil",
    "mobile",
    "package",
    "policy",
    "portable",
    "product",
    "quote",
    "receipt",
    "request",
    "session",
    "tax",
    "transaction",
    "user",
];

/// Sorted. Beginnings of compounds, before `nummer`, `nr`, `id` and the like.
const OTHER_STEMS: [&str; 33] = [
    "artikel",
    "auftrag",
    "beleg",
    "bestell",
    "bestelling",
    "bestellung",
    "booking",
    "buchung",
    "factuur",
    "handy",
    "invoice",
    "kunden",
    "lieferschein",
    "lieferung",
    "mitglied",
    "order",
    "ordre",
    "paket",
    "rechnung",
    "referenz",
    "sendung",
    "serie",
    "serien",
    "shipment",
    "telefon",
    "ticket",
    "tracking",
    "trackingcode",
    "vertrag",
    "vorgang",
    "zending",
    "zoll",
    "zähler",
];

/// Ends of compounds that are something else, whatever they begin with.
const OTHER_ENDS: [&str; 10] = [
    "bestellung",
    "bestellungen",
    "bestelling",
    "auftrag",
    "rechnung",
    "sendung",
    "lieferung",
    "buchung",
    "quittung",
    "faktura",
];

/// What may follow a stem.
const NUMBER_ENDS: [&str; 15] = [
    "", "s", "id", "ids", "no", "nr", "num", "number", "numbers", "nummer", "nummern", "snummer",
    "snr", "code", "ref",
];

/// Cards by their kind; the last part of a compound.
const CARD_ENDS: [&str; 13] = [
    "card",
    "cards",
    "cardno",
    "cardnumber",
    "karte",
    "karten",
    "kartennummer",
    "kartennr",
    "kaart",
    "kaartnummer",
    "kort",
    "kortnummer",
    "ccnumber",
];

/// Sorted. Words that say card by themselves.
const CARD_WORDS: [&str; 20] = [
    "amex",
    "carta",
    "carte",
    "cartes",
    "cartão",
    "creditcard",
    "cvc",
    "cvv",
    "diners",
    "eurocard",
    "jcb",
    "karta",
    "maestro",
    "mastercard",
    "pan",
    "tarjeta",
    "tarjetas",
    "unionpay",
    "visa",
    "карта",
];

/// Cards and the like that nobody pays with: before `card`, or at the beginning of a compound.
const OTHER_CARDS: [&str; 30] = [
    "bonus",
    "boarding",
    "bord",
    "business",
    "calling",
    "eintritts",
    "fahr",
    "fidélité",
    "gesundheits",
    "health",
    "id",
    "identity",
    "insurance",
    "kunden",
    "library",
    "loyalty",
    "member",
    "membership",
    "memory",
    "mitglieds",
    "phone",
    "post",
    "report",
    "reward",
    "rewards",
    "sd",
    "sim",
    "speise",
    "treue",
    "visiten",
];

/// Cards that may be either.
const GIFT_CARDS: [&str; 8] = [
    "gift",
    "cadeau",
    "geschenk",
    "gutschein",
    "guthaben",
    "prepaid",
    "presentkort",
    "regalo",
];

/// Words behind which a number is what somebody pays with.
const PAYING: [&str; 27] = [
    "paid", "pay", "pays", "paying", "charge", "charged", "charging", "debited", "bill", "billed",
    "use", "used", "using", "bezahlt", "bezahle", "bezahlen", "zahle", "zahlen", "belasten",
    "belaste", "payer", "payé", "payez", "débiter", "pagar", "pagado", "pagare",
];

/// Right before a number, with which something is done.
const INSTRUMENTS: [&str; 10] = [
    "with", "by", "via", "per", "mit", "avec", "par", "con", "met", "med",
];

/// Words between a card's name and its number.
const NUMBER_WORDS: [&str; 14] = [
    "number", "numbers", "no", "nr", "num", "nummer", "numéro", "numero", "número", "n", "is",
    "card", "ending", "ist",
];

/// Words that end with a point without ending a sentence.
const SHORTENED: [&str; 14] = [
    "n", "no", "nr", "num", "ref", "tel", "acct", "inv", "ord", "exp", "art", "best", "kd", "ca",
];

/// Returns what is said about the number between two octets; none when nothing is.
pub(super) fn of(text: &str, start: usize, end: usize) -> Option<Label> {
    let (before, behind) = (around::before(text, start), around::behind(text, end));
    if has_security_code(&behind) {
        return Some(Label::Card);
    }
    if before.trim_end().ends_with('#') && !before.contains("card") {
        return Some(Label::Other);
    }
    said_before(&before).or_else(|| said_behind(&behind))
}

/// Tells whether the word right before a number calls it a card's: `?card=4111…` in a link.
pub(super) fn is_named_card(text: &str, start: usize) -> bool {
    let before = around::before(text, start);
    let words = words(&before, HEADING_WORDS_MAX);
    words.last().is_some_and(|last| {
        judge(&words, words.len() - 1) == Some(Label::Card) || last.text == "number"
    })
}

/// A word, and whether a sentence ends behind it.
struct Word<'a> {
    text: &'a str,
    ends: bool,
}

/// Takes a text apart. A paragraph of up to `heading` words is no sentence: it says what the next one is.
fn words(text: &str, heading: usize) -> Vec<Word<'_>> {
    let mut words: Vec<Word<'_>> = Vec::new();
    let mut rest = text;
    let mut in_paragraph = 0;
    while let Some(from) = rest.find(char::is_alphanumeric) {
        if let Some(last) = words.last_mut() {
            last.ends = is_end(last.text, &rest[..from], in_paragraph <= heading);
            if last.ends || is_paragraph_end(&rest[..from]) {
                in_paragraph = 0;
            }
        }
        in_paragraph += 1;
        rest = &rest[from..];
        let end = rest
            .find(|c: char| !c.is_alphanumeric())
            .unwrap_or(rest.len());
        words.push(Word {
            text: &rest[..end],
            ends: false,
        });
        rest = &rest[end..];
    }
    if let Some(last) = words.last_mut() {
        last.ends = is_end(last.text, rest, in_paragraph <= heading);
    }
    words
}

/// Tells whether what stands between two words ends a sentence, or a paragraph that is no heading.
fn is_end(word: &str, between: &str, is_heading: bool) -> bool {
    let is_shortened = SHORTENED.contains(&word)
        || word.ends_with("nr")
        || word.chars().all(|c| c.is_ascii_digit());
    let mut marks = between.chars().peekable();
    while let Some(mark) = marks.next() {
        let is_last = marks.peek().is_none_or(|next| next.is_whitespace());
        if (matches!(mark, '!' | '?') || (mark == '.' && !is_shortened)) && is_last {
            return true;
        }
    }
    // What is announced may stand in a paragraph of its own.
    is_paragraph_end(between) && !between.contains(':') && !is_heading
}

fn is_paragraph_end(between: &str) -> bool {
    between.matches('\n').count() > 1
}

fn said_before(before: &str) -> Option<Label> {
    let words = words(before, HEADING_WORDS_MAX);
    let mut may_be_other = true;
    for (distance, number) in (0..words.len()).rev().enumerate() {
        let word = &words[number];
        let is_paying =
            PAYING.contains(&word.text) || (distance == 0 && INSTRUMENTS.contains(&word.text));
        may_be_other &= !word.ends && !is_paying && distance < OTHER_WORDS_MAX;
        let is_near = distance < WEAK_WORDS_MAX || WEAK_WORDS.binary_search(&word.text).is_err();
        match judge(&words, number) {
            Some(Label::Other) if may_be_other && is_near => return Some(Label::Other),
            Some(Label::Card) => return Some(Label::Card),
            _ => {}
        }
    }
    None
}

/// `4111… is your order number`, `4111… (order)`, `4111… exp 12/27`, `4111… Visa`.
fn said_behind(behind: &str) -> Option<Label> {
    let is_bracketed = behind.trim_start().starts_with(['(', '[']);
    let words = words(behind, 0);
    let is_said = is_bracketed
        || words
            .first()
            .is_some_and(|word| matches!(word.text, "is" | "was" | "ist" | "est" | "es" | "è"));
    for (number, word) in words.iter().enumerate() {
        let label = if is_expiry(word.text) {
            Some(Label::Card)
        } else {
            judge(&words, number)
        };
        match label {
            Some(Label::Other) if is_said && number < 5 => return Some(Label::Other),
            Some(Label::Card) => return Some(Label::Card),
            _ if word.ends => return None,
            _ => {}
        }
    }
    None
}

/// What only cards have.
fn has_security_code(behind: &str) -> bool {
    let words = words(behind, 0);
    let is_code = |word: &Word<'_>| {
        matches!(
            word.text,
            "cvv" | "cvc" | "cvv2" | "cvc2" | "csc" | "prüfziffer" | "kartenprüfnummer"
        )
    };
    words.iter().any(is_code)
}

fn is_expiry(word: &str) -> bool {
    word == "exp" || word.starts_with("expir") || word == "ablaufdatum"
}

fn judge(words: &[Word<'_>], number: usize) -> Option<Label> {
    let word = words[number].text;
    let previous = number.checked_sub(1).map(|before| words[before].text);
    if let Some(kind) = CARD_ENDS.iter().find_map(|end| word.strip_suffix(end)) {
        return card(kind, previous);
    }
    if is_other(word) {
        return Some(Label::Other);
    }
    let owns = words.get(number + 1).is_some_and(|next| next.text == "s");
    if WEAK_WORDS.binary_search(&word).is_ok() && !owns {
        let says_card = |before: usize| {
            number.checked_sub(before).is_some_and(|at| {
                !WEAK_WORDS.contains(&words[at].text) && judge(words, at) == Some(Label::Card)
            })
        };
        let is_of_card =
            matches!(word, "account" | "code" | "id") && (says_card(1) || says_card(2));
        return Some(if is_of_card {
            Label::Card
        } else {
            Label::Other
        });
    }
    if word == "discover" {
        // It is also a word of every newsletter.
        let mut between = words[number + 1..].iter().map(|word| word.text);
        return between
            .all(|word| NUMBER_WORDS.contains(&word))
            .then_some(Label::Card);
    }
    let is_express = word == "express" && previous == Some("american");
    (is_express || is_expiry(word) || CARD_WORDS.contains(&word)).then_some(Label::Card)
}

/// Judges a card by what it is called: a word before, or what it is compounded with.
fn card(kind: &str, previous: Option<&str>) -> Option<Label> {
    let kind = if kind.is_empty() {
        previous.unwrap_or_default()
    } else {
        kind
    };
    let is_of = |list: &[&str]| {
        list.iter()
            .any(|known| kind == *known || (known.len() > 3 && kind.starts_with(known)))
    };
    if is_of(&GIFT_CARDS) {
        return None;
    }
    Some(if is_of(&OTHER_CARDS) {
        Label::Other
    } else {
        Label::Card
    })
}

fn is_other(word: &str) -> bool {
    let singular = word.strip_suffix('s').unwrap_or(word);
    let is_known = |word: &str| OTHER_WORDS.binary_search(&word).is_ok();
    let is_compound = OTHER_STEMS.iter().any(|stem| {
        let rest = word.strip_prefix(stem);
        rest.is_some_and(|rest| NUMBER_ENDS.contains(&rest))
    });
    is_known(word)
        || is_known(singular)
        || is_compound
        || OTHER_ENDS.iter().any(|end| word.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_sorted_for_looking_them_up() {
        assert!(OTHER_WORDS.is_sorted());
        assert!(WEAK_WORDS.is_sorted());
    }
}
