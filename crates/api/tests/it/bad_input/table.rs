//! The fields: where each is, what it may be, and a body in which it is right.

use http::Method;
use serde_json::{Value, json};

/// What a field may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text without control characters that ends up in a line: a header, a name.
    Line {
        characters_max: usize,
    },
    /// Text with line breaks of its own, or that is looked up.
    Text {
        characters_max: usize,
    },
    Flag,
    Number,
    List,
    Object,
    /// A list or an object.
    ListOrObject,
}

/// A field of a route's body.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    pub path: &'static str,
    pub kind: Kind,
    /// Whether `null` is the same as leaving it out, or clears it.
    pub takes_null: bool,
}

/// A route with a body in which every field is right.
pub struct Target {
    pub method: Method,
    pub path: &'static str,
    pub body: Value,
    pub fields: Vec<Field>,
}

/// No bound on the characters, or one that is tested by itself.
pub const ANY: usize = usize::MAX;

fn field(path: &'static str, kind: Kind) -> Field {
    Field {
        path,
        kind,
        takes_null: true,
    }
}

fn set(path: &'static str, kind: Kind) -> Field {
    Field {
        takes_null: false,
        ..field(path, kind)
    }
}

fn line(path: &'static str, characters_max: usize) -> Field {
    field(path, Kind::Line { characters_max })
}

fn text(path: &'static str, characters_max: usize) -> Field {
    field(path, Kind::Text { characters_max })
}

fn flag(path: &'static str) -> Field {
    field(path, Kind::Flag)
}

/// Every route that takes a message's, folder's, thread's or contact's fields.
pub fn targets() -> Vec<Target> {
    let mut all = vec![message_update(), send(), thread_update(), clean()];
    all.extend(drafts());
    all.extend(folders());
    all.extend(contacts());
    all
}

fn metadata() -> [Field; 2] {
    [
        field("metadata", Kind::Object),
        set(
            "metadata.key1",
            Kind::Text {
                characters_max: 500,
            },
        ),
    ]
}

fn message_update() -> Target {
    let mut fields = vec![
        set("unread", Kind::Flag),
        set("starred", Kind::Flag),
        set("answered", Kind::Flag),
        set("folders", Kind::List),
        set(
            "folders[0]",
            Kind::Text {
                characters_max: ANY,
            },
        ),
    ];
    fields.extend(metadata());
    Target {
        method: Method::PUT,
        path: "/messages/{message}",
        body: json!({"unread": true, "starred": true, "answered": true, "folders": ["inbox"], "metadata": {"key1": "a"}}),
        fields,
    }
}

fn send() -> Target {
    Target {
        method: Method::POST,
        path: "/messages/send",
        body: put_send_at(letter()),
        fields: letter_fields()
            .into_iter()
            .chain([field("send_at", Kind::Number), flag("use_draft")])
            .collect(),
    }
}

fn put_send_at(mut letter: Value) -> Value {
    letter["send_at"] = Value::Null;
    letter["use_draft"] = json!(false);
    letter
}

fn drafts() -> Vec<Target> {
    let mut fields = letter_fields();
    fields.push(field("unread", Kind::Flag));
    fields.push(text("thread_id", ANY));
    fields.push(field("send_at", Kind::Number));
    fields.push(flag("use_draft"));
    let mut body = put_send_at(letter());
    body["unread"] = json!(false);
    body["thread_id"] = json!("");
    [(Method::POST, "/drafts"), (Method::PUT, "/drafts/{draft}")]
        .map(|(method, path)| Target {
            method,
            path,
            body: body.clone(),
            fields: fields.clone(),
        })
        .into()
}

/// A letter with every field that sends and drafts share.
pub fn letter() -> Value {
    let someone = json!([{"name": "Ann", "email": "ann@shop.example"}]);
    json!({
        "from": [{"name": "Agent", "email": "agent@agents.test"}],
        "to": someone, "cc": someone, "bcc": someone, "reply_to": someone,
        "subject": "Subject", "body": "<p>Body</p>", "is_plaintext": false, "starred": true,
        "reply_to_message_id": "",
        "attachments": [{
            "filename": "a.txt", "content_type": "text/plain", "content": "YQ==", "content_id": "a",
            "content_disposition": "attachment", "is_inline": false, "size": 1,
        }],
        "custom_headers": [{"name": "X-A", "value": "a"}],
        "metadata": {"key1": "a"}, "signature_id": "", "template": {},
        "tracking_options": {"opens": false, "links": false, "thread_replies": false, "label": "a", "domain_name": ""},
    })
}

pub fn letter_fields() -> Vec<Field> {
    let mut fields = vec![
        field("from", Kind::ListOrObject),
        field("to", Kind::List),
        field("cc", Kind::List),
        field("bcc", Kind::List),
        field("reply_to", Kind::List),
        line("subject", 998),
        text("body", ANY),
        flag("is_plaintext"),
        flag("starred"),
        text("reply_to_message_id", ANY),
        field("attachments", Kind::List),
        set("attachments[0]", Kind::Object),
        line("attachments[0].filename", 255),
        line("attachments[0].content_type", ANY),
        set(
            "attachments[0].content",
            Kind::Text {
                characters_max: ANY,
            },
        ),
        line("attachments[0].content_id", 255),
        text("attachments[0].content_disposition", ANY),
        flag("attachments[0].is_inline"),
        field("attachments[0].size", Kind::Number),
        field("custom_headers", Kind::List),
        set("custom_headers[0]", Kind::Object),
        set("custom_headers[0].name", Kind::Line { characters_max: 76 }),
        set(
            "custom_headers[0].value",
            Kind::Line {
                characters_max: 2_000,
            },
        ),
        field("tracking_options", Kind::Object),
        flag("tracking_options.opens"),
        flag("tracking_options.links"),
        flag("tracking_options.thread_replies"),
        text("tracking_options.label", 2_048),
        text("tracking_options.domain_name", 253),
    ];
    for (entry, name, email) in [
        ("from[0]", "from[0].name", "from[0].email"),
        ("to[0]", "to[0].name", "to[0].email"),
        ("cc[0]", "cc[0].name", "cc[0].email"),
        ("bcc[0]", "bcc[0].name", "bcc[0].email"),
        ("reply_to[0]", "reply_to[0].name", "reply_to[0].email"),
    ] {
        fields.push(set(entry, Kind::Object));
        fields.push(line(name, 256));
        fields.push(set(
            email,
            Kind::Line {
                characters_max: 254,
            },
        ));
    }
    fields.extend(metadata());
    fields
}

