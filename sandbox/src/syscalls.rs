//! The system calls, in groups with a reason each. What is in no group of a role kills it.
//!
//! Left out on purpose, for every role: `clone` and `clone3` (threads are made before), `execve`, `socket`, `bind`,
//! `connect`, `listen`, `memfd_create`, `io_uring_*`, `ptrace`, `kill`, `poll`, `sendfile`, and everything by which a
//! page becomes executable.

use nix::libc::{self, c_int, c_long};

/// System calls that are needed for one and the same reason.
#[derive(Clone, Copy, Debug)]
pub struct Group {
    /// What it is called.
    pub name: &'static str,
    /// Why a role has it.
    pub reason: &'static str,
    pub(crate) calls: &'static [Call],
}

/// One system call, and the arguments it may be called with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call {
    pub(crate) number: c_long,
    /// Each entry is a set of conditions that together allow the call; no entry: any arguments.
    pub(crate) when: &'static [&'static [Condition]],
}

/// A condition on one argument, counted from 0. Arguments of 32 bits are compared as such: the kernel ignores the rest.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Condition {
    /// It is this value.
    Is(u8, u32),
    /// Of the bits of the mask, exactly these are set.
    Bits(u8, Mask, u32),
    /// All 64 bits are 0: a null pointer.
    IsNull(u8),
    /// It is the process's own id.
    IsOwnPid(u8),
}

/// The bits of an argument that a condition looks at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mask(pub(crate) u32);

use Condition::{Bits, Is, IsNull, IsOwnPid};

pub(crate) const MEMORY: Group = Group {
    name: "memory",
    reason: "the allocator; anonymous and private only, and no page is ever executable",
    calls: &[
        any(libc::SYS_brk),
        any(libc::SYS_munmap),
        any(libc::SYS_mremap),
        only(
            libc::SYS_mmap,
            &[&[no_other_bits(2, READ_WRITE), Bits(3, MAP_KIND, bits(libc::MAP_ANONYMOUS))]],
        ),
        only(libc::SYS_mprotect, &[&[no_other_bits(2, READ_WRITE)]]),
        only(libc::SYS_madvise, &[&[is(2, libc::MADV_DONTNEED)]]),
    ],
};

pub(crate) const THREADS: Group = Group {
    name: "threads",
    reason: "locks between threads, and what one that was made just before still does when it first runs; \
             priority-inheriting futexes, which nothing here uses, stay out",
    calls: &[
        only(
            libc::SYS_futex,
            &[
                &[Bits(1, FUTEX_COMMAND, bits(libc::FUTEX_WAIT))],
                &[Bits(1, FUTEX_COMMAND, bits(libc::FUTEX_WAKE))],
                &[Bits(1, FUTEX_COMMAND, bits(libc::FUTEX_WAIT_BITSET))],
                &[Bits(1, FUTEX_COMMAND, bits(libc::FUTEX_WAKE_BITSET))],
            ],
        ),
        any(libc::SYS_sched_yield),
        any(libc::SYS_sched_getaffinity),
        any(libc::SYS_set_robust_list),
        any(libc::SYS_rseq),
        only(libc::SYS_prctl, &[&[is(0, libc::PR_SET_NAME)]]),
        any(libc::SYS_rt_sigprocmask),
        any(libc::SYS_sigaltstack),
        any(libc::SYS_gettid),
        any(libc::SYS_exit),
    ],
};

pub(crate) const TIME: Group = Group {
    name: "time",
    reason: "deadlines and dates, where the clock cannot be read without a call; sleeping",
    calls: &[any(libc::SYS_clock_gettime), any(libc::SYS_clock_nanosleep), any(libc::SYS_restart_syscall)],
};

pub(crate) const ENDING: Group = Group {
    name: "ending",
    reason: "to exit, to abort, and to say that the stack ran out instead of dying of the wrong signal",
    calls: &[
        any(libc::SYS_exit_group),
        any(libc::SYS_getpid),
        any(libc::SYS_rt_sigreturn),
        only(libc::SYS_tgkill, &[&[IsOwnPid(0), is(2, libc::SIGABRT)]]),
        only(
            libc::SYS_rt_sigaction,
            &[&[is(0, libc::SIGSEGV)], &[is(0, libc::SIGBUS)], &[is(0, libc::SIGABRT)]],
        ),
    ],
};

pub(crate) const RANDOM: Group = Group {
    name: "random",
    reason: "TLS, hash maps, ids; there is no /dev/urandom to read",
    calls: &[any(libc::SYS_getrandom)],
};

