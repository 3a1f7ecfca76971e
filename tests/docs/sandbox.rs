//! A copy of this machine that is thrown away: what a command writes, anywhere, is in memory and gone with
//! the test; its mounts and its host name are its own. In it `dc1.corp.example.com` is a Samba domain controller
//! whose CA is trusted, and adsync is installed at `/usr/bin/adsync`. It needs root.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::support::process;
use crate::support::samba::{HOST_NAME, SambaDc};

/// Far above what any command of a page takes.
const LIMIT: Duration = Duration::from_mins(2);

/// What bash finds; nobody's own settings. `crontab -e` and the like leave everything as it is.
const ENVIRONMENT: &str = "env -i HOME=/root LANG=C.UTF-8 TZ=UTC EDITOR=true TERM=dumb \
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Lays the copy over the file system: `$1` is an empty folder, `$2` the folder of the domain controller, `$3`
/// this repository, `$4` adsync. What has a file system of its own and is needed is laid over as well.
const MOUNTS: &str = r#"
set -e
hostname host
mount -t tmpfs tmpfs "$1"
over() { # lower, where
    layer=$(mktemp -d -p "$1") && mkdir "$layer/upper" "$layer/work"
    mount -t overlay overlay -o "lowerdir=$2,upperdir=$layer/upper,workdir=$layer/work" "$3"
}
mkdir "$1/root"
over "$1" / "$1/root"
mount --rbind /proc "$1/root/proc"
mount --rbind /dev "$1/root/dev"
mount -t tmpfs tmpfs "$1/root/tmp"
mount -t tmpfs tmpfs "$1/root/run"
if [ ! -e "$1/root$3/Cargo.toml" ]; then
    mkdir -p "$1/root$3"
    over "$1" "$3" "$1/root$3"
fi
mkdir -p "$1/root$2"
mount --bind "$2" "$1/root$2"
touch "$1/root/usr/bin/adsync"
mount --bind "$4" "$1/root/usr/bin/adsync"
echo ready
cat
"#;

/// Programs that need what a sandbox has not: somebody at a terminal, a mail server, systemd as process 1.
const STAND_INS: [(&str, &str); 3] = [
    // An administrator who does what the example says.
    ("editor", r#"sed -i 's|^#path = "/var|path = "/var|' "$1""#),
    (
        "/usr/sbin/sendmail",
        "[[ $(cat) == *'Content-Disposition: attachment'* ]]",
    ),
    // Units are enabled without systemd, but for `--now`. `start` is what the unit says.
    (
        "systemctl",
        r#"unit=/etc/systemd/system/$2
           if [ "$1" != start ]; then
               SYSTEMD_OFFLINE=1 exec /usr/bin/systemctl "${@/--now/--no-reload}"
           fi
           exec sudo -u "$(sed -n 's/^User=//p' "$unit")" \
               env $(sed -n 's/^Environment=\([A-Z_]*=\/.*\)/\1/p' "$unit") \
               $(sed -n 's/^ExecStart=//p' "$unit")"#,
    ),
];

/// How a command ended, and what it said.
pub(crate) struct Said {
    pub(crate) code: i32,
    /// Standard error first, as it comes first at a terminal where adsync warns.
    pub(crate) text: String,
}

pub(crate) struct Sandbox {
    pub(crate) dc: SambaDc,
    holder: Child,
    folder: tempfile::TempDir,
}

impl Sandbox {
    pub(crate) fn start() -> Self {
        assert!(
            nix::unistd::geteuid().is_root(),
            "root is needed, to lay a copy over the file system in which the commands are run"
        );
        let dc = SambaDc::builder().service("kdc").start();
        let folder = tempfile::tempdir().expect("the temporary directory is writable");
        let ca = dc.ca_file();
        let mut holder = Command::new("unshare")
            .args(["--mount", "--uts", "bash", "-c", MOUNTS, "bash"])
            .arg(folder.path())
            .arg(ca.parent().expect("a folder"))
            .arg(env!("CARGO_MANIFEST_DIR"))
            .arg(env!("CARGO_BIN_EXE_adsync"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("`unshare` is needed: apt-get install util-linux");
        let mut ready = [0; 6];
        let stdout = holder.stdout.as_mut().expect("it is a pipe");
        std::io::Read::read_exact(stdout, &mut ready).expect("the file system can be laid over");
        let sandbox = Self { dc, holder, folder };
        sandbox.furnish(&ca);
        sandbox
    }

    fn furnish(&self, ca: &Path) {
        self.put(
            "/etc/hosts",
            &format!("127.0.0.1 localhost host\n{} {HOST_NAME}\n", self.dc.ip()),
        );
        let ca = fs::read_to_string(ca).expect("the test CA");
        self.must(&format!(
            "cat >> /etc/ssl/certs/ca-certificates.crt <<'PEM'\n{ca}PEM"
        ));
        // What is installed is the newest version that there is, and nothing is fetched.
        self.must("rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin");
        for (name, script) in STAND_INS {
            let path = Path::new("/usr/local/bin").join(name).display().to_string();
            self.put(&path, &format!("#!/bin/bash\n{script}\n"));
            self.must(&format!("chmod 0755 {path}"));
        }
    }

    /// Runs a line of bash as root, in this repository.
    pub(crate) fn run(&self, line: &str, input: &str) -> Said {
        let mut command = Command::new("nsenter");
        command
            .args(["--mount", "--uts", "--target"])
            .arg(self.holder.id().to_string())
            .arg("chroot")
            .arg(self.folder.path().join("root"))
            .args(ENVIRONMENT.split(' '))
            .args(["bash", "-c"])
            .arg(format!("cd {}; {line}", env!("CARGO_MANIFEST_DIR")));
        let finished = process::run(&mut command, input.as_bytes(), LIMIT);
        assert!(!finished.timed_out, "{line}: does not end");
        let text = [finished.stderr, finished.stdout].concat();
        Said {
            code: finished.status.code().unwrap_or(-1),
            text: String::from_utf8_lossy(&text).into_owned(),
        }
    }

    /// Runs what the test itself needs.
    #[track_caller]
    pub(crate) fn must(&self, line: &str) -> String {
        let said = self.run(line, "");
        assert_eq!(said.code, 0, "{line}\n{}", said.text);
        said.text
    }

    pub(crate) fn put(&self, path: &str, text: &str) {
        let said = self.run(&format!("cat > {path}"), text);
        assert_eq!(said.code, 0, "{path}: {}", said.text);
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // Its end is the end of its standard input; the mounts go with it.
        drop(self.holder.stdin.take());
        let _ = self.holder.wait();
    }
}
