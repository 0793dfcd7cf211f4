//! Folders are made, renamed, moved and deleted with all that is in them.

use std::sync::Arc;

use posthouse_mailroom::Refusal;
use posthouse_mailroom::actor::GrantRef;
use posthouse_mailroom::organise::{FolderUpdate, NewFolder};
use posthouse_mailroom::read::{Detail, FolderFilter, FolderView, MessageQuery};
use posthouse_store::tables::folders::{self, DeletedFolder};
use posthouse_store::{StoreError, Tx};
use posthouse_types::ids::Kind;

use crate::organising::{assert_folders_are_exact, count, deliver, noted, to_folder};
use crate::support::{Office, every_engine};

fn named(name: &str) -> NewFolder {
    NewFolder {
        name: name.to_owned(),
        ..NewFolder::default()
    }
}

fn renamed(name: &str) -> FolderUpdate {
    FolderUpdate {
        name: Some(name.to_owned()),
        ..FolderUpdate::default()
    }
}

pub async fn make(office: &Office, grant: &GrantRef, name: &str) -> FolderView {
    let made = office.mailroom.create_folder(grant, named(name)).await;
    made.unwrap()
}

async fn custom_paths(office: &Office, grant: &GrantRef) -> Vec<String> {
    let all = office.mailroom.list_folders(grant, None, false).await;
    let custom = all
        .unwrap()
        .into_iter()
        .filter(|folder| folder.system.is_none());
    custom.map(|folder| folder.path).collect()
}

