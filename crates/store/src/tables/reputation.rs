//! How the mail of an application fares over a window of its last recipients.
//!
//! A counter says how many recipients were ever served; a trouble remembers the counter of its time. What lies in the
//! window is counted as it enters and as it leaves, so that a look costs the same however much was sent. Whoever counts
//! holds the row of the application until its transaction ends: counts are exact whatever runs beside them.

use posthouse_types::ids::Key;

use super::pauses::PauseScope;
use crate::sql::Tx;
use crate::{Param, StoreError};

/// Stands for the account of mail that has none; keys are positive.
const NO_GRANT: Key = Key(0);

/// What may happen to sent mail. The numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i64)]
pub enum Trouble {
    /// It came back for good.
    Bounce = 1,
    /// Its recipient complained.
    Complaint = 2,
}

impl Trouble {
    pub(super) fn from_stored(number: i64) -> Result<Self, StoreError> {
        match number {
            1 => Ok(Self::Bounce),
            2 => Ok(Self::Complaint),
            other => Err(StoreError::Fault(format!("unknown trouble {other}"))),
        }
    }

    fn column(self) -> &'static str {
        match self {
            Self::Bounce => "bounces",
            Self::Complaint => "complaints",
        }
    }
}

/// Who sent the mail that a trouble is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sender<'a> {
    /// Whose mail it is.
    pub application: Key,
    /// The account; `None` for mail that a domain sent.
    pub grant: Option<Key>,
    /// The sending domain, as A-labels.
    pub domain: &'a str,
}

/// How an application stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Recipients that were ever served.
    pub served: i64,
    /// Hard bounces in the window.
    pub bounces: i64,
    /// Complaints in the window.
    pub complaints: i64,
    /// What `served` was when the operator was told last of bounces; 0: never.
    pub reviewed_bounces: i64,
    /// The same of complaints.
    pub reviewed_complaints: i64,
}

impl Standing {
    /// Returns how much there is of a trouble.
    #[must_use]
    pub fn events(&self, trouble: Trouble) -> i64 {
        match trouble {
            Trouble::Bounce => self.bounces,
            Trouble::Complaint => self.complaints,
        }
    }

    /// Returns what `served` was when the operator was told of a trouble last; 0: never.
    #[must_use]
    pub fn reviewed(&self, trouble: Trouble) -> i64 {
        match trouble {
            Trouble::Bounce => self.reviewed_bounces,
            Trouble::Complaint => self.reviewed_complaints,
        }
    }
}

/// Counts recipients that were served: each once, whatever became of its mail.
pub fn serve(tx: &mut dyn Tx, application: Key, recipients: i64) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO reputation (application_id, served, bounces, complaints, reviewed) VALUES ($1, $2, 0, 0, 0)
         ON CONFLICT (application_id) DO UPDATE SET served = reputation.served + excluded.served",
        &[application.into(), recipients.into()],
    )?;
    Ok(())
}

/// Counts a trouble, forgets those that have left the window, and returns how the application stands then.
pub fn trouble(
    tx: &mut dyn Tx,
    id: Key,
    sender: &Sender<'_>,
    trouble: Trouble,
    window: i64,
) -> Result<Standing, StoreError> {
    // Takes the row first: nobody else counts for this application until the end of the transaction.
    serve(tx, sender.application, 0)?;
    let standing = standing(tx, sender.application)?;
    let gone = Gone::Before(standing.served - window);
    forget(tx, sender.application, &gone)?;
    tx.execute(
        "INSERT INTO reputation_events (id, application_id, trouble, place, grant_id, domain)
         VALUES ($1, $2, $3, $4, $5, $6)",
        &[
            id.into(),
            sender.application.into(),
            Param::Int(trouble as i64),
            standing.served.into(),
            sender.grant.unwrap_or(NO_GRANT).into(),
            sender.domain.into(),
        ],
    )?;
    shift(tx, sender, trouble, 1)?;
    self::standing(tx, sender.application)
}

fn standing(tx: &mut dyn Tx, application: Key) -> Result<Standing, StoreError> {
    tx.query_one(
        "SELECT served, bounces, complaints, reviewed, COALESCE(reviewed_complaints, 0) FROM reputation
         WHERE application_id = $1",
        &[application.into()],
        |row| {
            Ok(Standing {
                served: row.int(0)?,
                bounces: row.int(1)?,
                complaints: row.int(2)?,
                reviewed_bounces: row.int(3)?,
                reviewed_complaints: row.int(4)?,
            })
        },
    )
}

/// Which events are to be forgotten.
enum Gone<'a> {
    /// Those at this place and before it.
    Before(i64),
    /// Those of a part of the application.
    Of(&'a PauseScope),
}

