//! The operator is told when too much of an application's mail comes back or is complained about, and who is paused for it.
//!
//! In the transaction that finds it out: so it is told once, whatever dies.

use posthouse_store::tables::pauses::{Pause, PauseScope};
use posthouse_store::tables::reputation::{self, Trouble};
use posthouse_store::tables::{applications, recipients};
use posthouse_store::{StoreError, Tx};
use posthouse_types::ids::{Key, Kind};

use crate::Mailroom;
use crate::operator::{Post, post};

/// A rate that is too high.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rate {
    pub(super) application: Key,
    pub(super) trouble: Trouble,
    pub(super) events: i64,
    /// Recipients among whom they are.
    pub(super) recipients: i64,
}

impl Rate {
    fn of(pause: &Pause) -> Self {
        Self {
            application: pause.application,
            trouble: pause.trouble,
            events: pause.events,
            recipients: pause.recipients,
        }
    }

    /// `51 of the last 1000 recipients (5.1 %)`
    fn words(&self) -> String {
        let hundredths = self.events * 10_000 / self.recipients.max(1);
        format!(
            "{} of the last {} recipients ({}.{:02} %)",
            self.events,
            self.recipients,
            hundredths / 100,
            hundredths % 100
        )
    }

    fn happened(&self) -> &'static str {
        match self.trouble {
            Trouble::Bounce => "mail bounced for good: there is no such mailbox or domain",
            Trouble::Complaint => "mail was complained about",
        }
    }

    fn noun(&self) -> &'static str {
        match self.trouble {
            Trouble::Bounce => "bounces",
            Trouble::Complaint => "complaints",
        }
    }

    fn pauses_from(&self) -> &'static str {
        match self.trouble {
            Trouble::Bounce => "10 %",
            Trouble::Complaint => "0.5 %",
        }
    }
}

/// Asks the operator to look at a rate.
pub(super) fn of_review(
    tx: &mut dyn Tx,
    mailroom: &Mailroom,
    rate: &Rate,
) -> Result<(), StoreError> {
    if mailroom.operator().is_none() {
        return Ok(());
    }
    let application = application(tx, mailroom, rate.application)?;
    let mut text = format!(
        "{application} has too many {}.\n\n{}: {}.\n\n",
        rate.noun(),
        rate.words(),
        rate.happened()
    );
    let worst = reputation::worst(tx, rate.application, rate.trouble)?;
    if !worst.is_empty() {
        text.push_str("Most of it was caused by:\n");
        for (scope, caused) in &worst {
            let who = who(tx, mailroom, scope)?;
            text.push_str(&format!("  {who}: {caused}\n"));
        }
        text.push('\n');
    }
    text.push_str(match mailroom.pauses_senders() {
        true => "Nothing is stopped yet. From ",
        false => "Pauses are off here (reputation_pauses). Otherwise, from ",
    });
    text.push_str(&format!(
        "{} on, whoever causes it is paused.\n\n\
         What to do: find out where these addresses come from, and stop writing to them.\n\
         Who was written to in vain, or wants no more:\n\n  posthouse suppression list\n",
        rate.pauses_from()
    ));
    let subject = format!("Too many {}: {application}", rate.noun());
    let letter = Post {
        subject: &subject,
        text: &text,
    };
    post(tx, mailroom, &letter)
}

/// Tells the operator of a pause.
pub(super) fn of_pause(
    tx: &mut dyn Tx,
    mailroom: &Mailroom,
    pause: &Pause,
) -> Result<(), StoreError> {
    if mailroom.operator().is_none() {
        return Ok(());
    }
    let rate = Rate::of(pause);
    let application = application(tx, mailroom, pause.application)?;
    let who = match &pause.scope {
        PauseScope::Application => application.clone(),
        scope => who(tx, mailroom, scope)?,
    };
    let id = mailroom.public_id(Kind::Pause, pause.id);
    let text = format!(
        "Sending is paused for {who}, of {application}.\n\n{}: {}.\n\n\
         New mail of theirs is refused (sending_paused). What was queued before is kept. A pause never ends by itself.\n\n\
         What to do: find out where these addresses come from. When that is mended, let them send again;\n\
         the mail that was kept goes out then:\n\n  posthouse pauses list\n  posthouse pauses lift {id}\n",
        rate.words(),
        rate.happened()
    );
    let subject = format!("Sending is paused: {who}");
    let letter = Post {
        subject: &subject,
        text: &text,
    };
    post(tx, mailroom, &letter)
}

fn who(tx: &mut dyn Tx, mailroom: &Mailroom, scope: &PauseScope) -> Result<String, StoreError> {
    Ok(match scope {
        PauseScope::Grant(grant) => match recipients::by_key(tx, *grant)? {
            Some(mailbox) => format!("the account {}", mailbox.email),
            None => format!("the account {}", mailroom.public_id(Kind::Grant, *grant)),
        },
        PauseScope::Domain(domain) => format!("the domain {domain}"),
        PauseScope::Application => "the whole application".to_owned(),
    })
}

fn application(tx: &mut dyn Tx, mailroom: &Mailroom, id: Key) -> Result<String, StoreError> {
    let name = applications::find(tx, id)?.map_or_else(String::new, |found| found.name);
    let plain: String = name.chars().filter(|one| !one.is_control()).collect();
    let id = mailroom.public_id(Kind::Application, id);
    Ok(format!("the application {plain} ({id})"))
}
