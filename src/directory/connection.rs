//! One LDAP connection: opening it, and reading from it page by page.
//!
//! The connection lives on a thread of its own. There the answers are received and decoded, while the
//! caller works on the page before; the next page is asked for as soon as its cookie is there. Every
//! wait has a deadline. An answer is complete or an error: only success on the last page ends a
//! search well.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ldap3::controls::{Control, ControlType, PagedResults, RawControl};
use ldap3::{Ldap, LdapConnAsync, LdapConnSettings, LdapError, LdapResult, StdStream};
use secrecy::{ExposeSecret, SecretString};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout, timeout_at};

use super::entry::Entry;
use super::error::{Cause, DirectoryError, RejectedCertificate, Step};
use super::tls::{Certificate, Tls};
use crate::config::{Directory as Settings, ServerUrl};

pub use ldap3::Scope;

/// The name of the connection's thread. A panic there (a dependency on a malformed answer) is a
/// failed read and is reported as such.
pub const THREAD: &str = "adsync-ldap";

/// Pages that may wait for the caller. More would only use memory: the slower side sets the pace.
const PAGES_AHEAD: usize = 2;

/// `LDAP_SERVER_SHOW_DELETED_OID` (MS-ADTS 3.1.1.3.4.1.14)
pub const SHOW_DELETED: &str = "1.2.840.113556.1.4.417";

/// A step that went well while a connection was opened.
#[derive(Debug)]
pub enum Opened {
    /// The name was found, at these addresses.
    Resolved(Vec<SocketAddr>),
    /// A TCP connection stands.
    Connected(SocketAddr),
    /// TLS stands; what the server presented.
    Encrypted(Option<Certificate>),
    /// The account is logged in.
    Bound,
}

/// What to search for.
#[derive(Clone, Debug)]
pub struct Search {
    /// What it is called in an error; reads after "cannot read".
    pub what: String,
    /// Base DN.
    pub base: String,
    /// How far below the base.
    pub scope: Scope,
    /// Filter (RFC 4515).
    pub filter: String,
    /// The attributes to return.
    pub attributes: Vec<String>,
    /// Whether deleted objects are to be returned as well.
    pub show_deleted: bool,
}

impl Search {
    /// The same search for `ldapsearch`, for people who want to try it.
    fn as_command(&self, server: &ServerUrl) -> String {
        let scope = match self.scope {
            Scope::Base => "base",
            Scope::OneLevel => "one",
            Scope::Subtree => "sub",
        };
        let control = if self.show_deleted {
            format!(" -e '!{SHOW_DELETED}'")
        } else {
            String::new()
        };
        format!(
            "ldapsearch -H {server} -b '{}' -s {scope} -E pr=1000/noprompt{control} '{}' {}",
            self.base,
            self.filter,
            self.attributes.join(" ")
        )
    }
}

/// What a search came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Entries received.
    pub entries: u64,
    /// References to other servers; counted, not followed.
    pub referrals: u64,
    /// Pages, the last included.
    pub pages: u64,
}

/// An LDAP connection, logged in.
#[derive(Debug)]
pub struct Connection {
    ldap: Ldap,
    server: ServerUrl,
    timeout: Duration,
    page_size: i32,
    driver: Option<JoinHandle<Result<(), LdapError>>>,
    // Last, so that the tasks that need it are gone before it.
    runtime: Option<Runtime>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        // Not waited for: a look-up of a name may hang in the operating system.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Connection {
    /// Opens a connection and logs in, all within one deadline.
    pub fn open(
        server: &ServerUrl,
        settings: &Settings,
        password: &SecretString,
        tls: &Tls,
        on_step: &mut dyn FnMut(Opened),
    ) -> Result<Self, DirectoryError> {
        let fail = |step, cause| DirectoryError {
            server: server.to_string(),
            step,
            cause,
        };
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name(THREAD)
            .enable_all()
            .build()
            .map_err(|error| fail(Step::Connect, Cause::Io(error)))?;
        let deadline = Deadline::new(settings.connect_timeout);
        let opened = runtime.block_on(async {
            let stream = connect(server, deadline, on_step).await?;
            let (driver, mut ldap) = encrypt(server, settings, tls, stream, deadline).await?;
            if server.is_ldaps() || settings.starttls {
                on_step(Opened::Encrypted(tls.presented()));
            }
            let driver = tokio::spawn(driver.drive());
            bind(&mut ldap, &settings.username, password, deadline).await?;
            on_step(Opened::Bound);
            Ok((driver, ldap))
        });
        match opened {
            Ok((driver, ldap)) => Ok(Self {
                ldap,
                server: server.clone(),
                timeout: settings.timeout,
                page_size: settings.page_size,
                driver: Some(driver),
                runtime: Some(runtime),
            }),
            Err((step, cause)) => {
                runtime.shutdown_background();
                Err(fail(step, cause))
            }
        }
    }

