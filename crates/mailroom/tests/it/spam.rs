//! Mail is scored, goes to Junk above the threshold, and workspaces learn from what is moved.

mod corpus;
mod margins;

use posthouse_mailroom::actor::GrantRef;
use posthouse_mailroom::audit::AuditFilter;
use posthouse_mailroom::organise::MessageUpdate;
use posthouse_mailroom::provision::NewAccount;
use posthouse_mailroom::read::Detail;
use posthouse_mailroom::workspaces::{Governance, NewWorkspace, WorkspaceChanges};
use posthouse_store::{StoreError, Tx};
use serde_json::Value;

use self::corpus::{Letter, all_letters};
use crate::organising::{to_folder, update};
use crate::support::{Office, every_engine, message};

const TRIAGE: &str = "triage@agents.localhost";
const SAMPLES: &str = "/usr/share/doc/spamassassin/examples";

fn answered() -> MessageUpdate {
    MessageUpdate {
        answered: Some(true),
        ..MessageUpdate::default()
    }
}

async fn learn(office: &Office) {
    while office.mailroom.learn_spam().await.unwrap() {}
}

/// Returns the role of a message's folder: 1 is Inbox, 5 is Junk.
pub async fn role(office: &Office, id: &str) -> i64 {
    let key = office
        .mailroom
        .open_id(posthouse_types::ids::Kind::Message, id)
        .unwrap();
    let role: Result<i64, StoreError> = office
        .store
        .read(move |tx: &mut dyn Tx| {
            tx.query_one(
                "SELECT f.role FROM messages m JOIN folders f ON f.id = m.folder_id WHERE m.id = $1",
                &[key.into()],
                |row| row.int(0),
            )
        })
        .await;
    role.unwrap()
}

pub async fn spam_of(office: &Office, grant: &GrantRef, id: &str) -> Value {
    let detail = Detail::With {
        headers: None,
        tracking: false,
        extracted: false,
        security: true,
    };
    let json = office
        .mailroom
        .get_message(grant, id, detail)
        .await
        .unwrap();
    let object: Value = serde_json::from_slice(&json).unwrap();
    object["security"]["spam"].clone()
}

pub fn codes(spam: &Value) -> Vec<&str> {
    let reasons = spam["reasons"].as_array().unwrap();
    reasons
        .iter()
        .map(|reason| reason["code"].as_str().unwrap())
        .collect()
}

/// Delivers, a moment after everything before.
async fn deliver(office: &Office, raw: &str) -> String {
    office.clock.forward(7);
    office.deliver_confirmed(&[TRIAGE], raw).await.id
}

async fn teach(office: &Office, grant: &GrantRef, letters: &[Letter], half: bool) {
    for letter in letters
        .iter()
        .filter(|letter| letter.is_in_first_half == half)
    {
        let id = deliver(office, &letter.raw).await;
        if letter.is_spam {
            update(office, grant, &id, to_folder("junk")).await.unwrap();
        } else {
            update(office, grant, &id, answered()).await.unwrap();
        }
    }
    learn(office).await;
}

/// What was found of what is there: spam in Junk, spam in Inbox, ham in Junk, ham in Inbox.
#[derive(Debug, Default, PartialEq, Eq)]
struct Matrix {
    caught: usize,
    missed: usize,
    wronged: usize,
    passed: usize,
    /// The highest score of wanted mail, in hundredths.
    closest: i64,
}

impl Matrix {
    fn note(&mut self, is_spam: bool, in_junk: bool) {
        match (is_spam, in_junk) {
            (true, true) => self.caught += 1,
            (true, false) => self.missed += 1,
            (false, true) => self.wronged += 1,
            (false, false) => self.passed += 1,
        }
    }
}

async fn judge(office: &Office, grant: &GrantRef, letters: &[Letter], half: bool) -> Matrix {
    let mut matrix = Matrix::default();
    for letter in letters
        .iter()
        .filter(|letter| letter.is_in_first_half == half)
    {
        let id = deliver(office, &letter.raw).await;
        let in_junk = role(office, &id).await == 5;
        let spam = spam_of(office, grant, &id).await;
        if in_junk != letter.is_spam {
            println!("{}: {spam}", letter.name);
        }
        if !letter.is_spam {
            let score = (spam["score"].as_f64().unwrap() * 100.0).round() as i64;
            matrix.closest = matrix.closest.max(score);
        }
        matrix.note(letter.is_spam, in_junk);
    }
    matrix
}

/// Judges one half of the corpus, by a workspace that has learned the other.
async fn judged_by_the_other(letters: &[Letter], half: bool) -> Matrix {
    let office = every_engine().await.remove(0);
    let grant = office.account("triage").await;
    teach(&office, &grant, letters, !half).await;
    judge(&office, &grant, letters, half).await
}

