//! As a service: what is installed, and how it lives under a real systemd.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use bulkhead_tests::suite::{PROGRAMS, is_root, text_of};
use ipc::role::Role;

fn packaging() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").join("packaging")
}

/// Runs packaging/install with stand-ins for the programs.
fn install(directory: &Path, settings: &[(&str, &str)]) -> Output {
    let built = directory.join("built");
    std::fs::create_dir_all(&built).expect("a directory");
    for program in PROGRAMS {
        std::fs::write(built.join(program), "#!/bin/sh\n").expect("written");
        std::fs::set_permissions(built.join(program), std::fs::Permissions::from_mode(0o755)).expect("chmod");
        std::fs::write(built.join(format!("{program}.d")), "what a build leaves beside it").expect("written");
    }
    let mut command = Command::new(packaging().join("install"));
    command.arg(&built).env("DESTDIR", directory.join("tree"));
    for name in ["PREFIX", "LIBEXECDIR", "UNITDIR", "SYSUSERSDIR", "TMPFILESDIR", "VERSION"] {
        command.env_remove(name);
    }
    command.envs(settings.iter().copied()).output().expect("it runs")
}

fn files(directory: &Path) -> Vec<String> {
    let output = Command::new("find")
        .arg(directory)
        .args(["-type", "f", "-printf", "%P %m\n"])
        .output()
        .expect("find runs");
    let mut files: Vec<_> = text_of(&output).lines().map(str::to_owned).collect();
    files.sort();
    files
}

#[test]
fn what_is_installed_is_where_it_is_looked_for() {
    let debian = [("PREFIX", "/usr"), ("LIBEXECDIR", "/usr/lib")];
    let places = [
        (&[][..], "usr/local", "usr/local/libexec", "usr/local/lib"),
        (&debian, "usr", "usr/lib", "usr/lib"),
        (&[("PREFIX", "/opt/bulkhead")], "opt/bulkhead", "opt/bulkhead/libexec", "etc"),
    ];
    for (settings, prefix, programs, systemd) in places {
        let directory = tempfile::tempdir().expect("a directory");
        let output = install(directory.path(), settings);
        assert!(output.status.success(), "{settings:?}: {}", text_of(&output));
        let tree = directory.path().join("tree");
        let there = files(&tree);
        let mut wanted: Vec<String> = vec![
            format!("{prefix}/bin/bulkhead 755"),
            format!("{systemd}/systemd/system/bulkhead.service 644"),
            format!("{systemd}/sysusers.d/bulkhead.conf 644"),
            format!("{systemd}/tmpfiles.d/bulkhead.conf 644"),
            format!("{prefix}/share/doc/bulkhead/examples/bulkhead.toml 644"),
        ];
        wanted.extend(
            PROGRAMS.iter().filter(|p| **p != "bulkhead").map(|p| format!("{programs}/bulkhead/{p} 755")),
        );
        wanted.extend(
            ["5/bulkhead.toml.5", "8/bulkhead.8", "8/bulkhead-master.8"]
                .map(|page| format!("{prefix}/share/man/man{page} 644")),
        );
        for file in &wanted {
            assert!(there.contains(file), "{settings:?}: no {file} in {there:#?}");
        }
        assert!(!there.iter().any(|file| file.contains(".d ")), "{there:#?}");
        let unit = std::fs::read_to_string(tree.join(systemd).join("systemd/system/bulkhead.service"))
            .expect("the unit");
        assert!(unit.contains(&format!("\nExecStart=/{prefix}/bin/bulkhead run\n")), "{unit}");
        let page = std::fs::read_to_string(tree.join(prefix).join("share/man/man5/bulkhead.toml.5"))
            .expect("the page");
        assert!(page.contains(concat!("Bulkhead ", env!("CARGO_PKG_VERSION"))), "{page}");
    }
}

#[test]
fn nothing_is_installed_where_it_is_not_looked_for() {
    let directory = tempfile::tempdir().expect("a directory");
    let output = install(directory.path(), &[("PREFIX", "/usr"), ("LIBEXECDIR", "/opt/elsewhere")]);
    assert_eq!(output.status.code(), Some(64), "{}", text_of(&output));
    assert!(!directory.path().join("tree").exists());
}

#[test]
fn every_role_has_its_user() {
    let text = std::fs::read_to_string(packaging().join("systemd/bulkhead.sysusers")).expect("the file");
    let users: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("u "))
        .filter_map(|line| line.split_whitespace().nth(1))
        .collect();
    for role in Role::STARTED {
        assert!(users.contains(&format!("bulkhead-{role}").as_str()), "no user for {role}: {users:?}");
    }
}

#[test]
fn it_lives_under_systemd() {
    let Some(packages) = std::env::var_os("BULKHEAD_PACKAGES") else {
        eprintln!("NOT RUN: it needs a package and a Debian to install it on: make test-systemd");
        return;
    };
    if !is_root() {
        eprintln!("NOT RUN: to boot a systemd needs root");
        return;
    }
    let newest = std::fs::read_dir(packages)
        .expect("the packages")
        .filter_map(Result::ok)
        .filter(|entry| entry.path().extension().is_some_and(|extension| extension == "deb"))
        .max_by_key(|entry| entry.metadata().and_then(|about| about.modified()).ok())
        .expect("a package");
    let output = Command::new(packaging().join("test-systemd")).arg(newest.path()).output().expect("it runs");
    println!("{}", text_of(&output));
    assert!(output.status.success(), "see above");
}