    /// The server it leads to.
    pub fn server(&self) -> &ServerUrl {
        &self.server
    }

    /// Reads all that a search returns, and hands it over page by page. What was handed over counts
    /// only when the search ends well.
    pub fn search<E: From<DirectoryError>>(
        &mut self,
        search: &Search,
        mut on_page: impl FnMut(Vec<Entry>) -> Result<(), E>,
    ) -> Result<Tally, E> {
        log::debug!("{}", search.as_command(&self.server));
        let started = std::time::Instant::now();
        let (sender, mut pages) = mpsc::channel(PAGES_AHEAD);
        let reader = Reader {
            ldap: self.ldap.clone(),
            search: Arc::new(search.clone()),
            timeout: self.timeout,
            page_size: self.page_size,
        };
        let Some(runtime) = &self.runtime else {
            return Err(self.error(search, 1, Cause::Lost).into());
        };
        runtime.spawn(reader.read(sender));
        let mut tally = Tally::default();
        loop {
            match pages.blocking_recv() {
                Some(Ok(page)) => {
                    tally.pages += 1;
                    tally.entries += page.entries.len() as u64;
                    tally.referrals += page.referrals;
                    on_page(page.entries)?;
                    if page.is_last {
                        log::debug!("{tally:?} in {} ms", started.elapsed().as_millis());
                        return Ok(tally);
                    }
                }
                Some(Err(cause)) => {
                    let cause = self.explain_loss(cause);
                    return Err(self.error(search, tally.pages + 1, cause).into());
                }
                // The reader panicked: a dependency met an answer it was not made for.
                None => {
                    let cause = Cause::Malformed("a part of it cannot be decoded".to_owned());
                    return Err(self.error(search, tally.pages + 1, cause).into());
                }
            }
        }
    }

    fn error(&self, search: &Search, page: u64, cause: Cause) -> DirectoryError {
        let what = match page {
            1 => search.what.clone(),
            page => format!("{} (page {page})", search.what),
        };
        DirectoryError {
            server: self.server.to_string(),
            step: Step::Read(what),
            cause,
        }
    }

    /// Why the connection ended: the task that drives it knows.
    fn explain_loss(&mut self, cause: Cause) -> Cause {
        let (Cause::Lost, Some(runtime)) = (&cause, &self.runtime) else {
            return cause;
        };
        let Some(driver) = self.driver.take() else {
            return cause;
        };
        let ended = runtime.block_on(async { timeout(Duration::from_millis(200), driver).await });
        match ended {
            Ok(Err(panic)) if panic.is_panic() => {
                Cause::Malformed("a part of it cannot be decoded".to_owned())
            }
            Ok(Ok(Err(LdapError::Io { source }))) if source.to_string() == "decoding error" => {
                Cause::Malformed("it is not LDAP".to_owned())
            }
            // What tokio's codec says of a connection that ends within a message.
            Ok(Ok(Err(LdapError::Io { source })))
                if source.to_string() == "bytes remaining on stream" =>
            {
                Cause::Lost
            }
            Ok(Ok(Err(LdapError::Io { source }))) => Cause::Io(source),
            _ => cause,
        }
    }
}

type StepError = (Step, Cause);

/// One deadline over several steps.
#[derive(Clone, Copy)]
struct Deadline {
    at: Instant,
    after: Duration,
}

