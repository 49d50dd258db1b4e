//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::migrate::Place;
use crate::output::Format;

/// The Bulkhead mail suite.
///
/// Exit status as in sysexits.h: 0 done, 64 usage, 65 wrong input, 66 no such file, 67 no such account, domain or alias, 69 the suite
/// does not run, 71 the system refused, 75 try again, 77 not permitted, 78 wrong configuration.
#[derive(Debug, Parser)]
#[command(name = "bulkhead", version)]
pub(crate) struct Command {
    /// What to do.
    #[command(subcommand)]
    pub(crate) what: What,
    /// The configuration of the instance [default: /etc/bulkhead/bulkhead.toml]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum What {
    /// Run the suite in the foreground; says so on standard output when it is ready
    Run,
    /// Check the configuration, and the files it names
    Check,
    /// Show the processes of the running suite
    Status {
        #[command(flatten)]
        json: Json,
    },
    /// Have the running suite read its configuration and certificates again
    ///
    /// Returns when they are in force, or says why not: then nothing has changed.
    Reload,
    /// Let the running suite finish what is under way, and end it
    Stop,
    /// Accounts
    #[command(subcommand)]
    Account(Account),
    /// Bring an account's mail along from another program
    #[command(subcommand)]
    Import(Import),
    /// Write an account's mail for other programs
    #[command(subcommand)]
    Export(Export),
    /// Domains whose mail is ours
    #[command(subcommand)]
    Domain(Domain),
    /// Aliases: addresses that lead to accounts
    #[command(subcommand)]
    Alias(Alias),
    /// Mail that waits to be sent to other servers
    #[command(subcommand)]
    Queue(Queue),
}

/// How a list is shown.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Json {
    /// As JSON, for programs
    #[arg(long)]
    json: bool,
}

impl From<Json> for Format {
    fn from(json: Json) -> Self {
        if json.json { Format::Json } else { Format::Table }
    }
}

/// Where a password comes from; never from the command line, which others can see.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct FromStdin {
    /// Read the password from the first line of standard input instead of asking for it twice
    #[arg(long = "stdin")]
    pub(crate) stdin: bool,
}

/// On accounts.
#[derive(Debug, Subcommand)]
pub(crate) enum Account {
    /// Add an account
    Add {
        /// Its address, which is its login
        address: String,
        #[command(flatten)]
        from: FromStdin,
    },
    /// List the accounts
    List {
        #[command(flatten)]
        json: Json,
    },
    /// Change an account's password
    Passwd {
        /// Its address
        address: String,
        #[command(flatten)]
        from: FromStdin,
    },
    /// Remove an account with all its mail
    Remove {
        /// Its address
        address: String,
        /// Do not ask whether that is meant
        #[arg(long)]
        yes: bool,
    },
    /// Go on without accounts that were lost with the account database
    ///
    /// As long as the store has accounts that the account database does not know, mail for unknown addresses is put off.
    /// Restore a backup of the database, or give them up with this: their mail stays in the store, and nobody's.
    GiveUpLost,
    /// Add many accounts from a file
    ///
    /// One a line, `address:password` or `address:{ARGON2ID}$argon2id$…` with a hash made elsewhere ({PLAIN} in front
    /// of a password that begins with a brace or $argon2id$). Empty lines and lines that begin with # are passed over.
    /// The file is checked before the first account is added.
    Import {
        /// The file; - for standard input
        file: PathBuf,
    },
}

/// Mail in. The suite runs meanwhile; imported again, what is there already stays as it is.
#[derive(Debug, Subcommand)]
pub(crate) enum Import {
    /// From a Maildir or Maildir++, with flags, keywords, folders, subscriptions, and the UIDs that Dovecot gave
    ///
    /// Started as root, it reads as the owner of the directory. Links are not followed.
    Maildir {
        /// The account
        address: String,
        /// The directory, which has `cur` and `new` in it
        path: PathBuf,
    },
    /// From an mbox, with the flags and UIDs that mail programs keep in its header fields
    ///
    /// Started as root, it reads as the owner of the file.
    Mbox {
        /// The account
        address: String,
        /// The file
        path: PathBuf,
        /// Into which mailbox
        #[arg(long, value_name = "NAME", default_value = "INBOX")]
        mailbox: String,
    },
    /// From an account of another server by IMAP, with flags, keywords, folders, subscriptions, dates and UIDs
    ///
    /// Nothing changes there. The connection is TLS, and the certificate has to be one that the system trusts. Started as root,
    /// it goes on as the user who called sudo, else as nobody, before it connects.
    Imap(ImportImap),
}

