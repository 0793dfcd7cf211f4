//! Attachments that a policy does not let in are taken out of the copies of its accounts, visibly, and of no others.

use posthouse_mailroom::actor::GrantRef;
use posthouse_mailroom::read::{Detail, MessageQuery};
use posthouse_mailroom::rule_evaluations::EvaluationFilter;
use posthouse_mailroom::workspaces::NewWorkspace;
use posthouse_types::ids::Kind;
use serde_json::{Value, json};

use crate::policies::govern;
use crate::support::{Office, every_engine};

/// A message with a text and files: declared type, header of the name, content.
fn letter(files: &[(&str, &str, &str)]) -> String {
    let mut text = String::from(
        "From: Buyer <buyer@shop.example>\r\nSubject: files\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n\
         --x\r\nContent-Type: text/plain\r\n\r\nSee below.\r\n",
    );
    for (media_type, disposition, content) in files {
        text.push_str(&format!(
            "--x\r\nContent-Type: {media_type}\r\nContent-Disposition: attachment{disposition}\r\n\r\n{content}\r\n"
        ));
    }
    text.push_str("--x--\r\n");
    text
}

async fn free_account(office: &Office, local: &str) -> GrantRef {
    let new = NewWorkspace {
        name: "Free".to_owned(),
        ..NewWorkspace::default()
    };
    let made = office.mailroom.create_workspace(&office.actor, new);
    let workspace = made.await.unwrap().workspace_id;
    let account = office.account(local).await;
    let ids = [office.mailroom.public_id(Kind::Grant, account.grant)];
    let assigned = office
        .mailroom
        .assign_accounts(&office.actor, &workspace, &ids, &[])
        .await;
    assigned.unwrap();
    account
}

async fn newest(office: &Office, grant: &GrantRef) -> Value {
    office.list(grant, MessageQuery::default()).await.remove(0)
}

fn names(message: &Value) -> Vec<&str> {
    let listed = message["attachments"].as_array().unwrap();
    listed
        .iter()
        .map(|file| file["filename"].as_str().unwrap())
        .collect()
}

/// What `fields=include_security` says of the newest message.
async fn security(office: &Office, grant: &GrantRef) -> Value {
    let id = newest(office, grant).await["id"].clone();
    let detail = Detail::With {
        headers: None,
        tracking: false,
        extracted: false,
        security: true,
    };
    let shown = office
        .mailroom
        .get_message(grant, id.as_str().unwrap(), detail);
    let object: Value = serde_json::from_slice(&shown.await.unwrap()).unwrap();
    object["security"].clone()
}

async fn evaluation(office: &Office, grant: &GrantRef) -> Option<Value> {
    let page = office
        .mailroom
        .list_rule_evaluations(grant, EvaluationFilter::default(), 10, None)
        .await
        .unwrap();
    page.rows
        .into_iter()
        .next()
        .map(|row| Value::Object(row.members))
}

