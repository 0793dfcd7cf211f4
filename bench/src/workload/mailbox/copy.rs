//! The same mailbox on PostgreSQL: every row of the SQLite store, copied table by table.
//!
//! Sending a million messages to one mailbox on PostgreSQL takes hours, as every one waits for the commit of the one
//! before. Both engines have the same tables, and ids depend on rows only, so the copy is the same mailbox. Change log,
//! leases and the search index are left out: the log's readers have nothing to do, and the index is built by the server.

use std::fs;
use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};

use crate::server::postgres::Postgres;
use crate::stop;

/// Bytes handed to PostgreSQL at once.
const BUFFER_BYTES: usize = 1024 * 1024;
/// Tables that are the engine's or its own process's affair.
const LEFT_OUT: [&str; 5] = [
    "schema_version",
    "changes",
    "cursors",
    "leases",
    "idempotency",
];
/// The full-text index and what belongs to it.
const INDEX_PREFIX: &str = "search";

/// Copies the store in the folder `from` to a database that a server has migrated, and its keys to the folder `to`.
pub fn store(from: &Path, postgres: &Postgres, database: &str, to: &Path) -> Result<()> {
    for name in ["dev.json", "instance-key"] {
        fs::copy(from.join(name), to.join(name)).with_context(|| format!("copying {name}"))?;
    }
    let source = Connection::open_with_flags(
        from.join("posthouse.db"),
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    let tables = tables(&source)?;
    postgres.run(database, &format!("TRUNCATE {} CASCADE", tables.join(", ")))?;
    for name in &tables {
        stop::check()?;
        table(&source, postgres, database, name).with_context(|| format!("copying {name}"))?;
    }
    // There was nothing to index yet when the server made the tables.
    let to_do =
        "UPDATE search_state SET below = 9223372036854775807, complete = 0, done = 0, total = 0";
    postgres.run(database, to_do)?;
    // What autovacuum would do within minutes.
    postgres.run(database, "VACUUM (ANALYZE)")?;
    postgres.run(database, "CHECKPOINT")?;
    Ok(())
}

fn tables(source: &Connection) -> Result<Vec<String>> {
    let mut statement = source.prepare(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name",
    )?;
    let names = statement.query_map([], |row| row.get::<_, String>(0))?;
    let names = names.collect::<Result<Vec<_>, _>>()?;
    let is_wanted =
        |name: &String| !name.starts_with(INDEX_PREFIX) && !LEFT_OUT.contains(&name.as_str());
    Ok(names.into_iter().filter(is_wanted).collect())
}

fn table(source: &Connection, postgres: &Postgres, database: &str, name: &str) -> Result<()> {
    let mut statement = source.prepare(&format!("SELECT * FROM {name}"))?;
    let columns = statement.column_names().collect::<Vec<_>>().join(", ");
    let width = i16::try_from(statement.column_count())?;
    let mut copy = postgres.copy(
        database,
        &format!("COPY {name} ({columns}) FROM STDIN WITH (FORMAT binary)"),
    )?;
    let mut out = BufWriter::with_capacity(BUFFER_BYTES, copy.input()?);
    // The format is PostgreSQL's own: signature, flags, no extension; each row its width, each value its length.
    out.write_all(b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        out.write_all(&width.to_be_bytes())?;
        for column in 0..width {
            value(&mut out, row.get_ref(usize::try_from(column)?)?)?;
        }
    }
    out.write_all(&(-1_i16).to_be_bytes())?;
    out.flush()?;
    drop(out);
    copy.finish()
}

fn value(out: &mut impl Write, value: ValueRef<'_>) -> Result<()> {
    let mut bytes = |bytes: &[u8]| -> Result<()> {
        out.write_all(&i32::try_from(bytes.len())?.to_be_bytes())?;
        out.write_all(bytes)?;
        Ok(())
    };
    match value {
        ValueRef::Null => out.write_all(&(-1_i32).to_be_bytes())?,
        ValueRef::Integer(number) => bytes(&number.to_be_bytes())?,
        ValueRef::Real(number) => bytes(&number.to_be_bytes())?,
        ValueRef::Text(text) => {
            ensure!(
                !text.contains(&0),
                "PostgreSQL takes no zero byte in a text"
            );
            bytes(text)?;
        }
        ValueRef::Blob(blob) => bytes(blob)?,
    }
    Ok(())
}
