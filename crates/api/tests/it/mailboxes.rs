//! Reading a mailbox through the router: messages that arrived, their folders and attachments.

use base64::Engine;
use http::{HeaderValue, Method, header};
use serde_json::{Value, json};

use crate::account::Account;
use crate::door::{Answered, request};

fn subjects(answer: &Answered) -> Vec<&str> {
    rows(answer)
        .iter()
        .map(|row| row["subject"].as_str().expect("a subject"))
        .collect()
}

fn rows(answer: &Answered) -> &Vec<Value> {
    assert_eq!(answer.status, 200, "{:?}", answer.json);
    answer.json["data"].as_array().expect("a list")
}

#[tokio::test]
async fn a_message_object_has_every_member_of_the_contract() {
    let account = Account::open().await;
    account.receive("Hello", "Some <b>text</b>").await;
    let listed = account.get("/messages").await;
    let message = &rows(&listed)[0];
    for member in [
        "id",
        "grant_id",
        "thread_id",
        "subject",
        "snippet",
        "body",
        "rfc822_message_id",
    ] {
        assert!(message[member].is_string(), "{member}: {message}");
    }
    for member in [
        "from",
        "to",
        "cc",
        "bcc",
        "reply_to",
        "folders",
        "attachments",
    ] {
        assert!(message[member].is_array(), "{member}: {message}");
    }
    for member in ["date", "created_at", "size"] {
        assert!(message[member].is_i64(), "{member}: {message}");
    }
    assert_eq!(message["object"], "message");
    assert_eq!(message["grant_id"], account.id);
    assert_eq!(
        (
            &message["unread"],
            &message["starred"],
            &message["answered"]
        ),
        (&json!(true), &json!(false), &json!(false))
    );
    assert_eq!(message["metadata"], json!({}));
    assert_eq!(
        message["from"],
        json!([{"name": "Stranger", "email": "stranger@shop.example"}])
    );
    assert_eq!(message["folders"].as_array().map(Vec::len), Some(1));
    assert!(message.get("headers").is_none() && message.get("raw_mime").is_none());

    let one = account
        .get(&format!("/messages/{}", message["id"].as_str().unwrap()))
        .await;
    assert_eq!(
        &one.json["data"], message,
        "listing and getting show the same object"
    );
}

#[tokio::test]
async fn pages_are_filled_follow_each_other_and_end() {
    let account = Account::open().await;
    for number in 0..5 {
        account.receive(&format!("m{number}"), "text").await;
    }
    let first = account.get("/messages?limit=2").await;
    assert_eq!(subjects(&first), ["m4", "m3"]);
    let cursor = first.json["next_cursor"].as_str().unwrap().to_owned();
    account.receive("later", "text").await;
    // A token encodes a position only: other limits and filters work with it.
    let second = account
        .get(&format!("/messages?limit=1&page_token={cursor}"))
        .await;
    assert_eq!(subjects(&second), ["m2"]);
    assert_ne!(second.json["next_cursor"], cursor.as_str());
    let rest = account.get(&format!("/messages?page_token={cursor}")).await;
    assert_eq!(subjects(&rest), ["m2", "m1", "m0"]);
    assert!(rest.json.get("next_cursor").is_none());
    assert_eq!(
        subjects(&account.get("/messages?limit=2&offset=1").await),
        ["m4", "m3"]
    );
    let whole = account.get("/messages?limit=6").await;
    assert!(
        whole.json.get("next_cursor").is_none(),
        "a full last page is the last page"
    );
}

#[tokio::test]
async fn http_07_a_page_token_of_another_account_or_an_edited_one_is_refused() {
    let account = Account::open().await;
    let other = account.neighbour("other").await;
    for number in 0..3 {
        account.receive(&format!("m{number}"), "text").await;
    }
    let cursor = account.get("/messages?limit=1").await.json["next_cursor"]
        .as_str()
        .unwrap()
        .to_owned();
    let foreign = other.get(&format!("/messages?page_token={cursor}")).await;
    assert_eq!(
        (foreign.error().0, foreign.json["error"]["field"].as_str()),
        (400, Some("page_token"))
    );
    for edited in [
        cursor.replace('.', ":"),
        format!("{cursor}0"),
        cursor[1..].to_owned(),
        "nonsense".to_owned(),
    ] {
        assert_eq!(
            account
                .get(&format!("/messages?page_token={edited}"))
                .await
                .error()
                .0,
            400,
            "{edited}"
        );
    }
    assert_eq!(
        account
            .get("/messages?limit=9223372036854775808")
            .await
            .status,
        200
    );
    assert_eq!(
        account.get("/messages?limit=0").await.error().2,
        "limit: expected an integer of at least 1"
    );
}

