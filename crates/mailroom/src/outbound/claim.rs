//! What is due becomes this process's to deliver: claimed, renewed while it is worked on, given back untried.

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;

use posthouse_store::tables::domains::{self, RegisteredDomain};
use posthouse_store::tables::outbound::TlsNeed;
use posthouse_store::tables::outbound::remote::{self, RemoteClaim};
use posthouse_store::{StoreError, Tx};
use posthouse_types::ids::{Key, Kind};

use super::consequences::{self, Leaving};
use super::limits::{
    CLAIM_US, DESTINATIONS_PER_CLAIM_MAX, DESTINATIONS_PER_READ_MAX, ROWS_PER_RELEASE_MAX,
};
use super::warm_up;
use crate::suppressions::sending_domain;
use crate::{Mailroom, Refusal};

/// Tells how many rows of a destination the process has room for.
pub type Room<'a> = dyn Fn(&str) -> usize + Send + Sync + 'a;

/// How mail is divided among destinations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Every domain is a destination of its own.
    EachDomain,
    /// There is one destination for everything; its name is empty.
    Everything,
}

/// One message for recipients of one destination, held by this process.
#[derive(Debug, Clone)]
pub struct ClaimedMail {
    pub(crate) application: Key,
    pub(crate) grant: Option<Key>,
    pub(crate) message: Key,
    pub(crate) blob: Key,
    /// The author's address; what the envelope says may be another one that leads back here.
    pub(crate) author: String,
    until_us: i64,
    /// The destination it was claimed for.
    pub destination: String,
    /// Addresses of this host that it may leave from, in order; none: whatever the host chooses.
    pub sources: Vec<IpAddr>,
    /// What TLS it needs.
    pub tls_need: TlsNeed,
    /// At least one.
    pub recipients: Vec<ClaimedRecipient>,
}

/// Somebody who is to get it.
#[derive(Debug, Clone)]
pub struct ClaimedRecipient {
    pub(crate) id: Key,
    pub(crate) token: i64,
    pub(crate) attempts: i64,
    pub(crate) created_at: i64,
    /// Unix seconds from which on passing failures are tried again; `None`: from now on, because what waited for other reasons
    /// has its time before it.
    pub(crate) tried_from: Option<i64>,
    /// Whether an attempt before this one may have delivered it.
    pub(crate) is_uncertain: bool,
    /// The envelope recipient.
    pub address: String,
    /// Its domain.
    pub domain: String,
}

impl ClaimedMail {
    /// Returns when the claim ends, in Unix microseconds.
    #[must_use]
    pub fn until_us(&self) -> i64 {
        self.until_us
    }
}

/// What claiming found.
#[derive(Debug, Default)]
pub struct ClaimedDue {
    /// Mail that this process now holds.
    pub claimed: Vec<ClaimedMail>,
    /// Destinations that may have more that is due.
    pub behind: Vec<String>,
}

impl Mailroom {
    /// Claims what is due for other servers, for each destination as much as `room` allows.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`] when the store is.
    pub async fn claim_outbound(
        &self,
        scope: Scope,
        room: &Room<'_>,
    ) -> Result<ClaimedDue, Refusal> {
        let mut found = ClaimedDue::default();
        if scope == Scope::Everything {
            let now_us = self.clock().unix_us();
            let any = self
                .store()
                .read(move |tx: &mut dyn Tx| remote::any_due(tx, now_us))
                .await?;
            if any {
                self.claim_each(scope, vec![(String::new(), room(""))], &mut found)
                    .await?;
            }
            return Ok(found);
        }
        let mut behind = String::new();
        loop {
            let after = behind.clone();
            let some = self
                .store()
                .read(move |tx: &mut dyn Tx| {
                    remote::destinations(tx, &after, DESTINATIONS_PER_READ_MAX)
                })
                .await?;
            let Some((last, _)) = some.last() else {
                return Ok(found);
            };
            behind.clone_from(last);
            let is_last = (some.len() as i64) < DESTINATIONS_PER_READ_MAX;
            let now_us = self.clock().unix_us();
            let due = some.into_iter().filter(|(_, due_us)| *due_us <= now_us);
            let wanted: Vec<(String, usize)> = due
                .map(|(destination, _)| {
                    let room = room(&destination);
                    (destination, room)
                })
                .collect();
            for some in wanted.chunks(DESTINATIONS_PER_CLAIM_MAX) {
                self.claim_each(scope, some.to_vec(), &mut found).await?;
            }
            if is_last {
                return Ok(found);
            }
        }
    }

