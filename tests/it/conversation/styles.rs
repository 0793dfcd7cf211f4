//! Replies as the mail programs of the world write them: their headers, their quotes, their attributions.

use posthouse_tests::api::Api;
use posthouse_tests::eventually;
use posthouse_tests::server::{Account, Posthouse};
use serde_json::{Value, json};

use super::correspondent::{CORA, Source};

/// A reply with placeholders, and what its author wrote herself.
struct Style {
    name: &'static str,
    template: &'static [u8],
    reply_text: &'static str,
}

const STYLES: [Style; 7] = [
    Style {
        name: "Gmail",
        template: include_bytes!("styles/gmail.eml"),
        reply_text: "Yes, Tuesday works for us – any time after nine.\n\nPlease bring the long ladder.",
    },
    Style {
        name: "Gmail with a signature, in German",
        template: include_bytes!("styles/gmail_signed_german.eml"),
        reply_text: "Dienstag passt uns gut.",
    },
    Style {
        name: "Outlook on the desktop",
        template: include_bytes!("styles/outlook_desktop.eml"),
        reply_text: "Tuesday works for us.\n\nPlease ring the bell twice.",
    },
    Style {
        name: "Outlook on the desktop as plain text without references",
        template: include_bytes!("styles/outlook_desktop_unthreaded.eml"),
        reply_text: "Dienstag passt uns gut.",
    },
    Style {
        name: "Outlook on the web",
        template: include_bytes!("styles/outlook_web.eml"),
        reply_text: "Tuesday works for us, at the café entrance.",
    },
    Style {
        name: "Apple Mail",
        template: include_bytes!("styles/apple_mail.eml"),
        reply_text: "Tuesday works for us.\n\nWe are in the yard.\nCora",
    },
    Style {
        name: "Apple Mail on a telephone",
        template: include_bytes!("styles/apple_mail_telephone.eml"),
        reply_text: "Tuesday, yes 👍",
    },
];

/// The question that every reply quotes.
const QUESTION: &str =
    "<p>Does <b>Tuesday</b> work for the delivery?</p><p>Kind regards,<br>Ann</p>";

/// Fills the template in, byte by byte: some are not UTF-8.
fn filled(template: &[u8], values: &[(&str, &str)]) -> Vec<u8> {
    let latin: String = template.iter().map(|byte| char::from(*byte)).collect();
    let mut text = latin.replace('\n', "\r\n");
    for (placeholder, value) in values {
        assert!(value.is_ascii(), "{value}");
        text = text.replace(placeholder, value);
    }
    text.chars()
        .map(|one| u8::try_from(u32::from(one)).expect("a byte as before"))
        .collect()
}

async fn ask(api: &Api, ann: &Account, subject: &str) -> Value {
    let path = format!("/v3/grants/{}/messages/send", ann.id);
    let body = json!({"to": [{"name": "Cora Buyer", "email": CORA}], "subject": subject, "body": QUESTION});
    api.post(&path, body).await.expect(200).data()
}

/// Delivers the reply and returns it as the account sees it.
async fn answer(server: &Posthouse, ann: &Account, subject: &str, reply: &[u8]) -> Value {
    let mut smtp = server.smtp().await;
    smtp.command("EHLO mx.shop.example").await.expect(250);
    let recipients = [ann.email.clone()];
    let taken = smtp.try_send(CORA, &recipients, reply).await;
    taken.expect("an answer").expect(250);
    let path = format!(
        "/v3/grants/{}/messages?in=inbox&fields=include_extracted&subject={}",
        ann.id,
        subject.replace(' ', "%20")
    );
    let api = server.api();
    eventually("the reply", async || {
        api.get(&path).await.expect(200).rows().pop()
    })
    .await
}

async fn check(server: &Posthouse, ann: &Account, number: usize, style: &Style) {
    let api = server.api();
    let name = style.name;
    let subject = format!("Delivery {number}");
    let question = ask(&api, ann, &subject).await;
    let captured = Source::captured(&api, question["id"].as_str().expect("an id")).await;
    let reply_id = format!("<{number}.0123456789@mail.shop.example>");
    let reply = filled(
        style.template,
        &[
            ("{AGENT}", &ann.email),
            ("{SUBJECT}", &subject),
            ("{QUESTION}", captured.header("message-id")),
            ("{REFERENCES}", &captured.references_of_answer()),
            ("{ID}", &reply_id),
        ],
    );
    let arrived = answer(server, ann, &subject, &reply).await;
    assert_eq!(arrived["thread_id"], question["thread_id"], "{name}");
    assert_eq!(
        arrived["extracted"]["reply_text"], style.reply_text,
        "{name}"
    );

    let thread = format!(
        "/v3/grants/{}/threads/{}",
        ann.id,
        text(&arrived["thread_id"])
    );
    let thread = api.get(&thread).await.expect(200).data();
    assert_eq!(
        thread["message_ids"].as_array().map(Vec::len),
        Some(2),
        "{name}"
    );
    assert_eq!(thread["subject"], subject.as_str(), "{name}");
    assert_eq!(
        thread["latest_draft_or_message"]["id"], arrived["id"],
        "{name}"
    );

    // And back again: what the program made of the references is the way on.
    let thanks = json!({"to": arrived["from"], "subject": "Re: thanks", "reply_to_message_id": arrived["id"]});
    let path = format!("/v3/grants/{}/messages/send", ann.id);
    let thanks = api.post(&path, thanks).await.expect(200).data();
    assert_eq!(thanks["thread_id"], question["thread_id"], "{name}");
    let captured = Source::captured(&api, text(&thanks["id"])).await;
    assert_eq!(captured.header("in-reply-to"), reply_id, "{name}");
    assert!(captured.header("references").ends_with(&reply_id), "{name}");
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a string")
}

#[tokio::test]
async fn replies_of_the_mail_programs_of_the_world_thread_and_only_their_own_text_is_extracted() {
    let server = Posthouse::start().await;
    let ann = server.create_account("ann").await;
    for (number, style) in STYLES.iter().enumerate() {
        check(&server, &ann, number, style).await;
    }
}
