//! What is asked of Posthouse: every filter alone, some together, search, and what changes a message.

use anyhow::Result;
use serde_json::json;

use super::fill::CASES;
use super::known::{Known, Sample};
use crate::correspondence::{COMMON_WORD, FOLDERS, MACHINE, RARE_WORD};
use crate::http::Client;

/// Messages on a page.
const PAGE_MESSAGES: usize = 50;
/// Threads on a page.
const PAGE_THREADS: usize = 20;

/// One kind of request, with the requests that are sent in turn.
#[derive(Debug)]
pub struct Operation {
    /// What it is called in tables.
    pub name: &'static str,
    /// The requests.
    pub requests: Vec<Vec<u8>>,
    /// Each request works once only.
    pub is_once: bool,
    /// Whether the first answer must hold something.
    pub finds: Finds,
}

/// What an answer's `data` holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finds {
    /// A list with at least one entry.
    Something,
    /// An empty list.
    Nothing,
    /// Not looked at.
    Anything,
}

/// Makes requests to one account.
pub struct Asker<'a> {
    /// Knows address and key.
    pub client: &'a Client,
    /// Path of the account.
    pub grant: &'a str,
    /// Its address.
    pub email: &'a str,
    /// What is known of the mailbox.
    pub sample: &'a Sample,
    /// Requests of one kind at most.
    pub samples: usize,
    /// Whether there is a search index.
    pub with_search: bool,
}

