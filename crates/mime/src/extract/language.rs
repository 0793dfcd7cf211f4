//! The language of a text.

use whatlang::{Detector, Lang};

/// Octets of text that are looked at: more does not change the answer.
const TEXT_BYTES_MAX: usize = 4_096;
/// Letters below which nobody can tell.
const LETTERS_MIN: usize = 20;

/// How sure the detector has to be, from 0 to 1; its own bound of 0.9 refuses most short letters.
const CONFIDENCE_MIN: f64 = 0.25;
/// Languages that hardly any mail is written in and that short texts in others are mistaken for.
const RARE: &[Lang] = &[
    Lang::Aka,
    Lang::Epo,
    Lang::Jav,
    Lang::Lat,
    Lang::Sna,
    Lang::Tgl,
    Lang::Tuk,
    Lang::Uzb,
    Lang::Zul,
];

/// Returns the ISO 639-1 code of a text's language; none when the text is too short or too mixed to tell.
pub(super) fn of(text: &str) -> Option<&'static str> {
    let text = &text[..text.floor_char_boundary(TEXT_BYTES_MAX)];
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    // A sign of Chinese or Japanese says as much as several letters.
    let signs = text.chars().filter(|&c| c > '\u{2E80}').count();
    if letters + 4 * signs < LETTERS_MIN {
        return None;
    }
    let found = Detector::with_denylist(RARE.to_vec()).detect(text)?;
    (found.confidence() >= CONFIDENCE_MIN)
        .then(|| code(found.lang()))
        .flatten()
}

fn code(language: Lang) -> Option<&'static str> {
    let code = match language {
        Lang::Afr => "af",
        Lang::Amh => "am",
        Lang::Ara => "ar",
        Lang::Aze => "az",
        Lang::Bel => "be",
        Lang::Ben => "bn",
        Lang::Bul => "bg",
        Lang::Cat => "ca",
        Lang::Ces => "cs",
        Lang::Cmn => "zh",
        Lang::Dan => "da",
        Lang::Deu => "de",
        Lang::Ell => "el",
        Lang::Eng => "en",
        Lang::Est => "et",
        Lang::Fin => "fi",
        Lang::Fra => "fr",
        Lang::Guj => "gu",
        Lang::Heb => "he",
        Lang::Hin => "hi",
        Lang::Hrv => "hr",
        Lang::Hun => "hu",
        Lang::Hye => "hy",
        Lang::Ind => "id",
        Lang::Ita => "it",
        Lang::Jpn => "ja",
        Lang::Kan => "kn",
        Lang::Kat => "ka",
        Lang::Khm => "km",
        Lang::Kor => "ko",
        Lang::Lav => "lv",
        Lang::Lit => "lt",
        Lang::Mal => "ml",
        Lang::Mar => "mr",
        Lang::Mkd => "mk",
        Lang::Mya => "my",
        Lang::Nep => "ne",
        Lang::Nld => "nl",
        Lang::Nob => "nb",
        Lang::Ori => "or",
        Lang::Pan => "pa",
        Lang::Pes => "fa",
        Lang::Pol => "pl",
        Lang::Por => "pt",
        Lang::Ron => "ro",
        Lang::Rus => "ru",
        Lang::Sin => "si",
        Lang::Slk => "sk",
        Lang::Slv => "sl",
        Lang::Spa => "es",
        Lang::Srp => "sr",
        Lang::Swe => "sv",
        Lang::Tam => "ta",
        Lang::Tel => "te",
        Lang::Tha => "th",
        Lang::Tur => "tr",
        Lang::Ukr => "uk",
        Lang::Urd => "ur",
        Lang::Vie => "vi",
        Lang::Yid => "yi",
        _ => return None,
    };
    Some(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_of_ordinary_mail_are_told() {
        let table = [
            (
                "Could you please send me the signed contract until Tuesday? I would like to forward it to our lawyers.",
                Some("en"),
            ),
            (
                "Könnten Sie mir bitte den unterschriebenen Vertrag bis Dienstag schicken? Ich möchte ihn weiterleiten.",
                Some("de"),
            ),
            (
                "Pourriez-vous m'envoyer le contrat signé avant mardi ? Je voudrais le transmettre à nos avocats.",
                Some("fr"),
            ),
            (
                "请在星期二之前把签好的合同发给我,我想把它转给律师。",
                Some("zh"),
            ),
            ("Ok", None),
            ("", None),
            ("12345 67890", None),
        ];
        for (text, expected) in table {
            assert_eq!(of(text), expected, "{text} {:?}", whatlang::detect(text));
        }
    }
}
