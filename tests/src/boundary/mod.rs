//! The boundary tests: hostile code inside every role, after the lock-down of that role, and what stops it.
//!
//! The hostile code is the crate `breach`; its table says what is tried and what is claimed to stop it. Here each claim
//! is tried out, on real processes: with the lock-down off the attempt succeeds, in full lock-down it is stopped, and
//! each layer that is said to stop it does so alone.

pub mod channels;
pub mod judge;
pub mod matrix;
pub mod process;
pub mod programs;
pub mod stage;

use breach::table::{Attempt, Starter};
use ipc::role::{Layer, Layers, Role};

/// The uid that plays the ordinary user when root runs the tests.
pub const USER_ID: u32 = 64_999;

/// The uid and gid of a role when root starts it.
#[must_use]
pub fn role_id(role: Role) -> u32 {
    64_000 + role as u32
}

/// Every layer there is for that starter: an ordinary user has no uids to give.
#[must_use]
pub fn every_layer(starter: Starter) -> Layers {
    match starter {
        Starter::Root => Layers::all(),
        Starter::User => Layers::all().without(Layer::Uid),
    }
}

/// That layer, those without which it cannot be had or means nothing, and those the attempt was seen to succeed under.
#[must_use]
pub fn alone(attempt: &Attempt, starter: Starter, layer: Layer) -> Layers {
    let only = attempt.possible_for.control(starter).unwrap_or_default().with(layer);
    match (starter, layer) {
        // what an ordinary user may make only inside a user namespace
        (
            Starter::User,
            Layer::NetNamespace | Layer::IpcUtsNamespaces | Layer::Root | Layer::Capabilities,
        ) => only.with(Layer::UserNamespace),
        // the uid 0 is above limits, what is not dumpable is so to other uids, and root has no privileges to gain
        (Starter::Root, Layer::Rlimits | Layer::NotDumpable | Layer::NoNewPrivs) => only.with(Layer::Uid),
        _ => only,
    }
}
