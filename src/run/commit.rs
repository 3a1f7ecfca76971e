//! Which run this process has committed: whoever stops it must be able to say.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

/// The run whose plan this process has committed.
static COMMITTED: Mutex<Option<i64>> = Mutex::new(None);

/// The same for a signal handler, which may read nothing else.
static IS_COMMITTED: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);

/// The run that this process has committed, if any. Waits for a commit that is under way, and holds off the next one
/// until the guard is dropped.
pub fn committed() -> MutexGuard<'static, Option<i64>> {
    COMMITTED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether this process has committed a plan.
pub fn flag() -> Arc<AtomicBool> {
    IS_COMMITTED.clone()
}

/// Commits a plan. `commit` reports the run number as soon as the plan is committed.
pub(super) fn commit<T>(commit: impl FnOnce(&mut dyn FnMut(i64)) -> T) -> T {
    let mut committed = committed();
    commit(&mut |run| {
        *committed = Some(run);
        IS_COMMITTED.store(true, Ordering::SeqCst);
    })
}
