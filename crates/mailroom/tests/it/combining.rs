//! Filters together: whichever condition a listing walks along, it shows the same.

use posthouse_mailroom::organise::MessageUpdate;
use posthouse_mailroom::read::{FolderFilter, MessageQuery};
use serde_json::Value;

use crate::support::{Office, every_engine};

const MESSAGES: usize = 24;

/// A mailbox in which senders, copies, flags and folders cross each other.
async fn crossed(office: &Office) -> posthouse_mailroom::actor::GrantRef {
    let grant = office.account("crossed").await;
    for number in 0..MESSAGES {
        let text = format!(
            "From: sender{}@a.example\r\nTo: crossed@agents.localhost\r\nCc: copy{}@b.example\r\nSubject: {number}\r\n\r\nhello\r\n",
            number % 3,
            number % 2
        );
        office
            .deliver_confirmed(&["crossed@agents.localhost"], &text)
            .await;
        // Some come within the same second.
        office.clock.forward(i64::from(number % 4 == 0));
    }
    let all = office.list(&grant, MessageQuery::default()).await;
    for (place, message) in all.iter().enumerate() {
        let update = MessageUpdate {
            unread: Some(place % 5 == 0),
            starred: Some(place % 7 == 1),
            folders: (place % 4 == 3).then(|| vec!["archive".to_owned()]),
            ..MessageUpdate::default()
        };
        let id = message["id"].as_str().unwrap();
        office
            .mailroom
            .update_message(&grant, id, update)
            .await
            .unwrap();
    }
    grant
}

fn has(message: &Value, field: &str, address: &str) -> bool {
    message[field][0]["email"].as_str() == Some(address)
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_together_show_what_each_of_them_shows_in_the_same_order() {
    for office in every_engine().await {
        let grant = crossed(&office).await;
        let all = office.list(&grant, MessageQuery::default()).await;
        assert_eq!(all.len(), MESSAGES);
        let archived = MessageQuery {
            folders: FolderFilter::Named(vec!["archive".into()]),
            ..MessageQuery::default()
        };
        let archived = office.list(&grant, archived).await;
        for number in 0..96 {
            let from = (number % 4 < 3).then(|| format!("sender{}@a.example", number % 4));
            let cc = (number & 4 > 0).then(|| "copy1@b.example".to_owned());
            let unread = (number & 8 > 0).then_some(true);
            let starred = (number & 16 > 0).then_some(number & 4 == 0);
            let in_archive = number >= 64;
            let query = MessageQuery {
                from: from.iter().cloned().collect(),
                cc: cc.iter().cloned().collect(),
                unread,
                starred,
                folders: match in_archive {
                    true => FolderFilter::Named(vec!["archive".into()]),
                    false => FolderFilter::default(),
                },
                ..MessageQuery::default()
            };
            let expected: Vec<&Value> = all
                .iter()
                .filter(|one| from.as_ref().is_none_or(|from| has(one, "from", from)))
                .filter(|one| cc.as_ref().is_none_or(|cc| has(one, "cc", cc)))
                .filter(|one| unread.is_none_or(|unread| one["unread"] == unread))
                .filter(|one| starred.is_none_or(|starred| one["starred"] == starred))
                .filter(|one| !in_archive || archived.contains(one))
                .collect();
            let found = office.list(&grant, query.clone()).await;
            assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{query:?}");
        }
    }
}
