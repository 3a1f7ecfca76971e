//! What this process has committed, for those who have to know whenever it is stopped.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

/// The run whose plan this process has committed.
static COMMITTED: Mutex<Option<i64>> = Mutex::new(None);

/// The same, for what may look at nothing more.
static IS_COMMITTED: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);

/// The run whose plan this process has committed, if it has. While one is committed this waits until it is known
/// whether it was, and while what it gives is held none is.
pub fn committed() -> MutexGuard<'static, Option<i64>> {
    COMMITTED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether this process has committed a plan.
pub fn flag() -> Arc<AtomicBool> {
    IS_COMMITTED.clone()
}

/// Commits a plan. `commit` tells as what run, as soon as it was.
pub(super) fn commit<T>(commit: impl FnOnce(&mut dyn FnMut(i64)) -> T) -> T {
    let mut committed = committed();
    commit(&mut |run| {
        *committed = Some(run);
        IS_COMMITTED.store(true, Ordering::SeqCst);
    })
}
