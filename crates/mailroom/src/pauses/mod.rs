//! Pauses: who may not send because too much of its mail came back or was complained about. An operator lifts them.

mod lift;
mod list;

pub use list::{PausePage, PauseView};

use posthouse_store::tables::pauses::{Pause, PauseScope};
use posthouse_store::tables::reputation::Trouble;

use crate::Refusal;

/// Returns what a sender is told.
pub(crate) fn refusal(pause: &Pause) -> Refusal {
    let whom = match &pause.scope {
        PauseScope::Grant(_) => "this account".to_owned(),
        PauseScope::Domain(domain) => format!("the domain {domain}"),
        PauseScope::Application => "this application".to_owned(),
    };
    Refusal::SendingPaused {
        message: format!("sending is paused for {whom}: {}", reason(pause)),
    }
}

/// Returns why there is a pause, in words.
pub(crate) fn reason(pause: &Pause) -> String {
    format!("{} rate {} %", word(pause.trouble), percent(pause))
}

fn word(trouble: Trouble) -> &'static str {
    match trouble {
        Trouble::Bounce => "bounce",
        Trouble::Complaint => "complaint",
    }
}

/// Returns the rate in percent, with one digit behind the point.
fn percent(pause: &Pause) -> String {
    let tenths = (pause.events * 1_000 + pause.recipients / 2) / pause.recipients.max(1);
    format!("{}.{}", tenths / 10, tenths % 10)
}
