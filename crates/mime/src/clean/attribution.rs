//! Lines that say who wrote what follows, and heads of older messages, in the languages of mail programs.

/// Characters of an attribution, even when it goes over three lines.
const ATTRIBUTION_BYTES_MAX: usize = 500;
/// Lines that the head of an answered message takes at most.
const HEAD_LINES_MAX: usize = 6;

/// `wrote` in the languages that mail programs speak; spaces are part of what must stand there.
const WROTE: &[&str] = &[
    "wrote",
    "schrieb",
    "a écrit",
    "a ecrit",
    "escribió",
    "escribio",
    "ha scritto",
    "scrisse",
    "escreveu",
    "schreef",
    "skrev",
    "kirjoitti",
    "napisał",
    "napsal",
    "написал",
    "пише",
    "yazdı",
    "írta",
    "a scris",
    "έγραψε",
    "写道",
    "寫道",
    "のメール",
    "さんは書きました",
    "님이 작성",
];

/// Returns whether a line says who wrote the next ones.
pub(crate) fn is_attribution(line: &str, is_followed_by_quote: bool) -> bool {
    let line = line.trim();
    if line.len() > ATTRIBUTION_BYTES_MAX || !(line.ends_with(':') || line.ends_with('：')) {
        return false;
    }
    let lower = line.to_lowercase();
    let says_so = WROTE.iter().any(|word| lower.contains(word));
    says_so
        && (is_followed_by_quote
            || lower.contains('@')
            || lower.contains(|c: char| c.is_ascii_digit()))
}

const ORIGINAL: &[&str] = &[
    "original message",
    "originalnachricht",
    "ursprüngliche nachricht",
    "message d'origine",
    "message original",
    "mensaje original",
    "messaggio originale",
    "mensagem original",
    "oorspronkelijk bericht",
    "ursprungligt meddelande",
    "oprindelig meddelelse",
    "forwarded message",
    "weitergeleitete nachricht",
    "message transféré",
    "mensaje reenviado",
    "messaggio inoltrato",
    "mensagem encaminhada",
    "doorgestuurd bericht",
    "wiadomość oryginalna",
    "исходное сообщение",
];

const FORWARDED: &[&str] = &[
    "begin forwarded message:",
    "anfang der weitergeleiteten nachricht:",
    "début du message réexpédié :",
    "début du message transféré :",
    "inicio del mensaje reenviado:",
    "inizio messaggio inoltrato:",
];

/// Returns whether a line separates an older message: `-----Original Message-----`.
pub(crate) fn is_separator(line: &str) -> bool {
    let line = line.trim();
    if line.len() > ATTRIBUTION_BYTES_MAX {
        return false;
    }
    let lower = line.to_lowercase();
    if FORWARDED.contains(&lower.as_str()) {
        return true;
    }
    let inner = lower.trim_matches(['-', '_', ' ', '\u{2013}', '\u{2014}']);
    lower.starts_with(['-', '_', '\u{2013}'])
        && lower.ends_with(['-', '_', '\u{2013}'])
        && ORIGINAL.contains(&inner)
}

const FROM: &[&str] = &[
    "from",
    "von",
    "de",
    "da",
    "van",
    "fra",
    "från",
    "od",
    "от",
    "lähettäjä",
    "发件人",
    "寄件者",
    "差出人",
    "보낸 사람",
];
const SENT: &[&str] = &[
    "sent",
    "date",
    "gesendet",
    "datum",
    "envoyé",
    "envoye",
    "enviado",
    "enviado el",
    "enviada em",
    "fecha",
    "data",
    "inviato",
    "verzonden",
    "sendt",
    "skickat",
    "dato",
    "wysłano",
    "отправлено",
    "дата",
    "发送时间",
    "日期",
    "送信日時",
];
const TO_OR_SUBJECT: &[&str] = &[
    "to",
    "an",
    "à",
    "a",
    "para",
    "aan",
    "til",
    "till",
    "do",
    "кому",
    "subject",
    "betreff",
    "objet",
    "asunto",
    "oggetto",
    "assunto",
    "onderwerp",
    "emne",
    "ämne",
    "temat",
    "тема",
    "收件人",
    "主题",
    "件名",
    "宛先",
];