fn thread_update() -> Target {
    Target {
        method: Method::PUT,
        path: "/threads/{thread}",
        body: json!({"unread": true, "starred": true, "folders": ["inbox"], "id": "a", "grant_id": "a", "object": "thread"}),
        fields: vec![
            set("unread", Kind::Flag),
            set("starred", Kind::Flag),
            set("folders", Kind::List),
            set(
                "folders[0]",
                Kind::Text {
                    characters_max: ANY,
                },
            ),
            text("id", ANY),
            text("grant_id", ANY),
            text("object", ANY),
        ],
    }
}

fn clean() -> Target {
    Target {
        method: Method::PUT,
        path: "/messages/clean",
        body: json!({
            "message_id": ["x"], "ignore_links": true, "ignore_images": true, "images_as_markdown": true,
            "ignore_tables": true, "remove_conclusion_phrases": true, "html_as_markdown": true,
        }),
        fields: vec![
            set("message_id", Kind::List),
            set(
                "message_id[0]",
                Kind::Text {
                    characters_max: ANY,
                },
            ),
            flag("ignore_links"),
            flag("ignore_images"),
            flag("images_as_markdown"),
            flag("ignore_tables"),
            flag("remove_conclusion_phrases"),
            flag("html_as_markdown"),
        ],
    }
}

fn folders() -> Vec<Target> {
    let fields = vec![
        set(
            "name",
            Kind::Line {
                characters_max: 1_024,
            },
        ),
        text("parent_id", ANY),
        line("text_color", 64),
        line("background_color", 64),
    ];
    [(Method::POST, "/folders"), (Method::PUT, "/folders/{folder}")]
        .map(|(method, path)| Target {
            method,
            path,
            body: json!({"name": "New", "parent_id": "archive", "text_color": "#000", "background_color": "#fff"}),
            fields: fields.clone(),
        })
        .into()
}

fn contacts() -> Vec<Target> {
    let mut fields = vec![
        text("notes", 65_536),
        line("birthday", ANY),
        text("source", ANY),
        text("picture", ANY),
        field("groups", Kind::List),
        set("groups[0]", Kind::Object),
        field("created_at", Kind::Number),
        field("updated_at", Kind::Number),
    ];
    fields.extend(
        [
            "given_name",
            "middle_name",
            "surname",
            "suffix",
            "nickname",
            "company_name",
            "job_title",
            "manager_name",
            "picture_url",
            "display_name",
        ]
        .map(|name| line(name, 255)),
    );
    fields.push(text("office_location", 255));
    for (list, entry, texts) in [
        (
            "emails",
            "emails[0]",
            &["emails[0].email", "emails[0].type"][..],
        ),
        (
            "phone_numbers",
            "phone_numbers[0]",
            &["phone_numbers[0].number", "phone_numbers[0].type"],
        ),
        (
            "im_addresses",
            "im_addresses[0]",
            &["im_addresses[0].im_address", "im_addresses[0].type"],
        ),
        (
            "physical_addresses",
            "physical_addresses[0]",
            &[
                "physical_addresses[0].city",
                "physical_addresses[0].postal_code",
                "physical_addresses[0].state",
                "physical_addresses[0].country",
                "physical_addresses[0].type",
            ],
        ),
        (
            "web_pages",
            "web_pages[0]",
            &["web_pages[0].url", "web_pages[0].type"],
        ),
    ] {
        fields.push(field(list, Kind::List));
        fields.push(set(entry, Kind::Object));
        fields.extend(texts.iter().map(|path| line(path, 255)));
    }
    fields.push(text("physical_addresses[0].street_address", 255));
    fields.extend(metadata());
    let body = json!({
        "given_name": "a", "middle_name": "a", "surname": "a", "suffix": "a", "nickname": "a", "birthday": "1984-02-29",
        "company_name": "a", "job_title": "a", "manager_name": "a", "office_location": "a", "notes": "a",
        "picture_url": "https://a.example/a", "display_name": "a", "source": "address_book", "metadata": {"key1": "a"},
        "picture": "a", "groups": [{"id": "a"}], "created_at": 1, "updated_at": 1,
        "emails": [{"email": "a@shop.example", "type": "work"}],
        "phone_numbers": [{"number": "1", "type": "work"}],
        "im_addresses": [{"im_address": "a", "type": "x"}],
        "physical_addresses": [{"street_address": "a", "city": "a", "postal_code": "a", "state": "a", "country": "a", "type": "home"}],
        "web_pages": [{"url": "https://a.example", "type": "home"}],
    });
    [
        (Method::POST, "/contacts"),
        (Method::PUT, "/contacts/{contact}"),
    ]
    .map(|(method, path)| Target {
        method,
        path,
        body: body.clone(),
        fields: fields.clone(),
    })
    .into()
}
