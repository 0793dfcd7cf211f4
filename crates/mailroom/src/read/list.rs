//! Listing and getting messages.

use std::collections::HashMap;

use posthouse_store::tables::folders::{self as folder_rows, Folder};
use posthouse_store::tables::messages::{self, Selection, Source};
use posthouse_store::tables::terms::{Field, Term};
use posthouse_store::tables::tracked;
use posthouse_store::{StoreError, Tx};
use posthouse_types::address::EmailAddress;
use posthouse_types::ids::{IdCodec, Key, Kind};

use super::folders;
use super::headers::{self, Parts, Wanted};
use super::object::ObjectWriter;
use super::query::{CursorOf, Detail, MessageQuery, PageRequest, open_cursor, seal_cursor};
use crate::actor::GrantRef;
use crate::{Mailroom, Refusal};

/// Bytes of JSON after which a page ends early: fifty messages of 100 MB must not be in memory at once.
///
/// A single object may be larger: bodies are complete, however long.
pub const PAGE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// A page of message objects.
#[derive(Debug, Default)]
pub struct MessagePage {
    /// The objects' JSON, one after the other with a comma between them.
    pub json: Vec<u8>,
    /// Where each object ends in `json`.
    pub ends: Vec<usize>,
    /// The cursor of the next page, if rows remain.
    pub next_cursor: Option<String>,
}

impl MessagePage {
    /// Returns the JSON of each object.
    pub fn objects(&self) -> impl Iterator<Item = &[u8]> {
        self.ends.iter().scan(0, |start, end| {
            let object = &self.json[*start..*end];
            *start = end + 1;
            Some(object)
        })
    }
}

impl Mailroom {
    /// Lists messages of an account, newest first, or by relevance when the query searches for words.
    ///
    /// Reads no blob unless headers or sources are asked for.
    ///
    /// A page ends early when it has [`PAGE_BYTES_MAX`].
    ///
    /// # Errors
    /// [`Refusal::Invalid`] for a cursor of another listing.
    pub async fn list_messages(
        &self,
        grant: &GrantRef,
        query: MessageQuery,
        page: PageRequest,
        detail: Detail,
    ) -> Result<MessagePage, Refusal> {
        if let Some(search) = query.search.clone() {
            return self
                .search_messages(grant, &search, query, page, detail)
                .await;
        }
        let codec = self.store().ids().clone();
        let sealer = codec.clone();
        let behind = page
            .cursor
            .as_deref()
            .map(|cursor| open_cursor(&codec, CursorOf::Messages, grant.grant, cursor))
            .transpose()?;
        let grant = grant.grant;
        let limit = page.limit;
        let offset = if behind.is_some() { 0 } else { page.offset };
        let (found, listed) = self
            .store()
            .read(move |tx: &mut dyn Tx| -> Result<_, Refusal> {
                let Some(mut selection) = selection(tx, &codec, grant, &query)? else {
                    return Ok((Vec::new(), Listed::default()));
                };
                selection.behind = behind;
                // One more than asked for tells whether rows remain.
                selection.limit = limit as i64 + 1;
                selection.offset = offset;
                let found = messages::select(tx, &selection)?;
                let ids: Vec<Key> = found.iter().take(limit).map(|found| found.id).collect();
                let listed = load(tx, &codec, grant, &ids, detail)?;
                Ok((found, listed))
            })
            .await?;
        let mut page = self.complete(listed).await?;
        let shown = page.ends.len();
        page.next_cursor = found[..shown]
            .last()
            .filter(|_| shown < found.len())
            .map(|position| seal_cursor(&sealer, CursorOf::Messages, grant, *position));
        Ok(page)
    }

    /// Returns one message object of an account.
    ///
    /// # Errors
    /// [`Refusal::NotFound`].
    pub async fn get_message(
        &self,
        grant: &GrantRef,
        message_id: &str,
        detail: Detail,
    ) -> Result<Vec<u8>, Refusal> {
        let id = self.open_id(Kind::Message, message_id)?;
        self.message_object(grant.grant, id, detail)
            .await?
            .ok_or(Refusal::NotFound)
    }

