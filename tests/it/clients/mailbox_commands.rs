//! The commands that read and arrange mail, request by request. Each test is named after its row in the client contract; the statuses are the
//! ones that C-3 takes for success.

use base64::Engine;
use posthouse_tests::letter::Letter;
use serde_json::json;

use super::mailbox::{Mailbox, id};
use super::program::{list, object};
use super::strict::{ATTACHMENT, CONTACT, FOLDER, GRANT, MESSAGE, THREAD, assert_present};

#[tokio::test]
async fn c_09_each_command_asks_for_the_default_grant_which_is_gone_only_when_it_is() {
    let mailbox = Mailbox::open().await;
    let grant = mailbox.program.get(&mailbox.base).await.expect(200);
    let grant = object(&grant, GRANT);
    assert_eq!(grant["provider"], "nylas");
    mailbox.program.delete(&mailbox.base).await.expect(200);
    mailbox.program.get(&mailbox.base).await.expect(404);
}

#[tokio::test]
async fn c_39_email_list_finds_the_inbox_by_its_name() {
    let mailbox = Mailbox::open().await;
    mailbox.receive("Hello").await;
    mailbox.program.get(&mailbox.base).await.expect(200);
    let inbox = mailbox.folder("Inbox").await;
    for place in [inbox.as_str(), "INBOX", "inbox"] {
        let query = format!("in={place}&limit=10");
        assert_eq!(mailbox.subjects(&query).await, ["Hello"], "{place}");
    }
}

#[tokio::test]
async fn c_40_email_list_takes_folder_names_pages_flags_and_metadata() {
    let mailbox = Mailbox::open().await;
    let first = mailbox.receive("First").await;
    mailbox.receive("Second").await;
    let send = format!("{}/messages/send", mailbox.base);
    let body = json!({"subject": "Sent", "body": "x", "to": [{"email": "buyer@shop.example", "name": ""}]});
    mailbox.program.post(&send, body).await.expect(200);
    for name in ["SENT", "sent", "Sent"] {
        let query = format!("in={name}&limit=10");
        assert_eq!(mailbox.subjects(&query).await, ["Sent"]);
    }
    let one = format!("{}/messages/{first}", mailbox.base);
    let body = json!({"unread": false, "metadata": {"key1": "v w"}});
    mailbox.program.put(&one, body).await.expect(200);
    // ALL-6: booleans in any letter case.
    for unread in ["true", "True", "TRUE", "1"] {
        let query = format!("unread={unread}&limit=10");
        assert_eq!(mailbox.subjects(&query).await, ["Second"]);
    }
    assert_eq!(
        mailbox.subjects("limit=10&metadata_pair=key1%3Av+w").await,
        ["First"]
    );
    assert_eq!(mailbox.subjects("in=nowhere").await, [""; 0]);
}

#[tokio::test]
async fn c_40_email_list_all_follows_cursors_that_never_repeat() {
    let mailbox = Mailbox::open().await;
    for number in 0..5 {
        mailbox.receive(&format!("Letter {number}")).await;
    }
    let (mut subjects, mut cursors) = (Vec::new(), Vec::new());
    let mut path = format!("{}/messages?limit=2", mailbox.base);
    loop {
        let page = mailbox.program.get(&path).await.expect(200);
        let rows = list(&page, MESSAGE);
        assert!(
            rows.len() <= 2,
            "ALL-5: a page never holds more than its limit"
        );
        subjects.extend(rows.iter().map(|row| row["subject"].clone()));
        let Some(cursor) = page.json()["next_cursor"].as_str().map(str::to_owned) else {
            break;
        };
        assert!(
            !cursors.contains(&cursor),
            "C-7: a cursor that repeats aborts"
        );
        path = format!("{}/messages?limit=2&page_token={cursor}", mailbox.base);
        cursors.push(cursor);
    }
    let expected: Vec<String> = (0..5)
        .rev()
        .map(|number| format!("Letter {number}"))
        .collect();
    assert_eq!(subjects, expected);
    assert_eq!(mailbox.messages("limit=200").await.len(), 5);
}

#[tokio::test]
async fn c_41_email_search_matches_any_part_of_a_subject_and_combines_filters() {
    let mailbox = Mailbox::open().await;
    mailbox.receive("Your invoice of May").await;
    let with_file = Letter::to(&mailbox.account.email)
        .from("billing@shop.example")
        .subject("INVOICE June")
        .file("june.pdf", "application/pdf", b"%PDF");
    mailbox.receive_letter(with_file).await;
    let found = mailbox.subjects("subject=voice&limit=20").await;
    assert_eq!(found, ["INVOICE June", "Your invoice of May"]);
    for filter in [
        "has_attachment=true",
        "from=billing@shop.example",
        "from=billing%40shop.example&unread=true",
        "received_after=1&received_before=4000000000&has_attachment=true",
    ] {
        let query = format!("subject=invoice&limit=20&{filter}");
        assert_eq!(mailbox.subjects(&query).await, ["INVOICE June"], "{filter}");
    }
    let none = mailbox
        .subjects("subject=invoice&limit=20&received_before=1")
        .await;
    assert_eq!(none, [""; 0]);
}

