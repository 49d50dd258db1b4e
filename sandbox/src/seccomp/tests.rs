//! The filters, run by an interpreter of their own: what each allows, argument by argument.

use nix::libc::{self, SECCOMP_RET_ALLOW, SECCOMP_RET_KILL_PROCESS};

use super::*;

const CONTEXT: FilterContext = FilterContext { pid: 1234, journal: false };
const X86_64: u32 = 0xc000_003e;

/// What the kernel would do about that call.
fn verdict(program: &[u8], arch: u32, number: c_long, arguments: [u64; 6]) -> u32 {
    // struct seccomp_data: number, architecture, instruction pointer, arguments
    let mut data = Vec::new();
    data.extend((number as u32).to_le_bytes());
    data.extend(arch.to_le_bytes());
    data.extend(0_u64.to_le_bytes());
    data.extend(arguments.into_iter().flat_map(u64::to_le_bytes));
    let (mut at, mut accumulator) = (0, 0);
    loop {
        let one = &program[at * 8..at * 8 + 8];
        let (code, k) =
            (u16::from_le_bytes([one[0], one[1]]), u32::from_le_bytes(one[4..].try_into().unwrap()));
        at += 1;
        match code {
            // ld [k]; and #k; ja k; jeq, jgt, jge #k; ret #k
            0x20 => accumulator = u32::from_le_bytes(data[k as usize..k as usize + 4].try_into().unwrap()),
            0x54 => accumulator &= k,
            0x05 => at += k as usize,
            0x15 => at += usize::from(one[if accumulator == k { 2 } else { 3 }]),
            0x25 => at += usize::from(one[if accumulator > k { 2 } else { 3 }]),
            0x35 => at += usize::from(one[if accumulator >= k { 2 } else { 3 }]),
            0x06 => return k,
            other => panic!("instruction {other:#x}"),
        }
    }
}

fn allows_in(context: FilterContext, role: Role, number: c_long, arguments: &[u64]) -> bool {
    let mut six = [0; 6];
    six[..arguments.len()].copy_from_slice(arguments);
    let program = filter_program(role, context).unwrap();
    match verdict(&program, native(), number, six) {
        SECCOMP_RET_ALLOW => true,
        SECCOMP_RET_KILL_PROCESS => false,
        other => panic!("verdict {other:#x}"),
    }
}

fn allows(role: Role, number: c_long, arguments: &[u64]) -> bool {
    allows_in(CONTEXT, role, number, arguments)
}

/// Asserts the same for every role.
fn all_allow(expected: bool, number: c_long, arguments: &[u64]) {
    for role in Role::STARTED {
        assert_eq!(allows(role, number, arguments), expected, "{role}: {number} {arguments:x?}");
    }
}

fn native() -> u32 {
    if cfg!(target_arch = "x86_64") { X86_64 } else { 0xc000_00b7 }
}

fn int(value: libc::c_int) -> u64 {
    u64::from(value.cast_unsigned())
}

#[test]
fn a_filter_is_the_same_every_time() {
    for role in Role::STARTED {
        let program = filter_program(role, CONTEXT).unwrap();
        assert_eq!(program, filter_program(role, CONTEXT).unwrap(), "{role}");
        assert_eq!(program.len() % 8, 0);
    }
}

#[test]
fn a_filter_depends_on_its_context() {
    let plain = filter_program(Role::Mx, CONTEXT).unwrap();
    assert_ne!(plain, filter_program(Role::Mx, FilterContext { journal: true, ..CONTEXT }).unwrap());
    assert_ne!(plain, filter_program(Role::Mx, FilterContext { pid: 1, ..CONTEXT }).unwrap());
}

#[test]
fn alternatives_of_several_groups_add_up() {
    let groups = [&syscalls::CHANNELS, &syscalls::CLIENTS];
    let rules = merge(groups.into_iter().flat_map(|group| group.calls), 1).unwrap();
    let alone = |group: &Group| merge(group.calls.iter(), 1).unwrap()[&libc::SYS_setsockopt].len();
    let both = alone(&syscalls::CHANNELS) + alone(&syscalls::CLIENTS);
    assert_eq!(rules[&libc::SYS_setsockopt].len(), both);
}