#[tokio::test]
async fn filters_narrow_a_listing() {
    let account = Account::open().await;
    account.receive("Quarterly Report", "text").await;
    account.receive("Lunch", "text").await;
    for (filter, expected) in [
        ("subject=report", &["Quarterly Report"][..]),
        ("from=STRANGER@shop.example", &["Lunch", "Quarterly Report"]),
        (
            "from=nobody@shop.example,stranger@shop.example",
            &["Lunch", "Quarterly Report"],
        ),
        ("any_email=nobody@shop.example", &[]),
        ("unread=False", &[]),
        ("unread=True&subject=lunch", &["Lunch"]),
        ("has_attachment=false", &["Lunch", "Quarterly Report"]),
        ("in=inbox", &["Lunch", "Quarterly Report"]),
        ("in=sent,trash", &[]),
        ("in=no%20such%20folder", &[]),
        ("in=all", &["Lunch", "Quarterly Report"]),
        ("received_after=9999999999", &[]),
        ("thread_id=nonsense", &[]),
        ("metadata_pair=key1:x", &[]),
        ("query_imap=true&unknown=1", &["Lunch", "Quarterly Report"]),
    ] {
        assert_eq!(
            subjects(&account.get(&format!("/messages?{filter}")).await),
            expected,
            "{filter}"
        );
    }
    for bad in [
        "unread=maybe",
        "received_after=now",
        "metadata_pair=key9:x",
        "fields=everything",
        "offset=-1",
    ] {
        assert_eq!(
            account.get(&format!("/messages?{bad}")).await.error().0,
            400,
            "{bad}"
        );
    }
}

#[tokio::test]
async fn lists_of_a_filter_are_bounded_and_every_length_within_is_answered() {
    let account = Account::open().await;
    account.receive("One", "text").await;
    let list = |name: &str, value: &str, count: usize| {
        format!("/messages?{name}={}", vec![value; count].join(","))
    };
    let all_at_once = ["from", "to", "cc", "bcc"]
        .map(|name| format!("{name}={}", vec!["a@x.example"; 100].join(",")))
        .join("&");
    let longest = format!("/messages?{all_at_once}&any_email=a@x.example");
    assert_eq!(account.get(&longest).await.status, 200);
    for (name, value, most) in [
        ("from", "a@x.example", 100),
        ("bcc", "a@x.example", 100),
        ("any_email", "a@x.example", 25),
        ("metadata_pair", "key1:a", 50),
    ] {
        let within = account.get(&list(name, value, most)).await;
        assert_eq!(within.status, 200, "{name}");
        let beyond = account.get(&list(name, value, most + 1)).await;
        assert_eq!(beyond.error().1, "invalid_request_error", "{name}");
    }
    let folders = account.get(&list("in", "nowhere", 1_500)).await;
    assert_eq!(folders.status, 200);
}

