//! Tests over whole messages, and properties that hold for any.

use posthouse_types::address::DisplayAddress;
use proptest::prelude::*;

use super::bayes::{self, Corpus, Count};
use super::history::{self, History};
use super::*;

const NOW: i64 = 1_790_000_000;

struct Draft {
    headers: Vec<(String, String)>,
    subject: String,
    from: Vec<DisplayAddress>,
    reply_to: Vec<DisplayAddress>,
    text: String,
    html: Option<String>,
    helo: String,
}

impl Default for Draft {
    fn default() -> Self {
        Self {
            headers: vec![("Message-ID".to_owned(), "<1@shop.example>".to_owned())],
            subject: "Your order".to_owned(),
            from: vec![mailbox("Shop", "hello@shop.example")],
            reply_to: Vec::new(),
            text: "Thank you for your order, it is on its way to you now.".to_owned(),
            html: None,
            helo: "mx.shop.example".to_owned(),
        }
    }
}

fn mailbox(name: &str, email: &str) -> DisplayAddress {
    DisplayAddress {
        name: name.to_owned(),
        email: email.to_owned(),
    }
}

impl Draft {
    fn letter(&self) -> Letter<'_> {
        Letter {
            headers: &self.headers,
            subject: &self.subject,
            from: &self.from,
            reply_to: &self.reply_to,
            addressed: 1,
            our_domains: &["bots.example.org"],
            date_at: Some(NOW),
            arrived_at: NOW,
            is_reply: false,
            sender_ambiguous: false,
            ambiguous_structure: false,
            text: &self.text,
            html: self.html.as_deref(),
            attachments: &[],
            helo: &self.helo,
            authentication: None,
        }
    }

    fn names(&self) -> Vec<&'static str> {
        let score = examine(&self.letter(), Some(7)).score(true, &[], THRESHOLD);
        score.signals.iter().map(|signal| signal.name).collect()
    }
}

#[test]
fn an_ordinary_message_shows_nothing() {
    assert_eq!(Draft::default().names(), [""; 0]);
}

#[test]
fn the_test_text_of_all_filters_is_spam_at_any_sensitivity() {
    let halves = [
        "XJS*C4JDBQADN1.NSBN3*2IDNEN*",
        "GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X",
    ];
    let draft = Draft {
        text: format!("A test.\n\n{}\n", halves.concat()),
        ..Draft::default()
    };
    let score = examine(&draft.letter(), Some(7)).score(false, &[], threshold(THRESHOLD, 0.1));
    assert!(score.is_spam(), "{score:?}");
}

#[test]
fn who_pretends_to_be_somebody_else_is_told_so() {
    for (draft, name) in [
        (Draft { from: vec![mailbox("service@bank.example", "x@evil.example")], ..Draft::default() }, "FROM_NAME_OTHER_ADDRESS"),
        (Draft { from: vec![mailbox("Bots.example.org helpdesk", "x@evil.example")], ..Draft::default() }, "FROM_NAME_OUR_DOMAIN"),
        (Draft { from: vec![mailbox("P\u{430}yPal", "x@evil.example")], ..Draft::default() }, "FROM_MIXED_SCRIPTS"),
        (Draft { reply_to: vec![mailbox("", "boss@gmail.com")], ..Draft::default() }, "REPLY_TO_FREEMAIL"),
        (Draft { text: "Log in at https://bots.example.org.evil.example/ before Friday or lose your mailbox".to_owned(), ..Draft::default() }, "LINK_BORROWS_NAME"),
        (Draft { html: Some("<a href='http://203.0.113.9/x'>Log in</a>".to_owned()), ..Draft::default() }, "LINK_TO_ADDRESS"),
        (Draft { html: Some("<a href='https://evil.example/x'>https://bank.example/</a>".to_owned()), ..Draft::default() }, "LINK_SHOWS_OTHER_HOST"),
    ] {
        assert_eq!(draft.names(), [name]);
    }
}

