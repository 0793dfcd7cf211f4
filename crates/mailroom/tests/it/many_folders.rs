//! A mailbox of very many folders is listed like any other.

use posthouse_mailroom::actor::GrantRef;
use posthouse_mailroom::read::{Detail, MessagePage, MessageQuery, PageRequest};
use posthouse_mailroom::threads::ThreadQuery;

use crate::folders::make;
use crate::organising::{deliver, to_folder, update};
use crate::support::{Office, every_engine, objects};

/// Folders whose messages no single compound of a statement merges.
const FOLDERS: usize = 230;

async fn messages(office: &Office, grant: &GrantRef, page: PageRequest) -> MessagePage {
    let query = MessageQuery::default();
    let mailroom = &office.mailroom;
    let listed = mailroom.list_messages(grant, query, page, Detail::Standard);
    listed.await.unwrap()
}

async fn threads(office: &Office, grant: &GrantRef, page: PageRequest) -> MessagePage {
    let query = ThreadQuery::default();
    let listed = office.mailroom.list_threads(grant, query, page);
    listed.await.unwrap()
}

/// Lists all pages; returns the subjects in their order.
async fn subjects(list: impl AsyncFn(PageRequest) -> MessagePage) -> Vec<String> {
    let mut subjects = Vec::new();
    let mut cursor = None;
    loop {
        let page = PageRequest {
            limit: 100,
            cursor,
            ..PageRequest::default()
        };
        let listed = list(page).await;
        for object in objects(&listed) {
            subjects.push(object["subject"].as_str().unwrap().to_owned());
        }
        cursor = listed.next_cursor;
        if cursor.is_none() {
            return subjects;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_and_threads_of_very_many_folders_come_in_order() {
    for office in every_engine().await {
        let grant = office.account("triage").await;
        let mut expected = Vec::new();
        for number in 0..FOLDERS {
            let subject = format!("Letter {number}");
            let id = deliver(&office, &subject).await;
            let folder = make(&office, &grant, &format!("F{number}")).await;
            let moved = update(&office, &grant, &id, to_folder(&folder.id)).await;
            moved.unwrap();
            office.clock.forward(1);
            expected.push(subject);
        }
        expected.reverse();
        let listed = subjects(async |page| messages(&office, &grant, page).await).await;
        assert_eq!(listed, expected);
        let listed = subjects(async |page| threads(&office, &grant, page).await).await;
        assert_eq!(listed, expected);
    }
}
