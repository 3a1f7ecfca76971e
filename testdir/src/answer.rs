//! Sending one answer, with the faults that interrupt it.

use anyhow::Result;
use tokio::io::AsyncWriteExt;
use tokio::net::tcp::OwnedWriteHalf;

use crate::fault::What;
use crate::faults::Due;
use crate::page::Page;
use crate::results::LdapResult;
use crate::wire;

/// Bytes are gathered up to this before they are sent.
const BATCH: usize = 64 * 1024;

/// How the conversation goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    GoOn,
    /// This answer is complete, whatever was left to say.
    Ended,
    Close,
    Hang,
}

pub(crate) struct Answer<'a> {
    writer: &'a mut OwnedWriteHalf,
    message_id: i32,
    due: Vec<Due>,
    batch: Vec<u8>,
}

impl<'a> Answer<'a> {
    pub(crate) fn new(writer: &'a mut OwnedWriteHalf, message_id: i32, due: Vec<Due>) -> Self {
        Self {
            writer,
            message_id,
            due,
            batch: Vec::new(),
        }
    }

    pub(crate) async fn page(&mut self, page: Page) -> Result<Flow> {
        let last = page.entries.len();
        let done = wire::result(wire::SEARCH_DONE, &page.result);
        let messages = page.entries.iter().chain([&done]).enumerate();
        for (sent, message) in messages {
            let flow = self.interruptions(sent, message).await?;
            if flow != Flow::GoOn {
                return Ok(flow);
            }
            if sent < last {
                self.send(message, None).await?;
            }
        }
        for reference in &page.references {
            self.send(&wire::reference(std::slice::from_ref(reference)), None)
                .await?;
        }
        let control = page.cookie.as_deref().map(wire::paged_control);
        self.send(&done, control.as_deref()).await?;
        self.flush().await?;
        Ok(Flow::GoOn)
    }

    /// The result that a fault puts in the place of the true one, for answers that have no entries.
    pub(crate) fn result_instead(&mut self) -> Option<LdapResult> {
        let is_answer = |due: &Due| matches!(due.what, What::Answer { .. });
        let place = self.due.iter().position(is_answer)?;
        match self.due.remove(place).what {
            What::Answer {
                code,
                text,
                referrals,
            } => Some(LdapResult {
                code,
                text,
                referrals,
                matched_dn: String::new(),
            }),
            _ => None,
        }
    }

    /// What happens after this many entries, before the next message.
    pub(crate) async fn interruptions(&mut self, entries: usize, next: &[u8]) -> Result<Flow> {
        let (now, later) = std::mem::take(&mut self.due)
            .into_iter()
            .partition(|due| due.after_entries == entries && !due.what.shapes_page());
        self.due = later;
        let now: Vec<Due> = now;
        for due in now {
            let flow = self.interrupt(due.what, next).await?;
            if flow != Flow::GoOn {
                self.flush().await?;
                return Ok(flow);
            }
        }
        Ok(Flow::GoOn)
    }

    async fn interrupt(&mut self, what: What, next: &[u8]) -> Result<Flow> {
        match what {
            What::Hang => return Ok(Flow::Hang),
            What::Cut => return Ok(Flow::Close),
            What::CutInsideEntry => {
                let message = wire::message(self.message_id, next, None);
                self.batch.extend_from_slice(&message[..message.len() / 2]);
                return Ok(Flow::Close);
            }
            What::Answer {
                code,
                text,
                referrals,
            } => {
                let result = LdapResult {
                    code,
                    text,
                    referrals,
                    matched_dn: String::new(),
                };
                self.send(&wire::result(wire::SEARCH_DONE, &result), None)
                    .await?;
                return Ok(Flow::Ended);
            }
            What::NoticeOfDisconnection { code, text } => {
                let notice = wire::notice_of_disconnection(&LdapResult::new(code, &text));
                self.batch.extend(wire::message(0, &notice, None));
                return Ok(Flow::Close);
            }
            What::Delay(duration) => {
                self.flush().await?;
                tokio::time::sleep(duration).await;
            }
            What::Reference(uris) => self.send(&wire::reference(&uris), None).await?,
            What::Garbage(bytes) => self.batch.extend(bytes),
            What::Flood { first, then } => {
                self.batch.extend(first);
                loop {
                    self.batch.extend_from_slice(&then);
                    self.flush().await?;
                }
            }
            What::EndlessUsers => {
                for number in 0_u128.. {
                    self.send(&wire::nobody(number), None).await?;
                }
            }
            What::EndlessReferences(uri) => {
                let reference = wire::reference(&[uri]);
                loop {
                    self.send(&reference, None).await?;
                }
            }
            What::WrongMessageId => self.message_id += 1_000_000,
            What::RefuseConnections
            | What::Empty
            | What::Everybody
            | What::Unpaged
            | What::SameCookie(_)
            | What::Hide { .. }
            | What::Alter { .. }
            | What::SendTwice { .. }
            | What::SendAgainOnNextPage { .. } => {}
        }
        Ok(Flow::GoOn)
    }

    pub(crate) async fn send(&mut self, operation: &[u8], control: Option<&[u8]>) -> Result<()> {
        self.batch
            .extend(wire::message(self.message_id, operation, control));
        if self.batch.len() >= BATCH {
            self.flush().await?;
        }
        Ok(())
    }

    pub(crate) async fn flush(&mut self) -> Result<()> {
        self.writer.write_all(&self.batch).await?;
        self.batch.clear();
        Ok(())
    }
}
