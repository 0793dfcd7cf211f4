//! Which account a mail command is about when it was not told.

use crate::cli::Mailbox;
use crate::client::{Api, Failure};
use crate::output::field;

/// Takes the argument, else POSTHOUSE_ACCOUNT, else the only account there is.
///
/// # Errors
/// [`Failure::Usage`] when none or several could be meant.
pub async fn choose(mailbox: Mailbox, api: &Api) -> Result<String, Failure> {
    let variable = std::env::var("POSTHOUSE_ACCOUNT")
        .ok()
        .filter(|account| !account.is_empty());
    if let Some(account) = mailbox.account.or(variable) {
        return Ok(account);
    }
    let grants = api.get("/v3/grants?limit=2").await?;
    match grants.rows() {
        [only] => Ok(field(only, "id")),
        [] => Err(Failure::usage(
            "there are no accounts yet",
            "posthouse agent account create agent@agents.localhost",
        )),
        _ => Err(Failure::usage(
            "there are several accounts: say which one",
            "name its id or address, or set POSTHOUSE_ACCOUNT; posthouse agent account list shows them",
        )),
    }
}
