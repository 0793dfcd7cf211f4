//! What an application wants to learn of what becomes of a message.

use serde::{Deserialize, Serialize};

/// Characters of a label.
pub const TRACKING_LABEL_CHARACTERS_MAX: usize = 2_048;

/// Which events of a message are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TrackingOptions {
    /// That it was opened.
    pub opens: bool,
    /// That a link in it was followed.
    pub links: bool,
    /// That somebody answered it.
    pub thread_replies: bool,
    /// What the events are to be called.
    pub label: String,
    /// The host that opens and links are counted by; empty for the server's own.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub domain_name: String,
}

impl TrackingOptions {
    /// Returns the names of what is wanted and cannot be told of: what is counted by a host that this server has not.
    #[must_use]
    pub fn not_counted(&self) -> Vec<&'static str> {
        let named = [("opens", self.opens), ("links", self.links)];
        let wanted = named.into_iter().filter(|(_, wanted)| *wanted);
        wanted.map(|(name, _)| name).collect()
    }
}
