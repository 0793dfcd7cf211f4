//! A schedule as the API shows it.

use posthouse_mailroom::send::ScheduleView;
use serde_json::{Value, json};

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
