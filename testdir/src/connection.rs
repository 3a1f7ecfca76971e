//! One client: its requests one after the other, its login, its page cookies.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::Result;
use bytes::BytesMut;
use ldap3_proto::proto::{LdapBindCred, LdapBindRequest, LdapOp};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

use crate::account;
use crate::answer::{Answer, Flow};
use crate::fault::Operation;
use crate::faults::{Due, Event};
use crate::page::{self, Page, PagedSearch};
use crate::page_request::PageRequest;
use crate::results::{self, LdapResult};
use crate::settings::Kind;
use crate::state::Shared;
use crate::wire::{self, Request};

pub(crate) struct Connection {
    shared: Arc<Shared>,
    reader: OwnedReadHalf,
    writer: OwnedWriteHalf,
    received: BytesMut,
    logged_in: bool,
    /// The searches that have more pages, by cookie: a cookie is good on its own connection only.
    searches: HashMap<Vec<u8>, PagedSearch>,
}

impl Connection {
    pub(crate) fn new(shared: Arc<Shared>, stream: TcpStream) -> Self {
        let (reader, writer) = stream.into_split();
        Self {
            shared,
            reader,
            writer,
            received: BytesMut::new(),
            logged_in: false,
            searches: HashMap::new(),
        }
    }

    pub(crate) async fn serve(mut self) {
        // A connection that breaks is the client's business; there is nobody to tell.
        let _ = self.serve_requests().await;
    }

    async fn serve_requests(&mut self) -> Result<()> {
        let due = {
            let mut state = self.shared.lock();
            state.stats.connections += 1;
            state.faults.due(&Event::of(Operation::Connect))
        };
        let mut greeting = Answer::new(&mut self.writer, 0, due);
        let mut flow = greeting.interruptions(0, &[]).await?;
        if flow == Flow::GoOn {
            greeting.flush().await?;
        }
        loop {
            match flow {
                Flow::GoOn | Flow::Ended => {}
                Flow::Close => return Ok(()),
                Flow::Hang => return self.hang().await,
            }
            let Some(request) = self.next_request().await? else {
                return Ok(());
            };
            flow = self.answer(request).await?;
        }
    }

    /// Reads until a whole request is there; `None` when the client has gone.
    async fn next_request(&mut self) -> Result<Option<Request>> {
        loop {
            match wire::decode(&mut self.received) {
                Ok(Some(request)) => return Ok(Some(request)),
                Ok(None) => {}
                Err(error) => {
                    let notice = LdapResult::new(results::PROTOCOL_ERROR, &format!("{error:#}"));
                    let notice = wire::notice_of_disconnection(&notice);
                    let mut answer = Answer::new(&mut self.writer, 0, Vec::new());
                    answer.send(&notice, None).await?;
                    answer.flush().await?;
                    return Ok(None);
                }
            }
            if self.reader.read_buf(&mut self.received).await? == 0 {
                return Ok(None);
            }
        }
    }

    /// Says nothing more, until the client gives up.
    async fn hang(&mut self) -> Result<()> {
        loop {
            self.received.clear();
            if self.reader.read_buf(&mut self.received).await? == 0 {
                return Ok(());
            }
        }
    }

