//! Asking before something is gone for good.

use std::io::IsTerminal;

use crate::client::Failure;

/// Asks on the terminal unless `yes` was given.
///
/// # Errors
/// [`Failure::Usage`] when there is nobody to ask, [`Failure::Local`] when the answer was no.
pub fn confirm(question: &str, yes: bool) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return Err(Failure::usage(
            "this needs a confirmation, and there is no terminal to ask on",
            "add --yes",
        ));
    }
    let answer = dialoguer::Confirm::new()
        .with_prompt(question)
        .default(false)
        .interact();
    match answer {
        Ok(true) => Ok(()),
        Ok(false) => Err(Failure::Local {
            message: "nothing was changed".to_owned(),
            fix: None,
        }),
        Err(error) => Err(Failure::Local {
            message: format!("cannot ask: {error}"),
            fix: Some("add --yes".to_owned()),
        }),
    }
}