#[test]
fn links_of_honest_programs_are_not_blamed() {
    let plain = |url: &str| Draft {
        text: format!(
            "The nightly run has ended; its log of this night is at {url} for you to read."
        ),
        ..Draft::default()
    };
    for url in [
        "http://10.0.3.7:9090/job/7",
        "http://192.168.1.4/",
        "http://100.100.0.4:3000/",
        "http://127.0.0.1:8081/",
        "http://jenkins:8099/job/7",
        "https://ci.build.internal:9443/7",
        "https://xn--mller-kva.example/",
        "https://m\u{fc}ller.example/",
    ] {
        assert_eq!(plain(url).names(), [""; 0], "{url}");
    }
    let in_html = |host: &str| Draft {
        html: Some(format!(
            "<a href='http://{host}:8080/7'>the log of this night</a>"
        )),
        ..Draft::default()
    };
    for host in ["[fd00::7]", "[::1]", "[fe80::1]", "[::ffff:10.0.0.7]"] {
        assert_eq!(in_html(host).names(), [""; 0], "{host}");
    }
    for host in ["[2001:db8::1]", "[::ffff:203.0.113.9]"] {
        assert_eq!(in_html(host).names(), ["LINK_TO_ADDRESS"], "{host}");
    }
    let abroad = Draft {
        from: vec![mailbox("Shop", "hello@shop.com")],
        ..plain("https://www.shop.com.au/")
    };
    assert_eq!(abroad.names(), [""; 0]);
    for (url, name) in [
        ("http://203.0.113.9/x", "LINK_TO_ADDRESS"),
        ("http://3405803785/x", "LINK_TO_ADDRESS"),
        ("http://0xcb007109/x", "LINK_TO_ADDRESS"),
        ("http://host.example:9090/", "LINK_ODD_PORT"),
        ("https://shop.example.evil.example/", "LINK_BORROWS_NAME"),
        ("https://shop.example-login.au/", "LINK_BORROWS_NAME"),
        (
            "https://\u{430}\u{440}\u{440}\u{4cf}\u{435}.example/",
            "LINK_MIXED_SCRIPTS",
        ),
        ("https://p\u{430}ypal.example/", "LINK_MIXED_SCRIPTS"),
    ] {
        assert_eq!(plain(url).names(), [name], "{url}");
    }
}

#[test]
fn what_newsletters_forms_and_gateways_do_is_not_taken_for_deceit() {
    let shows = |href: &str, shown: &str| {
        Some(format!(
            "<p>Dear readers, the whole story of this month is on our page, as always, at \
             <a href='{href}'>{shown}</a></p>"
        ))
    };
    let counted = shows("https://click.count.example/c/7", "www.shop.example");
    let mut letter = Draft {
        html: counted.clone(),
        ..Draft::default()
    };
    assert_eq!(letter.names(), ["LINK_SHOWS_OTHER_HOST"]);
    letter.headers.push((
        "List-Unsubscribe".to_owned(),
        "<https://shop.example/leave>".to_owned(),
    ));
    assert_eq!(letter.names(), ["LINK_SHOWS_AUTHOR"]);
    letter.html = shows("https://click.count.example/c/7", "www.bank.example");
    assert_eq!(letter.names(), ["LINK_SHOWS_OTHER_HOST"]);
    let gateway = "https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fbank.example";
    letter.html = shows(gateway, "www.bank.example");
    assert_eq!(letter.names(), [""; 0]);
    letter.html = shows("https://eviloutlook.com.example/", "www.bank.example");
    assert_eq!(letter.names(), ["LINK_SHOWS_OTHER_HOST"]);

    // A form on a page writes as its visitor; whoever shows one address and has answers go to another deceives.
    let form = |answers: &str| Draft {
        from: vec![mailbox(
            "jane@visitor.example via contact form",
            "web@shop.example",
        )],
        reply_to: vec![mailbox("Jane", answers)],
        ..Draft::default()
    };
    assert_eq!(form("jane@visitor.example").names(), ["REPLY_TO_ELSEWHERE"]);
    assert_eq!(
        form("jane@gmail.com").names(),
        ["FROM_NAME_OTHER_ADDRESS", "REPLY_TO_FREEMAIL"]
    );
}

#[test]
fn thai_marks_where_lines_may_end_and_is_not_blamed_for_it() {
    let draft = Draft {
        text: "สวัสดี\u{200b}ครับ ขอบคุณ\u{200b}สำหรับ\u{200b}การสั่งซื้อ\u{200b}ของคุณ".to_owned(),
        ..Draft::default()
    };
    assert_eq!(draft.names(), [""; 0]);
}

#[test]
fn odd_headers_count_where_the_policy_asks_for_it_and_only_there() {
    let draft = Draft {
        headers: Vec::new(),
        helo: "localhost".to_owned(),
        ..Draft::default()
    };
    let findings = examine(&draft.letter(), Some(7));
    let names = |asked| -> Vec<&str> {
        let score = findings.score(asked, &[], THRESHOLD);
        score.signals.iter().map(|signal| signal.name).collect()
    };
    assert_eq!(names(true), ["HEADER_HELO", "HEADER_NO_MESSAGE_ID"]);
    assert_eq!(names(false), [""; 0]);
}

#[test]
fn a_good_name_is_believed_of_those_only_who_are_proven_to_bear_it() {
    let known = History {
        kept: 9,
        junked: 0,
        written_to: 2,
    };
    let proven = Authentication {
        spf: Outcome::Pass,
        dkim: Outcome::Pass,
        dmarc: Outcome::Pass,
        policy: Asked::Reject,
        is_vouched_for: false,
    };
    assert_eq!(history::signal(known, Some(&proven)).unwrap().score, -2.5);
    assert_eq!(history::signal(known, None), None);
    let junked = History {
        kept: 1,
        junked: 3,
        written_to: 0,
    };
    assert_eq!(history::signal(junked, None).unwrap().score, 3.0);
}

