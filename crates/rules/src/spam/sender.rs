//! Who says he wrote it, and where answers would go.

use super::hosts::{is_freemail, registered};
use super::letter::{Letter, domain_of, front};
use super::limits::FIELD_BYTES_MAX;
use super::signal::{
    FROM_MIXED_SCRIPTS, FROM_NAME_OTHER_ADDRESS, FROM_NAME_OUR_DOMAIN, FROM_RANDOM,
    REPLY_TO_ELSEWHERE, REPLY_TO_FREEMAIL, Signal,
};
use super::text::mixes_scripts;

/// Looks at author and Reply-To.
pub(super) fn signals(letter: &Letter<'_>) -> Vec<Signal> {
    let mut found = Vec::new();
    let author = letter.author();
    let domain = domain_of(&author);
    for author in letter.from.iter().take(4) {
        found.extend(name_signal(
            letter,
            front(&author.name, FIELD_BYTES_MAX),
            domain,
        ));
    }
    let local = author.split('@').next().unwrap_or_default();
    if looks_random(local) {
        found.push(FROM_RANDOM.plain());
    }
    found.extend(reply_signal(letter, domain));
    found
}

fn name_signal(letter: &Letter<'_>, name: &str, domain: &str) -> Option<Signal> {
    let folded = name.to_lowercase();
    if name.split(|c: char| !c.is_alphabetic()).any(mixes_scripts) {
        return Some(FROM_MIXED_SCRIPTS.plain());
    }
    let shown = folded
        .split(|c: char| c.is_whitespace() || "<>()\"',;:".contains(c))
        .find(|word| word.contains('@') && domain_of(word).contains('.'));
    if let Some(shown_address) = shown {
        let shown = domain_of(shown_address);
        if registered(shown) != registered(domain) && !answers_go_to(letter, shown_address) {
            return Some(FROM_NAME_OTHER_ADDRESS.told(shown));
        }
    }
    let names_ours = letter.our_domains.iter().any(|ours| {
        folded.contains(registered(ours))
            && registered(ours).contains('.')
            && registered(ours) != registered(domain)
    });
    names_ours.then(|| FROM_NAME_OUR_DOMAIN.told(domain))
}

/// Forms on web pages and mailing lists write in somebody's name, and have answers go to him: nobody is deceived.
fn answers_go_to(letter: &Letter<'_>, address: &str) -> bool {
    let mut answers = letter.reply_to.iter().take(8);
    answers.any(|answer| answer.email.to_lowercase() == address)
}

fn reply_signal(letter: &Letter<'_>, domain: &str) -> Option<Signal> {
    let is_list = letter.fields("list-id").next().is_some()
        || letter.fields("list-unsubscribe").next().is_some();
    letter.reply_to.iter().take(8).find_map(|answer| {
        let address = answer.email.to_lowercase();
        let elsewhere = domain_of(&address);
        if elsewhere.is_empty() || registered(elsewhere) == registered(domain) {
            return None;
        }
        if is_freemail(elsewhere) && !is_list {
            return Some(REPLY_TO_FREEMAIL.told(elsewhere));
        }
        Some(REPLY_TO_ELSEWHERE.told(elsewhere))
    })
}

/// Tells whether answers leave the author's domain.
pub(super) fn answers_leave(letter: &Letter<'_>) -> bool {
    reply_signal(letter, domain_of(&letter.author())).is_some()
}

/// Tells a local part of letters and digits in quick turns from a name with a year behind it.
fn looks_random(local: &str) -> bool {
    let base = local.split('+').next().unwrap_or_default();
    if base.len() < 10 || base.contains(['=', '-', '.', '_']) {
        return false;
    }
    let turns = base
        .as_bytes()
        .windows(2)
        .filter(|pair| pair[0].is_ascii_digit() != pair[1].is_ascii_digit())
        .count();
    turns >= 4
}
