//! Which rows of the store were seen, a bit each.
//!
//! Any row number is possible: the store assigns them in order from 1, but another program may
//! have written others. So the bits are kept in blocks, and only blocks with a bit set are kept.

use std::collections::HashMap;

use crate::user::UserId;

/// Rows in a block.
const ROWS: i64 = 64;

/// The bits of consecutive rows. A million consecutive rows take half a megabyte, and a million scattered ones about
/// thirty-five.
type Block = u64;

/// The rows that were seen.
#[derive(Debug, Default)]
pub struct Seen(HashMap<i64, Block>);

impl Seen {
    /// Marks a row; false, if it was marked before.
    pub(crate) fn insert(&mut self, id: UserId) -> bool {
        let (block, bit) = Self::place(id);
        let block = self.0.entry(block).or_default();
        let is_new = *block & bit == 0;
        *block |= bit;
        is_new
    }

    pub(crate) fn remove(&mut self, id: UserId) {
        let (block, bit) = Self::place(id);
        if let Some(block) = self.0.get_mut(&block) {
            *block &= !bit;
        }
    }

    /// Whether the row was seen.
    pub fn contains(&self, id: UserId) -> bool {
        let (block, bit) = Self::place(id);
        self.0.get(&block).is_some_and(|block| block & bit != 0)
    }

    /// The rows that were seen, in no order.
    pub fn rows(&self) -> impl Iterator<Item = UserId> + '_ {
        self.0.iter().flat_map(|(number, block)| {
            (0..ROWS)
                .filter(move |at| block & (1 << at) != 0)
                .map(move |at| UserId(number * ROWS + at))
        })
    }

    /// The number of the block, and the bit in it. Negative numbers count upwards, too.
    fn place(UserId(row): UserId) -> (i64, Block) {
        (row.div_euclid(ROWS), 1 << row.rem_euclid(ROWS))
    }
}

#[cfg(test)]
mod tests {
    use std::mem::size_of;

    use super::*;

    #[test]
    fn each_row_has_a_bit_of_its_own() {
        let rows = [
            i64::MIN,
            i64::MIN + 1,
            -1_000_000_000_000,
            -129,
            -128,
            -65,
            -64,
            -1,
            0,
            1,
            63,
            64,
            65,
            127,
            128,
            1000,
            1_000_000_000_000,
            i64::MAX - 64,
            i64::MAX - 1,
            i64::MAX,
        ];
        let mut seen = Seen::default();
        for (at, row) in rows.into_iter().enumerate() {
            assert!(seen.insert(UserId(row)), "{row}");
            assert!(!seen.insert(UserId(row)), "{row}");
            for (other, row) in rows.into_iter().enumerate() {
                assert_eq!(seen.contains(UserId(row)), other <= at, "{row}");
            }
        }
        for row in rows {
            seen.remove(UserId(row));
            assert!(!seen.contains(UserId(row)), "{row}");
            let left = rows.into_iter().filter(|it| seen.contains(UserId(*it)));
            assert_eq!(left.count(), rows.iter().filter(|it| **it > row).count());
        }
        seen.remove(UserId(5_000));
    }

    #[test]
    fn a_million_rows_in_order_take_half_a_megabyte() {
        let mut seen = Seen::default();
        for row in 1..=1_000_000 {
            assert!(seen.insert(UserId(row)));
        }
        // Each entry takes another byte of the table.
        let bytes = seen.0.capacity() * (size_of::<(i64, Block)>() + 1);
        assert!(bytes < 500_000, "{bytes}");
        assert!(seen.contains(UserId(1_000_000)) && !seen.contains(UserId(0)));
    }
}
