//! What speaks for or against a message, by name.

use super::limits::DETAIL_CHARS_MAX;

/// One reason, as it is shown: what was found and how much it counts.
#[derive(Debug, Clone, PartialEq)]
pub struct Signal {
    /// A stable name in capitals.
    pub name: &'static str,
    /// What it adds to the score; below zero it speaks for the message.
    pub score: f64,
    /// What was found, for people. Never more of the message than a host or a file's ending.
    pub detail: String,
}

/// A signal that has a fixed weight.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Kind {
    /// The signal's name.
    pub name: &'static str,
    /// What it adds.
    pub score: f64,
    /// What it means, as the documentation says it.
    pub meaning: &'static str,
}

impl Kind {
    /// Returns the signal, explained.
    pub fn told(self, detail: impl Into<String>) -> Signal {
        Signal::new(self.name, self.score, detail)
    }

    /// Returns the signal with nothing to explain but its meaning.
    pub fn plain(self) -> Signal {
        self.told(self.meaning)
    }
}

impl Signal {
    /// Makes a signal with a weight of its own; the weight is kept to hundredths, the detail to its first characters.
    pub fn new(name: &'static str, score: f64, detail: impl Into<String>) -> Self {
        let score = if score.is_finite() { score } else { 0.0 };
        let mut detail: String = detail.into();
        detail.retain(|character| !character.is_control());
        if let Some((end, _)) = detail.char_indices().nth(DETAIL_CHARS_MAX) {
            detail.truncate(end);
        }
        Self {
            name,
            score: (score * 100.0).round() / 100.0,
            detail,
        }
    }
}

