//! Those who wait, by the network they came from: each network has its turn, however many wait in it.

use std::collections::{HashMap, VecDeque};

use ipc::network::Network;

/// What waits.
#[derive(Debug)]
pub(super) struct Fair<T> {
    queues: HashMap<Network, VecDeque<T>>,
    /// Networks in which something waits, the next one first.
    turn: VecDeque<Network>,
    length: usize,
}

impl<T> Default for Fair<T> {
    fn default() -> Self {
        Fair { queues: HashMap::new(), turn: VecDeque::new(), length: 0 }
    }
}

impl<T> Fair<T> {
    pub(super) fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Lets one more wait, of `most`. When there is no place left, the network with the most in it gives one up, the last
    /// that came; what has to go is given back: that one, or the new one.
    pub(super) fn push(&mut self, network: Network, one: T, most: usize) -> Option<T> {
        let mut gone = None;
        if self.length >= most {
            let own = self.queues.get(&network).map_or(0, VecDeque::len);
            let longest = self.queues.iter().map(|(network, queue)| (queue.len(), *network)).max();
            match longest {
                Some((length, loser)) if length > own.saturating_add(1) => gone = self.give_up(loser),
                _ => return Some(one),
            }
        }
        let queue = self.queues.entry(network).or_default();
        if queue.is_empty() {
            self.turn.push_back(network);
        }
        queue.push_back(one);
        self.length = self.length.saturating_add(1);
        gone
    }

    /// The first of the network whose turn it is.
    pub(super) fn pop(&mut self) -> Option<T> {
        let network = self.turn.pop_front()?;
        let queue = self.queues.get_mut(&network)?;
        let first = queue.pop_front();
        if queue.is_empty() {
            self.queues.remove(&network);
        } else {
            self.turn.push_back(network);
        }
        self.length = self.length.saturating_sub(1);
        first
    }

    /// Never the only one of its network, which keeps its turn.
    fn give_up(&mut self, network: Network) -> Option<T> {
        let gone = self.queues.get_mut(&network)?.pop_back();
        self.length = self.length.saturating_sub(1);
        gone
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(number: u8) -> Network {
        Network::of(std::net::Ipv4Addr::new(10, 0, number, 0).into(), 24)
    }

    #[test]
    fn each_network_has_its_turn() {
        let mut fair = Fair::default();
        for (of, name) in [(1, 'a'), (1, 'b'), (1, 'c'), (2, 'x'), (3, 'y'), (3, 'z')] {
            assert!(fair.push(network(of), name, 100).is_none());
        }
        assert_eq!(std::iter::from_fn(|| fair.pop()).collect::<String>(), "axybzc");
        assert!(fair.is_empty() && fair.queues.is_empty() && fair.turn.is_empty());
    }

    #[test]
    fn who_has_most_makes_room() {
        let mut fair = Fair::default();
        for number in 0..10 {
            assert_eq!(fair.push(network(1), number, 10), None);
        }
        assert_eq!(fair.push(network(1), 10, 10), Some(10), "not for itself");
        for number in 0..5_u8 {
            assert_eq!(fair.push(network(10 + number), 100, 10), Some(9 - i32::from(number)));
        }
        for number in 0..3_u8 {
            fair.push(network(20 + number), 100, 10);
        }
        assert_eq!(fair.push(network(30), 200, 10), Some(1));
        assert_eq!(fair.push(network(31), 200, 10), Some(200), "all have one");
        assert_eq!(std::iter::from_fn(|| fair.pop()).count(), 10);
    }
}
