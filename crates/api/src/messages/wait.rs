//! `GET /v3/grants/{grant_id}/messages/wait`

use std::time::Duration;

use http::StatusCode;
use posthouse_mailroom::read::{FolderFilter, MessageQuery};
use posthouse_mailroom::wait::{MessageWait, WaitSince};

use super::fields::MessageFields;
use super::list::reduce;
use super::schema::{self, MESSAGE, RAW_MESSAGE};
use crate::call::Call;
use crate::error::ApiError;
use crate::limits::{ADDRESSES_PER_FILTER_MAX, ANY_EMAIL_MAX, WAIT_SECONDS_MAX};
use crate::openapi::schema::{count, either, flag, text};
use crate::openapi::{Operation, Parameter};
use crate::query::Query;
use crate::reply::Reply;
use crate::routes::Answer;

/// Describes the waiting.
pub fn operation() -> Operation {
    let seconds = usize::try_from(WAIT_SECONDS_MAX).expect("seconds are few");
    let timeout = count()
        .at_least(1)
        .at_most(seconds)
        .default_is(WAIT_SECONDS_DEFAULT);
    let since = "Only messages that came after this: Unix seconds, the id of a message, or a former `next_since`.";
    Operation::new("waitForMessage", "Wait for the next message")
        .about("Answers the oldest matching message as soon as there is one, or `null` when the time is over.")
        .query(schema::filters())
        .query([
            Parameter::of("timeout", timeout, "Seconds to wait at most."),
            Parameter::text("since", since),
            Parameter::flag("has_otp", "Only with a one-time code."),
            Parameter::flag("has_link", "Only with a link."),
            schema::fields(),
        ])
        .select()
        .one(either([MESSAGE.reference(), RAW_MESSAGE.reference()]).nullable())
        .beside_data([
            ("timed_out", flag()),
            ("next_since", text().about("The `since` of the next request.")),
        ])
}

/// Without a `timeout`.
const WAIT_SECONDS_DEFAULT: u64 = 30;

/// Answers the oldest matching message as soon as there is one, or none when the time is over.
pub async fn wait(call: Call) -> Answer {
    let grant = call.grant().await?;
    let fields = MessageFields::read(&call.query)?;
    let wait = MessageWait {
        query: filters(&call.query)?,
        has_otp: call.query.flag("has_otp")?,
        has_link: call.query.flag("has_link")?,
        since: since(&call.query)?,
        detail: fields.detail(),
        timeout: timeout(&call.query)?,
    };
    let waited = call.mailroom.wait_for_message(&grant, wait).await?;
    let timed_out = waited.message.is_none();
    let reply = Reply::envelope_with_room(StatusCode::OK, call.request_id, 4_096);
    let select = call.select();
    let reply = match waited.message {
        None => reply.field("data", &()),
        Some(json) if select.is_everything() => {
            reply.raw_field("data", |out| out.extend_from_slice(&json))
        }
        Some(json) => reply.field("data", &reduce(&json, &select)?),
    };
    Ok(reply
        .field("timed_out", &timed_out)
        .field("next_since", &waited.next_since))
}

fn filters(query: &Query) -> Result<MessageQuery, ApiError> {
    Ok(MessageQuery {
        folders: folders(query),
        from: query.list_of_at_most("from", ADDRESSES_PER_FILTER_MAX)?,
        any_email: query.list_of_at_most("any_email", ANY_EMAIL_MAX)?,
        subject: query.text("subject").map(str::to_owned),
        thread_id: query.text("thread_id").map(str::to_owned),
        has_attachment: query.flag("has_attachment")?,
        search: super::filters::search(query)?,
        ..MessageQuery::default()
    })
}

/// As in listings, but without `in` the account's own messages in Sent are no news.
fn folders(query: &Query) -> FolderFilter {
    match super::filters::folders(query) {
        FolderFilter::Visible => FolderFilter::Incoming,
        other => other,
    }
}

fn since(query: &Query) -> Result<WaitSince, ApiError> {
    let Some(text) = query.text("since") else {
        return Ok(WaitSince::Request);
    };
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        let time = query.time("since")?;
        return Ok(time.map_or(WaitSince::Request, WaitSince::Time));
    }
    Ok(WaitSince::Message(text.to_owned()))
}

fn timeout(query: &Query) -> Result<Duration, ApiError> {
    let seconds = match query.text("timeout") {
        None => Some(WAIT_SECONDS_DEFAULT),
        Some(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok(),
        Some(_) => None,
    };
    match seconds {
        Some(seconds) if (1..=WAIT_SECONDS_MAX).contains(&seconds) => {
            Ok(Duration::from_secs(seconds))
        }
        // The text goes without the parameter's name: clients take one with that word for a failure to be repeated.
        _ => Err(ApiError::bad_request(format!(
            "expected 1 to {WAIT_SECONDS_MAX} seconds to wait"
        ))
        .with_field("timeout")
        .with_fix(format!("timeout={WAIT_SECONDS_DEFAULT}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(raw: &str) -> Query {
        Query::parse(Some(raw)).unwrap()
    }

    #[test]
    fn waits_have_a_length_within_their_bounds() {
        let read = |raw: &str| timeout(&query(raw)).map(|timeout| timeout.as_secs());
        assert_eq!(read("").unwrap(), WAIT_SECONDS_DEFAULT);
        assert_eq!(read("timeout=1").unwrap(), 1);
        assert_eq!(read("timeout=60").unwrap(), 60);
        for bad in [
            "timeout=0",
            "timeout=61",
            "timeout=-1",
            "timeout=1.5",
            "timeout=x",
        ] {
            let error = read(bad).unwrap_err();
            assert_eq!(error.status(), StatusCode::BAD_REQUEST, "{bad}");
            assert_eq!(error.field(), Some("timeout"), "{bad}");
            assert!(!error.message().contains("timeout"), "{}", error.message());
        }
    }

    #[test]
    fn since_is_a_time_or_an_id() {
        assert_eq!(since(&query("")).unwrap(), WaitSince::Request);
        assert_eq!(since(&query("since=0")).unwrap(), WaitSince::Time(0));
        let id = WaitSince::Message("0190-x".to_owned());
        assert_eq!(since(&query("since=0190-x")).unwrap(), id);
        assert!(since(&query("since=99999999999999999999")).is_err());
    }

    #[test]
    fn only_the_filters_of_a_wait_count() {
        let plain = filters(&query("unread=true")).unwrap();
        assert_eq!(
            (plain.folders, plain.unread),
            (FolderFilter::Incoming, None)
        );
        assert!(filters(&query("q=code")).unwrap().search.is_some());
        assert_eq!(filters(&query("q=%22")).unwrap_err().field(), Some("q"));
    }
}
