//! Certificates for this server's own names, ordered from an authority and renewed without anybody's help.
//!
//! Each name has a certificate of its own, so that one name that cannot be proven keeps no other waiting. What must be
//! remembered is rows: the account, the open order with its key, the answers to challenges, the certificates. So an order
//! goes on where a process died, and of several processes one works on a name at a time while each can answer for it.
//!
//! | module | what it is for |
//! |---|---|
//! | `authority` | who issues, how names are proven, where certificates are shown |
//! | `names` | which names need one |
//! | `tend` | the loop's step: what is due, and what becomes of it |
//! | `order` | one order, from the beginning or from where it was left |
//! | `show` | from rows to what listeners show |
//! | `report` | how it stands |
//! | [`limits`] | every number |

pub mod limits;

mod authority;
mod names;
mod order;
mod report;
mod show;
mod tend;

pub use authority::Authority;
pub use report::CertificateReport;

pub(crate) use authority::Chosen;
