//! What is known of the keys that came up last, so many of them and no more.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

/// A table with a bound: the key that was touched longest ago makes room for a new one.
#[derive(Debug)]
pub(super) struct Recent<K, V> {
    most: usize,
    touches: u64,
    entries: HashMap<K, (u64, V)>,
    by_touch: BTreeMap<u64, K>,
}

impl<K: Copy + Eq + Hash, V: Default> Recent<K, V> {
    pub(super) fn new(most: usize) -> Self {
        Recent { most, touches: 0, entries: HashMap::new(), by_touch: BTreeMap::new() }
    }

    pub(super) fn get(&self, key: &K) -> Option<&V> {
        self.entries.get(key).map(|(_, value)| value)
    }

    /// The value of the key, which is the last to be forgotten now.
    pub(super) fn touch(&mut self, key: K) -> &mut V {
        if self.entries.len() >= self.most
            && !self.entries.contains_key(&key)
            && let Some((_, oldest)) = self.by_touch.pop_first()
        {
            self.entries.remove(&oldest);
        }
        self.touches = self.touches.wrapping_add(1);
        let (touch, value) = self.entries.entry(key).or_default();
        self.by_touch.remove(touch);
        *touch = self.touches;
        self.by_touch.insert(self.touches, key);
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_one_longest_untouched_is_forgotten() {
        let mut recent = Recent::<u32, u32>::new(3);
        for key in [1, 2, 3, 1, 4] {
            *recent.touch(key) += 1;
        }
        assert_eq!([1, 2, 3, 4].map(|key| recent.get(&key).copied()), [Some(2), None, Some(1), Some(1)]);
        for key in 0..1000 {
            recent.touch(key);
        }
        assert_eq!((recent.entries.len(), recent.by_touch.len()), (3, 3));
        assert_eq!(recent.get(&999), Some(&0));
    }
}
