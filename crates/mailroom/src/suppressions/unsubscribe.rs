//! Recipients say that they want no more: by a link of ours in the header of a message (RFC 8058), which needs no account and
//! no question.
//!
//! The link holds everything it is about, and a keyed check: nobody else can make one, and it works for as long as the
//! message is somewhere.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use posthouse_store::Tx;
use posthouse_store::tables::suppressions::{self, Suppression, SuppressionReason};
use posthouse_types::address::EmailAddress;
use posthouse_types::ids::Key;

use super::Departure;
use crate::send::Outgoing;
use crate::{Mailroom, Refusal};

/// What the check of a link is made for.
const LABEL: &str = "unsubscribe";
const KEY_BYTES: usize = size_of::<i64>();
const CHECK_BYTES: usize = size_of::<u64>();
/// Characters of a link's token at most: two keys, the longest address and the check.
const TOKEN_CHARACTERS_MAX: usize = 400;

impl Mailroom {
    /// Says where this server's API is reached from outside: links in messages begin with it. To be called before doors are
    /// opened.
    pub fn reached_at(&self, public_url: String) {
        let url = public_url.trim_end_matches('/').to_owned();
        self.inner.outgate.public_url.get_or_init(|| url);
    }

    /// Adds the link by which the one recipient wants no more, where the sender asked for it.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] for several recipients, or a header of that name; [`Refusal::NotSupported`] where nobody said how
    /// this server is reached.
    pub(crate) fn offer_unsubscribing(
        &self,
        departure: &Departure,
        outgoing: &mut Outgoing,
    ) -> Result<(), Refusal> {
        if !std::mem::take(&mut outgoing.list_unsubscribe) {
            return Ok(());
        }
        let Some(url) = self.inner.outgate.public_url.get() else {
            return Err(Refusal::NotSupported {
                message: "list_unsubscribe is not supported: the operator has not set public_url"
                    .to_owned(),
            });
        };
        let wrong = |message: &str| {
            let message = format!("list_unsubscribe: {message}");
            Err(Refusal::invalid("list_unsubscribe", message))
        };
        let mut all = outgoing.to.iter().chain(&outgoing.cc).chain(&outgoing.bcc);
        let (Some(only), None) = (all.next(), all.next()) else {
            return wrong("a link is one recipient's own: name exactly one");
        };
        let Ok(address) = only.to_strict() else {
            // Said better by whoever reads the recipients.
            return Ok(());
        };
        let is_ours = |name: &str| {
            let name = name.to_ascii_lowercase();
            name == "list-unsubscribe" || name == "list-unsubscribe-post"
        };
        if outgoing
            .custom_headers
            .iter()
            .any(|(name, _)| is_ours(name))
        {
            return wrong("the message has such a header already");
        }
        let token = self.unsubscribe_token(departure, &address.folded());
        let link = format!("<{url}/unsubscribe/{token}>");
        let one_click = "List-Unsubscribe=One-Click".to_owned();
        outgoing.custom_headers.extend([
            ("List-Unsubscribe".to_owned(), link),
            ("List-Unsubscribe-Post".to_owned(), one_click),
        ]);
        Ok(())
    }

    fn unsubscribe_token(&self, departure: &Departure, address: &str) -> String {
        let mut bytes = departure.application.0.to_be_bytes().to_vec();
        let workspace = departure.workspace.map_or(0, |workspace| workspace.0);
        bytes.extend_from_slice(&workspace.to_be_bytes());
        bytes.extend_from_slice(address.as_bytes());
        let check = self.store().ids().authenticate(LABEL, &bytes);
        bytes.extend_from_slice(&check.to_be_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Sends nothing more to whoever followed a link: from the workspace of the account that wrote, or from the application
    /// where a domain did. To be done again does no harm.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] for a link that is not ours.
    pub async fn unsubscribe(&self, token: &str) -> Result<(), Refusal> {
        let (application, row) = self.open_unsubscribe_token(token)?;
        self.store()
            .write(move |tx: &mut dyn Tx| suppressions::learn(tx, application, &row))
            .await
            .map_err(Refusal::from)?;
        metrics::counter!("posthouse_suppressions_unsubscribed_total").increment(1);
        Ok(())
    }

    /// Tells whether a link is one of ours.
    ///
    /// # Errors
    /// [`Refusal::NotFound`].
    pub fn check_unsubscribe_link(&self, token: &str) -> Result<(), Refusal> {
        self.open_unsubscribe_token(token).map(drop)
    }

    fn open_unsubscribe_token(&self, token: &str) -> Result<(Key, Suppression), Refusal> {
        let opened = || {
            if token.len() > TOKEN_CHARACTERS_MAX {
                return None;
            }
            let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
            let (said, check) = bytes.split_last_chunk::<CHECK_BYTES>()?;
            let codec = self.store().ids();
            if codec.authenticate(LABEL, said).to_be_bytes() != *check {
                return None;
            }
            let (application, rest) = said.split_first_chunk::<KEY_BYTES>()?;
            let (workspace, address) = rest.split_first_chunk::<KEY_BYTES>()?;
            let address = EmailAddress::parse_strict(std::str::from_utf8(address).ok()?).ok()?;
            let workspace = Some(i64::from_be_bytes(*workspace)).filter(|key| *key != 0);
            let row = Suppression {
                id: self.store().new_key(),
                workspace: workspace.map(Key),
                address: address.folded(),
                reason: SuppressionReason::Unsubscribe,
                source_message: None,
                created_at: self.now_seconds(),
                expires_at: None,
            };
            Some((Key(i64::from_be_bytes(*application)), row))
        };
        opened().ok_or(Refusal::NotFound)
    }
}
