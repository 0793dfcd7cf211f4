//! The handle all use cases hang on.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32};
use std::sync::{Arc, OnceLock};

use posthouse_store::{Store, StoreError};
use posthouse_types::clock::SharedClock;
use posthouse_types::ids::{Key, Kind};

use crate::Refusal;
use crate::audit::{AUDIT_DAYS_DEFAULT, Doer, Often};
use crate::certificates::Chosen;
use crate::dmarc_reports::Sightings;
use crate::domains::{ChosenMode, Identities, Pace, View, identities};
use crate::govern::Standings;
use crate::govern::loops::LoopBudget;
use crate::idempotency::Ticket;
use crate::operator::Operator;
use crate::policies::{ChosenPlan, Walk};
use crate::receive::{Arrivals, RecipientCache, Room, Signatures, Unconfirmed, recipient_cache};
use crate::send::Outgate;
use crate::spam;
use crate::tenancy::Tenancy;
use crate::wait::Places;
use crate::webhooks::Outward;

/// What the operator decided.
#[derive(Debug, Clone)]
pub struct MailroomConfig {
    /// The mail host's name in trace lines and DNS records.
    pub hostname: String,
    /// One-machine development mode: trial domain verified at once, `staging` environment.
    pub dev: bool,
    /// Base of trial domains, if there is one.
    pub trial_domain: Option<String>,
    /// `us` or `eu`, as the API shows it.
    pub region: String,
    /// 32 bytes kept outside the database that encrypt secrets inside it.
    pub instance_key: [u8; 32],
    /// Cost of bcrypt for app passwords.
    pub bcrypt_cost: u32,
}

/// The use cases over one store. Clones share it.
#[derive(Clone)]
pub struct Mailroom {
    pub(crate) inner: Arc<Inner>,
    /// The key of the request that this handle serves, once that has begun under one.
    pub(crate) ticket: Option<Arc<OnceLock<Ticket>>>,
    /// Who acts through this handle; the server itself where nobody is named.
    pub(crate) doer: Option<Arc<Doer>>,
}

pub(crate) struct Inner {
    pub(crate) store: Store,
    pub(crate) config: MailroomConfig,
    pub(crate) unconfirmed: Unconfirmed,
    /// How arriving mail is checked; not at all until told.
    pub(crate) arrivals: OnceLock<Arrivals>,
    pub(crate) recipients: RecipientCache,
    /// What governs accounts, by workspace.
    pub(crate) standings: Standings,
    /// Memory for deliveries that are not small.
    pub(crate) room: Room,
    pub(crate) tenancy: Tenancy,
    pub(crate) outward: Outward,
    pub(crate) outgate: Outgate,
    /// Whether messages are deleted for good at once when that is asked for.
    pub(crate) hard_delete: AtomicBool,
    /// The sender behind whom delivery to mailboxes here goes on.
    pub(crate) last_sender: AtomicI64,
    pub(crate) waits: Places,
    /// Days that the audit log is kept.
    pub(crate) audit_days: AtomicU32,
    /// Refusals that come in floods, counted for the audit log.
    pub(crate) often: Often,
    /// Domains as senders, found a moment ago.
    pub(crate) identities: Identities,
    /// How often domains are checked.
    pub(crate) pace: Pace,
    /// Eyes for DNS.
    pub(crate) view: View,
    /// What our MTA-STS policies ask for.
    pub(crate) mta_sts_mode: ChosenMode,
    /// Who issues certificates.
    pub(crate) authority: Chosen,
    /// How often signatures have come of late.
    pub(crate) signatures: Signatures,
    /// How arriving mail was judged, for reports.
    pub(crate) sightings: Sightings,
    /// Whom this server writes to.
    pub(crate) operator: Operator,
    /// How many replies accounts may send.
    pub(crate) loops: LoopBudget,
    /// What the operator caps for everybody.
    pub(crate) plan: ChosenPlan,
    /// How far the walk came that finds mail whose time is up.
    pub(crate) walk: Walk,
    /// How spam is found.
    pub(crate) spam: spam::Chosen,
    /// How much workspaces have learned of spam.
    pub(crate) corpora: spam::Corpora,
    /// Searches that wait for mail to be indexed have it done one after the other.
    pub(crate) catching_up: tokio::sync::Mutex<()>,
}

impl std::fmt::Debug for Mailroom {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Mailroom")
    }
}

impl Mailroom {
    /// Opens the mailroom over an open store.
    #[must_use]
    pub fn new(store: Store, config: MailroomConfig) -> Self {
        Self {
            inner: Arc::new(Inner {
                store,
                config,
                unconfirmed: Unconfirmed::default(),
                arrivals: OnceLock::new(),
                recipients: recipient_cache(),
                standings: Standings::default(),
                room: Room::default(),
                tenancy: Tenancy::default(),
                outward: Outward::default(),
                outgate: Outgate::default(),
                hard_delete: AtomicBool::default(),
                last_sender: AtomicI64::default(),
                waits: Places::default(),
                audit_days: AtomicU32::new(AUDIT_DAYS_DEFAULT),
                often: Often::default(),
                identities: identities(),
                pace: Pace::default(),
                view: View::default(),
                mta_sts_mode: ChosenMode::default(),
                authority: Chosen::default(),
                signatures: Signatures::default(),
                sightings: Sightings::default(),
                operator: Operator::default(),
                loops: LoopBudget::default(),
                plan: ChosenPlan::default(),
                walk: Walk::default(),
                spam: spam::Chosen::default(),
                corpora: spam::corpora(),
                catching_up: tokio::sync::Mutex::new(()),
            }),
            ticket: None,
            doer: None,
        }
    }

    /// Returns a handle for one request that may come again: what it sends after [`Mailroom::begin_repeatable`] is noted
    /// under the request's key in the same transaction.
    #[must_use]
    pub fn for_one_request(&self) -> Self {
        Self {
            ticket: Some(Arc::default()),
            ..self.clone()
        }
    }

    /// Returns what the operator decided.
    #[must_use]
    pub fn config(&self) -> &MailroomConfig {
        &self.inner.config
    }

    /// Returns the clock all use cases go by.
    #[must_use]
    pub fn clock(&self) -> &SharedClock {
        self.inner.store.clock()
    }

    /// Returns the public id of a row.
    #[must_use]
    pub fn public_id(&self, kind: Kind, key: Key) -> String {
        self.inner.store.ids().seal(kind, key).to_string()
    }

    /// Returns the row behind a public id; made-up ids and ids of other kinds are refused without a look-up.
    ///
    /// # Errors
    /// [`Refusal::NotFound`].
    pub fn open_id(&self, kind: Kind, id: &str) -> Result<Key, Refusal> {
        self.inner
            .store
            .ids()
            .open(kind, id)
            .ok_or(Refusal::NotFound)
    }

    pub(crate) fn store(&self) -> &Store {
        &self.inner.store
    }

    pub(crate) fn now_seconds(&self) -> i64 {
        self.clock().unix_seconds()
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(reason) | StoreError::Full(reason) => {
                tracing::error!("the store is unavailable: {reason}");
                Self::Unavailable {
                    message: "the store is unavailable, nothing was changed".to_owned(),
                }
            }
            StoreError::Conflict { constraint } => Self::Internal {
                message: format!("unhandled conflict: {constraint}"),
            },
            StoreError::Refused(reason)
            | StoreError::Damaged(reason)
            | StoreError::Fault(reason) => Self::Internal { message: reason },
        }
    }
}
