//! The vocabulary of store code: a transaction, its parameters and its rows.
//!
//! SQL is written once for both engines: `$1` placeholders, BIGINT, TEXT, bytes and DOUBLE only, booleans as 0 and 1,
//! aggregates cast to BIGINT, IN lists expanded (see [`placeholders`]).

use crate::StoreError;
use crate::engine::Dialect;

/// A value bound to a placeholder.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Param<'a> {
    /// SQL NULL.
    Null,
    /// A BIGINT.
    Int(i64),
    /// A DOUBLE.
    Real(f64),
    /// A TEXT.
    Text(&'a str),
    /// Bytes: BLOB or BYTEA.
    Bytes(&'a [u8]),
}

impl Param<'_> {
    /// Returns the bytes of a text or of bytes; numbers count as nothing.
    #[must_use]
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
            Self::Null | Self::Int(_) | Self::Real(_) => 0,
        }
    }
}

impl From<i64> for Param<'_> {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<bool> for Param<'_> {
    fn from(value: bool) -> Self {
        Self::Int(i64::from(value))
    }
}

impl From<posthouse_types::ids::Key> for Param<'_> {
    fn from(value: posthouse_types::ids::Key) -> Self {
        Self::Int(value.0)
    }
}

impl<'a> From<&'a str> for Param<'a> {
    fn from(value: &'a str) -> Self {
        Self::Text(value)
    }
}

impl<'a> From<&'a String> for Param<'a> {
    fn from(value: &'a String) -> Self {
        Self::Text(value)
    }
}

impl<'a> From<&'a [u8]> for Param<'a> {
    fn from(value: &'a [u8]) -> Self {
        Self::Bytes(value)
    }
}

impl<'a, T: Into<Param<'a>>> From<Option<T>> for Param<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// One row of an answer; columns are counted from 0 and must have the type they are read as.
pub trait Row {
    /// Returns a BIGINT.
    fn int(&self, column: usize) -> Result<i64, StoreError>;
    /// Returns a BIGINT, or `None` for NULL.
    fn opt_int(&self, column: usize) -> Result<Option<i64>, StoreError>;
    /// Returns a TEXT.
    fn text(&self, column: usize) -> Result<&str, StoreError>;
    /// Returns a TEXT, or `None` for NULL.
    fn opt_text(&self, column: usize) -> Result<Option<&str>, StoreError>;
    /// Returns bytes, or `None` for NULL.
    fn opt_bytes(&self, column: usize) -> Result<Option<&[u8]>, StoreError>;

    /// Returns bytes.
    fn bytes(&self, column: usize) -> Result<&[u8], StoreError> {
        self.opt_bytes(column)?
            .ok_or_else(|| StoreError::Fault(format!("column {column} is NULL")))
    }

    /// Returns a BIGINT that holds 0 or 1.
    fn flag(&self, column: usize) -> Result<bool, StoreError> {
        Ok(self.int(column)? != 0)
    }

    /// Returns a row key.
    fn key(&self, column: usize) -> Result<posthouse_types::ids::Key, StoreError> {
        Ok(posthouse_types::ids::Key(self.int(column)?))
    }

    /// Returns a row key, or `None` for NULL.
    fn opt_key(&self, column: usize) -> Result<Option<posthouse_types::ids::Key>, StoreError> {
        Ok(self.opt_int(column)?.map(posthouse_types::ids::Key))
    }

    /// Returns an owned TEXT.
    fn string(&self, column: usize) -> Result<String, StoreError> {
        Ok(self.text(column)?.to_owned())
    }

    /// Returns an owned TEXT, or `None` for NULL.
    fn opt_string(&self, column: usize) -> Result<Option<String>, StoreError> {
        Ok(self.opt_text(column)?.map(ToOwned::to_owned))
    }
}

/// Takes one row of an answer.
pub type EachRow<'a> = &'a mut dyn FnMut(&dyn Row) -> Result<(), StoreError>;

/// A running transaction of either engine.
///
/// It ends with the closure it was handed to: committed when that returns `Ok`, taken back otherwise.
pub trait Tx {
    /// Runs a statement and returns how many rows it changed.
    fn execute(&mut self, sql: &str, params: &[Param<'_>]) -> Result<u64, StoreError>;

    /// Runs a query and hands each row to `each`, in order, without collecting them.
    fn for_each(
        &mut self,
        sql: &str,
        params: &[Param<'_>],
        each: EachRow<'_>,
    ) -> Result<(), StoreError>;

    /// Runs statements that take no parameters, separated by semicolons.
    fn batch(&mut self, sql: &str) -> Result<(), StoreError>;

    /// Notes that the change log grew: other nodes are told once the transaction has committed.
    fn note_change(&mut self) {}

    /// Notes that what governs some accounts changes: whoever remembers it reads it anew once the transaction has committed.
    fn note_governance(&mut self) {}

    /// Notes that the search index could not be read: it is made anew where it is a file of its own.
    fn note_index_damage(&mut self) {}

    /// Returns the dialect of the engine, for the named differences in [`crate::engine`] only.
    fn dialect(&self) -> Dialect;
}

impl dyn Tx + '_ {
    /// Runs a query and returns what `read` makes of each row.
    pub fn query<T>(
        &mut self,
        sql: &str,
        params: &[Param<'_>],
        mut read: impl FnMut(&dyn Row) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let mut rows = Vec::new();
        self.for_each(sql, params, &mut |row| {
            rows.push(read(row)?);
            Ok(())
        })?;
        Ok(rows)
    }

    /// Runs a query and returns what `read` makes of the first row, if there is one.
    pub fn query_opt<T>(
        &mut self,
        sql: &str,
        params: &[Param<'_>],
        mut read: impl FnMut(&dyn Row) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        let mut first = None;
        self.for_each(sql, params, &mut |row| {
            if first.is_none() {
                first = Some(read(row)?);
            }
            Ok(())
        })?;
        Ok(first)
    }

    /// Runs a query that must answer a row and returns what `read` makes of it.
    pub fn query_one<T>(
        &mut self,
        sql: &str,
        params: &[Param<'_>],
        read: impl FnMut(&dyn Row) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.query_opt(sql, params, read)?
            .ok_or_else(|| StoreError::Fault("query answered no row".to_owned()))
    }
}

/// Returns `$first, …` for `count` placeholders, to expand an IN list.
#[must_use]
pub fn placeholders(first: usize, count: usize) -> String {
    let mut list = String::with_capacity(count * 5);
    for number in first..first + count {
        if number > first {
            list.push_str(", ");
        }
        list.push('$');
        list.push_str(&number.to_string());
    }
    list
}

/// Returns `text` with the wildcards of LIKE escaped by a backslash, for `LIKE $n ESCAPE '\'`.
#[must_use]
pub fn like_escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '%' | '_' | '\\') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}
