//! What a handler's route is for, as its users read it.
//!
//! ```text
//! pub fn operation() -> Operation {
//!     Operation::new("listContacts", "List contacts")
//!         .about("By surname, then given name.")
//!         .query(Parameter::paging(PageSize::CONTACTS))
//!         .query([Parameter::text("email", "Only contacts with this address.")])
//!         .select()
//!         .page(CONTACT.reference())
//! }
//! ```

use serde_json::{Value, json};

use super::parameter::Parameter;
use super::schema::{
    Member, Schema, count, either, list, object, optional, reference, replacement, text, uuid,
};

/// The description of one operation.
#[derive(Debug, Clone)]
pub struct Operation {
    /// In the words of the SDKs.
    pub id: String,
    pub(super) summary: String,
    pub(super) about: Option<String>,
    pub(super) parameters: Vec<Parameter>,
    pub(super) body: Option<Schema>,
    /// Whether the body may come as a form with files.
    pub(super) takes_form: bool,
    pub(super) answers: Vec<Answer>,
    pub(super) failures: Vec<u16>,
}

/// One of the answers that an operation gives when it does what it is for, or a refusal of a shape of its own.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub status: u16,
    pub about: String,
    pub media_type: &'static str,
    pub schema: Schema,
    data: Option<Data>,
}

/// What the member `data` of an envelope holds.
#[derive(Debug, Clone)]
enum Data {
    One(Schema),
    Page(Schema),
}

const JSON: &str = "application/json";

impl Operation {
    /// Names an operation: the id in the words of the SDKs (`listContacts`), the summary in those of its users.
    #[must_use]
    pub fn new(id: impl Into<String>, summary: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            summary: summary.into(),
            about: None,
            parameters: Vec::new(),
            body: None,
            takes_form: false,
            answers: Vec::new(),
            failures: Vec::new(),
        }
    }

    /// Says what the summary has no room for.
    #[must_use]
    pub fn about(mut self, text: impl Into<String>) -> Self {
        self.about = Some(text.into());
        self
    }

    /// Adds parameters of the query or the head.
    #[must_use]
    pub fn query(mut self, parameters: impl IntoIterator<Item = Parameter>) -> Self {
        self.parameters.extend(parameters);
        self
    }

    /// Adds `select`: the answer's objects may be reduced.
    #[must_use]
    pub fn select(self) -> Self {
        self.query([Parameter::select()])
    }

    /// Describes the JSON body.
    #[must_use]
    pub fn body(mut self, schema: Schema) -> Self {
        self.body = Some(schema);
        self
    }

    /// Describes the body of a message: JSON, or a form with the same JSON and files.
    #[must_use]
    pub fn mail(mut self, schema: Schema) -> Self {
        self.takes_form = true;
        self.body(schema)
    }

    /// Honours `Idempotency-Key`.
    #[must_use]
    pub fn idempotent(self) -> Self {
        self.query([Parameter::idempotency_key()]).fails([409])
    }

    /// Answers 200 with one object: what `Call::object` makes.
    #[must_use]
    pub fn one(self, data: Schema) -> Self {
        self.enveloped(200, "Done.", Some(Data::One(data)))
    }

    /// Answers 201 with one object: what `Call::created` makes.
    #[must_use]
    pub fn created(self, data: Schema) -> Self {
        self.enveloped(201, "Made.", Some(Data::One(data)))
    }

    /// Answers 202 with one object: it is not done yet.
    #[must_use]
    pub fn accepted(self, data: Schema) -> Self {
        self.enveloped(202, "Will be done.", Some(Data::One(data)))
    }

    /// Answers 200 with a page of objects: what `Call::list` makes.
    #[must_use]
    pub fn page(self, rows: Schema) -> Self {
        self.enveloped(
            200,
            "A page; the last one has no `next_cursor`.",
            Some(Data::Page(rows)),
        )
    }

    /// Answers 200 with a request id alone: what `Call::deleted` makes.
    #[must_use]
    pub fn deleted(self) -> Self {
        self.enveloped(200, "Done.", None)
    }

    /// Answers with JSON that is no envelope, or with more members than `data` beside one.
    #[must_use]
    pub fn answer(self, status: u16, about: &str, schema: Schema) -> Self {
        self.with_answer(status, about, JSON, schema, None)
    }

    /// Answers with something else than JSON.
    #[must_use]
    pub fn bytes(self, status: u16, about: &str, media_type: &'static str) -> Self {
        self.with_answer(status, about, media_type, text(), None)
    }

    /// Adds members to the envelope of the answer before.
    #[must_use]
    pub fn beside_data(mut self, members: impl IntoIterator<Item = Member>) -> Self {
        if let Some(answer) = self.answers.last_mut() {
            answer.schema = answer.schema.clone().and(members);
        }
        self
    }

    /// May be refused with these statuses, beside those that follow from the route (see the module `failures`).
    #[must_use]
    pub fn fails<const N: usize>(mut self, statuses: [u16; N]) -> Self {
        self.failures.extend(statuses);
        self
    }

    /// Returns what the paths below answer, where a route answers those too.
    pub(super) fn below(mut self) -> Self {
        self.id.push_str("Below");
        self.answers.clear();
        self
    }

    fn enveloped(self, status: u16, about: &str, data: Option<Data>) -> Self {
        self.with_answer(status, about, JSON, envelope(), data)
    }

    fn with_answer(
        mut self,
        status: u16,
        about: &str,
        media_type: &'static str,
        schema: Schema,
        data: Option<Data>,
    ) -> Self {
        self.answers.push(Answer {
            status,
            about: about.to_owned(),
            media_type,
            schema,
            data,
        });
        self
    }

    /// Returns whether the answer's objects may be reduced.
    fn selects(&self) -> bool {
        let mut names = self.parameters.iter().filter_map(Parameter::query_name);
        names.any(|name| name == "select")
    }

    /// Returns every answer but the refusals that routes have in common.
    pub(super) fn finished_answers(&self) -> Vec<Answer> {
        let may_warn = self.body.is_some();
        let finish = |answer: &Answer| {
            let mut answer = answer.clone();
            let row = |schema: Schema| {
                if self.selects() {
                    selected(schema)
                } else {
                    schema
                }
            };
            let schema = answer.schema;
            answer.schema = match answer.data.take() {
                None => schema,
                Some(Data::One(data)) => schema.and([("data", row(data))]),
                Some(Data::Page(rows)) => {
                    let cursor = text().about("The `page_token` of the next page.");
                    schema.and([
                        ("data", list(row(rows))),
                        replacement("next_cursor", cursor),
                    ])
                }
            };
            if may_warn && answer.status < 300 {
                let about = "What was ignored.";
                answer.schema = answer
                    .schema
                    .and([replacement("warnings", list(text()).about(about))]);
            }
            answer
        };
        self.answers.iter().map(finish).collect()
    }
}

