//! `GET /v3/grants/{grant_id}/rule-evaluations`

use posthouse_mailroom::rule_evaluations::{EvaluationFilter, OUTCOMES, STAGES};
use serde_json::Value;

use super::schema::{RULE_EVALUATION, render};
use crate::call::Call;
use crate::openapi::{Operation, Parameter};
use crate::query::{PageSize, Paging};
use crate::routes::Answer;

/// Describes the listing.
pub fn operation() -> Operation {
    Operation::new(
        "listRuleEvaluations",
        "List what rules made of an account's messages",
    )
    .about(
        "Newest first, those that matched nothing included; kept for 30 days. Nothing is written where the account's \
         workspace has no rule of the direction.",
    )
    .query(Parameter::paging(PageSize::COMMON))
    .query([
        Parameter::text("message_id", "Only those of this message."),
        Parameter::choice("evaluation_stage", &STAGES, "Only those of this stage."),
        Parameter::choice(
            "outcome",
            &OUTCOMES,
            "Only those that ended so; `error`: it could not be evaluated, and the message was refused for now.",
        ),
        Parameter::time("evaluated_after", "Only later ones."),
        Parameter::time("evaluated_before", "Only earlier ones."),
    ])
    .page(RULE_EVALUATION.reference())
}

/// Answers a page of evaluations, newest first.
pub async fn list(call: Call) -> Answer {
    let paging = Paging::without_offset(&call.query, PageSize::COMMON)?;
    let query = &call.query;
    let filter = EvaluationFilter {
        message_id: query.text("message_id").map(str::to_owned),
        stage: query
            .choice("evaluation_stage", &STAGES)?
            .map(str::to_owned),
        outcome: query.choice("outcome", &OUTCOMES)?.map(str::to_owned),
        after: query.time("evaluated_after")?,
        before: query.time("evaluated_before")?,
    };
    let grant = call.grant().await?;
    let page = call
        .mailroom
        .list_rule_evaluations(&grant, filter, paging.limit, paging.page_token.as_deref())
        .await?;
    let rows: Vec<Value> = page.rows.iter().map(render).collect();
    Ok(call.list(&rows, page.next.as_deref()))
}
