//! The clock, written as LDAP's generalized time (RFC 4517, section 3.3.13).

use std::time::{SystemTime, UNIX_EPOCH};

/// The current time the way AD writes it: `20261123020000.0Z`.
pub(crate) fn now() -> String {
    let seconds = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |elapsed| elapsed.as_secs());
    generalized(seconds)
}

fn generalized(unix_seconds: u64) -> String {
    let (days, second) = (unix_seconds / 86_400, unix_seconds % 86_400);
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}{month:02}{day:02}{hour:02}{minute:02}{second:02}.0Z")
}

/// Days since 1970 as a date; Howard Hinnant's `civil_from_days`, for dates after 1970 only.
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::generalized;

    #[test]
    fn known_moments() {
        assert_eq!(generalized(0), "19700101000000.0Z");
        assert_eq!(generalized(951_782_399), "20000228235959.0Z");
        assert_eq!(generalized(951_868_800), "20000301000000.0Z");
        assert_eq!(generalized(1_795_399_200), "20261123020000.0Z");
    }
}