#[tokio::test]
async fn c_42_email_read_shows_headers_and_source_and_marks_as_read() {
    let mailbox = Mailbox::open().await;
    let letter = Letter::to(&mailbox.account.email).header("X-Kind: letter");
    let one = format!(
        "{}/messages/{}",
        mailbox.base,
        mailbox.receive_letter(letter).await
    );
    let message = object(&mailbox.program.get(&one).await.expect(200), MESSAGE);
    assert_present(
        &message,
        &[
            "subject", "from", "to", "date", "body", "snippet", "folders",
        ],
    );
    assert_eq!(message["unread"], true);

    let path = format!("{one}?fields=include_headers");
    let with_headers = object(&mailbox.program.get(&path).await.expect(200), MESSAGE);
    let headers = with_headers["headers"].as_array().expect("headers");
    assert!(headers.contains(&json!({"name": "X-Kind", "value": "letter"})));

    let path = format!("{one}?fields=raw_mime");
    let raw = object(&mailbox.program.get(&path).await.expect(200), MESSAGE);
    let raw = raw["raw_mime"].as_str().expect("a source");
    let source = base64::engine::general_purpose::URL_SAFE.decode(raw);
    let source = String::from_utf8(source.expect("base64url")).expect("text");
    assert!(source.contains("\r\nX-Kind: letter\r\n"), "{source}");

    let read = mailbox.program.put(&one, json!({"unread": false})).await;
    assert_eq!(object(&read.expect(200), MESSAGE)["unread"], false);
}

#[tokio::test]
async fn c_45_email_move_takes_names_and_archives_what_has_no_folder() {
    let mailbox = Mailbox::open().await;
    let one = format!(
        "{}/messages/{}",
        mailbox.base,
        mailbox.receive("Hello").await
    );
    let (archive, inbox) = (
        mailbox.folder("Archive").await,
        mailbox.folder("Inbox").await,
    );
    for (folders, expected) in [
        (json!(["Archive"]), &archive),
        (json!(["inbox"]), &inbox),
        (json!([]), &archive),
        (json!([inbox]), &inbox),
    ] {
        let moved = mailbox.program.put(&one, json!({"folders": folders})).await;
        assert_eq!(
            object(&moved.expect(200), MESSAGE)["folders"],
            json!([expected])
        );
    }
    // C-6: a 400 is shown as it is, so it has to help.
    let nowhere = mailbox
        .program
        .put(&one, json!({"folders": ["Nowhere"]}))
        .await;
    assert!(nowhere.expect(400).error_message().contains("folders"));
}

#[tokio::test]
async fn c_46_email_mark_delete_and_clean() {
    let mailbox = Mailbox::open().await;
    let first = mailbox.receive("First").await;
    let second = mailbox.receive("Second").await;
    let one = format!("{}/messages/{first}", mailbox.base);
    for (flag, value) in [
        ("unread", false),
        ("starred", true),
        ("starred", false),
        ("unread", true),
    ] {
        let marked = mailbox.program.put(&one, json!({flag: value})).await;
        assert_eq!(object(&marked.expect(200), MESSAGE)[flag], value);
    }
    let clean = format!("{}/messages/clean", mailbox.base);
    let body = json!({"message_id": [second, first]});
    let cleaned = mailbox.program.put(&clean, body).await.expect(200);
    let cleaned = list(&cleaned, MESSAGE);
    assert_eq!([id(&cleaned[0]), id(&cleaned[1])], [second, first]);
    assert_eq!(cleaned[0]["conversation"], "Hello from outside.");

    let deleted = mailbox.program.delete(&one).await.expect(200);
    assert!(deleted.json()["request_id"].is_string());
    assert_eq!(mailbox.subjects("limit=10").await, ["Second"]);
    assert_eq!(mailbox.subjects("in=TRASH&limit=10").await, ["First"]);
    mailbox.program.delete(&one).await.expect(200);
    mailbox.program.get(&one).await.expect(404);
}

#[tokio::test]
async fn c_47_email_attachments_are_listed_shown_and_downloaded_below_their_message() {
    let mailbox = Mailbox::open().await;
    let bytes: Vec<u8> = (0..=255).collect();
    let letter = Letter::to(&mailbox.account.email).file("data.bin", "application/x-data", &bytes);
    let one = format!(
        "{}/messages/{}",
        mailbox.base,
        mailbox.receive_letter(letter).await
    );
    let message = object(&mailbox.program.get(&one).await.expect(200), MESSAGE);
    let listed = &message["attachments"][0];
    let path = format!("{one}/attachments/{}", id(listed));
    let shown = object(&mailbox.program.get(&path).await.expect(200), ATTACHMENT);
    for field in ["id", "filename", "content_type", "size", "is_inline"] {
        assert_eq!(shown[field], listed[field], "{field}");
    }
    let answer = mailbox
        .program
        .get(&format!("{path}/download"))
        .await
        .expect(200);
    assert_eq!(answer.bytes, bytes);
    assert_eq!(answer.header("content-type"), "application/x-data");
    assert!(answer.header("content-disposition").contains("data.bin"));
}

