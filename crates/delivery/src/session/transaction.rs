//! One message: MAIL, RCPT, then DATA or BDAT, and what became of each recipient.

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
    /// Nobody asked, or nobody answered.
    Open,
}

impl Verdict {
    fn of_refusal(reply: Reply) -> Self {
        if reply.is_permanent() {
            Self::Never(reply)
        } else {
            Self::Later(reply)
        }
    }
}

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// One for each recipient, in their order.
    pub verdicts: Vec<Verdict>,
    /// Why the session is over, if it is.
    pub lost: Option<Lost>,
}

impl Session {
    /// Sends a message. What the server lacks for it has to be looked at before: [`Session::lacks`].
    pub async fn send(&mut self, envelope: &Envelope, content: &[u8]) -> Sent {
        self.messages += 1;
        let mut verdicts = vec![Verdict::Open; envelope.recipients.len()];
        let lost = self.transact(envelope, content, &mut verdicts).await.err();
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
        verdicts: &mut [Verdict],
    ) -> Result<(), Lost> {
        let content = strict(content);
        if !self.try_transact(envelope, &content, verdicts).await? {
            // It offered chunks and does not take them.
            self.offered.chunking = false;
            verdicts.fill(Verdict::Open);
            self.try_transact(envelope, &content, verdicts).await?;
        }
        Ok(())
    }

    /// Tells whether the server knew all that it offered.
    async fn try_transact(
        &mut self,
        envelope: &Envelope,
        content: &[u8],
        verdicts: &mut [Verdict],
    ) -> Result<bool, Lost> {
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
            return Ok(true);
        }
        let answer = if by_chunks {
            if !self.takes_chunks().await? {
                return Ok(false);
            }
            self.chunks(content).await?
        } else {
            if !self.offered.pipelining && !self.begin_data(verdicts).await? {
                return Ok(true);
            }
            self.data(content).await?
        };
        self.close(answer, verdicts)?;
        Ok(true)
    }

    /// SMTP-02: a server that offers chunks and does not know them would read the message as commands. So the first chunk of
    /// a session is empty, and its answer is waited for.
    async fn takes_chunks(&mut self) -> Result<bool, Lost> {
        if !self.takes_chunks {
            let mut empty = Vec::new();
            command::bdat(&mut empty, 0, false);
            let reply = self.ask(&empty, self.deadlines.data, Phase::Data).await?;
            self.takes_chunks = reply.is_positive();
        }
        Ok(self.takes_chunks)
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
            verdicts.fill(Verdict::of_refusal(mail));
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
    async fn data(&mut self, content: &[u8]) -> Result<Reply, Lost> {
        let mut stuffer = Stuffer::default();
        let mut block = Vec::with_capacity(WRITE_BLOCK_BYTES.min(content.len() + 64) * 2);
        let mut pieces = content.chunks(WRITE_BLOCK_BYTES).peekable();
        if pieces.peek().is_none() {
            block.extend_from_slice(END_OF_DATA);
        }
        while let Some(piece) = pieces.next() {
            stuffer.stuff(piece, &mut block);
            if pieces.peek().is_none() {
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
    async fn chunks(&mut self, content: &[u8]) -> Result<Reply, Lost> {
        let mut head = Vec::with_capacity(32);
        let mut rest = content;
        loop {
            let (chunk, tail) = rest.split_at(rest.len().min(CHUNK_BYTES_MAX));
            rest = tail;
            let is_last = rest.is_empty();
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

fn note_rcpt(verdict: &mut Verdict, mail: &Reply, rcpt: Reply) {
    if !mail.is_positive() {
        *verdict = Verdict::of_refusal(mail.clone());
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
