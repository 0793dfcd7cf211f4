//! `PUT /v3/grants/{grant_id}/messages/clean`

use http::StatusCode;
use posthouse_mailroom::clean::Options;

use super::list::reduce;
use super::schema::MESSAGE;
use crate::body::Fields;
use crate::call::Call;
use crate::error::ApiError;
use crate::openapi::Operation;
use crate::openapi::schema::{all, flag, list, object, optional, required, text};
use crate::reply::Reply;
use crate::routes::Answer;
use posthouse_mailroom::limits::CLEANED_MESSAGES_MAX;

/// Describes the cleaning.
pub fn operation() -> Operation {
    let ids = list(text()).at_least(1).at_most(CLEANED_MESSAGES_MAX);
    let conversation = [("conversation", text().about("What its author wrote."))];
    Operation::new("cleanMessages", "Get what the authors of messages wrote")
        .about("Without quotes, signature and markup, in the order of the request.")
        .select()
        .body(object([
            required("message_id", ids),
            optional("ignore_links", flag()),
            optional("ignore_images", flag()),
            optional("images_as_markdown", flag()),
            optional("ignore_tables", flag()),
            optional("remove_conclusion_phrases", flag()),
            optional("html_as_markdown", flag()),
        ]))
        .fails([413])
        .page(all([MESSAGE.reference(), object(conversation)]))
}

/// Answers messages with what their authors wrote, in the order of the request.
pub async fn clean(call: Call) -> Answer {
    let grant = call.grant().await?;
    let mut body = call.body.fields();
    let message_ids: Vec<String> = body.required("message_id")?;
    let options = options(&mut body)?;
    let warnings = body.unknown();
    let objects = call
        .mailroom
        .clean_messages(&grant, &message_ids, options)
        .await?;
    let select = call.select();
    if !select.is_everything() {
        let reduced = objects
            .iter()
            .map(|object| reduce(object, &select))
            .collect::<Result<Vec<_>, ApiError>>()?;
        return Ok(call.list(&reduced, None).warnings(&warnings));
    }
    let reply = Reply::envelope(StatusCode::OK, call.request_id);
    let reply = reply.raw_field("data", |out| {
        out.push(b'[');
        out.extend_from_slice(&objects.join(&b","[..]));
        out.push(b']');
    });
    Ok(reply.warnings(&warnings))
}

fn options(body: &mut Fields<'_>) -> Result<Options, ApiError> {
    let usual = Options::default();
    let mut option = |name, usual| Ok::<bool, ApiError>(body.optional(name)?.unwrap_or(usual));
    Ok(Options {
        ignore_links: option("ignore_links", usual.ignore_links)?,
        ignore_images: option("ignore_images", usual.ignore_images)?,
        images_as_markdown: option("images_as_markdown", usual.images_as_markdown)?,
        ignore_tables: option("ignore_tables", usual.ignore_tables)?,
        remove_conclusion_phrases: option(
            "remove_conclusion_phrases",
            usual.remove_conclusion_phrases,
        )?,
        html_as_markdown: option("html_as_markdown", usual.html_as_markdown)?,
    })
}
