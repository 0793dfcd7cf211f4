//! An intake that remembers what it was asked for and answers as it is told.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use posthouse_smtp::intake::{
    Acceptance, Delivery, Intake, ReceiveRefusal, RecipientRefusal, Transmission,
};
use posthouse_types::address::EmailAddress;

/// A clone sees the same records.
#[derive(Clone, Default)]
pub struct Recorder {
    records: Arc<Mutex<Records>>,
}

#[derive(Default)]
pub struct Records {
    pub looked_up: Vec<String>,
    pub received: Vec<Received>,
    pub confirmed: Vec<usize>,
    pub refuse_next: Option<ReceiveRefusal>,
}

#[derive(Clone, Debug)]
pub struct Received {
    pub peer: IpAddr,
    pub helo: String,
    pub transmission: Transmission,
    pub tls: Option<String>,
    pub sender: Option<String>,
    pub recipients: Vec<String>,
    pub raw: Vec<u8>,
}

impl Recorder {
    pub fn records(&self) -> MutexGuard<'_, Records> {
        self.records
            .lock()
            .expect("no test panics while it holds the records")
    }

    pub fn messages(&self) -> Vec<Received> {
        self.records().received.clone()
    }

    pub fn refuse_next(&self, refusal: ReceiveRefusal) {
        self.records().refuse_next = Some(refusal);
    }
}

impl Intake for Recorder {
    type Recipient = String;
    type Receipt = usize;

    async fn resolve(&self, address: &EmailAddress) -> Result<String, RecipientRefusal> {
        self.records().looked_up.push(address.as_str().to_owned());
        if !address.domain().as_str().ends_with("ours.example") {
            return Err(RecipientRefusal::Relay);
        }
        match address.local() {
            "known" | "alias" => Ok("known".to_owned()),
            "disabled" => Err(RecipientRefusal::Disabled),
            "deferred" => Err(RecipientRefusal::Deferred),
            "down" => Err(RecipientRefusal::Unavailable),
            other if other.starts_with("user") || other == "postmaster" || other == "jörg" => {
                Ok(other.to_owned())
            }
            _ => Err(RecipientRefusal::Unknown),
        }
    }

    fn is_same_mailbox(one: &String, other: &String) -> bool {
        one == other
    }

    async fn receive(
        &self,
        delivery: Delivery<String>,
    ) -> Result<Acceptance<usize>, ReceiveRefusal> {
        let mut records = self.records();
        if let Some(refusal) = records.refuse_next.take() {
            return Err(refusal);
        }
        records.received.push(Received {
            peer: delivery.peer,
            helo: delivery.helo,
            transmission: delivery.transmission,
            tls: delivery.tls,
            sender: delivery
                .envelope_from
                .map(|sender| sender.as_str().to_owned()),
            recipients: delivery.recipients,
            raw: delivery.raw.to_vec(),
        });
        let number = records.received.len();
        Ok(Acceptance {
            id: format!("message-{number}"),
            message_ids: vec![format!("message-{number}")],
            receipt: number,
        })
    }

    fn confirm(&self, receipt: usize) {
        self.records().confirmed.push(receipt);
    }
}
