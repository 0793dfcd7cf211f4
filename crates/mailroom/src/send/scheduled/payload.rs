//! What a schedule keeps of its message: a head in JSON, then the octets of its files.

use bytes::Bytes;
use posthouse_store::StoreError;
use posthouse_types::address::DisplayAddress;
use posthouse_types::ids::Key;
use serde::{Deserialize, Serialize};

use super::super::outgoing::{Outgoing, OutgoingFile};
use super::super::tracking::TrackingOptions;
use crate::organise::Metadata;

const VERSION: u32 = 1;

/// Octets in which the length of the head stands before it.
const LENGTH_OCTETS: usize = 4;

/// A message that waits, and what was promised of it.
#[derive(Debug)]
pub(in crate::send) struct Payload {
    pub(in crate::send) outgoing: Outgoing,
    /// Part of its Message-ID.
    pub(in crate::send) secret: String,
    /// Keys of its attachments.
    pub(in crate::send) attachments: Vec<Key>,
}

#[derive(Serialize, Deserialize)]
struct Head {
    v: u32,
    secret: String,
    attachments: Vec<i64>,
    from: Option<DisplayAddress>,
    to: Vec<DisplayAddress>,
    cc: Vec<DisplayAddress>,
    bcc: Vec<DisplayAddress>,
    reply_to: Vec<DisplayAddress>,
    subject: String,
    body: String,
    is_plaintext: bool,
    custom_headers: Vec<(String, String)>,
    reply_to_message_id: Option<String>,
    metadata: Option<String>,
    starred: bool,
    tracking: Option<TrackingOptions>,
    #[serde(default)]
    skip_suppressed: bool,
    #[serde(default)]
    require_tls: bool,
    files: Vec<FileHead>,
}

#[derive(Serialize, Deserialize)]
struct FileHead {
    filename: String,
    content_type: String,
    octets: usize,
    content_id: Option<String>,
    is_inline: bool,
}

impl Payload {
    /// Returns the form in which it is kept.
    pub(super) fn write(&self) -> Vec<u8> {
        // Named one by one: a member that is added is not forgotten here.
        let Outgoing {
            from,
            to,
            cc,
            bcc,
            reply_to,
            subject,
            body,
            is_plaintext,
            files,
            custom_headers,
            reply_to_message_id,
            metadata,
            starred,
            tracking,
            skip_suppressed,
            require_tls,
            // It is in the headers by now.
            list_unsubscribe: _,
        } = self.outgoing.clone();
        let head = Head {
            v: VERSION,
            secret: self.secret.clone(),
            attachments: self.attachments.iter().map(|key| key.0).collect(),
            from,
            to,
            cc,
            bcc,
            reply_to,
            subject,
            body,
            is_plaintext,
            custom_headers,
            reply_to_message_id,
            metadata: metadata.stored(),
            starred,
            tracking,
            skip_suppressed,
            require_tls,
            files: files.iter().map(FileHead::of).collect(),
        };
        let head = serde_json::to_vec(&head).expect("texts and numbers serialise");
        let length = u32::try_from(head.len()).expect("a message is far below 4 GiB");
        let octets: usize = files.iter().map(|file| file.content.len()).sum();
        let mut kept = Vec::with_capacity(LENGTH_OCTETS + head.len() + octets);
        kept.extend_from_slice(&length.to_be_bytes());
        kept.extend_from_slice(&head);
        for file in &files {
            kept.extend_from_slice(&file.content);
        }
        kept
    }