#[test]
fn the_classifier_says_nothing_until_both_kinds_were_taught() {
    let counts = [Count { spam: 4, ham: 0 }; 40];
    assert_eq!(bayes::opinion(Corpus { spam: 400, ham: 0 }, &counts), None);
    assert_eq!(bayes::opinion(Corpus { spam: 4, ham: 400 }, &counts), None);
    let opinion = bayes::opinion(
        Corpus {
            spam: 400,
            ham: 400,
        },
        &counts,
    )
    .unwrap();
    assert!(opinion.probability > 0.99, "{opinion:?}");
}

#[test]
fn words_are_the_same_whether_or_not_they_are_disguised() {
    let plain = Draft {
        text: "verify account paypal now please".to_owned(),
        ..Draft::default()
    };
    let veiled = Draft {
        text: "ve\u{200b}rify acc\u{43e}unt p\u{430}yp\u{430}l n\u{43e}w please".to_owned(),
        ..Draft::default()
    };
    let tokens = |draft: &Draft| examine(&draft.letter(), Some(7)).tokens.learned();
    let known = tokens(&plain);
    let shared = tokens(&veiled)
        .iter()
        .filter(|token| known.contains(token))
        .count();
    assert!(shared >= known.len() - 1, "{shared} of {}", known.len());
}

#[test]
fn other_keys_make_other_features() {
    let draft = Draft::default();
    let learned = |seed| examine(&draft.letter(), Some(seed)).tokens.learned();
    assert!(learned(1).iter().all(|token| !learned(2).contains(token)));
    assert_eq!(learned(1), learned(1));
}

#[test]
fn a_long_message_costs_as_much_as_a_bounded_one() {
    let long: String = (0..200_000).map(|n| format!("w{n}x ")).collect();
    let html = "<a href=https://h.example/>x</a>".repeat(20_000);
    let draft = Draft {
        text: long,
        html: Some(html),
        ..Draft::default()
    };
    let tokens = examine(&draft.letter(), Some(7)).tokens;
    assert!(tokens.learned().len() <= limits::TOKENS_LEARNED_MAX);
    assert!(tokens.asked().len() <= 192);
}

#[test]
fn sensitivity_divides_the_threshold() {
    assert_eq!(threshold(5.0, 1.0), 5.0);
    assert_eq!(threshold(5.0, 1.4), 3.57);
    assert_eq!(threshold(5.0, 0.1), 50.0);
    assert_eq!(threshold(5.0, 5.0), 1.0);
}

proptest! {
    #[test]
    fn any_text_anywhere_is_looked_at_without_a_panic(
        subject in "\\PC{0,80}", name in "\\PC{0,40}", email in "\\PC{0,40}",
        text in "(\\PC|\n|https?://|@|\\.|[0-9,]){0,300}",
        html in "(\\PC|<a href=|\"|'|>|</a>|https://|://|&amp;){0,200}",
    ) {
        let draft = Draft {
            subject,
            from: vec![mailbox(&name, &email)],
            reply_to: vec![mailbox(&email, &name)],
            text,
            html: Some(html),
            ..Draft::default()
        };
        let findings = examine(&draft.letter(), Some(7));
        let score = findings.score(true, &[], THRESHOLD);
        prop_assert!(score.score.is_finite());
        prop_assert!(findings.tokens.asked().len() <= 192);
        prop_assert!(findings.tokens.asked().iter().all(|token| token.0 >= 0));
        let sum: f64 = score.signals.iter().map(|signal| signal.score).sum();
        prop_assert!((sum - score.score).abs() < 0.01);
    }

    #[test]
    fn the_classifier_is_fair_and_never_leaves_its_bounds(
        counts in prop::collection::vec((0_u64..500, 0_u64..500), 0..200),
        spam in 0_u64..500, ham in 0_u64..500,
    ) {
        let there: Vec<Count> = counts.iter().map(|(spam, ham)| Count { spam: *spam, ham: *ham }).collect();
        let turned: Vec<Count> = counts.iter().map(|(spam, ham)| Count { spam: *ham, ham: *spam }).collect();
        let opinion = bayes::opinion(Corpus { spam, ham }, &there);
        let mirrored = bayes::opinion(Corpus { spam: ham, ham: spam }, &turned);
        prop_assert_eq!(opinion.is_some(), mirrored.is_some());
        if let (Some(opinion), Some(mirrored)) = (opinion, mirrored) {
            prop_assert!((0.0..=1.0).contains(&opinion.probability));
            prop_assert!((opinion.probability + mirrored.probability - 1.0).abs() < 1e-6);
        }
    }
}
