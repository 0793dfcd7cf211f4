//! One message: MAIL, RCPT, then DATA or BDAT, and what became of each recipient.

use memchr::memchr;

use crate::limits::{CHUNK_BYTES_MAX, WRITE_BLOCK_BYTES};
use crate::proto::capabilities::Capabilities;
use crate::proto::command::{self, Envelope};
use crate::proto::content::{END_OF_DATA, Stuffer, strict};
use crate::proto::reply::Reply;

use super::{Lost, Phase, Session};

/// What the server said of a message for one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It took responsibility.
    Taken,
    /// It may take it later.
    Later(Reply),
    /// It never will.
    Never(Reply),
    /// It never will, and has said so to MAIL, before it knew the recipient.
    NotFromUs(Reply),
    /// Nobody asked, or nobody answered.
    Open,
}

impl Verdict {
    fn of_mail(reply: Reply) -> Self {
        match Self::of_refusal(reply) {
            Self::Never(reply) => Self::NotFromUs(reply),
            other => other,
        }
    }

    fn of_refusal(reply: Reply) -> Self {
        if reply.is_permanent() {
            Self::Never(reply)
        } else {
            Self::Later(reply)
        }
    }
}

/// Tells whether the message is still this process's to deliver.
pub type MayEnd<'a> = &'a (dyn Fn() -> bool + Send + Sync);

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// One for each recipient, in their order.
    pub verdicts: Vec<Verdict>,
    /// Why the session is over, if it is.
    pub lost: Option<Lost>,
}

impl Session {
    /// Sends a message. What the server lacks for it has to be looked at before: [`Session::lacks`]. `may_end` is asked right
    /// before the end of the message is said: without it the server does not take it.
    pub async fn send(&mut self, envelope: &Envelope, content: &[u8], may_end: MayEnd<'_>) -> Sent {
        self.messages += 1;
        let mut verdicts = vec![Verdict::Open; envelope.recipients.len()];
        let sending = self.transact(envelope, content, may_end, &mut verdicts);
        let lost = sending.await.err();
        Sent { verdicts, lost }
    }

    /// Returns the refusal of a message that this server cannot be given, as the server would put it.
    #[must_use]
    pub fn lacks(&self, envelope: &Envelope) -> Option<Reply> {
        lacking(&self.offered, envelope)
    }

    async fn transact(
        &mut self,
        envelope: &Envelope,
        content: &[u8],
        may_end: MayEnd<'_>,
        verdicts: &mut [Verdict],
    ) -> Result<(), Lost> {
        let content = strict(content);
        if self.is_dirty {
            self.reset().await?;
        }
        self.is_dirty = true;
        let by_chunks = self.offered.chunking;
        let is_open = if self.offered.pipelining {
            self.envelope_at_once(envelope, verdicts, !by_chunks)
                .await?
        } else {
            self.envelope_step_by_step(envelope, verdicts).await?
        };
        if !is_open {
            return Ok(());
        }
        let answer = if by_chunks {
            self.chunks(&content, may_end).await?
        } else {
            if !self.offered.pipelining && !self.begin_data(verdicts).await? {
                return Ok(());
            }
            self.data(&content, may_end).await?
        };
        self.close(answer, verdicts)
    }

    /// RFC 2920: sends the envelope, and DATA if that is next, and then reads all answers. Tells whether the message is to
    /// be sent.
    async fn envelope_at_once(
        &mut self,
        envelope: &Envelope,
        verdicts: &mut [Verdict],
        with_data: bool,
    ) -> Result<bool, Lost> {
        let mut commands = Vec::with_capacity(128 * (envelope.recipients.len() + 1));
        command::mail(&mut commands, envelope, &self.offered);
        for recipient in &envelope.recipients {
            command::rcpt(&mut commands, recipient, &self.offered);
        }
        if with_data {
            commands.extend_from_slice(b"DATA\r\n");
        }
        self.wire
            .write(&commands, self.deadlines.block, Phase::Mail)
            .await?;
        let mail = self.answer(self.deadlines.mail, Phase::Mail).await?;
        for verdict in verdicts.iter_mut() {
            let rcpt = self.answer(self.deadlines.rcpt, Phase::Rcpt).await?;
            note_rcpt(verdict, &mail, rcpt);
        }
        if !with_data {
            return Ok(any_open(verdicts));
        }
        self.data_answered(verdicts).await
    }

