//! Rules without a mailbox: what looking at one message costs on the embedded store, list look-ups included.
//!
//! `cargo run --profile dist -p posthouse-bench --features trial --bin rules_trial -- [messages] [items per list]`
//!
//! Thirty rules, three lists. Every message has another author, every other one is on a list. `facts` is what the mailroom
//! makes of a message's addresses, `questions` what the rules want to know, `look-up` the one read of the store, `evaluate`
//! the decision; the transaction around the read is in the last figure only.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use posthouse_rules::evaluate::{ListAnswers, evaluate, questions};
use posthouse_rules::facts::{AttachmentFact, Facts, Party, Stage};
use posthouse_rules::headers::Headers;
use posthouse_rules::rule::{self, Rule};
use posthouse_store::tables::lists::{self, StoredList};
use posthouse_store::{Store, StoreConfig, StoreError, Tx};
use posthouse_types::address::EmailAddress;
use posthouse_types::clock::SystemClock;
use posthouse_types::ids::{Key, Kind};
use serde_json::{Value, json};

const APPLICATION: Key = Key(7);
const ITEMS_PER_STEP: usize = 1_000;

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = std::env::args()
        .skip(1)
        .map(|argument| argument.parse::<usize>());
    let messages = arguments.next().transpose()?.unwrap_or(20_000);
    let items = arguments.next().transpose()?.unwrap_or(50_000);

    let directory = tempfile::tempdir_in("target")?;
    let config = StoreConfig {
        database: "sqlite".to_owned(),
        blobs: "file".to_owned(),
        data_dir: directory.path().to_owned(),
        readers_max: 4,
    };
    let store = Store::open(&config, Arc::new(SystemClock)).await?;
    let lists = [
        make_list(&store, 3, items, |number| {
            format!("a{number}@d{number}.example")
        })
        .await?,
        make_list(&store, 1, items, |number| format!("d{number}.example")).await?,
        make_list(&store, 2, items, |number| format!("t{number}")).await?,
    ];
    let rules: Arc<[Rule]> = thirty_rules(&store, &lists)?.into();

    let spent = inside(&store, &rules, messages, items).await?;
    let each = |spent: Duration| spent.as_secs_f64() * 1e6 / messages as f64;
    println!(
        "{} rules, 3 lists of {items} items, {messages} messages, {} matched something",
        rules.len(),
        spent.matched
    );
    println!(
        "facts {:.1} us, questions {:.1} us, look-up {:.1} us, evaluate {:.1} us: {:.1} us a message",
        each(spent.facts),
        each(spent.questions),
        each(spent.look_up),
        each(spent.evaluate),
        each(spent.facts + spent.questions + spent.look_up + spent.evaluate),
    );
    let with_reads = with_reads(&store, &rules, messages, items).await?;
    println!(
        "with a read transaction of its own for each message: {:.1} us a message",
        each(with_reads)
    );
    store.close().await;
    Ok(())
}

/// Where the time went.
#[derive(Default)]
struct Spent {
    facts: Duration,
    questions: Duration,
    look_up: Duration,
    evaluate: Duration,
    matched: usize,
}

async fn make_list(
    store: &Store,
    kind: i64,
    items: usize,
    value: impl Fn(usize) -> String,
) -> Result<Key> {
    let id = store.new_key();
    let list = StoredList {
        id,
        application: APPLICATION,
        name: "trial".to_owned(),
        description: None,
        kind,
        items_count: 0,
        created_at: 0,
        updated_at: 0,
    };
    store
        .write(move |tx: &mut dyn Tx| lists::insert(tx, &list))
        .await?;
    let values: Vec<String> = (0..items).map(value).collect();
    for step in values.chunks(ITEMS_PER_STEP) {
        let (step, keys) = (step.to_vec(), store.clone());
        store
            .write(move |tx: &mut dyn Tx| lists::add_items(tx, id, &step, 0, || keys.new_key()))
            .await?;
    }
    Ok(id)
}