pub(crate) const EVENTS: Group = Group {
    name: "events",
    reason: "the runtime waits on the epoll descriptor it made before",
    calls: &[
        any(libc::SYS_epoll_ctl),
        #[cfg(target_arch = "x86_64")]
        any(libc::SYS_epoll_wait),
        any(libc::SYS_epoll_pwait),
    ],
};

pub(crate) const STREAMS: Group = Group {
    name: "streams",
    reason: "reading, writing and closing what was handed over; a descriptor can be copied and made non-blocking, \
             but neither locked nor made to send signals",
    calls: &[
        any(libc::SYS_read),
        any(libc::SYS_readv),
        any(libc::SYS_write),
        any(libc::SYS_writev),
        any(libc::SYS_close),
        only(
            libc::SYS_fcntl,
            &[
                &[is(1, libc::F_GETFD)],
                &[is(1, libc::F_SETFD)],
                &[is(1, libc::F_GETFL)],
                &[is(1, libc::F_SETFL), no_other_bits(2, STATUS_FLAGS)],
                &[is(1, libc::F_DUPFD_CLOEXEC)],
            ],
        ),
        only(libc::SYS_ioctl, &[&[Is(1, FIONBIO)]]),
    ],
};

pub(crate) const CHANNELS: Group = Group {
    name: "channels",
    reason: "channels between the roles: messages with and without descriptors, never to an address of its own \
             choice; what kind of socket a received descriptor is, time limits and buffer sizes",
    calls: &[
        any(libc::SYS_recvfrom),
        any(libc::SYS_recvmsg),
        // its address stands in memory, where a filter cannot look; no role has a socket that is not connected
        any(libc::SYS_sendmsg),
        only(libc::SYS_sendto, &[&[IsNull(4)]]),
        any(libc::SYS_shutdown),
        only(
            libc::SYS_getsockopt,
            &[
                &[SOCKET_LEVEL, is(2, libc::SO_ERROR)],
                &[SOCKET_LEVEL, is(2, libc::SO_TYPE)],
                &[SOCKET_LEVEL, is(2, libc::SO_ACCEPTCONN)],
            ],
        ),
        only(
            libc::SYS_setsockopt,
            &[
                &[SOCKET_LEVEL, is(2, libc::SO_RCVTIMEO)],
                &[SOCKET_LEVEL, is(2, libc::SO_SNDTIMEO)],
                &[SOCKET_LEVEL, Is(2, SO_RCVTIMEO_NEW)],
                &[SOCKET_LEVEL, Is(2, SO_SNDTIMEO_NEW)],
                &[SOCKET_LEVEL, is(2, libc::SO_SNDBUF)],
                &[SOCKET_LEVEL, is(2, libc::SO_RCVBUF)],
            ],
        ),
    ],
};

pub(crate) const JOURNAL: Group = Group {
    name: "journal",
    reason: "a record is a datagram to the path of the journal's socket, which is mounted into the root; only when \
             the plan names that socket",
    calls: &[any(libc::SYS_sendto)],
};

pub(crate) const CLIENTS: Group = Group {
    name: "clients",
    reason: "accepting on the listeners it was handed, who the client is, and how its connection is kept; not \
             SO_LINGER, by which whoever closes a connection last waits for its peer: that is another role, when the \
             descriptor was smuggled to it",
    calls: &[
        any(libc::SYS_accept4),
        any(libc::SYS_getsockname),
        any(libc::SYS_getpeername),
        only(
            libc::SYS_setsockopt,
            &[
                &[SOCKET_LEVEL, is(2, libc::SO_KEEPALIVE)],
                &[TCP_LEVEL, is(2, libc::TCP_NODELAY)],
                &[TCP_LEVEL, is(2, libc::TCP_KEEPIDLE)],
                &[TCP_LEVEL, is(2, libc::TCP_KEEPINTVL)],
                &[TCP_LEVEL, is(2, libc::TCP_KEEPCNT)],
                &[TCP_LEVEL, is(2, libc::TCP_USER_TIMEOUT)],
            ],
        ),
    ],
};

pub(crate) const READ_FILES: Group = Group {
    name: "reading files",
    reason: "to open, list and read what lies in the role's own directory, which is all there is",
    calls: &[
        any(libc::SYS_openat),
        any(libc::SYS_newfstatat),
        any(libc::SYS_fstat),
        any(libc::SYS_statx),
        any(libc::SYS_lseek),
        any(libc::SYS_pread64),
        any(libc::SYS_getdents64),
    ],
};