    async fn answer(&mut self, request: Request) -> Result<Flow> {
        let Request { message, filter } = request;
        let id = message.msgid;
        let (tag, result) = match message.op {
            LdapOp::BindRequest(bind) => return self.bind(id, bind).await,
            LdapOp::SearchRequest(search) => {
                let Some(filter) = filter else {
                    return Ok(Flow::Close);
                };
                let request = PageRequest::new(search, filter, &message.ctrl);
                return self.search(id, request).await;
            }
            // Requests are answered one after the other, so there is never one to abandon.
            LdapOp::AbandonRequest(_) => return Ok(Flow::GoOn),
            LdapOp::AddRequest(_) => (wire::ADD_RESPONSE, unwilling()),
            LdapOp::ModifyRequest(_) => (wire::MODIFY_RESPONSE, unwilling()),
            LdapOp::DelRequest(_) => (wire::DELETE_RESPONSE, unwilling()),
            LdapOp::ModifyDNRequest(_) => (wire::MODIFY_DN_RESPONSE, unwilling()),
            LdapOp::CompareRequest(_) => (wire::COMPARE_RESPONSE, unwilling()),
            LdapOp::ExtendedRequest(request) if request.name == "1.3.6.1.4.1.1466.20037" => {
                let no_tls = LdapResult::new(results::UNAVAILABLE, results::NO_TLS);
                (wire::EXTENDED_RESPONSE, no_tls)
            }
            LdapOp::ExtendedRequest(_) => {
                let unknown = LdapResult::new(results::PROTOCOL_ERROR, "unknown operation");
                (wire::EXTENDED_RESPONSE, unknown)
            }
            // Unbind, and what only a server may send.
            _ => return Ok(Flow::Close),
        };
        let mut answer = Answer::new(&mut self.writer, id, Vec::new());
        answer.send(&wire::result(tag, &result), None).await?;
        answer.flush().await?;
        Ok(Flow::GoOn)
    }

    async fn bind(&mut self, id: i32, request: LdapBindRequest) -> Result<Flow> {
        let due = {
            let mut state = self.shared.lock();
            state.stats.binds += 1;
            state.faults.due(&Event::of(Operation::Bind))
        };
        let mut result = self.log_in(&request);
        let mut answer = Answer::new(&mut self.writer, id, due);
        if let Some(instead) = answer.result_instead() {
            result = instead;
        }
        if result.code != 0 {
            self.logged_in = false;
            self.shared.lock().stats.failed_binds += 1;
        }
        let response = wire::result(wire::BIND_RESPONSE, &result);
        let flow = answer.interruptions(0, &response).await?;
        if flow == Flow::GoOn {
            answer.send(&response, None).await?;
            answer.flush().await?;
        }
        Ok(flow)
    }

    fn log_in(&mut self, request: &LdapBindRequest) -> LdapResult {
        self.logged_in = false;
        if request.version != 3 {
            return LdapResult::new(results::PROTOCOL_ERROR, "only version 3 is spoken here");
        }
        let LdapBindCred::Simple(password) = &request.cred else {
            return LdapResult::new(results::AUTH_METHOD_NOT_SUPPORTED, "only simple binds");
        };
        if password.is_empty() {
            // AD takes a name without a password for an anonymous login and
            // says success (RFC 4513, 5.1.2); OpenLDAP refuses it.
            let refused = self.shared.settings.kind == Kind::PlainLdap && !request.dn.is_empty();
            return if refused {
                let text = "unauthenticated bind (DN with no password) disallowed";
                LdapResult::new(results::UNWILLING_TO_PERFORM, text)
            } else {
                LdapResult::success()
            };
        }
        match account::authenticate(&self.shared.lock().accounts, &request.dn, password) {
            Ok(()) => {
                self.logged_in = true;
                LdapResult::success()
            }
            Err(data) => match self.shared.settings.kind {
                Kind::ActiveDirectory => LdapResult::refused_login(&data),
                Kind::PlainLdap => LdapResult::new(results::INVALID_CREDENTIALS, ""),
            },
        }
    }

    async fn search(&mut self, id: i32, request: PageRequest) -> Result<Flow> {
        let (page, due) = self.make_page(&request);
        let mut answer = Answer::new(&mut self.writer, id, due);
        answer.page(page).await
    }

    fn make_page(&mut self, request: &PageRequest) -> (Page, Vec<Due>) {
        let shared = Arc::clone(&self.shared);
        let mut state = shared.lock();
        page::make(
            &mut state,
            &shared.settings,
            request,
            self.logged_in,
            &mut self.searches,
        )
    }
}

fn unwilling() -> LdapResult {
    LdapResult::new(results::UNWILLING_TO_PERFORM, results::WILL_NOT_WRITE)
}
