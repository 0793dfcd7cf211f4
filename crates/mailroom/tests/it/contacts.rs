//! The address book: kept, found, changed, deleted, and who is told.

use std::collections::BTreeMap;

use posthouse_mailroom::Refusal;
use posthouse_mailroom::actor::GrantRef;
use posthouse_mailroom::contacts::{ContactChange, ContactList, ContactQuery, ContactText};
use posthouse_mailroom::organise::Metadata;
use posthouse_store::changes::ChangeKind;
use posthouse_store::{Param, StoreError, Tx};
use serde_json::{Value, json};

use crate::support::{Office, every_engine};

fn named(given_name: &str, surname: &str) -> ContactChange {
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    ContactChange {
        texts: vec![
            (ContactText::GivenName, text(given_name)),
            (ContactText::Surname, text(surname)),
        ],
        ..ContactChange::default()
    }
}

fn with_email(mut change: ContactChange, email: &str) -> ContactChange {
    let entry = vec![("email", email.to_owned()), ("type", "work".to_owned())];
    change.lists.push((ContactList::Emails, vec![entry]));
    change
}

fn metadata(pairs: &[(&str, &str)]) -> Metadata {
    let pairs: BTreeMap<String, String> = pairs
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect();
    Metadata::new(pairs).unwrap()
}

async fn make(office: &Office, grant: &GrantRef, new: ContactChange) -> Value {
    office.mailroom.create_contact(grant, new).await.unwrap()
}

async fn names(office: &Office, grant: &GrantRef, query: ContactQuery) -> Vec<String> {
    let page = office
        .mailroom
        .list_contacts(grant, query, 200, None)
        .await
        .unwrap();
    page.contacts.iter().map(name).collect()
}

fn name(contact: &Value) -> String {
    let part = |name: &str| contact[name].as_str().unwrap_or("-").to_owned();
    format!("{} {}", part("given_name"), part("surname"))
}

