//! The mail servers of a domain, as delivery asks for them.

use hickory_resolver::proto::rr::{RData, RecordType};

use super::live::Exchange;
use super::{ResolveError, Resolver};

impl Resolver {
    /// Returns the mail exchangers of a domain in no particular order; none where there are no MX records, whether or not
    /// the domain exists. A record without a host is the null MX of RFC 7505.
    ///
    /// # Errors
    /// [`ResolveError`]; nothing is known then.
    pub async fn exchanges(&self, domain: &str) -> Result<Vec<Exchange>, ResolveError> {
        let answer = match self.validated(domain, RecordType::MX).await {
            Ok(answer) => answer,
            Err(ResolveError::NotFound) => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let exchange = |record: &RData| match record {
            RData::MX(mx) => Some(Exchange {
                preference: mx.preference,
                host: super::live::plain(&mx.exchange),
            }),
            _ => None,
        };
        Ok(answer.records.iter().filter_map(exchange).collect())
    }
}
