//! `mailbox`: everything that an agent does with a mailbox, in a small and in a very large one, on both engines, beside
//! Dovecot over IMAP.
//!
//! One request after the other, over one connection to each mailbox and in turn: what is measured is how long each
//! takes, not how many there can be, and a disturbance meets the small and the large mailbox alike.

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
use self::measure::{Asked, Bound};
use self::operations::{Asker, Operation};
use crate::Bench;
use crate::http::Client;
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
        let measured = match target {
            Target::Sqlite => run.sqlite()?,
            Target::Postgres => run.postgres()?,
            Target::Dovecot => run.dovecot()?,
        };
        for Measured {
            messages,
            store,
            rows: of_mailbox,
        } in measured
        {
            eprintln!("{}, {messages} messages: {store}", target.name());
            stores.push(labelled(*target, messages, store));
            let of_mailbox = of_mailbox.into_iter();
            rows.extend(of_mailbox.map(|row| labelled(*target, messages, row)));
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

/// A filled mailbox behind a running server.
struct Served {
    messages: u64,
    server: Posthouse,
    filled: Filled,
}

impl Served {
    fn not_measured(&self) -> Measured {
        Measured {
            messages: self.messages,
            store: store(&self.filled, json!({})),
            rows: Vec::new(),
        }
    }
}

/// What was seen of a mailbox.
struct Measured {
    messages: u64,
    store: Value,
    rows: Vec<Value>,
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

    fn sqlite(&self) -> Result<Vec<Measured>> {
        let sizes = self.options.messages.iter();
        let served = sizes.map(|messages| self.on_sqlite(*messages));
        let served = served.collect::<Result<Vec<_>>>()?;
        let mut measured = self.posthouse(&served)?;
        for (served, measured) in served.into_iter().zip(&mut measured) {
            served.server.stop()?;
            let data = self.place(Target::Sqlite, served.messages);
            measured.store["disk_mib"] = json!(disk_mib(&data)?);
        }
        Ok(measured)
    }

    fn on_sqlite(&self, messages: u64) -> Result<Served> {
        let data = self.place(Target::Sqlite, messages);
        let mark = data.with_extension("json");
        let filled = match Filled::read(&mark)? {
            Some(filled) => filled,
            None => {
                if data.exists() {
                    fs::remove_dir_all(&data)?;
                }
                let server = Posthouse::start(self.bench.binary(), &data)?;
                let filled = fill::fill(&server, messages)?;
                server.stop()?;
                filled.write(&mark)?;
                filled
            }
        };
        if !self.options.fill_only {
            read_through(&data)?;
        }
        let server = Posthouse::start(self.bench.binary(), &data)?;
        let filled = self.indexed(&server, filled, &mark)?;
        Ok(Served {
            messages,
            server,
            filled,
        })
    }

    fn postgres(&self) -> Result<Vec<Measured>> {
        let cluster = self.keep.join("cluster");
        if !self.options.fill_only && cluster.exists() {
            read_through(&cluster)?;
        }
        let postgres = Postgres::start(&cluster)?;
        let sizes = self.options.messages.iter();
        let served = sizes.map(|messages| self.on_postgres(&postgres, *messages));
        let served = served.collect::<Result<Vec<_>>>()?;
        let mut measured = self.posthouse(&served)?;
        for (served, measured) in served.into_iter().zip(&mut measured) {
            served.server.stop()?;
            let size = "SELECT pg_database_size(current_database())";
            let bytes = postgres.run(&database(served.messages), size)?;
            let mib = bytes.parse::<f64>()? / 1024.0 / 1024.0;
            measured.store["disk_mib"] = json!(round(mib, 0));
        }
        postgres.stop()?;
        Ok(measured)
    }

    fn on_postgres(&self, postgres: &Postgres, messages: u64) -> Result<Served> {
        let data = self.place(Target::Postgres, messages);
        let mark = data.with_extension("json");
        let database = database(messages);
        let url = postgres.url(&database);
        let mut filled = match Filled::read(&mark)? {
            Some(filled) => filled,
            None => {
                let filled = self.copied(postgres, &database, messages)?;
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
        Ok(Served {
            messages,
            server,
            filled,
        })
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

    /// Measures the mailboxes of several servers together.
    fn posthouse(&self, served: &[Served]) -> Result<Vec<Measured>> {
        if self.options.fill_only {
            return Ok(served.iter().map(Served::not_measured).collect());
        }
        let asks = served.iter().map(|served| self.asks(served));
        let (mut clients, operations): (Vec<_>, Vec<_>) =
            asks.collect::<Result<Vec<_>>>()?.into_iter().unzip();
        let processes: Vec<u32> = served
            .iter()
            .map(|served| served.server.process.id())
            .collect();
        let kinds = operations.iter().map(Vec::len).min().unwrap_or(0);
        let (rows, memory) = measure::watched(&processes, || {
            let mut rows = vec![Vec::new(); served.len()];
            for kind in 0..kinds {
                let each = clients.iter_mut().zip(&operations);
                let mut asked: Vec<Asked<'_>> = each
                    .map(|(client, operations)| Asked {
                        client,
                        operation: &operations[kind],
                    })
                    .collect();
                let measured = measure::together(&mut asked, self.bound())?;
                for (rows, row) in rows.iter_mut().zip(measured) {
                    eprintln!("{row}");
                    rows.push(row);
                }
            }
            Ok(rows)
        })?;
        let all = served.iter().zip(rows).zip(memory);
        Ok(all
            .map(|((served, rows), memory)| Measured {
                messages: served.messages,
                store: store(&served.filled, memory),
                rows,
            })
            .collect())
    }

    /// Returns a connection to a server and what is asked of it.
    fn asks(&self, served: &Served) -> Result<(Client, Vec<Operation>)> {
        let mut client = served.server.client()?;
        let account = served.server.find_account(&mut client, fill::NAME)?;
        let account = account.context("no account in the store")?;
        let grant = format!("/v3/grants/{}", account.id);
        let sample = known::look(&mut client, &grant, &served.filled)?;
        let asker = Asker {
            client: &client,
            grant: &grant,
            email: &account.email,
            sample: &sample,
            samples: self.bound().samples,
            with_search: !self.options.without_search,
        };
        let operations = asker.operations()?;
        Ok((served.server.client()?, operations))
    }

    fn dovecot(&self) -> Result<Vec<Measured>> {
        let sizes = self.options.messages.iter();
        sizes.map(|messages| self.in_dovecot(*messages)).collect()
    }

    fn in_dovecot(&self, messages: u64) -> Result<Measured> {
        let folder = self.place(Target::Dovecot, messages);
        let mark = folder.with_extension("json");
        let mut fill_s = Value::Null;
        if !mark.exists() {
            let _ = fs::remove_dir_all(&folder);
            fill_s = json!(dovecot::fill(&folder, messages)?);
            fs::write(&mark, fill_s.to_string())?;
        }
        if self.options.fill_only {
            return Ok(Measured {
                messages,
                store: json!({ "fill_s": fill_s }),
                rows: Vec::new(),
            });
        }
        let server = Dovecot::start(&folder)?;
        let (index_s, rows) =
            dovecot::measure(&server, self.bound(), !self.options.without_search)?;
        server.stop()?;
        let store = json!({ "fill_s": fill_s, "index_s": index_s, "disk_mib": disk_mib(&folder)? });
        Ok(Measured {
            messages,
            store,
            rows,
        })
    }

    fn bound(&self) -> Bound {
        Bound {
            samples: self.options.samples as usize,
            time: Duration::from_secs(self.options.seconds),
        }
    }
}

fn store(filled: &Filled, mut memory: Value) -> Value {
    memory["fill_s"] = json!(filled.fill_s);
    memory["organise_s"] = json!(filled.organise_s);
    memory["index_s"] = json!(filled.index_s);
    memory
}

fn database(messages: u64) -> String {
    format!("mailbox_{messages}")
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
