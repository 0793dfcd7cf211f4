//! Words that address a model instead of a person.
//!
//! The list is short and the words are plain: it finds what is copied from mail to mail, and no wording of somebody who
//! takes care. That nothing is found means nothing.

use std::sync::LazyLock;

use regex::Regex;

use super::{Found, Hint, HintPlace};
use crate::guard::plain::Plain;
use crate::limits::HINTS_PER_TEXT_MAX;

/// From here on somebody probably addresses a model.
pub(super) const SUSPECT_SCORE_MIN: f64 = 0.6;

/// How much more words weigh that no reader sees.
const HIDDEN_WEIGHT: f64 = 1.6;

/// Code, weight, and how it is written.
const SIGNS: [(&str, f64, &str, &str); 9] = [
    (
        "override_instructions",
        0.7,
        "asks to disregard instructions",
        r"\b(?:ignore|disregard|forget|override|bypass)\s+(?:(?:all|any|the|your|of|these|those|everything)\s+){0,4}(?:previous|prior|above|earlier|preceding|system|original|safety|existing|other)\s+(?:instructions?|prompts?|rules|guidelines|directions|constraints|commands|directives)\b",
    ),
    (
        "override_instructions",
        0.7,
        "asks to disregard instructions",
        r"\b(?:ignoriere?n?\s+(?:sie\s+)?(?:alle\s+)?(?:vorherigen|bisherigen|vorigen|obigen)\s+(?:anweisungen|regeln|befehle)|ignore[zr]?\s+(?:toutes\s+)?(?:les\s+)?(?:instructions|consignes)\s+(?:précédentes|antérieures|ci-dessus)|ignor[ae]\s+(?:todas\s+)?(?:las\s+)?instrucciones\s+(?:anteriores|previas))",
    ),
    (
        "new_role",
        0.6,
        "gives the reader another role",
        r"\b(?:you\s+are\s+(?:now|no\s+longer)\b[^.\n]{0,60}\b(?:assistant|ai|language\s+model|bot|developer\s+mode|unrestricted)\b|(?:act|behave|respond)\s+as\s+(?:an?\s+)?(?:unrestricted|jailbroken|uncensored)\b|(?:enter|enable|switch\s+to)\s+(?:developer|admin|debug|god|jailbreak)\s+mode)",
    ),
    (
        "addresses_model",
        0.5,
        "speaks to a model",
        r"\b(?:(?:attention|dear|note\s+to|message\s+(?:for|to)|instructions?\s+(?:for|to))\s*:?\s*(?:the\s+|any\s+|all\s+)?(?:ai|llm|language\s+model|chatgpt|copilot|claude|gemini|(?:ai|e-?mail|mail)\s+(?:assistant|agent))s?\b|if\s+you\s+are\s+(?:an?\s+)?(?:ai|llm|language\s+model|ai\s+assistant|automated\s+(?:agent|assistant)|bot)\b|as\s+an\s+(?:ai|llm)\s+(?:assistant|agent|model|language\s+model),?\s+you\s+(?:must|should|will|have\s+to))",
    ),
    (
        "asks_for_prompt",
        0.6,
        "asks for the model's instructions",
        r"\b(?:reveal|print|show|repeat|output|leak|expose|tell\s+me)\s+(?:me\s+)?(?:your|the)\s+(?:full\s+)?(?:system\s+prompt|initial\s+prompt|hidden\s+instructions|system\s+instructions|system\s+message)\b",
    ),
    (
        "asks_for_secrecy",
        0.5,
        "asks to keep something from people",
        r"\b(?:do\s+not|don't|never|without)\s+(?:tell(?:ing)?|inform(?:ing)?|mention(?:ing)?|notify(?:ing)?|alert(?:ing)?)\s+[^.\n]{0,40}?\b(?:the\s+|your\s+)(?:user|owner|human|operator)\b",
    ),
    (
        "asks_for_data",
        0.6,
        "asks to send data elsewhere",
        r"\b(?:forward|send|e-?mail|upload|post|exfiltrate|copy)\s+(?:all|every|any|the\s+(?:latest|last|recent|contents?|full)|his|her|their|the\s+user's|your)\b[^.\n]{0,60}\b(?:e-?mails?|messages?|inbox|mailbox|contacts|passwords?|credentials|api\s+keys?|tokens?|secrets?|verification\s+codes?|otps?)\b[^.\n]{0,60}?(?:\bto\s+[^\s@]{1,64}@|https?://)",
    ),
    (
        "asks_for_tool",
        0.4,
        "asks to use a tool",
        r"\b(?:call|invoke|execute|run)\s+(?:the\s+)?(?:following\s+)?(?:tool|function|shell\s+command|command|tool\s+call)s?\b|\buse\s+(?:the|your)\s+\w{2,30}\s+tool\b",
    ),
    (
        "chat_markup",
        0.8,
        "has marks of conversations with models",
        r"<\|(?:im_start|im_end|system|assistant|user|endoftext|begin_of_text)\|>|\[/?INST\]|<</?SYS>>|</?(?:system_prompt|system-prompt|tool_call|function_calls|assistant_response)>",
    ),
];

static COMPILED: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    let compile = |(_, _, _, pattern): &(_, _, _, &str)| {
        Regex::new(&format!("(?i){pattern}")).expect("a test compiles every sign")
    };
    SIGNS.iter().map(compile).collect()
});

/// Tells whether a code stands for words that address a model.
pub(super) fn is_code(code: &str) -> bool {
    SIGNS.iter().any(|(known, ..)| *known == code)
}

/// Finds such words.
pub(super) fn of(text: &str) -> Vec<Found> {
    let plain = Plain::of(text);
    let mut found = Vec::new();
    for ((code, _, detail, _), regex) in SIGNS.iter().zip(&*COMPILED) {
        for matched in regex.find_iter(plain.text()).take(HINTS_PER_TEXT_MAX) {
            found.push(Found {
                code,
                position: plain.position(matched.start()),
                excerpt: matched.as_str().to_owned(),
                detail: (*detail).to_owned(),
            });
        }
    }
    found
}

/// Returns how sure it is that somebody addresses a model: every kind of sign counts once, in its heaviest place.
pub(super) fn score(hints: &[Hint]) -> f64 {
    let mut doubt = 1.0;
    let mut counted: Vec<&str> = Vec::new();
    for (code, weight, ..) in SIGNS {
        if counted.contains(&code) {
            continue;
        }
        counted.push(code);
        let places = hints
            .iter()
            .filter(|hint| hint.code == code)
            .map(|hint| hint.place);
        let weights = places.map(|place| match place {
            HintPlace::Hidden => (weight * HIDDEN_WEIGHT).min(0.95),
            _ => weight,
        });
        doubt *= 1.0 - weights.fold(0.0, f64::max);
    }
    if hints.iter().any(|hint| hint.code == "invisible_text") {
        doubt *= 0.5;
    }
    ((1.0 - doubt) * 100.0_f64).round() / 100.0
}
