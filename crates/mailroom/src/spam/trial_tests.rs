//! The trial that `docs/spam.md` tells of, without a store: the same letters, features and arithmetic, under many keys, because
//! which features of a long letter are looked up depends on the key of the server.

use std::collections::HashMap;

use posthouse_rules::spam::bayes::{self, Corpus, Count};
use posthouse_rules::spam::{Findings, THRESHOLD, Token};

use super::letter::{Envelope, examine};

#[path = "../../tests/it/spam/corpus.rs"]
mod corpus;

/// Keys of servers under which the trial is made; the page tells of the first.
const KEYS: std::ops::Range<u64> = 1..17;

struct Specimen {
    name: String,
    is_spam: bool,
    is_in_first_half: bool,
    findings: Findings,
}

fn specimens(key: u64) -> Vec<Specimen> {
    let letters = corpus::all_letters().into_iter();
    let looked_at = letters.map(|letter| {
        let message = posthouse_mime::parse(letter.raw.as_bytes());
        let envelope = Envelope {
            helo: "client.example",
            our_domains: &["agents.localhost"],
            arrived_at: 1_790_000_000,
            authentication: None,
        };
        Specimen {
            name: letter.name,
            is_spam: letter.is_spam,
            is_in_first_half: letter.is_in_first_half,
            findings: examine(
                letter.raw.as_bytes(),
                &message,
                &envelope,
                Some(key.wrapping_mul(0x9e37_79b9_7f4a_7c15)),
            ),
        }
    });
    looked_at.collect()
}

/// What letters taught: as the store keeps it.
#[derive(Default)]
struct Lessons {
    corpus: Corpus,
    counts: HashMap<Token, Count>,
}

impl Lessons {
    fn of<'a>(specimens: impl Iterator<Item = &'a Specimen>) -> Self {
        let mut lessons = Self::default();
        for specimen in specimens {
            let (spam, ham) = if specimen.is_spam { (1, 0) } else { (0, 1) };
            lessons.corpus.spam += spam;
            lessons.corpus.ham += ham;
            for token in specimen.findings.tokens.learned() {
                let count = lessons
                    .counts
                    .entry(token)
                    .or_insert(Count { spam: 0, ham: 0 });
                count.spam += spam;
                count.ham += ham;
            }
        }
        lessons
    }

    fn score(&self, specimen: &Specimen) -> f64 {
        let asked = specimen.findings.tokens.asked().into_iter();
        let counts: Vec<Count> = asked
            .filter_map(|token| self.counts.get(&token).copied())
            .collect();
        let opinion = bayes::opinion(self.corpus, &counts);
        let own: Vec<_> = opinion
            .and_then(|opinion| opinion.signal())
            .into_iter()
            .collect();
        specimen.findings.score(false, &own, THRESHOLD).score
    }
}

/// What was found of what is there.
#[derive(Debug, Clone, PartialEq)]
struct Matrix {
    caught: usize,
    missed: usize,
    wronged: usize,
    passed: usize,
    /// The highest score of wanted mail.
    closest: f64,
}

impl Matrix {
    fn of<'a>(lessons: &Lessons, judged: impl Iterator<Item = &'a Specimen>, tells: bool) -> Self {
        let mut matrix = Self {
            caught: 0,
            missed: 0,
            wronged: 0,
            passed: 0,
            closest: 0.0,
        };
        for specimen in judged {
            let score = lessons.score(specimen);
            let in_junk = score > THRESHOLD;
            if tells && (in_junk != specimen.is_spam || (!specimen.is_spam && score > 2.0)) {
                println!("{}: {score}", specimen.name);
            }
            match (specimen.is_spam, in_junk) {
                (true, true) => matrix.caught += 1,
                (true, false) => matrix.missed += 1,
                (false, true) => matrix.wronged += 1,
                (false, false) => matrix.passed += 1,
            }
            if !specimen.is_spam {
                matrix.closest = matrix.closest.max(score);
            }
        }
        matrix
    }

    fn rows(&self) -> String {
        format!(
            "| spam | {} | {} |\n| wanted | {} | {} |\n",
            self.caught, self.missed, self.wronged, self.passed
        )
    }

    fn share_caught(&self) -> f64 {
        self.caught as f64 / (self.caught + self.missed) as f64
    }
}

/// Judges with nothing learned, the second half after the first, and the first after the second.
fn trial(key: u64) -> [Matrix; 3] {
    let all = specimens(key);
    let half = |first: bool| all.iter().filter(move |one| one.is_in_first_half == first);
    let tells = key == KEYS.start;
    [
        Matrix::of(&Lessons::default(), all.iter(), false),
        Matrix::of(&Lessons::of(half(true)), half(false), tells),
        Matrix::of(&Lessons::of(half(false)), half(true), tells),
    ]
}

#[test]
fn one_half_of_the_letters_teaches_to_tell_the_other_under_every_key() {
    let all = corpus::all_letters();
    let spam = all.iter().filter(|letter| letter.is_spam).count();
    assert!(
        spam >= 200 && all.len() - spam >= 200,
        "{spam} of {}",
        all.len()
    );
    let mut told = Vec::new();
    let mut worst: f64 = 1.0;
    let mut closest: f64 = 0.0;
    for key in KEYS {
        let matrices = trial(key);
        println!("{key}: {matrices:?}");
        for matrix in &matrices {
            assert_eq!(
                matrix.wronged, 0,
                "wanted mail went to Junk under key {key}: {matrix:?}"
            );
            closest = closest.max(matrix.closest);
        }
        let shares = matrices[1..].iter().map(Matrix::share_caught);
        worst = shares.fold(worst, f64::min);
        if key == KEYS.start {
            told.extend(matrices.iter().map(Matrix::rows));
        }
    }
    assert!(worst >= 0.9, "{worst}");
    let keys = KEYS.end - KEYS.start;
    told.push(format!(
        "under the worst of {keys} keys {:.0} %",
        (worst * 100.0).floor()
    ));
    told.push(format!("closest to Junk came to {closest:.1}"));
    told.push(format!("{} letters", all.len()));
    let page = include_str!("../../../../docs/spam.md");
    for fact in told {
        assert!(page.contains(&fact), "docs/spam.md does not say `{fact}`");
    }
}
