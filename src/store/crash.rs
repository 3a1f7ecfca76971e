//! Points at which a test may end the process, as a power cut would: no clean-up, no last write.
//!
//! Only builds with debug assertions have them.

/// Ends the process here, if the environment variable `ADSYNC_CRASH_AT` names this point.
pub fn point(name: &str) {
    #[cfg(debug_assertions)]
    if std::env::var_os("ADSYNC_CRASH_AT").is_some_and(|it| it == name) {
        std::process::abort();
    }
    #[cfg(not(debug_assertions))]
    let _ = name;
}
