//! Numbers from the samples of a row.

use std::time::Duration;

use crate::measure::Sample;
use crate::rounds::Row;

impl Row {
    /// The median time, in seconds.
    pub fn seconds(&self) -> f64 {
        median(self.times())
    }

    /// The shortest and the longest time, in seconds.
    pub fn extremes(&self) -> (f64, f64) {
        let times = self.times();
        let shortest = times.clone().fold(f64::INFINITY, f64::min);
        (shortest, times.fold(0.0, f64::max))
    }

    /// How many times as long as `other` in the same round: the median over the rounds.
    pub fn ratio(&self, other: &Self) -> f64 {
        median(
            self.times()
                .zip(other.times())
                .map(|(own, other)| own / other),
        )
    }

    /// User and system time, in seconds; the median.
    pub fn cpu_seconds(&self) -> f64 {
        median(self.samples.iter().map(|sample| sample.cpu.as_secs_f64()))
    }

    /// The largest resident set of all rounds, in bytes.
    pub fn peak(&self) -> u64 {
        self.samples
            .iter()
            .map(|sample| sample.peak)
            .max()
            .unwrap_or(0)
    }

    fn times(&self) -> impl Iterator<Item = f64> + Clone {
        let time = |sample: &Sample| Duration::as_secs_f64(&sample.time);
        self.samples.iter().map(time)
    }
}

fn median(numbers: impl Iterator<Item = f64>) -> f64 {
    let mut numbers: Vec<f64> = numbers.collect();
    numbers.sort_by(f64::total_cmp);
    let upper = numbers.len() / 2;
    match numbers.as_slice() {
        [] => f64::NAN,
        _ if numbers.len() % 2 == 1 => numbers[upper],
        _ => f64::midpoint(numbers[upper - 1], numbers[upper]),
    }
}
