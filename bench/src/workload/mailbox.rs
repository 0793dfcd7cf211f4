//! `mailbox`: everything that an agent does with a mailbox, in a small and in a very large one, on both engines, beside
//! Dovecot over IMAP.
//!
//! One request after the other over one connection: what is measured is how long each takes, not how many there can be.

mod copy;
mod dovecot;
mod fill;
mod known;
mod measure;
mod operations;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use self::fill::Filled;
use self::measure::Bound;
use self::operations::Asker;
use crate::Bench;
use crate::latency::round;
use crate::limits::{FILL_MESSAGES_MAX, SAMPLES_MAX};
use crate::report::Report;
use crate::server::dovecot::{Dovecot, version as dovecot_version};
use crate::server::postgres::{Postgres, version as postgres_version};
use crate::server::posthouse::Posthouse;

/// Options of `mailbox`.
#[derive(Debug, Args)]
pub struct Options {
    /// Mailbox sizes in messages
    #[arg(long, value_delimiter = ',', default_value = "10000,1000000", value_parser = clap::value_parser!(u64).range(1..=FILL_MESSAGES_MAX))]
    pub messages: Vec<u64>,
    /// What to measure
    #[arg(long, value_delimiter = ',', default_value = "sqlite,postgres,dovecot")]
    pub targets: Vec<Target>,
    /// Folder for the filled mailboxes, used again by a later run (default: `mailboxes` in the work folder)
    #[arg(long, value_name = "DIR")]
    pub keep: Option<PathBuf>,
    /// Requests of each kind at most
    #[arg(long, default_value_t = 400, value_parser = clap::value_parser!(u64).range(1..=SAMPLES_MAX))]
    pub samples: u64,
    /// Seconds for each kind of request at most
    #[arg(long, default_value_t = 6)]
    pub seconds: u64,
    /// Build no search index and leave out what needs it
    #[arg(long)]
    pub without_search: bool,
    /// Fill the mailboxes and measure nothing
    #[arg(long)]
    pub fill_only: bool,
}

/// What holds a mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Target {
    /// Posthouse on its embedded database.
    Sqlite,
    /// Posthouse on PostgreSQL.
    Postgres,
    /// Dovecot with a Maildir, over IMAP.
    Dovecot,
}

impl Target {
    fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
            Self::Dovecot => "dovecot",
        }
    }
}

/// Runs the workload.
pub fn run(bench: &Bench, options: &Options) -> Result<Report> {
    let run = Run {
        bench,
        options,
        keep: match &options.keep {
            Some(keep) => keep.clone(),
            None => bench.work()?.join("mailboxes"),
        },
    };
    fs::create_dir_all(&run.keep)?;
    let (mut rows, mut stores) = (Vec::new(), Vec::new());
    for target in &options.targets {
        for messages in &options.messages {
            let (store, measured) = match target {
                Target::Sqlite => run.sqlite(*messages)?,
                Target::Postgres => run.postgres(*messages)?,
                Target::Dovecot => run.dovecot(*messages)?,
            };
            eprintln!("{}, {messages} messages: {store}", target.name());
            stores.push(labelled(*target, *messages, store));
            let measured = measured.into_iter();
            rows.extend(measured.map(|row| labelled(*target, *messages, row)));
        }
    }
    let versions =
        json!({ "postgres": postgres_version().ok(), "dovecot": dovecot_version().ok() });
    bench.report(
        "mailbox",
        json!({ "rows": rows, "stores": stores, "versions": versions }),
    )
}

fn labelled(target: Target, messages: u64, mut row: Value) -> Value {
    row["target"] = json!(target.name());
    row["messages"] = json!(messages);
    row
}

/// A run, and where its mailboxes are.
struct Run<'a> {
    bench: &'a Bench,
    options: &'a Options,
    keep: PathBuf,
}

