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