    async fn envelope_step_by_step(
        &mut self,
        envelope: &Envelope,
        verdicts: &mut [Verdict],
    ) -> Result<bool, Lost> {
        let mut line = Vec::with_capacity(256);
        command::mail(&mut line, envelope, &self.offered);
        let mail = self.ask(&line, self.deadlines.mail, Phase::Mail).await?;
        if !mail.is_positive() {
            verdicts.fill(Verdict::of_mail(mail));
            return Ok(false);
        }
        for (verdict, recipient) in verdicts.iter_mut().zip(&envelope.recipients) {
            line.clear();
            command::rcpt(&mut line, recipient, &self.offered);
            let rcpt = self.ask(&line, self.deadlines.rcpt, Phase::Rcpt).await?;
            note_rcpt(verdict, &mail, rcpt);
        }
        Ok(any_open(verdicts))
    }

    async fn begin_data(&mut self, verdicts: &mut [Verdict]) -> Result<bool, Lost> {
        self.wire
            .write(b"DATA\r\n", self.deadlines.data, Phase::Data)
            .await?;
        self.data_answered(verdicts).await
    }

    /// Reads the answer to DATA; tells whether the message is to be sent.
    async fn data_answered(&mut self, verdicts: &mut [Verdict]) -> Result<bool, Lost> {
        let reply = self.answer(self.deadlines.data, Phase::Data).await?;
        if reply.is_intermediate() {
            if any_open(verdicts) {
                return Ok(true);
            }
            // RFC 2920 3.1: a server that goes on without recipients gets an empty message, and its answer means nothing.
            self.ask(END_OF_DATA, self.deadlines.end_of_data, Phase::EndOfData)
                .await?;
            return Ok(false);
        }
        if reply.is_positive() {
            return Err(Lost::OutOfPlace(Phase::Data, reply));
        }
        settle_open(verdicts, &Verdict::of_refusal(reply));
        Ok(false)
    }

    /// Sends the message with its dots stuffed, a block at a time.
    async fn data(&mut self, content: &[u8], may_end: MayEnd<'_>) -> Result<Reply, Lost> {
        let mut stuffer = Stuffer::default();
        let mut block = Vec::with_capacity(WRITE_BLOCK_BYTES.min(content.len() + 64) * 2);
        let mut pieces = content.chunks(WRITE_BLOCK_BYTES).peekable();
        if pieces.peek().is_none() {
            end(may_end)?;
            block.extend_from_slice(END_OF_DATA);
        }
        while let Some(piece) = pieces.next() {
            stuffer.stuff(piece, &mut block);
            if pieces.peek().is_none() {
                end(may_end)?;
                block.extend_from_slice(END_OF_DATA);
            }
            self.put(&block).await?;
            block.clear();
        }
        if !block.is_empty() {
            self.put(&block).await?;
        }
        self.answer(self.deadlines.end_of_data, Phase::EndOfData)
            .await
    }

    /// Sends the message in counted chunks; each is answered, and the answer to the last is the message's.
    ///
    /// SMTP-02: a server that offers chunks and does not know them would read the message as commands. So the first chunk of a
    /// session is the message's first line, which is ours and no command, and its answer is waited for.
    async fn chunks(&mut self, content: &[u8], may_end: MayEnd<'_>) -> Result<Reply, Lost> {
        let mut head = Vec::with_capacity(32);
        let mut rest = content;
        loop {
            let octets = match self.takes_chunks {
                true => rest.len().min(CHUNK_BYTES_MAX),
                false => first_line(rest),
            };
            let (chunk, tail) = rest.split_at(octets);
            rest = tail;
            let is_last = rest.is_empty();
            if is_last {
                end(may_end)?;
            }
            head.clear();
            command::bdat(&mut head, chunk.len(), is_last);
            for (number, block) in chunk.chunks(WRITE_BLOCK_BYTES).enumerate() {
                if number == 0 {
                    head.extend_from_slice(block);
                    self.put(&head).await?;
                } else {
                    self.put(block).await?;
                }
            }
            let (wait, phase) = if is_last {
                (self.deadlines.end_of_data, Phase::EndOfData)
            } else {
                (self.deadlines.block, Phase::Content)
            };
            let reply = self.answer(wait, phase).await?;
            if !self.takes_chunks && matches!(reply.code(), 500 | 502) {
                return Err(Lost::NoChunks(reply));
            }
            self.takes_chunks = true;
            if is_last || !reply.is_positive() {
                return Ok(reply);
            }
        }
    }