pub(crate) const WRITE_FILES: Group = Group {
    name: "writing files",
    reason: "to write, sync, rename and remove files and directories of its own; fdatasync is what acknowledgements \
             wait for",
    calls: &[
        any(libc::SYS_pwrite64),
        any(libc::SYS_fsync),
        any(libc::SYS_fdatasync),
        any(libc::SYS_ftruncate),
        #[cfg(target_arch = "x86_64")]
        any(libc::SYS_unlink),
        any(libc::SYS_unlinkat),
        #[cfg(target_arch = "x86_64")]
        any(libc::SYS_rename),
        any(libc::SYS_renameat),
        #[cfg(target_arch = "x86_64")]
        any(libc::SYS_mkdir),
        any(libc::SYS_mkdirat),
    ],
};

pub(crate) const SEGMENTS: Group = Group {
    name: "segment files",
    reason: "the log is locked, grows in preallocated steps, is written by vectors, refuses some file systems, and what \
             of it is in the page cache is read without a thread that may wait for the disk (RWF_NOWAIT)",
    calls: &[
        any(libc::SYS_flock),
        any(libc::SYS_fallocate),
        any(libc::SYS_pwritev),
        only(libc::SYS_preadv2, &[&[is(5, libc::RWF_NOWAIT)]]),
        any(libc::SYS_fstatfs),
    ],
};

pub(crate) const DATABASE: Group = Group {
    name: "database files",
    reason: "what SQLite asks for besides, measured over transactions, recovery from a journal and temporary files: \
             record locks, where it is, and whether it is root and so has to hand a new journal to somebody else",
    calls: &[
        only(libc::SYS_fcntl, &[&[is(1, libc::F_GETLK)], &[is(1, libc::F_SETLK)]]),
        #[cfg(target_arch = "x86_64")]
        any(libc::SYS_access),
        #[cfg(not(target_arch = "x86_64"))]
        any(libc::SYS_faccessat),
        any(libc::SYS_getcwd),
        any(libc::SYS_geteuid),
        any(libc::SYS_fchmod),
        any(libc::SYS_fchown),
        any(libc::SYS_gettimeofday),
    ],
};

pub(crate) const SESSION_PAIRS: Group = Group {
    name: "session pairs",
    reason: "a session is one end of a pair made by the store: Unix, sequenced packets, nothing else",
    calls: &[only(
        libc::SYS_socketpair,
        &[&[is(0, libc::AF_UNIX), Bits(1, SOCKET_TYPE, bits(libc::SOCK_SEQPACKET)), Is(2, 0)]],
    )],
};

const READ_WRITE: u32 = bits(libc::PROT_READ | libc::PROT_WRITE);
/// `MAP_SHARED` is a bit of `MAP_SHARED_VALIDATE`, too.
const MAP_KIND: Mask = Mask(bits(libc::MAP_ANONYMOUS | libc::MAP_SHARED));
const FUTEX_COMMAND: Mask = Mask(bits(libc::FUTEX_CMD_MASK));
/// What may be set on an open descriptor; not `O_ASYNC`, which sends signals, nor `O_DIRECT`.
const STATUS_FLAGS: u32 =
    bits(libc::O_ACCMODE | libc::O_NONBLOCK | libc::O_APPEND | libc::O_CLOEXEC) | LARGE_FILE;
/// Set on every file that was opened, and so part of what F_GETFL returns and F_SETFL gives back.
const LARGE_FILE: u32 = 0o100_000;
/// `FIONBIO` has another type on every libc.
const FIONBIO: u32 = 0x5421;
/// The same two options with a time that lasts beyond 2038; rustix sets these, std the others.
const SO_RCVTIMEO_NEW: u32 = 66;
const SO_SNDTIMEO_NEW: u32 = 67;
/// The type itself, without `SOCK_NONBLOCK` and `SOCK_CLOEXEC`.
const SOCKET_TYPE: Mask = Mask(!bits(libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC));
const SOCKET_LEVEL: Condition = is(1, libc::SOL_SOCKET);
const TCP_LEVEL: Condition = is(1, libc::IPPROTO_TCP);

const fn any(number: c_long) -> Call {
    Call { number, when: &[] }
}

const fn only(number: c_long, when: &'static [&'static [Condition]]) -> Call {
    Call { number, when }
}

const fn is(argument: u8, value: c_int) -> Condition {
    Is(argument, bits(value))
}

/// No bit is set but (some of) these.
const fn no_other_bits(argument: u8, allowed: u32) -> Condition {
    Bits(argument, Mask(!allowed), 0)
}

/// The bits of a C constant.
const fn bits(constant: c_int) -> u32 {
    constant.cast_unsigned()
}
