//! Mail is found by its words: grammar, fields, scripts, ranking, pages, filters.

use posthouse_mailroom::Refusal;
use posthouse_mailroom::actor::GrantRef;
use posthouse_mailroom::read::{Detail, FolderFilter, MessagePage, MessageQuery, PageRequest};
use posthouse_mailroom::search::{Indexed, SearchQuery};
use posthouse_mailroom::wait::{MessageWait, WaitSince};
use serde_json::Value;

use crate::support::{Office, every_engine, objects};

/// Indexes all there is; on a shared server the log ends for now below other tests' transactions.
pub async fn index(office: &Office, expected: usize) {
    let mut index = office.mailroom.search_index();
    let mut done = 0;
    let end = std::time::Instant::now() + std::time::Duration::from_secs(20);
    loop {
        let Indexed { messages, more } = index.step().await.unwrap();
        done += messages;
        if done >= expected && !more {
            break;
        }
        assert!(std::time::Instant::now() < end, "indexed {done} only");
        if !more {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    }
    index.finish().await.unwrap();
}

pub fn query(text: &str) -> MessageQuery {
    MessageQuery {
        search: Some(SearchQuery::parse(text).unwrap()),
        ..MessageQuery::default()
    }
}

pub fn subjects(listed: &[Value]) -> Vec<&str> {
    listed
        .iter()
        .map(|object| object["subject"].as_str().unwrap())
        .collect()
}

pub async fn found(office: &Office, grant: &GrantRef, text: &str) -> String {
    let listed = office.list(grant, query(text)).await;
    subjects(&listed).join(" ")
}

/// Returns the subjects of what is found; what is waited for with the same query is the same.
async fn found_either_way(office: &Office, grant: &GrantRef, text: &str) -> String {
    let listed = office.list(grant, query(text)).await;
    let found = subjects(&listed);
    let mut sorted = found.clone();
    sorted.sort_unstable();
    assert_eq!(waited(office, grant, text).await, sorted, "waiting: {text}");
    found.join(" ")
}

/// Returns the subjects, sorted, of everything that a wait with a query ends with, one after the other.
async fn waited(office: &Office, grant: &GrantRef, text: &str) -> Vec<String> {
    let mut since = WaitSince::Time(0);
    let mut subjects = Vec::new();
    loop {
        let wait = MessageWait {
            query: query(text),
            has_otp: None,
            has_link: None,
            since,
            detail: Detail::Standard,
            timeout: std::time::Duration::ZERO,
        };
        let waited = office.mailroom.wait_for_message(grant, wait).await.unwrap();
        if let Some(object) = waited.message {
            let object: Value = serde_json::from_slice(&object).unwrap();
            subjects.push(object["subject"].as_str().unwrap().to_owned());
        } else if waited.next_since == "0" || is_newest(office, grant, &waited.next_since).await {
            subjects.sort_unstable();
            return subjects;
        }
        since = match waited.next_since.parse() {
            Ok(time) => WaitSince::Time(time),
            Err(_) => WaitSince::Message(waited.next_since),
        };
    }
}

async fn is_newest(office: &Office, grant: &GrantRef, id: &str) -> bool {
    let everything = office.list(grant, MessageQuery::default()).await;
    let ids = everything.iter().filter_map(|object| object["id"].as_str());
    ids.max() == Some(id)
}

pub async fn page(
    office: &Office,
    grant: &GrantRef,
    query: &MessageQuery,
    limit: usize,
    cursor: Option<&str>,
    offset: i64,
) -> Result<MessagePage, Refusal> {
    let request = PageRequest {
        limit,
        cursor: cursor.map(str::to_owned),
        offset,
    };
    office
        .mailroom
        .list_messages(grant, query.clone(), request, Detail::Standard)
        .await
}

/// Delivers plain messages to `triage`, one after the other, ten seconds apart.
pub async fn mail(office: &Office, letters: &[(&str, &str)]) {
    for (subject, body) in letters {
        let text = format!(
            "From: Buyer <buyer@shop.example>\r\nTo: triage@agents.localhost\r\nSubject: {subject}\r\n\
             Message-ID: <{}.{subject}@shop.example>\r\nContent-Type: text/plain; charset=utf-8\r\n\
             Content-Transfer-Encoding: 8bit\r\n\r\n{body}\r\n",
            body.len()
        );
        deliver(office, &text).await;
    }
}

pub async fn deliver(office: &Office, text: &str) {
    office
        .deliver_confirmed(&["triage@agents.localhost"], text)
        .await;
    office.clock.forward(10);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_line_of_the_grammar_finds_what_it_says() {
    for office in every_engine().await {
        let grant = office.account("triage").await;
        let letters = [
            ("m1", "alpha beta gamma"),
            ("m2", "alpha gamma beta"),
            ("m3", "beta delta"),
            ("m4", "alphabet soup, Müller said: \"it's paid\""),
            ("m5", "gamma only"),
        ];
        mail(&office, &letters).await;
        index(&office, 5).await;
        let table = [
            ("alpha", "m2 m1"),
            ("ALPHA", "m2 m1"),
            ("alpha beta", "m2 m1"),
            ("alpha AND beta", "m2 m1"),
            ("alpha and beta", ""),
            ("alpha OR delta", "m3 m2 m1"),
            ("delta OR only OR soup", "m5 m4 m3"),
            ("beta -alpha", "m3"),
            ("beta -(alpha OR delta)", ""),
            ("(alpha OR delta) beta", "m3 m2 m1"),
            ("alpha beta OR only", "m5 m2 m1"),
            ("alpha (beta OR only)", "m2 m1"),
            ("\"alpha beta\"", "m1"),
            ("\"gamma beta\"", "m2"),
            ("gamma -\"alpha beta\"", "m5 m2"),
            ("-(-alpha) gamma", "m2 m1"),
            ("only OR -beta", "m5 m4"),
            ("alpha*", "m4 m2 m1"),
            ("alphab*", "m4"),
            ("\"alpha*\"", "m2 m1"),
            ("alph", ""),
            ("muller", "m4"),
            ("MÜLLER", "m4"),
            ("mu\u{308}ller", "m4"),
            ("\"it's paid\"", "m4"),
            ("\"said \\\"it's\"", "m4"),
            ("buyer@shop.example only", "m5"),
            ("\"shop example\" m3", "m3"),
            ("nowhere", ""),
            ("& alpha ;", "m2 m1"),
        ];
        for (text, expected) in table {
            assert_eq!(
                found_either_way(&office, &grant, text).await,
                expected,
                "{text}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_field_is_searched_and_nothing_else() {
    for office in every_engine().await {
        let grant = office.account("triage").await;
        let text = "From: \"Anna Lindqvist\" <anna@nord.example>\r\nTo: triage@agents.localhost\r\nCc: Carl Copy <carl@copies.example>\r\n\
            Reply-To: desk@answers.example\r\nSubject: Quarterly figures\r\nX-Secret: headerword\r\nMIME-Version: 1.0\r\n\
            Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n\
            <style>p{hiddenstyle:1}</style><p class=\"attributeword\">vis<b>ible</b> text</p><p>next &Auml;nderung</p>\r\n--b\r\n\
            Content-Type: text/csv; name=\"budget-2026.csv\"\r\nContent-Disposition: attachment; filename=\"budget-2026.csv\"\r\n\r\n\
            attachedword\r\n--b--\r\n";
        deliver(&office, text).await;
        index(&office, 1).await;
        let yes = [
            "quarterly",
            "lindqvist",
            "anna",
            "anna@nord.example",
            "nord",
            "carl",
            "copies",
            "answers",
            "triage@agents.localhost",
            "visible",
            "anderung",
            "budget",
            "budget-2026.csv",
            "\"visible text next\"",
            "figures lindqvist budget text",
        ];
        for text in yes {
            assert_eq!(
                found_either_way(&office, &grant, text).await,
                "Quarterly figures",
                "{text}"
            );
        }
        let no = [
            "headerword",
            "hiddenstyle",
            "attributeword",
            "attachedword",
            "ible",
            // A phrase lies within one field, and within one name, address or file name.
            "\"figures anna\"",
            "\"lindqvist anna\"",
            "\"copies example desk\"",
            "\"csv visible\"",
        ];
        for text in no {
            assert_eq!(found_either_way(&office, &grant, text).await, "", "{text}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn text_of_every_script_is_found() {
    for office in every_engine().await {
        let grant = office.account("triage").await;
        let letters = [
            ("chinese", "我们明天在东京开会 invoice"),
            ("japanese", "会議は東京で行います。カタカナ"),
            ("thai", "สวัสดีครับ ขอบคุณมาก"),
            ("korean", "회의 일정"),
            ("russian", "Ёлка стоит"),
            ("greek", "Καλημέρα Ελλάς"),
            ("arabic", "مُحَمَّد يكتب"),
            ("hebrew", "שָׁלוֹם עולם"),
            ("hindi", "हिन्दी में"),
            ("turkish", "İstanbul Straße"),
        ];
        mail(&office, &letters).await;
        index(&office, letters.len()).await;
        let table = [
            ("东京", "chinese"),
            ("东京开会", "chinese"),
            ("明天", "chinese"),
            ("\"开会 invoice\"", "chinese"),
            ("京开", "chinese"),
            ("天东", ""),
            ("会", "japanese chinese"),
            ("東京", "japanese"),
            ("会議は東京で", "japanese"),
            ("ｶﾀｶﾅ", "japanese"),
            ("す", "japanese"),
            ("สวัสดี", "thai"),
            ("ขอบคุณ", "thai"),
            ("회의", "korean"),
            ("회", ""),
            ("елка", "russian"),
            ("ЕЛКА", "russian"),
            ("καλημερα", "greek"),
            ("ΕΛΛΑΣ", "greek"),
            ("محمد", "arabic"),
            ("שלום", "hebrew"),
            ("हिन्दी", "hindi"),
            ("istanbul", "turkish"),
            ("STRASSE", "turkish"),
        ];
        for (text, expected) in table {
            assert_eq!(
                found_either_way(&office, &grant, text).await,
                expected,
                "{text}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn subject_ranks_over_people_and_files_and_these_over_the_body_then_the_newest() {
    for office in every_engine().await {
        let grant = office.account("triage").await;
        mail(&office, &[("Zebra sighting", "oldest")]).await;
        deliver(
            &office,
            "From: Zebra Fan <fan@z.example>\r\nSubject: person\r\n\r\nbody\r\n",
        )
        .await;
        deliver(
            &office,
            "From: a@z.example\r\nSubject: file\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\
             \r\nsee\r\n--b\r\nContent-Type: image/png\r\nContent-Disposition: attachment; filename=zebra.png\r\n\r\nx\r\n--b--\r\n",
        )
        .await;
        mail(&office, &[("body once", "a zebra and more words")]).await;
        mail(&office, &[("body often", "zebra zebra zebra zebra")]).await;
        mail(&office, &[("zebra stripes", "stripes are black")]).await;
        mail(&office, &[("both", "zebra stripes")]).await;
        index(&office, 7).await;
        let listed = office.list(&grant, query("zebra")).await;
        let expected = [
            "zebra stripes",
            "Zebra sighting",
            "file",
            "person",
            "both",
            "body often",
            "body once",
        ];
        assert_eq!(subjects(&listed), expected);
        let listed = office.list(&grant, query("zebra OR stripes")).await;
        assert_eq!(subjects(&listed), expected);
        assert_eq!(
            subjects(&office.list(&grant, query("stripes -sighting zebra")).await),
            ["zebra stripes", "both"]
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_follow_each_other_whatever_arrives_meanwhile() {
    for office in every_engine().await {
        let grant = office.account("triage").await;
        let letters: Vec<(String, String)> = (0..9)
            .map(|number| {
                let subject = if number % 3 == 0 { "needle" } else { "other" };
                (format!("{subject} m{number}"), format!("needle {number}"))
            })
            .collect();
        let letters: Vec<(&str, &str)> = letters
            .iter()
            .map(|(subject, body)| (subject.as_str(), body.as_str()))
            .collect();
        mail(&office, &letters).await;
        index(&office, 9).await;
        let query = query("needle");
        let whole = page(&office, &grant, &query, 50, None, 0).await.unwrap();
        assert!(whole.next_cursor.is_none());
        let whole: Vec<Value> = objects(&whole);
        assert_eq!(
            subjects(&whole)[..4],
            ["needle m6", "needle m3", "needle m0", "other m8"]
        );

        let mut paged = Vec::new();
        let mut cursor: Option<String> = None;
        for limit in [2, 3, 1, 50] {
            let next = page(&office, &grant, &query, limit, cursor.as_deref(), 7).await;
            // The offset counts on the first page only.
            let next = match cursor {
                None => page(&office, &grant, &query, limit, None, 0).await.unwrap(),
                Some(_) => next.unwrap(),
            };
            paged.extend(objects(&next));
            assert_ne!(next.next_cursor, cursor);
            cursor = next.next_cursor;
            mail(&office, &[("needle late", "needle")]).await;
            office.mailroom.search_index().step().await.unwrap();
        }
        assert_eq!(cursor, None);
        assert_eq!(paged, whole);

        let skipped = page(&office, &grant, &query, 2, None, 6).await.unwrap();
        assert_eq!(objects(&skipped).len(), 2);
        let refused = page(&office, &grant, &query, 2, Some("nonsense"), 0).await;
        assert!(matches!(refused, Err(Refusal::Invalid { .. })));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn other_filters_and_the_rule_of_junk_and_trash_hold_as_well() {
    for office in every_engine().await {
        let grant = office.account("triage").await;
        for (from, subject) in [("ann@a.example", "one"), ("bob@b.example", "two")] {
            deliver(
                &office,
                &format!("From: {from}\r\nSubject: {subject}\r\n\r\nneedle here\r\n"),
            )
            .await;
        }
        index(&office, 2).await;
        let with = async |change: fn(&mut MessageQuery)| {
            let mut query = query("needle");
            change(&mut query);
            subjects(&office.list(&grant, query).await).join(" ")
        };
        assert_eq!(with(|_| {}).await, "two one");
        assert_eq!(with(|q| q.from = vec!["ann@a.example".into()]).await, "one");
        assert_eq!(
            with(|q| q.any_email = vec!["bob@b.example".into()]).await,
            "two"
        );
        assert_eq!(with(|q| q.unread = Some(false)).await, "");
        assert_eq!(with(|q| q.subject = Some("ON".into())).await, "one");
        assert_eq!(
            with(|q| q.received_after = Some(1_790_000_000)).await,
            "two"
        );
        assert_eq!(
            with(|q| q.folders = FolderFilter::Named(vec!["trash".into()])).await,
            ""
        );
        assert_eq!(
            with(|q| q.folders = FolderFilter::Named(vec!["inbox".into()])).await,
            "two one"
        );
        let one = office.list(&grant, query("one")).await;
        let one = one[0]["id"].as_str().unwrap();
        office.mailroom.delete_message(&grant, one).await.unwrap();
        assert_eq!(with(|_| {}).await, "two");
        assert_eq!(with(|q| q.folders = FolderFilter::All).await, "two one");
        assert_eq!(
            with(|q| q.folders = FolderFilter::Named(vec!["trash".into()])).await,
            "one"
        );
        // From Trash it goes for good.
        office.mailroom.delete_message(&grant, one).await.unwrap();
        assert_eq!(with(|q| q.folders = FolderFilter::All).await, "two");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn store_01_no_text_reaches_an_engines_own_syntax() {
    for office in every_engine().await {
        let grant = office.account("triage").await;
        let hostile = "'; DROP TABLE messages; -- NEAR(a b) {subject} : x ^y \\ $1 ?1 & | ! <-> :* 'q':A \u{fdfa} 東'京";
        mail(&office, &[("plain", hostile)]).await;
        index(&office, 1).await;
        let texts = [
            "'; DROP",
            "NEAR(a b)",
            "{subject} : x",
            "subject:x OR near",
            "^y",
            "\\ table",
            "$1",
            "?1",
            "a & b | !q",
            "drop <-> table",
            "'q':A",
            "\"' OR 1=1 --\" OR drop",
            "q:*",
            "ﷺ",
            "東'京",
            "x AND y OR a*",
        ];
        for text in texts {
            assert_eq!(found(&office, &grant, text).await, "plain", "{text}");
        }
    }
}
