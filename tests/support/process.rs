//! Runs child processes that must not outlive their test or hang it.
//!
//! It owns waiting with a time limit and finding programs. It knows nothing of
//! what the programs do.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// What a child process left behind.
pub(crate) struct Finished {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
    /// The child was killed because it was still running at the time limit.
    pub(crate) timed_out: bool,
}

/// Runs `command` to its end with `input` as its standard input; at the time
/// limit it is killed.
pub(crate) fn run(command: &mut Command, input: &[u8], limit: Duration) -> Finished {
    // Files and not pipes: nothing has to be drained while waiting, and a
    // grandchild that keeps them open cannot block the test.
    let mut stdout = anonymous_file();
    let mut stderr = anonymous_file();
    command.stdout(shared(&stdout)).stderr(shared(&stderr));
    if input.is_empty() {
        command.stdin(Stdio::null());
    } else {
        let mut stdin = anonymous_file();
        stdin
            .write_all(input)
            .expect("a temporary file takes the input");
        stdin
            .rewind()
            .expect("a temporary file can be read from its start");
        command.stdin(stdin);
    }
    let mut child = command.spawn().unwrap_or_else(|error| {
        panic!(
            "failed to start {}: {error}",
            command.get_program().display()
        )
    });

    let status = wait(&mut child, limit);
    let timed_out = status.is_none();
    let status = status.unwrap_or_else(|| {
        // It may have ended by itself just now; then there is nothing to kill.
        let _ = child.kill();
        child.wait().expect("a killed child can be waited for")
    });
    Finished {
        status,
        stdout: contents(&mut stdout),
        stderr: contents(&mut stderr),
        timed_out,
    }
}

/// Waits for the end of `child`, at most `limit`; `None` when it still runs.
pub(crate) fn wait(child: &mut Child, limit: Duration) -> Option<ExitStatus> {
    let deadline = Instant::now() + limit;
    loop {
        let status = child.try_wait().expect("an own child can be waited for");
        if status.is_some() || Instant::now() >= deadline {
            return status;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Finds a program in `PATH`, or in the folders for administrators that an
/// ordinary user's `PATH` leaves out.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/local/sbin", "/usr/sbin", "/sbin"].map(PathBuf::from))
        .map(|folder| folder.join(program))
        .find(|candidate| candidate.is_file())
}

fn anonymous_file() -> File {
    tempfile::tempfile().expect("the temporary directory is writable")
}

fn shared(file: &File) -> File {
    file.try_clone().expect("a file handle can be duplicated")
}

fn contents(file: &mut File) -> Vec<u8> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(0))
        .and_then(|_| file.read_to_end(&mut bytes))
        .expect("a temporary file can be read back");
    bytes
}