#[tokio::test]
async fn fields_and_select_shape_the_objects() {
    let account = Account::open().await;
    account.receive("Shaped", "text").await;
    let selected = account.get("/messages?select=subject,unknown").await;
    let id = rows(&selected)[0]["id"].as_str().unwrap().to_owned();
    let expected =
        json!({"id": id, "object": "message", "grant_id": account.id, "subject": "Shaped"});
    assert_eq!(rows(&selected)[0], expected);
    assert_eq!(
        account
            .get(&format!("/messages/{id}?select=subject"))
            .await
            .json["data"],
        expected
    );

    let headers = account
        .get("/messages?fields=include_headers,include_security")
        .await;
    let names: Vec<_> = rows(&headers)[0]["headers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|field| &field["name"])
        .collect();
    assert!(
        names.contains(&&json!("Subject")) && names.contains(&&json!("Received")),
        "{names:?}"
    );
    assert!(rows(&headers)[0]["security"].is_object());
    let basic = account
        .get(&format!("/messages/{id}?fields=include_basic_headers"))
        .await;
    let names: Vec<_> = basic.json["data"]["headers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|field| &field["name"])
        .collect();
    assert_eq!(names, [&json!("Message-ID")]);
    let tracking = account
        .get(&format!("/messages/{id}?fields=include_tracking_options"))
        .await;
    assert_eq!(tracking.json["data"]["tracking_options"]["opens"], false);

    let raw = account.get("/messages?fields=raw_mime").await;
    let object = rows(&raw)[0].as_object().unwrap();
    let mut members: Vec<_> = object.keys().map(String::as_str).collect();
    members.sort_unstable();
    assert_eq!(members, ["grant_id", "id", "object", "raw_mime"]);
    let source = base64::engine::general_purpose::URL_SAFE
        .decode(object["raw_mime"].as_str().unwrap())
        .unwrap();
    assert!(
        String::from_utf8(source)
            .unwrap()
            .ends_with("\r\n\r\ntext\r\n")
    );
}

#[tokio::test]
async fn folders_are_listed_in_order_and_found_by_every_spelling() {
    let account = Account::open().await;
    account.receive("One", "text").await;
    let listed = account.get("/folders").await;
    let names: Vec<_> = rows(&listed)
        .iter()
        .map(|folder| folder["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        ["Inbox", "Sent", "Drafts", "Trash", "Junk", "Archive"]
    );
    let inbox = rows(&listed)[0].clone();
    assert_eq!(
        (&inbox["total_count"], &inbox["unread_count"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(
        (&inbox["attributes"], &inbox["system_folder"]),
        (&json!(["\\Inbox"]), &json!(true))
    );
    assert_eq!(
        (&inbox["parent_id"], &inbox["path"], &inbox["object"]),
        (&Value::Null, &json!("Inbox"), &json!("folder"))
    );
    for spelling in [inbox["id"].as_str().unwrap(), "inbox", "INBOX"] {
        assert_eq!(
            account.get(&format!("/folders/{spelling}")).await.json["data"],
            inbox
        );
    }
    assert_eq!(
        account.get("/folders/spam").await.json["data"]["name"],
        "Junk"
    );
    assert_eq!(account.get("/folders/nothing").await.error().0, 404);

    let page = account.get("/folders?limit=4").await;
    assert_eq!(rows(&page).len(), 4);
    let cursor = page.json["next_cursor"].as_str().unwrap();
    let rest = account
        .get(&format!("/folders?page_token={cursor}&select=name"))
        .await;
    assert_eq!(rows(&rest).len(), 2);
    assert!(rest.json.get("next_cursor").is_none() && rows(&rest)[0].get("path").is_none());
    assert_eq!(
        account.get("/folders?page_token=nonsense").await.error().0,
        400
    );
    assert_eq!(
        rows(&account.get("/folders?parent_id=inbox").await).len(),
        0
    );
}

#[tokio::test]
async fn attachments_come_by_both_paths_whole_and_in_part() {
    let account = Account::open().await;
    account
        .receive_file("page.html", "text/html", "<script>0123456789</script>")
        .await;
    let listed = account.get("/messages").await;
    let message = &rows(&listed)[0];
    let message_id = message["id"].as_str().unwrap();
    let attachment = &message["attachments"][0];
    let id = attachment["id"].as_str().unwrap();
    let short = format!("/attachments/{id}");
    let long = format!("/messages/{message_id}/attachments/{id}");
    assert_eq!(
        &account
            .get(&format!("{short}?message_id={message_id}"))
            .await
            .json["data"],
        attachment
    );
    assert_eq!(&account.get(&long).await.json["data"], attachment);
    let missing = account.get(&short).await;
    assert_eq!(
        (missing.error().0, missing.json["error"]["field"].as_str()),
        (400, Some("message_id"))
    );

    for path in [
        format!("{short}/download?message_id={message_id}"),
        format!("{long}/download"),
    ] {
        let file = account.get(&path).await;
        assert_eq!(
            (file.status.as_u16(), &file.bytes[..]),
            (200, &b"<script>0123456789</script>"[..])
        );
        assert_eq!(file.header("content-type"), Some("text/html"));
        assert_eq!(
            file.header("content-disposition"),
            Some("attachment; filename*=UTF-8''page.html")
        );
        assert_eq!(file.header("x-content-type-options"), Some("nosniff"));
        assert!(file.header("x-request-id").is_some());
    }

    let part = |range: &'static str| {
        let mut request = account.request(Method::GET, &format!("{long}/download"));
        request
            .headers_mut()
            .insert(header::RANGE, HeaderValue::from_static(range));
        account.door.send(request)
    };
    let middle = part("bytes=8-11").await;
    assert_eq!(
        (middle.status.as_u16(), &middle.bytes[..]),
        (206, &b"0123"[..])
    );
    assert_eq!(middle.header("content-range"), Some("bytes 8-11/27"));
    let behind = part("bytes=27-").await;
    assert_eq!(
        (behind.error().0, behind.header("content-range")),
        (416, Some("bytes */27"))
    );
}

#[tokio::test]
async fn an_account_answers_to_every_spelling_of_its_id() {
    let account = Account::open().await;
    let encoded = account.email.replace('@', "%40");
    let spellings = [
        account.id.clone(),
        account.id.to_uppercase(),
        format!("grant:{}", account.id),
        account.email.clone(),
        account.email.to_uppercase(),
        encoded,
        format!("email:{}", account.email),
    ];
    for spelling in spellings {
        let answer = account
            .door
            .send(account.with_key(request(
                Method::GET,
                &format!("/v3/grants/{spelling}/folders"),
            )))
            .await;
        assert_eq!(rows(&answer)[0]["grant_id"], account.id, "{spelling}");
    }
    for (spelling, status) in [
        ("external:1", 404),
        ("nobody@agents.test", 404),
        ("me", 400),
        ("..", 404),
    ] {
        let answer = account
            .door
            .send(account.with_key(request(
                Method::GET,
                &format!("/v3/grants/{spelling}/folders"),
            )))
            .await;
        assert_eq!(answer.error().0, status, "{spelling}");
    }
}

#[tokio::test]
async fn http_05_ids_that_are_none_are_not_found() {
    let account = Account::open().await;
    account.receive("One", "text").await;
    let thread = rows(&account.get("/messages").await)[0]["thread_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let expected = account
        .get("/messages/0190f3d0-1111-7aaa-8bbb-000000000001")
        .await;
    assert_eq!(expected.error().0, 404);
    for id in [
        "%2e%2e",
        "%2F",
        "1%27%20OR%201=1",
        "%EF%BF%BD",
        "somewhere",
        thread.as_str(),
        &"9".repeat(4_000),
    ] {
        let answer = account.get(&format!("/messages/{id}")).await;
        assert_eq!(answer.json["error"], expected.json["error"], "{id}");
    }
}

#[tokio::test]
async fn families_that_do_not_exist_list_nothing_and_refuse_the_rest() {
    let account = Account::open().await;
    for path in [
        "/signatures",
        "/templates",
        "/notetakers",
        "/contacts/groups",
        "/scheduling/configurations",
    ] {
        assert_eq!(rows(&account.get(path).await).len(), 0, "{path}");
        let created = account.door.send(account.request(Method::POST, path)).await;
        assert_eq!(created.error().1, "not_supported", "{path}");
        assert_eq!(
            account.get(&format!("{path}/1")).await.error().0,
            400,
            "{path}"
        );
    }
    let of_application = account
        .door
        .send(account.with_key(request(Method::GET, "/v3/channels/pubsub")))
        .await;
    assert_eq!(rows(&of_application).len(), 0);
    let foreign = request(
        Method::GET,
        "/v3/grants/0190f3d0-1111-7aaa-8bbb-000000000001/signatures",
    );
    assert_eq!(
        account.door.send(account.with_key(foreign)).await.error().0,
        404
    );
}

#[tokio::test]
async fn the_root_answers_a_valid_key() {
    let account = Account::open().await;
    let answer = account
        .door
        .send(account.with_key(request(Method::GET, "/v3/")))
        .await;
    assert_eq!(
        (
            answer.status.as_u16(),
            answer.json["data"]["version"].as_str()
        ),
        (200, Some("v3"))
    );
}
