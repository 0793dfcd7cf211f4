//! Plays inputs to a target until its budget is used up, and keeps what broke it.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use std::{fs, io, process, thread};

use crate::Target;
use crate::mutate::Mutator;

/// Findings after which a run stops: they are mostly the same one.
const CRASHES_MAX: usize = 10;
/// One input that runs longer hangs. Far beyond what the slowest machine needs for the longest input.
const HANG_AFTER: Duration = Duration::from_secs(20);

/// When a run ends.
#[derive(Debug, Clone, Copy)]
pub enum Budget {
    /// After so many inputs.
    Inputs(u64),
    /// After this time.
    Time(Duration),
}

/// What a run found.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Inputs played.
    pub inputs: u64,
    /// Inputs that broke a promise.
    pub crashes: Vec<Vec<u8>>,
}

/// Plays the regressions of a target, its seeds, and then mutations of both.
pub fn fuzz(target: &Target, seed: u64, budget: Budget) -> Outcome {
    let mut starts: Vec<Vec<u8>> = target.seeds.iter().map(|seed| seed.to_vec()).collect();
    starts.extend(
        regressions(target.name)
            .unwrap_or_default()
            .into_iter()
            .map(|(_, input)| input),
    );
    let mut outcome = Outcome::default();
    let mut mutator = Mutator::new(seed, starts.clone(), target.dictionary);
    let mut first = starts.into_iter();
    let started = Instant::now();
    let watch = Watch::start(target.name);
    while outcome.crashes.len() < CRASHES_MAX {
        let used_up = match budget {
            Budget::Inputs(inputs) => outcome.inputs >= inputs,
            Budget::Time(time) => started.elapsed() >= time,
        };
        if used_up {
            break;
        }
        let input = first.next().unwrap_or_else(|| mutator.next_input());
        watch.set(Some(input.clone()));
        if catch_unwind(AssertUnwindSafe(|| (target.run)(&input))).is_err() {
            outcome.crashes.push(input);
        }
        watch.set(None);
        outcome.inputs += 1;
    }
    outcome
}

/// Returns the folder that holds the regressions of a target.
pub fn regression_folder(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("regressions")
        .join(target)
}

/// Returns the regressions of a target with their file names; none when the folder is not there.
pub fn regressions(target: &str) -> io::Result<Vec<(String, Vec<u8>)>> {
    let folder = match fs::read_dir(regression_folder(target)) {
        Ok(folder) => folder,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut all = Vec::new();
    for entry in folder {
        let entry = entry?;
        all.push((
            entry.file_name().to_string_lossy().into_owned(),
            fs::read(entry.path())?,
        ));
    }
    all.sort();
    Ok(all)
}

/// Writes a finding where the tests will play it again; rename the file to a sentence once it is understood.
pub fn keep_regression(target: &str, kind: &str, input: &[u8]) -> io::Result<PathBuf> {
    let mut hasher = DefaultHasher::new();
    input.hash(&mut hasher);
    let folder = regression_folder(target);
    fs::create_dir_all(&folder)?;
    let path = folder.join(format!("{kind}_{:016x}", hasher.finish()));
    fs::write(&path, input)?;
    Ok(path)
}

/// The input being played, and since when.
type Current = Arc<Mutex<Option<(Instant, Vec<u8>)>>>;

/// Ends the process when one input takes far too long, and keeps that input.
struct Watch {
    current: Current,
}

impl Watch {
    fn start(target: &'static str) -> Self {
        let current: Current = Arc::default();
        let watched = Arc::downgrade(&current);
        thread::spawn(move || {
            while let Some(current) = watched.upgrade() {
                let guard = current.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some((since, input)) = &*guard
                    && since.elapsed() > HANG_AFTER
                {
                    let kept = keep_regression(target, "hang", input);
                    eprintln!("{target}: an input hangs, kept as {kept:?}");
                    process::exit(1);
                }
                drop(guard);
                drop(current);
                thread::sleep(Duration::from_millis(500));
            }
        });
        Self { current }
    }

    fn set(&self, input: Option<Vec<u8>>) {
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) =
            input.map(|input| (Instant::now(), input));
    }
}
