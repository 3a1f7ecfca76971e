//! Which rows of the store were seen, a bit each.
//!
//! Any row number is possible: the store assigns them in order from 1, but another program may
//! have written others. So the bits are kept in blocks, and only blocks with a bit set are kept.

use std::collections::HashMap;

use crate::user::UserId;

/// Rows in a word.
const BITS: i64 = 64;
/// Words in a block. A million consecutive rows take less than half a megabyte, and a million
/// scattered ones about fifty.
const WORDS: i64 = 2;

/// The bits of consecutive rows.
type Block = [u64; 2];

/// The rows that were seen.
#[derive(Debug, Default)]
pub struct Seen(HashMap<i64, Block>);

impl Seen {
    /// Marks a row; false, if it was marked before.
    pub(crate) fn insert(&mut self, id: UserId) -> bool {
        let (block, word, bit) = Self::place(id);
        let word = &mut self.0.entry(block).or_default()[word];
        let is_new = *word & bit == 0;
        *word |= bit;
        is_new
    }

    pub(crate) fn remove(&mut self, id: UserId) {
        let (block, word, bit) = Self::place(id);
        if let Some(block) = self.0.get_mut(&block) {
            block[word] &= !bit;
        }
    }

    /// Whether the row was seen.
    pub fn contains(&self, id: UserId) -> bool {
        let (block, word, bit) = Self::place(id);
        let block = self.0.get(&block);
        block.is_some_and(|block| block[word] & bit != 0)
    }

    /// The rows that were seen, in no order.
    pub fn rows(&self) -> impl Iterator<Item = UserId> + '_ {
        self.0.iter().flat_map(|(block, words)| {
            (0..BITS * WORDS)
                .filter(|at| {
                    let (word, bit) = (at / BITS, at % BITS);
                    words[usize::try_from(word).unwrap_or(0)] & (1 << bit) != 0
                })
                .map(move |at| UserId(block * BITS * WORDS + at))
        })
    }

    /// The number of the block, the word in it, and the bit in that. Negative numbers count upwards, too.
    fn place(UserId(row): UserId) -> (i64, usize, u64) {
        let (word, bit) = (row.div_euclid(BITS), row.rem_euclid(BITS));
        let (block, word) = (word.div_euclid(WORDS), word.rem_euclid(WORDS));
        (block, usize::try_from(word).unwrap_or(0), 1 << bit)
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
