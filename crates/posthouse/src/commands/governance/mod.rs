//! `posthouse agent policy`, `rule`, `list` and `overview`: what governs accounts.

mod data;
pub mod list;
mod names;
pub mod overview;
pub mod policy;
pub mod rule;
mod rule_words;
mod test;

use crate::client::{Answer, Api, Failure, all_rows};

const POLICIES: &str = "/v3/policies";
const RULES: &str = "/v3/rules";
const LISTS: &str = "/v3/lists";
const WORKSPACES: &str = "/v3/workspaces";

/// Reads all workspaces, which come in one page.
async fn workspaces(api: &Api) -> Result<Answer, Failure> {
    all_rows(api, WORKSPACES).await
}
