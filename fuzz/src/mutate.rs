//! Seeded mutations: the same seed gives the same inputs, so that a finding can be played again.

/// Longest input made.
pub const INPUT_BYTES_MAX: usize = 64 << 10;
/// Inputs that later ones are made from, beside the seeds.
const POOL_INPUTS_MAX: usize = 64;
/// Mutations in a row applied to one input.
const MUTATIONS_MAX: usize = 8;
/// How often a piece is repeated at most.
const REPEATS_MAX: usize = 64;

/// A small generator of pseudo-random numbers (splitmix64); quality enough to choose mutations.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// Starts a sequence.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Returns a number below `bound`; zero when the bound is zero.
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^= mixed >> 31;
        (mixed % bound.max(1) as u64) as usize
    }
}

/// An endless source of inputs made from seeds.
#[derive(Debug)]
pub struct Mutator {
    random: Random,
    pool: Vec<Vec<u8>>,
    seeds: Vec<Vec<u8>>,
    dictionary: &'static [&'static [u8]],
}

impl Mutator {
    /// Starts from seeds; without any, from the empty input.
    pub fn new(seed: u64, seeds: Vec<Vec<u8>>, dictionary: &'static [&'static [u8]]) -> Self {
        let seeds = if seeds.is_empty() {
            vec![Vec::new()]
        } else {
            seeds
        };
        Self {
            random: Random::new(seed),
            pool: Vec::new(),
            seeds,
            dictionary,
        }
    }

    /// Returns the next input, of at most [`INPUT_BYTES_MAX`] octets.
    pub fn next_input(&mut self) -> Vec<u8> {
        let mut input = self.starting_point();
        for _ in 0..=self.random.below(MUTATIONS_MAX) {
            self.mutate(&mut input);
            input.truncate(INPUT_BYTES_MAX);
        }
        // A walk away from the seeds finds shapes that no single step reaches.
        if self.pool.len() < POOL_INPUTS_MAX {
            self.pool.push(input.clone());
        } else if self.random.below(16) == 0 {
            let slot = self.random.below(self.pool.len());
            self.pool[slot].clone_from(&input);
        }
        input
    }

    fn starting_point(&mut self) -> Vec<u8> {
        let from_pool = !self.pool.is_empty() && self.random.below(3) == 0;
        let source = if from_pool { &self.pool } else { &self.seeds };
        source[self.random.below(source.len())].clone()
    }

    fn mutate(&mut self, input: &mut Vec<u8>) {
        let at = self.random.below(input.len() + 1);
        match self.random.below(9) {
            0 => flip(&mut self.random, input),
            1 | 2 => {
                let word = self
                    .dictionary
                    .get(self.random.below(self.dictionary.len()))
                    .copied()
                    .unwrap_or(b"\0");
                input.splice(at..at, word.iter().copied());
            }
            3 => {
                let byte = self.random.below(256) as u8;
                input.insert(at, byte);
            }
            4 => {
                let piece = self.piece(input);
                input.drain(piece);
            }
            5 => {
                let piece = input[self.piece(input)].to_vec();
                let room = INPUT_BYTES_MAX.saturating_sub(input.len()) / piece.len().max(1);
                let repeated = piece.repeat((1 + self.random.below(REPEATS_MAX)).min(room));
                input.splice(at..at, repeated);
            }
            6 => {
                let other = self.starting_point();
                let piece = other[self.piece(&other)].to_vec();
                input.splice(at..at, piece);
            }
            7 => {
                let piece = input[self.piece(input)].to_vec();
                let target = self.piece(input);
                input.splice(target, piece);
            }
            _ => input.truncate(at),
        }
    }

    fn piece(&mut self, input: &[u8]) -> std::ops::Range<usize> {
        let start = self.random.below(input.len() + 1);
        let longest = if self.random.below(4) == 0 {
            input.len() - start
        } else {
            (input.len() - start).min(32)
        };
        start..start + self.random.below(longest + 1)
    }
}

fn flip(random: &mut Random, input: &mut [u8]) {
    let at = random.below(input.len());
    if let Some(byte) = input.get_mut(at) {
        *byte ^= 1 << random.below(8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_gives_one_sequence_of_bounded_inputs() {
        let source = || Mutator::new(7, vec![b"a@b.example".to_vec()], &[b"\"", b"("]);
        let (mut one, mut other) = (source(), source());
        for _ in 0..1_000 {
            let input = one.next_input();
            assert_eq!(input, other.next_input());
            assert!(input.len() <= INPUT_BYTES_MAX);
        }
    }
}
