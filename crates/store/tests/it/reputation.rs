//! Counts over a window of recipients, against a model that remembers everything.

use posthouse_store::tables::pauses::PauseScope;
use posthouse_store::tables::reputation::{self, Sender, Standing, Trouble};
use posthouse_store::{StoreError, Tx};
use posthouse_types::ids::Key;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::support::every_engine;

const APPLICATION: Key = Key(100);
const WINDOW: i64 = 50;
const STEPS: usize = 300;
const DOMAINS: [&str; 3] = ["a.example", "b.example", "c.example"];

/// A trouble as the model remembers it.
struct Event {
    place: i64,
    trouble: Trouble,
    grant: i64,
    domain: &'static str,
}

#[derive(Default)]
struct Model {
    served: i64,
    events: Vec<Event>,
}

impl Model {
    fn count(&self, trouble: Trouble, which: impl Fn(&Event) -> bool) -> i64 {
        let matching = self.events.iter().filter(|one| one.trouble == trouble);
        matching.filter(|one| which(one)).count() as i64
    }

    /// How much the worst account, and the worst domain, caused.
    fn worst(&self, trouble: Trouble) -> (i64, i64) {
        let grants = (1..=4).map(|grant| self.count(trouble, |one| one.grant == grant));
        let domains = DOMAINS.map(|domain| self.count(trouble, |one| one.domain == domain));
        (
            grants.max().unwrap_or(0),
            domains.into_iter().max().unwrap_or(0),
        )
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_counts_what_a_look_at_everything_counts() {
    for fresh in every_engine().await {
        let mut random = StdRng::seed_from_u64(7);
        let mut model = Model::default();
        for step in 0..STEPS {
            let served: i64 = random.random_range(0..6);
            let grant: i64 = random.random_range(1..=4);
            let domain = DOMAINS[random.random_range(0..DOMAINS.len())];
            let trouble = match random.random_range(0..3) {
                0 => Trouble::Complaint,
                _ => Trouble::Bounce,
            };
            let settles = random.random_range(0..25) == 0;
            let id = Key(step as i64 + 1);
            let done: Result<(Standing, Vec<(PauseScope, i64)>), StoreError> = fresh
                .store
                .write(move |tx: &mut dyn Tx| {
                    reputation::serve(tx, APPLICATION, served)?;
                    let sender = Sender {
                        application: APPLICATION,
                        grant: Some(Key(grant)),
                        domain,
                    };
                    let standing = reputation::trouble(tx, id, &sender, trouble, WINDOW)?;
                    let worst = reputation::worst(tx, APPLICATION, trouble)?;
                    if settles {
                        let scope = PauseScope::Domain(domain.to_owned());
                        reputation::settle(tx, APPLICATION, &scope)?;
                    }
                    Ok((standing, worst))
                })
                .await;
            let (standing, worst) = done.unwrap();

            model.served += served;
            let (now, edge) = (model.served, model.served - WINDOW);
            model.events.retain(|one| one.place > edge);
            model.events.push(Event {
                place: now,
                trouble,
                grant,
                domain,
            });
            assert_eq!(standing.served, now);
            for one in [Trouble::Bounce, Trouble::Complaint] {
                assert_eq!(standing.events(one), model.count(one, |_| true), "{step}");
            }
            let (of_grant, of_domain) = model.worst(trouble);
            let counts: Vec<i64> = worst.iter().map(|(_, count)| *count).collect();
            assert_eq!(counts, [of_grant, of_domain], "{step}");
            if settles {
                model.events.retain(|one| one.domain != domain);
            }
        }
    }
}