#[tokio::test]
async fn one_half_of_the_corpus_teaches_to_tell_the_other() {
    let letters = all_letters();
    let spam = letters.iter().filter(|letter| letter.is_spam).count();
    assert!(spam >= 200 && letters.len() - spam >= 200);
    let office = every_engine().await.remove(0);
    let grant = office.account("triage").await;
    let untaught = judge(&office, &grant, &letters, false).await;
    let second = judged_by_the_other(&letters, false).await;
    let first = judged_by_the_other(&letters, true).await;
    println!("untaught {untaught:?}\nsecond half {second:?}\nfirst half {first:?}");
    for matrix in [&untaught, &second, &first] {
        assert_eq!(matrix.wronged, 0, "wanted mail went to Junk");
    }
    for matrix in [&second, &first] {
        let spam = matrix.caught + matrix.missed;
        assert!(matrix.caught * 10 >= spam * 9, "{matrix:?}");
    }
}

#[tokio::test]
async fn the_samples_that_spamassassin_ships_are_told_apart() {
    let read = |name: &str| std::fs::read_to_string(format!("{SAMPLES}/{name}"));
    let (Ok(spam), Ok(ham)) = (read("sample-spam.txt"), read("sample-nonspam.txt")) else {
        assert!(
            std::env::var_os("CI").is_none(),
            "the Debian package spamassassin is not installed"
        );
        println!("left out: the Debian package spamassassin is not installed");
        return;
    };
    let lines = |text: String| text.replace("\r\n", "\n").replace('\n', "\r\n");
    let office = every_engine().await.remove(0);
    let grant = office.account("triage").await;
    teach(&office, &grant, &all_letters(), true).await;
    let spam = deliver(&office, &lines(spam)).await;
    let ham = deliver(&office, &lines(ham)).await;
    assert_eq!(
        role(&office, &spam).await,
        5,
        "{}",
        spam_of(&office, &grant, &spam).await
    );
    assert_eq!(
        role(&office, &ham).await,
        1,
        "{}",
        spam_of(&office, &grant, &ham).await
    );
}

#[tokio::test]
async fn reasons_are_shown_with_the_score_and_ordinary_mail_has_none() {
    for office in every_engine().await {
        let grant = office.account("triage").await;
        let plain = deliver(
            &office,
            &message(
                &["Subject: Lunch"],
                "Shall we say one o'clock at the usual place?",
            ),
        )
        .await;
        let spam = spam_of(&office, &grant, &plain).await;
        assert_eq!(spam["verdict"], "ham");
        assert_eq!(
            (spam["score"].as_f64(), spam["threshold"].as_f64()),
            (Some(0.0), Some(5.0))
        );
        assert_eq!(codes(&spam), [""; 0]);
        assert_eq!(spam["score"].to_string(), "0.0");

        let halves = [
            "XJS*C4JDBQADN1.NSBN3*2IDNEN*",
            "GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X",
        ];
        let test = deliver(&office, &message(&["Subject: Test"], &halves.concat())).await;
        let spam = spam_of(&office, &grant, &test).await;
        assert_eq!(spam["verdict"], "spam");
        assert_eq!(codes(&spam), ["GTUBE"]);
        assert_eq!(role(&office, &test).await, 5);
        let filter = AuditFilter::default();
        let page = office.mailroom.list_audit(&office.actor, filter, 50, None);
        let rows = page.await.unwrap().rows;
        let junked: Vec<&str> = rows
            .iter()
            .filter(|row| row.outcome == "junked")
            .filter_map(|row| row.reason.as_deref())
            .collect();
        assert_eq!(junked, ["spam score 1000 above 5: GTUBE"]);
    }
}

#[tokio::test]
async fn a_move_counts_once_and_moving_back_takes_it_back() {
    for office in every_engine().await {
        let grant = office.account("triage").await;
        let id = deliver(
            &office,
            &message(&["Subject: Offer"], "cheap watches for everybody today"),
        )
        .await;
        update(&office, &grant, &id, to_folder("junk"))
            .await
            .unwrap();
        assert_eq!(count(&office, "SELECT COUNT(*) FROM spam_lessons").await, 1);
        learn(&office).await;
        learn(&office).await;
        assert_eq!(corpus(&office).await, (1, 0));
        let spam_features = "SELECT COUNT(*) FROM spam_features WHERE spam > 0";
        let known = count(&office, spam_features).await;
        assert!(known > 5);
        assert_eq!(
            count(&office, "SELECT features FROM spam_corpora").await,
            known
        );

        update(&office, &grant, &id, to_folder("inbox"))
            .await
            .unwrap();
        learn(&office).await;
        assert_eq!(corpus(&office).await, (0, 1));
        assert_eq!(count(&office, spam_features).await, 0);
        assert_eq!(
            count(&office, "SELECT COUNT(*) FROM spam_features WHERE ham = 1").await,
            known
        );

        // There and back before anybody looked is what it was.
        update(&office, &grant, &id, to_folder("junk"))
            .await
            .unwrap();
        update(&office, &grant, &id, to_folder("inbox"))
            .await
            .unwrap();
        learn(&office).await;
        assert_eq!(corpus(&office).await, (0, 1));
    }
}

