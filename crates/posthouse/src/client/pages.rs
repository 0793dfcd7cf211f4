//! Lists that span several answers.

use serde_json::Value;

use super::{Answer, Api, Failure, segment};

/// Rows asked for at once; the API gives no more.
const GRANTS_PER_PAGE: usize = 200;
/// Rows of other lists asked for at once; the API gives no more.
const ROWS_PER_PAGE: usize = 200;
/// Pages after which a list is not believed any more.
const PAGES_MAX: usize = 10_000;

/// Reads all grants of the application, newest first.
///
/// The answer is the first page's, verbatim when that was all, else with the rows of the others appended.
///
/// # Errors
/// Whatever the first failing page said.
pub async fn all_grants(api: &Api) -> Result<Answer, Failure> {
    let mut first = api
        .get(&format!("/v3/grants?limit={GRANTS_PER_PAGE}"))
        .await?;
    let mut last_page_rows = first.rows().len();
    let mut page = 1;
    while last_page_rows == GRANTS_PER_PAGE && page < PAGES_MAX {
        let offset = page * GRANTS_PER_PAGE;
        let mut next = api
            .get(&format!(
                "/v3/grants?limit={GRANTS_PER_PAGE}&offset={offset}"
            ))
            .await?;
        last_page_rows = next.rows().len();
        if let (Some(Value::Array(rows)), Some(Value::Array(more))) =
            (first.body.get_mut("data"), next.body.get_mut("data"))
        {
            rows.append(more);
        }
        page += 1;
    }
    if page > 1 {
        first.text = first.body.to_string();
    }
    Ok(first)
}

/// Reads all rows of a list that pages by cursor; `path` has no query.
///
/// The answer is the first page's, verbatim when that was all, else with the rows of the others appended and no cursor.
///
/// # Errors
/// Whatever the first failing page said.
pub async fn all_rows(api: &Api, path: &str) -> Result<Answer, Failure> {
    all_pages(api, path, "/data").await
}

/// Does the same for a list that has its rows one level deeper, below `data.items`.
///
/// # Errors
/// Whatever the first failing page said.
pub async fn all_items(api: &Api, path: &str) -> Result<Answer, Failure> {
    let mut all = all_pages(api, path, "/data/items").await?;
    // It has the cursor twice, and none is left of it once all pages are read.
    if let Some(data) = all.body["data"].as_object_mut()
        && data.remove("next_cursor").is_some()
    {
        all.text = all.body.to_string();
    }
    Ok(all)
}

async fn all_pages(api: &Api, path: &str, rows: &str) -> Result<Answer, Failure> {
    let mut all = api.get(&format!("{path}?limit={ROWS_PER_PAGE}")).await?;
    for _ in 1..PAGES_MAX {
        let Some(cursor) = all.body["next_cursor"].as_str() else {
            break;
        };
        let cursor = segment(cursor);
        let mut next = api
            .get(&format!("{path}?limit={ROWS_PER_PAGE}&page_token={cursor}"))
            .await?;
        if let (Some(Value::Array(rows)), Some(Value::Array(more))) =
            (all.body.pointer_mut(rows), next.body.pointer_mut(rows))
        {
            rows.append(more);
        }
        if let Some(envelope) = all.body.as_object_mut() {
            envelope.remove("next_cursor");
            if let Some(cursor) = next.body.get("next_cursor") {
                envelope.insert("next_cursor".to_owned(), cursor.clone());
            }
        }
        all.text = all.body.to_string();
    }
    Ok(all)
}
