//! Finding: matches in the order of their rank, page by page.
//!
//! The newest matches are ranked; the window they are in is part of the cursor, so that what arrives meanwhile neither
//! repeats nor hides a message. Behind it matches follow newest first.

use std::cmp::Reverse;
use std::collections::HashMap;

use posthouse_store::Tx;
use posthouse_store::tables::messages::{Position, Selection};
use posthouse_store::tables::search::{self, Stretch};
use posthouse_types::ids::{IdCodec, Key};

use super::SearchQuery;
use super::limits::{MATCHES_PER_FIRST_STEP, MATCHES_PER_STEP_MAX, RANKED_MATCHES_MAX};
use crate::Refusal;

/// Where a search's listing stands: behind a message, in a window of ranked matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    window: Window,
    /// None behind the ranked matches.
    rank: Option<i64>,
    date_at: i64,
    message: Key,
}

/// The keys of the matches that are ranked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Window {
    oldest: Key,
    newest: Key,
    /// Whether older matches may follow.
    is_cut: bool,
}

/// A message that a search found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found {
    /// The message.
    pub(crate) message: Key,
    /// Where the listing stands behind it.
    pub(crate) place: Place,
}

/// One search over one account.
pub(crate) struct Walk<'a> {
    /// The account.
    pub(crate) grant: Key,
    /// What is searched for.
    pub(crate) query: &'a SearchQuery,
    /// What else must hold; its own position, limit and offset are not looked at.
    pub(crate) selection: &'a Selection,
    /// Behind which message to go on.
    pub(crate) behind: Option<Place>,
    /// How many messages at most.
    pub(crate) limit: usize,
}

impl Walk<'_> {
    /// Returns the messages that come next.
    pub(crate) fn run(&self, tx: &mut dyn Tx) -> Result<Vec<Found>, Refusal> {
        let mut found = Vec::new();
        let window = match self.behind {
            Some(Place {
                window, rank: None, ..
            }) => window,
            _ => self.ranked(tx, &mut found)?,
        };
        found.truncate(self.limit);
        if window.is_cut {
            self.rest(tx, window, &mut found)?;
        }
        Ok(found)
    }

    /// Adds the ranked matches that are left; returns their window.
    fn ranked(&self, tx: &mut dyn Tx, found: &mut Vec<Found>) -> Result<Window, Refusal> {
        let known = self.behind.map(|place| place.window);
        let (stretch, limit) = match known {
            // Messages that were indexed late may have joined the window.
            Some(window) => (
                Stretch {
                    oldest: window.oldest,
                    newest: window.newest,
                },
                RANKED_MATCHES_MAX * 2,
            ),
            None => (EVERYTHING, RANKED_MATCHES_MAX),
        };
        let SearchQuery { condition, ranked } = self.query;
        let matches = search::ranked(tx, self.grant, condition, ranked, stretch, limit)?;
        let window = known.unwrap_or_else(|| {
            let is_cut = matches.len() as i64 == RANKED_MATCHES_MAX;
            Window {
                oldest: matches
                    .last()
                    .filter(|_| is_cut)
                    .map_or(Key(0), |last| last.message),
                newest: matches.first().map_or(Key(0), |first| first.message),
                is_cut,
            }
        });
        let ids: Vec<Key> = matches.iter().map(|one| one.message).collect();
        let ranks: HashMap<Key, i64> = matches.iter().map(|one| (one.message, one.rank)).collect();
        let mut places: Vec<Place> = search::among(tx, self.selection, &ids)?
            .into_iter()
            .map(|Position { date_at, id }| Place {
                window,
                rank: Some(ranks.get(&id).copied().unwrap_or_default()),
                date_at,
                message: id,
            })
            .collect();
        let order = |place: &Place| Reverse((place.rank, place.date_at, place.message));
        if let Some(behind) = &self.behind {
            places.retain(|place| order(place) > order(behind));
        }
        places.sort_unstable_by_key(order);
        found.extend(places.into_iter().map(Found::at));
        Ok(window)
    }

    /// Adds matches older than the window, newest first, until there are enough.
    ///
    /// The steps grow: PostgreSQL looks at every match in each of them.
    fn rest(&self, tx: &mut dyn Tx, window: Window, found: &mut Vec<Found>) -> Result<(), Refusal> {
        let mut before = match self.behind {
            Some(Place {
                rank: None,
                message,
                ..
            }) => message,
            _ => window.oldest,
        };
        let mut step = MATCHES_PER_FIRST_STEP;
        while found.len() < self.limit {
            let stretch = Stretch {
                oldest: Key(0),
                newest: Key(before.0 - 1),
            };
            let condition = &self.query.condition;
            let ids = search::newest(tx, self.grant, condition, stretch, step)?;
            step = (step * 2).min(MATCHES_PER_STEP_MAX);
            let Some(last) = ids.last() else {
                return Ok(());
            };
            before = *last;
            let mut positions = search::among(tx, self.selection, &ids)?;
            positions.sort_unstable_by_key(|position| Reverse(position.id));
            let room = self.limit - found.len();
            found.extend(positions.into_iter().take(room).map(|position| {
                Found::at(Place {
                    window,
                    rank: None,
                    date_at: position.date_at,
                    message: position.id,
                })
            }));
        }
        Ok(())
    }
}

