//! `GET /unsubscribe/{token}`

use super::page;
use crate::call::Call;
use crate::openapi::Operation;
use crate::routes::Answer;

/// A button: programs that look at every link press none.
const PAGE: &str = "<!doctype html><meta charset=utf-8><meta name=viewport content=\"width=device-width\"><title>Unsubscribe</title>\
<body style=\"font-family:sans-serif;max-width:30em;margin:4em auto;padding:0 1em\"><h1>Unsubscribe</h1>\
<p>You will get no more mail from this sender.</p><form method=post><button>Unsubscribe</button></form>\n";

/// Describes the answer.
pub fn operation() -> Operation {
    Operation::new("askToUnsubscribe", "Show a page to unsubscribe by")
        .about("Changes nothing: programs follow links, too.")
        .fails([404])
        .bytes(200, "The page.", "text/html")
}

/// Shows a page with a button.
pub async fn ask(call: Call) -> Answer {
    call.mailroom
        .check_unsubscribe_link(call.parameter("token"))?;
    Ok(page(PAGE))
}
