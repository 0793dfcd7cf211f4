//! The receive path without a network: what the mailroom and the store take, and where the time goes.
//!
//! `cargo run --profile dist -p posthouse-bench --features trial --bin store_trial -- [waiting clients] [seconds] [message bytes]`

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use bytes::Bytes;
use posthouse_mailroom::receive::{InboundDelivery, Transmission};
use posthouse_mailroom::{Mailroom, MailroomConfig};
use posthouse_store::{Store, StoreConfig, StoreError, Tx};
use posthouse_types::address::EmailAddress;
use posthouse_types::clock::SystemClock;

const MAILBOXES: usize = 32;

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = std::env::args()
        .skip(1)
        .map(|argument| argument.parse::<usize>());
    let clients = arguments.next().transpose()?.unwrap_or(32);
    let seconds = arguments.next().transpose()?.unwrap_or(5);
    let bytes = arguments.next().transpose()?.unwrap_or(4_096);

    let directory = tempfile::tempdir_in("target")?;
    let config = StoreConfig {
        database: "sqlite".to_owned(),
        blobs: "file".to_owned(),
        data_dir: directory.path().to_owned(),
        readers_max: 4,
    };
    let store = Store::open(&config, Arc::new(SystemClock)).await?;
    make_mailboxes(&store).await?;
    let mailroom = Mailroom::new(store.clone(), mailroom_config());

    let before = cpu_seconds()?;
    let started = Instant::now();
    let accepted = Arc::new(AtomicU64::new(0));
    let until = started + Duration::from_secs(seconds as u64);
    let tasks: Vec<_> = (0..clients)
        .map(|client| {
            tokio::spawn(deliver_until(
                mailroom.clone(),
                client,
                bytes,
                until,
                Arc::clone(&accepted),
            ))
        })
        .collect();
    for task in tasks {
        task.await??;
    }
    let elapsed = started.elapsed().as_secs_f64();
    let count = accepted.load(Ordering::Relaxed) as f64;
    let cpu = cpu_seconds()? - before;
    println!(
        "{clients} clients, {bytes} bytes: {:.0} messages/s, {:.3} ms of CPU each (with making the messages)",
        count / elapsed,
        cpu / count * 1_000.0
    );
    store.close().await;
    Ok(())
}

fn mailroom_config() -> MailroomConfig {
    MailroomConfig {
        hostname: "mx.trial.example".to_owned(),
        dev: true,
        trial_domain: None,
        region: "us".to_owned(),
        instance_key: [7; 32],
        bcrypt_cost: 4,
    }
}

/// Makes an application and mailboxes straight in the store: the trial is about mail, not about provisioning.
async fn make_mailboxes(store: &Store) -> Result<()> {
    let (application, workspace) = (store.new_key(), store.new_key());
    let grants: Vec<_> = (0..MAILBOXES)
        .map(|_| (store.new_key(), std::array::from_fn(|_| store.new_key())))
        .collect();
    store
        .write(move |tx: &mut dyn Tx| {
            tx.execute(
                "INSERT INTO applications (id, name, region, environment, default_workspace_id, settings, created_at, updated_at)
                 VALUES ($1, 'trial', 'us', 'staging', $2, '{}', 0, 0)",
                &[application.into(), workspace.into()],
            )?;
            tx.execute(
                "INSERT INTO workspaces (id, application_id, name, auto_group, is_default, rule_ids, created_at, updated_at)
                 VALUES ($1, $2, 'default', 0, 1, '[]', 0, 0)",
                &[workspace.into(), application.into()],
            )?;
            for (number, (grant, folders)) in grants.iter().enumerate() {
                tx.execute(
                    "INSERT INTO grants (id, application_id, workspace_id, email, name, plus_addressing, created_at, updated_at)
                     VALUES ($1, $2, $3, $4, '', 1, 0, 0)",
                    &[(*grant).into(), application.into(), workspace.into(), (&format!("agent{number}@trial.example")).into()],
                )?;
                posthouse_store::tables::folders::create_system_folders(tx, application, *grant, folders, 0)?;
            }
            Ok::<_, StoreError>(())
        })
        .await?;
    Ok(())
}

async fn deliver_until(
    mailroom: Mailroom,
    client: usize,
    bytes: usize,
    until: Instant,
    accepted: Arc<AtomicU64>,
) -> Result<()> {
    let mut number = 0_usize;
    while Instant::now() < until {
        let to = format!("agent{}@trial.example", (client * 7 + number) % MAILBOXES);
        let recipient = mailroom
            .resolve_recipient(&EmailAddress::parse_strict(&to)?)
            .await
            .context("RCPT")?;
        let delivery = InboundDelivery {
            session_id: format!("{client}-{number}"),
            peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
            helo: "client.example".to_owned(),
            transmission: Transmission::Esmtp,
            tls: None,
            envelope_from: Some(EmailAddress::parse_strict("sender@client.example")?),
            recipients: vec![recipient],
            raw: message(client, number, &to, bytes),
        };
        let done = mailroom.receive(delivery).await.context("DATA")?;
        mailroom.confirm_receipt(done.receipt);
        accepted.fetch_add(1, Ordering::Relaxed);
        number += 1;
    }
    Ok(())
}

fn message(client: usize, number: usize, to: &str, bytes: usize) -> Bytes {
    const WORDS: [&str; 16] = [
        "invoice", "meeting", "schedule", "please", "attached", "tomorrow", "the", "quarter",
        "review", "with", "budget", "and", "agent", "reply", "thanks", "regards",
    ];
    let mut text = format!(
        "From: Sender {client} <sender{}@client.example>\r\nTo: <{to}>\r\nSubject: Report {number} of {client}\r\n\
         Message-ID: <{client}.{number}.{bytes}@client.example>\r\nDate: Mon, 23 Nov 2026 10:00:00 +0000\r\n\
         MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n",
        number % 97
    );
    let mut state = (client as u64 + 1) * 0x9e37_79b9 + number as u64 * 0x85eb_ca6b + 1;
    let mut column = 0;
    while text.len() < bytes {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let word = WORDS[(state >> 60) as usize];
        text.push_str(word);
        if (state >> 40) & 7 == 0 {
            text.push_str(&format!("{:x}", (state >> 20) & 0xffff));
        }
        column += word.len() + 1;
        if column > 70 {
            text.push_str("\r\n");
            column = 0;
        } else {
            text.push(' ');
        }
    }
    text.push_str("\r\n");
    Bytes::from(text)
}

/// User and system CPU of this process, in seconds.
fn cpu_seconds() -> Result<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<&str> = stat
        .rsplit_once(')')
        .context("stat")?
        .1
        .split_whitespace()
        .collect();
    let ticks: f64 = fields[11].parse::<f64>()? + fields[12].parse::<f64>()?;
    Ok(ticks / 100.0)
}
