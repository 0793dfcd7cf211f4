//! The commands that send mail, request by request. Each test is named after its row in the client contract.

use posthouse_tests::letter::Letter;
use posthouse_tests::server::{Account, Posthouse};
use serde_json::{Value, json};

use super::program::{Program, list, object};
use super::strict::{GRANT, MESSAGE, SCHEDULE, assert_present};

struct Desk {
    server: Posthouse,
    program: Program,
    account: Account,
    base: String,
}

impl Desk {
    /// A server with an account that has a display name.
    async fn open() -> Self {
        let server = Posthouse::start().await;
        let account = server.create_account("agent").await;
        let base = format!("/v3/grants/{}", account.id);
        let named = server
            .api()
            .patch(&base, json!({"name": "Agent Smith"}))
            .await;
        named.expect(200);
        Self {
            program: Program::new(server.api()),
            server,
            account,
            base,
        }
    }

    /// Sends as the program does: the grant first, whose address goes into `from` with an empty name.
    async fn send(&self, more: Value) -> Value {
        let grant = self.program.get(&self.base).await.expect(200);
        let email = object(&grant, GRANT)["email"].clone();
        let mut body = json!({
            "subject": "Quote",
            "body": "<p>Hello</p>",
            "from": [{"name": "", "email": email}],
            "to": [{"name": "", "email": "buyer@shop.example"}],
        });
        for (name, value) in more.as_object().expect("fields") {
            body[name] = value.clone();
        }
        let path = format!("{}/messages/send", self.base);
        let sent = self.program.post(&path, body).await.expect(200);
        let message = object(&sent, MESSAGE);
        let needed = [
            "id",
            "grant_id",
            "thread_id",
            "subject",
            "from",
            "to",
            "date",
            "folders",
            "body",
        ];
        assert_present(&message, &needed);
        message
    }

    async fn receive(&self) -> Value {
        let letter = Letter::to(&self.account.email).subject("Question");
        self.server.deliver(&letter).await;
        let path = format!("{}/messages?limit=1&in=inbox", self.base);
        self.program.get(&path).await.expect(200).rows()[0].clone()
    }
}

#[tokio::test]
async fn c_43_email_send_gets_the_whole_message_and_the_accounts_own_name() {
    let desk = Desk::open().await;
    let sent = desk
        .send(json!({
            "cc": [{"name": "", "email": "cc@shop.example"}],
            "bcc": [{"name": "", "email": "bcc@shop.example"}],
            "reply_to": [{"name": "", "email": "desk@shop.example"}],
            "metadata": {"key1": "v"},
            "tracking_options": {"opens": false, "links": false},
        }))
        .await;
    let from = json!([{"name": "Agent Smith", "email": desk.account.email}]);
    assert_eq!(sent["from"], from, "an empty name is the display name");
    assert_eq!(sent["metadata"], json!({"key1": "v"}));
    assert_eq!(sent["bcc"][0]["email"], "bcc@shop.example");
    let one = format!(
        "{}/messages/{}",
        desk.base,
        sent["id"].as_str().expect("an id")
    );
    let stored = desk.program.get(&one).await.expect(200);
    assert_eq!(object(&stored, MESSAGE)["subject"], "Quote");
}

#[tokio::test]
async fn c_43_email_send_is_told_in_a_400_what_is_wrong() {
    let desk = Desk::open().await;
    let path = format!("{}/messages/send", desk.base);
    for body in [
        json!({"subject": "x", "body": "x", "to": []}),
        json!({"subject": "x", "body": "x", "to": [{"name": "", "email": "nobody"}]}),
        json!({"subject": "x", "to": [{"email": "a@shop.example"}], "from": [{"email": "other@agents.localhost"}]}),
    ] {
        let refused = desk.program.post(&path, body).await.expect(400);
        assert_eq!(refused.error_type(), "invalid_request_error");
        let message = refused.error_message();
        // C-10: the program guesses from digits and words of a text what went wrong.
        for word in ["429", "500", "502", "503", "timeout"] {
            assert!(!message.contains(word), "{message}");
        }
    }
}

#[tokio::test]
async fn c_44_email_reply_reads_the_message_and_answers_in_its_thread() {
    let desk = Desk::open().await;
    let question = desk.receive().await;
    let one = format!(
        "{}/messages/{}",
        desk.base,
        question["id"].as_str().expect("an id")
    );
    let read = object(&desk.program.get(&one).await.expect(200), MESSAGE);
    let reply = desk
        .send(json!({
            "subject": format!("Re: {}", read["subject"].as_str().expect("a subject")),
            "to": read["from"],
            "reply_to_message_id": read["id"],
        }))
        .await;
    assert_eq!(reply["thread_id"], question["thread_id"]);
    assert_eq!(reply["reply_to_message_id"], question["id"]);
    let answered = desk.program.get(&one).await.expect(200).data();
    assert_eq!(answered["answered"], true);
}

