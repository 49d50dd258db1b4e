//! System calls by number, as injected code makes them. The only file with `unsafe` in it.

use std::ffi::CStr;

use nix::errno::Errno;
use nix::libc::{self, c_long};

/// An errno, as the kernel numbers it.
pub(crate) type Failed = i32;

/// One argument of a system call. Pointers come from borrows, so that the kernel reads and writes what is there.
pub(crate) enum Arg<'a> {
    /// A number, a descriptor, flags.
    Int(i64),
    /// Points to bytes that are read.
    In(&'a [u8]),
    /// Points to bytes that are written.
    Out(&'a mut [u8]),
}

impl Arg<'_> {
    fn word(&mut self) -> c_long {
        match self {
            Arg::Int(value) => *value,
            Arg::In(bytes) => address(bytes),
            Arg::Out(bytes) => bytes.as_mut_ptr().expose_provenance().cast_signed() as c_long,
        }
    }
}

/// A C string as an argument.
pub(crate) fn text(text: &CStr) -> Arg<'_> {
    Arg::In(text.to_bytes_with_nul())
}

/// A null pointer, or a zero.
pub(crate) const NULL: Arg<'static> = Arg::Int(0);

/// Where bytes are, for structures that hold pointers.
pub(crate) fn address(bytes: &[u8]) -> c_long {
    bytes.as_ptr().expose_provenance().cast_signed() as c_long
}

/// Makes a system call with up to six arguments; those left out are 0.
///
/// # Errors
/// The errno.
#[expect(
    unsafe_code,
    reason = "what is tried here is what no library offers; the crate is part of no release"
)]
pub(crate) fn call(number: c_long, arguments: &mut [Arg<'_>]) -> Result<i64, Failed> {
    let mut words = [0; 6];
    for (word, argument) in words.iter_mut().zip(arguments) {
        *word = argument.word();
    }
    let [a, b, c, d, e, f] = words;
    // SAFETY: a pointer among the words comes from a borrow that outlives the call, and the attempts pass lengths that
    // fit. No attempt unmaps or changes memory that Rust owns. A call that makes a process copies its memory; the copy
    // ends at once (see `attempts::processes`).
    let result = unsafe { libc::syscall(number, a, b, c, d, e, f) };
    if result < 0 { Err(Errno::last_raw()) } else { Ok(result) }
}

/// `vfork`: the child borrows this very stack, so it has to end before it returns from anything.
///
/// # Errors
/// The errno.
#[cfg(target_arch = "x86_64")]
#[expect(unsafe_code, reason = "a child on its parent's stack can only be ended by an instruction")]
pub(crate) fn vfork() -> Result<i64, Failed> {
    let mut result: i64;
    // SAFETY: the child runs the three instructions after the first `syscall`, which end it; it touches no memory. The
    // registers that the kernel changes are declared.
    unsafe {
        std::arch::asm!(
            "syscall",
            "test rax, rax",
            "jnz 2f",
            "mov eax, {exit}",
            "xor edi, edi",
            "syscall",
            "2:",
            exit = const libc::SYS_exit_group,
            inlateout("rax") libc::SYS_vfork => result,
            out("rdi") _,
            out("rcx") _,
            out("r11") _,
        );
    }
    if result < 0 { Err(i32::try_from(result.saturating_neg()).unwrap_or(i32::MAX)) } else { Ok(result) }
}