    /// Returns a message's object by its key, or `None` when it is gone.
    pub(crate) async fn message_object(
        &self,
        grant: Key,
        id: Key,
        detail: Detail,
    ) -> Result<Option<Vec<u8>>, Refusal> {
        let codec = self.store().ids().clone();
        let listed = self
            .store()
            .read(move |tx: &mut dyn Tx| -> Result<Listed, Refusal> {
                Ok(load(tx, &codec, grant, &[id], detail)?)
            })
            .await?;
        let page = self.complete(listed).await?;
        Ok((!page.ends.is_empty()).then_some(page.json))
    }

    /// Adds to the objects what had to be fetched from outside the database.
    pub(crate) async fn complete(&self, listed: Listed) -> Result<MessagePage, Refusal> {
        if listed.wanted.is_empty() {
            return Ok(listed.page);
        }
        headers::complete(self.store().blobs(), listed.page, listed.wanted).await
    }
}

/// A page whose objects may still miss their headers or sources.
#[derive(Default)]
pub(crate) struct Listed {
    pub(crate) page: MessagePage,
    pub(crate) wanted: Vec<Wanted>,
}

/// Renders the objects of messages in the order of `ids`, up to [`PAGE_BYTES_MAX`]; missing ones are left out.
pub(crate) fn load(
    tx: &mut dyn Tx,
    codec: &IdCodec,
    grant: Key,
    ids: &[Key],
    detail: Detail,
) -> Result<Listed, StoreError> {
    let writer = ObjectWriter::new(codec, grant);
    if detail == Detail::RawMime {
        return headers::raw_sources(tx, codec, &writer, grant, ids);
    }
    let tracking = match detail {
        Detail::With { tracking: true, .. } => Some(tracking_members(tx, grant, ids)?),
        _ => None,
    };
    let mut rendered = Rendered::default();
    // A guess at the usual object keeps the buffer from growing step by step.
    rendered.json.reserve(ids.len() * 4_096);
    messages::show(tx, grant, ids, &mut |message| {
        let start = rendered.json.len();
        if start >= PAGE_BYTES_MAX {
            rendered.is_full = true;
            return Ok(());
        }
        writer.open(&mut rendered.json, &message)?;
        if let Some(tracking) = &tracking {
            let member = tracking.get(&message.id);
            let member = member.map_or(NO_TRACKING, String::as_str);
            rendered.json.extend_from_slice(member.as_bytes());
        }
        rendered.json.push(b'}');
        rendered
            .pieces
            .push((message.id, start, rendered.json.len()));
        rendered.json.push(b',');
        Ok(())
    })?;
    let page = rendered.in_order(ids);
    if page.ends.is_empty() && ids.len() > 1 {
        // The first one came last and found the page full.
        return load(tx, codec, grant, &ids[..1], detail);
    }
    let Some(parts) = Parts::of(detail) else {
        return Ok(Listed {
            page,
            wanted: Vec::new(),
        });
    };
    let shown = &ids[..page.ends.len().min(ids.len())];
    let wanted = headers::wanted(tx, grant, shown, parts)?;
    Ok(Listed { page, wanted })
}

/// Returns the member `tracking_options` of those messages that have some, each with the comma before it.
fn tracking_members(
    tx: &mut dyn Tx,
    grant: Key,
    ids: &[Key],
) -> Result<HashMap<Key, String>, StoreError> {
    let options = tracked::options(tx, grant, ids)?.into_iter();
    let member = |(id, options)| (id, format!(",\"tracking_options\":{options}"));
    Ok(options.map(member).collect())
}

/// Received mail is never tracked.
const NO_TRACKING: &str = ",\"tracking_options\":{\"opens\":false,\"links\":false,\"thread_replies\":false,\"label\":\"\"}";

/// Objects in the order in which the engine handed them out.
#[derive(Default)]
struct Rendered {
    json: Vec<u8>,
    pieces: Vec<(Key, usize, usize)>,
    /// There was no room for all of them.
    is_full: bool,
}

