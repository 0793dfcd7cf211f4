//! What other servers tell of sent mail: that it did not arrive after all, that its recipients complained, and how receivers
//! saw a domain's mail on the whole.
//!
//! A report is believed for the address that it comes to: a return path holds a token that only this server can make. What
//! comes there and is no complaint is also mail for the sender, as anywhere else.
//!
//! | module | what it is for |
//! |---|---|
//! | `address` | which addresses reports come to |
//! | `take` | what arrives there is read |
//! | `bounced`, `complained` | what that means for a message |
//! | `aggregate`, `list` | what receivers saw of a domain, kept and shown |

mod address;
mod aggregate;
mod bounced;
mod complained;
mod list;
mod take;

pub use list::{DomainReportPage, DomainReportView};

pub(crate) use address::ReportAddress;
pub(crate) use aggregate::keep_report;

use posthouse_store::tables::domain_reports::ReportKind;

/// Every kind of report about domains, as it is asked for.
pub const REPORT_KINDS: [&str; 2] = ["dmarc", "tls"];

fn kind_of(name: &str) -> Option<ReportKind> {
    match name {
        "dmarc" => Some(ReportKind::Dmarc),
        "tls" => Some(ReportKind::Tls),
        _ => None,
    }
}
