//! What a row keeps of a draft: everything but its body, its files and its flags.

use posthouse_store::StoreError;
use posthouse_store::tables::drafts::files::DraftFile;
use posthouse_store::tables::terms::{Field, Term};
use posthouse_types::address::DisplayAddress;
use posthouse_types::ids::IdCodec;
use serde::{Deserialize, Serialize};

use super::change::DraftChange;
use crate::organise::Metadata;
use crate::receive::document::folded;
use crate::send::{Outgoing, OutgoingFile, TrackingOptions};

/// The form in which this release keeps them.
const VERSION: u32 = 1;

/// The texts and addresses of a draft.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct DraftFields {
    v: u32,
    /// Where it is not the account under its own name.
    pub(super) from: Option<DisplayAddress>,
    pub(super) to: Vec<DisplayAddress>,
    pub(super) cc: Vec<DisplayAddress>,
    pub(super) bcc: Vec<DisplayAddress>,
    pub(super) reply_to: Vec<DisplayAddress>,
    pub(super) subject: String,
    pub(super) is_plaintext: bool,
    pub(super) custom_headers: Vec<(String, String)>,
    pub(super) tracking: Option<TrackingOptions>,
    /// Made of the body when that is written.
    pub(super) snippet: String,
}

impl Default for DraftFields {
    fn default() -> Self {
        Self {
            v: VERSION,
            from: None,
            to: Vec::new(),
            cc: Vec::new(),
            bcc: Vec::new(),
            reply_to: Vec::new(),
            subject: String::new(),
            is_plaintext: false,
            custom_headers: Vec::new(),
            tracking: None,
            snippet: String::new(),
        }
    }
}

impl DraftFields {
    /// Reads the stored form.
    pub(super) fn read(stored: &str) -> Result<Self, StoreError> {
        serde_json::from_str(stored)
            .map_err(|error| StoreError::Fault(format!("a draft's fields are damaged: {error}")))
    }

    /// Returns the form in which a row keeps them.
    pub(super) fn stored(&self) -> String {
        serde_json::to_string(self).expect("texts and addresses serialise")
    }

    /// Takes over what a change says about them.
    pub(super) fn merge(&mut self, change: &DraftChange) {
        fn take<T: Clone>(field: &mut T, new: Option<&T>) {
            if let Some(new) = new {
                field.clone_from(new);
            }
        }
        take(&mut self.from, change.from.as_ref());
        take(&mut self.to, change.to.as_ref());
        take(&mut self.cc, change.cc.as_ref());
        take(&mut self.bcc, change.bcc.as_ref());
        take(&mut self.reply_to, change.reply_to.as_ref());
        take(&mut self.subject, change.subject.as_ref());
        take(&mut self.is_plaintext, change.is_plaintext.as_ref());
        take(&mut self.custom_headers, change.custom_headers.as_ref());
        if let Some(tracking) = &change.tracking {
            self.tracking = tracking.clone().map(|new| self.with_host(new));
        }
    }

    /// Options that say nothing about the host keep it, as long as something is counted by it.
    fn with_host(&self, mut new: TrackingOptions) -> TrackingOptions {
        if !new.opens && !new.links {
            new.domain_name.clear();
        } else if new.domain_name.is_empty()
            && let Some(before) = &self.tracking
        {
            new.domain_name.clone_from(&before.domain_name);
        }
        new
    }

    /// Returns what a draft with these fields can be found by, each term once; `own` is the account's address.
    pub(super) fn terms(&self, metadata: &Metadata, own: &str, codec: &IdCodec) -> Vec<Term> {
        let author = match &self.from {
            Some(from) => folded(from),
            None => own.to_lowercase(),
        };
        let mut terms = vec![Field::From.term(codec, &author)];
        let lists = [
            (Field::To, &self.to),
            (Field::Cc, &self.cc),
            (Field::Bcc, &self.bcc),
            (Field::ReplyTo, &self.reply_to),
        ];
        for (field, list) in lists {
            terms.extend(list.iter().map(|one| field.term(codec, &folded(one))));
        }
        terms.extend(metadata.terms(codec));
        terms.sort_unstable();
        terms.dedup();
        terms
    }

    /// Returns the message that the draft is to become, without its body and what its files hold.
    pub(super) fn outgoing(&self, files: &[DraftFile]) -> Outgoing {
        Outgoing {
            from: self.from.clone(),
            to: self.to.clone(),
            cc: self.cc.clone(),
            bcc: self.bcc.clone(),
            reply_to: self.reply_to.clone(),
            subject: self.subject.clone(),
            is_plaintext: self.is_plaintext,
            custom_headers: self.custom_headers.clone(),
            tracking: self.tracking.clone(),
            files: files.iter().map(outgoing_file).collect(),
            ..Outgoing::default()
        }
    }
}

/// Returns a file without what it holds.
pub(super) fn outgoing_file(file: &DraftFile) -> OutgoingFile {
    OutgoingFile {
        filename: file.filename.clone(),
        content_type: file.content_type.clone(),
        content: bytes::Bytes::new(),
        content_id: file.content_id.clone(),
        is_inline: file.says_inline,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(opens: bool, links: bool, host: &str) -> TrackingOptions {
        TrackingOptions {
            opens,
            links,
            domain_name: host.to_owned(),
            ..TrackingOptions::default()
        }
    }

    fn after(before: TrackingOptions, new: TrackingOptions) -> String {
        let mut fields = DraftFields {
            tracking: Some(before),
            ..DraftFields::default()
        };
        fields.merge(&DraftChange {
            tracking: Some(Some(new)),
            ..DraftChange::default()
        });
        fields.tracking.unwrap().domain_name
    }

    #[test]
    fn tracking_keeps_its_host_until_nothing_is_counted_by_it() {
        let before = options(true, true, "t.shop.example");
        assert_eq!(
            after(before.clone(), options(false, true, "")),
            "t.shop.example"
        );
        assert_eq!(
            after(before.clone(), options(true, false, "u.shop.example")),
            "u.shop.example"
        );
        assert_eq!(after(before, options(false, false, "")), "");
    }

    #[test]
    fn what_is_stored_comes_back() {
        let fields = DraftFields {
            from: Some(DisplayAddress::default()),
            custom_headers: vec![("X-A".to_owned(), "1".to_owned())],
            tracking: Some(options(true, false, "")),
            ..DraftFields::default()
        };
        assert_eq!(DraftFields::read(&fields.stored()).unwrap(), fields);
        assert_eq!(DraftFields::read("{}").unwrap(), DraftFields::default());
    }
}