/// What was written down about contacts, in order.
///
/// Read past the log's readers: those wait for every transaction that still runs anywhere on the server.
async fn changes_of_contacts(office: &Office) -> Vec<i64> {
    office
        .store
        .read(|tx: &mut dyn Tx| -> Result<_, StoreError> {
            let kinds = [
                Param::Int(ChangeKind::ContactUpdated as i64),
                Param::Int(ChangeKind::ContactDeleted as i64),
            ];
            let sql = "SELECT kind FROM changes WHERE kind IN ($1, $2) ORDER BY seq";
            tx.query(sql, &kinds, |row| row.int(0))
        })
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contact_is_shown_with_every_member_and_kept_in_its_normal_form() {
    for office in every_engine().await {
        let grant = office.account("triage").await;
        let mut new = with_email(named(" Bo ", "Buyer"), "Bo@Shop.example");
        new.texts
            .push((ContactText::Birthday, Some("--02-29".to_owned())));
        let phone = vec![
            ("number", "+49 30 1234".to_owned()),
            ("type", "Fax".to_owned()),
        ];
        new.lists.push((ContactList::PhoneNumbers, vec![phone]));
        new.metadata = Some(metadata(&[("key1", "vip")]));
        let made = make(&office, &grant, new).await;
        assert_eq!(made["object"], "contact");
        assert_eq!(name(&made), "Bo Buyer");
        assert_eq!(
            made["emails"],
            json!([{"email": "Bo@Shop.example", "type": "work"}])
        );
        assert_eq!(
            made["phone_numbers"],
            json!([{"number": "+49 30 1234", "type": "other"}])
        );
        assert_eq!(
            (
                &made["birthday"],
                &made["notes"],
                &made["groups"],
                &made["source"],
                &made["metadata"]
            ),
            (
                &json!("--02-29"),
                &Value::Null,
                &json!([]),
                &json!("address_book"),
                &json!({"key1": "vip"})
            )
        );
        let id = made["id"].as_str().unwrap();
        let found = office.mailroom.get_contact(&grant, id).await.unwrap();
        assert_eq!(found, made);
        let other = office.account("other").await;
        let foreign = office.mailroom.get_contact(&other, id).await;
        assert!(matches!(foreign, Err(Refusal::NotFound)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn contacts_come_by_surname_and_given_name_and_pages_follow_each_other() {
    for office in every_engine().await {
        let grant = office.account("triage").await;
        for (given_name, surname) in [
            ("Zoe", "buyer"),
            ("Ann", "Buyer"),
            ("Émile", "Ärger"),
            ("Cher", ""),
            ("Ann", "Zander"),
            ("Ann", "Buyer"),
        ] {
            make(&office, &grant, named(given_name, surname)).await;
        }
        let whole = names(&office, &grant, ContactQuery::default()).await;
        assert_eq!(
            whole,
            [
                "Cher -",
                "Ann Buyer",
                "Ann Buyer",
                "Zoe buyer",
                "Ann Zander",
                "Émile Ärger"
            ]
        );
        let (mut paged, mut cursor) = (Vec::new(), None);
        loop {
            let page = office
                .mailroom
                .list_contacts(&grant, ContactQuery::default(), 2, cursor.as_deref())
                .await
                .unwrap();
            assert!(page.contacts.len() <= 2);
            paged.extend(page.contacts.iter().map(name));
            // A place is a place, whatever comes and goes before it.
            make(&office, &grant, named("Abe", "Aaron")).await;
            match page.next_cursor {
                Some(next) => cursor = Some(next),
                None => break,
            }
        }
        assert_eq!(paged, whole);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn contacts_are_found_by_address_telephone_digits_and_metadata() {
    for office in every_engine().await {
        let grant = office.account("triage").await;
        let mut ann = with_email(named("Ann", "A"), "Ann@a.example");
        ann.metadata = Some(metadata(&[("key1", "vip"), ("key2", "eu"), ("other", "x")]));
        make(&office, &grant, ann).await;
        let mut bob = with_email(named("Bob", "B"), "bob@b.example");
        bob.metadata = Some(metadata(&[("key1", "vip")]));
        let phone = vec![("number", "+49 (30) 12-34".to_owned())];
        bob.lists.push((ContactList::PhoneNumbers, vec![phone]));
        let bob = make(&office, &grant, bob).await;
        let by = async |query: ContactQuery| names(&office, &grant, query).await;
        let email = |email: &str| ContactQuery {
            email: Some(email.to_owned()),
            ..ContactQuery::default()
        };
        let pairs = |pairs: &[&str]| ContactQuery {
            metadata_pairs: pairs.iter().map(|pair| (*pair).to_owned()).collect(),
            ..ContactQuery::default()
        };
        let phone = |number: &str| ContactQuery {
            phone_number: Some(number.to_owned()),
            ..ContactQuery::default()
        };
        assert_eq!(by(email("ANN@A.example")).await, ["Ann A"]);
        assert_eq!(by(email("nn@a.example")).await, [""; 0]);
        assert_eq!(by(phone("0049 30 1234")).await, [""; 0]);
        assert_eq!(by(phone("49301234")).await, ["Bob B"]);
        assert_eq!(by(phone("none")).await, [""; 0]);
        assert_eq!(by(pairs(&["key1:vip"])).await, ["Ann A", "Bob B"]);
        assert_eq!(by(pairs(&["key1:vip", "key2:eu"])).await, ["Ann A"]);
        let sources = |source: &str| ContactQuery {
            sources: vec![source.to_owned()],
            ..ContactQuery::default()
        };
        assert_eq!(by(sources("address_book")).await.len(), 2);
        assert_eq!(by(sources("inbox")).await, [""; 0]);
        let unknown = office
            .mailroom
            .list_contacts(&grant, sources("cloud"), 30, None)
            .await;
        assert!(matches!(unknown, Err(Refusal::Invalid { .. })));

        // What a contact is found by changes with it.
        let id = bob["id"].as_str().unwrap();
        let change = with_email(ContactChange::default(), "robert@b.example");
        office
            .mailroom
            .update_contact(&grant, id, change)
            .await
            .unwrap();
        assert_eq!(by(email("bob@b.example")).await, [""; 0]);
        assert_eq!(by(email("robert@b.example")).await, ["Bob B"]);
        assert_eq!(by(phone("49301234")).await, ["Bob B"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_merges_and_tells_of_what_others_can_see() {
    for office in every_engine().await {
        let grant = office.account("triage").await;
        let made = make(
            &office,
            &grant,
            with_email(named("Bo", "Buyer"), "bo@shop.example"),
        )
        .await;
        let id = made["id"].as_str().unwrap().to_owned();
        let update = async |change: ContactChange| {
            office.clock.forward(5);
            office.mailroom.update_contact(&grant, &id, change).await
        };
        let same = update(named("Bo", "Buyer")).await.unwrap();
        assert_eq!(same, made, "nothing changed, not even the time");

        let noted = update(ContactChange {
            metadata: Some(metadata(&[("key1", "x")])),
            ..ContactChange::default()
        });
        let noted = noted.await.unwrap();
        assert_eq!(noted["metadata"], json!({"key1": "x"}));
        assert_ne!(noted["updated_at"], made["updated_at"]);

        let renamed = update(named("Bob", "")).await.unwrap();
        assert_eq!(name(&renamed), "Bob -");
        assert_eq!(renamed["emails"], made["emails"]);
        assert_eq!(renamed["metadata"], json!({"key1": "x"}));

        let nothing_left = ContactChange {
            lists: vec![(ContactList::Emails, Vec::new())],
            ..named("", "")
        };
        assert!(matches!(
            update(nothing_left).await,
            Err(Refusal::Invalid { .. })
        ));

        office.mailroom.delete_contact(&grant, &id).await.unwrap();
        let again = office.mailroom.delete_contact(&grant, &id).await;
        assert!(matches!(again, Err(Refusal::NotFound)));
        assert!(matches!(
            update(named("Bo", "Buyer")).await,
            Err(Refusal::NotFound)
        ));
        assert_eq!(
            changes_of_contacts(&office).await,
            [
                ChangeKind::ContactUpdated as i64,
                ChangeKind::ContactUpdated as i64,
                ChangeKind::ContactDeleted as i64
            ]
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_contacts_of_a_deleted_account_go_with_it() {
    for office in every_engine().await {
        let grant = office.account("triage").await;
        make(
            &office,
            &grant,
            with_email(named("Bo", "Buyer"), "bo@shop.example"),
        )
        .await;
        let id = office
            .mailroom
            .public_id(posthouse_types::ids::Kind::Grant, grant.grant);
        office
            .mailroom
            .delete_account(&office.actor, &id)
            .await
            .unwrap();
        let late = office
            .mailroom
            .create_contact(&grant, named("Too", "Late"))
            .await;
        assert!(matches!(late, Err(Refusal::NotFound)));
        while office.mailroom.sweep_deleted(10).await.unwrap() {}
        let left = office
            .store
            .read(|tx: &mut dyn Tx| -> Result<_, StoreError> {
                let mut counts = Vec::new();
                for table in ["contacts", "contact_terms"] {
                    let sql = format!("SELECT CAST(COUNT(*) AS BIGINT) FROM {table}");
                    counts.push(tx.query_one(&sql, &[], |row| row.int(0))?);
                }
                Ok(counts)
            })
            .await
            .unwrap();
        assert_eq!(left, [0, 0]);
    }
}