/// Makes rules of every kind: ten ask lists, the rest looks at texts, headers and files.
fn thirty_rules(store: &Store, lists: &[Key; 3]) -> Result<Vec<Rule>> {
    let codec = store.ids();
    let id = |place: usize| codec.seal(Kind::List, lists[place]).to_string();
    let condition = |place: usize| -> Value {
        let (field, operator, value) = match place % 10 {
            0 => ("from.address", "in_list", json!([id(0)])),
            1 => ("from.domain", "in_list", json!([id(1)])),
            2 => ("from.tld", "in_list", json!([id(2)])),
            3 => ("from.domain", "is", json!(format!("shop{place}.example"))),
            4 => ("from.address", "contains", json!(format!("noreply{place}"))),
            5 => ("subject", "contains", json!(format!("invoice {place}"))),
            6 => ("header.list-id", "contains", json!(format!("news{place}"))),
            7 => ("attachment.type", "is", json!("application/zip")),
            8 => ("envelope.recipient", "is", json!("nobody@agents.example")),
            _ => ("spam.score", "gte", json!(9)),
        };
        json!({"field": field, "operator": operator, "value": value})
    };
    let mut rules = Vec::with_capacity(30);
    for place in 0..30 {
        let body = json!({
            "name": format!("rule {place}"),
            "priority": place,
            "match": {"operator": "any", "conditions": [condition(place), condition(place + 5)]},
            "actions": [{"type": "mark_as_read"}],
        });
        let rule = Rule::from_json(Key(place as i64 + 1), 0, &body, codec)
            .map_err(|fault| anyhow::anyhow!("{}: {}", fault.field, fault.message))?;
        rules.push(rule);
    }
    rule::sort(&mut rules);
    Ok(rules)
}

fn facts(number: usize, items: usize) -> Result<Facts> {
    // Every other author is on the lists.
    let place = (number * 7_919) % (items * 2);
    let author = EmailAddress::parse_strict(&format!("a{place}@d{place}.example"))?;
    let sender = EmailAddress::parse_strict(&format!("bounces+{number}@mailer.example"))?;
    let to = EmailAddress::parse_strict("agent@agents.example")?;
    Ok(Facts {
        from: [Party::new(author), Party::new(sender)].into(),
        envelope_recipients: vec![Party::new(to)],
        subject: Some(format!("about order {number}").into()),
        headers: Arc::new(Headers::gather(
            &(0..20).map(|field| format!("x-field-{field}")).collect(),
            (0..20).map(|field| {
                (
                    format!("x-field-{field}"),
                    format!("value {number} of {field}"),
                )
            }),
        )),
        attachments: Some(Arc::new([AttachmentFact {
            filename: "a.pdf".to_owned(),
            content_type: "application/pdf".to_owned(),
            size: 9,
        }])),
        spam_score: Some(1.5),
        ..Facts::at(Stage::InboxProcessing)
    })
}

/// Looks at all messages within one read.
async fn inside(
    store: &Store,
    rules: &Arc<[Rule]>,
    messages: usize,
    items: usize,
) -> Result<Spent> {
    let rules = Arc::clone(rules);
    let spent = store
        .read(move |tx: &mut dyn Tx| -> Result<Spent, StoreError> {
            let mut spent = Spent::default();
            for number in 0..messages {
                let began = Instant::now();
                let facts =
                    facts(number, items).map_err(|error| StoreError::Fault(error.to_string()))?;
                let made = Instant::now();
                let asked = questions(&rules, [&facts], usize::MAX).unwrap_or_default();
                let known = Instant::now();
                let answers: ListAnswers = lists::holding(tx, &asked)?.into_iter().collect();
                let answered = Instant::now();
                let evaluation = evaluate(&rules, &facts, &answers);
                spent.evaluate += answered.elapsed();
                spent.facts += made - began;
                spent.questions += known - made;
                spent.look_up += answered - known;
                spent.matched += usize::from(!evaluation.matched.is_empty());
            }
            Ok(spent)
        })
        .await
        .context("looking at messages")?;
    Ok(spent)
}

/// Looks at each message in a read of its own, as the mailroom does.
async fn with_reads(
    store: &Store,
    rules: &Arc<[Rule]>,
    messages: usize,
    items: usize,
) -> Result<Duration> {
    let began = Instant::now();
    for number in 0..messages {
        let facts = facts(number, items)?;
        let rules = Arc::clone(rules);
        store
            .read(move |tx: &mut dyn Tx| -> Result<usize, StoreError> {
                let asked = questions(&rules, [&facts], usize::MAX).unwrap_or_default();
                let answers: ListAnswers = lists::holding(tx, &asked)?.into_iter().collect();
                Ok(evaluate(&rules, &facts, &answers).matched.len())
            })
            .await?;
    }
    Ok(began.elapsed())
}