#[test]
fn any_arguments_win_over_some() {
    let groups = [&syscalls::CHANNELS, &syscalls::JOURNAL, &syscalls::CHANNELS];
    let rules = merge(groups.into_iter().flat_map(|group| group.calls), 1).unwrap();
    assert!(rules[&libc::SYS_sendto].is_empty());
}

#[test]
fn every_filter_fits_the_kernel_with_room() {
    for role in Role::STARTED {
        assert!(filter_program(role, FilterContext { journal: true, ..CONTEXT }).unwrap().len() / 8 < 1000);
    }
}

#[test]
fn another_architecture_is_killed() {
    let program = filter_program(Role::Store, CONTEXT).unwrap();
    for arch in [0x4000_0003, 0x4000_0028] {
        assert_eq!(verdict(&program, arch, libc::SYS_read, [0; 6]), SECCOMP_RET_KILL_PROCESS);
    }
    // the numbers of the x32 entry
    assert_eq!(verdict(&program, native(), libc::SYS_read | 0x4000_0000, [0; 6]), SECCOMP_RET_KILL_PROCESS);
}

#[test]
fn memory_is_never_executable_or_shared_or_a_file() {
    let (read_write, exec) = (int(libc::PROT_READ | libc::PROT_WRITE), int(libc::PROT_EXEC));
    let anonymous = int(libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    all_allow(true, libc::SYS_mmap, &[0, 4096, read_write, anonymous]);
    all_allow(true, libc::SYS_mmap, &[0, 4096, 0, anonymous | int(libc::MAP_NORESERVE)]);
    all_allow(false, libc::SYS_mmap, &[0, 4096, read_write | exec, anonymous]);
    all_allow(false, libc::SYS_mmap, &[0, 4096, exec, anonymous]);
    all_allow(false, libc::SYS_mmap, &[0, 4096, read_write, int(libc::MAP_PRIVATE)]);
    all_allow(false, libc::SYS_mmap, &[0, 4096, read_write, int(libc::MAP_SHARED | libc::MAP_ANONYMOUS)]);
    all_allow(true, libc::SYS_mprotect, &[0, 4096, read_write]);
    all_allow(false, libc::SYS_mprotect, &[0, 4096, int(libc::PROT_READ) | exec]);
    all_allow(false, libc::SYS_pkey_mprotect, &[0, 4096, read_write]);
    all_allow(true, libc::SYS_madvise, &[0, 4096, int(libc::MADV_DONTNEED)]);
    all_allow(false, libc::SYS_madvise, &[0, 4096, int(libc::MADV_HWPOISON)]);
}

#[test]
fn descriptors_are_copied_but_send_no_signals() {
    all_allow(true, libc::SYS_fcntl, &[3, int(libc::F_DUPFD_CLOEXEC), 0]);
    all_allow(true, libc::SYS_fcntl, &[3, int(libc::F_SETFL), int(libc::O_RDWR | libc::O_NONBLOCK)]);
    all_allow(false, libc::SYS_fcntl, &[3, int(libc::F_SETFL), int(libc::O_ASYNC)]);
    all_allow(false, libc::SYS_fcntl, &[3, int(libc::F_SETOWN), 1]);
    all_allow(true, libc::SYS_ioctl, &[3, libc::FIONBIO]);
    all_allow(false, libc::SYS_ioctl, &[3, libc::TIOCSTI]);
}

#[test]
fn nobody_makes_another_role_wait_for_his_peer() {
    all_allow(false, libc::SYS_setsockopt, &[3, int(libc::SOL_SOCKET), int(libc::SO_LINGER)]);
    let nodelay = [3, int(libc::IPPROTO_TCP), int(libc::TCP_NODELAY)];
    for role in Role::STARTED {
        assert_eq!(allows(role, libc::SYS_setsockopt, &nodelay), role.is_reader(), "{role}");
    }
}

#[test]
fn record_locks_are_the_database_s_alone() {
    for role in Role::STARTED {
        assert_eq!(allows(role, libc::SYS_fcntl, &[3, int(libc::F_SETLK)]), role == Role::Auth, "{role}");
    }
}

#[test]
fn datagrams_have_an_address_only_for_the_journal() {
    let to_address = [3, 0, 9, 0, 0x7fff_0000_0000, 110];
    all_allow(true, libc::SYS_sendto, &[3, 0, 9, 0, 0, 0]);
    all_allow(false, libc::SYS_sendto, &to_address);
    // an address is 64 bits long
    all_allow(false, libc::SYS_sendto, &[3, 0, 9, 0, 1, 0]);
    let journal = FilterContext { journal: true, ..CONTEXT };
    assert!(allows_in(journal, Role::Imap, libc::SYS_sendto, &to_address));
}

#[test]
fn a_process_aborts_itself_and_nobody_else() {
    let abort = int(libc::SIGABRT);
    all_allow(true, libc::SYS_tgkill, &[u64::from(CONTEXT.pid), 77, abort]);
    all_allow(false, libc::SYS_tgkill, &[1, 77, abort]);
    all_allow(false, libc::SYS_tgkill, &[u64::from(CONTEXT.pid), 77, int(libc::SIGSTOP)]);
    all_allow(false, libc::SYS_kill, &[u64::from(CONTEXT.pid), abort]);
}

#[test]
fn session_pairs_are_unix_packets_of_the_store() {
    let packets = int(libc::SOCK_SEQPACKET | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK);
    for role in Role::STARTED {
        let makes = allows(role, libc::SYS_socketpair, &[int(libc::AF_UNIX), packets, 0]);
        assert_eq!(makes, role == Role::Store, "{role}");
    }
    all_allow(false, libc::SYS_socketpair, &[int(libc::AF_UNIX), int(libc::SOCK_STREAM), 0]);
    all_allow(false, libc::SYS_socketpair, &[int(libc::AF_INET), packets, 0]);
}

#[test]
fn futexes_inherit_no_priority() {
    all_allow(true, libc::SYS_futex, &[0, int(libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG)]);
    let wait = libc::FUTEX_WAIT_BITSET | libc::FUTEX_PRIVATE_FLAG | libc::FUTEX_CLOCK_REALTIME;
    all_allow(true, libc::SYS_futex, &[0, int(wait)]);
    for forbidden in [libc::FUTEX_LOCK_PI, libc::FUTEX_CMP_REQUEUE_PI, libc::FUTEX_WAIT_REQUEUE_PI] {
        all_allow(false, libc::SYS_futex, &[0, int(forbidden)]);
        all_allow(false, libc::SYS_futex, &[0, int(forbidden | libc::FUTEX_PRIVATE_FLAG)]);
    }
}

#[test]
fn only_the_store_reads_files_by_vectors_and_never_waits_there() {
    for role in Role::STARTED {
        let read = |flags| allows(role, libc::SYS_preadv2, &[3, 0x1000, 1, 0, 0, flags]);
        assert_eq!(read(int(libc::RWF_NOWAIT)), role == Role::Store, "{role}");
        assert!(!read(0) && !read(int(libc::RWF_NOWAIT | libc::RWF_HIPRI)), "{role}");
    }
}

#[test]
fn the_usual_ways_out_are_in_no_filter() {
    let ways_out = [
        libc::SYS_socket,
        libc::SYS_connect,
        libc::SYS_bind,
        libc::SYS_listen,
        libc::SYS_clone,
        libc::SYS_clone3,
        libc::SYS_execve,
        libc::SYS_execveat,
        libc::SYS_ptrace,
        libc::SYS_process_vm_readv,
        libc::SYS_memfd_create,
        libc::SYS_io_uring_setup,
        libc::SYS_bpf,
        libc::SYS_userfaultfd,
        libc::SYS_perf_event_open,
        libc::SYS_keyctl,
        libc::SYS_unshare,
        libc::SYS_setns,
        libc::SYS_mount,
        libc::SYS_chroot,
        libc::SYS_pivot_root,
        libc::SYS_setuid,
        libc::SYS_setresuid,
        libc::SYS_capset,
        libc::SYS_seccomp,
        libc::SYS_pidfd_getfd,
        libc::SYS_open_by_handle_at,
        libc::SYS_setrlimit,
        libc::SYS_prlimit64,
    ];
    for number in ways_out {
        all_allow(false, number, &[]);
    }
}

#[test]
fn readers_have_no_call_that_takes_a_path() {
    let with_paths =
        [libc::SYS_openat, libc::SYS_newfstatat, libc::SYS_statx, libc::SYS_unlinkat, libc::SYS_renameat];
    for role in Role::STARTED {
        for number in with_paths {
            assert_eq!(allows(role, number, &[]), !role.is_reader(), "{role}: {number}");
        }
    }
}