/// From another server.
#[derive(Debug, Args)]
pub(crate) struct ImportImap {
    /// The account
    pub(crate) address: String,
    /// Who logs in there, and where; a host's IPv6 address in brackets
    #[arg(long, value_name = "USER@HOST[:PORT]")]
    pub(crate) from: Place,
    /// Begin in plain and go on by STARTTLS, on port 143, instead of TLS from the first byte on port 993
    #[arg(long)]
    pub(crate) starttls: bool,
    /// Trust the certificates in this file, in PEM, and no others: of authorities, or the server's own
    #[arg(long, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
    /// Trust any certificate: whoever is on the way there can read the password and the mail
    #[arg(long, conflicts_with = "ca")]
    pub(crate) no_verify: bool,
    /// Read the password from the first line of standard input instead of asking for it
    #[arg(long)]
    pub(crate) password_stdin: bool,
    /// Only folders that this stands for: levels between /, * for any characters, ? for one; may be repeated
    #[arg(long, value_name = "PATTERN")]
    pub(crate) folder: Vec<String>,
    /// Not the folders that this stands for; may be repeated
    #[arg(long, value_name = "PATTERN")]
    pub(crate) exclude: Vec<String>,
}

/// Mail out. The suite runs meanwhile.
#[derive(Debug, Subcommand)]
pub(crate) enum Export {
    /// Into a Maildir++, with flags, keywords, subscriptions and UIDs as Dovecot reads them
    ///
    /// Exported again into the same directory, what is there has its flags brought up to date, and what is new is added. Started
    /// as root, it writes as the owner of the directory that PATH is in.
    Maildir {
        /// The account
        address: String,
        /// The directory, which is made if it is not there
        path: PathBuf,
    },
    /// Into a directory of mbox files, one for each mailbox
    Mbox {
        /// The account
        address: String,
        /// The directory, which is made if it is not there
        path: PathBuf,
    },
}

/// On domains.
#[derive(Debug, Subcommand)]
pub(crate) enum Domain {
    /// Add a domain
    Add {
        /// Its name
        domain: String,
    },
    /// List the domains
    List {
        #[command(flatten)]
        json: Json,
    },
    /// Remove a domain that has no accounts and aliases
    Remove {
        /// Its name
        domain: String,
    },
}

/// On mail that waits.
#[derive(Debug, Subcommand)]
pub(crate) enum Queue {
    /// List what waits, the oldest first
    List {
        #[command(flatten)]
        json: Json,
    },
}

/// On aliases.
#[derive(Debug, Subcommand)]
pub(crate) enum Alias {
    /// Add an alias, or change where it leads
    Set {
        /// The alias: an address, or @domain for all else in that domain
        alias: String,
        /// The addresses it leads to
        #[arg(required = true)]
        targets: Vec<String>,
    },
    /// List the aliases
    List {
        #[command(flatten)]
        json: Json,
    },
    /// Remove an alias
    Remove {
        /// Which
        alias: String,
    },
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Command::command().debug_assert();
    }

    #[test]
    fn a_password_is_no_argument() {
        assert!(Command::try_parse_from(["bulkhead", "account", "add", "a@b", "secret"]).is_err());
        assert!(Command::try_parse_from(["bulkhead", "account", "passwd", "a@b", "secret"]).is_err());
        assert!(Command::try_parse_from(["bulkhead", "account", "add", "a@b", "--stdin"]).is_ok());
        let import = ["bulkhead", "import", "imap", "a@b", "--from", "c@d"];
        assert!(Command::try_parse_from(import).is_ok());
        assert!(Command::try_parse_from(import.iter().chain(&["secret"])).is_err());
    }

    #[test]
    fn the_configuration_is_named_before_or_behind() {
        for line in [["bulkhead", "--config", "f", "status"], ["bulkhead", "status", "--config", "f"]] {
            assert_eq!(Command::try_parse_from(line).unwrap().config, Some(PathBuf::from("f")));
        }
    }
}