    /// Reads the form in which it is kept.
    pub(in crate::send) fn read(kept: Vec<u8>) -> Result<Self, StoreError> {
        let mut rest = Bytes::from(kept);
        let length = take(&mut rest, LENGTH_OCTETS)?;
        let length = length
            .iter()
            .fold(0, |sum, octet| sum << 8 | usize::from(*octet));
        let head = take(&mut rest, length)?;
        let head: Head =
            serde_json::from_slice(&head).map_err(|error| damaged(&error.to_string()))?;
        if head.v != VERSION {
            return Err(damaged(&format!("version {}", head.v)));
        }
        let mut files = Vec::with_capacity(head.files.len());
        for file in head.files {
            let content = take(&mut rest, file.octets)?;
            files.push(file.with(content));
        }
        Ok(Self {
            secret: head.secret,
            attachments: head.attachments.into_iter().map(Key).collect(),
            outgoing: Outgoing {
                from: head.from,
                to: head.to,
                cc: head.cc,
                bcc: head.bcc,
                reply_to: head.reply_to,
                subject: head.subject,
                body: head.body,
                is_plaintext: head.is_plaintext,
                files,
                custom_headers: head.custom_headers,
                reply_to_message_id: head.reply_to_message_id,
                metadata: Metadata::read(head.metadata.as_deref())?,
                starred: head.starred,
                tracking: head.tracking,
                skip_suppressed: head.skip_suppressed,
                require_tls: head.require_tls,
                list_unsubscribe: false,
            },
        })
    }
}

impl FileHead {
    fn of(file: &OutgoingFile) -> Self {
        Self {
            filename: file.filename.clone(),
            content_type: file.content_type.clone(),
            octets: file.content.len(),
            content_id: file.content_id.clone(),
            is_inline: file.is_inline,
        }
    }

    fn with(self, content: Bytes) -> OutgoingFile {
        OutgoingFile {
            filename: self.filename,
            content_type: self.content_type,
            content,
            content_id: self.content_id,
            is_inline: self.is_inline,
        }
    }
}

fn take(rest: &mut Bytes, octets: usize) -> Result<Bytes, StoreError> {
    if octets > rest.len() {
        return Err(damaged("it ends too early"));
    }
    Ok(rest.split_to(octets))
}

fn damaged(why: &str) -> StoreError {
    StoreError::Fault(format!("a scheduled message is damaged: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payload() -> Payload {
        let somebody = || {
            vec![DisplayAddress {
                name: "Ä".to_owned(),
                email: "a@b.example".to_owned(),
            }]
        };
        Payload {
            secret: "s".to_owned(),
            attachments: vec![Key(7)],
            outgoing: Outgoing {
                from: somebody().pop(),
                to: somebody(),
                cc: somebody(),
                bcc: somebody(),
                reply_to: somebody(),
                subject: "Später".to_owned(),
                body: "<p>x</p>".to_owned(),
                is_plaintext: true,
                files: [&b"\0\xff"[..], b"", b"three"]
                    .map(|content| OutgoingFile {
                        filename: "f".to_owned(),
                        content_type: "a/b".to_owned(),
                        content: Bytes::from_static(content),
                        content_id: Some("c".to_owned()),
                        is_inline: true,
                    })
                    .into(),
                custom_headers: vec![("X-A".to_owned(), "1".to_owned())],
                reply_to_message_id: Some("m".to_owned()),
                metadata: Metadata::new([("k".to_owned(), "v".to_owned())].into()).unwrap(),
                starred: true,
                tracking: Some(TrackingOptions {
                    opens: true,
                    label: "l".to_owned(),
                    ..TrackingOptions::default()
                }),
                skip_suppressed: true,
                require_tls: true,
                list_unsubscribe: false,
            },
        }
    }

    #[test]
    fn what_is_kept_comes_back_as_it_was() {
        let kept = payload().write();
        assert_eq!(
            format!("{:?}", Payload::read(kept).unwrap()),
            format!("{:?}", payload())
        );
    }

    #[test]
    fn what_was_cut_off_or_is_of_another_release_is_refused() {
        let kept = payload().write();
        for length in [0, 3, 4, 20, kept.len() - 1] {
            assert!(Payload::read(kept[..length].to_vec()).is_err(), "{length}");
        }
        let newer = String::from_utf8_lossy(&kept).replacen("\"v\":1", "\"v\":2", 1);
        assert!(Payload::read(newer.into_bytes()).is_err());
    }
}
