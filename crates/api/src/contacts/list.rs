//! `GET /v3/grants/{grant_id}/contacts`

use posthouse_mailroom::contacts::{ContactQuery, SOURCES};
use serde_json::Value;

use crate::call::Call;
use crate::limits::CONTACT_SOURCES_MAX;
use crate::openapi::schema::one_of;
use crate::openapi::{Operation, Parameter};
use crate::query::{PageSize, Paging, metadata_pairs};
use crate::routes::Answer;

use super::CONTACT;

/// Describes the listing.
pub fn operation() -> Operation {
    Operation::new("listContacts", "List contacts")
        .about("By surname, then given name. Groups do not exist, and pictures are not stored.")
        .query(Parameter::paging(PageSize::CONTACTS))
        .query([
            Parameter::text("email", "Only contacts with this address."),
            Parameter::text("phone_number", "Only contacts with this number."),
            Parameter::list(
                "source",
                one_of(&SOURCES),
                "Only contacts from these sources.",
            ),
            Parameter::metadata_pair(),
        ])
        .select()
        .page(CONTACT.reference())
}

/// Answers a page of contacts by surname, then given name. `group`, `recurse` and `profile_picture` have no effect.
pub async fn list(call: Call) -> Answer {
    let grant = call.grant().await?;
    let paging = Paging::without_offset(&call.query, PageSize::CONTACTS)?;
    let query = ContactQuery {
        email: call.query.text("email").map(str::to_owned),
        phone_number: call.query.text("phone_number").map(str::to_owned),
        sources: call.query.list_of_at_most("source", CONTACT_SOURCES_MAX)?,
        metadata_pairs: metadata_pairs(&call.query)?,
    };
    let page = call
        .mailroom
        .list_contacts(
            &grant,
            query,
            paging.limit as usize,
            paging.page_token.as_deref(),
        )
        .await?;
    let select = call.select();
    let rows: Vec<Value> = page
        .contacts
        .into_iter()
        .map(|contact| select.reduce(contact))
        .collect();
    Ok(call.list(&rows, page.next_cursor.as_deref()))
}
