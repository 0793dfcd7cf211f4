//! What the author of a message wrote this time: without quotes, history and signature.

use super::attribution::{begins_head, is_attribution, is_sent_from, is_separator};
use super::line::{Line, Part};

/// Lines over which one attribution goes.
const ATTRIBUTION_LINES_MAX: usize = 3;

/// Returns the lines that are new.
pub(crate) fn own(lines: &[Line]) -> Vec<&Line> {
    let has_quotes = lines.iter().any(|line| line.part == Part::Quoted);
    let mut own: Vec<&Line> = Vec::with_capacity(lines.len());
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        if line.part == Part::History || ends_reply(&lines[at..]) {
            break;
        }
        if line.part == Part::Own && is_signature_mark(&line.text) {
            break;
        }
        if let Some(length) = attribution_length(&lines[at..]) {
            let quote_follows = next_is_quoted(&lines[at + length..]);
            if !quote_follows && !has_quotes {
                // Nothing marks what was quoted, so nothing tells where it ends.
                break;
            }
            at += length;
            continue;
        }
        if line.part == Part::Own && !is_sent_from(&line.text) {
            own.push(line);
        }
        at += 1;
    }
    drop_rule_at_end(&mut own);
    own
}

/// RFC 3676 4.3: a line of two dashes and a space begins the signature. Many programs lose the space.
fn is_signature_mark(line: &str) -> bool {
    matches!(line.trim_end(), "--" | "\\--")
}

fn ends_reply(lines: &[Line]) -> bool {
    let Some(first) = lines.first() else {
        return false;
    };
    if first.part == Part::Quoted {
        return false;
    }
    let texts = lines
        .iter()
        .filter(|line| !line.is_blank())
        .map(|line| line.text.as_str());
    is_separator(&first.text) || (!first.is_blank() && begins_head(texts.take(8)))
}

/// Returns how many lines an attribution at the start of `lines` takes.
fn attribution_length(lines: &[Line]) -> Option<usize> {
    let first = lines.first()?;
    if first.part != Part::Own || first.is_blank() {
        return None;
    }
    let mut joined = String::new();
    for length in 1..=ATTRIBUTION_LINES_MAX {
        let line = lines.get(length - 1)?;
        if line.part != Part::Own || line.is_blank() || joined.len() > 500 {
            return None;
        }
        joined.push_str(line.text.trim());
        if is_attribution(&joined, next_is_quoted(&lines[length..])) {
            // A sentence may stand above it: the attribution is as short as it can be.
            let starts_here = length == 1
                || !is_attribution(lines[length - 1].text.trim(), true)
                || begins_like_attribution(&first.text);
            return starts_here.then_some(length);
        }
        joined.push(' ');
    }
    None
}

/// The first words of attributions that go over several lines.
fn begins_like_attribution(line: &str) -> bool {
    let lower = line.trim_start().to_lowercase();
    [
        "on ", "am ", "le ", "el ", "il ", "em ", "op ", "den ", "dne ", "w dniu ",
    ]
    .iter()
    .any(|start| lower.starts_with(start))
}

fn next_is_quoted(lines: &[Line]) -> bool {
    lines
        .iter()
        .take(4)
        .find(|line| !line.is_blank())
        .is_some_and(|line| line.part == Part::Quoted)
}

/// Outlook on the web draws a line of underscores above what it answers.
fn drop_rule_at_end(own: &mut Vec<&Line>) {
    while let Some(last) = own.last() {
        let text = last.text.trim();
        let is_rule = text.len() >= 3 && text.chars().all(|c| matches!(c, '_' | '-' | '\\'));
        if !(text.is_empty() || is_rule) {
            return;
        }
        own.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::super::line::{join, lines_of};
    use super::*;

    fn reply(text: &str) -> String {
        let lines = lines_of(text);
        join(own(&lines).into_iter())
    }

    #[test]
    fn quotes_histories_and_signatures_are_left_out() {
        let table = [
            (
                "Yes, Tuesday works.\n\nOn Mon, 21 Sep 2026 at 10:00, Ann Lee <ann@shop.example>\nwrote:\n> Does Tuesday work?\n",
                "Yes, Tuesday works.",
            ),
            (
                "On Mon, 21 Sep 2026, Ann <ann@shop.example> wrote:\n> One?\n\nFirst.\n\n> Two?\n\nSecond.\n",
                "First.\n\nSecond.",
            ),
            (
                "Passt.\n\nVon: Ann\nGesendet: Montag\nAn: Bob\nBetreff: Termin\n\nGeht Dienstag?",
                "Passt.",
            ),
            ("Ok\n\n-----Original Message-----\nFrom: Ann\n\nWell?", "Ok"),
            ("Ok\n-- \nBob\nShop", "Ok"),
            ("Ok\n\nSent from my iPhone", "Ok"),
            (
                "Ok\n\n________________________________\nFrom: Ann <a@shop.example>\nSent: Monday\nTo: Bob\n\nWell?",
                "Ok",
            ),
            (
                "D'accord.\n\nLe lun. 21 sept. 2026 à 10:00, Ann <ann@shop.example> a écrit :\n\nCa va ?",
                "D'accord.",
            ),
            ("Hello\n\n\n\nWorld", "Hello\n\nWorld"),
            (
                "We met.\nOn Mon, 21 Sep 2026, Ann <ann@shop.example> wrote:\n> x",
                "We met.",
            ),
            ("> only a quote", ""),
            ("", ""),
        ];
        for (text, expected) in table {
            assert_eq!(reply(text), expected, "{text}");
        }
    }
}
