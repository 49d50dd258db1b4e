//! From the groups of the table to a seccomp filter, and onto every thread.

use std::collections::BTreeMap;

use nix::libc::c_long;
use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch, apply_filter_all_threads,
};

use ipc::role::Role;

use crate::error::Refusal;
use crate::syscalls::{self, Call, Condition, Group, Mask};
use crate::table::{LockDown, lock_down};

/// What a filter depends on besides the role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FilterContext {
    /// The process: it may abort itself, and no other.
    pub pid: u32,
    /// Whether records go to the journal's socket, by datagrams with an address.
    pub journal: bool,
}

/// The filter of a role as the kernel gets it: instructions of 8 bytes (code as u16, two jumps of a byte each, operand
/// as u32, all little-endian). The same role and context always give the same bytes.
///
/// # Errors
/// The table is wrong, or the machine's architecture has no filter.
pub fn filter_program(role: Role, context: FilterContext) -> Result<Vec<u8>, Refusal> {
    let program = compile(&lock_down(role), context).map_err(|error| Refusal::Seccomp(error.to_string()))?;
    Ok(program.iter().flat_map(instruction).collect())
}

/// Puts the filter of a line on every thread of this process. A call it does not allow kills the process, which the
/// kernel logs as `type=1326`.
pub(crate) fn put_on(line: &LockDown, context: FilterContext) -> Result<(), Refusal> {
    let program = compile(line, context).map_err(|error| Refusal::Seccomp(error.to_string()))?;
    apply_filter_all_threads(&program).map_err(refused)
}

fn refused(error: seccompiler::Error) -> Refusal {
    match error {
        seccompiler::Error::Seccomp(errno) => Refusal::call("seccomp(SECCOMP_SET_MODE_FILTER)")(errno),
        seccompiler::Error::Prctl(errno) => Refusal::call("prctl(PR_SET_NO_NEW_PRIVS)")(errno),
        other => Refusal::Seccomp(other.to_string()),
    }
}

fn compile(line: &LockDown, context: FilterContext) -> Result<BpfProgram, BackendError> {
    let journal: &[&Group] = if context.journal { &[&syscalls::JOURNAL] } else { &[] };
    let calls = line.syscalls.iter().chain(journal).flat_map(|group| group.calls);
    let rules = merge(calls, context.pid)?;
    let arch = TargetArch::try_from(std::env::consts::ARCH)?;
    // it begins with a check of the architecture: a number means something else to a 32-bit entry
    SeccompFilter::new(rules, SeccompAction::KillProcess, SeccompAction::Allow, arch)?.try_into()
}

/// One chain a call, alternatives of several groups one after the other. An empty chain allows any arguments.
fn merge<'a>(
    calls: impl Iterator<Item = &'a Call>,
    pid: u32,
) -> Result<BTreeMap<c_long, Vec<SeccompRule>>, BackendError> {
    let mut merged: BTreeMap<c_long, Allowed> = BTreeMap::new();
    for call in calls {
        let more = allowed(call, pid)?;
        let so_far = merged.remove(&call.number).unwrap_or(Allowed::When(Vec::new()));
        merged.insert(call.number, so_far.or(more));
    }
    Ok(merged.into_iter().map(|(number, allowed)| (number, allowed.into_rules())).collect())
}

/// With what arguments a call is allowed.
enum Allowed {
    Always,
    When(Vec<SeccompRule>),
}

impl Allowed {
    fn or(self, other: Allowed) -> Allowed {
        match (self, other) {
            (Allowed::When(mut rules), Allowed::When(more)) => {
                rules.extend(more);
                Allowed::When(rules)
            }
            _ => Allowed::Always,
        }
    }

    fn into_rules(self) -> Vec<SeccompRule> {
        match self {
            Allowed::Always => Vec::new(),
            Allowed::When(rules) => rules,
        }
    }
}

fn allowed(call: &Call, pid: u32) -> Result<Allowed, BackendError> {
    if call.when.is_empty() {
        return Ok(Allowed::Always);
    }
    let rule = |conditions: &&[Condition]| {
        SeccompRule::new(conditions.iter().map(|c| condition(*c, pid)).collect::<Result<_, _>>()?)
    };
    Ok(Allowed::When(call.when.iter().map(rule).collect::<Result<_, _>>()?))
}

fn condition(condition: Condition, pid: u32) -> Result<SeccompCondition, BackendError> {
    use {SeccompCmpArgLen as Len, SeccompCmpOp as Op};
    match condition {
        Condition::Is(argument, value) => SeccompCondition::new(argument, Len::Dword, Op::Eq, value.into()),
        Condition::Bits(argument, Mask(mask), value) => {
            SeccompCondition::new(argument, Len::Dword, Op::MaskedEq(mask.into()), value.into())
        }
        Condition::IsNull(argument) => SeccompCondition::new(argument, Len::Qword, Op::Eq, 0),
        Condition::IsOwnPid(argument) => SeccompCondition::new(argument, Len::Dword, Op::Eq, pid.into()),
    }
}

fn instruction(one: &seccompiler::sock_filter) -> [u8; 8] {
    let ([c0, c1], [k0, k1, k2, k3]) = (one.code.to_le_bytes(), one.k.to_le_bytes());
    [c0, c1, one.jt, one.jf, k0, k1, k2, k3]
}

#[cfg(test)]
mod tests;
