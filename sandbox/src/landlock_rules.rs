//! Landlock: files beneath the root only, no TCP, no signals or abstract sockets to anyone outside.

use std::path::Path;

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset,
    RulesetAttr, RulesetCreated, RulesetCreatedAttr, RulesetStatus, Scope, make_bitflags,
};

use crate::error::Refusal;
use crate::table::{LockDown, Network, RootKind};

/// The first version with all that the wall is made of (scopes came last, in Linux 6.12). Rights that newer kernels
/// add are left unhandled until a test has seen what they deny.
const NEEDED: ABI = ABI::V6;

/// What a role may do to files of its own directory: no execution, no devices, no sockets, pipes or links.
const OWN_FILES: BitFlags<AccessFs> = make_bitflags!(AccessFs::{
    ReadFile | WriteFile | ReadDir | MakeReg | MakeDir | RemoveFile | RemoveDir | Refer | Truncate
});

/// Restricts the calling thread, and those it makes. `base` is where the role's own directory is by now.
///
/// # Errors
/// The kernel knows no Landlock, or an older one; with `partial` what it knows is put on before that is reported.
pub(crate) fn restrict(line: &LockDown, base: &Path, partial: bool) -> Result<(), Refusal> {
    let level = if partial { CompatLevel::BestEffort } else { CompatLevel::HardRequirement };
    let status = ruleset(line, level)
        .and_then(|rules| allow_own_files(rules, line.root, base))
        .and_then(|rules| rules.restrict_self().map_err(refused))?;
    // best effort says nothing when it enforces nothing, so its own word is asked for
    match status.ruleset {
        RulesetStatus::FullyEnforced => Ok(()),
        RulesetStatus::PartiallyEnforced | RulesetStatus::NotEnforced => Err(Refusal::LandlockPartial),
    }
}

fn ruleset(line: &LockDown, level: CompatLevel) -> Result<RulesetCreated, Refusal> {
    let net = match line.network {
        Network::Empty => AccessNet::from_all(NEEDED),
        Network::Host => AccessNet::BindTcp.into(),
    };
    Ruleset::default()
        .set_compatibility(level)
        .handle_access(AccessFs::from_all(NEEDED))
        .and_then(|rules| rules.handle_access(net))
        .and_then(|rules| rules.scope(Scope::from_all(NEEDED)))
        .and_then(Ruleset::create)
        .map_err(refused)
}

fn allow_own_files(rules: RulesetCreated, root: RootKind, base: &Path) -> Result<RulesetCreated, Refusal> {
    match root {
        RootKind::Empty | RootKind::Host => Ok(rules),
        RootKind::Own => {
            let root = PathFd::new(base).map_err(|error| Refusal::Landlock(error.to_string()))?;
            rules.add_rule(PathBeneath::new(root, OWN_FILES)).map_err(refused)
        }
    }
}

fn refused(error: landlock::RulesetError) -> Refusal {
    Refusal::Landlock(error.to_string())
}
