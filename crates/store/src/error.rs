//! Why the store could not do what it was asked.

/// Tells why a store operation failed; each variant is a decision its caller can take.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// A uniqueness rule of the schema refused the write: somebody else has the value.
    #[error("already exists: {constraint}")]
    Conflict {
        /// The constraint or columns that refused, as the engine names them.
        constraint: String,
    },
    /// The engine or the disk cannot serve now; trying again later may help. If it was the commit that failed, it may
    /// have happened all the same.
    #[error("store unavailable: {0}")]
    Unavailable(String),
    /// The disk is full; nothing was committed, trying again later may help.
    #[error("no room in the store: {0}")]
    Full(String),
    /// The store was written by a newer release, or its durability settings are too weak to be trusted.
    #[error("{0}")]
    Refused(String),
    /// A file of the store is not what was written to it.
    #[error("the store is damaged: {0}")]
    Damaged(String),
    /// The store holds what it should not, or was asked what it cannot be; a bug or damage.
    #[error("store fault: {0}")]
    Fault(String),
}

impl StoreError {
    /// Tells whether nothing was committed for certain.
    ///
    /// A commit that went wrong on its way to the disk or to the server may have happened all the same.
    #[must_use]
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Conflict { .. } | Self::Full(_))
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        match &error {
            rusqlite::Error::SqliteFailure(failure, message) => match failure.code {
                ErrorCode::ConstraintViolation => Self::Conflict {
                    constraint: message.clone().unwrap_or_else(|| failure.to_string()),
                },
                ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::SystemIoFailure
                | ErrorCode::CannotOpen
                | ErrorCode::OutOfMemory
                | ErrorCode::ReadOnly => Self::Unavailable(error.to_string()),
                ErrorCode::DiskFull => Self::Full(error.to_string()),
                ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => {
                    Self::Damaged(error.to_string())
                }
                _ => Self::Fault(error.to_string()),
            },
            _ => Self::Fault(error.to_string()),
        }
    }
}

impl From<tokio_postgres::Error> for StoreError {
    fn from(error: tokio_postgres::Error) -> Self {
        use tokio_postgres::error::SqlState;
        let Some(db) = error.as_db_error() else {
            return Self::Unavailable(error.to_string());
        };
        if *db.code() == SqlState::UNIQUE_VIOLATION {
            return Self::Conflict {
                constraint: db.constraint().unwrap_or("unique").to_owned(),
            };
        }
        if *db.code() == SqlState::DISK_FULL {
            return Self::Full(db.message().to_owned());
        }
        // Classes 08 connection, 40 rollback, 53 resources, 57 operator intervention, 58 system error.
        let text = format!("{}: {}", db.code().code(), db.message());
        match &db.code().code()[..2] {
            "08" | "40" | "53" | "57" | "58" => Self::Unavailable(text),
            _ => Self::Fault(text),
        }
    }
}

impl From<object_store::Error> for StoreError {
    fn from(error: object_store::Error) -> Self {
        match error {
            object_store::Error::NotFound { path, .. } => {
                Self::Fault(format!("blob {path} is missing"))
            }
            other if is_disk_full(&other) => Self::Full(other.to_string()),
            other => Self::Unavailable(other.to_string()),
        }
    }
}

/// Tells whether the operating system's answer behind an error was that there is no room.
fn is_disk_full(error: &(dyn std::error::Error + 'static)) -> bool {
    use std::io::{Error, ErrorKind};
    std::iter::successors(Some(error), |error| error.source())
        .filter_map(|error| error.downcast_ref::<Error>())
        .any(|error| {
            matches!(
                error.kind(),
                ErrorKind::StorageFull | ErrorKind::QuotaExceeded
            )
        })
}