/// Declares the signals of fixed weight and lists them all.
macro_rules! kinds {
    ($($name:ident = $score:literal, $meaning:literal;)+) => {
        $(#[doc = $meaning] pub const $name: Kind = Kind { name: stringify!($name), score: $score, meaning: $meaning };)+
        /// Every signal of fixed weight.
        pub const KINDS: &[Kind] = &[$($name,)+];
    };
}

kinds! {
    GTUBE = 1000.0, "the standard test text for spam filters";

    DMARC_PASS = -0.5, "the author's domain stands behind the message";
    DMARC_FAIL = 1.2, "the author's domain does not stand behind the message";
    DMARC_FAIL_QUARANTINE = 2.5, "the author's domain asks to set such mail apart";
    DMARC_FAIL_REJECT = 4.0, "the author's domain asks to refuse such mail";
    DKIM_PASS = -0.1, "a valid signature";
    DKIM_FAIL = 0.3, "a signature that is not valid, and none that is";
    SPF_FAIL = 1.5, "the sender's domain does not allow this server";
    SPF_SOFTFAIL = 0.7, "the sender's domain probably does not allow this server";
    NOTHING_PASSED = 0.6, "neither SPF nor a signature says who sent it";

    FROM_NAME_OTHER_ADDRESS = 2.0, "the author's name is an address of another domain, and answers go elsewhere";
    FROM_NAME_OUR_DOMAIN = 1.5, "the author's name is the recipient's domain, the address is elsewhere";
    FROM_MIXED_SCRIPTS = 2.0, "the author's name mixes look-alike letters of several scripts";
    FROM_RANDOM = 0.7, "the author's address looks made by a machine";
    REPLY_TO_ELSEWHERE = 0.7, "answers go to another domain";
    REPLY_TO_FREEMAIL = 1.0, "answers go to a free mailbox, the author's domain is another";

    SUBJECT_CAPITALS = 0.7, "the subject is written in capitals";
    SUBJECT_SHOUTS = 0.6, "the subject has several exclamation or money signs";
    SUBJECT_FALSE_REPLY = 0.8, "the subject says it is a reply, and nothing is replied to";
    TEXT_CAPITALS = 1.0, "much of the text is written in capitals";
    TEXT_MIXED_SCRIPTS = 2.5, "words mix look-alike letters of several scripts";
    TEXT_INVISIBLE = 1.5, "invisible characters between letters";
    TEXT_LARGE_SUM = 0.8, "a sum of millions";
    TEXT_WALLET = 1.5, "an address for payments in crypto currency";
    TEXT_LARGE_SUM_PERSONAL = 1.2, "a sum of millions, and answers go to a free or another mailbox";
    IMAGE_ONLY = 1.2, "an image and hardly any text";
    LINK_ONLY = 0.6, "a link and hardly any text";

    LINK_SHOWS_OTHER_HOST = 1.8, "a link shows one host and leads to another";
    LINK_SHOWS_AUTHOR = 0.4, "a link of bulk mail shows the author's host and leads through another";
    LINK_TO_ADDRESS = 2.0, "a link leads to a bare public IP address";
    LINK_WITH_USER = 2.0, "a link has something before an @ in front of its host";
    LINK_BORROWS_NAME = 2.5, "a link's host begins with the name of another domain in this message";
    LINK_MIXED_SCRIPTS = 2.0, "a link's host mixes scripts, or passes for Latin in another";
    LINK_SHORTENED = 0.7, "a link hides where it leads behind a shortener";
    LINK_ODD_PORT = 0.8, "a link leads to an unusual port of a public host";
    LINK_MANY_LABELS = 0.6, "a link's host has very many labels or dashes";
    LINK_SCRIPT = 2.0, "a link is a script or carries its page with it";
    LINK_RUNS = 1.5, "a link leads to a program";

    ATTACHMENT_RUNS = 3.0, "an attached program or script";
    ATTACHMENT_DISGUISED = 2.5, "an attached program with the name of a document";
    ATTACHMENT_MACRO = 1.2, "an attached document of a kind that carries macros";
    ATTACHMENT_HTML = 0.9, "an attached web page";

    HEADER_NO_DATE = 1.0, "no readable Date";
    HEADER_DATE_AHEAD = 1.5, "a Date more than a day ahead";
    HEADER_DATE_BEHIND = 0.7, "a Date more than a week back";
    HEADER_NO_MESSAGE_ID = 0.8, "no Message-ID";
    HEADER_ODD_MESSAGE_ID = 0.6, "a Message-ID without a domain";
    HEADER_NO_RECIPIENT = 0.6, "nobody in To and Cc";
    HEADER_AUTHOR_AMBIGUOUS = 1.5, "not exactly one author";
    HEADER_REPEATED = 1.0, "a field that may be there once is there several times";
    HEADER_HELO = 0.8, "the peer's name is no host name";
    HEADER_STRUCTURE = 0.8, "parts that different readers take apart differently";
    HEADER_URGENT = 0.3, "marked as urgent";
    HEADER_BULK_NO_EXIT = 0.5, "bulk mail that says nothing of how to leave";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_stands_for_one_signal() {
        let mut names: Vec<&str> = KINDS.iter().map(|kind| kind.name).collect();
        names.sort_unstable();
        let all = names.len();
        names.dedup();
        assert_eq!(names.len(), all);
    }

    #[test]
    fn the_documentation_tells_every_signal_with_its_score() {
        let page = include_str!("../../../../docs/spam.md");
        for Kind {
            name,
            score,
            meaning,
        } in KINDS
        {
            let row = format!("| `{name}` | {score:?} | {meaning} |");
            assert!(page.contains(&row), "docs/spam.md lacks {row}");
        }
    }

    #[test]
    fn a_detail_is_one_short_line_and_a_score_is_a_number() {
        let signal = Signal::new("X", f64::NAN, "a\r\nb".repeat(100));
        assert_eq!(signal.score, 0.0);
        assert_eq!(signal.detail.chars().count(), DETAIL_CHARS_MAX);
        assert!(!signal.detail.contains(['\r', '\n']));
        assert_eq!(Signal::new("X", 1.2345, "").score, 1.23);
    }
}
