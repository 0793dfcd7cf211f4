//! The grammar, line by line, and what any text does to it.

use super::*;
use proptest::prelude::*;

fn shown(condition: &Condition) -> String {
    let list = |conditions: &[Condition], between: &str| {
        let shown: Vec<String> = conditions.iter().map(shown).collect();
        format!("({})", shown.join(between))
    };
    match condition {
        Condition::Words(words) => {
            let star = if words.is_prefix { "*" } else { "" };
            format!("{}{star}", words.words.join("_"))
        }
        Condition::All(conditions) => list(conditions, " "),
        Condition::Any(conditions) => list(conditions, "|"),
        Condition::Not(inner) => format!("-{}", shown(inner)),
    }
}

fn parsed(text: &str) -> String {
    shown(&SearchQuery::parse(text).unwrap().condition)
}

#[test]
fn every_line_of_the_grammar_is_read() {
    let table = [
        ("alpha", "alpha"),
        (" Alpha  BETA ", "(alpha beta)"),
        ("alpha AND beta", "(alpha beta)"),
        ("alpha and beta", "(alpha and beta)"),
        ("alpha OR beta", "(alpha|beta)"),
        ("alpha or beta", "(alpha or beta)"),
        ("a b OR c d", "((a b)|(c d))"),
        ("a (b OR c) d", "(a (b|c) d)"),
        ("a -b", "(a -b)"),
        ("a -\"b c\"", "(a -b_c)"),
        ("a -(b OR c)", "(a -(b|c))"),
        ("-(-a)", "a"),
        ("a OR -b", "(a|-b)"),
        ("a-b", "a_b"),
        ("a - b", "(a b)"),
        ("ann@shop.example", "ann_shop_example"),
        ("\"black cat\"", "black_cat"),
        ("\"a \\\"b\\\" c\"", "a_b_c"),
        ("\"back\\\\slash\"", "back_slash"),
        ("inv*", "inv*"),
        ("e-inv*", "e_inv*"),
        ("\"inv*\"", "inv"),
        ("inv**", "inv"),
        ("*inv", "inv"),
        ("inv* paid", "(inv* paid)"),
        ("cafe\u{301}*", "cafe*"),
        ("हिन्द\u{94d}*", "हिन्द\u{94d}*"),
        ("a\"b c\"d", "(a b_c d)"),
        ("a(b)c", "(a b c)"),
        ("& a !", "a"),
        ("a OR &", "a"),
        ("a -&", "a"),
        ("ANDROID ORACLE", "(android oracle)"),
        ("東京都", "東京_京都"),
        ("((((((((a))))))))", "a"),
    ];
    for (text, expected) in table {
        assert_eq!(parsed(text), expected, "{text}");
    }
}

#[test]
fn errors_say_what_is_wrong_and_where() {
    let deep = format!("é {}a{}", "(".repeat(9), ")".repeat(9));
    let many = "a ".repeat(65);
    let long = "é".repeat(257);
    let table = [
        ("", Problem::OperandMissing, 0),
        ("a OR", Problem::OperandMissing, 4),
        ("a OR AND b", Problem::OperandMissing, 5),
        ("AND a", Problem::OperandMissing, 0),
        ("()", Problem::OperandMissing, 1),
        ("é \"b", Problem::QuoteNotClosed, 2),
        ("\"a\\\"", Problem::QuoteNotClosed, 0),
        ("a (b", Problem::GroupNotClosed, 2),
        ("a) b", Problem::NothingToClose, 1),
        ("-a", Problem::OnlyNegations, 0),
        ("-a -b OR -c", Problem::OnlyNegations, 0),
        ("!? \"\"", Problem::NoWord, 0),
        (deep.as_str(), Problem::TooDeep, 10),
        (many.as_str(), Problem::TooManyNodes, 128),
        (long.as_str(), Problem::TooLong, 256),
    ];
    for (text, problem, position) in table {
        assert_eq!(
            SearchQuery::parse(text).unwrap_err(),
            QueryError { position, problem },
            "{text}"
        );
    }
    assert_eq!(
        SearchQuery::parse("é \"b").unwrap_err().to_string(),
        "a quotation does not end: it begins at character 3"
    );
    assert!(SearchQuery::parse(&"a ".repeat(64)).is_ok());
    assert!(SearchQuery::parse(&"a".repeat(512)).is_ok());
}

#[test]
fn only_words_that_are_wanted_rank() {
    let query = SearchQuery::parse("a -b (c OR -(d e)) -(-f) a").unwrap();
    let ranked: Vec<&str> = query
        .ranked
        .iter()
        .map(|one| one.words[0].as_str())
        .collect();
    assert_eq!(ranked, ["a", "c", "f"]);
}

fn written(condition: &Condition) -> String {
    let list = |conditions: &[Condition], between: &str| {
        let written: Vec<String> = conditions.iter().map(written).collect();
        format!("({})", written.join(between))
    };
    match condition {
        Condition::Words(words) if words.is_prefix => format!("{}*", words.words.join("-")),
        Condition::Words(words) => format!("\"{}\"", words.words.join(" ")),
        Condition::All(conditions) => list(conditions, " "),
        Condition::Any(conditions) => list(conditions, " OR "),
        Condition::Not(inner) => format!("-{}", written(inner)),
    }
}

fn condition() -> impl Strategy<Value = Condition> {
    let word = ("[b-m]{1,3}", "[b-m]{1,3}", any::<bool>()).prop_map(|(one, two, is_prefix)| {
        Condition::Words(Words {
            words: vec![one, two],
            is_prefix,
        })
    });
    word.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(Condition::All),
            prop::collection::vec(inner.clone(), 2..4).prop_map(Condition::Any),
            inner.prop_map(negate),
        ]
    })
}

proptest! {
    #[test]
    fn any_text_is_a_query_or_an_error_within_it(text in "[a\"()\\\\ *é東-]{0,80}|(AND|OR| |a|\\(|\\)|-|\"){0,60}|.{0,80}") {
        match SearchQuery::parse(&text) {
            Ok(query) => prop_assert!(!query.ranked.is_empty()),
            Err(error) => prop_assert!(error.position <= text.chars().count()),
        }
    }

    #[test]
    fn what_is_written_is_read_back(condition in condition()) {
        let text = written(&condition);
        if let Ok(query) = SearchQuery::parse(&text) {
            prop_assert_eq!(query.condition, condition, "{}", text);
        }
    }
}