impl Asker<'_> {
    /// Returns everything that is asked, in order: what removes messages comes last.
    pub fn operations(&self) -> Result<Vec<Operation>> {
        let mut all = self.listings();
        all.extend(self.filters());
        all.extend(self.combinations());
        all.extend(self.threads());
        if self.with_search {
            all.extend(self.searches());
        }
        all.extend(self.changes()?);
        Ok(all)
    }

    fn listings(&self) -> Vec<Operation> {
        let one = self.sample.messages.iter();
        let one = one.map(|message| format!("/messages/{}", message.id));
        let one = self.get("get one message", one);
        let deep = self.sample.message_cursors.iter();
        let deep = deep.map(|cursor| list(&format!("page_token={cursor}")));
        vec![
            self.fixed("list, first page", list("")),
            self.get("list, page in the depth", deep),
            Operation {
                finds: Finds::Anything,
                ..one
            },
        ]
    }

    fn filters(&self) -> Vec<Operation> {
        let colleagues = (0..37).map(|number| format!("colleague{number}@company1.example"));
        let cases = (0..CASES).map(|case| list(&format!("metadata_pair=key1:case{case}")));
        vec![
            self.each("from, a person", |known| format!("from={}", known.from)),
            self.fixed("from, 3 in 10 messages", list(&format!("from={MACHINE}"))),
            self.fixed("to, every message", list(&format!("to={}", self.email))),
            self.get(
                "cc, 1 in 185",
                colleagues.map(|who| list(&format!("cc={who}"))),
            ),
            self.each("any_email", |known| format!("any_email={}", known.from)),
            self.each("subject, one conversation's", |known| {
                format!("subject={}", known.subject.replace(' ', "+"))
            }),
            self.fixed("subject, a frequent word", list("subject=the")),
            self.get(
                "in, a folder",
                FOLDERS.iter().map(|name| list(&format!("in={name}"))),
            ),
            self.fixed("unread=true", list("unread=true")),
            self.fixed("unread=false", list("unread=false")),
            self.fixed("starred=true, 1 in 70", list("starred=true")),
            self.fixed("has_attachment=true, 1 in 8", list("has_attachment=true")),
            self.each("received_after and _before", |known| {
                let (after, before) = (known.date - 2, known.date + 1);
                format!("received_after={after}&received_before={before}")
            }),
            self.each("thread_id", |known| {
                format!("thread_id={}", known.thread_id)
            }),
            self.get("metadata_pair", cases),
            self.each("rfc822_message_id", |known| {
                format!("rfc822_message_id={}", known.message_id)
            }),
        ]
    }

    fn combinations(&self) -> Vec<Operation> {
        let nothing = self.fixed(
            "from 3 in 10, unread: none",
            list(&format!("from={MACHINE}&unread=true")),
        );
        let nowhere = self.fixed(
            "from 3 in 10, in a folder: none",
            list(&format!("from={MACHINE}&in={}", FOLDERS[0])),
        );
        let few = self.fixed(
            "in a folder, starred, unread",
            list(&format!("in={}&starred=true&unread=true", FOLDERS[1])),
        );
        vec![
            self.each("from a person, unread", |known| {
                format!("from={}&unread=true", person(known))
            }),
            self.fixed(
                "from 3 in 10, has_attachment",
                list(&format!("from={MACHINE}&has_attachment=true")),
            ),
            Operation {
                finds: Finds::Anything,
                ..few
            },
            Operation {
                finds: Finds::Nothing,
                ..nothing
            },
            Operation {
                finds: Finds::Nothing,
                ..nowhere
            },
        ]
    }

    fn threads(&self) -> Vec<Operation> {
        let deep = self.sample.thread_cursors.iter();
        let deep = deep.map(|cursor| threads(&format!("page_token={cursor}")));
        let of = self.sample.messages.iter();
        let of = of.map(|known| threads(&format!("from={}", known.from)));
        let folders = FOLDERS.iter();
        let folders = folders.map(|name| threads(&format!("in={name}")));
        vec![
            self.fixed("threads, first page", threads("")),
            self.get("threads, page in the depth", deep),
            self.get("threads from", of),
            self.fixed("threads unread=true", threads("unread=true")),
            self.fixed("threads starred=true", threads("starred=true")),
            self.get("threads in a folder", folders),
        ]
    }

    fn searches(&self) -> Vec<Operation> {
        let common = |more: &str| list(&format!("q={COMMON_WORD}{more}"));
        vec![
            self.fixed(
                "search, a word in 10 messages",
                list(&format!("q={RARE_WORD}")),
            ),
            self.fixed("search, a word in every tenth", common("")),
            self.fixed("search, every tenth, unread", common("&unread=true")),
            self.each("search, every tenth, from", |known| {
                format!("q={COMMON_WORD}&from={}", person(known))
            }),
            self.fixed(
                "threads, search, every tenth",
                threads(&format!("q={COMMON_WORD}")),
            ),
        ]
    }

    fn changes(&self) -> Result<Vec<Operation>> {
        // Each of these takes messages of its own.
        let mut quarters = self.sample.messages.chunks(self.sample.messages.len() / 4);
        let mut next = || quarters.next().unwrap_or_default();
        let (read, starred, moved, deleted) = (next(), next(), next(), next());
        let gone = self.delete("delete for good", deleted);
        Ok(vec![
            self.put("mark unread", read, &json!({ "unread": true }))?,
            self.put("mark read", read, &json!({ "unread": false }))?,
            self.put("star", starred, &json!({ "starred": true }))?,
            self.put(
                "move to a folder",
                moved,
                &json!({ "folders": [FOLDERS[2]] }),
            )?,
            self.delete("delete, to Trash", deleted),
            gone,
        ])
    }

    fn get(&self, name: &'static str, paths: impl Iterator<Item = String>) -> Operation {
        let request = |path: String| self.client.get_request(&format!("{}{path}", self.grant));
        Operation {
            name,
            requests: paths.take(self.samples).map(request).collect(),
            is_once: false,
            finds: Finds::Something,
        }
    }

    fn fixed(&self, name: &'static str, path: String) -> Operation {
        self.get(name, std::iter::once(path))
    }

    fn each(&self, name: &'static str, filter: impl Fn(&Known) -> String) -> Operation {
        let messages = self.sample.messages.iter();
        self.get(name, messages.map(|known| list(&filter(known))))
    }

    fn put(
        &self,
        name: &'static str,
        messages: &[Known],
        body: &serde_json::Value,
    ) -> Result<Operation> {
        let request = |known: &Known| {
            let path = format!("{}/messages/{}", self.grant, known.id);
            self.client.json_request("PUT", &path, body)
        };
        let requests = messages.iter().take(self.samples).map(request);
        Ok(Operation {
            name,
            requests: requests.collect::<Result<_>>()?,
            is_once: true,
            finds: Finds::Anything,
        })
    }

    fn delete(&self, name: &'static str, messages: &[Known]) -> Operation {
        let request = |known: &Known| {
            let path = format!("{}/messages/{}", self.grant, known.id);
            self.client.bare_request("DELETE", &path)
        };
        Operation {
            name,
            requests: messages.iter().take(self.samples).map(request).collect(),
            is_once: true,
            finds: Finds::Anything,
        }
    }
}

/// Somebody who is not the machine.
fn person(known: &Known) -> &str {
    if known.from == MACHINE {
        "person1@company1.example"
    } else {
        &known.from
    }
}

fn list(filter: &str) -> String {
    format!("/messages?limit={PAGE_MESSAGES}&{filter}")
}

fn threads(filter: &str) -> String {
    format!("/threads?limit={PAGE_THREADS}&{filter}")
}
