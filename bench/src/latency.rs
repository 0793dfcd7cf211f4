//! Latencies of one run, and the figures drawn from them.

use std::time::Duration;

use serde_json::{Value, json};

/// Collected latencies in microseconds. Signed, because a webhook may arrive before the client has read the `250`.
#[derive(Debug, Default, Clone)]
pub struct Latencies(Vec<i64>);

impl Latencies {
    /// Adds one latency.
    pub fn record(&mut self, latency: Duration) {
        self.record_micros(i64::try_from(latency.as_micros()).unwrap_or(i64::MAX));
    }

    /// Adds one latency given in microseconds.
    pub fn record_micros(&mut self, micros: i64) {
        self.0.push(micros);
    }

    /// Takes over everything `other` has collected.
    pub fn absorb(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Returns how many latencies were collected.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Returns the latency below which the given share of the answers lies, in milliseconds (nearest rank).
    /// Zero when nothing was collected.
    pub fn quantile_ms(&mut self, share: f64) -> f64 {
        if self.0.is_empty() {
            return 0.0;
        }
        self.0.sort_unstable();
        let rank = (self.0.len() as f64 * share).ceil() as usize;
        let index = rank.clamp(1, self.0.len()) - 1;
        self.0[index] as f64 / 1000.0
    }

    /// Returns the median, the 99th percentile and the largest latency in milliseconds.
    pub fn summary(&mut self) -> Value {
        json!({
            "p50_ms": round(self.quantile_ms(0.50), 3),
            "p99_ms": round(self.quantile_ms(0.99), 3),
            "max_ms": round(self.quantile_ms(1.0), 3),
        })
    }
}

/// Rounds to the given number of decimal places, so that a JSON line stays readable.
pub fn round(value: f64, places: i32) -> f64 {
    let scale = 10f64.powi(places);
    (value * scale).round() / scale
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_taken_by_nearest_rank() {
        let mut latencies = Latencies::default();
        for millis in 1..=100 {
            latencies.record(Duration::from_millis(millis));
        }
        assert_eq!(latencies.quantile_ms(0.50), 50.0);
        assert_eq!(latencies.quantile_ms(0.99), 99.0);
        assert_eq!(latencies.quantile_ms(1.0), 100.0);
    }

    #[test]
    fn nothing_collected_gives_zero() {
        assert_eq!(Latencies::default().quantile_ms(0.99), 0.0);
    }
}