#[tokio::test]
async fn throwing_spam_away_does_not_call_it_wanted_and_other_moves_teach_nothing() {
    for office in every_engine().await {
        let grant = office.account("triage").await;
        let id = deliver(
            &office,
            &message(&["Subject: Offer"], "cheap watches for everybody today"),
        )
        .await;
        for folder in ["archive", "inbox", "trash", "inbox"] {
            update(&office, &grant, &id, to_folder(folder))
                .await
                .unwrap();
        }
        learn(&office).await;
        assert_eq!(corpus(&office).await, (0, 0));
        for folder in ["junk", "trash"] {
            update(&office, &grant, &id, to_folder(folder))
                .await
                .unwrap();
        }
        learn(&office).await;
        assert_eq!(corpus(&office).await, (1, 0));
    }
}

#[tokio::test]
async fn what_two_workers_learn_at_once_counts_once() {
    for office in every_engine().await {
        let grant = office.account("triage").await;
        for number in 0..12 {
            let text = message(
                &[&format!("Subject: Offer {number}")],
                "cheap watches for everybody",
            );
            let id = deliver(&office, &text).await;
            update(&office, &grant, &id, to_folder("junk"))
                .await
                .unwrap();
        }
        let (one, other) = tokio::join!(office.mailroom.learn_spam(), office.mailroom.learn_spam());
        one.unwrap();
        other.unwrap();
        learn(&office).await;
        assert_eq!(corpus(&office).await, (12, 0));
        assert_eq!(
            count(&office, "SELECT MAX(spam) FROM spam_features").await,
            12
        );
    }
}

#[tokio::test]
async fn one_author_cannot_decide_for_a_workspace_however_much_he_writes() {
    for office in every_engine().await {
        let grant = office.account("triage").await;
        let mut ids = Vec::new();
        for number in 0..34 {
            let text = message(
                &[&format!("Subject: Offer {number}")],
                "cheap watches for everybody",
            );
            let id = deliver(&office, &text).await;
            update(&office, &grant, &id, to_folder("junk"))
                .await
                .unwrap();
            ids.push(id);
        }
        learn(&office).await;
        assert_eq!(corpus(&office).await, (30, 0));
        assert_eq!(
            count(&office, "SELECT MAX(spam) FROM spam_features").await,
            30
        );
        // What was not counted takes nothing back when it moves back; what was does.
        for (moved_back, expected) in [(&ids[33], (30, 1)), (&ids[0], (29, 2))] {
            update(&office, &grant, moved_back, to_folder("inbox"))
                .await
                .unwrap();
            learn(&office).await;
            assert_eq!(corpus(&office).await, expected);
        }
        let another = "From: Other <other@shop.example>\r\nSubject: Offer\r\n\r\ncheap watches\r\n";
        let id = deliver(&office, another).await;
        update(&office, &grant, &id, to_folder("junk"))
            .await
            .unwrap();
        learn(&office).await;
        assert_eq!(corpus(&office).await, (30, 2));
    }
}

#[tokio::test]
async fn a_rule_that_marks_as_spam_teaches_nothing() {
    for office in every_engine().await {
        let rule = serde_json::json!({
            "name": "Offers", "trigger": "inbound",
            "match": {"operator": "all", "conditions": [{"field": "subject", "operator": "contains", "value": "offer"}]},
            "actions": [{"type": "mark_as_spam"}],
        });
        let made = office.mailroom.create_rule(&office.actor, &rule).await;
        let workspaces = office.mailroom.list_workspaces(&office.actor).await;
        let default = workspaces.unwrap().into_iter().find(|one| one.is_default);
        let changes = WorkspaceChanges {
            governance: Governance {
                policy_id: None,
                rule_ids: Some(vec![made.unwrap().id]),
            },
            ..WorkspaceChanges::default()
        };
        let id = default.unwrap().workspace_id;
        let changed = office
            .mailroom
            .update_workspace(&office.actor, &id, changes);
        changed.await.unwrap();
        office.account("triage").await;
        let id = deliver(&office, &message(&["Subject: Offer"], "watches")).await;
        assert_eq!(role(&office, &id).await, 5);
        assert_eq!(count(&office, "SELECT COUNT(*) FROM spam_lessons").await, 0);
        learn(&office).await;
        assert_eq!(corpus(&office).await, (0, 0));
    }
}

