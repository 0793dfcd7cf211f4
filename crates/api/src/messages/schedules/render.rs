//! A schedule as the API shows it.

use posthouse_mailroom::send::ScheduleView;
use serde_json::{Value, json};

use crate::openapi::schema::{Component, Schema, object, one_of, replacement, text, time, uuid};

/// What a schedule is answered as.
pub(crate) const SCHEDULE: Component = Component::new("Schedule", schedule);

/// Everything that can become of a schedule.
const CODES: [&str; 4] = ["pending", "success", "failed", "cancelled"];

fn schedule() -> Schema {
    let status = object([("code", one_of(&CODES)), ("description", text())]);
    object([
        ("schedule_id", uuid()),
        ("status", status),
        ("send_at", time()),
        ("message_id", uuid()),
        ("subject", text()),
        replacement("close_time", time()),
    ])
}

/// Renders a schedule; `close_time` is there once it is closed.
pub(super) fn render(schedule: &ScheduleView) -> Value {
    let mut item = json!({
        "schedule_id": schedule.schedule_id,
        "status": { "code": schedule.code, "description": schedule.description },
        "send_at": schedule.send_at,
        "message_id": schedule.message_id,
        "subject": schedule.subject,
    });
    if let Some(close_time) = schedule.close_time {
        item["close_time"] = close_time.into();
    }
    item
}