impl Deadline {
    fn new(after: Duration) -> Self {
        Self {
            at: Instant::now() + after,
            after,
        }
    }

    async fn over<T>(self, future: impl Future<Output = T>) -> Result<T, Cause> {
        timeout_at(self.at, future)
            .await
            .map_err(|_| Cause::Timeout(self.after))
    }
}

async fn connect(
    server: &ServerUrl,
    deadline: Deadline,
    on_step: &mut dyn FnMut(Opened),
) -> Result<TcpStream, StepError> {
    let look_up = tokio::net::lookup_host((server.host(), server.port()));
    let addresses: Vec<SocketAddr> = match deadline.over(look_up).await {
        Ok(Ok(addresses)) => addresses.collect(),
        Ok(Err(error)) => return Err((Step::Resolve, Cause::Io(error))),
        Err(cause) => return Err((Step::Resolve, cause)),
    };
    on_step(Opened::Resolved(addresses.clone()));
    let mut last = std::io::Error::new(std::io::ErrorKind::NotFound, "the name has no address");
    for address in addresses {
        match deadline.over(TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                // Requests are small and waited for.
                stream.set_nodelay(true).ok();
                on_step(Opened::Connected(address));
                return Ok(stream);
            }
            Ok(Err(error)) => last = error,
            Err(cause) => return Err((Step::Connect, cause)),
        }
    }
    Err((Step::Connect, Cause::Io(last)))
}

async fn encrypt(
    server: &ServerUrl,
    settings: &Settings,
    tls: &Tls,
    stream: TcpStream,
    deadline: Deadline,
) -> Result<(LdapConnAsync, Ldap), StepError> {
    let stream = stream
        .into_std()
        .map_err(|error| (Step::Connect, Cause::Io(error)))?;
    let options = LdapConnSettings::new()
        .set_starttls(settings.starttls)
        .set_config(tls.config.clone())
        .set_std_stream(StdStream::Tcp(stream));
    let url = server.to_string();
    let opening = LdapConnAsync::with_settings(options, &url);
    match deadline.over(opening).await {
        Err(cause) => Err((Step::Tls, cause)),
        Ok(Ok(opened)) => Ok(opened),
        Ok(Err(LdapError::LdapResult { result })) => Err((Step::StartTls, refused(result))),
        Ok(Err(LdapError::Io { source })) => Err((Step::Tls, tls_cause(source, tls))),
        Ok(Err(LdapError::ResultRecv { .. } | LdapError::EndOfStream)) => {
            Err((Step::StartTls, Cause::Lost))
        }
        Ok(Err(error)) => Err((Step::Tls, Cause::Tls(error.to_string()))),
    }
}

fn tls_cause(error: std::io::Error, tls: &Tls) -> Cause {
    let inner = error
        .get_ref()
        .and_then(|it| it.downcast_ref::<rustls::Error>());
    match inner {
        Some(rustls::Error::InvalidCertificate(problem)) => {
            Cause::Certificate(Box::new(RejectedCertificate {
                problem: problem.clone(),
                certificate: tls.presented(),
            }))
        }
        Some(other) => Cause::Tls(other.to_string()),
        None => Cause::Io(error),
    }
}

async fn bind(
    ldap: &mut Ldap,
    username: &str,
    password: &SecretString,
    deadline: Deadline,
) -> Result<(), StepError> {
    let step = || Step::Bind(username.to_owned());
    let answer = deadline
        .over(ldap.simple_bind(username, password.expose_secret()))
        .await
        .map_err(|cause| (step(), cause))?;
    match answer {
        Ok(result) if result.rc == 0 => Ok(()),
        Ok(result) => Err((step(), refused(result))),
        Err(error) => Err((step(), lost(error))),
    }
}

fn refused(result: LdapResult) -> Cause {
    let mut text = result.text;
    if !result.refs.is_empty() {
        text = format!("{text} {}", result.refs.join(" "));
    }
    Cause::Result {
        code: result.rc,
        text,
    }
}

fn lost(error: LdapError) -> Cause {
    match error {
        LdapError::Io { source } => Cause::Io(source),
        LdapError::FilterParsing => Cause::Malformed("the filter cannot be parsed".to_owned()),
        _ => Cause::Lost,
    }
}

