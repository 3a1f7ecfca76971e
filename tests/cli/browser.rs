//! A real browser: Chromium without a window, spoken to over a pipe in the `DevTools` protocol.
//!
//! It knows how to open a page, look into it, type and click. What a page should do is for the tests.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(30);

/// Without a window, without a sandbox (root has none), and without a word to the network.
const FLAGS: [&str; 12] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--window-size=1200,1000",
    "--remote-debugging-pipe",
];

/// A browser with one page.
pub(crate) struct Browser {
    child: Child,
    commands: File,
    answers: Receiver<Value>,
    session: String,
    count: u64,
    /// What happened that nobody waited for.
    events: Vec<Value>,
    _folder: TempDir,
}

impl Browser {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().expect("the temporary directory is writable");
        let pipes = ["commands", "answers"].map(|name| folder.path().join(name));
        let made = Command::new("mkfifo").args(&pipes).status();
        assert!(made.is_ok_and(|it| it.success()), "mkfifo makes pipes");
        // It reads commands from descriptor 3 and answers on descriptor 4.
        let child = Command::new("sh")
            .args([
                "-c",
                r#"exec chromium "$@" 3<"$COMMANDS" 4>"$ANSWERS""#,
                "sh",
            ])
            .args(FLAGS)
            .arg(format!("--user-data-dir={}", folder.path().display()))
            .env("COMMANDS", &pipes[0])
            .env("ANSWERS", &pipes[1])
            .env("HOME", folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("sh starts");
        let commands = File::options().write(true).open(&pipes[0]);
        let answers = File::open(&pipes[1]).expect("an own pipe opens");
        let mut browser = Self {
            child,
            commands: commands.expect("an own pipe opens"),
            answers: read(answers),
            session: String::new(),
            count: 0,
            events: Vec::new(),
            _folder: folder,
        };
        let page = browser.call("Target.createTarget", &json!({"url": "about:blank"}));
        let attach = json!({"targetId": page["targetId"], "flatten": true});
        let attached = browser.call("Target.attachToTarget", &attach);
        browser.session = string(&attached["sessionId"]);
        for domain in ["Page", "Runtime", "Network", "Log"] {
            browser.call(&format!("{domain}.enable"), &json!({}));
        }
        let own_time = json!({"timeDomain": "threadTicks"});
        browser.call("Performance.enable", &own_time);
        browser
    }

    /// Opens a file; all of it is there then, and drawn.
    pub(crate) fn open(&mut self, file: &Path) {
        self.events.clear();
        let url = format!("file://{}", file.display());
        let opened = self.call("Page.navigate", &json!({"url": url}));
        assert_eq!(opened["errorText"], Value::Null, "{url}");
        self.wait_for("Page.loadEventFired");
        self.draw();
    }

    /// How long the page has worked since it was begun to open: reading, scripts, layout. It is the time of its
    /// thread: what else the machine is busy with does not count.
    pub(crate) fn work(&mut self) -> Duration {
        let metrics = self.call("Performance.getMetrics", &json!({}));
        let metrics = metrics["metrics"].as_array().expect("a list");
        let work = metrics.iter().find(|it| it["name"] == "TaskDuration");
        let seconds = work.and_then(|it| it["value"].as_f64());
        Duration::from_secs_f64(seconds.expect("a number of seconds"))
    }

    /// What an expression comes to in the page.
    #[track_caller]
    pub(crate) fn eval(&mut self, expression: &str) -> Value {
        let evaluate = json!({
            "expression": expression, "returnByValue": true, "awaitPromise": true,
        });
        let answer = self.call("Runtime.evaluate", &evaluate);
        let thrown = &answer["exceptionDetails"];
        assert_eq!(thrown, &Value::Null, "{expression}");
        answer["result"]["value"].clone()
    }

    /// Types where the cursor is, and lets the page draw what comes of it.
    pub(crate) fn type_text(&mut self, text: &str) {
        self.call("Input.insertText", &json!({"text": text}));
        self.draw();
    }

    /// Clicks into the middle of the first element that the selector finds.
    pub(crate) fn click(&mut self, selector: &str) {
        let middle = format!(
            "(() => {{ const it = document.querySelector({selector:?}); \
             it.scrollIntoView({{block: 'center'}}); const at = it.getBoundingClientRect(); \
             return [at.x + at.width / 2, at.y + at.height / 2]; }})()"
        );
        let middle = self.eval(&middle);
        for event in ["mousePressed", "mouseReleased"] {
            let click = json!({
                "type": event, "x": middle[0], "y": middle[1], "button": "left", "clickCount": 1,
            });
            self.call("Input.dispatchMouseEvent", &click);
        }
        self.draw();
    }

    fn draw(&mut self) {
        self.eval(
            "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(1))))",
        );
    }

    /// What the page asked for since it was opened, itself included.
    pub(crate) fn requests(&mut self) -> Vec<String> {
        let urls = self.events_of("Network.requestWillBeSent");
        urls.iter()
            .map(|it| string(&it["request"]["url"]))
            .collect()
    }

    /// What the browser complains of: errors of a script, and what the policy of the page refuses.
    pub(crate) fn complaints(&mut self) -> Vec<Value> {
        [
            self.events_of("Runtime.exceptionThrown"),
            self.events_of("Log.entryAdded"),
        ]
        .concat()
    }

    fn events_of(&mut self, method: &str) -> Vec<Value> {
        // Whatever came before this answer is here now.
        self.eval("0");
        let events = self.events.iter().filter(|it| it["method"] == method);
        events.map(|it| it["params"].clone()).collect()
    }

    #[track_caller]
    fn call(&mut self, method: &str, parameters: &Value) -> Value {
        self.count += 1;
        let id = self.count;
        let mut command = json!({"id": id, "method": method, "params": parameters});
        if !self.session.is_empty() {
            command["sessionId"] = self.session.clone().into();
        }
        let sent = write!(self.commands, "{command}\0").and_then(|()| self.commands.flush());
        assert!(sent.is_ok(), "{MISSING}");
        loop {
            let answer = self.next();
            if answer["id"] == id {
                assert_eq!(answer["error"], Value::Null, "{method}");
                return answer["result"].clone();
            }
            self.events.push(answer);
        }
    }

    fn wait_for(&mut self, method: &str) {
        while !self.events.iter().any(|it| it["method"] == method) {
            let event = self.next();
            self.events.push(event);
        }
    }

    fn next(&mut self) -> Value {
        self.answers.recv_timeout(PATIENCE).expect(MISSING)
    }
}

const MISSING: &str =
    "Chromium answers; ./scripts/install-test-deps.sh installs it (Debian's package chromium)";

/// Messages end with a zero byte.
fn read(answers: File) -> Receiver<Value> {
    let (send, receive) = mpsc::channel();
    std::thread::spawn(move || {
        let mut messages = BufReader::new(answers).split(0);
        while let Some(Ok(message)) = messages.next() {
            let message = serde_json::from_slice(&message).expect("a message is JSON");
            if send.send(message).is_err() {
                return;
            }
        }
    });
    receive
}

fn string(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
