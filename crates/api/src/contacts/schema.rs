//! The contact as the document shows it.

use posthouse_mailroom::contacts::{
    ContactList, ContactText, ENTRIES_MAX, NOTES_CHARACTERS_MAX, SOURCES, TEXT_CHARACTERS_MAX,
};

use crate::openapi::schema::{
    Component, Member, Schema, any, constant, list, metadata, object, one_of, optional, text, time,
    uuid,
};

const UNUSED: &str = "Has no effect.";

/// What a contact is answered as.
pub(crate) const CONTACT: Component = Component::new("Contact", contact);

fn contact() -> Schema {
    let texts = ContactText::ALL.map(|member| (member.name(), of_text(member).nullable()));
    let lists = ContactList::ALL.map(|member| (member.name(), entries(member, whole_entry)));
    object([
        ("id", uuid()),
        ("grant_id", uuid()),
        ("object", constant("contact")),
    ])
    .and(texts)
    .and(lists)
    .and([
        ("groups", list(any()).at_most(0)),
        ("source", one_of(&SOURCES)),
        ("metadata", metadata()),
        ("created_at", time()),
        ("updated_at", time()),
    ])
}

/// What a contact is made or changed with: the members that [`super::read`] reads.
pub(super) fn body() -> Schema {
    let texts = ContactText::ALL.map(|member| optional(member.name(), of_text(member)));
    let lists = ContactList::ALL.map(|member| optional(member.name(), entries(member, sent_entry)));
    object(texts)
        .and(lists)
        .and([
            optional("metadata", metadata()),
            optional("source", one_of(&SOURCES)),
        ])
        .and([
            optional("groups", list(object([])).about(UNUSED)),
            optional("picture", text().about(UNUSED)),
            optional("created_at", time().about(UNUSED)),
            optional("updated_at", time().about(UNUSED)),
        ])
}

fn of_text(member: ContactText) -> Schema {
    match member {
        ContactText::Notes => text().at_most(NOTES_CHARACTERS_MAX),
        ContactText::Birthday => text()
            .example("1990-02-28")
            .about("`YYYY-MM-DD`, or `--MM-DD` without a year."),
        _ => text().at_most(TEXT_CHARACTERS_MAX),
    }
}

fn entries(member: ContactList, entry: fn(ContactList) -> Vec<Member>) -> Schema {
    list(object(entry(member))).at_most(ENTRIES_MAX)
}

fn whole_entry(member: ContactList) -> Vec<Member> {
    let texts = member.entry_texts().iter();
    texts.map(|name| (*name, text().nullable())).collect()
}

fn sent_entry(member: ContactList) -> Vec<Member> {
    let texts = member.entry_texts().iter();
    texts
        .map(|name| optional(name, text().at_most(TEXT_CHARACTERS_MAX)))
        .collect()
}