impl Run<'_> {
    fn place(&self, target: Target, messages: u64) -> PathBuf {
        self.keep.join(format!("{}-{messages}", target.name()))
    }

    fn sqlite(&self, messages: u64) -> Result<(Value, Vec<Value>)> {
        let data = self.place(Target::Sqlite, messages);
        let mark = data.with_extension("json");
        let server = |fresh: bool| {
            if fresh && data.exists() {
                fs::remove_dir_all(&data)?;
            }
            Posthouse::start(self.bench.binary(), &data)
        };
        let filled = match Filled::read(&mark)? {
            Some(filled) => filled,
            None => {
                let server = server(true)?;
                let filled = fill::fill(&server, messages)?;
                server.stop()?;
                filled.write(&mark)?;
                filled
            }
        };
        if !self.options.fill_only {
            read_through(&data)?;
        }
        let server = server(false)?;
        let filled = self.indexed(&server, filled, &mark)?;
        let measured = self.posthouse(&server, &filled)?;
        server.stop()?;
        Ok((store(&filled, disk_mib(&data)?, measured.0), measured.1))
    }

    fn postgres(&self, messages: u64) -> Result<(Value, Vec<Value>)> {
        let cluster = self.keep.join("cluster");
        if !self.options.fill_only && cluster.exists() {
            read_through(&cluster)?;
        }
        let postgres = Postgres::start(&cluster)?;
        let data = self.place(Target::Postgres, messages);
        let mark = data.with_extension("json");
        let database = format!("mailbox_{messages}");
        let url = postgres.url(&database);
        let mut filled = match Filled::read(&mark)? {
            Some(filled) => filled,
            None => {
                let filled = self.copied(&postgres, &database, messages)?;
                filled.write(&mark)?;
                filled
            }
        };
        let server = Posthouse::start_on(self.bench.binary(), &data, &url)?;
        if filled.index_s.is_none() {
            filled = self.indexed(&server, filled, &mark)?;
            // What autovacuum would do within minutes.
            postgres.run(&database, "VACUUM (ANALYZE)")?;
        }
        let measured = self.posthouse(&server, &filled)?;
        server.stop()?;
        let bytes = postgres.run(&database, "SELECT pg_database_size(current_database())")?;
        let mib = bytes.parse::<f64>()? / 1024.0 / 1024.0;
        postgres.stop()?;
        Ok((store(&filled, round(mib, 0), measured.0), measured.1))
    }

    /// Copies the SQLite mailbox of the same size, and has the server build its index.
    fn copied(&self, postgres: &Postgres, database: &str, messages: u64) -> Result<Filled> {
        let source = self.place(Target::Sqlite, messages);
        let known = Filled::read(&source.with_extension("json"))?.context(
            "the mailbox on PostgreSQL is a copy of that on SQLite: fill that one first",
        )?;
        let data = self.place(Target::Postgres, messages);
        let _ = fs::remove_dir_all(&data);
        postgres.create(database)?;
        let url = postgres.url(database);
        // Makes the tables.
        Posthouse::start_on(self.bench.binary(), &data, &url)?.stop()?;
        let begun = std::time::Instant::now();
        copy::store(&source, postgres, database, &data)?;
        let fill_s = round(begun.elapsed().as_secs_f64(), 1);
        Ok(Filled {
            fill_s,
            organise_s: 0.0,
            index_s: None,
            ..known
        })
    }

    /// Waits for the search index, the first time for all of it.
    fn indexed(&self, server: &Posthouse, filled: Filled, mark: &Path) -> Result<Filled> {
        if self.options.fill_only || self.options.without_search {
            return Ok(filled);
        }
        let account = server.find_account(&mut server.client()?, fill::NAME)?;
        let index_s = fill::index(server, &account.context("no account in the store")?)?;
        let filled = Filled {
            index_s: filled.index_s.or(Some(index_s)),
            ..filled
        };
        filled.write(mark)?;
        Ok(filled)
    }

    fn posthouse(&self, server: &Posthouse, filled: &Filled) -> Result<(Value, Vec<Value>)> {
        if self.options.fill_only {
            return Ok((json!({}), Vec::new()));
        }
        let mut client = server.client()?;
        let account = server.find_account(&mut client, fill::NAME)?;
        let account = account.context("no account in the store")?;
        let grant = format!("/v3/grants/{}", account.id);
        let sample = known::look(&mut client, &grant, filled)?;
        let asker = Asker {
            client: &client,
            grant: &grant,
            email: &account.email,
            sample: &sample,
            samples: self.bound().samples,
            with_search: !self.options.without_search,
        };
        let operations = asker.operations()?;
        let (rows, memory) = measure::watched(server.process.id(), || {
            let mut client = server.client()?;
            let mut rows = Vec::new();
            for operation in &operations {
                let row = measure::operation(&mut client, operation, self.bound())?;
                eprintln!("{row}");
                rows.push(row);
            }
            Ok(rows)
        })?;
        Ok((memory, rows))
    }

    fn dovecot(&self, messages: u64) -> Result<(Value, Vec<Value>)> {
        let folder = self.place(Target::Dovecot, messages);
        let mark = folder.with_extension("json");
        let mut fill_s = Value::Null;
        if !mark.exists() {
            let _ = fs::remove_dir_all(&folder);
            fill_s = json!(dovecot::fill(&folder, messages)?);
            fs::write(&mark, fill_s.to_string())?;
        }
        if self.options.fill_only {
            return Ok((json!({ "fill_s": fill_s }), Vec::new()));
        }
        let server = Dovecot::start(&folder)?;
        let (index_s, rows) =
            dovecot::measure(&server, self.bound(), !self.options.without_search)?;
        server.stop()?;
        let store = json!({ "fill_s": fill_s, "index_s": index_s, "disk_mib": disk_mib(&folder)? });
        Ok((store, rows))
    }

    fn bound(&self) -> Bound {
        Bound {
            samples: self.options.samples as usize,
            time: Duration::from_secs(self.options.seconds),
        }
    }
}

fn store(filled: &Filled, disk_mib: f64, mut memory: Value) -> Value {
    memory["fill_s"] = json!(filled.fill_s);
    memory["organise_s"] = json!(filled.organise_s);
    memory["index_s"] = json!(filled.index_s);
    memory["disk_mib"] = json!(disk_mib);
    memory
}

/// Reads everything in a folder once, so that no server is measured on what the others left of the page cache.
fn read_through(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            read_through(&entry.path())?;
        } else if entry.file_type()?.is_file() {
            std::io::copy(&mut fs::File::open(entry.path())?, &mut std::io::sink())?;
        }
    }
    Ok(())
}

/// Returns what a folder takes up on the disk.
fn disk_mib(folder: &Path) -> Result<f64> {
    let output = Command::new("du").arg("-sm").arg(folder).output()?;
    ensure!(output.status.success(), "du failed");
    let text = String::from_utf8_lossy(&output.stdout);
    let first = text.split_whitespace().next().context("no answer of du")?;
    Ok(first.parse()?)
}