/// Returns whether these lines begin the head of an older message: sender, time, and recipient or subject.
pub(crate) fn begins_head<'a>(mut lines: impl Iterator<Item = &'a str>) -> bool {
    let Some(first) = lines.next() else {
        return false;
    };
    if !names(first, FROM) {
        return false;
    }
    let (mut has_time, mut has_more) = (false, false);
    for line in lines.take(HEAD_LINES_MAX) {
        has_time |= names(line, SENT);
        has_more |= names(line, TO_OR_SUBJECT);
    }
    has_time && has_more
}

/// Returns whether a line is a field with one of these names; the name may be bold.
fn names(line: &str, names: &[&str]) -> bool {
    let line = line.trim().trim_start_matches(['*', '_', '\\']);
    let Some((name, _)) = line.split_once([':', '：']) else {
        return false;
    };
    let name = name.trim_end_matches(['*', '_', '\\', ' ', '\u{a0}']);
    name.len() <= 32 && names.contains(&name.to_lowercase().as_str())
}

const SENT_FROM: &[&str] = &[
    "sent from my ",
    "sent from outlook",
    "sent from yahoo mail",
    "sent from mail for windows",
    "sent from gmail",
    "sent from samsung",
    "sent from proton",
    "sent via ",
    "sent with proton",
    "get outlook for ",
    "von meinem iphone gesendet",
    "von meinem ipad gesendet",
    "gesendet von meinem",
    "gesendet von outlook",
    "gesendet von mail",
    "gesendet mit der",
    "diese nachricht wurde von meinem",
    "envoyé de mon",
    "envoyé depuis mon",
    "envoyé à partir de",
    "enviado desde mi",
    "enviado desde outlook",
    "enviado do meu",
    "inviato da ",
    "verstuurd vanaf mijn",
    "verzonden vanaf mijn",
    "skickat från min",
    "sendt fra min",
    "wysłane z ",
    "отправлено с ",
    "iphoneから送信",
    "发自我的",
];

/// Returns whether a line is the advertisement that a telephone puts below a message.
pub(crate) fn is_sent_from(line: &str) -> bool {
    let line = line.trim().trim_start_matches('[');
    if line.is_empty() || line.len() > 160 {
        return false;
    }
    let lower = line.to_lowercase();
    SENT_FROM.iter().any(|start| lower.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributions_of_mail_programs_are_known() {
        for line in [
            "On Mon, 21 Sep 2026 at 10:00, Ann Lee <ann@shop.example> wrote:",
            "Am 21.09.2026 um 10:00 schrieb Ann Lee <ann@shop.example>:",
            "Le lun. 21 sept. 2026 à 10:00, Ann Lee <ann@shop.example> a écrit :",
            "El lun, 21 sept 2026 a las 10:00, Ann Lee (<ann@shop.example>) escribió:",
            "Il giorno lun 21 set 2026 alle ore 10:00 Ann <ann@shop.example> ha scritto:",
            "Op ma 21 sep 2026 om 10:00 schreef Ann Lee <ann@shop.example>:",
        ] {
            assert!(is_attribution(line, false), "{line}");
        }
        assert!(is_attribution("Ann Lee wrote:", true));
        for line in ["Ann Lee wrote:", "Here is what I wrote", "Agenda 2026:", ""] {
            assert!(!is_attribution(line, false), "{line}");
        }
    }

    #[test]
    fn heads_and_separators_of_older_messages_are_known() {
        assert!(is_separator("-----Original Message-----"));
        assert!(is_separator("-------- Weitergeleitete Nachricht --------"));
        assert!(is_separator("---------- Forwarded message ---------"));
        assert!(is_separator("Begin forwarded message:"));
        assert!(
            !is_separator("original message")
                && !is_separator("---")
                && !is_separator("-- more --")
        );
        assert!(begins_head(
            ["From: Ann", "Sent: Monday", "To: Bob", "Subject: Hi"].into_iter()
        ));
        assert!(begins_head(
            ["**Von:** Ann", "**Gesendet:** Montag", "**An:** Bob"].into_iter()
        ));
        assert!(begins_head(
            ["De : Ann", "Envoyé : lundi", "À : Bob"].into_iter()
        ));
        assert!(!begins_head(
            ["From: the moon", "we looked down"].into_iter()
        ));
    }

    #[test]
    fn advertisements_of_telephones_are_known() {
        assert!(is_sent_from("Sent from my iPhone") && is_sent_from("Von meinem iPhone gesendet"));
        assert!(!is_sent_from("I sent from my house a parcel") && !is_sent_from(""));
    }
}
