//! Whom a message may go to: recipients on the suppression list stop it, or are left out where the sender asked for that.

use posthouse_types::address::EmailAddress;

use super::submit::Work;
use crate::suppressions::{Departure, Wish};
use crate::{Mailroom, Refusal};

/// What is to be done about suppressed recipients, and who was left out so far.
#[derive(Debug)]
pub(super) struct Passage {
    wish: Wish,
    left_out: Option<Vec<String>>,
}

impl Mailroom {
    /// Offers the recipient to unsubscribe, and leaves suppressed recipients out of a message in parts, where the sender asked
    /// for it: nobody is shown them then.
    pub(super) async fn skim(
        &self,
        departure: &Departure,
        work: &mut Work,
    ) -> Result<Passage, Refusal> {
        if let Work::Parts(outgoing, _) = &mut *work {
            self.offer_unsubscribing(departure, outgoing)?;
        }
        let outgoing = match work {
            Work::Parts(outgoing, _) if outgoing.skip_suppressed => outgoing,
            Work::Source(source) if source.skip_suppressed => {
                return Ok(Passage {
                    wish: Wish::LeaveOut,
                    left_out: None,
                });
            }
            Work::Parts(..) | Work::Source(_) => {
                return Ok(Passage {
                    wish: Wish::Refuse,
                    left_out: None,
                });
            }
        };
        let left_out = self.leave_out_suppressed(departure, outgoing).await?;
        Ok(Passage {
            wish: Wish::Done,
            left_out: Some(left_out),
        })
    }

    /// Lets a message that was written down go; returns whom it goes to, and who was left out where that was asked for.
    pub(super) async fn clear(
        &self,
        departure: &Departure,
        envelope_from: &str,
        envelope: Vec<EmailAddress>,
        passage: Passage,
    ) -> Result<(Vec<EmailAddress>, Option<Vec<String>>), Refusal> {
        let cleared = self.clear_departure(departure, envelope_from, envelope, passage.wish);
        let (envelope, found) = cleared.await?;
        let suppressed = match passage.wish {
            Wish::Refuse => None,
            Wish::LeaveOut => Some(found),
            Wish::Done => passage.left_out,
        };
        Ok((envelope, suppressed))
    }
}