const EVERYTHING: Stretch = Stretch {
    oldest: Key(0),
    newest: Key(i64::MAX),
};

impl Found {
    fn at(place: Place) -> Self {
        Self {
            message: place.message,
            place,
        }
    }
}

const CURSOR_LABEL: &str = "cursor/search";

/// Numbers in a cursor before its check.
const CURSOR_NUMBERS: usize = 6;

/// Returns the text of a place, bound to the account so that it is of no use elsewhere.
pub(crate) fn seal_cursor(codec: &IdCodec, grant: Key, place: &Place) -> String {
    let numbers = [
        place.window.oldest.0,
        place.window.newest.0,
        i64::from(place.window.is_cut),
        place.rank.map_or(0, |rank| rank + 1),
        place.date_at,
        place.message.0,
    ];
    let mac = check(codec, grant, &numbers);
    let mut text = String::new();
    for number in numbers {
        text.push_str(&format!("{number:x}."));
    }
    format!("s.{text}{mac:016x}")
}

/// Reads a cursor that [`seal_cursor`] made for this account; `None` for anything else.
pub(crate) fn open_cursor(codec: &IdCodec, grant: Key, text: &str) -> Option<Place> {
    let fields: Vec<u64> = text
        .strip_prefix("s.")?
        .splitn(CURSOR_NUMBERS + 2, '.')
        .map(|field| {
            u64::from_str_radix(field, 16)
                .ok()
                .filter(|_| field.len() <= 16)
        })
        .collect::<Option<_>>()?;
    let (mac, numbers) = fields.split_last()?;
    let numbers: Vec<i64> = numbers
        .iter()
        .map(|number| i64::try_from(*number).ok())
        .collect::<Option<_>>()?;
    let numbers: [i64; CURSOR_NUMBERS] = numbers.try_into().ok()?;
    if check(codec, grant, &numbers) != *mac {
        return None;
    }
    let [oldest, newest, is_cut, rank, date_at, message] = numbers;
    Some(Place {
        window: Window {
            oldest: Key(oldest),
            newest: Key(newest),
            is_cut: is_cut != 0,
        },
        rank: (rank > 0).then(|| rank - 1),
        date_at,
        message: Key(message),
    })
}

fn check(codec: &IdCodec, grant: Key, numbers: &[i64; CURSOR_NUMBERS]) -> u64 {
    let mut bytes = grant.0.to_be_bytes().to_vec();
    bytes.extend(numbers.iter().flat_map(|number| number.to_be_bytes()));
    codec.authenticate(CURSOR_LABEL, &bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn http_07_a_search_cursor_of_another_account_or_an_edited_one_is_refused() {
        let codec = IdCodec::new([9; 16]);
        for rank in [None, Some(0), Some(2_001)] {
            let place = Place {
                window: Window {
                    oldest: Key(5),
                    newest: Key(i64::MAX),
                    is_cut: true,
                },
                rank,
                date_at: 1_790_000_000,
                message: Key(77),
            };
            let cursor = seal_cursor(&codec, Key(1), &place);
            assert_eq!(open_cursor(&codec, Key(1), &cursor), Some(place));
            assert_eq!(open_cursor(&codec, Key(2), &cursor), None);
            assert_eq!(
                open_cursor(&codec, Key(1), &cursor.replacen('5', "4", 1)),
                None
            );
            assert_eq!(open_cursor(&codec, Key(1), &format!("{cursor}.0")), None);
        }
        for nonsense in ["", "s.", "s", "1.2.3", "s.1.2.3.4.5.6.x", "s......."] {
            assert_eq!(open_cursor(&codec, Key(1), nonsense), None, "{nonsense}");
        }
    }
}