fn forget(tx: &mut dyn Tx, application: Key, gone: &Gone<'_>) -> Result<(), StoreError> {
    let mut params: Vec<Param<'_>> = vec![application.into()];
    let condition = match gone {
        Gone::Before(place) => {
            params.push((*place).into());
            "AND place <= $2"
        }
        Gone::Of(PauseScope::Grant(grant)) => {
            params.push((*grant).into());
            "AND grant_id = $2"
        }
        Gone::Of(PauseScope::Domain(domain)) => {
            params.push(domain.into());
            "AND domain = $2"
        }
        Gone::Of(PauseScope::Application) => "",
    };
    let sql = format!(
        "DELETE FROM reputation_events WHERE application_id = $1 {condition} RETURNING trouble, grant_id, domain"
    );
    let forgotten = tx.query(&sql, &params, |row| {
        Ok((row.int(0)?, row.key(1)?, row.string(2)?))
    })?;
    for (number, grant, domain) in forgotten {
        let sender = Sender {
            application,
            grant: Some(grant).filter(|grant| *grant != NO_GRANT),
            domain: &domain,
        };
        shift(tx, &sender, Trouble::from_stored(number)?, -1)?;
    }
    Ok(())
}

/// Adds to the counts of an application and of those who caused it.
fn shift(
    tx: &mut dyn Tx,
    sender: &Sender<'_>,
    trouble: Trouble,
    by: i64,
) -> Result<(), StoreError> {
    let column = trouble.column();
    tx.execute(
        &format!("UPDATE reputation SET {column} = {column} + $2 WHERE application_id = $1"),
        &[sender.application.into(), by.into()],
    )?;
    let grant = sender.grant.map(|grant| (1_i64, grant, ""));
    let shares = grant.into_iter().chain([(2, NO_GRANT, sender.domain)]);
    for (scope, grant, domain) in shares {
        let key = [
            sender.application.into(),
            Param::Int(trouble as i64),
            scope.into(),
            grant.into(),
            domain.into(),
        ];
        tx.execute(
            "INSERT INTO reputation_shares (application_id, trouble, scope, grant_id, domain, events)
             VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (application_id, trouble, scope, grant_id, domain)
             DO UPDATE SET events = reputation_shares.events + excluded.events",
            &[&key[..], &[by.into()]].concat(),
        )?;
        if by < 0 {
            tx.execute(
                "DELETE FROM reputation_shares WHERE application_id = $1 AND trouble = $2 AND scope = $3
                   AND grant_id = $4 AND domain = $5 AND events <= 0",
                &key,
            )?;
        }
    }
    Ok(())
}

/// Returns the account, and the sending domain, that caused most of a trouble, with how much that is.
pub fn worst(
    tx: &mut dyn Tx,
    application: Key,
    trouble: Trouble,
) -> Result<Vec<(PauseScope, i64)>, StoreError> {
    let mut worst = Vec::with_capacity(2);
    for scope in [1_i64, 2] {
        let found = tx.query_opt(
            "SELECT grant_id, domain, events FROM reputation_shares
             WHERE application_id = $1 AND trouble = $2 AND scope = $3 ORDER BY events DESC LIMIT 1",
            &[application.into(), Param::Int(trouble as i64), scope.into()],
            |row| {
                let who = match scope {
                    1 => PauseScope::Grant(row.key(0)?),
                    _ => PauseScope::Domain(row.string(1)?),
                };
                Ok((who, row.int(2)?))
            },
        )?;
        worst.extend(found);
    }
    Ok(worst)
}

/// Forgets the troubles of a part of an application, which has had its consequence.
pub fn settle(tx: &mut dyn Tx, application: Key, scope: &PauseScope) -> Result<(), StoreError> {
    forget(tx, application, &Gone::Of(scope))
}

/// Notes that the operator is told how the application stands.
pub fn note_review(
    tx: &mut dyn Tx,
    application: Key,
    trouble: Trouble,
    served: i64,
) -> Result<(), StoreError> {
    let sql = match trouble {
        Trouble::Bounce => "UPDATE reputation SET reviewed = $2 WHERE application_id = $1",
        Trouble::Complaint => {
            "UPDATE reputation SET reviewed_complaints = $2 WHERE application_id = $1"
        }
    };
    tx.execute(sql, &[application.into(), served.into()])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::migrations::sqlite_plan;

    #[test]
    fn who_caused_most_is_the_first_row_of_an_index() {
        let plan = sqlite_plan(
            "SELECT grant_id, domain, events FROM reputation_shares
             WHERE application_id = $1 AND trouble = $2 AND scope = $3 ORDER BY events DESC LIMIT 1",
        );
        assert!(plan.contains("reputation_shares_by_size"), "{plan}");
        assert!(!plan.contains("TEMP B-TREE"), "{plan}");
    }
}
