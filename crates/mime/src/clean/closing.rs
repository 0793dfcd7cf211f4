//! Phrases that end a letter, and the names below them.

use super::line::Line;

/// Lines above the end in which a closing phrase is looked for; names, titles and numbers stand below it.
const TAIL_LINES_MAX: usize = 8;

const PHRASES: &[&str] = &[
    "best",
    "best regards",
    "kind regards",
    "kindest regards",
    "warm regards",
    "warmest regards",
    "regards",
    "many thanks",
    "thanks",
    "thank you",
    "thanks again",
    "thanks so much",
    "thanks in advance",
    "thanks and regards",
    "with thanks",
    "cheers",
    "sincerely",
    "yours sincerely",
    "yours truly",
    "yours faithfully",
    "yours",
    "all the best",
    "best wishes",
    "take care",
    "warmly",
    "respectfully",
    "cordially",
    "with kind regards",
    "talk soon",
    "br",
    "mit freundlichen grüßen",
    "mit freundlichen grüssen",
    "mit freundlichem gruß",
    "mit besten grüßen",
    "freundliche grüße",
    "viele grüße",
    "beste grüße",
    "liebe grüße",
    "herzliche grüße",
    "schöne grüße",
    "gruß",
    "grüße",
    "mfg",
    "vg",
    "lg",
    "vielen dank",
    "danke",
    "cordialement",
    "bien cordialement",
    "bien à vous",
    "salutations",
    "merci",
    "merci d'avance",
    "bonne journée",
    "amicalement",
    "saludos",
    "un saludo",
    "saludos cordiales",
    "un cordial saludo",
    "atentamente",
    "gracias",
    "muchas gracias",
    "cordiali saluti",
    "distinti saluti",
    "saluti",
    "un saluto",
    "grazie",
    "atenciosamente",
    "abraços",
    "cumprimentos",
    "obrigado",
    "obrigada",
    "met vriendelijke groet",
    "met vriendelijke groeten",
    "groeten",
    "groet",
    "med vänliga hälsningar",
    "vänliga hälsningar",
    "med venlig hilsen",
    "venlig hilsen",
    "med vennlig hilsen",
    "ystävällisin terveisin",
    "pozdrawiam",
    "z poważaniem",
    "с уважением",
    "saygılarımla",
];

/// Removes a closing phrase and what stands below it; a letter that is nothing else stays.
pub(crate) fn remove(lines: &mut Vec<&Line>) {
    let mut written = lines
        .iter()
        .enumerate()
        .rev()
        .filter(|(_, line)| !line.is_blank())
        .take(TAIL_LINES_MAX);
    let Some((at, _)) = written.find(|(_, line)| is_closing(&line.text)) else {
        return;
    };
    if lines[..at].iter().any(|line| !line.is_blank()) {
        lines.truncate(at);
    }
}

/// Returns whether a line is a closing phrase, alone or with a short name behind a comma.
fn is_closing(line: &str) -> bool {
    let line = line.trim().trim_matches(['*', '_', '\\']);
    if line.len() > 80 {
        return false;
    }
    let lower = line.to_lowercase();
    let (phrase, rest) = lower.split_once(',').unwrap_or((&lower, ""));
    rest.split_whitespace().count() <= 3
        && PHRASES.contains(&phrase.trim_end_matches(['.', '!', ' ']))
}

#[cfg(test)]
mod tests {
    use super::super::line::{join, lines_of};
    use super::*;

    fn without_closing(text: &str) -> String {
        let lines = lines_of(text);
        let mut kept: Vec<&Line> = lines.iter().collect();
        remove(&mut kept);
        join(kept.into_iter())
    }

    #[test]
    fn closing_phrases_go_with_the_names_below_them() {
        let table = [
            ("See you.\n\nBest regards,\nAnn Lee\nSales", "See you."),
            ("See you.\nThanks, Ann", "See you."),
            ("Bis dann.\n\nMit freundlichen Grüßen\n\nAnn", "Bis dann."),
            ("A bientôt.\nCordialement,\nAnn", "A bientôt."),
            ("Hasta luego.\nSaludos", "Hasta luego."),
            ("Thanks!", "Thanks!"),
            (
                "Thanks for the quick answer.\nI will look.",
                "Thanks for the quick answer.\nI will look.",
            ),
        ];
        for (text, expected) in table {
            assert_eq!(without_closing(text), expected, "{text}");
        }
    }
}
