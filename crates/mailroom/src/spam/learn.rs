//! Lessons are learned: a message is taken apart away from its move, and what it teaches is counted with the lesson's end in
//! one transaction, so that it counts once whatever dies and however many processes learn.

use posthouse_rules::spam::Token;
use posthouse_store::Tx;
use posthouse_store::tables::messages;
use posthouse_store::tables::spam::{self, Features, Lesson};
use posthouse_types::ids::Key;

use super::letter::{Envelope, examine};
use super::limits::{LEARNED_BYTES_MAX, LESSONS_PER_STEP_MAX};
use crate::read::{away_from_async_threads, blob_source};
use crate::{Mailroom, Refusal};

/// A lesson with all that is needed to learn it.
struct Learned {
    lesson: Lesson,
    /// Where it counts; `None` when account or message are gone.
    content: Option<(Key, Features)>,
}

impl Mailroom {
    /// Learns some of what moves have taught; returns whether there may be more.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`] when the store is; what was not learned waits.
    pub async fn learn_spam(&self) -> Result<bool, Refusal> {
        let lessons = self
            .store()
            .read(move |tx: &mut dyn Tx| spam::lessons(tx, LESSONS_PER_STEP_MAX))
            .await?;
        let more = lessons.len() as i64 == LESSONS_PER_STEP_MAX;
        for lesson in lessons {
            let content = match self.content_of(&lesson).await {
                Err(Refusal::Unavailable { message }) => {
                    return Err(Refusal::Unavailable { message });
                }
                // One message that cannot be read must not keep all others from being learned.
                Err(error) => {
                    tracing::warn!("cannot learn from a message, passing it over: {error}");
                    None
                }
                Ok(content) => content,
            };
            self.count(Learned { lesson, content }).await?;
        }
        Ok(more)
    }

    /// Takes a lesson's message apart.
    async fn content_of(&self, lesson: &Lesson) -> Result<Option<(Key, Features)>, Refusal> {
        let lesson = *lesson;
        let (pupil, row) = self
            .store()
            .read(move |tx: &mut dyn Tx| {
                let pupil = spam::pupil(tx, lesson.grant)?;
                let row = messages::sources(tx, lesson.grant, &[lesson.message])?.pop();
                Ok::<_, posthouse_store::StoreError>((pupil, row))
            })
            .await?;
        let (Some((workspace, address)), Some(row)) = (pupil, row) else {
            return Ok(None);
        };
        let raw = blob_source(self.store().blobs(), row.blob).await?;
        if raw.len() > LEARNED_BYTES_MAX {
            return Ok(None);
        }
        let seed = self.feature_seed();
        let features = away_from_async_threads(move || {
            let message = posthouse_mime::parse(&raw);
            let domain = address.rsplit('@').next().unwrap_or_default();
            let envelope = Envelope {
                helo: "",
                our_domains: &[domain],
                arrived_at: 0,
                authentication: None,
            };
            let findings = examine(&raw, &message, &envelope, Some(seed));
            let all = findings.tokens.learned().into_iter();
            Features {
                all: all.map(|Token(token)| token).collect(),
                author: findings.tokens.author().map(|Token(token)| token),
            }
        });
        Ok(Some((workspace, features.await?)))
    }

    async fn count(&self, learned: Learned) -> Result<(), Refusal> {
        let now = self.now_seconds();
        let workspace = learned.content.as_ref().map(|(workspace, _)| *workspace);
        let kind = learned.lesson.verdict;
        let counted = self
            .store()
            .write(move |tx: &mut dyn Tx| {
                if !spam::end_lesson(tx, &learned.lesson)? {
                    return Ok::<_, posthouse_store::StoreError>(false);
                }
                match &learned.content {
                    Some((workspace, features)) => {
                        spam::learn(tx, *workspace, &learned.lesson, features, now)
                    }
                    None => Ok(false),
                }
            })
            .await?;
        if let (true, Some(workspace)) = (counted, workspace) {
            // Under the key 0 it is known how much was learned anywhere.
            let is_stale = |known: &Key| *known == workspace || *known == Key(0);
            self.inner.corpora.forget(|known, _| is_stale(known));
            let verdict = match kind {
                spam::Verdict::Spam => "spam",
                spam::Verdict::Ham => "ham",
            };
            metrics::counter!("posthouse_spam_learned_messages_total", "verdict" => verdict)
                .increment(1);
        }
        Ok(())
    }
}
