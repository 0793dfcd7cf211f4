//! Our own MTA-STS policies: what other servers are told about handing us mail. RFC 8461 3.2.

use std::sync::OnceLock;

use posthouse_store::Tx;
use posthouse_store::tables::domains;
use sha2::{Digest, Sha256};

use super::limits::{MTA_STS_ENFORCED_AGE_SECONDS, MTA_STS_TRIED_AGE_SECONDS};
use crate::{Mailroom, Refusal};

/// How much is asked of other servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MtaStsMode {
    /// Whoever cannot verify our certificate must not deliver.
    Enforce,
    /// Whoever cannot reports it and delivers all the same.
    #[default]
    Testing,
    /// What was asked earlier is withdrawn.
    None,
}

impl MtaStsMode {
    /// Every mode.
    pub const ALL: [Self; 3] = [Self::Enforce, Self::Testing, Self::None];

    /// Returns the mode as policies spell it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Enforce => "enforce",
            Self::Testing => "testing",
            Self::None => "none",
        }
    }
}

/// The mode, once the operator has said it.
#[derive(Default)]
pub(crate) struct ChosenMode(OnceLock<MtaStsMode>);

/// Writes the policy of a domain whose mail comes to `mail_host`.
#[must_use]
pub fn mta_sts_policy(mail_host: &str, mode: MtaStsMode) -> String {
    let max_age = match mode {
        MtaStsMode::Enforce => MTA_STS_ENFORCED_AGE_SECONDS,
        // RFC 8461 2: what may soon change is not kept for long.
        MtaStsMode::Testing | MtaStsMode::None => MTA_STS_TRIED_AGE_SECONDS,
    };
    let mode = mode.name();
    format!("version: STSv1\r\nmode: {mode}\r\nmx: {mail_host}\r\nmax_age: {max_age}\r\n")
}

/// Returns the id that announces a policy: another one for another text. RFC 8461 3.1: letters and digits, at most 32.
#[must_use]
pub fn mta_sts_id(policy: &str) -> String {
    hex::encode(&Sha256::digest(policy.as_bytes())[..8])
}

impl Mailroom {
    /// Sets what our policies ask of other servers. To be called once, before doors are opened; until then it is
    /// [`MtaStsMode::Testing`].
    pub fn ask_for_tls(&self, mode: MtaStsMode) {
        if self.inner.mta_sts_mode.0.set(mode).is_err() {
            tracing::warn!("the MTA-STS mode was set twice, the first is used");
        }
    }

    /// Returns the policy that a web server shows as `host`, which is `mta-sts.` and a registered domain; `None` for others.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`] when the store is.
    pub async fn policy_at(&self, host: &str) -> Result<Option<String>, Refusal> {
        let host = host.to_ascii_lowercase();
        let Some(domain) = host.strip_prefix("mta-sts.").map(str::to_owned) else {
            return Ok(None);
        };
        let registered = self
            .store()
            .read(move |tx: &mut dyn Tx| domains::by_address(tx, &domain))
            .await
            .map_err(Refusal::from)?;
        let policy = || mta_sts_policy(&self.config().hostname, self.mta_sts_mode());
        Ok(registered
            .filter(|domain| !domain.branded)
            .map(|_| policy()))
    }

    pub(super) fn mta_sts_mode(&self) -> MtaStsMode {
        self.inner.mta_sts_mode.0.get().copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use posthouse_net::tls_policy::mta_sts::{Mode, Policy, record_id};

    use super::*;

    #[test]
    fn our_own_reader_understands_what_is_written() {
        for mode in MtaStsMode::ALL {
            let text = mta_sts_policy("mx.example.net", mode);
            let policy = Policy::parse(text.as_bytes()).unwrap();
            assert!(policy.names("mx.example.net"));
            let expected = match mode {
                MtaStsMode::Enforce => (Mode::Enforce, 604_800),
                MtaStsMode::Testing => (Mode::Testing, 86_400),
                MtaStsMode::None => (Mode::None, 86_400),
            };
            assert_eq!((policy.mode, policy.max_age_seconds), expected);
        }
    }

    #[test]
    fn every_text_has_an_id_of_its_own_that_a_record_can_carry() {
        let mut ids: Vec<String> = MtaStsMode::ALL
            .map(|mode| mta_sts_id(&mta_sts_policy("mx.example.net", mode)))
            .to_vec();
        ids.push(mta_sts_id(&mta_sts_policy(
            "mx2.example.net",
            MtaStsMode::Enforce,
        )));
        for id in &ids {
            let record = format!("v=STSv1; id={id}");
            assert_eq!(record_id(&[record]).as_ref(), Some(id));
        }
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 4);
    }
}
