//! The files of drafts: who they are, what they hold, and when their octets go.

use posthouse_mailroom::Refusal;
use posthouse_mailroom::actor::GrantRef;
use posthouse_mailroom::drafts::DraftChange;
use posthouse_mailroom::read::MessageQuery;
use posthouse_mailroom::send::OutgoingFile;
use posthouse_store::changes::ChangeKind;
use serde_json::{Value, json};

use crate::drafts::{create, get, letter, update};
use crate::organising::{assert_folders_are_exact, count, noted};
use crate::support::{Office, every_engine};

/// Octets that do not compress.
pub fn noise(seed: u32, bytes: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(2_654_435_761) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        (state >> 8) as u8
    };
    (0..bytes).map(|_| next()).collect()
}

pub fn file(name: &str, content: impl Into<bytes::Bytes>) -> OutgoingFile {
    OutgoingFile {
        filename: name.to_owned(),
        content_type: "text/plain".to_owned(),
        content: content.into(),
        ..OutgoingFile::default()
    }
}

fn with_files(files: Vec<OutgoingFile>) -> DraftChange {
    DraftChange {
        files: Some(files),
        ..DraftChange::default()
    }
}

async fn content(
    office: &Office,
    grant: &GrantRef,
    draft: &Value,
    attachment: &Value,
) -> Result<Vec<u8>, Refusal> {
    let (draft, id) = (
        draft["id"].as_str().unwrap(),
        attachment["id"].as_str().unwrap(),
    );
    let found = office.mailroom.attachment_content(grant, draft, id).await?;
    assert_eq!(found.info.filename, attachment["filename"]);
    Ok(found.bytes)
}

#[tokio::test(flavor = "multi_thread")]
async fn files_stay_who_they_are_until_they_are_replaced() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        let logo = OutgoingFile {
            content_id: Some("logo".to_owned()),
            content_type: "image/PNG; charset=x".to_owned(),
            filename: String::new(),
            ..file("", "png")
        };
        let new = DraftChange {
            files: Some(vec![file("a.txt", "one"), logo.clone()]),
            ..letter("a@shop.example", "One")
        };
        let draft = create(&office, &agent, new).await;
        let files = draft["attachments"].as_array().unwrap();
        assert_eq!(
            (
                &files[0]["filename"],
                &files[0]["size"],
                &files[0]["content_disposition"]
            ),
            (&json!("a.txt"), &json!(3), &json!("attachment"))
        );
        assert_eq!(
            (
                &files[1]["filename"],
                &files[1]["content_type"],
                &files[1]["is_inline"]
            ),
            (
                &json!("attachment-2.png"),
                &json!("image/png"),
                &json!(false)
            )
        );
        let (id, file_id) = (
            draft["id"].as_str().unwrap(),
            files[1]["id"].as_str().unwrap(),
        );
        let info = office
            .mailroom
            .attachment(&agent, id, file_id)
            .await
            .unwrap();
        assert_eq!(info.content_id.as_deref(), Some("logo"));
        assert_eq!(
            content(&office, &agent, &draft, &files[0]).await.unwrap(),
            b"one"
        );

        let shown = DraftChange {
            body: Some("<img src=\"cid:logo\">".to_owned()),
            ..DraftChange::default()
        };
        let changed = update(&office, &agent, &draft, shown).await.unwrap();
        assert_eq!(changed["attachments"][1]["is_inline"], true);
        assert_eq!(changed["attachments"][0], draft["attachments"][0]);
        assert_eq!(
            changed["attachments"][1]["id"],
            draft["attachments"][1]["id"]
        );

        // The same files again are no change; the same file among others stays who it is.
        let same = with_files(vec![file("a.txt", "one"), logo.clone()]);
        assert_eq!(
            update(&office, &agent, &draft, same).await.unwrap(),
            changed
        );
        let fewer = with_files(vec![logo, file("b.txt", "two")]);
        let fewer = update(&office, &agent, &draft, fewer).await.unwrap();
        assert_eq!(fewer["attachments"][0]["id"], draft["attachments"][1]["id"]);
        assert_eq!(fewer["attachments"][1]["filename"], "b.txt");
        let gone = content(&office, &agent, &draft, &files[0]).await;
        assert!(matches!(gone, Err(Refusal::NotFound)));
        let other = office.account("other").await;
        let foreign = content(&office, &other, &draft, &fewer["attachments"][1]).await;
        assert!(matches!(foreign, Err(Refusal::NotFound)));
        assert_eq!(count(&office, "blobs").await, 2);
        let has = |wanted| MessageQuery {
            has_attachment: Some(wanted),
            ..MessageQuery::default()
        };
        for (wanted, found) in [(true, 1), (false, 0)] {
            let page = posthouse_mailroom::read::PageRequest {
                limit: 5,
                ..Default::default()
            };
            let page = office
                .mailroom
                .list_drafts(&agent, has(wanted), page)
                .await
                .unwrap();
            assert_eq!(page.ends.len(), found);
        }
        let none = update(&office, &agent, &draft, with_files(Vec::new()))
            .await
            .unwrap();
        assert_eq!(none["attachments"], json!([]));
        assert_eq!(count(&office, "blobs").await, 0);
        assert_eq!(noted(&office).await.len(), 4);
        assert_folders_are_exact(&office).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn large_files_are_kept_once_and_go_with_the_last_draft_that_has_them() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        let large = noise(1, 300_000);
        let new = || DraftChange {
            files: Some(vec![
                file("large.bin", large.clone()),
                file("again.bin", large.clone()),
            ]),
            ..letter("a@shop.example", "Large")
        };
        let first = create(&office, &agent, new()).await;
        assert_eq!(office.external_blobs(), 1);
        let second = create(&office, &agent, new()).await;
        assert_eq!(
            (office.external_blobs(), count(&office, "blobs").await),
            (1, 1)
        );
        let found = content(&office, &agent, &second, &second["attachments"][1]).await;
        assert_eq!(found.unwrap(), large);

        let other = with_files(vec![file("other.bin", noise(2, 300_000))]);
        update(&office, &agent, &first, other).await.unwrap();
        assert_eq!(office.external_blobs(), 2);
        let id = second["id"].as_str().unwrap();
        office.mailroom.delete_draft(&agent, id).await.unwrap();
        assert_eq!(
            (office.external_blobs(), count(&office, "blobs").await),
            (1, 1)
        );
        let id = first["id"].as_str().unwrap();
        office.mailroom.delete_draft(&agent, id).await.unwrap();
        assert_eq!(
            (office.external_blobs(), count(&office, "draft_files").await),
            (0, 0)
        );
        assert_folders_are_exact(&office).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_change_leaves_no_octets_behind_and_25_mb_are_the_limit() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        let draft = create(&office, &agent, letter("a@shop.example", "One")).await;
        let bad = DraftChange {
            files: Some(vec![file("a\nb", noise(3, 300_000))]),
            ..DraftChange::default()
        };
        let refused = office.mailroom.create_draft(&agent, bad.clone()).await;
        assert!(matches!(refused, Err(Refusal::Invalid { .. })));
        let refused = update(&office, &agent, &draft, bad).await;
        assert!(matches!(refused, Err(Refusal::Invalid { .. })));
        let nowhere = json!({"id": "0190f3d0-1111-7aaa-8bbb-000000000001"});
        let missing = with_files(vec![file("a", noise(3, 300_000))]);
        let refused = update(&office, &agent, &nowhere, missing).await;
        assert!(matches!(refused, Err(Refusal::NotFound)));
        let half = vec![b'x'; 13 * 1024 * 1024];
        let body = DraftChange {
            body: Some(String::from_utf8(half.clone()).unwrap()),
            ..DraftChange::default()
        };
        update(&office, &agent, &draft, body).await.unwrap();
        let refused = update(
            &office,
            &agent,
            &draft,
            with_files(vec![file("half", half)]),
        )
        .await;
        assert!(matches!(refused, Err(Refusal::TooLarge { .. })));
        assert_eq!(
            (office.external_blobs(), count(&office, "blobs").await),
            (0, 0)
        );
        let shown = get(&office, &agent, &draft).await.unwrap();
        assert_eq!(shown["body"].as_str().unwrap().len(), 13 * 1024 * 1024);
        assert_folders_are_exact(&office).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn drafts_of_a_deleted_account_go_with_their_files() {
    for office in every_engine().await {
        let (agent, kept) = (office.account("agent").await, office.account("kept").await);
        for number in 0..5 {
            let files = vec![
                file("shared.bin", noise(9, 200_000)),
                file("own.bin", noise(number, 200_000)),
            ];
            let new = || DraftChange {
                files: Some(files.clone()),
                ..letter("a@shop.example", "One")
            };
            create(&office, &agent, new()).await;
            if number == 0 {
                create(&office, &kept, new()).await;
            }
        }
        let deleted = office
            .mailroom
            .delete_account(&office.actor, &agent.email)
            .await;
        deleted.unwrap();
        let mut steps = 0;
        while office.mailroom.sweep_deleted(2).await.unwrap() {
            steps += 1;
            assert!(steps < 100, "the sweep ends");
        }
        for (table, left) in [("drafts", 1), ("draft_files", 2), ("blobs", 2)] {
            assert_eq!(count(&office, table).await, left, "{table}");
        }
        assert_eq!(office.external_blobs(), 2);
        assert!(
            !noted(&office)
                .await
                .contains(&(ChangeKind::DraftDeleted as i64))
        );
    }
}

