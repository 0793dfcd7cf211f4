//! A rule as the document shows it, and as it is answered.

use posthouse_mailroom::limits::NAME_CHARACTERS_MAX;
use posthouse_mailroom::rules::{
    ACTION_TYPES, ACTIONS_MAX, CONDITIONS_MAX, DESCRIPTION_CHARACTERS_MAX, OPERATORS, PRIORITY_MAX,
    RuleView, TRIGGERS, WRITABLE,
};
use serde_json::{Value, json};

use crate::body::Fields;
use crate::openapi::schema::{
    Component, Member, Schema, any, count, flag, ignored, list, object, one_of, optional, required,
    text, time, uuid,
};

/// What a rule is answered as.
pub(crate) const RULE: Component = Component::new("Rule", rule);

/// What clients send back with a rule, without an effect.
const READ_ONLY: [&str; 5] = [
    "id",
    "application_id",
    "organization_id",
    "created_at",
    "updated_at",
];

fn rule() -> Schema {
    object([
        ("id", uuid()),
        ("name", text()),
        ("description", text().nullable()),
        ("priority", priority()),
        ("enabled", flag()),
        ("trigger", one_of(&TRIGGERS)),
        (
            "match",
            object([
                ("operator", one_of(&["all", "any"])),
                ("conditions", list(object(condition(Whole::Yes)))),
            ]),
        ),
        ("actions", list(object(action(Whole::Yes)))),
        ("application_id", uuid()),
        ("organization_id", uuid()),
        ("created_at", time()),
        ("updated_at", time()),
    ])
}

/// Whether an object is answered or sent.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whole {
    Yes,
    No,
}

fn member(whole: Whole, name: &'static str, schema: Schema) -> Member {
    match whole {
        Whole::Yes => (name, schema),
        Whole::No => required(name, schema),
    }
}

fn condition(whole: Whole) -> [Member; 3] {
    let field = text()
        .about("`from.address`, `recipient.domain`, `subject`, `header.<name>`, …")
        .example("from.domain");
    let value =
        any().about("A text, a number, a flag, or ids of lists, as field and operator ask for.");
    [
        member(whole, "field", field),
        member(whole, "operator", one_of(&OPERATORS)),
        member(whole, "value", value),
    ]
}

fn action(whole: Whole) -> [Member; 2] {
    let value = text().about("The folder of `assign_to_folder`: a name, a path, or a system name.");
    [
        member(whole, "type", one_of(&ACTION_TYPES)),
        optional("value", value),
    ]
}

fn priority() -> Schema {
    count()
        .at_most(PRIORITY_MAX as usize)
        .about("The lowest is first.")
}

/// What a rule is made or changed with.
pub(super) fn body(is_new: bool) -> Schema {
    let matching = object([
        optional("operator", one_of(&["all", "any"]).default_is("all")),
        required(
            "conditions",
            list(object(condition(Whole::No)))
                .at_least(1)
                .at_most(CONDITIONS_MAX),
        ),
    ]);
    let actions = list(object(action(Whole::No)))
        .at_least(1)
        .at_most(ACTIONS_MAX)
        .about("`block` stands alone; `hold` is for outbound rules.");
    let name = text().at_least(1).at_most(NAME_CHARACTERS_MAX);
    let wanted = |member, schema| match is_new {
        true => required(member, schema),
        false => optional(member, schema),
    };
    object([
        wanted("name", name),
        optional("description", text().at_most(DESCRIPTION_CHARACTERS_MAX)),
        optional("priority", priority().default_is(10)),
        optional("enabled", flag().default_is(true)),
        optional("trigger", one_of(&TRIGGERS).default_is("inbound")),
        wanted("match", matching),
        wanted("actions", actions),
    ])
    .and(READ_ONLY.map(ignored))
}

/// Returns a warning for each member that is none of a rule.
pub(super) fn warnings(body: &mut Fields<'_>) -> Vec<String> {
    body.ignore(&WRITABLE);
    body.ignore(&READ_ONLY);
    body.unknown()
}

/// Renders a rule.
pub(super) fn render(view: &RuleView) -> Value {
    let mut members = view.members.clone();
    for (name, value) in [
        ("id", json!(view.id)),
        ("application_id", json!(view.application_id)),
        ("organization_id", json!(view.organization_id)),
        ("created_at", json!(view.created_at)),
        ("updated_at", json!(view.updated_at)),
    ] {
        members.insert(name.to_owned(), value);
    }
    Value::Object(members)
}
