//! Points at which a test may end the process, as a power cut would: no clean-up, no last write; or as a
//! mistake of ours would, with a panic. Or at which it stops, for a test that ends somebody else meanwhile.
//!
//! Only builds with debug assertions have them.

/// Ends the process here, if the environment variable `ADSYNC_CRASH_AT` names this point; panics, if
/// `ADSYNC_PANIC_AT` does; stops, if `ADSYNC_STOP_AT` does, until it is sent SIGCONT.
pub fn point(name: &str) {
    #[cfg(debug_assertions)]
    {
        let is_here = |variable| std::env::var_os(variable).is_some_and(|it| it == name);
        if is_here("ADSYNC_CRASH_AT") {
            // Unlike SIGABRT it cannot be caught.
            #[cfg(unix)]
            let _ = nix::sys::signal::raise(nix::sys::signal::Signal::SIGKILL);
            #[cfg(not(unix))]
            std::process::abort();
        }
        #[cfg(unix)]
        if is_here("ADSYNC_STOP_AT") {
            let _ = nix::sys::signal::raise(nix::sys::signal::Signal::SIGSTOP);
        }
        assert!(!is_here("ADSYNC_PANIC_AT"), "a test asked for it at {name}");
    }
    #[cfg(not(debug_assertions))]
    let _ = name;
}