fn field_of<T: std::fmt::Debug>(outcome: Result<T, Refusal>) -> String {
    match outcome {
        Err(Refusal::Invalid {
            field: Some(field), ..
        }) => field,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn folders_of_one_name_made_within_one_second_are_told_apart_by_growing_numbers() {
    for office in every_engine().await {
        let grant = office.account("triage").await;
        let mut seen = Vec::new();
        for _ in 0..3 {
            let made = make(&office, &grant, "Vendors").await;
            let all = office.store.read(move |tx: &mut dyn Tx| {
                let sql = "SELECT uid_validity FROM folders ORDER BY id";
                tx.query(sql, &[], |row| row.int(0))
            });
            let all: Result<Vec<i64>, StoreError> = all.await;
            let mut all = all.unwrap();
            seen.push(*all.last().unwrap());
            all.sort_unstable();
            all.dedup();
            assert_eq!(
                all.len(),
                7,
                "no two of an account's folders share one: {all:?}"
            );
            let id = made.id;
            office.mailroom.delete_folder(&grant, &id).await.unwrap();
        }
        assert!(seen.is_sorted_by(|one, next| one < next), "{seen:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_makes_what_is_missing_and_every_name_finds_its_folder() {
    for office in every_engine().await {
        let grant = office.account("triage").await;
        let acme = make(&office, &grant, "Clients/Acme").await;
        assert_eq!(
            (acme.name.as_str(), acme.path.as_str()),
            ("Acme", "Clients/Acme")
        );
        let bills = make(&office, &grant, "clients/ACME/Bills").await;
        assert_eq!(bills.path, "Clients/Acme/Bills");
        let below = NewFolder {
            parent_id: Some("clients".to_owned()),
            ..named("Zed")
        };
        office.mailroom.create_folder(&grant, below).await.unwrap();
        make(&office, &grant, "Inbox/Later").await;
        make(&office, &grant, "Junk Email/Old").await;
        assert_eq!(
            custom_paths(&office, &grant).await,
            [
                "Clients",
                "Clients/Acme",
                "Clients/Acme/Bills",
                "Clients/Zed",
                "Inbox/Later",
                "Junk/Old"
            ]
        );
        assert_eq!(noted(&office).await, [20; 6]);
        for (name, path) in [
            (bills.id.as_str(), "Clients/Acme/Bills"),
            ("CLIENTS/acme", "Clients/Acme"),
            ("bills", "Clients/Acme/Bills"),
            ("inbox/later", "Inbox/Later"),
            ("Spam/old", "Junk/Old"),
        ] {
            assert_eq!(
                office.mailroom.get_folder(&grant, name).await.unwrap().path,
                path
            );
        }
        let clients = office.mailroom.get_folder(&grant, "Clients").await.unwrap();
        assert_eq!(clients.child_count, 2);

        make(&office, &grant, "Acme").await;
        make(&office, &grant, "Archive2/Bills").await;
        assert_eq!(
            office
                .mailroom
                .get_folder(&grant, "acme")
                .await
                .unwrap()
                .path,
            "Acme"
        );
        let ambiguous = office.mailroom.get_folder(&grant, "bills").await;
        assert_eq!(field_of(ambiguous), "folder_id");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_are_reserved_taken_or_malformed_are_refused() {
    for office in every_engine().await {
        let grant = office.account("triage").await;
        make(&office, &grant, "Clients").await;
        let long = "x".repeat(1_025);
        let deep = vec!["d"; 21].join("/");
        for name in [
            "INBOX",
            "spam",
            "Deleted Items",
            "clients",
            "",
            "a//b",
            "/a",
            "a\nb",
            long.as_str(),
            deep.as_str(),
        ] {
            let refused = office.mailroom.create_folder(&grant, named(name)).await;
            assert_eq!(field_of(refused), "name", "{name:?}");
        }
        let orphan = NewFolder {
            parent_id: Some("nowhere".to_owned()),
            ..named("x")
        };
        assert_eq!(
            field_of(office.mailroom.create_folder(&grant, orphan).await),
            "parent_id"
        );
        assert_eq!(
            custom_paths(&office, &grant).await,
            ["Clients"],
            "nothing was left behind"
        );
        assert_eq!(noted(&office).await, [20]);
        let most = vec!["d"; 20].join("/");
        make(&office, &grant, &most).await;
        make(&office, &grant, "Clients/Inbox").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_is_renamed_moved_and_coloured_but_never_below_itself() {
    for office in every_engine().await {
        let grant = office.account("triage").await;
        let acme = make(&office, &grant, "Clients/Acme").await;
        make(&office, &grant, "Clients/Acme/Bills").await;
        make(&office, &grant, "Old").await;
        let update = async |update: FolderUpdate| {
            office
                .mailroom
                .update_folder(&grant, &acme.id, update)
                .await
        };
        assert_eq!(
            update(renamed("Acme Ltd")).await.unwrap().path,
            "Clients/Acme Ltd"
        );
        assert_eq!(
            update(renamed("acme ltd")).await.unwrap().path,
            "Clients/acme ltd"
        );
        assert_eq!(
            update(renamed("Old/Years/2025")).await.unwrap().path,
            "Old/Years/2025"
        );
        let top = FolderUpdate {
            parent_id: Some(None),
            ..FolderUpdate::default()
        };
        assert_eq!(update(top).await.unwrap().path, "2025");
        let into = FolderUpdate {
            parent_id: Some(Some("clients".to_owned())),
            ..renamed("Acme")
        };
        let moved = update(into).await.unwrap();
        assert_eq!(
            (moved.path.as_str(), moved.child_count),
            ("Clients/Acme", 1)
        );
        let events = noted(&office).await;
        assert_eq!(events.iter().filter(|kind| **kind == 21).count(), 5);
        let colours = FolderUpdate {
            text_color: Some(Some("#fff".to_owned())),
            background_color: Some(Some("#000".to_owned())),
            ..renamed("Acme")
        };
        let coloured = update(colours.clone()).await.unwrap();
        assert_eq!(
            (
                coloured.text_color.as_deref(),
                coloured.background_color.as_deref()
            ),
            (Some("#fff"), Some("#000"))
        );
        update(colours).await.unwrap();
        assert_eq!(
            noted(&office).await.len(),
            events.len() + 1,
            "the same again is no change"
        );
        for name in ["a//b", "", "Clients/Acme/Bills/Acme", "Clients/Acme/New/x"] {
            assert_eq!(field_of(update(renamed(name)).await), "name", "{name}");
        }
        let reserved = FolderUpdate {
            parent_id: Some(None),
            ..renamed("INBOX")
        };
        assert_eq!(field_of(update(reserved).await), "name");
        for parent in ["bills", acme.id.as_str()] {
            let below = FolderUpdate {
                parent_id: Some(Some(parent.to_owned())),
                ..FolderUpdate::default()
            };
            assert_eq!(field_of(update(below).await), "name", "{parent}");
        }
        make(&office, &grant, "Clients/Other").await;
        assert_eq!(field_of(update(renamed("OTHER")).await), "name");
        let system = async |update: FolderUpdate| {
            office.mailroom.update_folder(&grant, "inbox", update).await
        };
        assert_eq!(field_of(system(renamed("Mine")).await), "name");
        assert_eq!(field_of(system(renamed("Clients/Inbox")).await), "name");
        system(renamed("Inbox")).await.unwrap();
        let gone = office
            .mailroom
            .update_folder(&grant, "nowhere", renamed("x"))
            .await;
        assert!(matches!(gone, Err(Refusal::NotFound)));
        assert!(
            !custom_paths(&office, &grant)
                .await
                .iter()
                .any(|path| path.contains("New"))
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_are_in_one_folder_whatever_it_is_called_and_go_with_it() {
    for office in every_engine().await {
        let grant = office.account("triage").await;
        make(&office, &grant, "Clients/Acme").await;
        let (one, two) = (deliver(&office, "One").await, deliver(&office, "Two").await);
        let kept = deliver(&office, "Kept").await;
        office
            .mailroom
            .update_message(&grant, &one, to_folder("CLIENTS/acme"))
            .await
            .unwrap();
        office
            .mailroom
            .update_message(&grant, &two, to_folder("clients"))
            .await
            .unwrap();
        let listed = async |name: &str| {
            let folders = FolderFilter::Named(vec![name.to_owned()]);
            office
                .list(
                    &grant,
                    MessageQuery {
                        folders,
                        ..MessageQuery::default()
                    },
                )
                .await
                .len()
        };
        assert_eq!((listed("acme").await, listed("Clients").await), (1, 1));
        assert_eq!(office.list(&grant, MessageQuery::default()).await.len(), 3);
        let before = noted(&office).await.len();
        office
            .mailroom
            .delete_folder(&grant, "clients")
            .await
            .unwrap();
        assert_eq!(noted(&office).await[before..], [12, 22, 12, 22]);
        for id in [&one, &two] {
            let gone = office
                .mailroom
                .get_message(&grant, id, Detail::Standard)
                .await;
            assert!(matches!(gone, Err(Refusal::NotFound)));
        }
        office
            .mailroom
            .get_message(&grant, &kept, Detail::Standard)
            .await
            .unwrap();
        assert!(custom_paths(&office, &grant).await.is_empty());
        assert_eq!(
            (
                count(&office, "messages").await,
                count(&office, "blobs").await
            ),
            (1, 1)
        );
        assert_eq!(
            field_of(office.mailroom.delete_folder(&grant, "inbox").await),
            "folder_id"
        );
        let again = office.mailroom.delete_folder(&grant, "clients").await;
        assert!(matches!(again, Err(Refusal::NotFound)));
        assert_folders_are_exact(&office).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_of_many_messages_goes_in_steps_and_what_is_left_of_one_is_swept() {
    for office in every_engine().await {
        let grant = office.account("triage").await;
        let big = make(&office, &grant, "Big").await;
        for number in 0..210 {
            let id = deliver(&office, &format!("m{number}")).await;
            office
                .mailroom
                .update_message(&grant, &id, to_folder("big"))
                .await
                .unwrap();
        }
        office.mailroom.delete_folder(&grant, "Big").await.unwrap();
        for table in ["messages", "message_terms", "blobs", "deleted_folders"] {
            assert_eq!(count(&office, table).await, 0, "{table}");
        }
        let deleted = noted(&office)
            .await
            .into_iter()
            .filter(|kind| *kind == 12)
            .count();
        assert_eq!(deleted, 210);

        // As a crash behind the first step leaves it.
        let key = office
            .mailroom
            .open_id(Kind::Folder, &make(&office, &grant, "Cut").await.id)
            .unwrap();
        assert_ne!(office.mailroom.open_id(Kind::Folder, &big.id).unwrap(), key);
        let id = deliver(&office, "Left").await;
        office
            .mailroom
            .update_message(&grant, &id, to_folder("Cut"))
            .await
            .unwrap();
        let cut = DeletedFolder {
            id: key,
            grant: grant.grant,
            application: grant.application,
        };
        office
            .store
            .write(move |tx: &mut dyn Tx| {
                folders::note_deleted(tx, &cut, 0)?;
                folders::delete(tx, cut.grant, cut.id)
            })
            .await
            .unwrap();
        let moved = office
            .mailroom
            .update_message(&grant, &id, to_folder("inbox"))
            .await;
        assert!(
            matches!(moved, Err(Refusal::NotFound)),
            "it went with its folder"
        );
        while office.mailroom.expire_records().await.unwrap() {}
        assert_eq!(
            (
                count(&office, "messages").await,
                count(&office, "deleted_folders").await
            ),
            (0, 0)
        );
        assert_folders_are_exact(&office).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn folders_made_and_deleted_while_mail_moves_through_them_end_exact() {
    for office in every_engine().await {
        let office = Arc::new(office);
        let grant = office.account("triage").await;
        let mut ids = Vec::new();
        for number in 0..20 {
            ids.push(deliver(&office, &format!("m{number}")).await);
        }
        let ids = Arc::new(ids);
        let mut tasks = tokio::task::JoinSet::new();
        for task in 0..20_usize {
            let (office, grant, ids) = (Arc::clone(&office), grant.clone(), Arc::clone(&ids));
            tasks.spawn(async move {
                let mailroom = &office.mailroom;
                for step in 0..8_usize {
                    let name = format!("Shared/{}", (task + step) % 3);
                    let id = &ids[(task + step * 3) % ids.len()];
                    let outcome = match (task * 3 + step) % 4 {
                        0 => mailroom
                            .create_folder(&grant, named(&name))
                            .await
                            .map(|_| ()),
                        1 if task == 1 => mailroom.delete_folder(&grant, "shared").await,
                        2 => mailroom
                            .update_message(&grant, id, to_folder("inbox"))
                            .await
                            .map(|_| ()),
                        _ => mailroom
                            .update_message(&grant, id, to_folder(&name))
                            .await
                            .map(|_| ()),
                    };
                    let expected = matches!(
                        outcome,
                        Ok(()) | Err(Refusal::NotFound | Refusal::Invalid { .. })
                    );
                    assert!(expected, "{outcome:?}");
                }
            });
        }
        while let Some(done) = tasks.join_next().await {
            done.unwrap();
        }
        assert_folders_are_exact(&office).await;
        let homeless = count(
            &office,
            "messages WHERE folder_id NOT IN (SELECT id FROM folders)",
        )
        .await;
        assert_eq!(homeless, 0);
        let mut paths = custom_paths(&office, &grant).await;
        let all = paths.len();
        paths.dedup();
        assert_eq!(paths.len(), all, "a name was given twice");
    }
}
