//! A world of names that a test writes.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use posthouse_mailroom::domains::{CheckStatus, Look, Sight, Surroundings, Verification};
use posthouse_net::resolver::{Exchange, LiveError};

use crate::support::Office;

/// Where the server is.
pub const HERE: &str = "192.0.2.1";

/// Names, and what they have; silent when it is told to be.
#[derive(Default)]
pub struct World {
    records: Mutex<HashMap<(String, String), Vec<String>>>,
    silent: Mutex<bool>,
}

impl World {
    /// Lets an office look at a world of its own.
    pub fn around(office: &Office) -> Arc<Self> {
        let world = Arc::new(Self::default());
        world.set("mx.posthouse.example", "A", &[HERE]);
        office.mailroom.look_around_with(Surroundings {
            sight: world.clone(),
            addresses: vec![HERE.parse().unwrap()],
            spf_include: None,
        });
        world
    }

    /// Replaces what a name has.
    pub fn set(&self, name: &str, kind: &str, values: &[&str]) {
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        let mut records = self.records.lock().unwrap();
        records.insert((name.to_owned(), kind.to_owned()), values);
    }

    /// Publishes every record that an attempt asks for.
    pub fn publish(&self, verification: &Verification) {
        for record in &verification.records {
            self.set(&record.name, record.record_type, &[&record.value]);
        }
    }

    /// Answers nothing from now on, or again.
    pub fn be_silent(&self, silent: bool) {
        *self.silent.lock().unwrap() = silent;
    }

    fn get(&self, name: &str, kind: &str) -> Result<Vec<String>, LiveError> {
        if *self.silent.lock().unwrap() {
            return Err(LiveError::Failed {
                name: name.to_owned(),
            });
        }
        let records = self.records.lock().unwrap();
        let found = records.get(&(name.to_owned(), kind.to_owned()));
        Ok(found.cloned().unwrap_or_default())
    }
}

impl Sight for World {
    fn texts<'a>(&'a self, name: &'a str) -> Look<'a, Vec<String>> {
        Box::pin(async move { self.get(name, "TXT") })
    }

    fn exchanges<'a>(&'a self, name: &'a str) -> Look<'a, Vec<Exchange>> {
        let exchange = |text: String| {
            let (preference, host) = text.split_once(' ').unwrap();
            Exchange {
                preference: preference.parse().unwrap(),
                host: host.trim_end_matches('.').to_owned(),
            }
        };
        Box::pin(async move { Ok(self.get(name, "MX")?.into_iter().map(exchange).collect()) })
    }

    fn addresses<'a>(&'a self, name: &'a str) -> Look<'a, Vec<IpAddr>> {
        Box::pin(async move {
            let mut texts = self.get(name, "A")?;
            for alias in self.get(name, "CNAME")? {
                texts.extend(self.get(alias.trim_end_matches('.'), "A")?);
            }
            Ok(texts.iter().map(|text| text.parse().unwrap()).collect())
        })
    }

    fn spf<'a>(&'a self, address: IpAddr, domain: &'a str) -> Look<'a, String> {
        Box::pin(async move {
            let texts = self.get(domain, "TXT")?;
            let names_us = texts
                .iter()
                .any(|text| text.contains("a:mx.posthouse.example"));
            let listed = format!("ip4:{address}");
            let passes = (names_us && address == HERE.parse::<IpAddr>().unwrap())
                || texts.iter().any(|text| text.contains(&listed));
            Ok(if passes { "pass" } else { "softfail" }.to_owned())
        })
    }
}

/// Looks for a kind of record; returns how it stands and what is said.
pub async fn verify(office: &Office, domain: &str, kind: &str) -> (CheckStatus, String) {
    let verification = office
        .mailroom
        .verify_domain(domain, kind, None)
        .await
        .unwrap();
    (verification.status, verification.message)
}
