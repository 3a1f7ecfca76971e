//! What is measured of the last run, for Prometheus: a file for the textfile collector of its `node_exporter`.
//!
//! The format is the text exposition format 0.0.4: for each metric its help, its type, its samples; base
//! units; times in seconds since 1970.

pub mod measure;

use std::fmt::{Display, Write as _};
use std::time::Duration;

use jiff::Timestamp;

use crate::store::{Command, Mode};

/// What is known at the end of a run.
#[derive(Debug)]
pub struct Metrics {
    /// Which command it is.
    pub command: Command,
    /// Which users it looked at; none of a run that did not come so far as to be noted.
    pub mode: Option<Mode>,
    /// When it ended.
    pub ended_at: Timestamp,
    /// How long it took.
    pub duration: Duration,
    /// How it ended.
    pub exit_code: u8,
    /// How many users it looked at.
    pub checked: u64,
    /// How many users came out how.
    pub results: Vec<(&'static str, u64)>,
    /// When a run of each command was carried out last.
    pub successes: Vec<(Command, Timestamp)>,
    /// How many users the store has, by source and status; none if it could not be read.
    pub users: Vec<(&'static str, &'static str, u64)>,
}

impl Metrics {
    /// The file's text.
    pub fn render(&self) -> String {
        let Self {
            command,
            mode,
            ended_at,
            duration,
            exit_code,
            checked,
            results,
            successes,
            users,
        } = self;
        let mode = mode.map_or("", Mode::name);
        let mut text = Text(String::new());
        text.gauge(
            "last_run_info",
            "The last run of sync or import; its command and mode are the labels.",
        );
        text.sample(
            "last_run_info",
            &[("command", command.name()), ("mode", mode)],
            1,
        );
        text.gauge("last_run_timestamp_seconds", "When the last run ended.");
        text.sample("last_run_timestamp_seconds", &[], seconds(*ended_at));
        text.gauge("last_run_duration_seconds", "How long the last run took.");
        let duration = format!("{:.3}", duration.as_secs_f64());
        text.sample("last_run_duration_seconds", &[], duration);
        text.gauge(
            "last_run_exit_code",
            "The exit code of the last run; 0 is done, 7 done but for some users.",
        );
        text.sample("last_run_exit_code", &[], exit_code);
        text.gauge(
            "last_run_checked_users",
            "How many users the last run looked at.",
        );
        text.sample("last_run_checked_users", &[], checked);
        text.gauge("last_run_users", "How many users came out how in the last run; of a run that the guard refused, its plan.");
        for (result, count) in results {
            text.sample("last_run_users", &[("result", result)], count);
        }
        if !successes.is_empty() {
            text.gauge(
                "last_success_timestamp_seconds",
                "When a run was carried out last (exit code 0 or 7); of sync, one of all users.",
            );
        }
        for (command, at) in successes {
            text.sample(
                "last_success_timestamp_seconds",
                &[("command", command.name())],
                seconds(*at),
            );
        }
        if !users.is_empty() {
            text.gauge("users", "How many users the store has.");
        }
        for (source, status, count) in users {
            text.sample("users", &[("source", source), ("status", status)], count);
        }
        text.0
    }
}

/// The exposition format.
struct Text(String);

impl Text {
    fn gauge(&mut self, name: &str, help: &str) {
        // Writing to a string cannot fail.
        let _ = writeln!(
            self.0,
            "# HELP adsync_{name} {help}\n# TYPE adsync_{name} gauge"
        );
    }

    /// The values of labels are adsync's own words, in which nothing needs to be escaped.
    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        let labels: Vec<String> = labels
            .iter()
            .map(|(key, value)| format!("{key}=\"{value}\""))
            .collect();
        let labels = match labels.as_slice() {
            [] => String::new(),
            labels => format!("{{{}}}", labels.join(",")),
        };
        let _ = writeln!(self.0, "adsync_{name}{labels} {value}");
    }
}

fn seconds(time: Timestamp) -> String {
    let milliseconds = time.as_millisecond();
    format!("{}.{:03}", milliseconds / 1000, milliseconds % 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metrics() -> Metrics {
        Metrics {
            command: Command::Sync,
            mode: Some(Mode::Full),
            ended_at: Timestamp::from_millisecond(1_795_527_000_045).expect("a time"),
            duration: Duration::from_millis(812),
            exit_code: 7,
            checked: 3,
            results: vec![("modified", 2), ("failed", 1)],
            successes: vec![(
                Command::Sync,
                Timestamp::from_second(1_795_527_000).expect("a time"),
            )],
            users: vec![("local", "ok", 1), ("directory", "duplicate", 0)],
        }
    }

    #[test]
    fn it_is_what_prometheus_reads() {
        let text = metrics().render();
        let samples: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(
            samples,
            [
                "adsync_last_run_info{command=\"sync\",mode=\"full\"} 1",
                "adsync_last_run_timestamp_seconds 1795527000.045",
                "adsync_last_run_duration_seconds 0.812",
                "adsync_last_run_exit_code 7",
                "adsync_last_run_checked_users 3",
                "adsync_last_run_users{result=\"modified\"} 2",
                "adsync_last_run_users{result=\"failed\"} 1",
                "adsync_last_success_timestamp_seconds{command=\"sync\"} 1795527000.000",
                "adsync_users{source=\"local\",status=\"ok\"} 1",
                "adsync_users{source=\"directory\",status=\"duplicate\"} 0",
            ]
        );
    }

    #[test]
    fn what_is_not_known_is_not_said() {
        let unknown = Metrics {
            successes: Vec::new(),
            users: Vec::new(),
            ..metrics()
        };
        let text = unknown.render();
        assert!(
            !text.contains("adsync_users") && !text.contains("last_success"),
            "{text}"
        );
    }
}
