//! The names of events: which exist, which fire, and where each says it comes from.

/// Names whose events happen here.
pub(crate) const FIRING: [&str; 39] = [
    "grant.created",
    "grant.updated",
    "grant.deleted",
    "grant.suspended",
    "grant.resumed",
    "message.created",
    "message.updated",
    "message.deleted",
    "message.send_success",
    "message.send_failed",
    "message.opened",
    "message.link_clicked",
    "message.delivered",
    "message.bounced",
    "message.complaint",
    "message.rejected",
    "message.held",
    "message.transactional.delivered",
    "message.transactional.bounced",
    "message.transactional.complaint",
    "message.transactional.rejected",
    "thread.replied",
    "thread.paused",
    "folder.created",
    "folder.updated",
    "folder.deleted",
    "contact.updated",
    "contact.deleted",
    "calendar.created",
    "calendar.updated",
    "calendar.deleted",
    "event.created",
    "event.updated",
    "event.deleted",
    "draft.created",
    "draft.updated",
    "draft.deleted",
    "domain.verified",
    "domain.unverified",
];

/// Names that clients of the compatible service subscribe to and that never fire here.
const SILENT: [&str; 20] = [
    "grant.expired",
    "grant.imap_sync_completed",
    "message.bounce_detected",
    "message.created.cleaned",
    "message.opened.legacy",
    "message.link_clicked.legacy",
    "message.intelligence.order",
    "message.intelligence.tracking",
    "message.intelligence.return",
    "thread.replied.legacy",
    "booking.created",
    "booking.pending",
    "booking.rescheduled",
    "booking.cancelled",
    "booking.reminder",
    "notetaker.created",
    "notetaker.updated",
    "notetaker.deleted",
    "notetaker.meeting_state",
    "notetaker.media",
];

/// Suffixes that the sender of an event adds by itself; subscribing to them is allowed and has no effect.
const SUFFIXES: [&str; 2] = [".truncated", ".transformed"];

/// Tells whether a destination may subscribe to a name.
pub(crate) fn is_known(name: &str) -> bool {
    let base = SUFFIXES
        .iter()
        .find_map(|suffix| name.strip_suffix(suffix))
        .unwrap_or(name);
    FIRING.contains(&base) || SILENT.contains(&base)
}

/// Returns the `source` of the envelope of an event.
pub(crate) fn source(trigger: &str) -> &'static str {
    match trigger {
        "message.created" | "message.updated" | "message.deleted" => "/nylas/emails/realtime",
        "message.opened" | "message.link_clicked" | "thread.replied" => "/com/nylas/tracking",
        _ => match trigger.split('.').next().unwrap_or_default() {
            "folder" | "draft" => "/nylas/emails/realtime",
            "event" | "calendar" => "/nylas/events/realtime",
            "contact" => "/nylas/contacts/realtime",
            "grant" | "domain" => "/nylas/system",
            _ => "/nylas/send",
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_known_with_and_without_the_senders_suffixes() {
        assert!(FIRING.iter().chain(&SILENT).all(|name| is_known(name)));
        assert!(is_known("message.created.truncated"));
        assert!(is_known("message.updated.transformed"));
        for unknown in [
            "",
            "message",
            "message.createdx",
            ".truncated",
            "Message.created",
        ] {
            assert!(!is_known(unknown), "{unknown}");
        }
    }

    #[test]
    fn sources_follow_the_family() {
        assert_eq!(source("message.created"), "/nylas/emails/realtime");
        assert_eq!(source("draft.deleted"), "/nylas/emails/realtime");
        assert_eq!(source("grant.created"), "/nylas/system");
        assert_eq!(source("message.delivered"), "/nylas/send");
        assert_eq!(source("thread.paused"), "/nylas/send");
        assert_eq!(source("message.opened"), "/com/nylas/tracking");
    }
}
