//! Developer tasks: the test command, the checks that `.ci/run` makes and the pages that are generated.
//!
//! Run as `cargo xtask NAME`. Everything with logic lives here; the `justfile` and `.ci/run` only call it.

mod generated_pages;
mod layers;
mod licences;
mod metadata;
mod reaper;
mod test_command;
mod threats;
mod tidy;
mod workspace;

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask TASK

  test [FILTER]   every test, with the databases and peers they need started and stopped for them
  services        start the databases of the tests and wait, for running single tests by hand
  layers          fail when a crate depends on one that is not below it
  licences        fail on a licence, a source or a crate that is not allowed
  check-threats   fail when docs/threats.md and the tests disagree
  tidy            fail on leftovers in the tree (todo!, missing module docs, ignored tests)
  docs [--check]  write the generated pages, or fail when they are stale
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["test"] => test_command::run(None),
        ["test", filter] => test_command::run(Some(filter)),
        ["services"] => test_command::services(),
        ["layers"] => layers::check(),
        ["licences"] => licences::check(),
        ["check-threats"] => threats::check(),
        ["tidy"] => tidy::check(),
        ["docs"] => generated_pages::write(),
        ["docs", "--check"] => generated_pages::check(),
        [reaper::TASK] => reaper::main(),
        _ => {
            eprint!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
