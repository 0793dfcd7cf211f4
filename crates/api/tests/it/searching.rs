//! `search_query_native` and `q` through the router.

use crate::account::Account;
use crate::door::Answered;

async fn index(account: &Account) {
    let mut index = account.door.mailroom.search_index();
    while index.step().await.expect("the store is open").more {}
}

fn subjects(answer: &Answered) -> Vec<&str> {
    assert_eq!(answer.status, 200, "{:?}", answer.json);
    let rows = answer.json["data"].as_array().expect("a list");
    rows.iter()
        .map(|row| row["subject"].as_str().expect("a subject"))
        .collect()
}

#[tokio::test]
async fn messages_are_found_by_either_name_of_the_parameter_with_other_filters_and_select() {
    let account = Account::open().await;
    account.receive("Lighthouse", "a <b>keeper</b>").await;
    account.receive("Letter", "the lighthouse keeper").await;
    account.receive("Other", "nothing").await;
    index(&account).await;
    for name in ["q", "search_query_native"] {
        let found = account.get(&format!("/messages?{name}=lighthouse")).await;
        assert_eq!(subjects(&found), ["Lighthouse", "Letter"]);
        let found = account
            .get(&format!("/messages?{name}=lighthouse%20-letter"))
            .await;
        assert_eq!(subjects(&found), ["Lighthouse"]);
    }
    let both = account
        .get("/messages?q=keeper&subject=lett&unread=True")
        .await;
    assert_eq!(subjects(&both), ["Letter"]);
    let phrase = account
        .get("/messages?q=%22a+keeper%22&select=subject")
        .await;
    assert_eq!(subjects(&phrase), ["Lighthouse"]);
    assert!(phrase.json["data"][0].get("body").is_none());
    let everything = account.get("/messages?q=").await;
    assert_eq!(
        subjects(&everything).len(),
        3,
        "an empty value is an absent one"
    );
    let headers = account
        .get("/messages?q=keeper&fields=include_headers")
        .await;
    assert!(headers.json["data"][0]["headers"].is_array());
}

#[tokio::test]
async fn pages_of_a_search_take_other_limits_and_no_foreign_token() {
    let account = Account::open().await;
    for number in 0..5 {
        account.receive(&format!("m{number}"), "needle").await;
    }
    index(&account).await;
    let first = account.get("/messages?q=needle&limit=2").await;
    assert_eq!(subjects(&first), ["m4", "m3"]);
    let cursor = first.json["next_cursor"].as_str().expect("more").to_owned();
    let rest = account
        .get(&format!("/messages?q=needle&limit=50&page_token={cursor}"))
        .await;
    assert_eq!(subjects(&rest), ["m2", "m1", "m0"]);
    assert!(rest.json.get("next_cursor").is_none());
    let skipped = account.get("/messages?q=needle&offset=3").await;
    assert_eq!(subjects(&skipped), ["m1", "m0"]);

    let listed = account.get("/messages?limit=1").await;
    let listed = listed.json["next_cursor"]
        .as_str()
        .expect("more")
        .to_owned();
    let neighbour = account.neighbour("other").await;
    for (whose, token) in [(&account, &listed), (&neighbour, &cursor)] {
        let refused = whose
            .get(&format!("/messages?q=needle&page_token={token}"))
            .await;
        assert_eq!(refused.error().0, 400);
        assert_eq!(refused.json["error"]["field"], "page_token");
    }
}

#[tokio::test]
async fn http_16_what_is_no_query_is_refused_with_its_position() {
    let account = Account::open().await;
    index(&account).await;
    let deep = format!("q={}a{}", "(".repeat(9), ")".repeat(9));
    let many = format!("q={}", "a+".repeat(65));
    let long = format!("q={}", "a".repeat(513));
    let table = [
        (
            "q=%22open",
            "q: a quotation does not end: it begins at character 1",
        ),
        (
            "search_query_native=a+(b",
            "search_query_native: a parenthesis is not closed: it opens at character 3",
        ),
        ("q=a)", "q: a parenthesis closes nothing at character 2"),
        (
            "q=a+OR",
            "q: a word, a phrase or a group is missing at character 5",
        ),
        (
            "q=-a+-b",
            "q: there are negations only: add what to search for at character 1",
        ),
        (
            "q=%26%26",
            "q: there is no letter or digit to search for at character 1",
        ),
        (
            &deep,
            "q: parentheses are at most 8 deep: a deeper one at character 9",
        ),
        (
            &many,
            "q: a query has at most 64 parts: one more at character 129",
        ),
        (
            &long,
            "q: a query has at most 512 bytes: cut off at character 513",
        ),
    ];
    for (parameter, message) in table {
        let refused = account.get(&format!("/messages?{parameter}")).await;
        assert_eq!(refused.error().0, 400, "{parameter}");
        assert_eq!(refused.json["error"]["type"], "invalid_request_error");
        assert_eq!(refused.json["error"]["message"], message);
    }
    for hostile in [
        "NEAR(a%20b)",
        "subject:a",
        "a%27%3B--",
        "%5E*",
        "a%20%3C-%3E%20b",
        "%7Bbody%7D%3Aa",
    ] {
        let answer = account.get(&format!("/messages?q={hostile}")).await;
        assert!(matches!(answer.status.as_u16(), 200 | 400), "{hostile}");
    }
}