impl Rendered {
    fn in_order(mut self, ids: &[Key]) -> MessagePage {
        let in_order = self.pieces.iter().map(|(id, ..)| id).eq(ids.iter());
        if in_order {
            self.json.pop();
            let ends = self.pieces.iter().map(|(_, _, end)| *end).collect();
            return MessagePage {
                json: self.json,
                ends,
                next_cursor: None,
            };
        }
        let places: HashMap<Key, (usize, usize)> = self
            .pieces
            .iter()
            .map(|(id, start, end)| (*id, (*start, *end)))
            .collect();
        let mut page = MessagePage {
            json: Vec::with_capacity(self.json.len()),
            ..MessagePage::default()
        };
        for id in ids {
            let Some((start, end)) = places.get(id) else {
                if self.is_full {
                    break;
                }
                continue;
            };
            if !page.json.is_empty() {
                page.json.push(b',');
            }
            page.json.extend_from_slice(&self.json[*start..*end]);
            page.ends.push(page.json.len());
        }
        page
    }
}

/// Turns a query into a selection of rows, or `None` when nothing can match.
pub(crate) fn selection(
    tx: &mut dyn Tx,
    codec: &IdCodec,
    grant: Key,
    query: &MessageQuery,
) -> Result<Option<Selection>, Refusal> {
    selection_among(&folder_rows::of_grant(tx, grant)?, codec, grant, query)
}

/// The same for a caller that has the account's folders.
pub(crate) fn selection_among(
    all: &[Folder],
    codec: &IdCodec,
    grant: Key,
    query: &MessageQuery,
) -> Result<Option<Selection>, Refusal> {
    let folders = folders::filtered(all, codec, &query.folders)?;
    if folders.is_empty() {
        return Ok(None);
    }
    let thread = match &query.thread_id {
        None => None,
        Some(id) => match codec.open(Kind::Thread, id) {
            None => return Ok(None),
            thread => thread,
        },
    };
    let mut groups = term_groups(codec, query);
    let source = match thread {
        Some(thread) if groups.is_empty() => Source::Thread(thread),
        _ if groups.is_empty() => Source::Folders,
        _ => Source::Terms(groups.remove(0)),
    };
    Ok(Some(Selection {
        grant,
        source,
        folders,
        term_groups: groups,
        unread: query.unread,
        starred: query.starred,
        has_attachment: query.has_attachment,
        thread,
        subject: query.subject.as_deref().map(str::to_lowercase),
        after: query.received_after,
        before: query.received_before,
        behind: None,
        limit: 0,
        offset: 0,
    }))
}

/// Returns the exact conditions as groups of terms, the one that is likely to match least first.
pub(crate) fn term_groups(codec: &IdCodec, query: &MessageQuery) -> Vec<Vec<Term>> {
    let mut groups = Vec::new();
    if let Some(id) = &query.rfc822_message_id {
        let bare = id.trim().trim_start_matches('<').trim_end_matches('>');
        groups.push(vec![Field::HeaderId.term(codec, &format!("<{bare}>"))]);
    }
    for pair in &query.metadata_pairs {
        groups.push(vec![Field::Metadata.term(codec, pair)]);
    }
    let roles = [
        (&query.from, &[Field::From][..]),
        (
            &query.any_email,
            &[
                Field::From,
                Field::To,
                Field::Cc,
                Field::Bcc,
                Field::ReplyTo,
            ][..],
        ),
        (&query.bcc, &[Field::Bcc][..]),
        (&query.cc, &[Field::Cc][..]),
        (&query.to, &[Field::To][..]),
    ];
    for (addresses, fields) in roles {
        if addresses.is_empty() {
            continue;
        }
        let group = addresses.iter().flat_map(|address| {
            let folded = folded(address);
            fields.iter().map(move |field| field.term(codec, &folded))
        });
        groups.push(group.collect());
    }
    groups
}

fn folded(address: &str) -> String {
    let trimmed = address.trim();
    EmailAddress::parse_envelope(trimmed)
        .map_or_else(|_| trimmed.to_lowercase(), |parsed| parsed.folded())
}
