//! The metrics of this crate, declared in one place.

use metrics::{Unit, counter, describe_counter};

const CALLS: &str = "posthouse_net_calls_total";
const CONNECTIONS: &str = "posthouse_net_connections_opened_total";
const RATE_REFUSALS: &str = "posthouse_net_rate_refusals_total";
const RATE_EVICTIONS: &str = "posthouse_net_rate_evictions_total";

/// Registers the help lines; call once, after the recorder is installed.
pub fn describe() {
    describe_counter!(
        CALLS,
        Unit::Count,
        "Guarded outward calls by outcome: answered, or the kind of error."
    );
    describe_counter!(
        CONNECTIONS,
        Unit::Count,
        "Connections opened by guarded outward calls; the rest were reused."
    );
    describe_counter!(
        RATE_REFUSALS,
        Unit::Count,
        "Requests refused by a prefix limiter, by limiter."
    );
    describe_counter!(
        RATE_EVICTIONS,
        Unit::Count,
        "Prefixes forgotten early because a limiter's memory was full."
    );
}

pub(crate) fn count_call(outcome: &'static str) {
    counter!(CALLS, "outcome" => outcome).increment(1);
}

pub(crate) fn count_connection() {
    counter!(CONNECTIONS).increment(1);
}

pub(crate) fn count_rate_refusal(limiter: &'static str) {
    counter!(RATE_REFUSALS, "limiter" => limiter).increment(1);
}

pub(crate) fn count_rate_eviction(limiter: &'static str) {
    counter!(RATE_EVICTIONS, "limiter" => limiter).increment(1);
}
