//! `POST /unsubscribe/{token}`

use super::page;
use crate::call::Call;
use crate::openapi::Operation;
use crate::routes::Answer;

const PAGE: &str = "<!doctype html><meta charset=utf-8><meta name=viewport content=\"width=device-width\"><title>Unsubscribed</title>\
<body style=\"font-family:sans-serif;max-width:30em;margin:4em auto;padding:0 1em\"><h1>Unsubscribed</h1>\
<p>You get no more mail from this sender.</p>\n";

/// Describes the answer.
pub fn operation() -> Operation {
    Operation::new("unsubscribe", "Unsubscribe")
        .about("The one click of RFC 8058, and the button of the page. The body does not matter.")
        .fails([404])
        .bytes(200, "A page that says so.", "text/html")
}

/// Puts whoever followed the link on the suppression list.
pub async fn confirm(call: Call) -> Answer {
    call.mailroom.unsubscribe(call.parameter("token")).await?;
    Ok(page(PAGE))
}