#[tokio::test]
async fn what_nothing_taught_for_long_is_forgotten() {
    for office in every_engine().await {
        let grant = office.account("triage").await;
        let id = deliver(
            &office,
            &message(&["Subject: Offer"], "cheap watches for everybody today"),
        )
        .await;
        update(&office, &grant, &id, to_folder("junk"))
            .await
            .unwrap();
        learn(&office).await;
        office.clock.forward(400 * 86_400);
        while office.mailroom.expire_records().await.unwrap() {}
        assert_eq!(
            count(&office, "SELECT COUNT(*) FROM spam_features").await,
            0
        );
        assert_eq!(count(&office, "SELECT COUNT(*) FROM spam_learned").await, 0);
        assert_eq!(count(&office, "SELECT features FROM spam_corpora").await, 0);
    }
}

#[tokio::test]
async fn a_workspace_knows_only_what_its_own_accounts_taught_and_takes_it_along() {
    for office in every_engine().await {
        let grant = office.account("triage").await;
        for number in 0..10 {
            let (subject, body) = match number % 2 {
                0 => ("Offer", "cheap watches and pills for everybody today"),
                _ => (
                    "Lunch",
                    "shall we talk about the budget at lunch on Tuesday",
                ),
            };
            let text = message(&[&format!("Subject: {subject} {number}")], body);
            let id = deliver(&office, &text).await;
            let lesson = match number % 2 {
                0 => to_folder("junk"),
                _ => answered(),
            };
            update(&office, &grant, &id, lesson).await.unwrap();
        }
        learn(&office).await;
        let new = NewWorkspace {
            name: "Elsewhere".to_owned(),
            ..NewWorkspace::default()
        };
        let made = office.mailroom.create_workspace(&office.actor, new).await;
        let elsewhere = made.unwrap().workspace_id;
        let account = NewAccount {
            provider: "nylas".to_owned(),
            email: "other@agents.localhost".to_owned(),
            workspace_id: Some(elsewhere.clone()),
            ..NewAccount::default()
        };
        let account = office
            .mailroom
            .create_account(&office.actor, account)
            .await
            .unwrap();
        let other = office
            .mailroom
            .grant_for(&office.actor, &account.id)
            .await
            .unwrap();
        let offer = message(
            &["Subject: Offer"],
            "cheap watches and pills for everybody today",
        );
        let here = deliver(&office, &offer).await;
        let there = office
            .deliver_confirmed(&["other@agents.localhost"], &offer)
            .await
            .id;
        let is_heard = |spam: &Value| {
            codes(spam)
                .iter()
                .any(|code| code.starts_with("BAYES_SPAM"))
        };
        assert!(is_heard(&spam_of(&office, &grant, &here).await));
        assert!(!is_heard(&spam_of(&office, &other, &there).await));

        let junk = update(&office, &other, &there, to_folder("junk")).await;
        junk.unwrap();
        learn(&office).await;
        let corpora = "SELECT CAST(COUNT(*) AS BIGINT) FROM spam_corpora";
        assert_eq!(count(&office, corpora).await, 2);
        office
            .mailroom
            .delete_workspace(&office.actor, &elsewhere)
            .await
            .unwrap();
        while office.mailroom.expire_records().await.unwrap() {}
        assert_eq!(count(&office, corpora).await, 1);
        let features = "SELECT CAST(COUNT(DISTINCT workspace_id) AS BIGINT) FROM spam_features";
        assert_eq!(count(&office, features).await, 1);
    }
}

/// Returns the number that a query answers.
async fn count(office: &Office, sql: &'static str) -> i64 {
    let counted: Result<i64, StoreError> = office
        .store
        .read(move |tx: &mut dyn Tx| tx.query_one(sql, &[], |row| row.int(0)))
        .await;
    counted.unwrap()
}

async fn corpus(office: &Office) -> (i64, i64) {
    let spam = count(
        office,
        "SELECT CAST(COALESCE(MAX(spam), 0) AS BIGINT) FROM spam_corpora",
    )
    .await;
    let ham = count(
        office,
        "SELECT CAST(COALESCE(MAX(ham), 0) AS BIGINT) FROM spam_corpora",
    )
    .await;
    (spam, ham)
}
