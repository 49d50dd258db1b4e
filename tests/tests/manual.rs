//! The manual pages say what the programs say: every command, option and key, and none that is not there.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use bulkhead_tests::suite::{programs, text_of};

fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_path_buf()
}

/// The lines of a page as they are read, without the markup.
fn lines(source: &str) -> Vec<String> {
    let fonts = ["\\fB", "\\fI", "\\fR"];
    let plain = |line: &str| {
        // a macro and its arguments: one font and no blanks between them (.BI), or blanks kept in quotation marks
        let (glued, text) = match line.strip_prefix('.').and_then(|line| line.split_once(' ')) {
            Some((name, arguments)) => (["BR", "RB", "BI", "IB", "IR", "RI"].contains(&name), arguments),
            None => (false, line),
        };
        let text = if glued {
            text.split('"')
                .enumerate()
                .map(|(n, part)| if n % 2 == 0 { part.replace(' ', "") } else { part.to_owned() })
                .collect()
        } else {
            text.replace('"', "")
        };
        fonts
            .iter()
            .fold(text, |text, font| text.replace(font, ""))
            .replace("\\&", "")
            .replace("\\-", "-")
            .replace("\\e", "\\")
    };
    source.lines().filter(|line| !line.starts_with(".\\\"")).map(plain).collect()
}

/// What a program can do: the words of each command, and its own options.
fn commands(program: &str, words: &[String], found: &mut Vec<(Vec<String>, Vec<String>)>) {
    let output = Command::new(programs().join(program))
        .args(words)
        .arg("--help")
        .output()
        .expect("make test-programs");
    assert!(output.status.success(), "{program} {words:?}: {}", text_of(&output));
    let text = text_of(&output);
    let section = |name: &str| -> Vec<&str> {
        let lines = text.lines().skip_while(|line| *line != format!("{name}:")).skip(1);
        lines
            .take_while(|line| line.is_empty() || line.starts_with("  "))
            .filter_map(|line| line.split_whitespace().next())
            .collect()
    };
    let within: Vec<&str> = text
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .collect();
    for name in &within {
        let words: Vec<_> = words.iter().cloned().chain([(*name).to_owned()]).collect();
        commands(program, &words, found);
    }
    if within.is_empty() {
        let options =
            section("Options").into_iter().filter(|word| word.starts_with("--") && *word != "--config");
        found.push((words.to_vec(), options.map(str::to_owned).collect()));
    }
}

#[test]
fn every_command_is_in_the_manual_and_no_other() {
    for (program, shown) in [("bulkhead", "bulkhead "), ("bulkhead-master", "")] {
        let source =
            std::fs::read_to_string(top().join(format!("packaging/man/{program}.8"))).expect("the page");
        let page = lines(&source);
        let mut found = Vec::new();
        commands(program, &[], &mut found);
        assert!(found.len() >= 3, "{program}: {found:?}");
        // each has a paragraph: its words, then arguments and options
        let tagged: Vec<&String> = page
            .iter()
            .zip(page.iter().skip(1))
            .filter(|(before, _)| *before == ".TP")
            .map(|(_, tag)| tag)
            .collect();
        for (words, options) in &found {
            let name = format!("{shown}{}", words.join(" "));
            let tag = tagged.iter().find(|tag| {
                **tag == &name || tag.strip_prefix(&name).is_some_and(|rest| rest.starts_with([' ', '[']))
            });
            let tag = tag.unwrap_or_else(|| panic!("{program}(8) does not tell of `{name}`: {tagged:?}"));
            for option in options {
                assert!(tag.contains(option.as_str()), "{program}(8), `{name}`: {option} is not in {tag:?}");
            }
            let told: BTreeSet<_> = tag
                .split(|c: char| !c.is_ascii_lowercase() && c != '-')
                .filter(|word| word.starts_with("--"))
                .collect();
            assert!(
                told.iter().all(|option| options.iter().any(|o| o == option)),
                "{program}(8) invents an option: {tag:?}"
            );
        }
        for tag in tagged.iter().filter(|tag| program == "bulkhead" && tag.starts_with(shown)) {
            let known =
                found.iter().any(|(words, _)| tag.starts_with(&format!("{shown}{}", words.join(" "))));
            assert!(known, "{program}(8) tells of a command that is not there: {tag}");
        }
        for option in ["--config", "--help", "--version"] {
            assert!(tagged.iter().any(|tag| tag.contains(option)), "{program}(8) does not tell of {option}");
        }
    }
}

#[test]
fn every_key_is_in_the_manual() {
    let example = top().join("docs/bulkhead.toml.example");
    let text = std::fs::read_to_string(&example).expect("the example");
    let output =
        Command::new(top().join("packaging/man/configuration")).arg(&example).output().expect("it runs");
    assert!(output.status.success(), "{}", text_of(&output));
    let page = lines(&text_of(&output));
    let mut keys = 0;
    for line in text.lines().filter(|line| !line.is_empty()) {
        let bare = line.strip_prefix('#').unwrap_or(line);
        let expected = if bare.starts_with(' ') || bare.is_empty() {
            bare.trim_start().replace('"', "")
        } else if let Some((key, value)) = bare.split_once(" = ") {
            keys += 1;
            assert!(
                page.iter().any(|line| line.contains(&value.replace('"', "")) && line.ends_with('.')),
                "{value} is not told"
            );
            key.to_owned()
        } else {
            format!("SECTION {bare}")
        };
        assert!(
            page.iter().any(|line| line.replace('"', "") == expected),
            "bulkhead.toml(5) lacks {expected:?}:\n{}",
            page.join("\n")
        );
    }
    assert_eq!(page.iter().filter(|line| *line == ".TP").count(), keys, "a paragraph for each key");
}

#[test]
fn a_line_that_is_not_understood_is_no_page() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("example");
    std::fs::write(&file, "# The name.\nhostname: mail\n").expect("written");
    let output =
        Command::new(top().join("packaging/man/configuration")).arg(&file).output().expect("it runs");
    assert_eq!(output.status.code(), Some(65), "{}", text_of(&output));
}

#[test]
fn the_pages_are_clean_markup() {
    if Command::new("groff").arg("--version").output().is_err() {
        eprintln!("NOT RUN: there is no groff");
        return;
    }
    let made = Command::new(top().join("packaging/man/configuration"))
        .arg(top().join("docs/bulkhead.toml.example"))
        .output();
    let directory = tempfile::tempdir().expect("a directory");
    let configuration = directory.path().join("bulkhead.toml.5");
    std::fs::write(&configuration, made.expect("it runs").stdout).expect("written");
    let pages = ["bulkhead.8", "bulkhead-master.8"].map(|page| top().join("packaging/man").join(page));
    for page in pages.iter().chain([&configuration]) {
        let output = Command::new("groff")
            .args(["-man", "-Tutf8", "-wall", "-z"])
            .arg(page)
            .output()
            .expect("groff runs");
        assert_eq!(text_of(&output), "", "{}", page.display());
    }
}
