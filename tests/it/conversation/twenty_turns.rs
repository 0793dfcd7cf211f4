//! Twenty turns between two agents and somebody outside: one thread on each agent's side.

use std::collections::BTreeSet;

use posthouse_tests::api::Api;
use posthouse_tests::eventually;
use posthouse_tests::letter::Letter;
use posthouse_tests::server::{Account, Posthouse};
use serde_json::{Value, json};

use super::correspondent::{CORA, CORA_FROM, Source};
use crate::peers::postfix::{Postfix, queue};

const SUBJECT: &str = "Printer order";

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Who {
    Ann,
    Bob,
    Cora,
}
use Who::{Ann, Bob, Cora};

/// One turn: its author, the turn that it answers (0 for none), and who gets it.
struct Turn(Who, usize, &'static [Who]);

/// Everybody answers everybody, older turns too; some turns are between the agents alone, and turn 14 is kept from Bob, so that Ann's
/// answer to it names a message that he never had.
const TURNS: [Turn; 20] = [
    Turn(Cora, 0, &[Ann, Bob]),
    Turn(Ann, 1, &[Cora, Bob]),
    Turn(Cora, 2, &[Ann, Bob]),
    Turn(Bob, 3, &[Cora, Ann]),
    Turn(Cora, 4, &[Bob, Ann]),
    Turn(Ann, 5, &[Bob]),
    Turn(Bob, 6, &[Ann]),
    Turn(Ann, 7, &[Bob, Cora]),
    Turn(Cora, 8, &[Ann, Bob]),
    Turn(Cora, 2, &[Ann, Bob]),
    Turn(Bob, 10, &[Cora, Ann]),
    Turn(Ann, 9, &[Cora, Bob]),
    Turn(Cora, 11, &[Bob, Ann]),
    Turn(Cora, 12, &[Ann]),
    Turn(Ann, 14, &[Cora, Bob]),
    Turn(Bob, 15, &[Ann]),
    Turn(Ann, 16, &[Bob, Cora]),
    Turn(Cora, 17, &[Ann, Bob]),
    Turn(Bob, 18, &[Cora, Ann]),
    Turn(Cora, 19, &[Bob, Ann]),
];

impl Turn {
    fn reaches(&self, who: Who) -> bool {
        self.0 == who || self.2.contains(&who)
    }
}

/// What a turn left behind.
struct Said {
    /// `Message-ID`, with angle brackets.
    rfc822_id: String,
    /// The copy that would have gone out to Cora.
    captured: Option<Source>,
}

struct Talk {
    server: Posthouse,
    api: Api,
    postfix: Postfix,
    ann: Account,
    bob: Account,
    said: Vec<Said>,
}

impl Talk {
    fn account(&self, who: Who) -> &Account {
        match who {
            Ann => &self.ann,
            Bob => &self.bob,
            Cora => unreachable!("Cora has no account here"),
        }
    }

    fn address(&self, who: Who) -> &str {
        match who {
            Cora => CORA,
            agent => &self.account(agent).email,
        }
    }

    /// Returns an agent's own copy of a turn, once it is there.
    async fn copy(&self, who: Who, turn: usize) -> Value {
        let id = self.said[turn - 1].rfc822_id.trim_matches(['<', '>']);
        let path = format!(
            "/v3/grants/{}/messages?in=all&rfc822_message_id={id}",
            self.account(who).id
        );
        eventually(&format!("{who:?} to have turn {turn}"), async || {
            let rows = self.api.get(&path).await.expect(200).rows();
            assert!(rows.len() <= 1, "{who:?} has turn {turn} more than once");
            rows.into_iter().next()
        })
        .await
    }

    async fn take(&mut self, turn: &Turn) {
        let said = match turn.0 {
            Cora => self.outsider_writes(turn).await,
            agent => self.agent_writes(agent, turn).await,
        };
        self.said.push(said);
        let number = self.said.len();
        for who in [Ann, Bob].into_iter().filter(|who| turn.reaches(*who)) {
            self.copy(who, number).await;
        }
    }

    async fn agent_writes(&self, agent: Who, turn: &Turn) -> Said {
        let to: Vec<Value> = turn
            .2
            .iter()
            .map(|who| json!({"email": self.address(*who)}))
            .collect();
        let target = self.copy(agent, turn.1).await;
        let body = json!({
            "to": to[..1],
            "cc": to[1..],
            "subject": format!("Re: {SUBJECT}"),
            "body": format!("<p>Turn {}</p>", self.said.len() + 1),
            "reply_to_message_id": target["id"],
        });
        let path = format!("/v3/grants/{}/messages/send", self.account(agent).id);
        let sent = self.api.post(&path, body).await.expect(200).data();
        assert_eq!(sent["thread_id"], target["thread_id"]);
        assert_eq!(sent["reply_to_message_id"], target["id"]);
        let text = |field: &str| sent[field].as_str().expect("a string").to_owned();
        let captured = match turn.2.contains(&Cora) {
            true => Some(Source::captured(&self.api, &text("id")).await),
            false => None,
        };
        Said {
            rfc822_id: text("rfc822_message_id"),
            captured,
        }
    }

    async fn outsider_writes(&self, turn: &Turn) -> Said {
        let recipients: Vec<String> = turn
            .2
            .iter()
            .map(|who| self.address(*who).to_owned())
            .collect();
        let mut letter = Letter::to(&recipients[0])
            .subject(SUBJECT)
            .text(&format!("Turn {}\n", self.said.len() + 1));
        CORA.clone_into(&mut letter.sender);
        CORA_FROM.clone_into(&mut letter.from);
        letter.recipients = recipients;
        if turn.1 > 0 {
            let answered = self.said[turn.1 - 1].captured.as_ref();
            let answered = answered.expect("she answers what she has read");
            letter = letter
                .subject(&format!("Re: {SUBJECT}"))
                .header(&format!("In-Reply-To: {}", answered.header("message-id")))
                .header(&format!("References: {}", answered.references_of_answer()));
        }
        queue(&mut self.postfix.connect().await, &letter, "").await;
        Said {
            rfc822_id: letter.message_id,
            captured: None,
        }
    }

    /// Everything about one agent's side.
    async fn check_side(&self, who: Who) {
        let mine: Vec<usize> = (1..=TURNS.len())
            .filter(|number| TURNS[number - 1].reaches(who))
            .collect();
        let base = format!("/v3/grants/{}", self.account(who).id);
        let threads = self
            .api
            .get(&format!("{base}/threads"))
            .await
            .expect(200)
            .rows();
        assert_eq!(threads.len(), 1, "{who:?} has one thread");
        let thread = &threads[0];
        let thread_id = thread["id"].as_str().expect("an id");

        let path = format!("{base}/messages?thread_id={thread_id}&in=all&limit=200");
        let mut messages = self.api.get(&path).await.expect(200).rows();
        messages.reverse();
        let seen: Vec<&Value> = messages
            .iter()
            .map(|message| &message["rfc822_message_id"])
            .collect();
        let expected: Vec<&str> = mine
            .iter()
            .map(|number| self.said[number - 1].rfc822_id.as_str())
            .collect();
        assert_eq!(seen, expected, "{who:?}: all messages, in order");
        self.check_flags(who, &mine, &messages);
        check_thread(thread, &messages, [&self.ann.email, &self.bob.email]);
        self.check_counts(&base, thread_id, &messages).await;
    }

    /// Received mail is unread; what the agent has answered says so, and nothing else does.
    fn check_flags(&self, who: Who, mine: &[usize], messages: &[Value]) {
        let answered: BTreeSet<usize> = TURNS
            .iter()
            .filter(|turn| turn.0 == who)
            .map(|turn| turn.1)
            .collect();
        for (number, message) in mine.iter().zip(messages) {
            let is_own = TURNS[number - 1].0 == who;
            assert_eq!(message["unread"], !is_own, "{who:?}: turn {number}");
            let is_answered = answered.contains(number);
            assert_eq!(message["answered"], is_answered, "{who:?}: turn {number}");
            let author = &message["from"][0]["email"];
            assert_eq!(author, self.address(TURNS[number - 1].0));
        }
    }

    /// The counters of the folders, before and after the whole thread is marked read.
    async fn check_counts(&self, base: &str, thread_id: &str, messages: &[Value]) {
        let sent = messages
            .iter()
            .filter(|message| message["unread"] == false)
            .count();
        let received = messages.len() - sent;
        let folder = async |name: &str| {
            let path = format!("{base}/folders/{name}");
            let folder = self.api.get(&path).await.expect(200).data();
            (
                folder["total_count"].as_u64(),
                folder["unread_count"].as_u64(),
            )
        };
        let count = |number: usize| Some(number as u64);
        assert_eq!(folder("inbox").await, (count(received), count(received)));
        assert_eq!(folder("sent").await, (count(sent), Some(0)));
        let path = format!("{base}/threads/{thread_id}");
        let read = self.api.put(&path, json!({"unread": false})).await;
        assert_eq!(read.expect(200).data()["unread"], false);
        assert_eq!(folder("inbox").await, (count(received), Some(0)));
    }
}

#[track_caller]
fn check_thread(thread: &Value, messages: &[Value], agents: [&str; 2]) {
    let latest = messages.last().expect("messages");
    assert_eq!(thread["subject"], SUBJECT);
    assert_eq!(thread["latest_draft_or_message"]["id"], latest["id"]);
    assert_eq!(thread["snippet"], latest["snippet"]);
    let ids = |rows: &[Value]| -> BTreeSet<String> {
        rows.iter()
            .filter_map(|id| id.as_str().map(str::to_owned))
            .collect()
    };
    let all: Vec<Value> = messages
        .iter()
        .map(|message| message["id"].clone())
        .collect();
    let listed = thread["message_ids"].as_array().expect("ids");
    assert_eq!(listed.len(), messages.len());
    assert_eq!(ids(listed), ids(&all));

    let participants = thread["participants"].as_array().expect("participants");
    let emails: BTreeSet<&str> = participants
        .iter()
        .filter_map(|one| one["email"].as_str())
        .collect();
    assert_eq!(emails, BTreeSet::from([agents[0], agents[1], CORA]));
    assert_eq!(participants.len(), 3, "each once: {participants:?}");
    let cora = participants.iter().find(|one| one["email"] == CORA);
    assert_eq!(cora.expect("Cora")["name"], "Cora Buyer");

    let folders: Vec<Value> = messages
        .iter()
        .map(|message| message["folders"][0].clone())
        .collect();
    let union = thread["folders"].as_array().expect("folders");
    assert_eq!(ids(union), ids(&folders));
    let newest = |is_own: bool| {
        let dates = messages
            .iter()
            .filter(|message| (message["unread"] == false) == is_own);
        dates.filter_map(|message| message["date"].as_i64()).max()
    };
    assert_eq!(thread["earliest_message_date"], messages[0]["date"]);
    assert_eq!(thread["latest_message_received_date"], json!(newest(false)));
    assert_eq!(thread["latest_message_sent_date"], json!(newest(true)));
    for flag in ["has_attachments", "has_drafts", "starred"] {
        assert_eq!(thread[flag], false, "{flag}");
    }
    assert_eq!(thread["unread"], true);
}

#[tokio::test]
async fn twenty_turns_of_two_agents_and_an_outsider_are_one_thread_on_both_sides() {
    let server = Posthouse::start().await;
    let Some(postfix) = Postfix::start(server.ready().smtp).await else {
        return;
    };
    let ann = server.create_account("ann").await;
    let bob = server.create_account("bob").await;
    let mut talk = Talk {
        api: server.api(),
        server,
        postfix,
        ann,
        bob,
        said: Vec::new(),
    };
    for turn in &TURNS {
        talk.take(turn).await;
    }
    talk.check_side(Ann).await;
    talk.check_side(Bob).await;
    check_references(&talk.said);
    let rest = talk.api.get("/v3/admin/queue?limit=200").await.expect(200);
    let captured = talk.said.iter().filter(|said| said.captured.is_some());
    assert_eq!(
        rest.rows().len(),
        captured.count(),
        "what is for agents is delivered"
    );
    drop(talk.server);
}

/// What goes out names what it answers, and the way there from the first turn on.
fn check_references(said: &[Said]) {
    for (turn, one) in TURNS.iter().zip(said) {
        let Some(captured) = &one.captured else {
            continue;
        };
        let answered = &said[turn.1 - 1].rfc822_id;
        assert_eq!(captured.header("in-reply-to"), answered);
        let references = captured.header("references");
        assert!(references.starts_with(&said[0].rfc822_id), "{references}");
        assert!(references.ends_with(answered.as_str()), "{references}");
    }
}