#[tokio::test]
async fn c_48_email_folders_are_made_renamed_and_removed_by_id_or_name() {
    let mailbox = Mailbox::open().await;
    let folders = format!("{}/folders", mailbox.base);
    let created = mailbox
        .program
        .post(&folders, json!({"name": "Clients"}))
        .await;
    let created = object(&created.expect(200), FOLDER);
    assert_eq!(mailbox.folder("Clients").await, id(&created));
    let one = format!("{folders}/{}", id(&created));
    let shown = mailbox.program.get(&one).await.expect(200);
    assert_eq!(object(&shown, FOLDER)["name"], "Clients");
    let renamed = mailbox
        .program
        .put(&one, json!({"name": "Customers"}))
        .await;
    assert_eq!(object(&renamed.expect(200), FOLDER)["name"], "Customers");
    mailbox
        .program
        .delete(&format!("{folders}/Customers"))
        .await
        .expect(200);
    mailbox.program.get(&one).await.expect(404);
    let reserved = mailbox
        .program
        .post(&folders, json!({"name": "inbox"}))
        .await;
    assert!(!reserved.expect(400).error_message().is_empty());
}

#[tokio::test]
async fn c_49_email_threads_are_listed_shown_marked_and_deleted() {
    let mailbox = Mailbox::open().await;
    mailbox.receive("Hello").await;
    let threads = format!("{}/threads", mailbox.base);
    let listed = mailbox.program.get(&format!("{threads}?limit=10")).await;
    let listed = list(&listed.expect(200), THREAD);
    assert_eq!(listed[0]["subject"], "Hello");
    let one = format!("{threads}/{}", id(&listed[0]));
    let shown = object(&mailbox.program.get(&one).await.expect(200), THREAD);
    assert_eq!(shown, listed[0]);
    for (flag, value) in [("starred", true), ("unread", false)] {
        let marked = mailbox.program.put(&one, json!({flag: value})).await;
        assert_eq!(object(&marked.expect(200), THREAD)[flag], value);
    }
    let starred = format!("{threads}?limit=10&starred=true&unread=false&subject=hello");
    assert_eq!(
        list(&mailbox.program.get(&starred).await.expect(200), THREAD).len(),
        1
    );
    mailbox.program.delete(&one).await.expect(200);
    let left = mailbox.program.get(&format!("{threads}?limit=10")).await;
    assert_eq!(list(&left.expect(200), THREAD).len(), 0);
}

#[tokio::test]
async fn c_53_lists_of_families_that_do_not_exist_are_empty() {
    let mailbox = Mailbox::open().await;
    for below in ["signatures", "templates", "workflows", "contacts/groups"] {
        let path = format!("{}/{below}", mailbox.base);
        let listed = mailbox.program.get(&path).await.expect(200);
        assert_eq!(listed.rows().len(), 0, "{below}");
    }
    for path in ["/v3/templates", "/v3/workflows"] {
        let listed = mailbox.program.get(path).await.expect(200);
        assert_eq!(listed.rows().len(), 0, "{path}");
    }
}

#[tokio::test]
async fn c_64_contacts_are_kept() {
    let mailbox = Mailbox::open().await;
    let contacts = format!("{}/contacts", mailbox.base);
    let body = json!({"given_name": "Zoë", "surname": "Buyer", "emails": [{"email": "zoe@shop.example", "type": "work"}],
        "phone_numbers": [{"number": "+49 30 1234", "type": "mobile"}], "company_name": "Shop", "notes": "n"});
    let created = mailbox.program.post(&contacts, body).await.expect(200);
    let created = object(&created, CONTACT);
    let listed = mailbox.program.get(&format!("{contacts}?limit=50")).await;
    let listed = list(&listed.expect(200), CONTACT);
    assert_eq!(listed, std::slice::from_ref(&created));
    let one = format!("{contacts}/{}", id(&created));
    // The program takes exactly 200 for an update of a contact (C-3).
    let changed = mailbox
        .program
        .put(&one, json!({"surname": "Seller"}))
        .await;
    let changed = object(&changed.expect(200), CONTACT);
    assert_eq!(
        (&changed["surname"], &changed["given_name"]),
        (&json!("Seller"), &json!("Zoë"))
    );
    object(&mailbox.program.get(&one).await.expect(200), CONTACT);
    mailbox.program.delete(&one).await.expect(200);
    mailbox.program.get(&one).await.expect(404);
}

#[tokio::test]
async fn c_65_otp_finds_bodies_in_the_rows_of_a_list() {
    let mailbox = Mailbox::open().await;
    let letter = Letter::to(&mailbox.account.email).text("Your code is 482913.\n");
    mailbox.receive_letter(letter).await;
    let newest = &mailbox.messages("limit=20").await[0];
    assert!(
        newest["body"]
            .as_str()
            .is_some_and(|body| body.contains("482913"))
    );
}