#[tokio::test(flavor = "multi_thread")]
async fn surplus_files_leave_the_copies_of_those_whose_policy_says_so() {
    for office in every_engine().await {
        let one = office.account("one").await;
        let two = office.account("two").await;
        let free = free_account(&office, "free").await;
        govern(
            &office,
            json!({"limit_attachment_count_limit": 1, "limit_attachment_size_limit": 100}),
        )
        .await;
        let large = "x".repeat(101);
        let raw = letter(&[
            ("application/pdf", "; filename=large.pdf", &large),
            ("application/pdf", "; filename=first.pdf", "%PDF-1"),
            ("application/pdf", "; filename=second.pdf", "%PDF-2"),
        ]);
        let to = [
            "free@agents.localhost",
            "two@agents.localhost",
            "one@agents.localhost",
        ];
        let accepted = office.deliver_confirmed(&to, &raw).await;
        assert_eq!(accepted.message_ids.len(), 3);
        let whole = newest(&office, &free).await;
        assert_eq!(names(&whole), ["large.pdf", "first.pdf", "second.pdf"]);
        assert_eq!(whole["id"], json!(accepted.message_ids[0]));
        for (place, account) in [(1, &two), (2, &one)] {
            let less = newest(&office, account).await;
            assert_eq!(less["id"], json!(accepted.message_ids[place]));
            assert_eq!(
                names(&less),
                [
                    "removed-attachment.txt",
                    "first.pdf",
                    "removed-attachment.txt"
                ]
            );
            let told = evaluation(&office, account).await.unwrap();
            assert_eq!(told["applied_actions"]["attachments_dropped"], true);
            let dropped = json!([
                {"filename": "large.pdf", "content_type": "application/pdf", "size": 101, "reason": "size"},
                {"filename": "second.pdf", "content_type": "application/pdf", "size": 6, "reason": "count"},
            ]);
            assert_eq!(told["dropped_attachments"], dropped);
            assert_eq!(
                security(&office, account).await["dropped_attachments"],
                dropped
            );
        }
        assert_eq!(evaluation(&office, &free).await, None);
        assert_eq!(
            security(&office, &free).await["dropped_attachments"],
            json!([])
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_removed_is_gone_and_said_where_it_was() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        govern(
            &office,
            json!({"limit_attachment_allowed_types": ["application/pdf"]}),
        )
        .await;
        let raw = letter(&[("application/x-secret", "; filename=plan.xyz", "TOPSECRET")]);
        office
            .deliver_confirmed(&["agent@agents.localhost"], &raw)
            .await;
        let message = newest(&office, &agent).await;
        let id = message["id"].as_str().unwrap();
        let source = crate::receiving::raw(&office, &agent, id).await;
        assert!(!source.contains("TOPSECRET"), "{source}");
        let note = posthouse_mime::parse(source.as_bytes());
        let note =
            posthouse_mime::decode_part(source.as_bytes(), note.attachments[0].part).unwrap();
        let note = String::from_utf8(note).unwrap();
        assert!(
            note.contains("plan.xyz") && note.contains("its type is not allowed here"),
            "{note}"
        );
        assert!(message["snippet"].as_str().unwrap().contains("See below."));
    }
}

/// One reading that is not allowed suffices, whichever program takes it up.
#[tokio::test(flavor = "multi_thread")]
async fn mime_10_every_reading_of_a_name_is_held_to_the_allowed_types() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        govern(
            &office,
            json!({"limit_attachment_allowed_types": ["application/pdf"]}),
        )
        .await;
        let cases = [
            ("application/pdf", "; filename=a.pdf", "%PDF-1", true),
            (
                "application/pdf; name=a.exe",
                "; filename=a.pdf",
                "%PDF-1",
                false,
            ),
            (
                "application/pdf",
                "; filename=a.pdf; filename*=utf-8''a.exe",
                "%PDF-1",
                false,
            ),
            (
                "application/pdf",
                "; filename=a.pdf; filename=a.exe",
                "%PDF-1",
                false,
            ),
            (
                "application/pdf",
                "; filename*0=a.e; filename*1=xe; filename=a.pdf",
                "%PDF-1",
                false,
            ),
            ("application/pdf", "; filename=\"a.exe. \"", "%PDF-1", false),
            (
                "application/pdf; name*=utf-8'en-gb'a%2Eexe",
                "; filename=a.pdf",
                "%PDF-1",
                false,
            ),
            (
                "application/pdf",
                "; filename=a.pdf",
                "MZ\u{1}\u{2}\u{3}0123456789abcdef",
                false,
            ),
            ("image/png", "; filename=a.pdf", "%PDF-1", false),
        ];
        for (number, (media_type, disposition, content, is_kept)) in cases.into_iter().enumerate() {
            let raw = letter(&[(media_type, disposition, content)])
                .replace("Subject: files", &format!("Subject: {number}"));
            office
                .deliver_confirmed(&["agent@agents.localhost"], &raw)
                .await;
            office.clock.forward(1);
            let message = newest(&office, &agent).await;
            let kept = names(&message) != ["removed-attachment.txt"];
            assert_eq!(kept, is_kept, "{media_type} {disposition}");
        }
    }
}
