//! The classifier: how much the features of a message occur in what was called spam here, and in what was not.
//!
//! Each feature's probability leans towards one half as long as little is known of it (G. Robinson, "A Statistical
//! Approach to the Spam Problem", Linux Journal 107, 2003); those that say something are combined by R. A. Fisher's method
//! in both directions. Features of one text are not independent, so their evidence is thinned before it is combined
//! (G. Louis's effective size factor).

use super::signal::Signal;

/// How many messages a feature must have been in to outweigh the assumption that it says nothing.
const STRENGTH: f64 = 0.6;
/// What a feature that nobody has seen says.
const UNSEEN: f64 = 0.5;
/// How far from one half a feature's probability is to be to be heard.
const DEVIATION_MIN: f64 = 0.1;
/// Features that are combined; the most outspoken ones.
const FEATURES_MAX: usize = 150;
/// The share of the evidence that counts.
const EFFECTIVE: f64 = 0.7;
/// Features that must be known for an opinion.
const FEATURES_MIN: usize = 6;
/// Messages of each kind from which the classifier is heard, and from which it is heard in full.
const LEARNED_MIN: u64 = 5;
const LEARNED_FULL: u64 = 25;

/// What has been learned here, in messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Corpus {
    /// Messages called spam.
    pub spam: u64,
    /// Messages called wanted.
    pub ham: u64,
}

/// In how many learned messages a feature was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// Of those called spam.
    pub spam: u64,
    /// Of those called wanted.
    pub ham: u64,
}

/// What the classifier makes of a message.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Opinion {
    /// From 0, wanted, to 1, spam.
    pub probability: f64,
    /// Features that said something.
    pub features: usize,
    /// From 0 to 1: how much has been learned.
    pub confidence: f64,
}

impl Corpus {
    /// Tells whether enough has been learned for any opinion: before, nothing needs to be looked up.
    #[must_use]
    pub fn is_heard(&self) -> bool {
        self.spam.min(self.ham) >= LEARNED_MIN
    }

    fn confidence(&self) -> f64 {
        if !self.is_heard() {
            return 0.0;
        }
        (self.spam.min(self.ham) as f64 / LEARNED_FULL as f64).min(1.0)
    }
}

/// Judges a message by the counts of those of its features that are known. `None` while too little is.
#[must_use]
pub fn opinion(corpus: Corpus, counts: &[Count]) -> Option<Opinion> {
    if !corpus.is_heard() {
        return None;
    }
    let mut outspoken: Vec<f64> = counts
        .iter()
        .map(|count| probability(corpus, *count))
        .filter(|probability| (probability - UNSEEN).abs() >= DEVIATION_MIN)
        .collect();
    outspoken.sort_by(|a, b| (b - UNSEEN).abs().total_cmp(&(a - UNSEEN).abs()));
    outspoken.truncate(FEATURES_MAX);
    if outspoken.len() < FEATURES_MIN {
        return None;
    }
    let (for_spam, for_ham) = outspoken.iter().fold((0.0, 0.0), |(spam, ham), p| {
        (spam - (1.0 - p).ln(), ham - p.ln())
    });
    let spread = (outspoken.len() as f64 * EFFECTIVE).round().max(1.0);
    let spam = 1.0 - chi_square_tail(2.0 * for_spam * EFFECTIVE, spread as usize);
    let ham = 1.0 - chi_square_tail(2.0 * for_ham * EFFECTIVE, spread as usize);
    Some(Opinion {
        probability: ((1.0 + spam - ham) / 2.0).clamp(0.0, 1.0),
        features: outspoken.len(),
        confidence: corpus.confidence(),
    })
}

/// How likely a message with this feature is spam, were both kinds equally many.
fn probability(corpus: Corpus, count: Count) -> f64 {
    // Counts and corpus are read one after the other, and must not make a share above one.
    let spam = (count.spam as f64 / corpus.spam.max(1) as f64).min(1.0);
    let ham = (count.ham as f64 / corpus.ham.max(1) as f64).min(1.0);
    let seen = (count.spam + count.ham) as f64;
    if spam + ham == 0.0 {
        return UNSEEN;
    }
    let bare = spam / (spam + ham);
    (STRENGTH * UNSEEN + seen * bare) / (STRENGTH + seen)
}

/// The probability that a chi-square value with twice `half` degrees of freedom is larger than this one.
fn chi_square_tail(value: f64, half: usize) -> f64 {
    let m = value / 2.0;
    let mut term = (-m).exp();
    let mut sum = term;
    for step in 1..half {
        term *= m / step as f64;
        sum += term;
    }
    sum.min(1.0)
}

impl Opinion {
    /// Returns what it counts; nothing when it does not know.
    #[must_use]
    pub fn signal(&self) -> Option<Signal> {
        let (name, score) = match self.probability {
            p if p >= 0.99 => ("BAYES_SPAM_CERTAIN", 5.4),
            p if p >= 0.95 => ("BAYES_SPAM", 3.5),
            p if p >= 0.8 => ("BAYES_SPAM_LIKELY", 2.5),
            p if p >= 0.6 => ("BAYES_SPAM_MAYBE", 1.0),
            p if p > 0.4 => return None,
            p if p > 0.2 => ("BAYES_HAM_MAYBE", -0.5),
            p if p > 0.05 => ("BAYES_HAM_LIKELY", -1.2),
            p if p > 0.01 => ("BAYES_HAM", -2.0),
            _ => ("BAYES_HAM_CERTAIN", -3.0),
        };
        let detail = format!(
            "{:.1} % likely spam by {} features of what was moved to and from Junk here",
            self.probability * 100.0,
            self.features
        );
        Some(Signal::new(name, score * self.confidence, detail))
    }
}
