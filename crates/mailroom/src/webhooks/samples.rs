//! Sample notifications, for people who build a receiver.

use std::sync::LazyLock;

use posthouse_types::ids::Kind;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::SigningSecret;
use super::challenge::answered;
use super::destination::Reach;
use super::envelope::{self, Event};
use super::outgoing::Notification;
use crate::actor::Actor;
use crate::{Mailroom, Refusal};

/// What `data` has besides `application_id`, by trigger type.
static SAMPLES: LazyLock<Map<String, Value>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("samples.json")).expect("the samples are a JSON object")
});

/// Stands for the caller's application in the samples.
const SAMPLE_APPLICATION: &str = "0190f3b0-0000-7000-8000-000000000001";

/// The trigger type that is shown when none is asked for.
const DEFAULT_TRIGGER: &str = "message.created";

/// Signs test events; published, so that receivers can check them.
const TEST_SECRET: &str = "mock-webhook-secret";

impl Mailroom {
    /// Returns a complete sample notification as JSON; nothing is sent.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] for a trigger type that does not exist or never fires here.
    pub fn sample_notification(
        &self,
        actor: &Actor,
        trigger: Option<&str>,
    ) -> Result<Vec<u8>, Refusal> {
        let trigger = trigger.unwrap_or(DEFAULT_TRIGGER);
        let Some((trigger, sample)) = SAMPLES.get_key_value(trigger) else {
            return Err(Refusal::invalid(
                "trigger_type",
                "no trigger type that fires here has this name",
            ));
        };
        let application_id = self.public_id(Kind::Application, actor.application);
        let mut members = String::new();
        if let Some(grant_id) = sample.get("grant_id") {
            members = format!("\"grant_id\":{grant_id},");
        }
        for name in ["reason", "error"] {
            if let Some(value) = sample.get(name) {
                members.push_str(&format!("\"{name}\":{value},"));
            }
        }
        let object = sample["object"]
            .to_string()
            .replace(SAMPLE_APPLICATION, &application_id);
        Ok(envelope::write(&Event {
            trigger,
            id: &Uuid::now_v7().to_string(),
            time: self.now_seconds(),
            application_id: &application_id,
            members: &members,
            object: object.as_bytes(),
        }))
    }

    /// Sends one sample notification to a URL; succeeds when that answers 200.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] with what the URL did instead, or why it may not be called.
    pub async fn send_test_event(
        &self,
        actor: &Actor,
        url: &str,
        trigger: Option<&str>,
    ) -> Result<(), Refusal> {
        Reach::of(actor)?;
        let client = self.outward()?;
        client
            .check_url(url)
            .map_err(|error| Refusal::invalid("webhook_url", error.to_string()))?;
        let notification = Notification {
            url: url.to_owned(),
            secret: SigningSecret::public(TEST_SECRET),
            compressed: false,
            delivery_id: self.public_id(Kind::Delivery, self.store().new_key()),
            body: self.sample_notification(actor, trigger)?.into(),
        };
        match client.request(notification.into_request()).await {
            Ok(response) if response.status == 200 => Ok(()),
            Ok(response) => Err(test_failed(format!("it {}", answered(response.status)))),
            Err(error) => Err(test_failed(error.to_string())),
        }
    }
}

fn test_failed(reason: String) -> Refusal {
    Refusal::invalid("webhook_url", format!("the test event failed: {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_trigger_that_fires_here_has_a_sample_and_no_other() {
        let names: Vec<&str> = SAMPLES.keys().map(String::as_str).collect();
        assert_eq!(names, super::super::triggers::FIRING);
        assert!(SAMPLES.values().all(|sample| sample["object"].is_object()));
    }
}
