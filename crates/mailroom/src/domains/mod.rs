//! Registered domains: where accounts can be, for which application, and what DNS says of them.
//!
//! | module | what it is for |
//! |---|---|
//! | `create`, `view`, `update`, `delete` | domains |
//! | `records`, `zone` | what an owner publishes (pure) |
//! | `keys`, `identity` | signing keys, and as whom a domain's mail leaves |
//! | `info`, `verify`, `recheck` | the use cases: what to publish, whether it is there, and whether it still is |
//! | `check`, `tags`, `settle` | one look into DNS, and what follows from it |
//! | `mta_sts` | what other servers are told about handing us mail |
//! | `sight` | the seam to DNS |
//! | `pace` | how often may be looked |
//! | [`limits`] | every number |

pub mod limits;

mod check;
mod create;
mod delete;
mod identity;
mod info;
mod keys;
mod mta_sts;
mod pace;
mod recheck;
mod records;
mod sending;
mod settle;
mod sight;
mod tags;
mod update;
mod verify;
mod view;
mod zone;

pub use create::{DomainOwner, NewDomain};
pub use identity::ReturnPath;
pub use info::{Verification, Zone};
pub use mta_sts::{MtaStsMode, mta_sts_id, mta_sts_policy};
pub use posthouse_store::tables::domain_checks::CheckStatus;
pub use records::{DnsRecord, RecordKind};
pub use sending::WARM_UP_DEFAULT;
pub use sight::{Look, Sight, Surroundings};
pub use update::DomainChanges;
pub use view::{DomainPage, DomainView, WarmUpView};

pub(crate) use identity::{Identities, identities};
pub(crate) use mta_sts::ChosenMode;
pub(crate) use pace::Pace;
pub(crate) use sight::View;
pub(crate) use view::{DomainName, find_domain};
