//! App passwords: their rules, and bcrypt off the async threads on a bounded number of threads.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use crate::Refusal;
use crate::limits::{
    APP_PASSWORD_CHARACTERS_MAX, APP_PASSWORD_CHARACTERS_MIN, PASSWORD_WAIT_SECONDS_MAX,
    PASSWORDS_WAITING_MAX,
};

/// An app password in the clear: shown by nothing, wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct AppPassword(Zeroizing<String>);

impl AppPassword {
    /// Takes what a client sent; the rules are checked by the use case.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// Names the first rule that the password breaks. The texts never quote the password, and avoid the words by which
    /// the official command line recognises a server without app passwords.
    pub(crate) fn check(&self, field: &str) -> Result<(), Refusal> {
        let text = self.0.as_str();
        let has = |class: fn(&u8) -> bool| text.bytes().any(|byte| class(&byte));
        let broken = if !text.bytes().all(|byte| (33..=126).contains(&byte)) {
            "must hold only printable ASCII characters and no spaces".to_owned()
        } else if text.len() < APP_PASSWORD_CHARACTERS_MIN {
            format!("must have at least {APP_PASSWORD_CHARACTERS_MIN} characters")
        } else if text.len() > APP_PASSWORD_CHARACTERS_MAX {
            format!("must have at most {APP_PASSWORD_CHARACTERS_MAX} characters")
        } else if !has(u8::is_ascii_uppercase) {
            "must contain an upper-case letter".to_owned()
        } else if !has(u8::is_ascii_lowercase) {
            "must contain a lower-case letter".to_owned()
        } else if !has(u8::is_ascii_digit) {
            "must contain a digit".to_owned()
        } else {
            return Ok(());
        };
        Err(Refusal::invalid(field, broken).with_fix(format!(
            "use {APP_PASSWORD_CHARACTERS_MIN} to {APP_PASSWORD_CHARACTERS_MAX} characters of printable ASCII with an upper-case letter, a lower-case letter and a digit"
        )))
    }
}

impl fmt::Debug for AppPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AppPassword(***)")
    }
}

/// The places in which passwords are hashed: half the cores, and a short queue before them.
///
/// bcrypt takes tens of milliseconds of CPU each. Who finds the queue full is turned away rather than kept waiting.
#[derive(Debug)]
pub(crate) struct PasswordPool {
    /// Who hashes or waits.
    places: Arc<Semaphore>,
    /// Who hashes.
    workers: Arc<Semaphore>,
}

impl Default for PasswordPool {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self::with_workers((cores / 2).max(1))
    }
}

impl PasswordPool {
    fn with_workers(workers: usize) -> Self {
        Self {
            places: Arc::new(Semaphore::new(workers + PASSWORDS_WAITING_MAX)),
            workers: Arc::new(Semaphore::new(workers)),
        }
    }

    /// Returns the bcrypt hash of a password that follows the rules.
    pub(crate) async fn hash(&self, password: AppPassword, cost: u32) -> Result<String, Refusal> {
        let hashing = move || bcrypt::hash(password.0.as_bytes(), cost);
        let hashed = self.run("passwords", hashing).await?;
        hashed.map_err(|error| Refusal::Internal {
            message: format!("bcrypt: {error}"),
        })
    }

    /// Does other work that takes as long as a hash; `what` is being made by it, for who is turned away.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        what: &str,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        let busy = || Refusal::Unavailable {
            message: format!("too many {what} are being set, nothing was changed"),
        };
        let place = Arc::clone(&self.places)
            .try_acquire_owned()
            .map_err(|_| busy())?;
        let waiting = Arc::clone(&self.workers).acquire_owned();
        let deadline = Duration::from_secs(PASSWORD_WAIT_SECONDS_MAX);
        let Ok(Ok(worker)) = tokio::time::timeout(deadline, waiting).await else {
            return Err(busy());
        };
        // The permits go with the work: a caller that leaves frees no place before its work is done.
        let working = tokio::task::spawn_blocking(move || {
            let _held = (place, worker);
            work()
        });
        working.await.map_err(|_| Refusal::Internal {
            message: format!("making {what} panicked"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHEAPEST: u32 = 4;

    fn broken_rule(text: &str) -> String {
        match AppPassword::new(text.to_owned()).check("settings.app_password") {
            Ok(()) => String::new(),
            Err(refusal) => refusal.to_string(),
        }
    }

    #[test]
    fn each_rule_has_its_own_message() {
        let table = [
            ("MySecureP4ssword!2024", ""),
            ("Abcdefghijklmnop18", ""),
            ("Abcdefghijklmnopqrstuvwxyzabcdefghijk-40", ""),
            ("~!@#$%^&*()_+Aa1{}|:", ""),
            ("Abcdefghijklmno17", "must have at least 18 characters"),
            ("", "must have at least 18 characters"),
            (
                "Abcdefghijklmnopqrstuvwxyzabcdefghijklm41",
                "must have at most 40 characters",
            ),
            ("mysecurep4ssword!2024", "must contain an upper-case letter"),
            ("MYSECUREP4SSWORD!2024", "must contain a lower-case letter"),
            ("MySecurePassword!twenty", "must contain a digit"),
            (
                "My SecureP4ssword!2024",
                "must hold only printable ASCII characters and no spaces",
            ),
            (
                "MySecureP4ssword!\u{0}2024",
                "must hold only printable ASCII characters and no spaces",
            ),
            (
                "MySécureP4ssword!2024",
                "must hold only printable ASCII characters and no spaces",
            ),
        ];
        for (password, message) in table {
            assert_eq!(broken_rule(password), message, "{password:?}");
        }
    }

    #[test]
    fn no_message_has_a_word_that_makes_the_official_command_line_retry_without_the_password() {
        for password in ["", "x", "é", "MYSECUREP4SSWORD!2024", &"aA1".repeat(30)] {
            let message = broken_rule(password);
            for word in ["unexpected", "unknown", "not permitted"] {
                assert!(!message.contains(word), "{message}");
            }
        }
    }

    #[test]
    fn a_password_is_never_shown() {
        let password = AppPassword::new("MySecureP4ssword!2024".to_owned());
        assert_eq!(format!("{password:?}"), "AppPassword(***)");
    }

    #[tokio::test]
    async fn a_hash_verifies_its_password_and_no_other() {
        let pool = PasswordPool::with_workers(1);
        let password = AppPassword::new("MySecureP4ssword!2024".to_owned());
        let hash = pool.hash(password, CHEAPEST).await.unwrap();
        assert!(bcrypt::verify("MySecureP4ssword!2024", &hash).unwrap());
        assert!(!bcrypt::verify("MySecureP4ssword!2025", &hash).unwrap());
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_queue_turns_the_next_one_away_and_a_long_wait_ends() {
        let pool = PasswordPool::with_workers(1);
        let password = || AppPassword::new("MySecureP4ssword!2024".to_owned());
        let all = u32::try_from(PASSWORDS_WAITING_MAX + 1).unwrap();
        let taken = Arc::clone(&pool.places)
            .try_acquire_many_owned(all)
            .unwrap();
        assert!(matches!(
            pool.hash(password(), CHEAPEST).await,
            Err(Refusal::Unavailable { .. })
        ));
        drop(taken);
        let _busy = Arc::clone(&pool.workers).try_acquire_owned().unwrap();
        assert!(matches!(
            pool.hash(password(), CHEAPEST).await,
            Err(Refusal::Unavailable { .. })
        ));
    }
}
