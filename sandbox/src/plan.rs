//! What one process is to be locked down to: the table says what a role is, a plan what this host has for it.

use std::path::PathBuf;

use ipc::role::{Layer, Layers, Role};

use crate::error::{Error, Refusal};

/// The lock-down of one process, as the master settles it from the table and the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The role; its line of the table decides network, root and system calls.
    pub role: Role,
    /// The layers to put on. Production asks for all; tests show what one of them does alone.
    pub apply: Layers,
    /// Those of them that the configuration waives: when they cannot be had, the role starts without.
    pub may_miss: Layers,
    /// The role's own uid and gid; `None` where there are none to give (a developer's machine).
    pub ids: Option<Ids>,
    /// The directory on the host that becomes `/`: an empty one, or the role's own. Absolute.
    pub root_dir: PathBuf,
    /// The journal's socket on the host, mounted over the placeholder `run/systemd/journal/socket` that the
    /// master made beneath `root_dir`; also allows datagrams with an address, which is how records are sent.
    pub journal: Option<PathBuf>,
    /// How many descriptors the process may have open (`RLIMIT_NOFILE`, soft and hard).
    pub max_open_files: u64,
}

/// A uid and a gid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ids {
    /// The uid, real, effective and saved.
    pub uid: u32,
    /// The gid, real, effective and saved.
    pub gid: u32,
}

/// Which layers are asked for, which may be missing, and which are on by now.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Progress {
    apply: Layers,
    may_miss: Layers,
    on: Layers,
}

impl Progress {
    pub(crate) fn new(apply: Layers, may_miss: Layers) -> Self {
        Progress { apply, may_miss, on: Layers::NONE }
    }

    /// Puts one layer on if it is asked for; a refusal is an error unless the layer is waived.
    pub(crate) fn put_on(
        &mut self,
        layer: Layer,
        mechanism: impl FnOnce() -> Result<(), Refusal>,
    ) -> Result<(), Error> {
        if !self.wants(layer) {
            return Ok(());
        }
        match mechanism() {
            Ok(()) => self.on = self.on.with(layer),
            Err(_) if self.may_miss.has(layer) => {}
            Err(refusal) => return Err(Error::Missing { layer, refusal }),
        }
        Ok(())
    }

    pub(crate) fn wants(&self, layer: Layer) -> bool {
        self.apply.has(layer)
    }

    pub(crate) fn may_miss(&self, layer: Layer) -> bool {
        self.may_miss.has(layer)
    }

    /// A layer that another one brought along.
    pub(crate) fn found(&mut self, layer: Layer) {
        self.on = self.on.with(layer);
    }

    pub(crate) fn on(&self) -> Layers {
        self.on
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_layer_is_an_error_unless_waived() {
        let apply = Layers::NONE.with(Layer::Uid);
        let mut strict = Progress::new(apply, Layers::NONE);
        let refused = strict.put_on(Layer::Uid, || Err(Refusal::NoIds));
        assert!(matches!(refused, Err(Error::Missing { layer: Layer::Uid, refusal: Refusal::NoIds })));

        let mut waived = Progress::new(apply, apply);
        waived.put_on(Layer::Uid, || Err(Refusal::NoIds)).unwrap();
        assert_eq!(waived.on(), Layers::NONE);
    }

    #[test]
    fn a_layer_that_is_not_asked_for_is_left_alone() {
        let mut progress = Progress::new(Layers::NONE, Layers::NONE);
        progress.put_on(Layer::Root, || panic!("not asked for")).unwrap();
        assert_eq!(progress.on(), Layers::NONE);
    }

    #[test]
    fn what_was_put_on_is_remembered() {
        let mut progress = Progress::new(Layers::all(), Layers::NONE);
        progress.put_on(Layer::Root, || Ok(())).unwrap();
        assert_eq!(progress.on(), Layers::NONE.with(Layer::Root));
    }
}