    async fn put(&mut self, block: &[u8]) -> Result<(), Lost> {
        let written = self
            .wire
            .write(block, self.deadlines.block, Phase::Content)
            .await;
        match written {
            // A server that refuses in the middle often says so before it hangs up.
            Err(Lost::Closed(phase)) => {
                match self.wire.reply(self.deadlines.command, phase).await {
                    Ok(reply) => Err(Lost::Refused(phase, reply)),
                    Err(_) => Err(Lost::Closed(phase)),
                }
            }
            other => other,
        }
    }

    /// Notes the answer to the message for everybody who is still open.
    fn close(&mut self, answer: Reply, verdicts: &mut [Verdict]) -> Result<(), Lost> {
        if answer.is_intermediate() {
            return Err(Lost::OutOfPlace(Phase::EndOfData, answer));
        }
        // A refused chunk leaves the rest of its transaction behind.
        self.is_dirty = !answer.is_positive();
        let verdict = if answer.is_positive() {
            Verdict::Taken
        } else {
            Verdict::of_refusal(answer)
        };
        settle_open(verdicts, &verdict);
        Ok(())
    }

    async fn reset(&mut self) -> Result<(), Lost> {
        let reply = self
            .ask(b"RSET\r\n", self.deadlines.command, Phase::Reset)
            .await?;
        if reply.is_positive() {
            Ok(())
        } else {
            Err(Lost::OutOfPlace(Phase::Reset, reply))
        }
    }

    async fn ask(
        &mut self,
        bytes: &[u8],
        wait: std::time::Duration,
        phase: Phase,
    ) -> Result<Reply, Lost> {
        self.wire.write(bytes, wait, phase).await?;
        self.answer(wait, phase).await
    }

    /// Reads an answer; 421 is the end of the session wherever it comes.
    async fn answer(&mut self, wait: std::time::Duration, phase: Phase) -> Result<Reply, Lost> {
        let reply = self.wire.reply(wait, phase).await?;
        if reply.is_farewell() {
            return Err(Lost::Refused(phase, reply));
        }
        Ok(reply)
    }
}

fn end(may_end: MayEnd<'_>) -> Result<(), Lost> {
    may_end().then_some(()).ok_or(Lost::Outlived)
}

/// Returns the octets of the first line, with its end.
fn first_line(content: &[u8]) -> usize {
    memchr(b'\n', content).map_or(content.len(), |end| end + 1)
}

fn note_rcpt(verdict: &mut Verdict, mail: &Reply, rcpt: Reply) {
    if !mail.is_positive() {
        *verdict = Verdict::of_mail(mail.clone());
    } else if !rcpt.is_positive() {
        // RFC 5321 4.5.3.1.10: 552 once meant that there are too many recipients, and is no verdict on this one.
        let is_old_452 = rcpt.code() == 552 && rcpt.status().is_none();
        *verdict = if is_old_452 {
            Verdict::Later(rcpt)
        } else {
            Verdict::of_refusal(rcpt)
        };
    }
}

fn any_open(verdicts: &[Verdict]) -> bool {
    verdicts.contains(&Verdict::Open)
}

fn settle_open(verdicts: &mut [Verdict], with: &Verdict) {
    for verdict in verdicts {
        if *verdict == Verdict::Open {
            *verdict = with.clone();
        }
    }
}

fn lacking(offered: &Capabilities, envelope: &Envelope) -> Option<Reply> {
    if offered.refuses_size(envelope.size) {
        let max = offered.size.unwrap_or_default();
        let text = format!("5.3.4 the server takes no message above {max} octets");
        return Some(Reply::new(552, &text));
    }
    if envelope.needs_utf8 && !offered.utf8 {
        // RFC 6531 3.2
        return Some(Reply::new(
            550,
            "5.6.7 the server takes no addresses or headers in UTF-8",
        ));
    }
    if envelope.is_8bit && !offered.eight_bit {
        // RFC 6152 3: as it is it must not be sent
        return Some(Reply::new(554, "5.6.3 the server takes no 8-bit message"));
    }
    if envelope.require_tls && !offered.require_tls {
        // RFC 8689 4.2.1
        return Some(Reply::new(
            550,
            "5.7.30 the server does not support REQUIRETLS",
        ));
    }
    None
}