    async fn claim_each(
        &self,
        scope: Scope,
        wanted: Vec<(String, usize)>,
        found: &mut ClaimedDue,
    ) -> Result<(), Refusal> {
        let (full, wanted): (Vec<_>, Vec<_>) = wanted.into_iter().partition(|(_, room)| *room == 0);
        found
            .behind
            .extend(full.into_iter().map(|(destination, _)| destination));
        if wanted.is_empty() {
            return Ok(());
        }
        let now_us = self.clock().unix_us();
        let until_us = now_us + CLAIM_US;
        let claiming = self.store().write(move |tx: &mut dyn Tx| {
            let claims = wanted.iter().map(|(destination, room)| {
                let named = (scope == Scope::EachDomain).then_some(destination.as_str());
                let mut rows = remote::claim(tx, named, now_us, until_us, *room as i64)?;
                let is_full = rows.len() == *room;
                let leaving: Vec<Leaving<'_>> = rows.iter().map(leaving).collect();
                let withheld = consequences::withhold(tx, &leaving)?;
                rows.retain(|row| !withheld.contains(&row.id));
                Ok::<_, StoreError>((destination.clone(), is_full, rows))
            });
            let mut claims = claims.collect::<Result<Vec<_>, _>>()?;
            let rows: Vec<&RemoteClaim> = claims.iter().flat_map(|(_, _, rows)| rows).collect();
            let senders = senders(tx, &rows)?;
            let judged = warm_up::judge(tx, &rows, &senders, now_us)?;
            for (_, _, rows) in &mut claims {
                rows.retain(|row| !judged.withheld.contains(&row.id));
                for row in rows {
                    if judged.admitted.contains(&row.id) {
                        row.admitted_at = Some(now_us / 1_000_000);
                    }
                }
            }
            Ok::<_, StoreError>((claims, senders))
        });
        let (claims, senders) = claiming.await?;
        for (destination, more, rows) in claims {
            found
                .claimed
                .extend(together(&destination, rows, &senders, until_us));
            if more {
                found.behind.push(destination);
            }
        }
        Ok(())
    }

    /// Moves the end of a claim while the mail is being delivered; tells whether all of it is still this process's.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`] when the store is; the claim then ends when it would have.
    pub async fn renew_outbound(&self, mail: &mut ClaimedMail) -> Result<bool, Refusal> {
        let until_us = self.clock().unix_us() + CLAIM_US;
        let rows: Vec<(Key, i64)> = keys(mail).collect();
        let renewing = self.store().write(move |tx: &mut dyn Tx| {
            let mut all = true;
            for (id, token) in &rows {
                all &= remote::renew(tx, *id, *token, until_us)?;
            }
            Ok::<_, StoreError>(all)
        });
        let all = renewing.await?;
        if all {
            mail.until_us = until_us;
        }
        Ok(all)
    }

    /// Gives mail back untried, to be claimed again at `due_us` (Unix microseconds); no attempt is counted.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`] when the store is; the claims then run out.
    pub async fn release_outbound(
        &self,
        held: Vec<ClaimedMail>,
        due_us: i64,
    ) -> Result<(), Refusal> {
        let rows: Vec<(Key, i64)> = held.iter().flat_map(keys).collect();
        for some in rows.chunks(ROWS_PER_RELEASE_MAX) {
            let some = some.to_vec();
            let releasing = self.store().write(move |tx: &mut dyn Tx| {
                some.iter()
                    .try_for_each(|(id, token)| remote::release(tx, *id, *token, due_us))
            });
            releasing.await?;
        }
        Ok(())
    }

    /// Returns the public id of the message, for logs.
    #[must_use]
    pub fn message_id_of(&self, mail: &ClaimedMail) -> String {
        self.public_id(Kind::Message, mail.message)
    }
}

fn leaving(row: &RemoteClaim) -> Leaving<'_> {
    Leaving {
        id: row.id,
        return_path: row.id,
        application: row.application,
        grant: row.grant,
        message: row.message,
        envelope_from: &row.envelope_from,
        recipient: &row.recipient,
    }
}

fn keys(mail: &ClaimedMail) -> impl Iterator<Item = (Key, i64)> + '_ {
    mail.recipients.iter().map(|one| (one.id, one.token))
}

/// Returns the registered domains that mail is from, by the names in its senders' addresses.
fn senders(
    tx: &mut dyn Tx,
    rows: &[&RemoteClaim],
) -> Result<HashMap<String, RegisteredDomain>, StoreError> {
    let named = rows.iter().map(|row| sending_domain(&row.envelope_from));
    let names: Vec<&str> = BTreeSet::from_iter(named.filter(|name| !name.is_empty()))
        .into_iter()
        .collect();
    if names.is_empty() {
        return Ok(HashMap::new());
    }
    let covering = domains::covering_each(tx, &names)?;
    let known = names.into_iter().zip(covering);
    Ok(known
        .filter_map(|(name, domain)| Some((name.to_owned(), domain?)))
        .collect())
}

/// Puts rows of one message for one domain together; they come in the order of their keys, so its rows are neighbours.
fn together(
    destination: &str,
    rows: Vec<RemoteClaim>,
    senders: &HashMap<String, RegisteredDomain>,
    until_us: i64,
) -> Vec<ClaimedMail> {
    let mut mails: Vec<ClaimedMail> = Vec::new();
    for row in rows {
        let recipient = ClaimedRecipient {
            id: row.id,
            token: row.token,
            attempts: row.attempts,
            created_at: row.created_at,
            tried_from: row.tried_from,
            is_uncertain: row.is_uncertain,
            address: row.recipient,
            domain: row.domain,
        };
        match mails.last_mut() {
            Some(last) if last.message == row.message && last.author == row.envelope_from => {
                last.recipients.push(recipient);
            }
            _ => mails.push(ClaimedMail {
                application: row.application,
                grant: row.grant,
                message: row.message,
                blob: row.blob,
                sources: senders
                    .get(sending_domain(&row.envelope_from))
                    .map_or_else(Vec::new, |domain| domain.source_addresses.clone()),
                tls_need: row.tls_need,
                author: row.envelope_from,
                until_us,
                destination: destination.to_owned(),
                recipients: vec![recipient],
            }),
        }
    }
    mails
}