#[tokio::test]
async fn c_52_email_send_signed_is_a_form_with_the_source_in_one_field() {
    let desk = Desk::open().await;
    let source = format!(
        "From: {}\r\nTo: buyer@shop.example\r\nSubject: Signed\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/signed; boundary=s; micalg=pgp-sha256; protocol=\"application/pgp-signature\"\r\n\r\n\
         --s\r\nContent-Type: text/plain\r\n\r\nHello\r\n--s\r\nContent-Type: application/pgp-signature\r\n\r\n\
         -----BEGIN PGP SIGNATURE-----\r\n-----END PGP SIGNATURE-----\r\n--s--\r\n",
        desk.account.email
    );
    let form = format!(
        "--form\r\nContent-Disposition: form-data; name=\"mime\"\r\n\r\n{source}\r\n--form--\r\n"
    );
    let path = format!("{}/messages/send?type=mime", desk.base);
    let content_type = Some("multipart/form-data; boundary=form");
    let sent = desk
        .program
        .send_bytes("POST", &path, content_type, Some(form.into_bytes()))
        .await
        .expect(200);
    let message = object(&sent, MESSAGE);
    assert_eq!(message["subject"], "Signed");
    let one = format!(
        "{}/messages/{}?fields=raw_mime",
        desk.base,
        message["id"].as_str().expect("an id")
    );
    let stored = object(&desk.program.get(&one).await.expect(200), MESSAGE);
    let raw = stored["raw_mime"].as_str().expect("a source");
    let raw = base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE, raw);
    let raw = String::from_utf8(raw.expect("base64url")).expect("text");
    let signed_part = "--s\r\nContent-Type: text/plain\r\n\r\nHello\r\n--s\r\n";
    assert!(
        raw.contains(signed_part),
        "what is signed stays as it is: {raw}"
    );
}

#[tokio::test]
async fn c_50_email_drafts_are_made_shown_sent_with_an_empty_body_and_deleted() {
    let desk = Desk::open().await;
    let drafts = format!("{}/drafts", desk.base);
    let body = json!({"subject": "Plan", "body": "x", "to": [{"name": "", "email": "buyer@shop.example"}]});
    let draft = desk.program.post(&drafts, body).await.expect(200);
    let draft = object(&draft, MESSAGE);
    assert_eq!(draft["object"], "draft");
    let with_file = desk.program.send_bytes(
        "POST",
        &drafts,
        Some("multipart/form-data; boundary=form"),
        Some(
            b"--form\r\nContent-Disposition: form-data; name=\"message\"\r\n\r\n{\"subject\":\"With a file\"}\r\n\
              --form\r\nContent-Disposition: form-data; name=\"file0\"; filename=\"a.txt\"\r\n\
              Content-Type: application/octet-stream\r\n\r\nattached\r\n--form--\r\n"
                .to_vec(),
        ),
    );
    let with_file = object(&with_file.await.expect(200), MESSAGE);
    assert_eq!(with_file["attachments"][0]["filename"], "a.txt");
    let listed = desk.program.get(&format!("{drafts}?limit=10")).await;
    let listed = list(&listed.expect(200), MESSAGE);
    assert_eq!(
        [&listed[0]["id"], &listed[1]["id"]],
        [&with_file["id"], &draft["id"]]
    );

    let one = format!("{drafts}/{}", draft["id"].as_str().expect("an id"));
    object(&desk.program.get(&one).await.expect(200), MESSAGE);
    // The program says JSON and sends nothing (C-1).
    let sent = desk
        .program
        .send_bytes("POST", &one, Some("application/json"), Some(Vec::new()))
        .await;
    let sent = object(&sent.expect(200), MESSAGE);
    assert_eq!(
        (&sent["object"], &sent["subject"]),
        (&json!("message"), &json!("Plan"))
    );
    desk.program.get(&one).await.expect(404);
    let other = format!("{drafts}/{}", with_file["id"].as_str().expect("an id"));
    desk.program.delete(&other).await.expect(200);
    desk.program.get(&other).await.expect(404);
}

#[tokio::test]
async fn c_51_email_scheduled_messages_are_listed_shown_and_cancelled() {
    let desk = Desk::open().await;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let send_at = now.expect("after 1970").as_secs() + 3600;
    let path = format!("{}/messages/send", desk.base);
    let body = json!({"subject": "Later", "body": "x", "to": [{"email": "buyer@shop.example", "name": ""}], "send_at": send_at});
    let sent = desk.program.post(&path, body).await.expect(202);
    object(&sent, MESSAGE);
    let schedule_id = sent.json()["schedule_id"].clone();
    assert_eq!(sent.data()["schedule_id"], schedule_id);
    assert_eq!(
        (&sent.json()["send_at"], &sent.json()["use_draft"]),
        (&json!(send_at), &json!(false))
    );

    let schedules = format!("{}/messages/schedules", desk.base);
    let listed = list(&desk.program.get(&schedules).await.expect(200), SCHEDULE);
    assert_eq!(listed.len(), 1);
    assert_present(&listed[0], &["schedule_id", "status"]);
    let one = format!("{schedules}/{}", schedule_id.as_str().expect("an id"));
    let shown = object(&desk.program.get(&one).await.expect(200), SCHEDULE);
    assert_eq!(
        (&shown["schedule_id"], &shown["status"]["code"]),
        (&schedule_id, &json!("pending"))
    );
    let cancelled = desk.program.delete(&one).await.expect(202);
    assert!(cancelled.data()["message"].is_string());
    let closed = object(&desk.program.get(&one).await.expect(200), SCHEDULE);
    assert_eq!(closed["status"]["code"], "cancelled");
    assert!(closed["close_time"].is_u64());
}
