//! `posthouse email scheduled`.

use serde_json::Value;

use super::account;
use super::list::{SUBJECT_CHARACTERS_MAX, shorten};
use crate::cli::{ScheduleArgs, ScheduledCommand, ScheduledListArgs};
use crate::client::{Api, Failure, segment};
use crate::output::{Screen, details, field, moment, table};

/// Runs one command of the group.
///
/// # Errors
/// Why it did not succeed.
pub async fn run(command: ScheduledCommand, api: &Api, screen: &Screen) -> Result<(), Failure> {
    match command {
        ScheduledCommand::List(args) => list(args, api, screen).await,
        ScheduledCommand::Show(args) => show(args, api, screen).await,
        ScheduledCommand::Cancel(args) => cancel(args, api, screen).await,
    }
}

async fn list(args: ScheduledListArgs, api: &Api, screen: &Screen) -> Result<(), Failure> {
    let account = account::choose(args.mailbox, api).await?;
    let answer = api.get(&collection(&account)).await?;
    if screen.is_json() {
        screen.verbatim(&answer);
        return Ok(());
    }
    if answer.rows().is_empty() {
        screen.text("Nothing is scheduled. Send something later:\n  posthouse email send --at +2h --to buyer@shop.example --subject Quote --body Hello");
        return Ok(());
    }
    let rows = answer.rows().iter().map(|schedule| {
        vec![
            moment(&schedule["send_at"]),
            status(schedule),
            shorten(&field(schedule, "subject"), SUBJECT_CHARACTERS_MAX),
            field(schedule, "schedule_id"),
        ]
    });
    let headers = ["SEND AT", "STATUS", "SUBJECT", "SCHEDULE"];
    screen.text(&table(screen, &headers, rows.collect()));
    Ok(())
}

async fn show(args: ScheduleArgs, api: &Api, screen: &Screen) -> Result<(), Failure> {
    let account = account::choose(args.mailbox, api).await?;
    let answer = api.get(&one(&account, &args.schedule)).await?;
    if screen.is_json() {
        screen.verbatim(&answer);
        return Ok(());
    }
    let schedule = answer.data();
    let pairs = [
        ("Subject", screen.bold(&field(schedule, "subject"))),
        ("Send at", moment(&schedule["send_at"])),
        ("Status", status(schedule)),
        ("", field(&schedule["status"], "description")),
        ("Closed", moment(&schedule["close_time"])),
        ("Message", field(schedule, "message_id")),
        ("Schedule", field(schedule, "schedule_id")),
    ];
    screen.text(&details(screen, &pairs));
    Ok(())
}

async fn cancel(args: ScheduleArgs, api: &Api, screen: &Screen) -> Result<(), Failure> {
    let account = account::choose(args.mailbox, api).await?;
    let answer = api.delete(&one(&account, &args.schedule)).await?;
    screen.outcome(&answer, "Cancelled: it will not be sent.");
    Ok(())
}

fn status(schedule: &Value) -> String {
    field(&schedule["status"], "code")
}

fn collection(account: &str) -> String {
    format!("/v3/grants/{}/messages/schedules", segment(account))
}

fn one(account: &str, schedule: &str) -> String {
    format!("{}/{}", collection(account), segment(schedule))
}
