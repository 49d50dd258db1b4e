//! Capabilities: held over the change of uid for as long as namespaces are made, then dropped from every set.

use rustix::io::Errno;
use rustix::thread::{
    CapabilitySet, CapabilitySets, capabilities, capability_is_in_bounding_set, clear_ambient_capability_set,
    remove_capability_from_bounding_set, set_capabilities, set_keep_capabilities,
};

use crate::error::Refusal;

/// Held while a process that changed its uid still needs the capabilities it had before: to make namespaces and
/// a root where user namespaces are refused, and to empty the bounding set.
pub(crate) struct Kept {
    keeps: bool,
}

impl Kept {
    /// From here on a change of uid leaves the permitted set alone.
    pub(crate) fn hold() -> Result<Self, Refusal> {
        set_keep_capabilities(true).map_err(Refusal::rustix("prctl(PR_SET_KEEPCAPS)"))?;
        Ok(Kept { keeps: true })
    }

    /// Nothing is kept: a change of uid drops what it always drops.
    pub(crate) fn nothing() -> Self {
        Kept { keeps: false }
    }

    /// Makes what was kept effective again, after the uid was changed.
    pub(crate) fn raise(&self) -> Result<(), Refusal> {
        if !self.keeps {
            return Ok(());
        }
        set_keep_capabilities(false).map_err(Refusal::rustix("prctl(PR_SET_KEEPCAPS)"))?;
        let held = capabilities(None).map_err(Refusal::rustix("capget"))?;
        set_capabilities(None, CapabilitySets { effective: held.permitted, ..held })
            .map_err(Refusal::rustix("capset"))
    }

    /// What the change of uid would have done had nothing been kept: empties the permitted and effective set.
    pub(crate) fn release(self) -> Result<(), Refusal> {
        if self.keeps { set_all(CapabilitySet::empty()) } else { Ok(()) }
    }
}

/// Empties the bounding, ambient, effective, permitted and inheritable sets.
///
/// # Errors
/// The bounding set is not empty and the process lacks `CAP_SETPCAP`; nothing has been dropped then.
pub(crate) fn drop_all() -> Result<(), Refusal> {
    // the bounding set goes first: to change it takes a capability
    bound(CapabilitySet::empty())?;
    set_all(CapabilitySet::empty())
}

/// Drops every capability but those of `kept` from the effective, permitted and, if this process may change it, the
/// bounding set; the ambient and inheritable sets become empty.
pub(crate) fn restrict(kept: CapabilitySet) -> Result<(), Refusal> {
    let held = capabilities(None).map_err(Refusal::rustix("capget"))?;
    if held.effective.contains(CapabilitySet::SETPCAP) {
        bound(kept)?;
    }
    set_all(kept)
}

fn set_all(kept: CapabilitySet) -> Result<(), Refusal> {
    clear_ambient_capability_set().map_err(Refusal::rustix("prctl(PR_CAP_AMBIENT_CLEAR_ALL)"))?;
    let held = capabilities(None).map_err(Refusal::rustix("capget"))?;
    let left = held.permitted & kept;
    let sets = CapabilitySets { effective: left, permitted: left, inheritable: CapabilitySet::empty() };
    set_capabilities(None, sets).map_err(Refusal::rustix("capset"))
}

fn bound(kept: CapabilitySet) -> Result<(), Refusal> {
    // asks the kernel up to where its capabilities end, so that those added after this was written go too
    for number in 0..u64::BITS {
        let one = CapabilitySet::from_bits_retain(1 << number);
        match capability_is_in_bounding_set(one) {
            Ok(true) if !kept.contains(one) => {
                remove_capability_from_bounding_set(one).map_err(Refusal::rustix("prctl(PR_CAPBSET_DROP)"))?
            }
            Ok(_) => {}
            Err(Errno::INVAL) => break,
            Err(errno) => return Err(Refusal::rustix("prctl(PR_CAPBSET_READ)")(errno)),
        }
    }
    Ok(())
}
