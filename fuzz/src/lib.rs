//! Fuzz targets as plain functions, and what drives them on stable Rust.
//!
//! A target takes any bytes and panics when something that must hold does not: not only "no crash", but valid output,
//! bounded sizes and agreement between readers. Each is used three ways: by the runner of this crate (seeded mutations
//! of its seeds), by the tests (regressions and a smoke run), and by any coverage-guided fuzzer that can call a function.

pub mod address;
pub mod authentication;
pub mod delivery;
pub mod downgrade;
pub mod extract;
pub mod mime;
pub mod mta_sts;
pub mod mutate;
pub mod replace;
pub mod report;
pub mod run;
pub mod search;
pub mod smtp;
pub mod walk;

/// A fuzz target with what it starts from.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name on the command line, and the folder of its regressions.
    pub name: &'static str,
    /// Plays one input; panics when a promise is broken.
    pub run: fn(&[u8]),
    /// Inputs the mutations start from.
    pub seeds: &'static [&'static [u8]],
    /// Pieces of the grammar that the mutations insert.
    pub dictionary: &'static [&'static [u8]],
}

/// All targets, one line each.
pub const TARGETS: &[Target] = &[
    address::TARGET,
    authentication::TARGET,
    delivery::TARGET,
    downgrade::TARGET,
    extract::TARGET,
    mime::TARGET,
    mta_sts::TARGET,
    replace::TARGET,
    report::TARGET,
    search::TARGET,
    smtp::TARGET,
    walk::TARGET,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::{Budget, fuzz, regressions};

    #[test]
    fn regressions_stay_fixed() {
        for target in TARGETS {
            for (_, input) in regressions(target.name).expect("the folder can be read") {
                (target.run)(&input);
            }
        }
    }

    #[test]
    fn seeded_mutations_break_no_promise() {
        for target in TARGETS {
            let outcome = fuzz(target, 1, Budget::Inputs(1_000));
            assert!(
                outcome.crashes.is_empty(),
                "{}: {:?}",
                target.name,
                outcome.crashes
            );
        }
    }

    #[test]
    fn target_names_are_distinct() {
        let mut names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), TARGETS.len());
    }
}
