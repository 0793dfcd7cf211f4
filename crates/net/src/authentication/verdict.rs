//! What was found out, in the words of RFC 8601 2.7.

use std::net::IpAddr;

/// Gives an enum of results the words it is shown with.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$variant_doc])* $variant,)+ }

        impl $name {
            /// Every result.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// Returns the word that stands for it.
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }
    };
}

words! {
    /// RFC 8601 2.7.2.
    SpfResult {
        /// The domain publishes nothing, or there is no domain.
        None = "none",
        /// The domain says nothing of this address.
        Neutral = "neutral",
        /// The address may send for the domain.
        Pass = "pass",
        /// It may not.
        Fail = "fail",
        /// It probably may not.
        SoftFail = "softfail",
        /// The DNS gave no answer.
        TempError = "temperror",
        /// What is published cannot be understood, or costs more than allowed.
        PermError = "permerror",
    }
}

words! {
    /// RFC 8601 2.7.1.
    DkimResult {
        /// The signature is valid.
        Pass = "pass",
        /// It is not.
        Fail = "fail",
        /// It is none that this server accepts: its key is too long, or it covers a part of the body only.
        Policy = "policy",
        /// It cannot be evaluated because it is malformed.
        Neutral = "neutral",
        /// The DNS gave no answer.
        TempError = "temperror",
        /// Its key does not exist or is unusable.
        PermError = "permerror",
    }
}

words! {
    /// The results that RFC 9989 registers.
    DmarcResult {
        /// The author's domain publishes no policy.
        None = "none",
        /// An aligned identifier passed.
        Pass = "pass",
        /// None did.
        Fail = "fail",
        /// The DNS gave no answer.
        TempError = "temperror",
        /// There is no author's domain to ask about.
        PermError = "permerror",
    }
}

words! {
    /// RFC 8617 10.1.
    ArcResult {
        /// Nobody sealed the message.
        None = "none",
        /// The chain of seals is whole.
        Pass = "pass",
        /// It is not.
        Fail = "fail",
        /// The DNS gave no answer.
        TempError = "temperror",
    }
}

words! {
    /// What a domain asks of receivers for mail that fails DMARC.
    Policy {
        /// Nothing.
        None = "none",
        /// To set it apart.
        Quarantine = "quarantine",
        /// To refuse it.
        Reject = "reject",
    }
}

words! {
    /// Whose domain SPF was asked about.
    SpfIdentity {
        /// The envelope sender's.
        MailFrom = "mailfrom",
        /// The name in HELO or EHLO.
        Helo = "helo",
    }
}

/// What SPF says of one identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpfVerdict {
    /// The result.
    pub result: SpfResult,
    /// The domain that was asked about; empty when there is none.
    pub domain: String,
    /// Whose domain that is.
    pub identity: SpfIdentity,
}

/// What one DKIM signature says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DkimVerdict {
    /// The result.
    pub result: DkimResult,
    /// The domain that signed (`d=`), in lower case; empty when malformed.
    pub domain: String,
    /// The key's name (`s=`); empty when malformed.
    pub selector: String,
    /// The algorithm's name (`a=`); empty when malformed.
    pub algorithm: &'static str,
    /// The front of the signature, which tells several of one domain apart (RFC 6008).
    pub signature_start: String,
    /// Stands for the whole signature: the same in every copy of the message.
    pub fingerprint: u64,
    /// Whether it says that it covers a part of the body only (`l=`).
    pub has_length: bool,
    /// Why it did not pass.
    pub reason: Option<&'static str>,
}

/// Which mechanisms passed for a domain that is aligned with the author's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Aligned {
    /// SPF did.
    pub spf: bool,
    /// A DKIM signature did.
    pub dkim: bool,
}

/// What DMARC says of the author's domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DmarcVerdict {
    /// The result.
    pub result: DmarcResult,
    /// The author's domain; empty when there is none.
    pub domain: String,
    /// What the domain asks for, for failing mail of this name and with testing (`t=y`) taken into account; `None` when
    /// it publishes nothing.
    pub policy: Option<Policy>,
    /// What passed.
    pub aligned: Aligned,
    /// The domain whose record that is.
    pub policy_domain: String,
}

/// One of those who passed a message on and sealed what they had found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealer {
    /// Its domain (`d=`); empty when malformed.
    pub domain: String,
    /// Whether it says that the message passed DMARC when it came.
    pub found_dmarc_pass: bool,
}

/// What the chain of seals says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArcVerdict {
    /// The result.
    pub result: ArcResult,
    /// Seals in the chain.
    pub instances: u32,
    /// Who sealed, the first one first.
    pub sealers: Vec<Sealer>,
    /// Why it did not pass.
    pub reason: Option<&'static str>,
}

/// All that was found out about a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdicts {
    /// The peer, where SPF was asked about it.
    pub peer: Option<IpAddr>,
    /// SPF of the envelope sender, or of the HELO name for the null sender; `None` when the peer is not to be judged.
    pub spf: Option<SpfVerdict>,
    /// SPF of the HELO name, where there is a sender as well and anything is published.
    pub helo: Option<SpfVerdict>,
    /// One for each signature that was evaluated, from the top down.
    pub dkim: Vec<DkimVerdict>,
    /// DMARC; `None` when SPF was not asked and nothing else decides.
    pub dmarc: Option<DmarcVerdict>,
    /// ARC.
    pub arc: ArcVerdict,
}

impl Verdicts {
    /// Returns what the author's domain asks for if the message fails DMARC.
    pub fn failed_policy(&self) -> Option<Policy> {
        let dmarc = self.dmarc.as_ref()?;
        (dmarc.result == DmarcResult::Fail).then_some(dmarc.policy?)
    }

    /// Tells whether one of these domains vouches that the message passed DMARC before it was changed on its way. Only
    /// what trusted sealers alone have handled since is believed.
    pub fn is_vouched_for(&self, trusted: &[String]) -> bool {
        self.arc.result == ArcResult::Pass
            && self
                .arc
                .sealers
                .iter()
                .rev()
                .take_while(|sealer| trusted.contains(&sealer.domain))
                .any(|sealer| sealer.found_dmarc_pass)
    }
}
