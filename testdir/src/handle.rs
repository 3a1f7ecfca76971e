//! A running server, in the hands of the test that started it.

use std::net::SocketAddr;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;

use anyhow::{Context, Result};
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::builder::Builder;
use crate::directory::{Directory, Modification};
use crate::dn::Dn;
use crate::fault::{What, When};
use crate::server;
use crate::state::Shared;
use crate::stats::{LoggedSearch, Stats};
use crate::user::User;

/// A running server. It ends, with all its connections, when this is dropped.
#[derive(Debug)]
pub struct TestDir {
    shared: Arc<Shared>,
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl TestDir {
    pub fn builder() -> Builder {
        Builder::new()
    }

    /// An Active Directory with the defaults of [`Builder`].
    pub fn start() -> Result<Self> {
        Self::builder().start()
    }

    /// Another DC of the same domain, by the name of its computer: with the same settings, accounts and
    /// content, and what is its own. From now on each goes its own way, until [`Self::replicate_to`].
    pub fn twin(&self, name: &str) -> Result<Self> {
        let twin = Builder::like(&self.shared.settings)
            .controller(name)
            .start()?;
        self.replicate_to(&twin);
        Ok(twin)
    }

    /// Brings what is new here to another DC of the domain: see [`Directory::replicate_from`].
    pub fn replicate_to(&self, other: &Self) {
        self.edit(|source| other.edit(|target| target.replicate_from(source)));
    }

    pub(crate) fn serve(shared: Shared) -> Result<Self> {
        let shared = Arc::new(shared);
        let (started, address) = mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new()
            .name("testdir".to_owned())
            .spawn({
                let shared = Arc::clone(&shared);
                move || server::run(&shared, &started, stopped)
            })?;
        let address = address.recv().context("the server did not start")??;
        Ok(Self {
            shared,
            address,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// `ldap://127.0.0.1:PORT`
    #[must_use]
    pub fn url(&self) -> String {
        format!("ldap://{}", self.address)
    }

    #[must_use]
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    #[must_use]
    pub fn base_dn(&self) -> String {
        self.shared.settings.base.to_string()
    }

    // The content.

    /// Reads or changes the content, as one step that no search sees a part of.
    pub fn edit<R>(&self, change: impl FnOnce(&mut Directory) -> R) -> R {
        change(&mut self.shared.lock().directory)
    }

    /// See [`Directory::add`].
    pub fn add<N, V>(&self, dn: &str, attributes: impl IntoIterator<Item = (N, V)>) -> Result<Uuid>
    where
        N: AsRef<str>,
        V: Into<Vec<u8>>,
    {
        self.edit(|directory| directory.add(dn, attributes))
    }

    /// See [`Directory::add_user`].
    pub fn add_user(&self, user: impl Into<User>) -> Result<Uuid> {
        self.edit(|directory| directory.add_user(user))
    }

    /// See [`Directory::add_users`].
    pub fn add_users(&self, count: usize) -> Result<()> {
        self.edit(|directory| directory.add_users(count))
    }

    /// See [`Directory::load_ldif`].
    pub fn load_ldif(&self, text: &str) -> Result<usize> {
        self.edit(|directory| directory.load_ldif(text))
    }

    /// See [`Directory::modify`].
    pub fn modify(&self, name: &str, modifications: &[Modification]) -> Result<()> {
        self.edit(|directory| directory.modify(name, modifications))
    }

    /// See [`Directory::replace`].
    pub fn replace<V: Into<Vec<u8>>>(
        &self,
        name: &str,
        attribute: &str,
        values: impl IntoIterator<Item = V>,
    ) -> Result<()> {
        self.edit(|directory| directory.replace(name, attribute, values))
    }

    /// See [`Directory::add_members`].
    pub fn add_members<'a>(
        &self,
        group: &str,
        members: impl IntoIterator<Item = &'a str>,
    ) -> Result<()> {
        self.edit(|directory| directory.add_members(group, members))
    }

    /// See [`Directory::delete`].
    pub fn delete(&self, name: &str) -> Result<()> {
        self.edit(|directory| directory.delete(name))
    }

    /// See [`Directory::rename`].
    pub fn rename(&self, name: &str, new_rdn: &str) -> Result<()> {
        self.edit(|directory| directory.rename(name, new_rdn))
    }

    /// See [`Directory::move_to`].
    pub fn move_to(&self, name: &str, new_parent: &str) -> Result<()> {
        self.edit(|directory| directory.move_to(name, new_parent))
    }

    // The accounts.

    /// From now on, the right password is refused with this sub-code of error
    /// 49, or taken again with `None`. See [`Account::refused_with`](crate::Account::refused_with).
    pub fn refuse_account(&self, name: &str, data: Option<&str>) {
        let mut state = self.shared.lock();
        for account in state.accounts.iter_mut().filter(|own| own.is_called(name)) {
            account.set_refused_with(data.map(str::to_owned));
        }
    }

    pub fn set_password(&self, name: &str, password: &str) {
        let mut state = self.shared.lock();
        for account in state.accounts.iter_mut().filter(|own| own.is_called(name)) {
            account.set_password(password.to_owned());
        }
    }

    /// Gives the accounts the right to read `CN=Deleted Objects`, or takes it away.
    pub fn see_tombstones(&self, see: bool) {
        self.shared.lock().see_tombstones = see;
    }

    /// Lets the accounts see `CN=Deleted Objects` itself, as on Samba, where everybody does; what is in
    /// it only with [`Self::see_tombstones`].
    pub fn see_deleted_container(&self, see: bool) {
        self.shared.lock().see_deleted_container = see;
    }

    /// Takes the right to read an attribute, at or below a DN, away from the accounts: it is not sent,
    /// and in a filter it neither matches nor fails to.
    pub fn hide_attribute(&self, attribute: &str, below: &str) -> Result<()> {
        let key = Dn::parse(below)?.key();
        let mut state = self.shared.lock();
        state.hidden_attributes.push((attribute.to_owned(), key));
        Ok(())
    }

    /// Takes the right to search for an attribute, at or below a DN, away from the accounts: it is sent, but
    /// in a filter it neither matches nor fails to.
    pub fn deny_search(&self, attribute: &str, below: &str) -> Result<()> {
        let key = Dn::parse(below)?.key();
        let mut state = self.shared.lock();
        state.unsearchable.push((attribute.to_owned(), key));
        Ok(())
    }

    /// Gives back what [`Self::hide_attribute`] and [`Self::deny_search`] took.
    pub fn show_all_attributes(&self) {
        let mut state = self.shared.lock();
        state.hidden_attributes.clear();
        state.unsearchable.clear();
    }

    /// Takes every right to an entry, and to what is below it, away from the accounts. It stays so wherever
    /// the entry is moved to. As in AD, only the bare DN of the entry itself can still be read, and what is
    /// below is not there.
    pub fn deny(&self, name: &str) -> Result<()> {
        let guid = self.edit(|directory| directory.guid(name))?;
        self.deny_identity(guid);
        Ok(())
    }

    /// The same for an entry that may have been deleted.
    pub fn deny_identity(&self, guid: Uuid) {
        self.shared.lock().denied.push(guid);
    }

    /// Gives back what [`Self::deny`] took.
    pub fn allow_all(&self) {
        self.shared.lock().denied.clear();
    }

    // Misbehaviour.

    /// From now on the rootDSE says this; without values, it does not have the attribute.
    pub fn alter_root_dse<V: Into<Vec<u8>>>(
        &self,
        attribute: &str,
        values: impl IntoIterator<Item = V>,
    ) {
        let values = values.into_iter().map(Into::into).collect();
        let mut state = self.shared.lock();
        state.root_dse.push((attribute.to_owned(), values));
    }

    /// From now on the rootDSE says the truth.
    pub fn restore_root_dse(&self) {
        self.shared.lock().root_dse.clear();
    }

    /// Sets a fault; those set before stay.
    pub fn fault(&self, when: When, what: What) {
        let refuse = {
            let mut state = self.shared.lock();
            state.faults.add(when, what);
            state.faults.refuse_connections()
        };
        self.shared.open_port(!refuse);
    }

    /// From now on the server is healthy; connections that hang still do.
    pub fn clear_faults(&self) {
        self.shared.lock().faults.clear();
        self.shared.open_port(true);
    }

    /// Changes the directory once, right before the next page with this number is made.
    pub fn on_page(&self, page: u32, change: impl FnOnce(&mut Directory) + Send + 'static) {
        self.shared.lock().hooks.push((page, Box::new(change)));
    }

    /// Changes the directory right before each search request is answered, those for the rootDSE and
    /// for further pages included, until [`Self::leave_alone`].
    pub fn before_each_search(&self, change: impl FnMut(&mut Directory) + Send + 'static) {
        self.shared.lock().before_searches = Some(Box::new(change));
    }

    /// Ends what [`Self::before_each_search`] began.
    pub fn leave_alone(&self) {
        self.shared.lock().before_searches = None;
    }

    // What clients did.

    #[must_use]
    pub fn stats(&self) -> Stats {
        self.shared.lock().stats
    }

    /// All search requests so far.
    #[must_use]
    pub fn searches(&self) -> Vec<LoggedSearch> {
        self.shared.lock().searches.clone()
    }

    /// Forgets what clients did.
    pub fn reset_stats(&self) {
        let mut state = self.shared.lock();
        state.stats = Stats::default();
        state.searches.clear();
    }
}

impl Drop for TestDir {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the server has been printed; it must not become one in a drop.
            let _ = thread.join();
        }
    }
}
