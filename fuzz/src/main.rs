//! `posthouse-fuzz [TARGET]... [--seconds N | --inputs N] [--seed N]`: plays mutated inputs to the fuzz targets.
//!
//! Without a target it plays all of them; the budget is for each. Every input that breaks a promise is written to
//! `fuzz/regressions/<target>/`, from where the tests play it again. Exits with 1 when there was any.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail};
use posthouse_fuzz::run::{Budget, fuzz, keep_regression};
use posthouse_fuzz::{TARGETS, Target};

/// Inputs of a run that names no budget.
const SMOKE_INPUTS: u64 = 10_000;

struct Arguments {
    targets: Vec<&'static Target>,
    budget: Budget,
    seed: u64,
}

fn main() -> anyhow::Result<ExitCode> {
    let arguments = read_arguments(std::env::args().skip(1))?;
    let mut clean = true;
    for target in arguments.targets {
        let outcome = fuzz(target, arguments.seed, arguments.budget);
        println!(
            "{}: {} inputs, {} findings (seed {})",
            target.name,
            outcome.inputs,
            outcome.crashes.len(),
            arguments.seed
        );
        for crash in &outcome.crashes {
            let path =
                keep_regression(target.name, "crash", crash).context("cannot keep the finding")?;
            println!("  kept as {}", path.display());
            clean = false;
        }
    }
    Ok(if clean {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn read_arguments(mut words: impl Iterator<Item = String>) -> anyhow::Result<Arguments> {
    let mut arguments = Arguments {
        targets: Vec::new(),
        budget: Budget::Inputs(SMOKE_INPUTS),
        seed: 1,
    };
    while let Some(word) = words.next() {
        let mut number = || -> anyhow::Result<u64> {
            let text = words
                .next()
                .with_context(|| format!("{word} needs a number"))?;
            text.parse()
                .with_context(|| format!("{word} needs a number, not {text:?}"))
        };
        match word.as_str() {
            "--seconds" => arguments.budget = Budget::Time(Duration::from_secs(number()?)),
            "--inputs" => arguments.budget = Budget::Inputs(number()?),
            "--seed" => arguments.seed = number()?,
            name => match TARGETS.iter().find(|target| target.name == name) {
                Some(target) => arguments.targets.push(target),
                None => bail!(
                    "no target {name:?}; there are: {}",
                    TARGETS
                        .iter()
                        .map(|target| target.name)
                        .collect::<Vec<_>>()
                        .join(", ")
                ),
            },
        }
    }
    if arguments.targets.is_empty() {
        arguments.targets = TARGETS.iter().collect();
    }
    Ok(arguments)
}
