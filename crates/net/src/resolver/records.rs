//! Records of any type, through the cache and without DNSSEC's opinion.

use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{Name, RData, RecordType};

use super::Resolver;
use crate::limits::DNS_LOOKUP_DEADLINE;

/// What a question became.
#[derive(Debug)]
pub(crate) enum Records {
    /// The records of the asked type, aliases followed; none is an answer.
    Some(Vec<RData>),
    /// The name does not exist.
    NoName,
    /// The name servers could not say, or not in time.
    Trouble,
}

impl Resolver {
    /// Asks for the records of one type at an absolute name. Ends within [`DNS_LOOKUP_DEADLINE`].
    pub(crate) async fn records(&self, name: Name, kind: RecordType) -> Records {
        let lookup = self.dns.lookup(name, kind);
        let Ok(answer) = tokio::time::timeout(DNS_LOOKUP_DEADLINE, lookup).await else {
            return Records::Trouble;
        };
        match answer {
            Ok(lookup) => {
                let answers = lookup.answers().iter();
                let of_kind = answers.filter(|record| record.record_type() == kind);
                Records::Some(of_kind.map(|record| record.data.clone()).collect())
            }
            Err(NetError::Dns(DnsError::NoRecordsFound(none))) => match none.response_code {
                ResponseCode::NXDomain => Records::NoName,
                ResponseCode::NoError => Records::Some(Vec::new()),
                _ => Records::Trouble,
            },
            Err(error) => {
                tracing::debug!(%error, "DNS lookup failed");
                Records::Trouble
            }
        }
    }
}