/// What one page brought.
struct Page {
    entries: Vec<Entry>,
    referrals: u64,
    is_last: bool,
}

type Stream = ldap3::SearchStream<'static, String, Vec<String>>;

/// Reads a search page by page, on the connection's thread.
struct Reader {
    ldap: Ldap,
    search: Arc<Search>,
    timeout: Duration,
    page_size: i32,
}

impl Reader {
    async fn read(mut self, pages: mpsc::Sender<Result<Page, Cause>>) {
        let result = self.read_all(&pages).await;
        if let Err(cause) = result {
            // Nobody listens any more: then nobody needs to know.
            let _ = pages.send(Err(cause)).await;
        }
    }

    async fn read_all(&mut self, pages: &mpsc::Sender<Result<Page, Cause>>) -> Result<(), Cause> {
        let mut stream = self.request(Vec::new()).await?;
        let mut is_paged = false;
        loop {
            let Ok(read) = timeout(self.timeout, Self::page(&mut stream)).await else {
                return Err(Cause::Timeout(self.timeout));
            };
            let (mut page, cookie) = read?;
            if is_paged && cookie.is_none() {
                return Err(Cause::Malformed(
                    "a page without the paging control".to_owned(),
                ));
            }
            let next = match cookie {
                Some(cookie) if !cookie.is_empty() => Some(self.request(cookie).await?),
                _ => None,
            };
            is_paged = true;
            page.is_last = next.is_none();
            if pages.send(Ok(page)).await.is_err() {
                return Ok(());
            }
            match next {
                Some(next) => stream = next,
                None => return Ok(()),
            }
        }
    }

    async fn request(&mut self, cookie: Vec<u8>) -> Result<Stream, Cause> {
        let mut controls: Vec<RawControl> = vec![
            PagedResults {
                size: self.page_size,
                cookie,
            }
            .into(),
        ];
        if self.search.show_deleted {
            controls.push(RawControl {
                ctype: SHOW_DELETED.to_owned(),
                crit: true,
                val: None,
            });
        }
        let Search {
            base,
            scope,
            filter,
            attributes,
            ..
        } = &*self.search;
        let request = self.ldap.with_controls(controls).streaming_search(
            base,
            *scope,
            filter,
            attributes.clone(),
        );
        timeout(self.timeout, request)
            .await
            .map_err(|_| Cause::Timeout(self.timeout))?
            .map_err(lost)
    }

    /// Reads one page to its end; with it the cookie, if the server pages at all.
    async fn page(stream: &mut Stream) -> Result<(Page, Option<Vec<u8>>), Cause> {
        let mut page = Page {
            entries: Vec::new(),
            referrals: 0,
            is_last: false,
        };
        while let Some(item) = stream.next().await.map_err(lost)? {
            if item.is_ref() {
                page.referrals += 1;
            } else if !item.is_intermediate() {
                let entry =
                    Entry::decode(item.0).map_err(|what| Cause::Malformed(what.to_owned()))?;
                page.entries.push(entry);
            }
        }
        let result = stream.finish().await;
        if result.rc != 0 {
            return Err(refused(result));
        }
        let cookie = cookie(&result.ctrls)?;
        Ok((page, cookie))
    }
}

/// The cookie of the paged results control (RFC 2696); none if the server did not send the control.
fn cookie(controls: &[Control]) -> Result<Option<Vec<u8>>, Cause> {
    let Some(Control(_, raw)) = controls
        .iter()
        .find(|Control(kind, _)| matches!(kind, Some(ControlType::PagedResults)))
    else {
        return Ok(None);
    };
    let decoded = raw
        .val
        .as_deref()
        .and_then(|value| lber::parse::parse_tag(value).ok())
        .and_then(|(_, tag)| tag.expect_constructed())
        .and_then(|parts| parts.into_iter().nth(1)?.expect_primitive());
    match decoded {
        Some(cookie) => Ok(Some(cookie)),
        None => Err(Cause::Malformed(
            "a paging control that cannot be decoded".to_owned(),
        )),
    }
}