/// An envelope with nothing but its id.
#[must_use]
pub fn envelope() -> Schema {
    object([("request_id", uuid())])
}

/// The whole object, or with `select` some of its members.
fn selected(schema: Schema) -> Schema {
    if let Some(forms) = schema.forms() {
        return schema.with_forms(forms.into_iter().map(selected));
    }
    let name = schema.as_json().get("$ref").and_then(Value::as_str);
    match name.and_then(|path| path.rsplit('/').next()) {
        Some(name) => {
            let selection = reference(&selection_name(name)).about("With `select`.");
            either([reference(name), selection])
        }
        None => schema,
    }
}

/// Returns the name of the component that is this one reduced by `select`.
pub(super) fn selection_name(name: &str) -> String {
    format!("Selected{name}")
}

/// Returns the body of a request as the document shows it.
pub(super) fn request_body(schema: &Schema, takes_form: bool) -> Value {
    let is_required = schema.asks_for_something();
    let json = schema.clone().into_json();
    let mut content = json!({ JSON: { "schema": json } });
    if takes_form {
        content["multipart/form-data"] = json!({ "schema": form() });
    }
    json!({ "required": is_required, "content": content })
}

/// A form: the JSON of the message in a part `message` (or `draft`), and files in parts of any name.
fn form() -> Value {
    let about = "The same JSON as text; `draft` is another name of this part.";
    let message = text().about(about).with("contentMediaType", JSON);
    let file = json!({ "type": "string", "contentMediaType": "application/octet-stream" });
    object([optional("message", message)])
        .with("additionalProperties", file)
        .into_json()
}

/// `limit` and `offset` as collections that page by offset repeat them.
#[must_use]
pub fn offset_members() -> [Member; 2] {
    [("limit", count()), ("offset", count())]
}
