//! Sending later through the router: 202, the list, the record, and calling off.

use http::{HeaderValue, Method, header};
use http_body_util::Full;
use serde_json::{Value, json};

use crate::door::Answered;
use crate::office::{Office, with_key};

struct Agent {
    office: Office,
    id: String,
}

impl Agent {
    async fn open() -> Self {
        let office = Office::open().await;
        let grant = office.account("agent@agents.test").await;
        let id = grant["id"].as_str().expect("an id").to_owned();
        Self { office, id }
    }

    fn path(&self, rest: &str) -> String {
        format!("/v3/grants/{}/messages{rest}", self.id)
    }

    async fn get(&self, rest: &str) -> Answered {
        self.office.get(&self.path(rest)).await
    }

    async fn send(&self, body: Value) -> Answered {
        self.office.post(&self.path("/send"), body).await
    }

    async fn delete(&self, rest: &str) -> Answered {
        self.office.delete(&self.path(rest)).await
    }

    fn in_an_hour(&self) -> i64 {
        self.office.door.mailroom.clock().unix_seconds() + 3_600
    }
}

fn letter(send_at: impl Into<Value>) -> Value {
    json!({
        "to": [{"email": "buyer@shop.example"}],
        "subject": "Later",
        "body": "<p>Hello</p>",
        "send_at": send_at.into(),
    })
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

#[tokio::test]
async fn the_answer_is_202_with_the_whole_message_and_the_schedule_twice() {
    let agent = Agent::open().await;
    let at = agent.in_an_hour();
    let answer = agent.send(letter(at)).await;
    assert_eq!(answer.status, 202, "{:?}", answer.json);
    let (envelope, data) = (&answer.json, &answer.json["data"]);
    for object in [envelope, data] {
        assert_eq!(object["send_at"], at);
        assert_eq!(object["use_draft"], false);
        assert_eq!(object["schedule_id"], data["schedule_id"]);
        assert_eq!(object["grant_id"], agent.id.as_str());
    }
    for (member, value) in [
        ("object", json!("message")),
        ("folders", json!([])),
        ("subject", json!("Later")),
        ("body", json!("<p>Hello</p>")),
        ("snippet", json!("Hello")),
        ("reply_to_message_id", json!("")),
        ("unread", json!(false)),
        ("attachments", json!([])),
    ] {
        assert_eq!(data[member], value, "{member}");
    }
    let reserved = agent.get(&format!("/{}", text(&data["id"]))).await;
    assert_eq!(reserved.status, 404);
    let listed = agent.get("?in=all").await;
    assert_eq!(listed.json["data"], json!([]));
    let queue = agent.office.get("/v3/admin/queue").await;
    assert_eq!(queue.json["data"], json!([]));
}

#[tokio::test]
async fn schedules_are_listed_found_and_called_off() {
    let agent = Agent::open().await;
    assert_eq!(agent.get("/schedules").await.json["data"], json!([]));
    let at = agent.in_an_hour();
    let taken = agent.send(letter(at)).await.json["data"].clone();
    let one = format!("/schedules/{}", text(&taken["schedule_id"]));
    let shown = agent.get(&one).await;
    assert_eq!(shown.status, 200);
    let expected = json!({
        "schedule_id": taken["schedule_id"],
        "status": {"code": "pending", "description": "the message waits for its time"},
        "send_at": at,
        "message_id": taken["id"],
        "subject": "Later",
    });
    assert_eq!(shown.json["data"], expected);
    let listed = agent.get("/schedules").await;
    assert_eq!(listed.json["data"], json!([expected]));
    assert_eq!(listed.json.get("next_cursor"), None);

    let cancelled = agent.delete(&one).await;
    assert_eq!(cancelled.status, 202);
    assert_eq!(
        cancelled.json["data"],
        json!({"message": "cancellation requested"})
    );
    let closed = agent.get(&one).await.json["data"].clone();
    assert_eq!(closed["status"]["code"], "cancelled");
    assert!(closed["close_time"].is_i64(), "{closed}");
    let again = agent.delete(&one).await;
    assert_eq!(
        (again.status.as_u16(), &again.json["error"]["type"]),
        (400, &json!("invalid_request_error"))
    );
    for unknown in [
        "/schedules/0190f3b1-7a10-7c00-9d11-52f0a1b2c3d4",
        "/schedules/x",
    ] {
        assert_eq!(agent.get(unknown).await.status, 404);
        assert_eq!(agent.delete(unknown).await.status, 404);
    }
}

#[tokio::test]
async fn a_time_that_is_none_or_out_of_range_is_refused_by_name() {
    let agent = Agent::open().await;
    let now = agent.in_an_hour() - 3_600;
    for wrong in [
        json!(0),
        json!(now),
        json!(now + 30),
        json!(now + 31 * 86_400),
        json!(-1),
        json!(now as f64 + 600.5),
        json!("soon"),
        json!((now + 600).to_string()),
        json!(true),
        json!([now + 600]),
    ] {
        let answer = agent.send(letter(wrong.clone())).await;
        assert_eq!(answer.status, 400, "{wrong}: {:?}", answer.json);
        assert_eq!(answer.json["error"]["field"], "send_at", "{wrong}");
    }
    let whole = agent.send(letter((now + 600) as f64)).await;
    assert_eq!(whole.status, 202, "a whole number may come with a point");
    let at_once = agent.send(letter(Value::Null)).await;
    assert_eq!(at_once.status, 200, "nothing is no time");
    assert_eq!(at_once.json["data"]["schedule_id"], "");
}

#[tokio::test]
async fn a_repeated_request_is_answered_202_again_and_taken_once() {
    let agent = Agent::open().await;
    let body = letter(agent.in_an_hour());
    let target = agent.path("/send");
    let request = || {
        let mut request = with_key(&agent.office.key, Method::POST, &target, Some(body.clone()));
        let key = HeaderValue::from_static("once");
        request.headers_mut().insert("idempotency-key", key);
        request
    };
    let first = agent.office.door.send(request()).await;
    let second = agent.office.door.send(request()).await;
    assert_eq!((first.status.as_u16(), second.status.as_u16()), (202, 202));
    assert_eq!(first.json, second.json);
    let listed = agent.get("/schedules").await;
    assert_eq!(listed.json["data"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn a_form_with_files_waits_as_well() {
    let agent = Agent::open().await;
    let target = agent.path("/send");
    let mut request = with_key(&agent.office.key, Method::POST, &target, None);
    let form = HeaderValue::from_static("multipart/form-data; boundary=\"b\"");
    request.headers_mut().insert(header::CONTENT_TYPE, form);
    let message = letter(agent.in_an_hour());
    let body = format!(
        "--b\r\nContent-Disposition: form-data; name=\"message\"\r\n\r\n{message}\r\n\
         --b\r\nContent-Disposition: form-data; name=\"file0\"; filename=\"a.txt\"\r\n\
         Content-Type: text/plain\r\n\r\nattached\r\n--b--\r\n"
    );
    *request.body_mut() = Full::from(body);
    let answer = agent.office.door.send(request).await;
    assert_eq!(answer.status, 202, "{:?}", answer.json);
    let files = &answer.json["data"]["attachments"];
    assert_eq!(
        (&files[0]["filename"], &files[0]["size"]),
        (&json!("a.txt"), &json!(8))
    );
}

#[tokio::test]
async fn the_words_of_the_path_are_no_message_ids() {
    let agent = Agent::open().await;
    let put = agent
        .office
        .call(
            &agent.office.key,
            Method::PUT,
            &agent.path("/schedules"),
            Some(json!({})),
        )
        .await;
    assert_eq!(put.status, 405);
}
