//! How long held messages wait, and how many replies stop a loop.

use super::error::ConfigError;
use super::resolve::Texts;
use super::settings::Preset::Text;
use super::settings::Setting;
use super::settings::Shape::One;

/// The settings of approvals and of the budget of replies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guarding {
    /// Hours that a held message waits for somebody to decide.
    pub hold_hours: u32,
    /// Replies of an account in one thread within ten minutes.
    pub loop_thread_replies: u32,
    /// Replies of an account to one address within an hour.
    pub loop_address_replies: u32,
}

/// `--hold-hours`
pub(super) const HOLD_HOURS: Setting = setting(
    "hold_hours",
    "HOURS",
    "72",
    "How long a message that somebody has to approve waits, 1 to 8760; then it counts as rejected.",
);
/// `--loop-thread-replies`
pub(super) const LOOP_THREAD_REPLIES: Setting = setting(
    "loop_thread_replies",
    "REPLIES",
    "30",
    "Replies that an account may send in one thread within ten minutes, 1 to 1000000: two programs that answer each other are stopped here.",
);
/// `--loop-address-replies`
pub(super) const LOOP_ADDRESS_REPLIES: Setting = setting(
    "loop_address_replies",
    "REPLIES",
    "100",
    "Replies that an account may send to one address within an hour, 1 to 1000000.",
);

const fn setting(
    key: &'static str,
    value: &'static str,
    preset: &'static str,
    meaning: &'static str,
) -> Setting {
    Setting {
        key,
        value,
        shape: One,
        preset: Text(preset),
        dev_preset: Text(preset),
        meaning,
        without_effect: None,
    }
}

pub(super) fn read(texts: &Texts<'_>) -> Result<Guarding, ConfigError> {
    let replies = |text: &str| number(text, 1_000_000);
    Ok(Guarding {
        hold_hours: texts.require("hold_hours", "1 to 8760", |text| number(text, 8_760))?,
        loop_thread_replies: texts.require("loop_thread_replies", "1 to 1000000", replies)?,
        loop_address_replies: texts.require("loop_address_replies", "1 to 1000000", replies)?,
    })
}

fn number(text: &str, most: u32) -> Result<u32, String> {
    match text.parse() {
        Ok(number) if (1..=most).contains(&number) => Ok(number),
        _ => Err("out of range".to_owned()),
    }
}