/// Some keep files in the order of their hashes while others remove them in the order of their keys.
#[tokio::test(flavor = "multi_thread")]
async fn accounts_that_share_files_never_wait_for_each_other_in_a_circle() {
    const ACCOUNTS: usize = 6;
    for office in every_engine().await {
        let mut agents = Vec::new();
        for number in 0..ACCOUNTS {
            agents.push(office.account(&format!("agent{number}")).await);
        }
        let (office, mut work) = (std::sync::Arc::new(office), tokio::task::JoinSet::new());
        for (number, agent) in agents.into_iter().enumerate() {
            let office = std::sync::Arc::clone(&office);
            work.spawn(async move {
                let files = |turn: usize| -> Vec<OutgoingFile> {
                    let shared = (0..6).filter(|one| !(one + number + turn).is_multiple_of(3));
                    shared
                        .map(|one| file("f", format!("shared {one}")))
                        .collect()
                };
                for turn in 0..8 {
                    let draft = create(&office, &agent, with_files(files(turn))).await;
                    let changed = update(&office, &agent, &draft, with_files(files(turn + 1)));
                    changed.await.expect("nobody is given up");
                    let id = draft["id"].as_str().unwrap();
                    let deleted = office.mailroom.delete_draft(&agent, id);
                    deleted.await.expect("nobody is given up");
                }
            });
        }
        while let Some(done) = work.join_next().await {
            done.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_files_are_refused_before_one_is_kept() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        let files = vec![file("f", noise(1, 50_000)); 401];
        let refused = office
            .mailroom
            .create_draft(&agent, with_files(files))
            .await;
        let refused = refused.expect_err("too many");
        assert!(
            matches!(&refused, Refusal::Invalid { field: Some(field), .. } if field == "attachments"),
            "{refused:?}"
        );
        assert_eq!(count(&office, "blobs").await, 0);
    }
}
