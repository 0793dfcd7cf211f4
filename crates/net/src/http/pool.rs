//! A few connections kept open for the next call to the same receiver.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Connection;
use crate::guard::{Scheme, Target, TargetHost};
use crate::limits::{HOOK_POOL_AGE_MAX, HOOK_POOL_IDLE_MAX, HOOK_POOL_IDLE_PER_HOST_MAX};

/// Connections are shared only between calls that agree on all of this, so a certificate checked for one name never serves another.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct PoolKey {
    scheme: Scheme,
    host: TargetHost,
    port: u16,
}

impl PoolKey {
    pub(super) fn of(target: &Target) -> Self {
        Self {
            scheme: target.scheme(),
            host: target.host().clone(),
            port: target.port(),
        }
    }
}

#[derive(Default)]
pub(super) struct Pool {
    idle: Mutex<HashMap<PoolKey, Vec<Connection>>>,
}

impl Pool {
    /// Takes a connection whose peer is one of `answers`, the addresses that were resolved and checked a moment ago.
    ///
    /// Connections to this key that are too old, closed, or lead to an address that is no longer an answer are dropped here.
    pub(super) fn take(&self, key: &PoolKey, answers: &[IpAddr]) -> Option<Connection> {
        let mut idle = self.lock();
        let kept = idle.get_mut(key)?;
        kept.retain(|connection| is_usable(connection) && answers.contains(&connection.peer));
        let taken = kept.pop();
        if kept.is_empty() {
            idle.remove(key);
        }
        taken
    }

    /// Keeps a connection for later, unless there are enough already.
    pub(super) fn put(&self, key: PoolKey, connection: Connection) {
        if !is_usable(&connection) {
            return;
        }
        let mut idle = self.lock();
        if idle.values().map(Vec::len).sum::<usize>() >= HOOK_POOL_IDLE_MAX {
            idle.retain(|_, kept| {
                kept.retain(is_usable);
                !kept.is_empty()
            });
            if idle.values().map(Vec::len).sum::<usize>() >= HOOK_POOL_IDLE_MAX {
                return;
            }
        }
        let kept = idle.entry(key).or_default();
        if kept.len() < HOOK_POOL_IDLE_PER_HOST_MAX {
            kept.push(connection);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<PoolKey, Vec<Connection>>> {
        // No code that holds the lock can leave the map half-changed.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_usable(connection: &Connection) -> bool {
    connection.opened.elapsed() < HOOK_POOL_AGE_MAX && !connection.sender.is_closed()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;
    use http_body_util::Full;
    use hyper::client::conn::http1;
    use hyper_util::rt::TokioIo;
    use tokio::io::DuplexStream;
    use tokio::time::Instant;

    use super::*;

    const PEER: [u8; 4] = [192, 0, 2, 1];

    /// A connection of a certain age; it closes when the other end is dropped.
    async fn connection(age: Duration) -> (Connection, DuplexStream) {
        let (near, far) = tokio::io::duplex(64);
        let (sender, driver) = http1::handshake::<_, Full<Bytes>>(TokioIo::new(near))
            .await
            .unwrap();
        let task = tokio::spawn(async move { driver.await.unwrap() });
        let opened = Instant::now()
            .checked_sub(age)
            .expect("the machine is up longer than that");
        (
            Connection {
                sender,
                peer: PEER.into(),
                opened,
                driver: task.abort_handle(),
            },
            far,
        )
    }

    fn key(host: &str) -> PoolKey {
        PoolKey::of(&Target::parse(&format!("https://{host}/")).unwrap())
    }

    #[tokio::test]
    async fn hook_02_connections_are_not_used_past_their_age() {
        let pool = Pool::default();
        let (young, _far) = connection(HOOK_POOL_AGE_MAX - Duration::from_secs(10)).await;
        pool.put(key("a.example"), young);
        let mut young = pool
            .take(&key("a.example"), &[PEER.into()])
            .expect("young enough");

        young.opened -= Duration::from_secs(10);
        pool.lock().entry(key("a.example")).or_default().push(young);
        assert!(pool.take(&key("a.example"), &[PEER.into()]).is_none());
        assert!(pool.lock().is_empty(), "the old one is gone");
    }

    #[tokio::test]
    async fn hook_02_connections_serve_their_key_and_current_answers_only() {
        let pool = Pool::default();
        let (kept, _far) = connection(Duration::ZERO).await;
        pool.put(key("a.example"), kept);
        assert!(pool.take(&key("b.example"), &[PEER.into()]).is_none());
        assert!(pool.take(&key("a.example:8443"), &[PEER.into()]).is_none());
        assert!(
            pool.take(&key("a.example"), &[[192, 0, 2, 2].into()])
                .is_none()
        );
        assert!(
            pool.take(&key("a.example"), &[PEER.into()]).is_none(),
            "dropped when the answers lacked its peer"
        );
    }

    #[tokio::test]
    async fn kept_connections_are_bounded_in_all_and_dead_ones_make_room() {
        let pool = Pool::default();
        let mut far_ends = Vec::new();
        for number in 0..HOOK_POOL_IDLE_MAX + 1 {
            let (kept, far) = connection(Duration::ZERO).await;
            pool.put(key(&format!("h{number}.example")), kept);
            far_ends.push(far);
        }
        assert_eq!(pool.lock().len(), HOOK_POOL_IDLE_MAX);

        far_ends.truncate(1);
        let still_open = || {
            pool.lock()
                .values()
                .flatten()
                .filter(|kept| !kept.sender.is_closed())
                .count()
        };
        let noticing = async {
            while still_open() > 1 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), noticing)
            .await
            .expect("closed ends are noticed");
        let (kept, _far) = connection(Duration::ZERO).await;
        pool.put(key("new.example"), kept);
        assert_eq!(pool.lock().len(), 2);
    }
}
